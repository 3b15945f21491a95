// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transfer engine: who has the DMA channel, and what it moves for him.
 *
 * One job at a time has the channel: a block that the 1401 asked for, or the card's
 * FIFO for a NOW transfer. A job moves in pieces, each one programming of the
 * 8237; the interrupt at terminal count chains them without waking the user. A
 * request that comes while a job runs waits in engine->request: the 1401 sends
 * nothing more until its block is over, so there is at most one.
 *
 * All functions are called with the card's lock held, but for those that say so.
 */
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/wait.h>

#include "ced1401.h"
#include "compat.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* A block that stands still for so long has failed; a NOW transfer may wait */
#define BLOCK_TIMEOUT	(5 * HZ)

static void tell(struct ced_transfer *transfer, u32 event)
{
	/* CED's ABI has events of its own, and nobody would read these */
	if (!transfer->ops)
		transfer->events |= event;
	transfer->news++;
	ced_engine_show(transfer);
	wake_up_all(&transfer->session->wq);
}

static void tell_session(struct ced_session *session, u32 event)
{
	session->events |= event;
	wake_up_all(&session->wq);
}

/* ---- what moved, and who is told ---- */

/**
 * ced_engine_check_overrun() - tell of an overrun, once until it is consumed
 * @transfer:	the transfer
 * @bytes:	bytes moved since START, as just seen
 */
void ced_engine_check_overrun(struct ced_transfer *transfer, u64 bytes)
{
	if (ced_gone_over(transfer, bytes) && !transfer->overrun) {
		transfer->overrun = true;
		tell(transfer, CED1401_EVENT_OVERRUN);
	}
}

/**
 * ced_engine_consume() - so much of a ring is consumed
 * @transfer:	the ring
 * @bytes:	how much more, of what has moved
 * @moved:	when so many bytes had moved since START
 */
void ced_engine_consume(struct ced_transfer *transfer, u64 bytes, u64 moved)
{
	transfer->lost += min(ced_gone_over(transfer, moved), bytes);
	transfer->consumed += bytes;
	transfer->overrun = ced_gone_over(transfer, moved);
}

/* How far a transfer has come, as far as it is entered; no count goes back */
static void see(struct ced_transfer *transfer)
{
	if (transfer->bytes < transfer->seen.bytes)
		return;
	transfer->seen.bytes = transfer->bytes;
	transfer->seen.position = transfer->position;
	transfer->seen.time_ns = transfer->time_ns;
}

/**
 * ced_engine_take() - what the program has stored of its consuming takes effect
 * @transfer:	the transfer
 *
 * As of what was seen to have moved last: when it was stored cannot be known. That may
 * count as gone over what was read in time, never the other way round.
 */
void ced_engine_take(struct ced_transfer *transfer)
{
	u32 bytes;

	if (!ced_circular(transfer))
		return;
	see(transfer);
	bytes = ced_shared_take(transfer, transfer->seen.bytes - transfer->consumed);
	if (bytes)
		ced_engine_consume(transfer, bytes, transfer->seen.bytes);
}

/* So much more has moved: enter it, and wake who has waited for it */
static void moved_on(struct ced_card *card, struct ced_transfer *transfer,
		     u64 moved)
{
	transfer->bytes += moved;
	transfer->time_ns = ktime_get_ns();
	if (card->engine.job.out)
		card->counts.bytes_to_1401 += moved;
	else
		card->counts.bytes_to_host += moved;
	ced_engine_take(transfer);
	ced_engine_check_overrun(transfer, transfer->bytes);
	ced_engine_show(transfer);
	if (transfer->bytes >= transfer->wake_at) {
		transfer->wake_at = U64_MAX;
		wake_up_all(&transfer->session->wq);
	}
}

/* ---- pieces: what the 8237 is programmed for ---- */

static dma_addr_t job_dma(const struct ced_engine *engine)
{
	const struct ced_job *job = &engine->job;

	return job->piece.bounce ? engine->bounce_dma :
	       job->transfer->buffer->dma + job->transfer->offset + job->at;
}

/* A place in a transfer: behind the end of a ring comes its start */
static u32 place(const struct ced_transfer *transfer, u32 at)
{
	return transfer->flags & CED1401_CIRCULAR && at >= transfer->length ?
	       at - transfer->length : at;
}

