// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a session shares with its program, so that neither need call the other: the
 * status pages, in which it reads how its transfers stand, and the control page, in
 * which it says what it has consumed of its rings.
 *
 * Ordinary kernel memory, made when the first of them is mapped (mmap.c), and kept to
 * the session's end. The status pages are written here alone and read-only to the
 * program. The control page is the program's: a word of it is read once, and what makes
 * no sense is as if it had not been written.
 *
 * All functions are called with the card's lock held, but for those that say so.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "ced1401.h"

#define STATUS_ORDER	get_order(sizeof(struct ced1401_status_page))

/**
 * struct ced_shared - the pages of a session
 * @status:	what the program reads
 * @control:	what it writes
 * @id:		which transfer each slot of them is about
 * @maps:	mappings of @status: while there is one, progress is looked for
 */
struct ced_shared {
	struct ced1401_status_page *status;
	struct ced1401_control_page *control;
	u32 id[CED1401_BUFFERS];
	atomic_t maps;
};

static void shared_free(struct ced_shared *shared)
{
	free_pages((unsigned long)shared->status, STATUS_ORDER);
	free_page((unsigned long)shared->control);
	kfree(shared);
}

static struct ced_shared *shared_new(void)
{
	struct ced_shared *shared = kzalloc(sizeof(*shared), GFP_KERNEL_ACCOUNT);
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO;

	BUILD_BUG_ON(sizeof(struct ced1401_slot_status) != 128);
	BUILD_BUG_ON(sizeof(struct ced1401_status_page) != CED1401_STATUS_SIZE);
	BUILD_BUG_ON(sizeof(struct ced1401_control_page) != CED1401_CONTROL_SIZE);
	BUILD_BUG_ON(CED1401_CONTROL_SIZE > PAGE_SIZE);

	if (!shared)
		return NULL;
	shared->status = (void *)__get_free_pages(gfp, STATUS_ORDER);
	shared->control = (void *)__get_free_page(gfp);
	if (shared->status && shared->control)
		return shared;
	shared_free(shared);
	return NULL;
}

/**
 * ced_shared_get() - the session's pages, made now if there are none yet
 * @session:	the session; its mutex is held, the card's lock is not
 *
 * May sleep. Return: 0 or -ENOMEM.
 */
int ced_shared_get(struct ced_session *session)
{
	struct ced_card *card = session->card;
	struct ced_transfer *transfer;
	struct ced_shared *shared;
	unsigned int i;

	if (session->shared)
		return 0;
	shared = shared_new();
	if (!shared)
		return -ENOMEM;
	spin_lock_irq(&card->lock);
	session->shared = shared;
	/* Each slot is about the newest of its buffer; ids wrap */
	for (i = 1; i <= CED1401_TRANSFERS; i++) {
		transfer = ced_kept(session, i);
		if (transfer && (!shared->id[transfer->slot] ||
				 (s32)(transfer->id - shared->id[transfer->slot]) > 0))
			ced_shared_begin(transfer);
	}
	spin_unlock_irq(&card->lock);
	return 0;
}

/**
 * ced_shared_put() - the session ends: nothing maps its pages any more
 * @session:	the session, which has no transfers
 *
 * May sleep; the card's lock is not held.
 */
void ced_shared_put(struct ced_session *session)
{
	if (session->shared)
		shared_free(session->shared);
	session->shared = NULL;
}

/**
 * ced_shared_memory() - what a mapping of the pages shows
 * @session:	the session, for which ced_shared_get() has been called
 * @control:	the control page, not the status pages
 *
 * Any context.
 */
void *ced_shared_memory(struct ced_session *session, bool control)
{
	return control ? (void *)session->shared->control :
			 (void *)session->shared->status;
}

/**
 * ced_shared_map() - the status pages are mapped once more, or once less
 * @session:	the session, for which ced_shared_get() has been called
 * @by:		1 or -1
 *
 * Any context; the card's lock need not be held.
 */
