// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sampling by a stream: the file grows as the samples come. With --trigger level the
 * level is looked for in the stream itself, so that a sweep begins with the very sample
 * that crosses it, and with those before it that --pre asks for.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sampling.h"

#define ROOM_SAMPLES	(64u << 10)	/* read at a time */
#define READ_MS		100		/* ... or what has come in that time */
#define ASK_NS		SECOND_NS	/* between questions for losses in the 1401 */
#define DRIFT_NS	(60 * SECOND_NS) /* between looks how the two clocks differ */
#define STOP_TRIES	3		/* then it is closed as it is */
#define STOP_NS		(10 * SECOND_NS) /* ... or when no more has come for so long */

/**
 * struct source - the stream, and what is between it and the recording
 * @s:		the run
 * @stream:	the stream
 * @info:	of it
 * @m:		channels of the stream: those of the file, and the level's behind
 *		them if it is none of these
 * @level_at:	where in a frame the level's is
 * @frames:	read at a time
 * @samples:	read
 * @levels:	of the same frames, the level's channel
 * @position:	of the frame that comes next, losses counted
 * @lost_1401:	of which the recording knows
 * @asked_ns:	when the 1401 was asked for it last
 * @asked:	... that was for the end of the sweep that comes
 * @unsure:	it did not answer then: what it tells next may be of the last sweep
 * @start_ns:	CLOCK_MONOTONIC of frame 0
 * @before_ns:	when it was started: frame 0 is not before
 * @after_ns:	... and by when it had been: without a trigger frame 0 is not behind
 * @waits_ns:	since when a trigger is waited for
 * @zero_ns:	as @start_ns, by what came lately: the 1401 has a clock of its own
 * @lately_ns:	the earliest that frame 0 can have been, by what came since ...
 * @since_ns:	... this moment
 * @piece:	of the last read
 * @open:	a sweep comes
 * @sweep_at:	its first frame, or that of the one before: a position as above
 * @due:	where the next may begin: --interval
 * @in_sweep:	frames of it so far
 * @has_before:	@before is the frame before
 * @before:	its level
 * @pre:	the last frames before the level, a ring
 * @pre_room:	frames that fit
 * @pre_filled:	frames in it
 * @pre_at:	where the next goes
 * @marker:	one that waits for its frame
 * @stopped:	the stream was told to come to its end
 * @stop_tries:	how often that failed
 * @came_ns:	CLOCK_MONOTONIC of the last frames
 */
struct source {
	struct sampling *s;
	ced1401_stream *stream;
	struct ced1401_stream_info info;
	unsigned int m;
	unsigned int level_at;
	size_t frames;
	int16_t *samples;
	int16_t *levels;
	uint64_t position;
	uint64_t lost_1401;
	uint64_t asked_ns;
	bool asked;
	bool unsure;
	uint64_t start_ns;
	uint64_t before_ns;
	uint64_t after_ns;
	uint64_t waits_ns;
	uint64_t zero_ns;
	uint64_t lately_ns;
	uint64_t since_ns;
	struct ced1401_piece piece;
	bool open;
	uint64_t sweep_at;
	uint64_t due;
	uint64_t in_sweep;
	bool has_before;
	int16_t before;
	int16_t *pre;
	size_t pre_room;
	size_t pre_filled;
	size_t pre_at;
	struct marker *marker;
	bool stopped;
	unsigned int stop_tries;
	uint64_t came_ns;
};

static unsigned int width(const struct source *src)
{
	return src->s->recording->about.n;
}

/* ------------------------------------------------------- for both ways to sample */

void sampling_about(struct sampling *s)
{
	struct signal_about *about = &s->recording->about;
	const struct options *o = s->options;
	unsigned int i;

	about->n = o->n_inputs;
	for (i = 0; i < o->n_inputs; i++) {
		about->numbers[i] = o->inputs[i];
		about->channels[i] = o->input[o->inputs[i]];
	}
	about->total = s->frames;
	s->progress.channels = about->n;
	s->progress.bytes = about->n * 2;
	s->progress.rate = about->rate;
	s->progress.total = s->frames * s->sweeps;
	if (o->average)
		average_begin(&s->average, about->n, s->frames);
}