/* Between the small buffer and the transfer's memory, from the job's place on */
static void copy_bounce(struct ced_engine *engine, u32 len, bool out)
{
	struct ced_transfer *transfer = engine->job.transfer;
	u32 at = engine->job.at, done, n;
	void *memory, *bounce;

	for (done = 0; done < len; done += n) {
		n = min(len - done, transfer->length - at);
		bounce = engine->bounce + done;
		if (transfer->pages) {
			ced_pages_copy(transfer->pages, at, bounce, n, out);
		} else {
			memory = transfer->buffer->memory + transfer->offset +
				 at;
			memcpy(out ? bounce : memory, out ? memory : bounce, n);
		}
		at = place(transfer, at + n);
	}
}

/* Whether the 8237 can go round a NOW transfer's ring without help */
static bool goes_round(const struct ced_card *card,
		       const struct ced_transfer *transfer)
{
	u32 page = card->wide ? CED_PAGE_16 : CED_PAGE_8;
	u32 first = transfer->buffer->dma + transfer->offset;

	return ced_circular(transfer) &&
	       first / page == (first + transfer->length - 1) / page;
}

static struct ced_piece plan_piece(const struct ced_card *card)
{
	const struct ced_job *job = &card->engine.job;
	const struct ced_transfer *transfer = job->transfer;
	u32 left = min_t(u64, job->left, transfer->length);

	if (transfer->pages)
		return ced_bounce_piece(left, card->wide);
	return ced_next_piece(transfer->buffer->dma + transfer->offset + job->at,
			      left, transfer->length - job->at, card->wide);
}

static void begin_piece(struct ced_card *card)
{
	struct ced_engine *engine = &card->engine;
	struct ced_job *job = &engine->job;
	struct ced_piece *piece = &job->piece;
	bool out = job->out;
	u8 control = CEDCARD_CONTROL_DMAEN | CEDCARD_CONTROL_IE_DMA;
	dma_addr_t dma;

	*piece = plan_piece(card);
	dma = job_dma(engine);
	if (piece->bounce && out) {
		memset(engine->bounce, 0, piece->count);
		copy_bounce(engine, piece->len, true);
	}
	ced_sync_for_device(card, dma, piece->count);
	if (out)
		control |= CEDCARD_CONTROL_TO1401;
	if (!job->block)
		control |= CEDCARD_CONTROL_FIFO;
	trace_ced1401_piece_begin(card, job);
	if (job->again)
		ced_card_go_on(card, true);
	ced_isadma_start(card->place.dma, dma, piece->count, out, job->again);
	ced_card_control(card, 0, control);
	/* The card works already; its interrupt waits for the lock */
	job->seen = 0;
	job->laps = 0;
	job->astray = false;
	job->moved_at = jiffies;
}

/*
 * Bytes of the running piece that have moved; @tc: the card's latch. What was seen to move
 * has not stood still, though the latch may be missing.
 */
static u32 piece_moved(struct ced_card *card, bool tc, bool odd)
{
	const struct ced_job *job = &card->engine.job;

	tc |= job->seen || job->transfer->seen.bytes > job->transfer->bytes;
	return ced_piece_moved(&job->piece,
			       ced_isadma_residue(card->place.dma),
			       tc, odd, card->wide);
}

/*
 * Where a piece is that the 8237 goes round. The rounds are counted by the card,
 * the place by the 8237: read the one before and after the other until they
 * agree. At the reload nothing of the next round has moved.
 */
static void look_round(struct ced_card *card)
{
	struct ced_job *job = &card->engine.job;
	struct ced_transfer *transfer = job->transfer;
	u32 length = job->piece.count, in_lap;
	int before, laps = ced_card_laps(card), tries = 8;

	do {
		before = laps;
		in_lap = length - ced_isadma_residue(card->place.dma);
		laps = ced_card_laps(card);
	} while (laps != before && --tries);
	if (before < 0 || laps < 0)
		return; /* the card is not there: what was seen last is true */
	if (in_lap >= length)
		in_lap = 0;
	/* The counter has 16 bits; the interrupt looks at every round */
	job->laps += (u16)(before - (u16)job->laps);
	transfer->position = in_lap;
	if (job->laps * length + in_lap > transfer->bytes)
		moved_on(card, transfer,
			 job->laps * length + in_lap - transfer->bytes);
	else if (job->laps * length + in_lap < transfer->bytes && laps == before)
		job->astray = true; /* a terminal count that the card has missed */
}

