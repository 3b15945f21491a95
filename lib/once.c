// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One-shot sampling and playing, and waiting for a level. once.h tells of the parts.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "once.h"

#define TELL_MS		100	/* between calls of the caller's function */
#define SETTLE_MS	5	/* a stream that moves nothing in that has all it takes */
#define LEVEL_RATE	10000.0
#define STALL_FRAMES	8	/* no clock stands still for so many ticks */
#define SEEN_S		1	/* who repeats so long a part is seen to get on with it */

/**
 * struct shot - a one-shot call
 * @dev:	the session
 * @parts:	what is sampled, what is played; signal NULL: not
 * @when:	the caller's
 * @triggered:	the clocks wait
 * @phase:	CED1401L_ARMED ...
 * @begun:	when it was armed, ns
 * @moved:	frames of both parts as of the last look
 * @moved_at:	when that changed last
 */
struct shot {
	ced1401_device *dev;
	struct part parts[2];
	struct ced1401_when when;
	bool triggered;
	int phase;
	uint64_t begun;
	uint64_t moved;
	uint64_t moved_at;
};

/* One after the other, NULL before the first and behind the last */
static struct part *next_part(struct shot *shot, struct part *part)
{
	part = part ? part + 1 : shot->parts;
	while (part < shot->parts + 2 && !part->signal)
		part++;
	return part < shot->parts + 2 ? part : NULL;
}

static int tell(struct shot *shot)
{
	struct part *part;

	for (part = next_part(shot, NULL); part; part = next_part(shot, part))
		part->signal->done = part_done(part);
	if (shot->when.progress &&
	    shot->when.progress(shot->when.user, shot->phase,
				shot->parts[0].signal ? shot->parts[0].moved : 0,
				shot->parts[1].signal ? shot->parts[1].moved : 0))
		return -ECANCELED;
	return 0;
}

/* ------------------------------------------------------------------- before */

static int plan(struct shot *shot)
{
	struct part *part, *out = &shot->parts[1], *in = &shot->parts[0];
	uint32_t whole = 0;
	int ret;

	for (part = next_part(shot, NULL); part; part = next_part(shot, part))
		part->dev = shot->dev;
	out->out = true;
	ret = ced1401_memory_size(shot->dev, &whole);
	/* What is played first: it is loaded while nothing runs */
	if (!ret && out->signal)
		ret = part_plan(out, whole, NULL, shot->triggered);
	if (!ret && in->signal)
		ret = part_plan(in, whole, out->signal ? out : NULL,
				shot->triggered);
	return ret;
}

/* While the 1401 has no time to reply, because it waits for data or for room */
static void serve(void *user)
{
	struct shot *shot = user;
	struct part *part;

	for (part = next_part(shot, NULL); part; part = next_part(shot, part))
		part_pump(part);
}

/* Both wait for the trigger, and could go: one command starts them */
static int fire(struct shot *shot)
{
	const struct timespec pause = { .tv_nsec = SETTLE_MS * (long)MS_NS };
	uint64_t deadline = deadline_after(device_timeout(shot->dev));
	struct part *part;

	for (part = next_part(shot, NULL); part; part = next_part(shot, part)) {
		while (!part_ready(part)) {
			if (deadline && !ms_until(deadline))
				return -ETIMEDOUT;
			nanosleep(&pause, NULL);
		}
	}
	return ced1401_clocks_start(shot->dev);
}

/*
 * Two clocks are to start at the same moment, and a pulse of the trigger input may come at
 * any: it starts none before both wait.
 */
static int start_parts(struct shot *shot)
{
	bool both = shot->triggered && shot->parts[0].signal && shot->parts[1].signal;
	struct part *part;
	int ret = both ? ced1401_command(shot->dev, "CLKEVT,K;") : 0, ready;

	for (part = next_part(shot, NULL); part; part = next_part(shot, part)) {
		if (!ret)
			ret = part_start(part, shot->triggered);
	}
	if (!both)
		return ret;
	ready = ced1401_command(shot->dev, "CLKEVT,A;");
	return ret ? ret : ready;
}

static int start(struct shot *shot)
{
	int ret = start_parts(shot);

	shot->begun = now_ns();
	shot->moved_at = shot->begun;
	shot->phase = CED1401L_RUNNING;
	if (!ret && shot->triggered && shot->when.start == CED1401L_NOW)
		ret = fire(shot);
	else if (shot->triggered)
		shot->phase = CED1401L_ARMED;
	return ret ? ret : tell(shot);
}