int sampling_begin_sweep(struct sampling *s, uint64_t start_ns)
{
	struct recording *r = s->recording;

	r->sweep = s->done + 1;
	if (s->done == 0) {
		r->about.start_utc = utc_ns(start_ns);
		recording_begin(r);
		return 0;
	}
	return s->options->average ? 0 : recording_next(r, utc_ns(start_ns));
}

int sampling_take(struct sampling *s, const int16_t *samples, size_t frames)
{
	if (s->options->average) {
		average_add(&s->average, samples, frames);
		return 0;
	}
	return recording_write(s->recording, samples, frames);
}

int sampling_end_sweep(struct sampling *s)
{
	s->done++;
	if (s->options->average)
		average_take(&s->average);
	return 0;
}

/* --------------------------------------------------------------------- losses */

/*
 * Frames did not come: they are filled, or the sweep is not averaged. Those of the ring
 * have a place, and what is behind the sweep's end is no loss of it. Of those that the 1401
 * lost the place is unknown: all are told, also where so many do not fit.
 */
static int lose(struct source *src, uint64_t frames, bool placed)
{
	struct sampling *s = src->s;
	uint64_t fill = src->open ? frames : 0;

	src->has_before = false;
	src->pre_filled = 0;
	if (!src->open && (placed || !src->unsure))
		return 0;
	if (s->options->average) {
		average_drop(&s->average);
		if (src->open)
			src->waits_ns = now_ns();
		src->open = false;
		recording_note_loss(s->recording, src->in_sweep, frames);
		return 0;
	}
	if (s->frames && fill > s->frames - src->in_sweep)
		fill = s->frames - src->in_sweep;
	if (placed)
		frames = fill;
	src->in_sweep += fill;
	return frames ? recording_lose(s->recording, frames, fill) : 0;
}

/*
 * What the 1401 itself lost, it tells when it is asked, without the place. It is filled
 * in here, at most a second late, so that the times of what follows are right.
 */
static int take_told(struct source *src)
{
	uint64_t more;
	int ret = 0;

	ced1401_stream_get_info(src->stream, &src->info);
	if (src->info.lost_1401 > src->lost_1401) {
		more = src->info.lost_1401 - src->lost_1401;
		src->lost_1401 = src->info.lost_1401;
		src->position += more;
		ret = lose(src, more, false);
	}
	src->unsure = false;
	return ret;
}

static int ask_losses(struct source *src)
{
	src->asked_ns = now_ns();
	if (ced1401_stream_ask(src->stream))
		return 0;	/* the next read tells what is wrong */
	return take_told(src);
}

/*
 * The frames that end a sweep have come: what the 1401 lost by now is of this sweep, and
 * what it loses later is not. By memory nobody knows what it lost, and the stream is over;
 * the sweep is written all the same, but is not averaged.
 */
static int ask_at_end(struct source *src)
{
	src->asked = true;
	if (src->info.method == CED1401L_MEMORY) {
		if (ced1401_stream_ask(src->stream) != CED1401L_E_MISSED ||
		    !src->s->options->average)
			return 0;
		average_drop(&src->s->average);
		src->open = false;
		return CED1401L_E_MISSED;
	}
	src->unsure = true;
	return ask_losses(src);
}

/* --------------------------------------------------------------------- markers */

/*
 * Those whose frame has been written. At the end all: what came behind the last frame
 * is put there. What came between sweeps goes to the beginning of the next.
 */
static int put_markers(struct source *src, bool all)
{
	struct recording *r = src->s->recording;
	int ret = 0;

	if (!src->s->options->markers)
		return 0;
	if (all)
		markers_settle();
	/* without a file there is no place for them yet */
	while (!ret && r->now) {
		double at;

		if (!src->marker)
			src->marker = markers_take();
		if (!src->marker)
			break;
		/* frame of the stream, then of the recording */
		at = ((double)src->marker->ns - (double)src->zero_ns) / 1e9 *
			src->info.true_rate - (double)src->sweep_at;
		if (at >= (double)r->frames && !all)
			break;
		if (at >= (double)r->frames)
			at = (double)(r->frames - 1);
		ret = recording_marker(r, at > 0 ? (uint64_t)at : 0, src->marker->text);
		free(src->marker);
		src->marker = NULL;
	}
	return ret;
}

/* --------------------------------------------------------------------- sweeps */

static uint64_t frame_ns(const struct source *src, uint64_t frame)
{
	return src->zero_ns +
		(uint64_t)llround((double)frame / src->info.true_rate * 1e9);
}