/*
 * End the piece, done or not: when this returns, the card is disabled and the
 * channel masked. Returns STATUS as it was then.
 */
static u8 end_piece(struct ced_card *card)
{
	struct ced_engine *engine = &card->engine;
	struct ced_job *job = &engine->job;
	struct ced_transfer *transfer = job->transfer;
	u64 before = transfer->bytes;
	bool odd;
	u32 moved;
	u8 status;

	ced_card_control(card, CEDCARD_CONTROL_DMAEN, 0);
	ced_isadma_stop(card->place.dma);
	status = ced_card_status(card);
	ced_sync_for_cpu(card, job_dma(engine), job->piece.count);
	if (job->again) {
		look_round(card);
		ced_card_go_on(card, false);
		moved = transfer->bytes - before;
		job->at = transfer->position;
	} else {
		odd = card->wide && (status & CEDCARD_STATUS_EOB) &&
		      ced_card_odd(card);
		moved = piece_moved(card, status & CEDCARD_STATUS_TC, odd);
		if (job->piece.bounce && !job->out)
			copy_bounce(engine, moved, false);
		job->at = place(transfer, job->at + moved);
		job->moved += moved;
		job->left -= moved;
		transfer->position = job->at;
		moved_on(card, transfer, moved);
	}
	trace_ced1401_piece_end(card, job, moved, status);
	return status;
}

/* ---- transfers and jobs ---- */

static void end_transfer(struct ced_transfer *transfer, int error)
{
	struct ced_session *session = transfer->session;

	transfer->state = error ? CED1401_STATE_FAILED : CED1401_STATE_DONE;
	transfer->error = error;
	list_del_init(&transfer->queue);
	if (transfer->flags & CED1401_ON_REQUEST)
		session->areas[transfer->area] = NULL;
	transfer->told = transfer->ops;
	trace_ced1401_end(transfer, error);
	tell(transfer, CED1401_EVENT_END);
}

static void block_over(struct ced_card *card, struct ced_transfer *transfer,
		       int error)
{
	const struct ced_job *job = &card->engine.job;

	transfer->state = CED1401_STATE_ARMED;
	if (transfer->ops)
		transfer->ops->over(transfer, job->out, job->start, job->moved);
	if (error) {
		transfer->error = error;
	} else {
		transfer->blocks++;
		card->counts.blocks++;
	}
	tell(transfer, CED1401_EVENT_BLOCK);
}

/* The channel is free again; returns the transfer that had it */
static struct ced_transfer *end_job(struct ced_card *card)
{
	struct ced_job *job = &card->engine.job;
	struct ced_transfer *transfer = job->transfer;

	job->transfer = NULL;
	ced_card_control(card, CEDCARD_CONTROL_DMAEN | CEDCARD_CONTROL_IE_DMA |
			 CEDCARD_CONTROL_FIFO | CEDCARD_CONTROL_TO1401, 0);
	return transfer;
}

static void job_over(struct ced_card *card, int error)
{
	bool block = card->engine.job.block;
	struct ced_transfer *transfer = end_job(card);

	if (block)
		block_over(card, transfer, error);
	else
		end_transfer(transfer, error);
}

static void begin_job(struct ced_card *card, struct ced_transfer *transfer,
		      bool block, bool out, u32 at, u64 size)
{
	struct ced_job *job = &card->engine.job;

	transfer->state = CED1401_STATE_RUNNING;
	transfer->position = at;
	job->transfer = transfer;
	job->block = block;
	job->out = out;
	job->again = !block && goes_round(card, transfer);
	job->start = at;
	job->at = at;
	job->moved = 0;
	job->left = size;
	begin_piece(card);
	/* The card works already */
	transfer->time_ns = ktime_get_ns();
	ced_engine_show(transfer);
	card->engine.pace_bytes = 0;
	card->engine.looked_at_ns = transfer->seen.time_ns;
	card->engine.looked_bytes = transfer->seen.bytes;
	ced_engine_watch(card);
	wake_up_all(&transfer->session->wq); /* who waits for bytes looks again */
}

