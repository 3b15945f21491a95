/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture of what was sampled, however long: lowest and highest value of each
 * of some hundred spans of time, drawn by gnuplot.
 */
#ifndef CED1401_TOOLS_PLOT_H
#define CED1401_TOOLS_PLOT_H

#include <stddef.h>
#include <stdint.h>

struct signal_about;

#define PLOT_SPANS	2000

/**
 * struct plot - what a picture needs
 * @n:		channels
 * @span:	frames of a span; grows twofold when all spans are full
 * @filled:	spans that are full
 * @in_span:	frames in the one that is being filled
 * @low:	of each channel and span, @n values for each span
 * @high:	likewise
 */
struct plot {
	unsigned int n;
	uint64_t span;
	unsigned int filled;
	uint64_t in_span;
	double *low;
	double *high;
};

/* plot_begin - for @n channels */
void plot_begin(struct plot *plot, unsigned int n);

/* plot_add - one frame */
void plot_add(struct plot *plot, const double *frame);

/**
 * plot_draw - draw it
 * @plot: is freed
 * @about: names, units and rate
 * @path: ends in .png or .svg
 *
 * Return: 0, or -1: gnuplot is not there, or failed, and it was said.
 */
int plot_draw(struct plot *plot, const struct signal_about *about, const char *path);

#endif