/* The frames before the level, oldest first */
static int take_pre(struct source *src)
{
	size_t i, n = src->pre_filled, at = src->pre_at + src->pre_room - n;
	int ret = 0;

	for (i = 0; i < n && !ret; i++)
		ret = sampling_take(src->s, src->pre + (at + i) % src->pre_room * width(src),
				    1);
	src->in_sweep = n;
	return ret;
}

static int open_sweep(struct source *src, uint64_t frame)
{
	const struct options *o = src->s->options;
	/* the file of the sweep before is closed now */
	int ret = put_markers(src, false);

	if (ret)
		return ret;
	src->open = true;
	src->asked = false;
	src->in_sweep = 0;
	src->sweep_at = frame - src->pre_filled;
	src->due = frame + (uint64_t)ceil(o->interval * src->info.true_rate);
	ret = sampling_begin_sweep(src->s, frame_ns(src, src->sweep_at));
	if (ret)
		return ret;
	if (src->pre_filled)
		ret = take_pre(src);
	if (!ret && o->trigger != TRIGGER_NOW && !o->average)
		ret = recording_mark(src->s->recording, src->in_sweep, "trigger");
	return ret;
}

static int close_sweep(struct source *src)
{
	src->open = false;
	src->waits_ns = now_ns();
	/* whether it is whole nobody knows */
	if (src->unsure && src->s->options->average) {
		average_drop(&src->s->average);
		return 0;
	}
	return sampling_end_sweep(src->s);
}

static void remember(struct source *src, const int16_t *frame)
{
	if (!src->pre_room)
		return;
	memcpy(src->pre + src->pre_at * width(src), frame, width(src) * sizeof(*frame));
	src->pre_at = (src->pre_at + 1) % src->pre_room;
	if (src->pre_filled < src->pre_room)
		src->pre_filled++;
}

/* Does the level's channel cross it from the frame before to this one? */
static bool crosses(struct source *src, int16_t now)
{
	const struct options *o = src->s->options;
	int16_t level = o->level.sample, before = src->before;
	bool known = src->has_before;

	src->before = now;
	src->has_before = true;
	if (!known)
		return false;
	return o->level.falling ? before > level && now <= level :
		before < level && now >= level;
}

/* Until a sweep begins: frames that were looked at */
static size_t search(struct source *src, const int16_t *samples, const int16_t *levels,
		     size_t frames, int *ret)
{
	const struct options *o = src->s->options;
	uint64_t position = src->position;
	size_t i;

	/* nothing is waited for yet */
	if (position < src->due)
		src->waits_ns = now_ns();
	for (i = 0; i < frames; i++) {
		bool found = o->trigger != TRIGGER_LEVEL || crosses(src, levels[i]);

		if (found && position + i >= src->due &&
		    (!o->pre || src->pre_filled == src->pre_room)) {
			*ret = open_sweep(src, position + i);
			return i;
		}
		remember(src, samples + i * width(src));
	}
	return frames;
}

static bool all_done(const struct source *src)
{
	return src->s->frames && src->s->done == src->s->sweeps;
}

/* Do so many frames more make the sweep whole? */
static bool is_end(const struct source *src, size_t frames)
{
	return src->s->frames && frames >= src->s->frames - src->in_sweep;
}

/* Frames without a gap, from the position on */
static int take_frames(struct source *src, const int16_t *samples, const int16_t *levels,
		       size_t frames)
{
	struct sampling *s = src->s;
	int ret = 0;

	while (frames && !ret && !all_done(src)) {
		size_t n = frames, i;

		if (!src->open) {
			n = search(src, samples, levels, frames, &ret);
		} else if (!src->asked && is_end(src, frames)) {
			n = 0;
			ret = ask_at_end(src);
		} else {
			if (is_end(src, frames))
				n = (size_t)(s->frames - src->in_sweep);
			if (n > recording_room(s->recording))
				n = (size_t)recording_room(s->recording);
			ret = sampling_take(s, samples, n);
			src->in_sweep += n;
			/* as long as their file is open */
			if (!ret)
				ret = put_markers(src, false);
			for (i = src->pre_room < n ? n - src->pre_room : 0; i < n; i++)
				remember(src, samples + i * width(src));
			if (n && s->options->trigger == TRIGGER_LEVEL) {
				src->before = levels[n - 1];
				src->has_before = true;
			}
			if (!ret && s->frames && src->in_sweep >= s->frames)
				ret = close_sweep(src);
		}
		samples += n * width(src);
		levels += n;
		frames -= n;
		src->position += n;
	}
	return ret;
}