/* ---- requests ---- */

/* Whose area a request names, the size of the request aside */
static struct ced_transfer *area_of(struct ced_engine *engine,
				    const struct ced_request *request)
{
	return engine->session ? engine->session->areas[request->area] : NULL;
}

static bool fits(const struct ced_transfer *transfer,
		 const struct ced_request *request)
{
	if (!(transfer->flags & (request->to_1401 ? CED1401_TO_1401 :
				 CED1401_TO_HOST)))
		return false;
	if (transfer->flags & CED1401_CIRCULAR)
		return request->size <= transfer->length;
	return request->offset <= transfer->length &&
	       request->size <= transfer->length - request->offset;
}

/* Where the block of the request goes; false: its ring has no room for it yet */
static bool block_place(struct ced_transfer *transfer,
			const struct ced_request *request, u32 *at)
{
	if (transfer->ops)
		return transfer->ops->place(transfer, request, at);
	ced_engine_take(transfer);
	*at = ced_circular(transfer) ? transfer->position : request->offset;
	return !ced_circular(transfer) ||
	       !ced_gone_over(transfer, transfer->bytes + request->size);
}

/* Whether the request that waits must go on waiting: its ring has no room yet */
static bool no_room(struct ced_engine *engine)
{
	const struct ced_request *request = &engine->request;
	struct ced_transfer *transfer = area_of(engine, request);
	u32 at;

	return transfer && fits(transfer, request) &&
	       !block_place(transfer, request, &at);
}

static void tell_waiting(struct ced_engine *engine)
{
	struct ced_transfer *transfer = area_of(engine, &engine->request);

	if (transfer && transfer->state == CED1401_STATE_ARMED) {
		transfer->state = CED1401_STATE_WAITING;
		tell(transfer, CED1401_EVENT_WAITING);
	}
}

static void refuse(struct ced_card *card, struct ced_transfer *transfer)
{
	struct ced_session *session = card->engine.session;

	ced_card_ack(card, CEDCARD_ACK_ABANDON);
	card->counts.refused++;
	if (session)
		session->refused++;
	if (transfer) {
		transfer->state = CED1401_STATE_ARMED;
		transfer->refused++;
		tell(transfer, CED1401_EVENT_REFUSED);
	} else if (session) {
		tell_session(session, CED1401_EVENT_STRAY);
	}
}

/* The request that waits has its turn, and its ring has room */
static void begin_request(struct ced_card *card)
{
	struct ced_engine *engine = &card->engine;
	const struct ced_request *request = &engine->request;
	struct ced_transfer *transfer = area_of(engine, request);
	u32 at;

	engine->request_waits = false;
	if (!transfer || !fits(transfer, request) ||
	    !block_place(transfer, request, &at)) {
		refuse(card, transfer);
	} else if (request->size) {
		begin_job(card, transfer, true, request->to_1401, at,
			  request->size);
	} else {
		/* For the 8237 0 would be 64 Ki */
		engine->job.out = request->to_1401;
		engine->job.start = at;
		engine->job.moved = 0;
		block_over(card, transfer, 0);
	}
}

/* Whether a ring has no room for the request that waits for it, with the channel free */
static bool stalled(const struct ced_transfer *transfer)
{
	struct ced_engine *engine = &transfer->session->card->engine;

	return ced_circular(transfer) && engine->request_waits &&
	       !engine->job.transfer &&
	       area_of(engine, &engine->request) == transfer;
}

/**
 * ced_engine_show() - show how a transfer stands to who looks without asking
 * @transfer:	the transfer
 */
void ced_engine_show(struct ced_transfer *transfer)
{
	see(transfer);
	ced_shared_show(transfer, stalled(transfer));
}

/*
 * The request goes on waiting. Who makes room in its ring by a store looks whether it is
 * said to be stalled, after that; here it is the other way round, so that one of
 * both sees the other. Returns whether there is room now.
 */
static bool show_stalled(struct ced_engine *engine)
{
	struct ced_transfer *transfer = area_of(engine, &engine->request);

	if (!transfer || !stalled(transfer))
		return false;
	ced_engine_show(transfer);
	smp_mb(); /* see above */
	return !no_room(engine);
}

