// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which of the 1401's clocks, divided by what, comes nearest to a rate. Pure.
 *
 * The search is small enough to be done in full: for each clock and each first
 * divisor the second one is the nearest whole number, rounded down or up.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>

#include "libced1401.h"

#define DIVISOR_MAX	65535u
#define TICKS_MAX	1e6	/* the fastest that the 1401 takes */

static const struct {
	char letter;
	double hz;
} clocks[] = {
	{ 'C', 1e6 }, { 'H', 4e6 }, { 'T', 10e6 },
};

#define CLOCKS		(sizeof(clocks) / sizeof(clocks[0]))
#define TICKS_MIN	(1e6 / DIVISOR_MAX / DIVISOR_MAX)

/* Whether @pre and @count are nearer than what @best holds; then it holds them */
static void consider(size_t clock, unsigned int pre, double count, double hz,
		     struct ced1401_clock *best)
{
	double got;

	if (count < 1 || count > DIVISOR_MAX)
		return;
	got = clocks[clock].hz / (pre * count);
	if (got > TICKS_MAX ||
	    (best->letter && fabs(got - hz) >= fabs(best->hz - hz)))
		return;
	best->letter = clocks[clock].letter;
	best->pre = pre;
	best->count = (unsigned int)count;
	best->hz = got;
}

int ced1401_clock_choose(double hz, struct ced1401_clock *clock)
{
	struct ced1401_clock best = { 0 };
	unsigned int pre;
	size_t i;

	if (!(hz >= TICKS_MIN * 0.999 && hz <= TICKS_MAX))
		return -ERANGE;
	for (i = 0; i < CLOCKS; i++) {
		for (pre = 1; pre <= DIVISOR_MAX; pre++) {
			double count = floor(clocks[i].hz / hz / pre);

			if (count < 1)
				count = 1;
			if (count > DIVISOR_MAX)
				count = DIVISOR_MAX;
			consider(i, pre, count, hz, &best);
			consider(i, pre, count + 1, hz, &best);
			/* Larger ones only ask for more than count 1 */
			if (clocks[i].hz / hz < pre)
				break;
		}
	}
	*clock = best;
	return 0;
}