/* ------------------------------------------------------------------- running */

static bool has_moved(struct shot *shot)
{
	struct part *part;
	bool moved = false;

	/* A stream to the DACs asks ahead of the trigger */
	for (part = next_part(shot, NULL); part; part = next_part(shot, part))
		moved |= part->moved && !(part->out && part->stream);
	return moved;
}

/* Armed: has the trigger come? */
static int look_for_trigger(struct shot *shot)
{
	int ret = has_moved(shot) ? 0 : ced1401_clocks_waiting(shot->dev);

	if (ret < 0)
		return ret;
	if (!ret) {
		shot->phase = CED1401L_RUNNING;
		shot->moved_at = now_ns();
		return tell(shot);
	}
	if (shot->when.trigger_ms > 0 && now_ns() - shot->begun >
	    (uint64_t)shot->when.trigger_ms * MS_NS)
		return -ETIMEDOUT;
	return 0;
}

/*
 * For how many seconds what is repeated may seem to stand still: P tells where in the
 * memory it is, which is always the same of one frame, and can be at each look if it goes
 * round faster than that. Then all that is known is when it should be over.
 */
static double unseen(const struct part *part)
{
	const struct ced1401_signal *signal = part->signal;

	if (part->stream || part->total == signal->frames ||
	    (signal->frames > 1 &&
	     (double)signal->frames > SEEN_S * signal->true_rate))
		return 0;
	return (double)part->total / signal->true_rate;
}

/* A clock that stands still is not worth waiting for */
static int check_stall(struct shot *shot)
{
	int ms = device_timeout(shot->dev);
	double slowest = 0, longest = 0, limit;
	uint64_t moved = 0, now = now_ns();
	struct part *part;

	for (part = next_part(shot, NULL); part; part = next_part(shot, part)) {
		/* What a stream played is known by its blocks alone */
		if (part->out && part->stored == part->signal->frames &&
		    part->stream)
			return 0;
		moved += part->moved;
		if (1 / part->signal->true_rate > slowest)
			slowest = 1 / part->signal->true_rate;
		if (unseen(part) > longest)
			longest = unseen(part);
	}
	if (moved != shot->moved) {
		shot->moved = moved;
		shot->moved_at = now;
	}
	limit = (double)ms / 1e3 + STALL_FRAMES * slowest + longest;
	return ms >= 0 && (double)(now - shot->moved_at) / 1e9 > limit ?
	       -ETIMEDOUT : 0;
}

/* Until a stream is ready, or what runs in memory should be done */
static void rest(struct shot *shot)
{
	struct pollfd streams[2];
	nfds_t n = 0;
	uint64_t longest = TELL_MS * MS_NS, ns = 0;
	struct timespec t;
	struct part *part;

	for (part = next_part(shot, NULL); part; part = next_part(shot, part)) {
		double left = (double)(part->total - part->moved) /
			      part->signal->true_rate * 1e9;

		if (part->over)
			continue;
		if (part->stream && !(part->out &&
				      part->stored == part->signal->frames)) {
			streams[n].fd = ced1401_stream_fd(part->stream);
			streams[n++].events = POLLIN;
		}
		if (left > (double)ns)
			ns = left < (double)longest ? (uint64_t)left : longest;
	}
	if (shot->phase == CED1401L_ARMED)
		ns = longest / 4;
	if (ns < MS_NS)
		ns = MS_NS;
	t.tv_sec = 0;
	t.tv_nsec = (long)ns;
	ppoll(streams, n, &t, NULL);
}

static int run(struct shot *shot)
{
	uint64_t told = now_ns();
	struct part *part;
	bool over;
	int ret;

	for (;;) {
		over = true;
		ret = 0;
		for (part = next_part(shot, NULL); part; part = next_part(shot, part)) {
			if (!ret)
				ret = part_look(part);
			over &= part->over;
		}
		if (!ret && shot->phase == CED1401L_ARMED)
			ret = look_for_trigger(shot);
		if (ret || over)
			return ret;
		if (shot->phase != CED1401L_ARMED)
			ret = check_stall(shot);
		if (!ret && now_ns() - told >= TELL_MS * MS_NS / 2) {
			told = now_ns();
			ret = tell(shot);
		}
		if (ret)
			return ret;
		rest(shot);
	}
}

