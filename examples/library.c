/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With libced1401: samples channel 0 of a 1401 a thousand times at 1 kHz, then follows
 * it as a stream at 10 kHz. Prints volts, a sample a line, and on the standard error
 * what was lost.
 *
 *	cc library.c $(pkg-config --cflags --libs libced1401) && ./a.out [SAMPLES [DEVICE]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libced1401.h>

#define FRAMES	1000

static void check(int result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", what, ced1401_strerror(result));
		exit(1);
	}
}

static void print(const int16_t *samples, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		printf("%.5f\n", ced1401_to_volts(samples[i], 5));
}

/* A thousand samples into memory that the 1401 writes to by itself */
static void capture(ced1401_device *dev, const unsigned int *channel)
{
	struct ced1401_signal in;

	memset(&in, 0, sizeof(in));
	in.channels = channel;
	in.n_channels = 1;
	in.rate = 1000;
	in.frames = FRAMES;
	in.samples = (int16_t *)ced1401_alloc(dev, FRAMES * sizeof(int16_t));
	check(in.samples ? 0 : -1, "memory");
	check(ced1401_capture(dev, &in, NULL), "capture");
	fprintf(stderr, "%g Hz in truth\n", in.true_rate);
	print(in.samples, FRAMES);
	ced1401_free(dev, in.samples);
}

/* As many as are wanted, out of the ring that they arrive in */
static void stream(ced1401_device *dev, const unsigned int *channel, size_t left)
{
	struct ced1401_stream_config config;
	struct ced1401_piece piece;
	ced1401_stream *s;

	memset(&config, 0, sizeof(config));
	config.channels = channel;
	config.n_channels = 1;
	config.rate = 10000;
	check(ced1401_stream_in(dev, &config, &s), "stream");
	check(ced1401_stream_start(s), "start");
	while (left) {
		check(ced1401_stream_acquire(s, &piece, left, 10000), "acquire");
		if (piece.lost)
			fprintf(stderr, "%llu lost before sample %llu\n",
				(unsigned long long)piece.lost,
				(unsigned long long)piece.position);
		print(piece.samples, piece.frames);
		left -= piece.frames;
		check(ced1401_stream_release(s, piece.frames), "release");
	}
	ced1401_stream_close(s);
}

int main(int argc, char **argv)
{
	const size_t left = argc > 1 ? strtoul(argv[1], NULL, 10) : FRAMES;
	const unsigned int channel = 0;
	ced1401_device *dev;

	check(ced1401_open_path(argc > 2 ? argv[2] : "/dev/ced1401", 0, &dev),
	      "open");
	capture(dev, &channel);
	if (left)
		stream(dev, &channel, left);
	/* The 1401 is reset: DACs at 0 V. After ced1401_release() it would go on */
	ced1401_close(dev);
	return 0;
}
