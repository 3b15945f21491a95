/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the peers of the benchmark share: the meter that counts the guest's
 * instructions (qemu/meter.c), and how a figure is printed. Only for root in a guest
 * that has the meter.
 *
 *	prepare();
 *	begin(&m);
 *	...
 *	end(&m, "comedi.read", bytes);
 *
 * prints two figures, and a comment that tells the time:
 *
 *	figure PREFIX.comedi.read N instructions/MiB
 *	figure PREFIX.comedi.read.net N instructions/MiB
 *
 * The second is without what an idle guest executes in the same time, which a stream
 * that takes its time would else be charged with. The environment has PREFIX, and that
 * rate, which the program "idle" finds.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../meter.h"

#define BUFFER		(64 * KIB)	/* of every ring that lets one choose */
#define CHUNK		(BUFFER / 8)	/* what a program waits for */

static inline void __attribute__((noreturn, format(printf, 1, 2)))
give_up(const char *format, ...)
{
	int error = errno;
	va_list ap;

	printf("# skipped: ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("%s%s\n", error ? ": " : "", error ? strerror(error) : "");
	exit(1);
}

/*
 * Pages of the program come over 9p from the host, at a time and a cost that is no
 * business of the measurement: have them all before.
 */
static inline void prepare(void)
{
	if (ioperm(METER, 16, 1))
		give_up("the meter's ports");
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		give_up("mlockall");
	errno = 0;
	if (meter_whole() == meter_whole())
		give_up("no meter at port 0x%x", METER);
}

struct measurement {
	uint64_t count;			/* of instructions */
	uint64_t ns;			/* the guest's time, of which it skips what is idle */
};

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void begin(struct measurement *m)
{
	m->ns = now_ns();
	m->count = meter_whole();
}

static inline const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

static inline void print_figure(const char *name, double value, const char *unit)
{
	printf("figure %s.%s %.0f %s\n", environment("PEER_PREFIX", "peer"), name, value,
	       unit);
	fflush(stdout);
}

static inline void end(struct measurement *m, const char *name, uint64_t bytes)
{
	double idle = atof(environment("PEER_IDLE", "0")), seconds, mib;
	char net[80];

	m->count = meter_whole() - m->count;
	seconds = (double)(now_ns() - m->ns) / 1e9;
	mib = (double)bytes / MIB;
	print_figure(name, (double)m->count / mib, "instructions/MiB");
	snprintf(net, sizeof(net), "%s.net", name);
	print_figure(net, ((double)m->count - idle * seconds) / mib, "instructions/MiB");
	printf("# %s: %.2f MiB in %.2f s of the guest's time\n", name, mib, seconds);
}

#endif
