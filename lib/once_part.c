// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A part of a one-shot call: in the 1401's memory if that holds it, else by a stream
 * that the caller's memory is filled from, or fills.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "once.h"
#include "stream.h"

#define PIECE		0x40000u	/* bytes fetched at once */
#define STORE_BYTES	0x80000u	/* what a stream to the DACs holds ahead is less */

/* ---------------------------------------------------------------- planning */

static int check(struct part *part)
{
	struct ced1401_signal *signal = part->signal;
	unsigned int limit = part->out ? DAC_CHANNELS : ADC_CHANNELS;
	int ret = channel_text(signal->channels, signal->n_channels, limit,
			       part->list, sizeof(part->list));

	signal->done = 0;
	signal->lost = 0;
	signal->true_rate = 0;
	memset(&signal->clock, 0, sizeof(signal->clock));
	if (ret)
		return ret;
	part->frame = signal->n_channels * (unsigned int)sizeof(int16_t);
	if (!signal->frames || !signal->samples ||
	    signal->frames > SIZE_MAX / part->frame ||
	    signal->flags & ~CED1401L_IN_TURN ||
	    signal->method < CED1401L_AUTO || signal->method > CED1401L_REQUEST)
		return -EINVAL;
	part->total = signal->frames;
	if (part->out && signal->repeats > 1) {
		if (signal->repeats > UINT32_MAX)
			return -EINVAL;
		part->total *= signal->repeats;
	}
	return 0;
}

/* ADCMEM has one conversion a tick, the others all of a frame */
static int choose_command(struct part *part)
{
	struct ced1401_signal *signal = part->signal;
	unsigned int conversions = 1;
	int ret = 0;

	if (part->out) {
		part->command = "MEMDAC";
	} else {
		if (signal->n_channels > 1 && !(signal->flags & CED1401L_IN_TURN))
			ret = ced1401_has_command(part->dev, "ADCBST");
		if (ret < 0)
			return ret;
		part->command = ret ? "ADCBST" : "ADCMEM";
		conversions = ret ? 1 : signal->n_channels;
	}
	ret = ced1401_clock_choose(signal->rate * conversions, &signal->clock);
	signal->true_rate = signal->clock.hz / conversions;
	return ret;
}

/* In the 1401's memory, if there is room. 0, or NOT_THERE: there is none */
static int plan_memory(struct part *part, uint32_t whole)
{
	uint64_t bytes = part->signal->frames * part->frame;
	int ret;

	if (bytes > whole)
		return NOT_THERE;
	/* What was sampled could not be fetched */
	if (!part->out && fifo_runs(part->dev))
		return CED1401L_E_FIFO;
	part->range.size = (uint32_t)bytes;
	if (range_take(part->dev, &part->range, whole)) {
		part->range.size = 0;
		return NOT_THERE;
	}
	ret = choose_command(part);
	if (!ret && part->out)
		ret = ced1401_write_memory(part->dev, part->range.address,
					   part->signal->samples,
					   (size_t)bytes);
	return ret;
}

/* Frames to move in one go: a ring at the most, so that others have their turn */
static size_t portion(const struct part *part)
{
	uint64_t left = part->signal->frames - part->stored;

	return (size_t)(left < part->stream->ring ? left : part->stream->ring);
}

/* As much as the ring has room for */
static int fill(struct part *part)
{
	size_t left = portion(part);
	int n;

	if (!left)
		return 0;
	n = ced1401_stream_write(part->stream, part->signal->samples +
				 part->stored * part->signal->n_channels, left, 0);
	if (n > 0)
		part->stored += (uint64_t)n;
	return n > 0 || n == -EAGAIN || n == -EINTR ? 0 : n ? n : -ESHUTDOWN;
}

static int try_stream(struct part *part, int method, bool triggered)
{
	struct ced1401_signal *signal = part->signal;
	struct ced1401_stream_config config = {
		.channels = signal->channels,
		.n_channels = signal->n_channels,
		.rate = signal->rate,
		.start = triggered ? CED1401L_ON_TRIGGER : CED1401L_NOW,
		.method = method,
		.flags = method == CED1401L_MEMORY ? signal->flags : 0,
	};

	return part->out ?
	       ced1401_stream_out(part->dev, &config, &part->stream) :
	       ced1401_stream_in(part->dev, &config, &part->stream);
}

/*
 * By a stream. What loses nothing on the way comes first; what samples in turn can be
 * done in the 1401's memory alone, and beside another stream the FIFO is no choice.
 */
