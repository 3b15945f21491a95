// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session's transfers, from START to STATUS: what the ioctls and poll(2) ask of
 * them. What moves them is in engine.c.
 */
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "ced1401.h"

#define DIRECTIONS	(CED1401_TO_HOST | CED1401_TO_1401)
#define MODES		(CED1401_NOW | CED1401_ON_REQUEST)
#define FLAGS		(DIRECTIONS | MODES | CED1401_CIRCULAR)

static int check_start(const struct ced_card *card,
		       const struct ced1401_start *start)
{
	u32 direction = start->flags & DIRECTIONS;
	u32 mode = start->flags & MODES;

	bool ring = start->flags & CED1401_CIRCULAR;

	if (start->flags & ~FLAGS || start->reserved)
		return -EINVAL;
	if (direction != CED1401_TO_HOST && direction != CED1401_TO_1401)
		return -EINVAL;
	if (mode != CED1401_NOW && mode != CED1401_ON_REQUEST)
		return -EINVAL;
	if (start->buffer >= CED1401_BUFFERS)
		return -EINVAL;
	if (start->area >= (mode == CED1401_NOW ? 1 : CED1401_AREAS))
		return -EINVAL;
	/* The FIFO of a 16-bit channel moves whole words: no byte goes astray */
	if (mode == CED1401_NOW && card->wide && start->length & 1)
		return -EINVAL;
	if (ring && card->wide && (start->offset | start->length) & 1)
		return -EINVAL;
	if (start->threshold > (ring ? start->length : 0))
		return -EINVAL;
	return 0;
}

/* ---- which there are ---- */

/* Where a native transfer is kept, or would be */
static struct ced_transfer **place_of(struct ced_session *session, u32 id)
{
	return &session->table[id % CED1401_TRANSFERS];
}

static struct ced_transfer *find(struct ced_session *session, u32 id)
{
	struct ced_transfer *transfer = *place_of(session, id);

	return transfer && transfer->id == id ? transfer : NULL;
}

/*
 * The next id whose place is free, or is a transfer's whose end was told; or else has
 * ended. 0: all there can be go on.
 */
static u32 new_id(struct ced_session *session)
{
	const struct ced_transfer *transfer;
	u32 id = session->last_id, found = 0;
	unsigned int i;

	for (i = 0; i <= CED1401_TRANSFERS; i++) {
		if (!++id)
			continue;
		transfer = *place_of(session, id);
		if (!transfer || transfer->told) {
			found = id;
			break;
		}
		if (!found && ced_ended(transfer))
			found = id;
	}
	if (found)
		session->last_id = found;
	return found;
}

/* No longer known; the caller disposes of it outside the lock */
static void forget(struct ced_transfer *transfer)
{
	struct ced_transfer **place = place_of(transfer->session, transfer->id);

	list_del_init(&transfer->node);
	if (*place == transfer)
		*place = NULL;
}

/*
 * Its end has been told, and its threshold has nothing more to say: it can be asked for,
 * but nothing looks at it any more. Returns the buffer that it lets go, or NULL.
 */
static struct ced_buffer *retire(struct ced_transfer *transfer)
{
	struct ced_buffer *buffer = transfer->buffer;

	if (!transfer->told ||
	    (transfer->threshold && transfer->consumed < transfer->bytes))
		return NULL;
	list_del_init(&transfer->node);
	transfer->buffer = NULL;
	return buffer;
}

/* Keep a native transfer's memory, zeroed, for the session's next one, if it has none */
static bool make_spare(struct ced_transfer *transfer)
{
	struct ced_session *session = transfer->session;

	memset(transfer, 0, sizeof(*transfer));
	return !cmpxchg(&session->spare, NULL, transfer);
}

/**
 * ced_transfer_dispose() - free a transfer that nobody knows any more
 * @transfer:	the transfer, or NULL
 *
 * May sleep; not under ced_session.lock if it has pages.
 */
void ced_transfer_dispose(struct ced_transfer *transfer)
{
	if (!transfer)
		return;
	if (transfer->buffer)
		ced_buffer_put(transfer->buffer);
	if (transfer->ops)
		transfer->ops->release(transfer);
	else if (make_spare(transfer))
		return;
	kfree(transfer);
}

