// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA buffers: allocate, reserve, map for DMA, count references, keep the limits.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "ced1401.h"

unsigned int ced_limit_kb = 8192;
unsigned int ced_user_limit_kb = 6144;
unsigned int ced_session_limit_kb = 4096;

/*
 * What is spent, in all and by user. Innermost lock of the process context: it
 * is taken when the last mapping of a buffer goes, under mmap_lock.
 */
static DEFINE_MUTEX(accounts);
static LIST_HEAD(users);		/* struct ced_user */
static size_t spent;			/* bytes, all sessions */

struct ced_user {
	struct list_head node;
	kuid_t uid;
	unsigned int sessions;
	size_t spent;			/* bytes */
};

static struct ced_user *account_of(kuid_t uid)
{
	struct ced_user *user;

	list_for_each_entry(user, &users, node)
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

/*
 * Whose a new session is. In a user namespace of his own one user may be thousands
 * (subordinate ids, see subuid(5)), each with a limit: they all count as the one who
 * made the outermost of his namespaces.
 */
static kuid_t accountable_uid(void)
{
	const struct user_namespace *ns = current_user_ns();
	kuid_t uid = current_uid();

	for (; ns->parent; ns = ns->parent)
		uid = ns->owner;
	return uid;
}

/* Not capable(), which may leave an audit record at every refusal */
static bool may_exceed(void)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE);
}

/**
 * ced_account_open() - account a new session to the calling user
 * @session:	the session
 *
 * May sleep. Return: 0, -ENOMEM, or -EDQUOT: the user has too many.
 */
int ced_account_open(struct ced_session *session)
{
	struct ced_user *spare = kzalloc(sizeof(*spare), GFP_KERNEL_ACCOUNT);
	kuid_t uid = accountable_uid();
	struct ced_user *user;
	int ret = 0;

	if (!spare)
		return -ENOMEM;
	mutex_lock(&accounts);
	user = account_of(uid);
	if (!user) {
		user = spare;
		spare = NULL;
		user->uid = uid;
		list_add(&user->node, &users);
	}
	if (user->sessions >= CED_USER_SESSIONS && !may_exceed()) {
		ret = -EDQUOT;
	} else {
		user->sessions++;
		session->user = user;
	}
	mutex_unlock(&accounts);
	kfree(spare);
	return ret;
}

/**
 * ced_account_close() - the session has ended and its buffers are gone
 * @session:	the session
 *
 * May sleep.
 */
void ced_account_close(struct ced_session *session)
{
	struct ced_user *user = session->user;

	mutex_lock(&accounts);
	if (--user->sessions)
		user = NULL;
	else
		list_del(&user->node);
	mutex_unlock(&accounts);
	kfree(user);
}

/* @limit_kb: a parameter of the module, which root may change meanwhile */
static bool over(size_t already, size_t bytes, const unsigned int *limit_kb)
{
	u64 limit = (u64)READ_ONCE(*limit_kb) * 1024;

	return already + bytes > limit;
}

static int charge(struct ced_session *session, size_t bytes)
{
	struct ced_user *user = session->user;
	int ret = 0;

	mutex_lock(&accounts);
	if (over(session->charged, bytes, &ced_session_limit_kb) ||
	    (over(user->spent, bytes, &ced_user_limit_kb) && !may_exceed()) ||
	    over(spent, bytes, &ced_limit_kb)) {
		ret = -EDQUOT;
	} else {
		session->charged += bytes;
		user->spent += bytes;
		spent += bytes;
	}
	mutex_unlock(&accounts);
	return ret;
}

static void uncharge(struct ced_session *session, size_t bytes)
{
	mutex_lock(&accounts);
	session->charged -= bytes;
	session->user->spent -= bytes;
	spent -= bytes;
	mutex_unlock(&accounts);
}

/*
 * Reserved pages tell the rest of the kernel to keep its hands off. Kernels with
 * CONFIG_DEBUG_VM_PGFLAGS BUG on the mark on a compound page, which this memory
 * is: there VM_PFNMAP alone protects it.
 */
