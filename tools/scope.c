// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ced1401 scope: a live oscilloscope. The stream goes into a ring, the trigger is
 * looked for there, and the frames around it go to the screen.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scope.h"

#define DEFAULT_RATE	1000.0
#define HISTORY		(2u << 20)	/* samples that are kept */
#define READ_SAMPLES	(32u << 10)
#define DRAW_NS		(SECOND_NS / 15)
#define WAIT_MS		30
#define AUTO_NS		(SECOND_NS / 2)	/* so long without trigger: show what there is */

uint64_t scope_frames(const struct scope *s)
{
	return (uint64_t)llround(s->timebase * DIVISIONS * s->rate);
}

double scope_step(double value, bool larger)
{
	double decade = pow(10, floor(log10(value) + 0.000001));
	double digit = round(value / decade);

	if (larger)
		return decade * (digit < 2 ? 2 : digit < 5 ? 5 : 10);
	return digit <= 1 ? decade / 2 : decade * (digit <= 2 ? 1 : digit <= 5 ? 2 : 5);
}

static const int16_t *frame(const struct scope *s, uint64_t at)
{
	return s->history + at % s->room * s->n;
}

static double units(const struct scope *s, unsigned int c, int16_t sample)
{
	return channel_units(scope_channel(s, c), sample);
}

/* ---------------------------------------------------------------------- sweeps */

static void show(struct scope *s, uint64_t first, uint64_t frames, int64_t pre)
{
	uint64_t i;

	for (i = 0; i < frames; i++)
		memcpy(s->sweep + i * s->n, frame(s, first + i), s->n * sizeof(*s->sweep));
	s->sweep_frames = frames;
	s->sweep_pre = pre;
	s->shown_ns = now_ns();
	s->dirty = true;
	if (s->single) {
		s->single = false;
		s->hold = true;
	}
}

static bool crosses(const struct scope *s, uint64_t at)
{
	double before = units(s, s->trigger_at, frame(s, at - 1)[s->trigger_at]);
	double now = units(s, s->trigger_at, frame(s, at)[s->trigger_at]);

	return s->falling ? before > s->level && now <= s->level :
		before < s->level && now >= s->level;
}

/* The next trigger that has enough before it, in what came since the last look */
static void find_trigger(struct scope *s, uint64_t pre)
{
	uint64_t first = s->end > s->room ? s->end - s->room : 0;

	if (s->searched < first + pre + 1)
		s->searched = first + pre + 1;
	for (; s->searched < s->end && !s->pending; s->searched++) {
		if (crosses(s, s->searched)) {
			s->pending = true;
			s->triggered = s->searched;
		}
	}
}

static void look(struct scope *s)
{
	uint64_t frames = scope_frames(s), pre = frames * PRE_DIVISIONS / DIVISIONS;
	uint64_t first = s->end > s->room ? s->end - s->room : 0;
	uint64_t now = now_ns();

	if (s->hold)
		return;
	if (s->mode != MODE_FREE) {
		if (!s->pending)
			find_trigger(s, pre);
		/* not, if it is so long ago that its beginning is gone */
		if (s->pending && s->triggered < first + pre)
			s->pending = false;
		if (s->pending && s->end >= s->triggered - pre + frames) {
			if (now - s->shown_ns >= DRAW_NS || s->single)
				show(s, s->triggered - pre, frames, (int64_t)pre);
			s->searched = s->triggered - pre + frames;
			s->pending = false;
			return;
		}
	}
	if (s->mode == MODE_NORMAL || s->single || now - s->shown_ns < DRAW_NS)
		return;
	if (s->mode == MODE_AUTO &&
	    (s->pending || (double)(now - s->shown_ns) < AUTO_NS +
	     (s->sweep_pre < 0 ? 0 : s->timebase * DIVISIONS * 1e9)) && s->sweep_pre >= 0)
		return;
	if (s->end > first)
		show(s, s->end - first < frames ? first : s->end - frames,
		     s->end - first < frames ? s->end - first : frames, -1);
}

/* ---------------------------------------------------------------------- the stream */

static void take(struct scope *s, const int16_t *samples, size_t n)
{
	while (n) {
		size_t at = (size_t)(s->end % s->room), part = (size_t)s->room - at;

		if (part > n)
			part = n;
		memcpy(s->history + at * s->n, samples, part * s->n * sizeof(*samples));
		s->end += part;
		samples += part * s->n;
		n -= part;
	}
}

/* After a gap what was before it belongs to no sweep any more */
static void gap(struct scope *s, uint64_t frames)
{
	s->lost += frames;
	s->pending = false;
	if (s->searched < s->end + 1)
		s->searched = s->end + 1;
}