/* A native transfer to be, in the memory of the one that was forgotten last, or new */
static struct ced_transfer *new_transfer(struct ced_session *session,
					 const struct ced1401_start *start)
{
	struct ced_transfer *transfer = xchg(&session->spare, NULL);

	if (!transfer)
		transfer = kzalloc(sizeof(*transfer), GFP_KERNEL_ACCOUNT);
	if (!transfer)
		return NULL;
	transfer->session = session;
	transfer->id = start->id;
	transfer->slot = start->buffer;
	transfer->flags = start->flags;
	transfer->area = start->area;
	transfer->wake_at = U64_MAX;
	INIT_LIST_HEAD(&transfer->queue);
	return transfer;
}

/*
 * The pages are about this transfer from now on; what was stored for the one before on its
 * buffer counts still.
 */
static void begin_shared(struct ced_transfer *transfer)
{
	struct ced_transfer *before = find(transfer->session,
					   ced_shared_id(transfer));

	if (before && before != transfer)
		ced_engine_take(before);
	ced_shared_begin(transfer);
}

/*
 * Enter a new transfer under the card's lock. @forgotten: in whose place it is kept, to be
 * disposed of; NULL: it is an area of CED's, which is not
 */
static int enter(struct ced_card *card, struct ced_transfer *transfer,
		 struct ced_transfer **forgotten)
{
	struct ced_session *session = transfer->session;
	bool now = transfer->flags & CED1401_NOW;

	if (card->gone)
		return -ENODEV;
	if (!transfer->ops && (!card->online || !ced_card_still_online(card)))
		return -ENODEV;
	if (now && card->engine.session != session)
		return -EAGAIN;
	if (!now && session->areas[transfer->area])
		return -EBUSY;
	if (forgotten) {
		struct ced_transfer **place = place_of(session, transfer->id);

		if (*place && !ced_ended(*place))
			return -EBUSY;
		/* One whose end was told is in no list: most often there is nothing to do */
		if (*place && !list_empty(&(*place)->node))
			list_del_init(&(*place)->node);
		*forgotten = *place;
		*place = transfer;
	}
	if (now) {
		ced_engine_queue(card, transfer);
	} else {
		transfer->state = CED1401_STATE_ARMED;
		session->areas[transfer->area] = transfer;
		ced_engine_next(card);
	}
	list_add_tail(&transfer->node, &session->transfers);
	if (!transfer->time_ns)
		transfer->time_ns = ktime_get_ns();
	if (session->shared && !transfer->ops)
		begin_shared(transfer);
	return 0;
}

/**
 * ced_transfer_enter() - an area of CED's ABI is there from now on
 * @transfer:	the area, complete; its memory is its own to hold
 *
 * May sleep. Return: 0, -EBUSY (its area is in use), -ENODEV (the card is gone).
 */
int ced_transfer_enter(struct ced_transfer *transfer)
{
	struct ced_card *card = transfer->session->card;
	int ret;

	INIT_LIST_HEAD(&transfer->queue);
	transfer->wake_at = U64_MAX;
	spin_lock_irq(&card->lock);
	ret = enter(card, transfer, NULL);
	spin_unlock_irq(&card->lock);
	return ret;
}

/**
 * ced_transfer_remove() - an area of CED's ABI is no more
 * @transfer:	the area; its card's lock is held
 *
 * A block of it is abandoned. The caller disposes of it outside the lock.
 */
void ced_transfer_remove(struct ced_transfer *transfer)
{
	ced_engine_cancel(transfer->session->card, transfer, -ECANCELED);
	forget(transfer);
}

/**
 * ced_transfer_busy() - whether a block of an area waits or moves
 * @transfer:	the area; its card's lock is held
 */
bool ced_transfer_busy(const struct ced_transfer *transfer)
{
	return transfer->state == CED1401_STATE_RUNNING ||
	       transfer->state == CED1401_STATE_WAITING;
}

