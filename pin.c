// SPDX-License-Identifier: GPL-2.0-only
/*
 * User memory as it is: pinned for as long as the 1401 may ask for it.
 *
 * The 8237 cannot reach most of it, so its bytes go through the small buffer; see
 * engine.c. Rules: Documentation/core-api/pin_user_pages.rst, case 2 (long-term).
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "ced1401.h"
#include "compat.h"

/* Whether every mapping in the range may be written */
static bool range_writable(unsigned long address, unsigned long end)
{
	struct vm_area_struct *vma;
	bool writable = true;

	mmap_read_lock(current->mm);
	while (writable && address < end) {
		vma = find_vma(current->mm, address);
		writable = vma && vma->vm_start <= address &&
			   vma->vm_flags & VM_WRITE;
		if (writable)
			address = vma->vm_end;
	}
	mmap_read_unlock(current->mm);
	return writable;
}

static int pin_all(struct ced_pages *pages, unsigned long first)
{
	unsigned int flags = FOLL_LONGTERM |
			     (pages->writable ? FOLL_WRITE : 0);
	unsigned long got = 0;
	int ret = 0;

	while (got < pages->count) {
		ret = pin_user_pages_fast(first + got * PAGE_SIZE,
					  pages->count - got, flags,
					  pages->page + got);
		if (ret <= 0)
			break;
		got += ret;
	}
	if (got == pages->count)
		return 0;
	unpin_user_pages(pages->page, got);
	return ret ? ret : -EFAULT;
}

/**
 * ced_pin() - pin user memory
 * @pages:	filled in
 * @address:	of the caller's address space
 * @size:	bytes, at least 1
 *
 * For writing if every mapping there is writable, else for reading alone. Counts
 * against RLIMIT_MEMLOCK. May sleep; takes mmap_lock.
 *
 * Return: 0, -ENOMEM (the limit too), or an error of pin_user_pages_fast().
 */
int ced_pin(struct ced_pages *pages, u64 address, u32 size)
{
	unsigned long first = (unsigned long)address & PAGE_MASK;
	int ret;

	pages->offset = offset_in_page((unsigned long)address);
	pages->count = PAGE_ALIGN(pages->offset + (unsigned long)size) >>
		       PAGE_SHIFT;
	pages->writable = range_writable(address, address + size);
	pages->page = kvmalloc_array(pages->count, sizeof(*pages->page),
				     GFP_KERNEL_ACCOUNT);
	if (!pages->page)
		return -ENOMEM;
	ret = account_locked_vm(current->mm, pages->count, true);
	if (ret)
		goto free;
	ret = pin_all(pages, first);
	if (ret)
		goto account;
	pages->mm = current->mm;
	mmgrab(pages->mm);
	return 0;

account:
	account_locked_vm(current->mm, pages->count, false);
free:
	kvfree(pages->page);
	pages->page = NULL;
	return ret;
}

/**
 * ced_unpin() - let go of pinned memory
 * @pages:	what ced_pin() filled in
 *
 * May sleep; takes mmap_lock.
 */
void ced_unpin(struct ced_pages *pages)
{
	unpin_user_pages_dirty_lock(pages->page, pages->count,
				    pages->writable);
	account_locked_vm(pages->mm, pages->count, false);
	mmdrop(pages->mm);
	kvfree(pages->page);
}

/**
 * ced_pages_copy() - between the small buffer and pinned memory
 * @pages:	the memory
 * @at:		where in it, bytes
 * @bounce:	the small buffer
 * @len:	bytes
 * @out:	out of the memory, else into it
 *
 * Any context.
 */
void ced_pages_copy(const struct ced_pages *pages, u32 at, void *bounce,
		    u32 len, bool out)
{
	unsigned long place = pages->offset + (unsigned long)at;
	u32 n;
	void *page;

	for (; len; len -= n, place += n, bounce += n) {
		n = min_t(u32, len, PAGE_SIZE - offset_in_page(place));
		page = kmap_local_page(pages->page[place >> PAGE_SHIFT]);
		if (out)
			memcpy(bounce, page + offset_in_page(place), n);
		else
			memcpy(page + offset_in_page(place), bounce, n);
		kunmap_local(page);
	}
}
