/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of the 1401's clocks, divided by what, comes nearest to a rate.
 */
#ifndef DEMO_CLOCK_H
#define DEMO_CLOCK_H

/**
 * struct clock1401 - a clock of the 1401, as ADCMEM and MEMDAC take it
 * @letter:	C (1 MHz), H (4 MHz) or T (10 MHz)
 * @pre:	first divisor
 * @count:	second divisor
 * @ticks:	ticks a second that come of it
 */
struct clock1401 {
	char letter;
	unsigned int pre, count;
	double ticks;
};

/**
 * clock1401_choose - the nearest that the 1401 can do
 * @ticks: wanted, ticks a second
 * @clock: what to ask the 1401 for
 */
void clock1401_choose(double ticks, struct clock1401 *clock);

#endif