/* Take the memory that START names; the card's lock is held */
static int take_buffer(struct ced_session *session,
		       struct ced_transfer *transfer,
		       const struct ced1401_start *start)
{
	struct ced_buffer *buffer = session->slots[start->buffer].buffer;

	if (!buffer)
		return -ENOENT;
	if (!start->length || start->length > buffer->size ||
	    start->offset > buffer->size - start->length)
		return -EINVAL;
	ced_buffer_get(buffer);
	transfer->buffer = buffer;
	transfer->offset = start->offset;
	transfer->length = start->length;
	transfer->threshold = start->threshold;
	return 0;
}

/**
 * ced_transfer_plan() - the answer of CED1401_IOC_START, before it takes effect
 * @session:	the caller's
 * @start:	the arguments; id is set
 *
 * May sleep. Return: 0, -EINVAL, or -EBUSY: CED1401_TRANSFERS go on.
 */
int ced_transfer_plan(struct ced_session *session, struct ced1401_start *start)
{
	struct ced_card *card = session->card;
	int ret = check_start(card, start);

	if (ret)
		return ret;
	spin_lock_irq(&card->lock);
	start->id = new_id(session);
	spin_unlock_irq(&card->lock);
	return start->id ? 0 : -EBUSY;
}

/**
 * ced_transfer_start() - CED1401_IOC_START, once the 1401 is claimed
 * @session:	the caller's
 * @start:	the arguments, as ced_transfer_plan() left them
 *
 * May sleep.
 *
 * Return: 0, -EAGAIN (NOW: the session has no longer got the 1401), or an
 * error as struct ced1401_start tells.
 */
int ced_transfer_start(struct ced_session *session,
		       const struct ced1401_start *start)
{
	struct ced_card *card = session->card;
	struct ced_transfer *transfer, *forgotten = NULL;
	int ret;

	transfer = new_transfer(session, start);
	if (!transfer)
		return -ENOMEM;
	spin_lock_irq(&card->lock);
	ret = take_buffer(session, transfer, start);
	if (!ret)
		ret = enter(card, transfer, &forgotten);
	spin_unlock_irq(&card->lock);
	if (ret)
		ced_transfer_dispose(transfer);
	ced_transfer_dispose(forgotten);
	return ret;
}

/**
 * ced_transfer_stop() - CED1401_IOC_STOP
 * @session:	the caller's
 * @stop:	the arguments; results are set
 * @news:	a number to give to ced_transfer_told()
 *
 * May sleep. Return: 0, -ENOENT or -EINVAL.
 */
int ced_transfer_stop(struct ced_session *session, struct ced1401_stop *stop,
		      u32 *news)
{
	struct ced_card *card = session->card;
	struct ced_transfer *transfer;
	int ret = -ENOENT;

	if (stop->reserved || stop->reserved2)
		return -EINVAL;
	spin_lock_irq(&card->lock);
	transfer = find(session, stop->id);
	if (transfer) {
		ced_engine_cancel(card, transfer, -ECANCELED);
		stop->bytes = transfer->bytes;
		stop->time_ns = transfer->time_ns;
		stop->error = transfer->error;
		*news = transfer->news;
		if (!card->gone)
			ced_engine_next(card);
		ret = 0;
	}
	spin_unlock_irq(&card->lock);
	return ret;
}

static void fill(struct ced_card *card, struct ced_transfer *transfer,
		 struct ced1401_status *status)
{
	struct ced_standing standing = ced_engine_look(card, transfer);

	status->state = transfer->state;
	status->error = transfer->error;
	status->events |= transfer->events;
	status->bytes = standing.bytes;
	status->position = standing.position;
	status->time_ns = standing.time_ns;
	status->length = transfer->length;
	status->consumed = transfer->consumed;
	status->lost = transfer->lost + ced_gone_over(transfer, standing.bytes);
	status->blocks = transfer->blocks;
	status->refused = transfer->refused;
	status->buffer = transfer->slot;
	status->area = transfer->area;
	status->flags = transfer->flags;
}

/**
 * ced_transfer_status() - CED1401_IOC_STATUS, all but the link
 * @session:	the caller's
 * @status:	the arguments, zero but for id; results are set
 * @news:	a number to give to ced_transfer_told()
 *
 * What is told is still news until ced_transfer_told(), so that a caller whose
 * memory cannot be written loses nothing. May sleep. Return: 0 or -ENOENT.
 */