static void mark_reserved(const struct ced_buffer *buffer, bool reserved)
{
	size_t at;

	if (IS_ENABLED(CONFIG_DEBUG_VM_PGFLAGS))
		return;
	for (at = 0; at < buffer->charged; at += PAGE_SIZE) {
		if (reserved)
			SetPageReserved(virt_to_page(buffer->memory + at));
		else
			ClearPageReserved(virt_to_page(buffer->memory + at));
	}
}

static void *memory_new(size_t size)
{
	return kmalloc(size, GFP_KERNEL | GFP_DMA | __GFP_ZERO |
		       __GFP_NORETRY | __GFP_NOWARN);
}

/*
 * Map memory of the driver's for DMA. An address that is not the physical one
 * would mean a bounce buffer or an IOMMU behind the user's back.
 */
static int map_for_dma(struct device *dev, void *memory, size_t size,
		       dma_addr_t *dma)
{
	*dma = dma_map_single(dev, memory, size, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, *dma))
		return -ENOMEM;
	if (*dma == virt_to_phys(memory))
		return 0;
	dma_unmap_single(dev, *dma, size, DMA_BIDIRECTIONAL);
	dev_err_ratelimited(dev, "a DMA address is not the physical address: ISA DMA needs swiotlb and IOMMU out of its way\n");
	return -EIO;
}

/* Map the buffer and enter it in the card's list, unless the card is gone */
static int attach(struct ced_card *card, struct ced_buffer *buffer)
{
	int ret = -ENODEV;

	mutex_lock(&card->buffers_lock);
	if (!READ_ONCE(card->gone))
		ret = map_for_dma(card->dev, buffer->memory, buffer->size,
				  &buffer->dma);
	if (!ret) {
		buffer->dev = card->dev;
		list_add_tail(&buffer->node, &card->buffers);
	}
	mutex_unlock(&card->buffers_lock);
	return ret;
}

/**
 * ced_buffer_new() - make a buffer
 * @session:	whose it is; it must outlive the buffer
 * @number:	the slot that it is for
 * @size:	bytes, a multiple of the page size, at most CED1401_BUF_MAX
 *
 * Zeroed, physically contiguous, below 16 MiB, in a page block of its own: never
 * on a slab page, which other kernel data would share. May sleep.
 *
 * Return: the buffer with one reference, or -EDQUOT (a limit), -ENOMEM (no DMA
 * memory), -ENODEV (the card is gone), -EIO (DMA does not reach it directly).
 */
struct ced_buffer *ced_buffer_new(struct ced_session *session,
				  unsigned int number, size_t size)
{
	size_t least = max_t(size_t, size, KMALLOC_MAX_CACHE_SIZE + 1);
	struct ced_buffer *buffer = kzalloc(sizeof(*buffer),
					    GFP_KERNEL_ACCOUNT);
	int ret;

	if (!buffer)
		return ERR_PTR(-ENOMEM);
	kref_init(&buffer->ref);
	buffer->session = session;
	buffer->number = number;
	buffer->size = size;
	buffer->charged = PAGE_SIZE << get_order(least);
	ret = charge(session, buffer->charged);
	if (ret)
		goto free;
	ret = -ENOMEM;
	buffer->memory = memory_new(least);
	if (!buffer->memory)
		goto uncharge;
	mark_reserved(buffer, true);
	ret = attach(session->card, buffer);
	if (!ret)
		return buffer;
	mark_reserved(buffer, false);
	kfree(buffer->memory);
uncharge:
	uncharge(session, buffer->charged);
free:
	kfree(buffer);
	return ERR_PTR(ret);
}

static void detach(struct ced_buffer *buffer)
{
	if (buffer->dev)
		dma_unmap_single(buffer->dev, buffer->dma, buffer->size,
				 DMA_BIDIRECTIONAL);
	buffer->dev = NULL;
	list_del_init(&buffer->node);
}

