/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sampling into a recording: by a stream (sampling.c) or a sweep at a time
 * (oneshot.c), all sweeps or their average.
 */
#ifndef CED1401_TOOLS_SAMPLING_H
#define CED1401_TOOLS_SAMPLING_H

#include "tools.h"
#include "writer.h"

#define FAST_SECONDS	1.0	/* what is longer must be in the file while it comes */

/**
 * struct average - the average of sweeps
 * @n:		channels
 * @frames:	of a sweep
 * @sums:	of all sweeps that were whole
 * @sweep:	the one that comes
 * @filled:	frames of it
 * @count:	sweeps in @sums
 */
struct average {
	unsigned int n;
	uint64_t frames;
	double *sums;
	int16_t *sweep;
	uint64_t filled;
	uint64_t count;
};

void average_begin(struct average *average, unsigned int n, uint64_t frames);
/* Behind what came of the sweep; what is too much is left out */
void average_add(struct average *average, const int16_t *samples, size_t frames);
/* The sweep is whole: it counts. Or it is not, and is forgotten */
void average_take(struct average *average);
void average_drop(struct average *average);
/* Into the recording. Return: 0 or a negative errno */
int average_write(struct average *average, struct recording *r);

#define MARKER_BYTES	75	/* of a marker's text; what is longer is cut */

/* A line of standard input, and when it came */
struct marker {
	uint64_t ns;		/* CLOCK_MONOTONIC */
	char text[MARKER_BYTES + 1];
	struct marker *next;
};

/* From now on lines of standard input are collected */
void markers_begin(void);
/* At the end: a line that has come by now is one of them */
void markers_settle(void);
/* The oldest one, to be freed; NULL: none */
struct marker *markers_take(void);

/**
 * struct sampling - a run of capture or stream
 * @options:	what the user asked for
 * @device:	the session
 * @recording:	what is written
 * @progress:	the line that shows how far it is
 * @frames:	of each sweep; 0: without end
 * @sweeps:	how many
 * @done:	sweeps that are over
 * @average:	of the sweeps, with --average
 * @file_play:	capture --play: the file, in the DACs' order
 */
struct sampling {
	const struct options *options;
	ced1401_device *device;
	struct recording *recording;
	struct progress progress;
	uint64_t frames;
	uint64_t sweeps;
	uint64_t done;
	struct average average;
	struct playing *file_play;
};

/*
 * Both sample until all sweeps are over, or the user stops it. Return: an exit code;
 * what failed was said.
 */
int sampling_stream(struct sampling *s);
int sampling_oneshot(struct sampling *s);

/* sampling_about - the recording's channels, from the options */
void sampling_about(struct sampling *s);

/* sampling_begin_sweep, sampling_take, sampling_end_sweep - for both ways */
int sampling_begin_sweep(struct sampling *s, uint64_t start_ns);
int sampling_take(struct sampling *s, const int16_t *samples, size_t frames);
int sampling_end_sweep(struct sampling *s);

#endif
