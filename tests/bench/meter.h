/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The meter of qemu/meter.c, for programs that have its ports (ioperm): instructions that
 * the guest has executed; without -icount, nanoseconds.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>
#include <sys/io.h>

#define METER	0x340		/* its default */
#define KIB	1024u
#define MIB	(1024u * KIB)

/* Modulo 4 Gi */
static inline uint32_t meter(void)
{
	return inl(METER);
}

/* All of them: the high half is that of the read before */
static inline uint64_t meter_whole(void)
{
	uint32_t low = meter();

	return (uint64_t)inl(METER + 4) << 32 | low;
}

/* Modulo 4 Gi, at the last rise of DMAEN, and of the interrupt line */
static inline uint32_t meter_dmaen(void)
{
	return inl(METER + 8);
}

static inline uint32_t meter_line(void)
{
	return inl(METER + 12);
}

#endif /* BENCH_METER_H */
