// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ced1401 play: a file on the DACs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "reader.h"

#define ONCE_BYTES	(512u << 10)	/* what surely fits into the 1401's memory */
#define WAIT_MS		100

/* A run of play */
struct run {
	struct options *o;
	ced1401_device *device;
	struct playing file;
	struct progress progress;
	uint64_t total;		/* frames, all repeats; 0: without end */
	uint64_t played;
	uint64_t late;		/* frames that the DACs waited for */
	double rate;
};

static int tell(void *user, int phase, uint64_t in_frames, uint64_t out_frames)
{
	struct run *run = user;

	(void)in_frames;
	run->played = out_frames;
	if (phase == CED1401L_ARMED)
		progress_say(&run->progress, "waits for the trigger");
	else
		progress_show(&run->progress, out_frames, 0);
	return signals_asked();
}

static int wait_level(struct run *run)
{
	const struct options *o = run->o;
	const struct ced1401_level level = {
		.channel = o->level.input,
		.level = o->level.sample,
		.falling = o->level.falling,
		.timeout_ms = to_ms(o->timeout),
		.progress = tell,
		.user = run,
	};

	progress_say(&run->progress, "waits for the level");
	return ced1401_wait_level(run->device, &level);
}

/* What the 1401's memory holds */
static int play_once(struct run *run, int start)
{
	const struct options *o = run->o;
	struct ced1401_signal out = {
		.channels = o->dacs,
		.n_channels = run->file.n,
		.rate = o->rate,
		.frames = run->file.frames,
		.samples = run->file.samples,
		.repeats = o->repeat,
		.method = o->method,
	};
	const struct ced1401_when when = {
		.start = start,
		.trigger_ms = to_ms(o->timeout),
		.progress = tell,
		.user = run,
	};
	int ret = ced1401_play(run->device, &out, &when);

	run->played = out.done;
	run->late = out.lost;
	run->rate = out.true_rate;
	return ret;
}

/* The next frames, round and round; NULL: there are no more */
static const int16_t *next_frames(struct run *run, uint64_t sent, size_t *n)
{
	uint64_t at = sent % run->file.frames, left = run->file.frames - at;

	if (run->total && sent == run->total)
		return NULL;
	*n = left < 65536 ? (size_t)left : 65536;
	return run->file.samples + at * run->file.n;
}

static bool waits_for_trigger(const struct run *run)
{
	return run->o->trigger == TRIGGER_EXT && ced1401_clocks_waiting(run->device) > 0;
}

/* How far it is, on the progress line; negative: it is to end */
static int follow(struct run *run, ced1401_stream *stream, uint64_t begun)
{
	struct ced1401_stream_info info;

	ced1401_stream_get_info(stream, &info);
	run->played = info.moved;
	if (!info.moved && run->o->trigger == TRIGGER_EXT)
		progress_say(&run->progress, "waits for the trigger");
	else
		progress_show(&run->progress, info.moved, info.lost + info.lost_1401);
	if (signals_asked())
		return -ECANCELED;
	if (run->o->timeout > 0 && (double)(now_ns() - begun) > run->o->timeout * 1e9 &&
	    waits_for_trigger(run))
		return -ETIMEDOUT;
	return 0;
}

static bool goes_on(int ret)
{
	return ret >= 0 || ret == -ETIMEDOUT || ret == -EAGAIN || ret == -EINTR;
}

static int feed(struct run *run, ced1401_stream *stream)
{
	uint64_t sent = 0, begun = now_ns();
	const int16_t *samples;
	bool started = false;
	int ret = 0, took;
	size_t n;

	while (!ret && (samples = next_frames(run, sent, &n))) {
		took = ced1401_stream_write(stream, samples, n, started ? WAIT_MS : 0);
		if (!goes_on(took))
			return took;
		if (took > 0)
			sent += (uint64_t)took;
		/* the ring is full: now it may begin */
		if (!started && took < (int)n) {
			ret = ced1401_stream_start(stream);
			started = true;
		}
		if (!ret && started)
			ret = follow(run, stream, begun);
	}
	if (!ret && !started)
		ret = ced1401_stream_start(stream);
	while (!ret) {
		took = ced1401_stream_drain(stream, WAIT_MS);
		if (!took)
			break;
		ret = goes_on(took) ? follow(run, stream, begun) : took;
	}
	return ret;
}