/* ------------------------------------------------------------------ the stream */

/* The level's channel out of each frame, and out of the frames if it is not wanted */
static void unpack(struct source *src, size_t frames)
{
	const unsigned int n = width(src), m = src->m;
	size_t i;

	if (src->s->options->trigger != TRIGGER_LEVEL)
		return;
	for (i = 0; i < frames; i++) {
		src->levels[i] = src->samples[i * m + src->level_at];
		if (m != n)
			memmove(src->samples + i * n, src->samples + i * m,
				n * sizeof(*src->samples));
	}
}

/* The moment of frame 0, by the first frames that came, and its bounds */
static void find_start(struct source *src, uint64_t apparent)
{
	src->start_ns = apparent;
	if (src->s->options->trigger != TRIGGER_EXT && src->start_ns > src->after_ns)
		src->start_ns = src->after_ns;
	if (src->start_ns < src->before_ns)
		src->start_ns = src->before_ns;
	src->zero_ns = src->start_ns;
	src->lately_ns = UINT64_MAX;
	src->since_ns = now_ns();
}

/* Frames are seen when they have come, or later: the earliest is the nearest */
static void follow_clock(struct source *src)
{
	/* what the 1401 lost has taken its time, too */
	uint64_t frames = src->piece.time_frames + src->lost_1401;
	uint64_t since = (uint64_t)llround((double)frames / src->info.true_rate * 1e9);
	uint64_t apparent = src->piece.time_ns > since ? src->piece.time_ns - since : 0;

	if (!src->start_ns)
		find_start(src, apparent);
	if (apparent < src->lately_ns)
		src->lately_ns = apparent;
	if (now_ns() - src->since_ns > DRIFT_NS && apparent) {
		src->zero_ns = src->lately_ns;
		src->lately_ns = UINT64_MAX;
		src->since_ns = now_ns();
	}
}

static int take_piece(struct source *src, size_t frames)
{
	int ret = 0;

	follow_clock(src);
	/* what the ring lost is in the position */
	if (src->piece.position + src->lost_1401 > src->position) {
		ret = lose(src, src->piece.position + src->lost_1401 - src->position, true);
		src->position = src->piece.position + src->lost_1401;
	}
	unpack(src, frames);
	if (!ret)
		ret = take_frames(src, src->samples, src->levels, frames);
	return ret;
}

static void show(struct source *src)
{
	struct sampling *s = src->s;

	if (!src->start_ns && s->options->trigger == TRIGGER_EXT)
		progress_say(&s->progress, "waits for the trigger");
	else if (!src->open && src->position < src->due)
		progress_say(&s->progress, "waits for the next sweep");
	else if (!src->open && s->options->trigger == TRIGGER_LEVEL)
		progress_say(&s->progress, "waits for the level");
	else
		progress_show(&s->progress, s->done * s->frames + src->in_sweep,
			      s->recording->lost);
}

static bool too_late(const struct source *src)
{
	const struct options *o = src->s->options;

	return o->timeout > 0 && !src->open && !all_done(src) &&
		o->trigger != TRIGGER_NOW && src->position >= src->due &&
		(double)(now_ns() - src->waits_ns) > o->timeout * 1e9;
}

/* The user wants it to end: what has been sampled still comes; false: close it now */
static bool stop(struct source *src)
{
	if (!src->stopped && !ced1401_stream_stop(src->stream))
		src->stopped = true;
	if (!src->stopped)
		return ++src->stop_tries < STOP_TRIES;
	return now_ns() - src->came_ns < STOP_NS;
}

static int run(struct source *src)
{
	struct sampling *s = src->s;
	int ret = 0, n;

	while (!ret && !all_done(src)) {
		/* the trigger may be in what has come by now: that is looked at first */
		bool late = too_late(src);

		if (signals_asked() && !stop(src))
			break;
		n = ced1401_stream_read(src->stream, src->samples, src->frames, READ_MS,
					&src->piece);
		if (n == 0)
			break;
		if (n > 0) {
			src->came_ns = now_ns();
			ret = take_piece(src, (size_t)n);
		} else if (n != -ETIMEDOUT && n != -EAGAIN && n != -EINTR) {
			return n;
		}
		if (!ret && now_ns() - src->asked_ns >= ASK_NS)
			ret = ask_losses(src);
		if (!ret)
			ret = put_markers(src, false);
		if (!ret)
			ret = recording_tick(s->recording);
		show(src);
		if (late && !signals_asked() && too_late(src))
			return -ETIMEDOUT;
	}
	return 0;
}

