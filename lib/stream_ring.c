// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Streams over a ring of the driver's (CIRCULAR): through the card's FIFO (NOW), or by
 * blocks that the 1401 asks for (ON_REQUEST).
 *
 * While a block of the second kind waits for room or data in the ring, the 1401 obeys
 * commands but sends no replies. So what ends such a stream looks, while no reply comes,
 * whether a block waits, and then gives it up.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "stream.h"

#define BLOCK_MOST	131072u		/* bytes: what the 1401 takes */
#define BLOCK_PART	4		/* of the ring, at the most */
#define LAST_MS		2000		/* for what is in the FIFO at the end */
#define FIFO_BYTES	16384		/* that may come at once */
#define CLOCKS_DIFFER	1.02		/* the 1401's and the host's, at the most */

/* What moved, as of now; false if the driver does not know the transfer any more */
static bool see(ced1401_stream *s, uint64_t bytes, uint64_t *over)
{
	struct ced1401_consume consume = { .id = s->transfer.id, .bytes = bytes };

	if (!s->transfer.id ||
	    ioctl(s->dev->fd, CED1401_IOC_CONSUME, &consume))
		return false;
	s->moved = consume.moved / s->frame;
	s->time_ns = consume.time_ns;
	if (over)
		*over = (consume.overwritten + s->frame - 1) / s->frame;
	return true;
}

/* It is drained, and not all of it is in the 1401 */
static bool must_play(const ced1401_stream *s)
{
	return s->draining && s->moved < s->drain_to;
}

/*
 * How it ended, or that it goes on (-EINPROGRESS). One whose block broke off has no
 * future: the 1401 has ended its stream.
 */
static int how_it_stands(ced1401_stream *s)
{
	struct transfer seen;
	int error;

	/* Only a card that is gone has nothing to tell any more */
	if (device_look(s->dev) == -ENODEV)
		return -ENODEV;
	seen = transfer_seen(s->dev, &s->transfer);
	if (!transfer_ends(&seen))
		return -EINPROGRESS;
	error = seen.error;
	if (!error && seen.events & CED1401_EVENT_REFUSED)
		error = -EPIPE;
	if (error == -ECANCELED && (s->stopping || (s->draining && !must_play(s))))
		return 0;
	return transfer_result(error);
}

/* Bytes that can have moved, at the rate of the clock, from one moment to another */
static double moved_at_most(const ced1401_stream *s, uint64_t from_ns, uint64_t to_ns)
{
	double ns = to_ns > from_ns ? (double)(to_ns - from_ns) : 0;

	return FIFO_BYTES + ns / SECOND_NS * s->true_rate * s->frame * CLOCKS_DIFFER;
}

/*
 * What the driver's page shows. A FIFO stream is believed to keep to its clock only as
 * long as it does: a card that does not exist need not.
 */
static bool see_page(ced1401_stream *s, struct ced1401_slot_status *seen)
{
	if (!pages_see(s->dev, s->buffer, s->transfer.id, seen))
		return false;
	if (s->kind == &stream_fifo) {
		if (s->shown_ns && (double)(seen->bytes - s->shown) >
				   moved_at_most(s, s->shown_ns, seen->time_ns))
			s->unpaced = true;
		s->shown = seen->bytes;
		s->shown_ns = seen->time_ns;
	}
	return true;
}

/*
 * Without a call: whether the ring cannot have been gone over by now. By requests it never
 * is, since they wait for room. The FIFO's cannot have come further than its clock allows
 * since the driver looked last.
 */
static bool is_surely_whole(ced1401_stream *s)
{
	uint64_t end = (s->released + (s->out ? 0 : s->ring)) * s->frame;
	struct ced1401_slot_status seen;

	if (!see_page(s, &seen))
		return false;
	if (s->kind == &stream_request)
		return true;
	return !s->unpaced &&
	       (double)seen.bytes + moved_at_most(s, seen.time_ns, now_ns()) <=
	       (double)end;
}

/* Without a call: whether so many frames are there, and all is well */
static bool are_shown(ced1401_stream *s, uint64_t enough)
{
	struct ced1401_slot_status seen;

	if (!enough || !see_page(s, &seen) || seen.error ||
	    seen.state >= CED1401_STATE_DONE || seen.events & CED1401_EVENT_REFUSED)
		return false;
	s->moved = seen.bytes / s->frame;
	s->time_ns = seen.time_ns;
	return stream_available(s) >= enough && stream_available(s) <= s->ring;
}