static int fetch(struct shot *shot)
{
	struct part *part = &shot->parts[0];
	int ret = 1;

	if (!part->signal || part->stream)
		return 0;
	shot->phase = CED1401L_FETCHING;
	while (ret > 0) {
		ret = tell(shot);
		if (!ret)
			ret = part_fetch(part);
	}
	return ret;
}

static int shoot(ced1401_device *dev, struct ced1401_signal *in,
		 struct ced1401_signal *out, const struct ced1401_when *when)
{
	struct shot shot = { .dev = dev };
	unsigned int i;
	bool served;
	int ret;

	if (when)
		shot.when = *when;
	if (shot.when.start != CED1401L_NOW &&
	    shot.when.start != CED1401L_ON_TRIGGER)
		return -EINVAL;
	shot.parts[0].signal = in;
	shot.parts[1].signal = out;
	shot.triggered = shot.when.start == CED1401L_ON_TRIGGER || (in && out);
	ret = plan(&shot);
	served = !ret && !talk_set_serve(dev, serve, &shot);
	if (!ret)
		ret = start(&shot);
	if (!ret)
		ret = run(&shot);
	if (!ret)
		ret = fetch(&shot);
	/* The output first: while it has the DMA channel, no input can be fetched */
	for (i = 2; i--;) {
		if (shot.parts[i].signal)
			part_end(&shot.parts[i], ret);
	}
	if (served)
		talk_set_serve(dev, NULL, NULL);
	return ret;
}

int ced1401_capture(ced1401_device *device, struct ced1401_signal *in,
		    const struct ced1401_when *when)
{
	return in ? shoot(device, in, NULL, when) : -EINVAL;
}

int ced1401_play(ced1401_device *device, struct ced1401_signal *out,
		 const struct ced1401_when *when)
{
	return out ? shoot(device, NULL, out, when) : -EINVAL;
}

int ced1401_capture_play(ced1401_device *device, struct ced1401_signal *in,
			 struct ced1401_signal *out,
			 const struct ced1401_when *when)
{
	return in && out ? shoot(device, in, out, when) : -EINVAL;
}

/* ------------------------------------------------------------------ a level */

/* Whether the samples cross it; @side: where the one before was, -1, 0 (unknown), 1 */
static bool crosses(const struct ced1401_level *level, const int16_t *samples,
		    size_t n, int *side)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int here = level->falling ?
			   (samples[i] > level->level ? -1 : 1) :
			   (samples[i] < level->level ? -1 : 1);

		if (*side < 0 && here > 0)
			return true;
		*side = here;
	}
	return false;
}

static int watch(ced1401_stream *stream, const struct ced1401_level *level)
{
	uint64_t deadline = level->timeout_ms > 0 ?
			    deadline_after(level->timeout_ms) : 0;
	struct ced1401_piece piece = { 0 };
	bool crossed = false;
	int side = 0, n;

	while (!crossed) {
		n = ced1401_stream_acquire(stream, &piece, 0, TELL_MS);
		if (n > 0) {
			/* What was lost may have crossed it: begin anew */
			if (piece.lost)
				side = 0;
			crossed = crosses(level, piece.samples, (size_t)n, &side);
			ced1401_stream_release(stream, (size_t)n);
		} else if (n != -ETIMEDOUT && n != -EINTR) {
			return n ? n : -ESHUTDOWN;
		}
		if (!crossed && deadline && !ms_until(deadline))
			return -ETIMEDOUT;
		if (!crossed && level->progress &&
		    level->progress(level->user, CED1401L_ARMED, piece.position, 0))
			return -ECANCELED;
	}
	return 0;
}

int ced1401_wait_level(ced1401_device *device, const struct ced1401_level *level)
{
	struct ced1401_stream_config config = {
		.channels = &level->channel,
		.n_channels = 1,
		.rate = level->rate > 0 ? level->rate : LEVEL_RATE,
	};
	ced1401_stream *stream;
	int ret = ced1401_stream_in(device, &config, &stream);

	if (!ret)
		ret = ced1401_stream_start(stream);
	if (!ret)
		ret = watch(stream, level);
	ced1401_stream_close(stream);
	return ret;
}