/* A NOW transfer has its turn */
static void begin_now(struct ced_card *card, struct ced_transfer *transfer)
{
	begin_job(card, transfer, false, ced_to_1401(transfer), 0,
		  ced_circular(transfer) ? U64_MAX : transfer->length);
}

/* Whether the channel may be given to somebody */
static bool is_free(const struct ced_card *card)
{
	return !card->engine.job.transfer && card->online && !card->resetting;
}

static void give_channel(struct ced_card *card)
{
	struct ced_engine *engine = &card->engine;
	struct ced_session *session = engine->session;
	struct ced_transfer *first;

	while (is_free(card)) {
		if (engine->request_waits && !no_room(engine)) {
			begin_request(card);
		} else if (session && !list_empty(&session->queue)) {
			first = list_first_entry(&session->queue,
						 struct ced_transfer, queue);
			list_del_init(&first->queue);
			begin_now(card, first);
		} else {
			break;
		}
	}
	if (engine->request_waits)
		tell_waiting(engine);
}

/**
 * ced_engine_next() - give the channel to whatever comes next
 * @card:	the card
 *
 * A request that waits goes first, if its ring has room, then the session's queue.
 */
void ced_engine_next(struct ced_card *card)
{
	struct ced_engine *engine = &card->engine;

	do {
		give_channel(card);
	} while (engine->request_waits && show_stalled(engine) && card->online &&
		 !card->resetting);
}

/* Out of line, so that the usual case below saves no registers for it */
static noinline void queue_up(struct ced_card *card, struct ced_transfer *transfer)
{
	transfer->state = CED1401_STATE_QUEUED;
	list_add_tail(&transfer->queue, &transfer->session->queue);
	ced_engine_next(card);
}

/**
 * ced_engine_queue() - a new NOW transfer gets the channel, or waits for it
 * @card:	the card
 * @transfer:	the transfer, of the session that is served
 */
void ced_engine_queue(struct ced_card *card, struct ced_transfer *transfer)
{
	if (is_free(card) && !card->engine.request_waits &&
	    list_empty(&transfer->session->queue))
		begin_now(card, transfer);
	else
		queue_up(card, transfer);
}

/**
 * ced_engine_request() - the 1401 asks for a block and waits with it
 * @card:	the card
 * @request:	what it asks for
 */
void ced_engine_request(struct ced_card *card,
			const struct ced_request *request)
{
	struct ced_engine *engine = &card->engine;

	if (engine->request_waits) {
		/* No 1401 does this: it waits until its block is over */
		card->counts.refused++;
		return;
	}
	trace_ced1401_request(card, request);
	engine->request = *request;
	engine->request_waits = true;
	ced_engine_next(card);
}

/**
 * ced_engine_refuse() - the 1401 sent a request that means nothing
 * @card:	the card
 */
void ced_engine_refuse(struct ced_card *card)
{
	refuse(card, NULL);
}

/* ---- what the card reports ---- */

/* How a job stands whose piece has ended with this STATUS: -EINPROGRESS or over */
static int outcome(const struct ced_job *job, u8 status)
{
	if (status & CEDCARD_STATUS_ERR)
		return -EIO;
	if (status & CEDCARD_STATUS_EOB)
		return job->block && job->left ? -EPIPE : 0;
	if (job->left)
		return -EINPROGRESS;
	/* All has moved that was asked for: a block must have ended with it */
	return job->block ? -EIO : 0;
}

/**
 * ced_engine_dma() - a latch is set: a piece has ended
 * @card:	the card
 */
void ced_engine_dma(struct ced_card *card)
{
	struct ced_job *job = &card->engine.job;
	u8 status = ced_card_status(card);
	u64 before = job->left;
	int error;

	if (!(status & CEDCARD_STATUS_LATCHES))
		return;
	if (!job->transfer) {
		ced_card_ack(card, status & CEDCARD_STATUS_LATCHES);
		return;
	}
	if (job->again && (status & CEDCARD_STATUS_LATCHES) ==
	    CEDCARD_STATUS_TC) {
		ced_card_ack(card, CEDCARD_STATUS_TC);
		look_round(card);
		return;
	}
	status = end_piece(card);
	ced_card_ack(card, status & CEDCARD_STATUS_LATCHES);
	error = outcome(job, status);
	if (error == -EINPROGRESS) {
		if (before - job->left == job->piece.len) {
			begin_piece(card);
			return;
		}
		error = -EIO; /* terminal count, says the card; not so the 8237 */
	}
	if (error && job->block && !(status & CEDCARD_STATUS_EOB))
		ced_card_ack(card, CEDCARD_ACK_ABANDON);
	job_over(card, error);
	ced_engine_next(card);
}

