// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CSV: what is known in lines with '#', the names, then a line for each frame: its
 * time in seconds from the start, and each channel in its unit.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"
#include "tools.h"
#include "writer.h"

#define LINE		2048	/* the longest: 32 channels and the time */
#define MAX_RATIO	1e13	/* a double has 15 digits, and calculating takes some */
#define MEAN_DIGITS	3	/* an average is so much finer than a sample */

/* From one sample to the next, in units */
static double step_of(const struct ced1401_channel *channel)
{
	return fabs(channel_full_scale(channel) / 32768 * channel_scale(channel));
}

/* By how much the largest value is more than that */
static double ratio(const struct ced1401_channel *channel)
{
	return fmax(fabs(channel_units(channel, -32768)),
		    fabs(channel_units(channel, 32767))) / step_of(channel);
}

/* The digits that tell each sample from the next, and some more */
static int digits_of(const struct ced1401_channel *channel)
{
	return (int)fmax(8, ceil(log10(ratio(channel))) + 2);
}

/* What cannot be told apart in a double is no record of what was sampled */
static void csv_check(const struct options *o, double rate)
{
	unsigned int i;

	(void)rate;
	for (i = 0; i < o->n_inputs; i++) {
		const struct ced1401_channel *channel = &o->input[o->inputs[i]];

		if (!(ratio(channel) <= MAX_RATIO))
			die(EXIT_USAGE, "%s: the offset of %s is too large for samples of %g %s to be told apart: choose raw",
			    o->arguments[0], channel_name(o->inputs[i], channel),
			    step_of(channel), channel_unit(channel));
	}
}

static int put_line(struct plain *p, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

static int put_line(struct plain *p, const char *format, ...)
{
	char line[LINE];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return plain_put(p, line, n < LINE ? (size_t)n : LINE - 1);
}

/* A name or a unit between commas: quoted if it has one */
static void put_field(FILE *out, const char *name, const char *unit)
{
	char text[128];
	const char *c;

	snprintf(text, sizeof(text), "%s (%s)", name, unit);
	if (!strpbrk(text, ",\"")) {
		fprintf(out, ",%s", text);
		return;
	}
	fputs(",\"", out);
	for (c = text; *c; c++) {
		if (*c == '"')
			fputc('"', out);
		fputc(*c, out);
	}
	fputc('"', out);
}

static int put_names(struct writer *w)
{
	char *names = NULL;
	unsigned int i;
	size_t size;
	FILE *out = open_memstream(&names, &size);
	int ret;

	if (!out)
		return -ENOMEM;
	fputs("time (s)", out);
	for (i = 0; i < w->about.n; i++)
		put_field(out, channel_name(w->about.numbers[i], &w->about.channels[i]),
			  channel_unit(&w->about.channels[i]));
	fputc('\n', out);
	if (fclose(out))
		return -ENOMEM;
	ret = plain_put(w->private, names, size);
	free(names);
	return ret;
}

static int put_head(struct writer *w)
{
	struct plain *p = w->private;
	char start[32], text[512];
	unsigned int i;
	int ret;

	ret = put_line(p, "# " PROGRAM " " VERSION "\n# start %s\n# rate %.12g\n",
		       format_utc(w->about.start_utc, start), w->about.rate);
	if (w->about.average && !ret)
		ret = put_line(p, "# average of %llu sweeps\n",
			       (unsigned long long)w->about.average);
	for (i = 0; i < w->about.n && !ret; i++) {
		channel_text(w->about.numbers[i], &w->about.channels[i], text,
			     sizeof(text));
		ret = put_line(p, "# channel %s\n", text);
	}
	if (!ret)
		ret = put_names(w);
	return ret ? ret : plain_flush(p);
}

static int csv_open(struct writer *w)
{
	struct plain *p;
	unsigned int i;
	int ret = plain_open(w);

	if (ret)
		return ret;
	p = w->private;
	/* times differ by more than their last digit */
	p->digits = (int)fmax(3, ceil(log10(w->about.rate)) + 2);
	for (i = 0; i < w->about.n; i++)
		p->value_digits[i] = digits_of(&w->about.channels[i]);
	ret = put_head(w);
	if (ret) {
		close(p->fd);
		free(p);
	}
	return ret;
}

/*
 * The disk is full: whole lines stay. What it did not take is still in the buffer,
 * and may begin amid a line.
 */
static int whole_lines(struct writer *w, int error)
{
	struct plain *p = w->private;
	char tail[LINE], *end;
	ssize_t n = p->size < LINE ? p->size : LINE;
	size_t i;

	for (i = 0; i < p->used; i++) {
		/* a frame's line begins with a digit, a comment's with '#' */
		if (p->buffer[i] == '\n' && w->frames)
			w->frames--;
		if (p->buffer[i] == '#' && (!i || p->buffer[i - 1] == '\n'))
			w->frames++;
	}
	n = pread(p->fd, tail, (size_t)n, p->size - n);
	end = n > 0 ? memrchr(tail, '\n', (size_t)n) : NULL;
	if (end)
		plain_cut(p, p->size - (tail + n - (end + 1)));
	return error;
}

/* One frame, in @least digits; @more of them than samples need, for what is finer */
static int csv_frame(struct writer *w, const double *frame, int least, int more)
{
	struct plain *p = w->private;
	char line[LINE];
	unsigned int c;
	int n, ret;

	n = snprintf(line, sizeof(line), "%.*f", p->digits,
		     (double)w->frames / w->about.rate);
	for (c = 0; c < w->about.n; c++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, ",%.*g",
			      (int)fmin(17, fmax(least, p->value_digits[c] + more)),
			      channel_units(&w->about.channels[c], frame[c]));
	line[n++] = '\n';
	ret = plain_put(p, line, (size_t)n);
	if (ret)
		return whole_lines(w, ret);
	w->frames++;
	return 0;
}

static int csv_write(struct writer *w, const int16_t *samples, size_t frames)
{
	double frame[MAX_INPUTS];
	unsigned int c;
	int ret = 0;

	for (; frames && !ret; frames--, samples += w->about.n) {
		for (c = 0; c < w->about.n; c++)
			frame[c] = samples[c];
		ret = csv_frame(w, frame, 0, 0);
	}
	return ret;
}

static int csv_write_exact(struct writer *w, const double *samples, size_t frames)
{
	int ret = 0;

	for (; frames && !ret; frames--, samples += w->about.n)
		ret = csv_frame(w, samples, 12, MEAN_DIGITS);
	return ret;
}

static int csv_mark(struct writer *w, uint64_t frame, const char *text, bool marker)
{
	struct plain *p = w->private;
	int ret;

	ret = put_line(p, "# at %.*f %.*s\n", p->digits, (double)frame / w->about.rate,
		       (int)strcspn(text, "\r\n"), text);
	/* one that is counted is in the file, whatever comes */
	if (!ret && marker)
		ret = plain_flush(p);
	return ret ? whole_lines(w, ret) : 0;
}

static int csv_sync(struct writer *w)
{
	int ret = plain_sync(w);

	return ret ? whole_lines(w, ret) : 0;
}

static int csv_close(struct writer *w)
{
	int ret = csv_sync(w), ret2 = plain_close(w);

	return ret ? ret : ret2;
}

const struct format format_csv = {
	.name = "csv",
	.to_pipe = true,
	.marks = true,
	.check = csv_check,
	.open = csv_open,
	.write = csv_write,
	.write_exact = csv_write_exact,
	.mark = csv_mark,
	.sync = csv_sync,
	.close = csv_close,
};