static void release(struct kref *ref)
{
	struct ced_buffer *buffer = container_of(ref, struct ced_buffer, ref);
	struct ced_card *card = buffer->session->card;

	mutex_lock(&card->buffers_lock);
	detach(buffer);
	mutex_unlock(&card->buffers_lock);
	mark_reserved(buffer, false);
	kfree(buffer->memory);
	uncharge(buffer->session, buffer->charged);
	kfree(buffer);
}

/**
 * ced_buffer_get() - take another reference
 * @buffer:	a buffer that the caller holds one of
 *
 * Any context.
 */
void ced_buffer_get(struct ced_buffer *buffer)
{
	kref_get(&buffer->ref);
}

/**
 * ced_buffer_put() - give a reference back; the last one frees the memory
 * @buffer:	the buffer
 *
 * May sleep. By the order of references no transfer of it runs any more: a
 * running transfer holds one.
 */
void ced_buffer_put(struct ced_buffer *buffer)
{
	kref_put(&buffer->ref, release);
}

/**
 * ced_buffers_unmap() - the device goes: end the DMA mapping of every buffer
 * @card:	the card, which is gone; its transfers are over
 *
 * The buffers stay with their users. May sleep.
 */
void ced_buffers_unmap(struct ced_card *card)
{
	struct ced_buffer *buffer, *next;

	mutex_lock(&card->buffers_lock);
	list_for_each_entry_safe(buffer, next, &card->buffers, node)
		detach(buffer);
	mutex_unlock(&card->buffers_lock);
}

/**
 * ced_bounce_new() - the small buffer for what DMA cannot reach by itself
 * @card:	the card
 *
 * CED_BOUNCE_SIZE bytes below 16 MiB that cross no DMA page. By them it finds out whether
 * memory has to be synchronised for this card at all. May sleep.
 *
 * Return: 0, or -ENOMEM, -EIO.
 */
int ced_bounce_new(struct ced_card *card)
{
	struct ced_engine *engine = &card->engine;
	int ret;

	engine->bounce = memory_new(CED_BOUNCE_SIZE);
	if (!engine->bounce)
		return -ENOMEM;
	ret = map_for_dma(card->dev, engine->bounce, CED_BOUNCE_SIZE,
			  &engine->bounce_dma);
	if (ret) {
		kfree(engine->bounce);
		engine->bounce = NULL;
		return ret;
	}
	/*
	 * Nothing is mapped that swiotlb would have copied: what one mapping needs all do.
	 * DMA-API debugging is to see every step.
	 */
	card->syncs = IS_ENABLED(CONFIG_DMA_API_DEBUG) ||
		      dma_need_sync(card->dev, engine->bounce_dma);
	return 0;
}

/**
 * ced_bounce_free() - give the small buffer back
 * @card:	the card, which is gone
 *
 * May sleep.
 */
void ced_bounce_free(struct ced_card *card)
{
	struct ced_engine *engine = &card->engine;

	if (!engine->bounce)
		return;
	dma_unmap_single(card->dev, engine->bounce_dma, CED_BOUNCE_SIZE,
			 DMA_BIDIRECTIONAL);
	kfree(engine->bounce);
	engine->bounce = NULL;
}

/**
 * ced_sync_for_device() - hand memory to the card before a piece
 * @card:	the card, which is not gone
 * @dma:	where in a buffer
 * @len:	bytes
 *
 * Any context.
 */
void ced_sync_for_device(struct ced_card *card, dma_addr_t dma, u32 len)
{
	if (card->syncs)
		dma_sync_single_for_device(card->dev, dma, len, DMA_BIDIRECTIONAL);
}

/**
 * ced_sync_for_cpu() - take memory back from the card after a piece
 * @card:	the card, which is not gone
 * @dma:	where in a buffer
 * @len:	bytes
 *
 * Any context.
 */
void ced_sync_for_cpu(struct ced_card *card, dma_addr_t dma, u32 len)
{
	if (card->syncs)
		dma_sync_single_for_cpu(card->dev, dma, len, DMA_BIDIRECTIONAL);
}
