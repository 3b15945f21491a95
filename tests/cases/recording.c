// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the recording that the guests' ADC hears, see common.h: recording FILE.
 */
#include "common.h"

#define RATE	20000u

static void put(FILE *file, uint32_t value, unsigned int bytes)
{
	while (bytes--) {
		putc(value & 0xff, file);
		value >>= 8;
	}
}

int main(int argc, char **argv)
{
	uint32_t i, frame = FIRST_FRAME;
	FILE *file = argc == 2 ? fopen(argv[1], "wb") : NULL;

	if (!file) {
		fprintf(stderr, "usage: recording FILE\n");
		return 1;
	}
	/* 16-bit PCM, two channels */
	fputs("RIFF", file);
	put(file, 36 + 4 * FRAMES, 4);
	fputs("WAVEfmt ", file);
	put(file, 16, 4);
	put(file, 1, 2);
	put(file, 2, 2);
	put(file, RATE, 4);
	put(file, 4 * RATE, 4);
	put(file, 4, 2);
	put(file, 16, 2);
	fputs("data", file);
	put(file, 4 * FRAMES, 4);
	for (i = 0; i < FRAMES; i++) {
		put(file, frame, 4);
		frame = next_frame(frame);
	}
	return fclose(file) ? 1 : 0;
}