void ced_shared_map(struct ced_session *session, int by)
{
	atomic_add(by, &session->shared->maps);
}

/**
 * ced_shared_watched() - whether progress is to be seen without anybody asking
 * @session:	the session
 */
bool ced_shared_watched(const struct ced_session *session)
{
	return session->shared && atomic_read(&session->shared->maps);
}

/**
 * ced_shared_id() - which transfer the pages' slot for this one's buffer is about
 * @transfer:	a native transfer of a session that has the pages
 *
 * Return: its id, or 0.
 */
u32 ced_shared_id(const struct ced_transfer *transfer)
{
	return transfer->session->shared->id[transfer->slot];
}

/* The session's pages if a slot of them is about the transfer, else NULL */
static struct ced_shared *shared_of(const struct ced_transfer *transfer)
{
	struct ced_shared *shared = transfer->session->shared;

	return shared && !transfer->ops &&
	       shared->id[transfer->slot] == transfer->id ? shared : NULL;
}

/**
 * ced_shared_show() - write how a transfer stands into the status page
 * @transfer:	the transfer; its @seen is what is shown of its progress
 * @stalled:	a request waits until there is room in its ring
 *
 * The program sees an odd sequence number, or one that has changed, if it reads meanwhile.
 */
void ced_shared_show(const struct ced_transfer *transfer, bool stalled)
{
	struct ced_shared *shared = shared_of(transfer);
	const struct ced_standing *seen = &transfer->seen;
	struct ced1401_slot_status *slot;
	u64 over;

	if (!shared)
		return;
	slot = &shared->status->slot[transfer->slot];
	over = ced_gone_over(transfer, seen->bytes);
	/*
	 * On PREEMPT_RT the card's lock lets others in: a reader of higher priority would
	 * go round on this processor until the number is even.
	 */
	preempt_disable();
	WRITE_ONCE(slot->seq, slot->seq + 1);
	smp_wmb(); /* the odd number before the rest */
	slot->id = transfer->id;
	slot->state = transfer->state;
	slot->error = transfer->error;
	slot->bytes = seen->bytes;
	slot->position = seen->position;
	slot->time_ns = seen->time_ns;
	slot->consumed = transfer->consumed;
	slot->lost = transfer->lost + over;
	slot->length = transfer->length;
	slot->events = transfer->events;
	slot->stalled = stalled;
	slot->blocks = transfer->blocks;
	slot->refused = transfer->refused;
	smp_wmb(); /* and the even one behind it */
	WRITE_ONCE(slot->seq, slot->seq + 1);
	preempt_enable();
}

/**
 * ced_shared_begin() - a slot of the pages is about this transfer from now on
 * @transfer:	the transfer
 */
void ced_shared_begin(struct ced_transfer *transfer)
{
	struct ced_shared *shared = transfer->session->shared;

	if (!shared || transfer->ops)
		return;
	shared->id[transfer->slot] = transfer->id;
	ced_shared_consumed(transfer);
	ced_shared_show(transfer, false);
}

/**
 * ced_shared_consumed() - CONSUME has moved a ring's count: so does the control page
 * @transfer:	the ring
 */
void ced_shared_consumed(const struct ced_transfer *transfer)
{
	struct ced_shared *shared = shared_of(transfer);

	if (shared)
		WRITE_ONCE(shared->control->slot[transfer->slot].consumed,
			   (u32)transfer->consumed);
}

/**
 * ced_shared_take() - what the program says that it has consumed of a ring
 * @transfer:	the ring
 * @most:	bytes that it can have consumed by now, beyond ced_transfer.consumed
 *
 * Return: bytes, of the count's low 32 bits; 0 if nothing, or nonsense, is said.
 */
u32 ced_shared_take(const struct ced_transfer *transfer, u64 most)
{
	struct ced_shared *shared = shared_of(transfer);
	u32 said;

	if (!shared)
		return 0;
	said = READ_ONCE(shared->control->slot[transfer->slot].consumed) -
	       (u32)transfer->consumed;
	return said <= most ? said : 0;
}