int ced_transfer_status(struct ced_session *session,
			struct ced1401_status *status, u32 *news)
{
	struct ced_card *card = session->card;
	struct ced_transfer *transfer;
	int ret = 0;

	spin_lock_irq(&card->lock);
	status->events = session->events;
	if (!status->id) {
		status->refused = session->refused;
		status->time_ns = ktime_get_ns();
	} else {
		transfer = find(session, status->id);
		if (transfer) {
			fill(card, transfer, status);
			*news = transfer->news;
		} else {
			ret = -ENOENT;
		}
	}
	spin_unlock_irq(&card->lock);
	return ret;
}

/**
 * ced_transfer_told() - the caller has got STATUS or STOP: that is no longer news
 * @session:	the caller's
 * @id:		the transfer that was told of, or 0
 * @events:	the session's own that were told
 * @news:	the number that came with it: what has happened since stays news
 *
 * May sleep.
 */
void ced_transfer_told(struct ced_session *session, u32 id, u32 events, u32 news)
{
	struct ced_card *card = session->card;
	struct ced_buffer *buffer = NULL;
	struct ced_transfer *transfer;

	spin_lock_irq(&card->lock);
	session->events &= ~events;
	transfer = id ? find(session, id) : NULL;
	if (transfer && transfer->news == news) {
		transfer->events = 0;
		transfer->told = ced_ended(transfer);
		if (!ced_ended(transfer))
			transfer->error = 0;
		ced_engine_show(transfer);
		buffer = retire(transfer);
	}
	spin_unlock_irq(&card->lock);
	if (buffer)
		ced_buffer_put(buffer);
}

/* Whether a ring holds what its threshold asks for; if not, poll is woken then */
static bool over_threshold(struct ced_card *card,
			   struct ced_transfer *transfer)
{
	if (!transfer->threshold)
		return false;
	/* What was seen before may be enough */
	ced_engine_take(transfer);
	if (transfer->seen.bytes >= transfer->consumed + transfer->threshold)
		return true;
	ced_engine_look(card, transfer);
	if (transfer->seen.bytes >= transfer->consumed + transfer->threshold)
		return true;
	if (!ced_ended(transfer))
		ced_engine_wake_at(card, transfer,
				   transfer->consumed + transfer->threshold);
	return false;
}

/**
 * ced_transfer_poll() - what a session's transfers have to say to poll(2)
 * @session:	the caller's; its card's lock is held
 *
 * Return: EPOLLPRI: STATUS has something to tell; EPOLLRDBAND, EPOLLWRBAND: a ring
 * holds what its threshold asks for.
 */
__poll_t ced_transfer_poll(struct ced_session *session)
{
	struct ced_transfer *transfer;
	__poll_t mask = 0;

	list_for_each_entry(transfer, &session->transfers, node) {
		if (over_threshold(session->card, transfer))
			mask |= ced_to_1401(transfer) ? EPOLLWRBAND : EPOLLRDBAND;
		if (transfer->events)
			mask |= EPOLLPRI;
	}
	if (session->events)
		mask |= EPOLLPRI;
	return mask;
}

/* The ring that CONSUME means; the card's lock is held */
static int find_ring(struct ced_session *session, u32 id,
		     struct ced_transfer **ring)
{
	*ring = find(session, id);
	if (!*ring)
		return -ENOENT;
	return ced_circular(*ring) ? 0 : -EINVAL;
}

/**
 * ced_transfer_ask() - the answer of CED1401_IOC_CONSUME, before it takes effect
 * @session:	the caller's
 * @consume:	the arguments; results are set
 *
 * May sleep. Return: 0, -EINVAL or -ENOENT.
 */
int ced_transfer_ask(struct ced_session *session,
		     struct ced1401_consume *consume)
{
	struct ced_card *card = session->card;
	struct ced_standing standing;
	struct ced_transfer *ring;
	u64 over;
	int ret;

