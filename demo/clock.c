// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The search is small enough to be done in full: for each clock and each first
 * divisor, the second one is the nearest whole number.
 */
#include <math.h>
#include <stddef.h>

#include "clock.h"

#define DIVISOR_MIN	1
#define DIVISOR_MAX	65535
#define TICKS_MAX	1e6	/* the fastest that the 1401 takes */

static const struct {
	char letter;
	double hz;
} clocks[] = {
	{ 'C', 1e6 }, { 'H', 4e6 }, { 'T', 10e6 },
};

void clock1401_choose(double ticks, struct clock1401 *clock)
{
	double best = INFINITY;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		const double divisor = clocks[i].hz / ticks;

		for (unsigned int pre = DIVISOR_MIN; pre <= DIVISOR_MAX; pre++) {
			const double count = fmin(fmax(round(divisor / pre),
						       DIVISOR_MIN), DIVISOR_MAX);
			const double got = clocks[i].hz / pre / count;

			if (got > TICKS_MAX || fabs(got - ticks) >= best)
				continue;
			best = fabs(got - ticks);
			clock->letter = clocks[i].letter;
			clock->pre = pre;
			clock->count = (unsigned int)count;
			clock->ticks = got;
		}
	}
}