/* Whether a piece should have gone on, or ended, long ago */
static bool stands_still(struct ced_card *card)
{
	struct ced_job *job = &card->engine.job;
	u32 moved = piece_moved(card, false, false);

	if (moved != job->seen) {
		job->seen = moved;
		job->moved_at = jiffies;
		return false;
	}
	/* The FIFO's data come when they come, but terminal count at once */
	if (!job->block && moved < job->piece.len)
		return false;
	return !time_before(jiffies, job->moved_at + BLOCK_TIMEOUT);
}

/**
 * ced_engine_tick() - every 100 ms: end what stands still, or has gone astray, and
 * begin what can
 * @card:	the card
 */
void ced_engine_tick(struct ced_card *card)
{
	struct ced_job *job = &card->engine.job;
	int error = -ETIMEDOUT;
	u8 status;

	if (!job->transfer) {
		/* Room may have been made without a word */
		if (card->engine.request_waits)
			ced_engine_next(card);
		return;
	}
	if (job->again) {
		look_round(card);
		if (!job->astray)
			return;
		error = -EIO;
	} else if (!stands_still(card)) {
		return;
	}
	if (ced_card_status(card) & CEDCARD_STATUS_LATCHES)
		return; /* it has ended, and the tick serves that next */
	status = end_piece(card);
	ced_card_ack(card, status & CEDCARD_STATUS_LATCHES);
	if (job->block)
		ced_card_ack(card, CEDCARD_ACK_ABANDON);
	job_over(card, error);
	ced_engine_next(card);
}

/* ---- ending transfers from outside ---- */

/* Take the channel from the job; returns its error, or 0 if it was just done */
static int stop_job(struct ced_card *card, int error)
{
	struct ced_job *job = &card->engine.job;
	u8 status = end_piece(card);
	bool whole = !job->left;

	ced_card_ack(card, status & CEDCARD_STATUS_LATCHES);
	if (job->block && !(status & CEDCARD_STATUS_EOB))
		ced_card_ack(card, CEDCARD_ACK_ABANDON);
	if (job->block && job->transfer->ops)
		job->transfer->ops->over(job->transfer, job->out, job->start,
					 job->moved);
	if (job->block && whole) {
		job->transfer->blocks++;
		card->counts.blocks++;
	}
	if (!job->block && whole)
		error = 0;
	end_job(card);
	return error;
}

/* The transfer does nothing any more; returns its error, or 0 if it was just done */
static int quiet(struct ced_card *card, struct ced_transfer *transfer,
		 int error)
{
	struct ced_engine *engine = &card->engine;

	if (engine->request_waits &&
	    area_of(engine, &engine->request) == transfer) {
		engine->request_waits = false;
		ced_card_ack(card, CEDCARD_ACK_ABANDON);
	}
	if (engine->job.transfer == transfer)
		return stop_job(card, error);
	transfer->time_ns = ktime_get_ns();
	return error;
}

/**
 * ced_engine_cancel() - end a transfer, whatever it does
 * @card:	the card
 * @transfer:	the transfer; nothing happens if it has ended
 * @error:	why, a negative errno; a transfer that was just done stays done
 *
 * Its memory is still when this returns. The channel may be left idle:
 * ced_engine_next() gives it on.
 */
void ced_engine_cancel(struct ced_card *card, struct ced_transfer *transfer,
		       int error)
{
	if (ced_ended(transfer))
		return;
	error = quiet(card, transfer, error);
	end_transfer(transfer, error);
}

/* Something befell the 1401: transfers end, areas of CED's ABI stay */
static void interrupt(struct ced_card *card, struct ced_transfer *transfer,
		      int error)
{
	if (!transfer->ops) {
		ced_engine_cancel(card, transfer, error);
	} else if (!ced_ended(transfer)) {
		quiet(card, transfer, error);
		transfer->state = CED1401_STATE_ARMED;
	}
}

