// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * streaming gaps: how long the DMA channel does nothing between two pieces of a ring.
 * streaming rate: the highest rate of a stream that comes whole through a ring of
 * 64 KiB while other programs load all processors; in real time, with interrupts and
 * system calls on the way.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define RING	(64 * KIB)
#define CHUNK	(RING / 8)
#define SECONDS	2
#define FLAGS	(CED1401_TO_HOST | CED1401_NOW | CED1401_CIRCULAR)

/* What one stream has cost */
struct run {
	uint64_t bytes;
	uint64_t lost;
	unsigned long calls;
	unsigned long interrupts;
};

/* The one line of /proc/interrupts, all processors together */
static unsigned long count_interrupts(void)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long sum = 0, n;
	char line[300], *at, *end;

	while (file && fgets(line, sizeof(line), file)) {
		if (!strstr(line, "ced1401"))
			continue;
		at = strchr(line, ':') + 1;
		for (n = strtoul(at, &end, 10); end > at; n = strtoul(at, &end, 10)) {
			sum += n;
			at = end;
		}
	}
	if (file)
		fclose(file);
	return sum;
}

/* Take all that comes until so many bytes have come, an eighth of the ring at a time */
static void take(int fd, uint32_t id, uint64_t bytes, struct run *run)
{
	struct ced1401_consume c = { .id = id };
	struct ced1401_wait w;

	while (run->bytes < bytes) {
		memset(&w, 0, sizeof(w));
		w.id = id;
		w.bytes = run->bytes + CHUNK;
		must(ioctl(fd, CED1401_IOC_WAIT, &w), "WAIT");
		c.bytes = w.moved - run->bytes;
		must(ioctl(fd, CED1401_IOC_CONSUME, &c), "CONSUME");
		run->bytes = c.consumed;
		run->lost += c.overwritten;
		run->calls += 2;
	}
}

/* @count: of 4 MHz; two bytes a sample */
static struct run stream(unsigned int count)
{
	struct run run = { 0 };
	int fd = open_card();
	unsigned long before;
	char line[40];
	long missed;
	uint32_t id;

	map_buffer(fd, 0, RING);
	must(ioctl(fd, CED1401_IOC_CLAIM), "CLAIM");
	id = start(fd, 0, FLAGS, RING);
	snprintf(line, sizeof(line), "XFIFO,0,H,2,%u;", count);
	send_line(fd, line);
	before = count_interrupts();
	take(fd, id, 4000000ull * SECONDS / count, &run);
	run.interrupts = count_interrupts() - before;
	/* Samples that the card's own FIFO had no room for */
	ask_1401(fd, "XFIFO,?;", &missed);
	run.lost += 2 * missed;
	stop(fd, id);
	close_card(fd);
	return run;
}

static void load_processors(pid_t *pids, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		pids[i] = must(fork(), "fork");
		while (!pids[i])
			;
	}
}

static void measure_rate(void)
{
	/* Of 2 MHz: 1 MHz, 500 kHz ...; the Power 1401 converts in a microsecond */
	static const unsigned int counts[] = { 2, 3, 4, 5, 8, 10, 20, 40, 80, 200 };
	int n = sysconf(_SC_NPROCESSORS_ONLN), i;
	struct run run = { 0 };
	unsigned int k;
	pid_t pids[16];

	n = n > 16 ? 16 : n;
	load_processors(pids, n);
	for (k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		run = stream(counts[k]);
		printf("# %u samples/s: %llu bytes, %llu lost\n", 2000000 / counts[k],
		       (unsigned long long)run.bytes, (unsigned long long)run.lost);
		if (!run.lost)
			break;
	}
	for (i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	if (run.lost)
		return;
	print_figure("stream.rate", 2 * 2000000.0 / counts[k] / 1000, "KB/s");
	print_figure("stream.interrupts", (double)run.interrupts * MIB / run.bytes, "1/MiB");
	print_figure("stream.calls", (double)run.calls * MIB / run.bytes, "1/MiB");
}

/* From the line's rise at the end of a piece to DMAEN's next rise */
static void measure_chained(void)
{
	struct values gap = { 0 };
	uint32_t id, line, dmaen, last;
	struct run run = { 0 };
	int fd = open_card();

	map_buffer(fd, 0, 2 * RING);
	must(ioctl(fd, CED1401_IOC_CLAIM), "CLAIM");
	id = start(fd, 0, FLAGS, 2 * RING);
	send_line(fd, "XFIFO,0,H,2,4;");
	last = meter_line();
	while (gap.n < 40) {
		take(fd, id, run.bytes + CHUNK, &run);
		line = meter_line();
		dmaen = meter_dmaen();
		if (line != last && (int32_t)(dmaen - line) > 0)
			add(&gap, dmaen - line);
		last = line;
	}
	print_median("gap.chained", &gap);
	stop(fd, id);
	close_card(fd);
}

/* The 8237 goes round by itself: DMAEN never rises again */
static void measure_round(void)
{
	struct run run = { 0 };
	int fd = open_card();
	uint32_t id, dmaen;

	map_buffer(fd, 0, RING);
	must(ioctl(fd, CED1401_IOC_CLAIM), "CLAIM");
	id = start(fd, 0, FLAGS, RING);
	dmaen = meter_dmaen();
	send_line(fd, "XFIFO,0,H,2,4;");
	take(fd, id, 10 * RING, &run);
	if (meter_dmaen() != dmaen)
		die("the ring was not one piece");
	print_figure("gap.round", 0, "instructions");
	stop(fd, id);
	close_card(fd);
}

int main(int argc, char **argv)
{
	bench_begin();
	if (argc == 2 && !strcmp(argv[1], "rate")) {
		measure_rate();
	} else {
		measure_chained();
		measure_round();
	}
	return 0;
}