static void ring_look(ced1401_stream *s, uint64_t enough, bool all)
{
	int error;

	(void)all;	/* it comes by itself */
	if (are_shown(s, enough))
		return;
	see(s, 0, NULL);
	/* While there is enough nothing else is asked; to drain, room is no use */
	if (stream_available(s) >= s->wake && !must_play(s))
		return;
	error = how_it_stands(s);
	if (error != -EINPROGRESS)
		stream_finish(s, error);
}

static bool ring_is_whole(ced1401_stream *s)
{
	if (is_surely_whole(s))
		return true;
	ring_look(s, 0, false);
	return stream_available(s) <= s->ring;
}

static int ring_prepare(ced1401_stream *s)
{
	return stream_choose_clock(s, 1);
}

static int begin(ced1401_stream *s, uint32_t mode)
{
	struct ced1401_start start = {
		.buffer = s->buffer,
		.flags = (s->out ? CED1401_TO_1401 : CED1401_TO_HOST) | mode |
			 CED1401_CIRCULAR,
		.length = s->ring * s->frame,
		.threshold = s->wake * s->frame,
	};
	int ret = ced1401_claim(s->dev, device_timeout(s->dev));

	if (!ret)
		ret = mode == CED1401_NOW ?
		      transfer_begin(s->dev, &s->transfer, &start) :
		      transfer_begin_area(s->dev, &s->transfer, &start);
	s->area = start.area;
	return ret;
}

/* The 1401 would not: what it said last is the result */
static int refused(ced1401_stream *s, int ret)
{
	if (ret)
		transfer_end(s->dev, &s->transfer);
	return ret;
}

static int fifo_start(ced1401_stream *s)
{
	char clock[32];
	int ret = begin(s, CED1401_NOW);

	if (ret)
		return ret;
	stream_clock_text(s, clock);
	return refused(s, ced1401_command(s->dev, "%s,%s,%s;",
					  s->out ? s->kind->out : s->kind->in,
					  s->list, clock));
}

static int ring_wait(ced1401_stream *s, uint64_t frames, uint64_t deadline)
{
	struct ced1401_wait wait = {
		.id = s->transfer.id,
		.bytes = frames * s->frame,
		.deadline_ns = deadline,
	};
	int ret = transfer_wait(s->dev, &wait);

	return ret == -EINTR || ret == -ETIMEDOUT ? ret : 0;
}

/* Frames of a block: what a wake-up is for, as far as ring and 1401 allow */
static uint32_t block_frames(const ced1401_stream *s)
{
	uint64_t most = s->ring / BLOCK_PART, block = s->wake;

	if (most > BLOCK_MOST / s->frame)
		most = BLOCK_MOST / s->frame;
	if (block > most)
		block = most;
	return block ? (uint32_t)block : 1;
}

/* The trigger must find something to play: wait for the first block */
static int first_block(ced1401_stream *s)
{
	uint64_t deadline = deadline_after(device_timeout(s->dev));
	int ret = ring_wait(s, s->block, deadline);

	while (!ret && see(s, 0, NULL) && s->moved < s->block) {
		ret = how_it_stands(s);
		if (ret == -EINPROGRESS)
			ret = ring_wait(s, s->block, deadline);
	}
	return ret == -EINTR ? 0 : ret;
}

static int request_start(ced1401_stream *s)
{
	char clock[32];
	int ret;

	s->block = block_frames(s);
	ret = begin(s, CED1401_ON_REQUEST);
	if (ret)
		return ret;
	stream_clock_text(s, clock);
	ret = ced1401_command(s->dev, "%s,%u,%u,%s,%s;",
			      s->out ? s->kind->out : s->kind->in, s->area,
			      s->block * s->frame, s->list, clock);
	if (!ret && s->out && s->when == CED1401L_ON_TRIGGER)
		ret = first_block(s);
	return refused(s, ret);
}

static uint64_t ring_consume(ced1401_stream *s, uint64_t frames)
{
	uint64_t consumed = s->released - (s->out ? s->ring : 0) + frames;
	uint64_t over = 0;

	if (is_surely_whole(s))
		pages_consume(s->dev, s->buffer, consumed * s->frame);
	else
		see(s, frames * s->frame, &over);
	return over;
}

static void ring_end(ced1401_stream *s)
{
	transfer_stop(s->dev, &s->transfer);
	see(s, 0, NULL);
}

/* -------------------------------------------------------------------- stop */