/**
 * ced_engine_end_all() - end transfers, whatever they do
 * @card:	the card
 * @session:	whose; NULL: everybody's
 * @error:	why, a negative errno
 *
 * The memory of each is still when this returns. The channel is left idle.
 */
void ced_engine_end_all(struct ced_card *card, struct ced_session *session,
			int error)
{
	struct ced_transfer *transfer;
	struct ced_session *each;

	list_for_each_entry(each, &card->sessions, node) {
		if (session && session != each)
			continue;
		list_for_each_entry(transfer, &each->transfers, node)
			interrupt(card, transfer, error);
	}
}

/**
 * ced_engine_tell_all() - tell every session of what befell the 1401
 * @card:	the card
 * @event:	CED1401_EVENT_*, 0: only wake them
 */
void ced_engine_tell_all(struct ced_card *card, u32 event)
{
	struct ced_session *session;

	list_for_each_entry(session, &card->sessions, node)
		tell_session(session, event);
}

/**
 * ced_engine_serve() - whose transfers have the channel from now on
 * @card:	the card
 * @session:	the one that has the 1401; NULL: nobody's, every request is refused
 */
void ced_engine_serve(struct ced_card *card, struct ced_session *session)
{
	struct ced_engine *engine = &card->engine;

	if (engine->request_waits && engine->session != session) {
		engine->request_waits = false;
		refuse(card, area_of(engine, &engine->request));
	}
	engine->session = session;
	if (session)
		ced_engine_next(card);
}

/**
 * ced_engine_look() - how a transfer stands now
 * @card:	the card
 * @transfer:	the transfer, running or not
 *
 * The latches are looked at after the count: a piece that ends in between is
 * served here, so that no reading goes back. What is in the small buffer has
 * not arrived yet.
 *
 * Return: bytes moved since START, where the next one goes, and when that was seen.
 */
struct ced_standing ced_engine_look(struct ced_card *card,
				    struct ced_transfer *transfer)
{
	struct ced_job *job = &card->engine.job;
	struct ced_standing standing;
	u32 moved = 0;

	if (job->transfer == transfer) {
		if (!job->again)
			moved = piece_moved(card, false, false);
		if (ced_card_status(card) & CEDCARD_STATUS_LATCHES) {
			ced_engine_dma(card);
			moved = 0;
		} else {
			if (job->piece.bounce && !job->out)
				moved = 0;
			transfer->time_ns = ktime_get_ns();
		}
	}
	if (job->transfer == transfer && job->again)
		look_round(card);
	standing.bytes = transfer->bytes + moved;
	standing.position = place(transfer, transfer->position + moved);
	standing.time_ns = transfer->time_ns;
	if (standing.bytes >= transfer->seen.bytes)
		transfer->seen = standing;
	else
		standing = transfer->seen;
	ced_engine_take(transfer);
	ced_engine_show(transfer);
	return standing;
}

/* ---- the timer that looks while somebody waits for a position, or watches ---- */

#define LOOK_LEAST_NS	NSEC_PER_MSEC
#define LOOK_MOST_NS	(50 * NSEC_PER_MSEC)

/* What the timer has seen since its last look tells the pace */
static void measure_pace(struct ced_engine *engine)
{
	const struct ced_standing *seen = &engine->job.transfer->seen;
	u64 time = seen->time_ns - engine->looked_at_ns;

	/* A moment is no measure */
	if (time < LOOK_LEAST_NS)
		return;
	engine->pace_ns = min_t(u64, time, NSEC_PER_SEC);
	engine->pace_bytes = clamp_t(u64, seen->bytes - engine->looked_bytes, 1,
				     U32_MAX);
	engine->looked_at_ns = seen->time_ns;
	engine->looked_bytes = seen->bytes;
}

/*
 * When to look next: when what is waited for has come, by the pace so far. For who only
 * watches that is a quarter of the length.
 */
