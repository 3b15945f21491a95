// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mmap handler and its vm_operations: the malloc of DMA memory, and the pages that
 * a session shares with its program (shared.c).
 *
 * The mapping is made of user-permission page table entries by remap_pfn_range().
 * A mapping holds a reference on its buffer and, by its file, the session. The
 * operations count references and let debuggers look; there is no fault handler,
 * since every entry is there from the start.
 */
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/personality.h>
#include <linux/sched.h>

#include "ced1401.h"
#include "compat.h"

/* Where in its buffer a mapping's first byte is */
static size_t vma_offset(const struct vm_area_struct *vma)
{
	unsigned long pages = 1UL << (CED1401_BUF_SHIFT - PAGE_SHIFT);

	return (vma->vm_pgoff & (pages - 1)) << PAGE_SHIFT;
}

static void vma_open(struct vm_area_struct *vma)
{
	struct ced_buffer *buffer = vma->vm_private_data;

	ced_buffer_get(buffer);
	atomic_inc(&buffer->maps);
}

static void vma_close(struct vm_area_struct *vma)
{
	struct ced_buffer *buffer = vma->vm_private_data;

	atomic_dec(&buffer->maps);
	ced_buffer_put(buffer);
}

/*
 * ptrace and /proc/PID/mem: gdb sees the samples. Not generic_access_phys(), which
 * clamps the length to neither the vma nor the memory of @size bytes behind it.
 */
static int copy_access(struct vm_area_struct *vma, void *memory, size_t size,
		       unsigned long addr, void *buf, int len, int write)
{
	size_t at = vma_offset(vma) + (addr - vma->vm_start);
	size_t most = vma->vm_end - addr;

	if (len <= 0 || at >= size)
		return -EINVAL;
	most = min(most, size - at);
	len = min_t(size_t, len, most);
	if (write)
		memcpy(memory + at, buf, len);
	else
		memcpy(buf, memory + at, len);
	return len;
}

static int vma_access(struct vm_area_struct *vma, unsigned long addr, void *buf,
		      int len, int write)
{
	struct ced_buffer *buffer = vma->vm_private_data;

	if (write && !(vma->vm_flags & VM_WRITE))
		return -EACCES;
	return copy_access(vma, buffer->memory, buffer->size, addr, buf, len,
			   write);
}

static const struct vm_operations_struct vm_ops = {
	.open = vma_open,
	.close = vma_close,
	.access = vma_access,
};

/* ---- the status pages and the control page: the session's, which a mapping keeps ---- */

static void status_open(struct vm_area_struct *vma)
{
	ced_shared_map(vma->vm_private_data, 1);
}

static void status_close(struct vm_area_struct *vma)
{
	ced_shared_map(vma->vm_private_data, -1);
}

/* What a debugger would store in the control page the program has not consumed */
static int shared_access(struct vm_area_struct *vma, bool control,
			 unsigned long addr, void *buf, int len, int write)
{
	if (write)
		return -EACCES;
	return copy_access(vma, ced_shared_memory(vma->vm_private_data, control),
			   control ? CED1401_CONTROL_SIZE : CED1401_STATUS_SIZE,
			   addr, buf, len, false);
}

static int status_access(struct vm_area_struct *vma, unsigned long addr,
			 void *buf, int len, int write)
{
	return shared_access(vma, false, addr, buf, len, write);
}

static int control_access(struct vm_area_struct *vma, unsigned long addr,
			  void *buf, int len, int write)
{
	return shared_access(vma, true, addr, buf, len, write);
}

static const struct vm_operations_struct status_ops = {
	.open = status_open,
	.close = status_close,
	.access = status_access,
};

static const struct vm_operations_struct control_ops = {
	.access = control_access,
};

/* Make the vma's page table entries, all of them or none */
static int map_memory(struct vm_area_struct *vma, void *memory)
{
	int ret = remap_pfn_range(vma, vma->vm_start,
				  virt_to_phys(memory) >> PAGE_SHIFT,
				  vma->vm_end - vma->vm_start, vma->vm_page_prot);

	if (ret)
		ced_unmap_failed(vma);
	return ret;
}

static int map_shared(struct ced_session *session, struct vm_area_struct *vma,
		      bool control)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	int ret;

	if (vma_offset(vma) ||
	    size > (control ? CED1401_CONTROL_SIZE : CED1401_STATUS_SIZE))
		return -EINVAL;
	if (!control) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		ced_vm_flags_mod(vma, 0, VM_MAYWRITE);
	}
	ret = ced_shared_get(session);
	if (ret)
		return ret;
	ret = map_memory(vma, ced_shared_memory(session, control));
	if (ret)
		return ret;
	vma->vm_private_data = session;
	vma->vm_ops = control ? &control_ops : &status_ops;
	if (!control)
		ced_shared_map(session, 1);
	return 0;
}

/* What runs already is to be seen to move from now on */
static void watch(struct ced_session *session)
{
	struct ced_card *card = session->card;

	spin_lock_irq(&card->lock);
	if (!card->gone) {
		ced_engine_watch(card);
		/* And a request that waits for room to be seen to wait */
		ced_engine_next(card);
	}
	spin_unlock_irq(&card->lock);
}

/* ---- the buffers ---- */

/* The mapping of one of the session's buffers, or NULL; mmap_lock is held */
static struct vm_area_struct *own_vma(struct ced_session *session,
				      unsigned long address)
{
	struct vm_area_struct *vma = find_vma(current->mm, address);

	if (!vma || vma->vm_start > address || vma->vm_ops != &vm_ops)
		return NULL;
	return vma->vm_file->private_data == session ? vma : NULL;
}