static int plan_stream(struct part *part, const struct part *other, bool triggered)
{
	static const int order[] = {
		CED1401L_REQUEST, CED1401L_FIFO, CED1401L_MEMORY,
	};
	int wanted = part->signal->method, ret = NOT_THERE;
	struct ced1401_stream_info info;
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]) && ret == NOT_THERE; i++) {
		if (wanted != CED1401L_AUTO && wanted != order[i])
			continue;
		if (order[i] == CED1401L_MEMORY && part->out)
			continue;
		if (order[i] != CED1401L_MEMORY && part->signal->flags)
			continue;
		if (wanted == CED1401L_AUTO && order[i] == CED1401L_FIFO &&
		    other && other->stream)
			continue;
		if (order[i] == CED1401L_FIFO && part->out &&
		    part->total * part->frame < FIFO_LEAST)
			continue;
		/* A 1401 that waits for a block, not only the trigger, is silent */
		if (order[i] == CED1401L_REQUEST && part->out && triggered &&
		    part->total * part->frame <= STORE_BYTES)
			continue;
		ret = try_stream(part, order[i], triggered);
	}
	if (ret == NOT_THERE)
		return CED1401L_E_1401_FULL;
	if (ret)
		return ret;
	ced1401_stream_get_info(part->stream, &info);
	part->signal->clock = info.clock;
	part->signal->true_rate = info.true_rate;
	return part->out ? fill(part) : 0;
}

int part_plan(struct part *part, uint32_t whole, const struct part *other,
	      bool triggered)
{
	int ret = check(part);

	if (ret)
		return ret;
	ret = NOT_THERE;
	if (part->signal->method <= CED1401L_MEMORY)
		ret = plan_memory(part, whole);
	if (ret == NOT_THERE) {
		part->command = NULL;
		ret = part->total == part->signal->frames ?
		      plan_stream(part, other, triggered) : CED1401L_E_1401_FULL;
	}
	return ret;
}

/* ------------------------------------------------------------------ running */

int part_start(struct part *part, bool triggered)
{
	const struct ced1401_signal *signal = part->signal;
	struct ced1401_stream_info info;
	int ret;

	if (part->stream) {
		ret = ced1401_stream_start(part->stream);
		part->started = true;
		ced1401_stream_get_info(part->stream, &info);
		part->signal->method = info.method;
		return ret;
	}
	part->started = true;
	part->signal->method = CED1401L_MEMORY;
	return ced1401_command(part->dev, "%s,I,2,%u,%u,%s,%llu,%c%s,%u,%u;",
			       part->command, part->range.address,
			       part->range.size, part->list,
			       (unsigned long long)(part->total / signal->frames),
			       signal->clock.letter, triggered ? "T" : "",
			       signal->clock.pre, signal->clock.count);
}

/* A stream to the DACs: the 1401 has taken all that it can, and the ring is full */
bool part_ready(struct part *part)
{
	struct ced1401_stream_info info;
	uint64_t moved = part->moved;

	if (!part->stream || !part->out)
		return true;
	part_pump(part);
	ced1401_stream_get_info(part->stream, &info);
	part->moved = info.moved;
	return part->error || info.state == CED1401L_STREAM_ENDED ||
	       (info.moved && info.moved == moved &&
		info.released - info.moved > info.ring_frames / 2);
}

static int look_memory(struct part *part)
{
	long state, at;
	int ret = talk_ask(part->dev, &state, 1, "%s,?;", part->command);

	if (!ret)
		ret = talk_ask(part->dev, &at, 1, "%s,P;", part->command);
	if (ret)
		return ret;
	if (at < 0 || (unsigned long)at > part->range.size)
		return -EBADMSG;
	if ((uint32_t)at < part->round)
		part->rounds++;
	part->round = (uint32_t)at;
	part->moved = part->rounds * part->signal->frames +
		      part->round / part->frame;
	if (state < 0)
		return CED1401L_E_MISSED;
	part->over = !state;
	if (part->over && part->round == part->range.size)
		part->moved = part->total;
	/* Who stopped it? Not we */
	if (part->over && part->moved < part->total)
		return -ESHUTDOWN;
	if (part->moved > part->total)
		part->moved = part->total;
	if (part->over && part->out)
		part->stored = part->total;
	return 0;
}