static void configure(struct source *src, struct ced1401_stream_config *config,
		      unsigned int *channels)
{
	const struct options *o = src->s->options;
	unsigned int i;

	memcpy(channels, o->inputs, o->n_inputs * sizeof(*channels));
	src->m = o->n_inputs;
	for (i = 0; i < o->n_inputs && o->inputs[i] != o->level.input; i++)
		;
	if (o->trigger == TRIGGER_LEVEL) {
		if (i == o->n_inputs) {
			if (i == MAX_INPUTS)
				die(EXIT_USAGE, "--level: input %u is no input of --channels, and there is no place for it",
				    o->level.input);
			channels[src->m++] = o->level.input;
		}
		src->level_at = i;
	}
	config->channels = channels;
	config->n_channels = src->m;
	config->rate = o->rate;
	config->method = o->method;
	config->start = o->trigger == TRIGGER_EXT ? CED1401L_ON_TRIGGER : CED1401L_NOW;
}

static void make_room(struct source *src)
{
	const struct options *o = src->s->options;

	/* a part of the ring, so that it is copied before the stream comes round */
	src->frames = ROOM_SAMPLES / src->m;
	if (src->frames > src->info.ring_frames / 8)
		src->frames = (size_t)(src->info.ring_frames / 8);
	if (!src->frames)
		src->frames = 1;
	src->samples = must_alloc(ROOM_SAMPLES, sizeof(*src->samples));
	src->levels = must_alloc(src->frames, sizeof(*src->levels));
	src->pre_room = (size_t)round(o->pre * src->info.true_rate);
	if (src->s->frames && src->pre_room >= src->s->frames)
		die(EXIT_USAGE, "--pre: longer than what is sampled in all");
	if (src->pre_room)
		src->pre = must_alloc(src->pre_room * width(src), sizeof(*src->pre));
}

/* How it ended, with what the 1401 says it lost */
static int end(struct source *src, int ret)
{
	struct sampling *s = src->s;
	int code = EXIT_OK;

	ced1401_stream_stop(src->stream);
	if (!s->recording->error)
		take_told(src);
	/* The last second's, of which no read tells any more */
	if (!ret && src->info.error == CED1401L_E_MISSED)
		ret = src->info.error;
	put_markers(src, true);
	progress_end(&s->progress, s->done * s->frames +
		     (src->open ? src->in_sweep : 0), s->recording->lost);
	if (ret == -ETIMEDOUT) {
		say("the trigger did not come in time");
		code = EXIT_TIMEOUT;
	} else if (ret) {
		code = failed(s->device, ret, "the stream");
	} else if (signals_asked() && s->frames) {
		code = EXIT_SIGNAL;
	}
	ced1401_stream_close(src->stream);
	free(src->samples);
	free(src->levels);
	free(src->pre);
	return code;
}

int sampling_stream(struct sampling *s)
{
	struct source src = { .s = s };
	struct ced1401_stream_config config = { 0 };
	unsigned int channels[MAX_INPUTS];
	int ret;

	configure(&src, &config, channels);
	ret = ced1401_stream_in(s->device, &config, &src.stream);
	if (ret)
		return failed(s->device, ret, "the stream");
	ced1401_stream_get_info(src.stream, &src.info);
	s->recording->about.rate = src.info.true_rate;
	s->recording->about.clock = src.info.clock;
	sampling_about(s);
	make_room(&src);
	if (s->options->markers)
		markers_begin();
	progress_begin(&s->progress, s->options, s->frames ? "capture" : "stream");
	src.before_ns = now_ns();
	src.asked_ns = src.before_ns;
	src.came_ns = src.before_ns;
	ret = ced1401_stream_start(src.stream);
	src.after_ns = now_ns();
	src.waits_ns = src.after_ns;
	if (!ret)
		ret = run(&src);
	return end(&src, ret);
}