	if (consume->reserved)
		return -EINVAL;
	spin_lock_irq(&card->lock);
	ret = find_ring(session, consume->id, &ring);
	if (!ret) {
		standing = ced_engine_look(card, ring);
		if (consume->bytes > standing.bytes - ring->consumed)
			ret = -EINVAL;
	}
	if (!ret) {
		ced_engine_check_overrun(ring, standing.bytes);
		over = ced_gone_over(ring, standing.bytes);
		consume->overwritten = min(over, consume->bytes);
		consume->moved = standing.bytes;
		consume->consumed = ring->consumed + consume->bytes;
		consume->time_ns = standing.time_ns;
	}
	spin_unlock_irq(&card->lock);
	return ret;
}

/**
 * ced_transfer_consume() - the caller has got CONSUME's answer: it takes effect
 * @session:	the caller's
 * @consume:	the arguments and results, as ced_transfer_ask() left them
 *
 * So much was consumed as of ced_transfer_ask(): what has moved since went over room
 * that was free by then. A request that waits for room may find it now. May sleep.
 *
 * Return: 0, -ESTALE (another thread has consumed meanwhile: ask again), -ENOENT.
 */
int ced_transfer_consume(struct ced_session *session,
			 const struct ced1401_consume *consume)
{
	struct ced_card *card = session->card;
	struct ced_buffer *buffer = NULL;
	struct ced_transfer *ring;
	int ret;

	spin_lock_irq(&card->lock);
	ret = find_ring(session, consume->id, &ring);
	if (!ret && ring->consumed + consume->bytes != consume->consumed)
		ret = -ESTALE;
	if (!ret) {
		ced_engine_consume(ring, consume->bytes, consume->moved);
		ced_shared_consumed(ring);
		ced_engine_show(ring);
		buffer = retire(ring);
		if (!card->gone)
			ced_engine_next(card);
	}
	spin_unlock_irq(&card->lock);
	if (buffer)
		ced_buffer_put(buffer);
	return ret;
}

/**
 * ced_transfer_kick() - CED1401_IOC_KICK: what the control page says takes effect now
 * @session:	the caller's
 *
 * May sleep.
 */
void ced_transfer_kick(struct ced_session *session)
{
	struct ced_card *card = session->card;

	spin_lock_irq(&card->lock);
	if (!card->gone && card->engine.session == session)
		ced_engine_next(card);
	spin_unlock_irq(&card->lock);
}

/* Whether this is what WAIT waits for; if so its results are set */
static bool reached(struct ced_card *card, struct ced_transfer *transfer,
		    struct ced1401_wait *wait)
{
	struct ced_standing standing = ced_engine_look(card, transfer);

	if (!ced_ended(transfer) && !transfer->error &&
	    !(wait->bytes && standing.bytes >= wait->bytes))
		return false;
	wait->id = transfer->id;
	wait->state = transfer->state;
	wait->error = transfer->error;
	wait->moved = standing.bytes;
	wait->time_ns = standing.time_ns;
	return true;
}

/* One that WAIT waits for; if it is not there yet, the caller is woken then */
static int look_at(struct ced_card *card, struct ced_transfer *transfer,
		   struct ced1401_wait *wait)
{
	if (reached(card, transfer, wait))
		return 0;
	if (wait->bytes)
		ced_engine_wake_at(card, transfer, wait->bytes);
	return -EINPROGRESS;
}

static int look_at_all(struct ced_session *session, struct ced1401_wait *wait)
{
	struct ced_transfer *transfer;
	int ret = -ENOENT;

	list_for_each_entry(transfer, &session->transfers, node) {
		if (transfer->ops || transfer->told)
			continue;
		ret = look_at(session->card, transfer, wait);
		if (!ret)
			break;
	}
	return ret;
}

/* Look at what WAIT waits for. 0: results are set; -EINPROGRESS: not yet */
static int look_for(struct ced_session *session, struct ced1401_wait *wait)
{
	struct ced_card *card = session->card;
	struct ced_transfer *transfer;
	int ret;

	spin_lock_irq(&card->lock);
	transfer = wait->id ? find(session, wait->id) : NULL;
	if (transfer)
		ret = look_at(card, transfer, wait);
	else
		ret = wait->id ? -ENOENT : look_at_all(session, wait);
	if (card->gone)
		ret = -ENODEV;
	spin_unlock_irq(&card->lock);
	return ret;
}