static u64 look_period(const struct ced_engine *engine)
{
	const struct ced_transfer *transfer = engine->job.transfer;
	u64 bytes = transfer->seen.bytes;
	u64 goal = transfer->wake_at > bytes ? transfer->wake_at - bytes : 0;

	if (transfer->wake_at == U64_MAX || ced_shared_watched(transfer->session))
		goal = min_t(u64, goal, transfer->length / 4);
	goal = min_t(u64, goal, CED1401_BUF_MAX);
	goal += goal / 32; /* rather a little late than twice */
	if (!engine->pace_bytes)
		return LOOK_LEAST_NS;
	return clamp_t(u64, div64_u64(goal * engine->pace_ns, engine->pace_bytes),
		       LOOK_LEAST_NS, LOOK_MOST_NS);
}

/* The timer is to look next after so long */
static ktime_t plan_look(struct ced_engine *engine)
{
	u64 period = look_period(engine);

	engine->looking = true;
	engine->look_at_ns = ktime_get_ns() + period;
	return ns_to_ktime(period);
}

/* Whether what runs is waited for, or is a stream that is watched by its status page */
static bool is_looked_for(const struct ced_engine *engine)
{
	const struct ced_transfer *transfer = engine->job.transfer;

	return transfer->wake_at != U64_MAX ||
	       (!engine->job.block && ced_shared_watched(transfer->session));
}

static enum hrtimer_restart timer_looks(struct hrtimer *timer)
{
	struct ced_card *card = container_of(timer, struct ced_card,
					     engine.timer);
	struct ced_engine *engine = &card->engine;
	struct ced_transfer *transfer;
	enum hrtimer_restart ret = HRTIMER_NORESTART;
	struct ced_standing standing;
	unsigned long flags;

	spin_lock_irqsave(&card->lock, flags);
	/* It was started again, for an earlier moment, while this waited for the lock */
	if (hrtimer_is_queued(timer)) {
		spin_unlock_irqrestore(&card->lock, flags);
		return HRTIMER_NORESTART;
	}
	engine->looking = false;
	transfer = engine->job.transfer;
	/* Who gave up waiting is no longer in the queue */
	if (transfer && !waitqueue_active(&transfer->session->wq))
		transfer->wake_at = U64_MAX;
	if (transfer && is_looked_for(engine)) {
		standing = ced_engine_look(card, transfer);
		if (standing.bytes >= transfer->wake_at) {
			transfer->wake_at = U64_MAX;
			wake_up_all(&transfer->session->wq);
		}
		if (engine->job.transfer == transfer && is_looked_for(engine)) {
			measure_pace(engine);
			hrtimer_forward_now(timer, plan_look(engine));
			ret = HRTIMER_RESTART;
		}
	}
	spin_unlock_irqrestore(&card->lock, flags);
	return ret;
}

/**
 * ced_engine_wake_at() - somebody on the session's wait queue wants to be woken
 * @card:	the card
 * @transfer:	when this transfer,
 * @bytes:	has moved so many bytes since START
 */
void ced_engine_wake_at(struct ced_card *card, struct ced_transfer *transfer,
			u64 bytes)
{
	struct ced_engine *engine = &card->engine;

	transfer->wake_at = min(transfer->wake_at, bytes);
	if (engine->job.transfer == transfer)
		ced_engine_watch(card);
}

/**
 * ced_engine_watch() - look at what runs from now on, if anybody wants to know
 * @card:	the card
 */
void ced_engine_watch(struct ced_card *card)
{
	struct ced_engine *engine = &card->engine;

	if (!engine->job.transfer || !is_looked_for(engine))
		return;
	/* What was seen since the timer looked last counts, too */
	measure_pace(engine);
	if (engine->looking &&
	    ktime_get_ns() + look_period(engine) >= engine->look_at_ns)
		return;
	hrtimer_start(&engine->timer, plan_look(engine), HRTIMER_MODE_REL_SOFT);
}

/**
 * ced_engine_init() - the engine of a new card
 * @card:	the card
 */
void ced_engine_init(struct ced_card *card)
{
	ced_hrtimer_setup(&card->engine.timer, timer_looks, CLOCK_MONOTONIC,
			  HRTIMER_MODE_REL_SOFT);
}

/**
 * ced_engine_exit() - nothing looks at the card any more
 * @card:	the card, which is gone
 *
 * May sleep.
 */
void ced_engine_exit(struct ced_card *card)
{
	hrtimer_cancel(&card->engine.timer);
}