static int run(struct scope *s, uint64_t ring_frames)
{
	size_t room = READ_SAMPLES / s->n < ring_frames / 8 ? READ_SAMPLES / s->n :
		(size_t)(ring_frames / 8) + 1;
	int16_t *samples = must_alloc(room * s->n, sizeof(*samples));
	uint64_t drawn = 0;
	int ret = 0, key;

	while (!s->quit && !signals_asked()) {
		struct ced1401_piece piece = { 0 };

		ret = ced1401_stream_read(s->stream, samples, room, WAIT_MS, &piece);
		if (ret > 0) {
			if (piece.lost)
				gap(s, piece.lost);
			take(s, samples, (size_t)ret);
			look(s);
		} else if (ret != -ETIMEDOUT && ret != -EAGAIN && ret != -EINTR) {
			break;
		}
		ret = 0;
		while ((key = scope_view_key()) >= 0) {
			scope_key(s, key);
			s->dirty = true;
		}
		if (s->dirty && now_ns() - drawn >= DRAW_NS) {
			drawn = now_ns();
			s->dirty = false;
			scope_view_draw(s);
		}
	}
	free(samples);
	return ret;
}

/* ----------------------------------------------------------------------- the start */

static void configure(struct scope *s)
{
	const struct options *o = s->o;
	unsigned int c;

	s->n = o->n_inputs;
	s->room = HISTORY / s->n;
	s->history = must_alloc((size_t)s->room * s->n, sizeof(*s->history));
	s->sweep = must_alloc((size_t)s->room * s->n, sizeof(*s->sweep));
	s->timebase = o->timebase > 0 ? o->timebase : scope_step(20 / s->rate, true);
	if (s->timebase * DIVISIONS * s->rate > (double)s->room)
		die(EXIT_USAGE, "--time-base: so long a sweep does not fit; choose a lower --rate");
	if (scope_frames(s) < MIN_FRAMES)
		die(EXIT_USAGE, "--time-base: fewer than %d samples in a sweep; choose a higher --rate",
		    MIN_FRAMES);
	for (c = 0; c < s->n; c++) {
		const struct ced1401_channel *channel = scope_channel(s, c);
		double full = fabs(channel_scale(channel)) * channel_full_scale(channel);

		/* all of it on the screen, around the value of 0 V */
		s->range[c] = o->range > 0 ? o->range :
			scope_step(full * 2 / LANE_DIVISIONS * 0.999, true);
		if (o->range <= 0)
			s->position[c] = -channel->offset / s->range[c];
		if (o->level.given && o->inputs[c] == o->level.input)
			s->trigger_at = c;
	}
	s->cursor_at[0] = 0.25;
	s->cursor_at[1] = 0.75;
	s->sweep_pre = -1;
	if (!o->level.given)
		return;
	if (o->inputs[s->trigger_at] != o->level.input)
		die(EXIT_USAGE, "--level: input %u is no input of --channels", o->level.input);
	s->level = units(s, s->trigger_at, o->level.sample);
	s->falling = o->level.falling;
	if (o->trigger == TRIGGER_LEVEL)
		s->mode = MODE_NORMAL;
}

int scope_run(struct options *o)
{
	struct ced1401_stream_config config = {
		.channels = o->inputs,
		.n_channels = o->n_inputs,
		.rate = o->rate > 0 ? o->rate : DEFAULT_RATE,
		.start = o->trigger == TRIGGER_EXT ? CED1401L_ON_TRIGGER : CED1401L_NOW,
		.method = o->method,
	};
	struct scope *s = must_alloc(1, sizeof(*s));
	struct ced1401_stream_info info;
	int ret, code = EXIT_OK;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		die(EXIT_USAGE, "scope needs a terminal; use capture --plot for a picture");
	s->o = o;
	s->device = device_open(o, 0);
	ret = ced1401_stream_in(s->device, &config, &s->stream);
	if (ret)
		exit(failed(s->device, ret, "the stream"));
	ced1401_stream_get_info(s->stream, &info);
	s->rate = info.true_rate;
	configure(s);
	signals_catch();
	ret = ced1401_stream_start(s->stream);
	if (!ret) {
		scope_view_begin();
		s->dirty = true;
		ret = run(s, info.ring_frames);
		scope_view_end();
	}
	if (ret < 0)
		code = failed(s->device, ret, "the stream");
	ced1401_stream_close(s->stream);
	ced1401_close(s->device);
	free(s->history);
	free(s->sweep);
	free(s);
	return code;
}
