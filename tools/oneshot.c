// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sampling a sweep at a time, each begun by its own event, maybe with a file on the
 * DACs that begins at the same moment.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader.h"
#include "sampling.h"

#define EQUAL_RATES	0.000000001	/* in parts of the rate: but for rounding */

/**
 * struct shot - a sweep
 * @s:		the run
 * @in:		what is sampled
 * @out:	what is played
 * @start_ns:	CLOCK_MONOTONIC of its start; 0: not yet
 * @called_ns:	when it was asked for
 * @written:	frames that are in the file already
 * @grows:	the method is such that the file grows, rather than any
 * @torn:	it lost samples, and is not averaged
 * @error:	the file's
 */
struct shot {
	struct sampling *s;
	struct ced1401_signal in;
	struct ced1401_signal out;
	uint64_t start_ns;
	uint64_t called_ns;
	uint64_t written;
	bool grows;
	bool torn;
	int error;
};

/*
 * A 1401 without a command that converts all channels at a tick has them in turn, by clocks
 * of another true rate
 */
static void take_rate(struct shot *shot)
{
	struct sampling *s = shot->s;
	struct signal_about *about = &s->recording->about;
	char text[32];

	if (fabs(shot->in.true_rate / about->rate - 1) < EQUAL_RATES)
		return;
	about->rate = shot->in.true_rate;
	about->clock.letter = '\0';
	s->progress.rate = about->rate;
	say("this 1401 cannot sample the channels at once: they are sampled in turn, at %s",
	    format_rate(about->rate, text));
}

/* The sweep has begun: now, or as many frames ago as there are */
static void begun(struct shot *shot, uint64_t frames)
{
	uint64_t now = now_ns();
	double since;

	if (shot->start_ns)
		return;
	take_rate(shot);
	since = (double)frames / shot->s->recording->about.rate * 1e9;
	shot->start_ns = shot->called_ns;
	if ((double)(now - shot->called_ns) > since)
		shot->start_ns = now - (uint64_t)since;
	shot->error = sampling_begin_sweep(shot->s, shot->start_ns);
}

/* What has come of the sweep, into the file; before its first frame what began it */
static void write_more(struct shot *shot, uint64_t frames)
{
	const struct options *o = shot->s->options;
	const unsigned int n = shot->in.n_channels;

	if (shot->error || frames <= shot->written)
		return;
	if (!shot->written && o->trigger != TRIGGER_NOW && !o->average)
		shot->error = recording_mark(shot->s->recording, 0, "trigger");
	if (!shot->error)
		shot->error = sampling_take(shot->s,
					    shot->in.samples + shot->written * n,
					    (size_t)(frames - shot->written));
	shot->written = frames;
	if (!shot->error)
		shot->error = recording_tick(shot->s->recording);
}

static int tell(void *user, int phase, uint64_t in_frames, uint64_t out_frames)
{
	struct shot *shot = user;
	struct sampling *s = shot->s;

	(void)out_frames;
	if (phase == CED1401L_ARMED) {
		progress_say(&s->progress, s->options->trigger == TRIGGER_NOW ?
			     "begins" : "waits for the trigger");
	} else {
		begun(shot, in_frames);
		/* what is final of it: a file that grows */
		write_more(shot, shot->in.done);
		progress_show(&s->progress, s->done * s->frames + in_frames,
			      s->recording->lost);
	}
	return signals_asked() || shot->error;
}

static int wait_level(void *user, int phase, uint64_t in_frames, uint64_t out_frames)
{
	struct sampling *s = user;

	(void)phase;
	(void)in_frames;
	(void)out_frames;
	progress_say(&s->progress, "waits for the level");
	return signals_asked();
}

static int level_comes(struct sampling *s)
{
	const struct options *o = s->options;
	const struct ced1401_level level = {
		.channel = o->level.input,
		.level = o->level.sample,
		.falling = o->level.falling,
		.timeout_ms = to_ms(o->timeout),
		.progress = wait_level,
		.user = s,
	};

	return ced1401_wait_level(s->device, &level);
}

/*
 * What is longer comes by blocks, so that a program that is killed leaves what came: the
 * other methods have the sweep in the 1401's memory until it is over, or may lose some.
 * An average is not written before.
 */
static void choose_method(struct shot *shot)
{
	const struct sampling *s = shot->s;
	const struct options *o = s->options;

	shot->in.method = o->method;
	shot->grows = o->method == CED1401L_AUTO && !o->in_turn && !o->average &&
		(double)s->frames / s->recording->about.rate > FAST_SECONDS;
	if (shot->grows)
		shot->in.method = CED1401L_REQUEST;
}

static int sample(struct shot *shot, const struct ced1401_when *when)
{
	ced1401_device *device = shot->s->device;

	return shot->s->file_play ?
		ced1401_capture_play(device, &shot->in, &shot->out, when) :
		ced1401_capture(device, &shot->in, when);
}

/*
 * Where the ring lost samples the sweep ends before them. What the 1401 lost it tells at the
 * end, without the place.
 */