static int play_stream(struct run *run, int start)
{
	const struct options *o = run->o;
	const struct ced1401_stream_config config = {
		.channels = o->dacs,
		.n_channels = run->file.n,
		.rate = o->rate,
		.start = start,
		.method = o->method,
	};
	struct ced1401_stream_info info;
	ced1401_stream *stream;
	int ret;

	ret = ced1401_stream_out(run->device, &config, &stream);
	if (ret)
		return ret;
	ret = feed(run, stream);
	ced1401_stream_get_info(stream, &info);
	run->rate = info.true_rate;
	run->late = info.lost + info.lost_1401;
	if (!ret)
		run->played = run->total;
	/* What the 1401 took before the trigger has not been played */
	if ((ret == -ECANCELED || ret == -ETIMEDOUT) && waits_for_trigger(run))
		run->played = 0;
	ced1401_stream_close(stream);
	if (!ret && run->late)
		ret = CED1401L_E_LOST;
	return ret;
}

static int code_of(struct run *run, int ret)
{
	uint32_t memory;

	if (!ret)
		return EXIT_OK;
	if (ret == -ECANCELED || ret == -EINTR)
		return run->total ? EXIT_SIGNAL : EXIT_OK;
	if (ret == -ETIMEDOUT && run->o->trigger != TRIGGER_NOW && !run->played) {
		say("the trigger did not come in time");
		return EXIT_TIMEOUT;
	}
	if (ret == CED1401L_E_1401_FULL && run->o->method == CED1401L_MEMORY &&
	    !ced1401_memory_size(run->device, &memory)) {
		say("%s: --method memory holds %u KiB of samples in this 1401, and these are %.6g KiB: leave it out",
		    run->o->arguments[0], memory / 1024,
		    (double)run->file.frames * run->file.n * sizeof(int16_t) / 1024);
		return EXIT_1401;
	}
	return failed(run->device, ret, "play");
}

static void tell_end(const struct run *run, int code)
{
	char a[32], b[32];

	if (run->o->json) {
		json_out(json_pack("{s:o, s:I, s:i, s:f, s:I, s:s}", "file",
				   json_text(run->o->arguments[0]), "samples",
				   (json_int_t)run->played, "channels", (int)run->file.n,
				   "rate", run->rate, "lost", (json_int_t)run->late,
				   "ended", code == EXIT_OK ? "done" :
				   code == EXIT_SIGNAL ? "stopped" : "error"));
	} else if (!run->o->quiet && run->rate > 0) {
		fprintf(stderr, "%s: played %llu samples of %u channel%s at %s, %s\n",
			run->o->arguments[0], (unsigned long long)run->played, run->file.n,
			run->file.n == 1 ? "" : "s", format_rate(run->rate, a),
			format_seconds((double)run->played / run->rate, b));
	}
}

int play_run(struct options *o)
{
	struct run run = { .o = o };
	uint64_t bytes;
	int start, ret = 0, code;

	playing_read(&run.file, o, o->arguments[0]);
	playing_dacs(&run.file, o);
	playing_method(&run.file, o, o->arguments[0]);
	if (o->rate <= 0)
		o->rate = run.file.rate;
	run.total = o->repeat * run.file.frames;
	run.device = device_open(o, 0);
	signals_catch();
	run.progress.total = run.total;
	run.progress.rate = o->rate;
	run.progress.channels = run.file.n;
	run.progress.bytes = run.file.n * 2;
	progress_begin(&run.progress, o, "play");
	if (o->trigger == TRIGGER_LEVEL)
		ret = wait_level(&run);
	start = o->trigger == TRIGGER_EXT ? CED1401L_ON_TRIGGER : CED1401L_NOW;
	bytes = run.file.frames * run.file.n * sizeof(int16_t);
	if (!ret && (o->method == CED1401L_MEMORY ||
		     (o->method == CED1401L_AUTO && o->repeat && bytes <= ONCE_BYTES)))
		ret = play_once(&run, start);
	else if (!ret)
		ret = play_stream(&run, start);
	progress_end(&run.progress, run.played, run.late);
	code = code_of(&run, ret);
	tell_end(&run, code);
	if (o->hold)
		ced1401_release(run.device);
	ced1401_close(run.device);
	free(run.file.samples);
	return code;
}