/* Whether a mapping of any session's buffer lies in a range; mmap_lock is held */
static bool any_buffer(unsigned long address, unsigned long end)
{
	struct vm_area_struct *vma;

	while (address < end) {
		vma = find_vma(current->mm, address);
		if (!vma || vma->vm_start >= end)
			break;
		if (vma->vm_ops == &vm_ops)
			return true;
		address = vma->vm_end;
	}
	return false;
}

static int find_in_buffer(struct ced_session *session, unsigned long address,
			  unsigned long end, struct ced_buffer **buffer,
			  u32 *offset)
{
	struct vm_area_struct *vma = own_vma(session, address);
	struct ced_buffer *first;
	size_t at;

	if (!vma)
		return any_buffer(address, end) ? -EFAULT : 0;
	first = vma->vm_private_data;
	at = vma_offset(vma) + (address - vma->vm_start);
	*offset = at;
	/* It may go on in other mappings of the same buffer, place by place */
	while (end > vma->vm_end) {
		at += vma->vm_end - address;
		address = vma->vm_end;
		vma = own_vma(session, address);
		if (!vma || vma->vm_private_data != first ||
		    vma_offset(vma) != at)
			return -EFAULT;
	}
	ced_buffer_get(first);
	*buffer = first;
	return 1;
}

/**
 * ced_mmap_find() - whether user memory is one of the session's own buffers
 * @session:	the session
 * @address:	in the caller's address space
 * @size:	bytes, at least 1
 * @buffer:	set to the buffer, with a reference, if it is
 * @offset:	and to where in it the memory begins, bytes
 *
 * May sleep; takes mmap_lock.
 *
 * Return: 1 if all of it is, 0 if no buffer is there, -EFAULT if part of it is, or a
 * buffer of another session, or the range is none.
 */
int ced_mmap_find(struct ced_session *session, u64 address, u32 size,
		  struct ced_buffer **buffer, u32 *offset)
{
	unsigned long start = address, end = start + size;
	int ret;

	if (start != address || end < start)
		return -EFAULT;
	mmap_read_lock(current->mm);
	ret = find_in_buffer(session, start, end, buffer, offset);
	mmap_read_unlock(current->mm);
	return ret;
}

/* Refuse what a DMA buffer cannot be, drop what it must not become */
static int check_flags(struct vm_area_struct *vma)
{
	vm_flags_t clear = VM_MAYEXEC;

	/* A private copy of a DMA buffer would never see a sample */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC) {
		if (!(current->personality & READ_IMPLIES_EXEC))
			return -EPERM;
		clear |= VM_EXEC;
	}
	ced_vm_flags_mod(vma, VM_IO | VM_DONTEXPAND | VM_DONTDUMP, clear);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	return 0;
}

/* The slot's buffer, made now if this is its first mapping */
static struct ced_buffer *buffer_for(struct ced_session *session,
				     unsigned int number, size_t offset,
				     size_t size)
{
	struct ced_slot *slot = &session->slots[number];
	size_t room = size;

	if (slot->buffer)
		room = slot->buffer->size;
	else if (offset)
		return ERR_PTR(-EINVAL);
	else if (slot->reserved)
		room = PAGE_ALIGN(slot->reserved);
	if (size > room || offset > room - size)
		return ERR_PTR(-EINVAL);
	if (!slot->buffer)
		return ced_buffer_new(session, number, room);
	ced_buffer_get(slot->buffer);
	return slot->buffer;
}

static int map(struct ced_session *session, struct vm_area_struct *vma,
	       unsigned int number)
{
	struct ced_slot *slot = &session->slots[number];
	unsigned long size = vma->vm_end - vma->vm_start;
	size_t offset = vma_offset(vma);
	struct ced_buffer *buffer;
	int ret;

	buffer = buffer_for(session, number, offset, size);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	ret = map_memory(vma, buffer->memory + offset);
	if (ret) {
		ced_buffer_put(buffer);
		return ret;
	}
	if (!slot->buffer) {
		ced_buffer_get(buffer);
		spin_lock_irq(&session->card->lock);
		slot->buffer = buffer;
		spin_unlock_irq(&session->card->lock);
		slot->reserved = 0;
	}
	atomic_inc(&buffer->maps);
	vma->vm_private_data = buffer;
	vma->vm_ops = &vm_ops;
	return 0;
}

/**
 * ced_mmap() - map a buffer, and make it if this is its first mapping; or the pages that
 * the session shares with its program
 * @file:	an open file of the device
 * @vma:	what is to be mapped; see include/uapi/linux/ced1401.h
 *
 * Called with mmap_lock held. May sleep.
 *
 * Return: 0; -EINVAL: size or offset name no part of a buffer, or MAP_PRIVATE;
 * -EPERM: PROT_EXEC; -EACCES: writable status pages; -EDQUOT, -ENOMEM, -ENODEV, -EIO
 * as ced_buffer_new().
 */
int ced_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ced_session *session = file->private_data;
	unsigned long number = vma->vm_pgoff >> (CED1401_BUF_SHIFT - PAGE_SHIFT);
	unsigned long size = vma->vm_end - vma->vm_start;
	bool control = number == CED1401_CONTROL_OFFSET >> CED1401_BUF_SHIFT;
	bool shared = control || number == CED1401_STATUS_OFFSET >> CED1401_BUF_SHIFT;
	int ret;

	if ((number >= CED1401_BUFFERS && !shared) || size > CED1401_BUF_MAX)
		return -EINVAL;
	ret = check_flags(vma);
	if (ret)
		return ret;
	mutex_lock(&session->lock);
	if (READ_ONCE(session->card->gone))
		ret = -ENODEV;
	else if (shared)
		ret = map_shared(session, vma, control);
	else
		ret = map(session, vma, number);
	mutex_unlock(&session->lock);
	if (!ret && shared && !control)
		watch(session);
	return ret;
}