/* Frames into the caller's memory */
static int take(struct part *part)
{
	struct ced1401_signal *signal = part->signal;
	struct ced1401_piece piece;
	size_t left = portion(part);
	int n;

	while (left) {
		n = ced1401_stream_read(part->stream, signal->samples +
					part->stored * signal->n_channels, left, 0,
					&piece);
		if (n == -EAGAIN || n == -EINTR)
			return 0;
		if (n <= 0)
			return n ? n : -ESHUTDOWN;
		if (piece.lost) {
			signal->lost += piece.lost;
			return CED1401L_E_LOST;
		}
		part->stored += (uint64_t)n;
		left -= (size_t)n;
	}
	return 0;
}

/* What comes when there is enough would fill the ring, and hold the 1401 up */
static void drop(struct part *part)
{
	struct ced1401_piece piece;
	int n = ced1401_stream_acquire(part->stream, &piece, 0, 0);

	if (n > 0)
		ced1401_stream_release(part->stream, (size_t)n);
}

static int give(struct part *part)
{
	int ret = fill(part);

	if (!ret && part->stored == part->signal->frames)
		ret = stream_push_end(part->stream);
	return ret == -EAGAIN || ret == -EINTR ? 0 : ret;
}

void part_pump(struct part *part)
{
	/* While it is started its lock is held, and we are called all the same */
	if (!part->stream || !part->started || part->error || part->over ||
	    part->stream->kind == &stream_memory)
		return;
	part->error = part->out ? give(part) : take(part);
	if (!part->out && part->stored == part->signal->frames)
		drop(part);
}

/* What comes to the host is to end; what the 1401 has lost by now */
static int stop_in(struct part *part, struct ced1401_stream_info *info)
{
	int ret = ced1401_stream_stop(part->stream);

	ced1401_stream_get_info(part->stream, info);
	part->signal->lost += info->lost_1401;
	return ret;
}

static int look_in(struct part *part)
{
	struct ced1401_signal *signal = part->signal;
	struct ced1401_stream_info info;
	int ret = part->error ? part->error : take(part);

	part->moved = part->stored;
	if (ret || part->stored < signal->frames)
		return ret;
	part->over = true;
	ret = stop_in(part, &info);
	if (!ret && info.error == CED1401L_E_MISSED)
		ret = info.error;	/* as it was asked for the last time */
	return ret ? ret : info.lost_1401 ? CED1401L_E_LOST : 0;
}

static int look_out(struct part *part)
{
	struct ced1401_stream_info info;
	int ret = part->error ? part->error : give(part);

	if (!ret && part->stored == part->signal->frames) {
		ret = ced1401_stream_drain(part->stream, 0);
		part->over = !ret;
		if (ret == -EAGAIN || ret == -EINTR)
			ret = 0;
	}
	ced1401_stream_get_info(part->stream, &info);
	part->moved = info.moved < part->total ? info.moved : part->total;
	if (ret || !part->over)
		return ret;
	part->moved = part->total;
	part->signal->lost = info.lost + info.lost_1401;
	return part->signal->lost ? CED1401L_E_LOST : 0;
}

int part_look(struct part *part)
{
	if (part->over)
		return 0;
	if (!part->stream)
		return look_memory(part);
	return part->out ? look_out(part) : look_in(part);
}

/* -------------------------------------------------------------------- ending */

int part_fetch(struct part *part)
{
	uint64_t left = (part->moved - part->stored) * part->frame;
	uint32_t n = left < PIECE ? (uint32_t)left : PIECE - PIECE % part->frame;
	uint32_t at = (uint32_t)(part->stored * part->frame);
	int ret;

	if (part->out || part->stream || !left)
		return 0;
	ret = ced1401_read_memory(part->dev, part->range.address + at,
				  (uint8_t *)part->signal->samples + at, n);
	if (ret)
		return ret;
	part->stored += n / part->frame;
	return 1;
}

int part_end(struct part *part, int result)
{
	struct ced1401_stream_info info;
	int ret = 0;

	/* What runs is stopped, and where it had come to is what is there */
	if (part->command && !part->over && part->started) {
		ret = look_memory(part);
		if (ret != -ENODEV && ret != -ESHUTDOWN)
			ced1401_command(part->dev, "%s,K;", part->command);
	}
	if (result == -ECANCELED) {
		do
			ret = part_fetch(part);
		while (ret > 0);
		if (part->stream && !part->out && part->started && !part->over)
			stop_in(part, &info);
	}
	ced1401_stream_close(part->stream);
	if (part->range.size)
		range_give(part->dev, &part->range);
	part->signal->done = part_done(part);
	/* While the other part talks to the 1401 it is to be pumped no more */
	part->stream = NULL;
	return ret;
}