/* So many frames the 1401 lost: it counts samples, the DACs' clocks are frames */
static int enter_lost(ced1401_stream *s, const char *reply)
{
	uint64_t counts[2];
	int ret = parse_counts(reply, counts);

	if (ret)
		return ret;
	pthread_mutex_lock(&s->lock);
	s->lost_1401 = counts[1] / (s->out ? 1 : s->n);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

/* No reply comes: if a block waits, it is given up, or none ever comes */
static void give_up_block(void *user)
{
	ced1401_stream *s = user;

	device_look(s->dev);
	if (transfer_seen(s->dev, &s->transfer).status.state ==
	    CED1401_STATE_WAITING)
		transfer_give_up(s->dev, &s->transfer);
}

/* Say that it is to end, and hear what was lost */
static int say_end(ced1401_stream *s, talk_idle *idle)
{
	const char *name = s->out ? s->kind->out : s->kind->in;
	char text[64], reply[64];
	int ret;

	/* To the DACs at once, whatever the 1401 still holds */
	if (s->out)
		snprintf(text, sizeof(text), "KILL,%s;%s,?;", name, name);
	else
		snprintf(text, sizeof(text), "%s,K;%s,?;", name, name);
	ret = talk_exchange(s->dev, text, reply, sizeof(reply), 0, idle, s);
	return ret < 0 ? ret : enter_lost(s, reply);
}

static int ring_ask(ced1401_stream *s, talk_idle *idle)
{
	char text[64], reply[64];
	int ret;

	snprintf(text, sizeof(text), "%s,?;", s->out ? s->kind->out : s->kind->in);
	ret = talk_exchange(s->dev, text, reply, sizeof(reply), 0, idle, s);
	return ret < 0 ? ret : enter_lost(s, reply);
}

/* Whether it has ended by itself: then the 1401 need not be asked */
static bool is_over(ced1401_stream *s)
{
	int error;

	pthread_mutex_lock(&s->lock);
	error = how_it_stands(s);
	if (error != -EINPROGRESS)
		stream_finish(s, error);
	pthread_mutex_unlock(&s->lock);
	return error != -EINPROGRESS;
}

static int fifo_stop(ced1401_stream *s)
{
	int ret;

	if (is_over(s))
		return 0;
	ret = say_end(s, NULL);
	pthread_mutex_lock(&s->lock);
	/* To the host what is in the FIFO still comes, and with it the end */
	if (ret)
		stream_finish(s, ret);
	else if (s->out)
		stream_finish(s, 0);
	pthread_mutex_unlock(&s->lock);
	return ret;
}

static int request_stop(ced1401_stream *s)
{
	int ret;

	if (is_over(s))
		return 0;
	ret = say_end(s, give_up_block);
	/* No block is asked for any more, and none waits */
	pthread_mutex_lock(&s->lock);
	stream_finish(s, ret);
	pthread_mutex_unlock(&s->lock);
	/* A block that was given up is no error of the next command's */
	if (!ret)
		ced1401_command(s->dev, "%s", "");
	return ret;
}

void stream_ring_close(ced1401_stream *s)
{
	struct ced1401_wait wait = {
		.id = s->transfer.id,
		.deadline_ns = deadline_after(LAST_MS),
	};
	struct ced1401_consume all = { .id = s->transfer.id };

	if (!s->transfer.id)
		return;
	if (s->kind == &stream_fifo && s->state == CED1401L_STREAM_ENDING)
		ioctl(s->dev->fd, CED1401_IOC_WAIT, &wait);
	transfer_stop(s->dev, &s->transfer);
	/* Nor may a ring with nobody to read it be ready for ever */
	if (!ioctl(s->dev->fd, CED1401_IOC_CONSUME, &all)) {
		all.bytes = all.moved - all.consumed;
		ioctl(s->dev->fd, CED1401_IOC_CONSUME, &all);
	}
	transfer_end(s->dev, &s->transfer);
}

const struct stream_kind stream_fifo = {
	.method = CED1401L_FIFO,
	.in = "XFIFO",
	.out = "XFOUT",
	.prepare = ring_prepare,
	.start = fifo_start,
	.look = ring_look,
	.is_whole = ring_is_whole,
	.wait = ring_wait,
	.consume = ring_consume,
	.ask = ring_ask,
	.stop = fifo_stop,
	.end = ring_end,
};

const struct stream_kind stream_request = {
	.method = CED1401L_REQUEST,
	.in = "XSTREAM",
	.out = "XPLAY",
	.prepare = ring_prepare,
	.start = request_start,
	.look = ring_look,
	.is_whole = ring_is_whole,
	.wait = ring_wait,
	.consume = ring_consume,
	.ask = ring_ask,
	.stop = request_stop,
	.end = ring_end,
};
