// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What demo/run does with WAV files on the host; the guest's program shares
 * nothing with it.
 *
 *	wav info FILE			channels, frames and rate
 *	wav compare INPUT FILE		are they the same, sample for sample?
 *	wav rerate FROM TO RATE		the same samples under another rate
 *	wav envelope FILE COLUMNS	time and each channel's minimum and maximum
 *					in volts, a line a column, for plotting
 */
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FULL_SCALE_VOLTS	5.0
#define FRAMES			4096	/* read at a time */

static void fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static SNDFILE *open_wav(const char *name, SF_INFO *info)
{
	SNDFILE *file;
	int major;

	memset(info, 0, sizeof(*info));
	file = sf_open(name, SFM_READ, info);
	if (!file)
		fail("%s: %s", name, sf_strerror(NULL));
	major = info->format & SF_FORMAT_TYPEMASK;
	if ((major != SF_FORMAT_WAV && major != SF_FORMAT_WAVEX) ||
	    (info->format & SF_FORMAT_SUBMASK) != SF_FORMAT_PCM_16)
		fail("%s: not a WAV file of 16-bit PCM", name);
	if (info->frames < 1)
		fail("%s: no samples in it", name);
	return file;
}

static short *frames_of(const SF_INFO *info)
{
	short *room = calloc((size_t)info->channels * FRAMES, sizeof(*room));

	if (!room)
		fail("out of memory");
	return room;
}

static int info(const char *name)
{
	SF_INFO about;
	SNDFILE *file = open_wav(name, &about);

	printf("%d %lld %d\n", about.channels, (long long)about.frames,
	       about.samplerate);
	sf_close(file);
	return 0;
}

static int compare(const char *name_a, const char *name_b)
{
	SF_INFO ia, ib;
	SNDFILE *fa = open_wav(name_a, &ia), *fb = open_wav(name_b, &ib);
	short *a = frames_of(&ia), *b;
	sf_count_t at = 0, n;

	if (ia.channels != ib.channels)
		fail("%s: %d channels instead of %d", name_b, ib.channels, ia.channels);
	if (ia.samplerate != ib.samplerate)
		fail("%s: %d Hz instead of %d", name_b, ib.samplerate, ia.samplerate);
	b = frames_of(&ib);
	for (;;) {
		const sf_count_t m = sf_readf_short(fb, b, FRAMES);

		n = sf_readf_short(fa, a, FRAMES);
		for (sf_count_t i = 0; i < n * ia.channels && i < m * ia.channels; i++)
			if (a[i] != b[i])
				fail("%s: frame %lld, channel %d: %d instead of %d",
				     name_b, (long long)(at + i / ia.channels),
				     (int)(i % ia.channels), b[i], a[i]);
		if (n != m)
			fail("%s: %lld frames instead of %lld", name_b,
			     (long long)ib.frames, (long long)ia.frames);
		if (!n)
			break;
		at += n;
	}
	/* Reading short of the header's word would compare less than all */
	if (at != ia.frames)
		fail("%s: only %lld of %lld frames can be read", name_a, (long long)at,
		     (long long)ia.frames);
	free(a);
	free(b);
	sf_close(fa);
	sf_close(fb);
	printf("%s: identical to the input, all %lld samples\n", name_b,
	       (long long)at * ia.channels);
	return 0;
}

static int rerate(const char *from, const char *to, int rate)
{
	SF_INFO about, written;
	SNDFILE *in = open_wav(from, &about), *out;
	short *room = frames_of(&about);
	sf_count_t n;

	memset(&written, 0, sizeof(written));
	written.samplerate = rate;
	written.channels = about.channels;
	written.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
	out = sf_open(to, SFM_WRITE, &written);
	if (!out)
		fail("%s: %s", to, sf_strerror(NULL));
	while ((n = sf_readf_short(in, room, FRAMES)) > 0)
		if (sf_writef_short(out, room, n) != n)
			fail("%s: %s", to, sf_strerror(out));
	if (sf_close(out))
		fail("%s: cannot be completed", to);
	sf_close(in);
	free(room);
	return 0;
}

static double volts(int sample)
{
	return sample * FULL_SCALE_VOLTS / 32768;
}

static int envelope(const char *name, sf_count_t columns)
{
	SF_INFO about;
	SNDFILE *file = open_wav(name, &about);
	const size_t n = (size_t)about.channels;
	short *frame = calloc(n, sizeof(*frame));
	int *low = calloc(n, sizeof(*low)), *high = calloc(n, sizeof(*high));
	sf_count_t at = 0;

	if (!frame || !low || !high)
		fail("out of memory");
	if (columns > about.frames)
		columns = about.frames;
	for (sf_count_t c = 0; c < columns; c++) {
		const sf_count_t end = about.frames * (c + 1) / columns;
		const sf_count_t begin = at;

		for (; at < end && sf_readf_short(file, frame, 1) == 1; at++)
			for (size_t i = 0; i < n; i++) {
				if (!at || frame[i] < low[i])
					low[i] = frame[i];
				if (!at || frame[i] > high[i])
					high[i] = frame[i];
			}
		printf("%.9g", (double)begin / about.samplerate);
		for (size_t i = 0; i < n; i++)
			printf(" %.6g %.6g", volts(low[i]), volts(high[i]));
		putchar('\n');
		/* The line goes on from the last sample to the next one */
		for (size_t i = 0; i < n; i++) {
			low[i] = frame[i];
			high[i] = frame[i];
		}
	}
	free(frame);
	free(low);
	free(high);
	sf_close(file);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "info"))
		return info(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "compare"))
		return compare(argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "rerate"))
		return rerate(argv[2], argv[3], atoi(argv[4]));
	if (argc == 4 && !strcmp(argv[1], "envelope") && atoi(argv[3]) > 0)
		return envelope(argv[2], atoi(argv[3]));
	fail("usage: wav info FILE | compare INPUT FILE |\n"
	     "           rerate FROM TO RATE | envelope FILE COLUMNS");
}
