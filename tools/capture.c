// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ced1401 capture and ced1401 stream: which way to sample, and the end.
 */
#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"
#include "sampling.h"

#define DEFAULT_RATE	1000.0

/* The rate that the 1401's clocks give for the one that is wanted */
static double true_rate(const struct options *o, struct ced1401_clock *clock)
{
	unsigned int ticks = o->in_turn ? o->n_inputs : 1;
	int ret = ced1401_clock_choose(o->rate * ticks, clock);

	if (ret)
		exit(failed(NULL, ret, "--rate %g", o->rate));
	/* the file's clock is that of frames */
	if (ticks > 1) {
		clock->letter = '\0';
		return clock->hz / ticks;
	}
	return clock->hz;
}

/* --rate is that of the DACs, too: a file of another one is played slower or faster */
static void tell_speed(const struct options *o, const struct playing *file)
{
	struct ced1401_clock asked, own;
	char a[32], b[32];

	if (file->rate <= 0 || ced1401_clock_choose(file->rate, &own) ||
	    ced1401_clock_choose(o->rate, &asked) || asked.hz == own.hz)
		return;
	say("%s is of %s, and is played at the --rate of %s: %.3g times %s", o->play,
	    format_rate(file->rate, a), format_rate(asked.hz, b),
	    asked.hz > own.hz ? asked.hz / own.hz : own.hz / asked.hz,
	    asked.hz > own.hz ? "faster" : "slower");
}

static void check(const struct options *o)
{
	if (o->samples && o->seconds > 0)
		die(EXIT_USAGE, "--samples and --duration: give one of them");
	if (o->command == CMD_CAPTURE && !o->samples && o->seconds <= 0 && !o->play)
		die(EXIT_USAGE, "how much? Give --duration or --samples");
	if (o->average && o->sweeps < 2)
		die(EXIT_USAGE, "--average needs --sweeps N");
	if (o->pre > 0 && (o->trigger != TRIGGER_LEVEL || o->play || o->in_turn))
		die(EXIT_USAGE, "--pre goes with --trigger level, without --play and --in-turn");
	if (o->typed & TYPED_INTERVAL && o->sweeps < 2)
		die(EXIT_USAGE, "--interval needs --sweeps N");
	if (o->typed & TYPED_DACS && !o->play)
		die(EXIT_USAGE, "--dacs goes with --play");
	if (o->typed & TYPED_HOLD && !o->play)
		die(EXIT_USAGE, "--hold goes with --play");
	if (o->split > 0 && o->sweeps > 1)
		die(EXIT_USAGE, "--split and --sweeps: give one of them");
	if (o->in_turn && o->method != CED1401L_AUTO && o->method != CED1401L_MEMORY)
		die(EXIT_USAGE, "--in-turn needs --method memory");
	if (o->play && o->in_turn)
		die(EXIT_USAGE, "--play and --in-turn: give one of them");
	if (o->markers && o->play)
		die(EXIT_USAGE, "--play and --markers: give one of them");
	if (o->markers && o->in_turn)
		die(EXIT_USAGE, "--in-turn and --markers: give one of them");
	if (o->markers && o->average)
		die(EXIT_USAGE, "--average and --markers: give one of them; a marker is of one sweep, the file of all");
	/* a stream is begun by one pulse, and only a stream has markers */
	if (o->markers && o->trigger == TRIGGER_EXT && o->sweeps > 1)
		die(EXIT_USAGE, "--markers: with --trigger ext there is one sweep alone");
}

/*
 * A sweep at a time: where each has its own event, with --play, and what is over soon.
 * All else, and what a level begins, comes out of one stream.
 */
static bool at_once(const struct sampling *s)
{
	const struct options *o = s->options;

	if (o->play || o->in_turn)
		return true;
	if (o->trigger == TRIGGER_LEVEL || o->command == CMD_STREAM || o->markers)
		return false;
	return s->sweeps > 1 ||
		(double)s->frames / s->recording->about.rate <= FAST_SECONDS;
}

static int run(struct options *o)
{
	struct recording *r = must_alloc(1, sizeof(*r));
	struct sampling s = { .options = o, .recording = r };
	struct playing file = { 0 };
	char *folder = strdup(o->arguments[0]);
	const char *why = "done";
	int code;

	check(o);
	recording_prepare(r, o);
	if (o->play) {
		playing_read(&file, o, o->play);
		playing_dacs(&file, o);
		s.file_play = &file;
		if (o->rate <= 0)
			o->rate = file.rate;
	}
	if (o->rate <= 0)
		o->rate = DEFAULT_RATE;
	r->about.rate = true_rate(o, &r->about.clock);
	if (r->format->check)
		r->format->check(o, r->about.rate);
	if (o->play)
		tell_speed(o, &file);
	s.frames = o->samples;
	if (o->seconds > 0)
		s.frames = (uint64_t)fmax(1, round(o->seconds * r->about.rate));
	if (!s.frames && o->play)
		s.frames = file.frames;
	s.sweeps = o->sweeps ? o->sweeps : 1;
	s.progress.folder = folder ? dirname(folder) : NULL;
	s.device = device_open(o, 0);
	signals_catch();
	code = at_once(&s) ? sampling_oneshot(&s) : sampling_stream(&s);
	if (o->average)
		average_write(&s.average, r);
	if (code == EXIT_SIGNAL || (signals_asked() && code == EXIT_OK))
		why = "stopped";
	else if (code)
		why = "error";
	code = recording_end(r, code, why);
	if (o->hold)
		ced1401_release(s.device);
	ced1401_close(s.device);
	free(file.samples);
	free(folder);
	free(r);
	return code;
}

int capture_run(struct options *options)
{
	return run(options);
}

int stream_run(struct options *options)
{
	return run(options);
}
