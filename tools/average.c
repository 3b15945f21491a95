// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The average of sweeps: what a stimulus evokes, out of what is there anyway.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sampling.h"

void average_begin(struct average *average, unsigned int n, uint64_t frames)
{
	average->n = n;
	average->frames = frames;
	average->sums = must_alloc((size_t)frames * n, sizeof(*average->sums));
	average->sweep = must_alloc((size_t)frames * n, sizeof(*average->sweep));
	average->filled = 0;
	average->count = 0;
}

void average_add(struct average *average, const int16_t *samples, size_t frames)
{
	if (frames > average->frames - average->filled)
		frames = (size_t)(average->frames - average->filled);
	memcpy(average->sweep + average->filled * average->n, samples,
	       frames * average->n * sizeof(*samples));
	average->filled += frames;
}

void average_drop(struct average *average)
{
	average->filled = 0;
}

void average_take(struct average *average)
{
	size_t i;

	if (average->filled == average->frames) {
		for (i = 0; i < average->frames * average->n; i++)
			average->sums[i] += average->sweep[i];
		average->count++;
	}
	average->filled = 0;
}

int average_write(struct average *average, struct recording *r)
{
	size_t i;
	int ret = 0;

	if (average->count) {
		for (i = 0; i < average->frames * average->n; i++)
			average->sums[i] /= (double)average->count;
		r->about.average = average->count;
		ret = recording_write_exact(r, average->sums, (size_t)average->frames);
	}
	free(average->sums);
	free(average->sweep);
	return ret;
}