/* Sleep to the deadline at the most; the caller is on the wait queue */
static int doze(u64 deadline_ns)
{
	ktime_t expires = ns_to_ktime(min_t(u64, deadline_ns, KTIME_MAX));

	if (signal_pending(current))
		return -ERESTARTSYS;
	if (deadline_ns && ktime_get_ns() >= deadline_ns)
		return -ETIMEDOUT;
	schedule_hrtimeout(deadline_ns ? &expires : NULL, HRTIMER_MODE_ABS);
	return 0;
}

/**
 * ced_transfer_wait() - CED1401_IOC_WAIT
 * @session:	the caller's
 * @wait:	the arguments; results are set when it returns 0
 *
 * May sleep, until a signal comes, the deadline, or the card is gone.
 *
 * Return: 0, -EINVAL, -ENOENT, -ETIMEDOUT, -ERESTARTSYS or -ENODEV.
 */
int ced_transfer_wait(struct ced_session *session, struct ced1401_wait *wait)
{
	DEFINE_WAIT(entry);
	int ret;

	if (wait->reserved)
		return -EINVAL;
	do {
		prepare_to_wait(&session->wq, &entry, TASK_INTERRUPTIBLE);
		ret = look_for(session, wait);
		if (ret == -EINPROGRESS)
			ret = doze(wait->deadline_ns) ? : -EINPROGRESS;
	} while (ret == -EINPROGRESS);
	finish_wait(&session->wq, &entry);
	return ret;
}

/**
 * ced_transfer_uses() - whether a transfer that has not ended uses a buffer
 * @session:	the buffer's
 * @buffer:	the buffer
 *
 * May sleep.
 */
bool ced_transfer_uses(const struct ced_session *session,
		       const struct ced_buffer *buffer)
{
	const struct ced_transfer *transfer;
	bool used = false;

	spin_lock_irq(&session->card->lock);
	list_for_each_entry(transfer, &session->transfers, node)
		used |= transfer->buffer == buffer && !ced_ended(transfer);
	spin_unlock_irq(&session->card->lock);
	return used;
}

static void forget_retired(struct ced_session *session, struct list_head *gone)
{
	struct ced_transfer *transfer;
	unsigned int i;

	for (i = 1; i <= CED1401_TRANSFERS; i++) {
		transfer = ced_kept(session, i);
		if (!transfer)
			continue;
		forget(transfer);
		list_add(&transfer->node, gone);
	}
}

/**
 * ced_transfer_free() - stop what uses a buffer, and let go of it
 * @session:	the buffer's; its mutex is held, or it ends
 * @buffer:	the buffer, of which the caller holds a reference; NULL: all, and
 *		forget the transfers too
 *
 * When this returns the memory is still, and no transfer holds it. May sleep.
 */
void ced_transfer_free(struct ced_session *session, struct ced_buffer *buffer)
{
	struct ced_card *card = session->card;
	struct ced_transfer *transfer, *next;
	unsigned int puts = 0;
	LIST_HEAD(gone);

	spin_lock_irq(&card->lock);
	list_for_each_entry_safe(transfer, next, &session->transfers, node) {
		if (buffer && transfer->buffer != buffer)
			continue;
		ced_engine_cancel(card, transfer, -ECANCELED);
		if (buffer) {
			transfer->buffer = NULL;
			/* Nor is anything left in it to be told of */
			transfer->threshold = 0;
			puts++;
		}
		/* An area of CED's that has ended is in no table: nobody could ask for it */
		if (!buffer || transfer->ops) {
			forget(transfer);
			list_add(&transfer->node, &gone);
		}
	}
	if (!buffer)
		forget_retired(session, &gone);
	if (!card->gone)
		ced_engine_next(card);
	spin_unlock_irq(&card->lock);
	while (puts--)
		ced_buffer_put(buffer);
	list_for_each_entry_safe(transfer, next, &gone, node)
		ced_transfer_dispose(transfer);
	if (!buffer)
		kfree(xchg(&session->spare, NULL));
}