static void tell_lost(struct shot *shot, bool placed)
{
	unsigned long long lost = shot->in.lost, done = shot->in.done;
	int ret = recording_lose(shot->s->recording, lost, 0);

	if (!shot->error)
		shot->error = ret;
	if (placed)
		say("%llu samples were lost after the first %llu, which are in the file",
		    lost, done);
	else
		say("the 1401 lost %llu samples, and does not tell where: the times of those behind are wrong",
		    lost);
}

/*
 * It is the end of a file; of an average it is the end of this sweep alone. What the DACs
 * had too late is none of the file's samples.
 */
static int lose(struct shot *shot)
{
	struct sampling *s = shot->s;

	if (shot->out.lost)
		say("the DACs held a value for %llu samples, as the next came too late",
		    (unsigned long long)shot->out.lost);
	if (s->options->average) {
		if (shot->in.lost)
			recording_note_loss(s->recording, shot->in.done, shot->in.lost);
		average_drop(&s->average);
		shot->torn = true;
		return 0;
	}
	if (shot->in.lost)
		tell_lost(shot, shot->in.done < s->frames);
	return CED1401L_E_LOST;
}

static int take_shot(struct shot *shot)
{
	struct sampling *s = shot->s;
	const struct options *o = s->options;
	const struct ced1401_when when = {
		.start = o->trigger == TRIGGER_EXT ? CED1401L_ON_TRIGGER : CED1401L_NOW,
		.trigger_ms = to_ms(o->timeout),
		.progress = tell,
		.user = shot,
	};
	int ret = 0;

	shot->torn = false;
	shot->start_ns = 0;
	shot->written = 0;
	shot->in.done = 0;
	shot->in.lost = 0;
	if (o->trigger == TRIGGER_LEVEL)
		ret = level_comes(s);
	shot->called_ns = now_ns();
	if (!ret)
		ret = sample(shot, &when);
	/* a 1401 that has no such blocks, or no room for them, has not begun */
	if (ret == CED1401L_E_1401_FULL && shot->grows) {
		shot->grows = false;
		shot->in.method = CED1401L_AUTO;
		ret = sample(shot, &when);
	}
	/* what is whole is written, however it ended */
	if (shot->in.done || ret == CED1401L_E_LOST)
		begun(shot, shot->in.done);
	write_more(shot, shot->in.done);
	if (ret == CED1401L_E_LOST)
		return lose(shot);
	/* the user stopped it: until then the 1401 may have lost some */
	if (shot->in.lost && shot->written && !o->average)
		tell_lost(shot, false);
	return ret;
}

/* Until the next sweep is due, or the user stops it */
static void pause_until(uint64_t ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(ns / SECOND_NS),
		.tv_nsec = (long)(ns % SECOND_NS),
	};

	while (!signals_asked() &&
	       clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static void prepare(struct shot *shot)
{
	struct sampling *s = shot->s;
	const struct options *o = s->options;

	shot->in.channels = o->inputs;
	shot->in.n_channels = o->n_inputs;
	shot->in.flags = o->in_turn ? CED1401L_IN_TURN : 0;
	shot->in.rate = o->rate;
	shot->in.frames = s->frames;
	choose_method(shot);
	shot->in.samples = must_alloc((size_t)s->frames * o->n_inputs, sizeof(int16_t));
	if (!s->file_play)
		return;
	shot->out.channels = o->dacs;
	shot->out.n_channels = s->file_play->n;
	shot->out.rate = o->rate;
	shot->out.frames = s->file_play->frames;
	shot->out.samples = s->file_play->samples;
	/* --method is for what is sampled: not every one of them does for a short file */
	shot->out.method = CED1401L_AUTO;
}

/* How a sweep that failed ends the run */
static int code_of(struct shot *shot, int ret)
{
	struct sampling *s = shot->s;

	if (shot->error)
		return EXIT_FILE;
	if (ret == -ECANCELED || ret == -EINTR)
		return EXIT_SIGNAL;
	if (ret == -ETIMEDOUT && !shot->start_ns && s->options->trigger != TRIGGER_NOW) {
		say("the trigger did not come in time");
		return EXIT_TIMEOUT;
	}
	return failed(s->device, ret, "capture");
}

int sampling_oneshot(struct sampling *s)
{
	struct shot shot = { .s = s };
	uint64_t next = now_ns();
	int ret = 0, code = EXIT_OK;

	sampling_about(s);
	prepare(&shot);
	progress_begin(&s->progress, s->options, "capture");
	while (!ret && s->done < s->sweeps && !signals_asked()) {
		if (s->options->interval > 0)
			pause_until(next);
		if (signals_asked())
			break;
		ret = take_shot(&shot);
		next = shot.start_ns + (uint64_t)ceil(s->options->interval * 1e9);
		if (!ret)
			ret = shot.error;
		if (!ret && !shot.torn)
			ret = sampling_end_sweep(s);
	}
	progress_end(&s->progress, s->done ? s->done * s->frames : shot.written,
		     s->recording->lost);
	if (ret)
		code = code_of(&shot, ret);
	else if (s->done < s->sweeps)
		code = EXIT_SIGNAL;
	free(shot.in.samples);
	return code;
}
