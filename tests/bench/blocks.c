// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs to have a MiB of data from the 1401 in the program's memory, readable:
 * blocks of 64 KiB that the 1401 sends on a command, each asked for when the last one
 * is there; and a ring of 64 KiB that a stream goes round, emptied by eighths. The
 * program does not look at the data.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/ced1401-ced.h>

#include "bench.h"

#define BLOCK	(64 * KIB)
#define BLOCKS	16		/* a MiB */
#define TIMES	20
#define COMMAND	"TOHOST,0,65536,0;"

/* An empty 1401 sends zeros */
static void must_be_there(const uint8_t *data)
{
	size_t i;

	for (i = 0; i < BLOCK; i++) {
		if (data[i]) {
			fprintf(stderr, "a block did not come whole\n");
			exit(1);
		}
	}
}

static void print_mib(const char *name, struct values *values)
{
	uint32_t middle = median(values);

	print_figure(name, middle, "instructions/MiB");
	printf("# %s: %u values, %u to %u\n", name, values->n, values->v[0],
	       values->v[values->n - 1]);
	values->n = 0;
}

static void measure_mapped(void)
{
	struct values values = { 0 };
	struct ced1401_wait w;
	uint64_t bytes = 0;
	unsigned int i, k;
	int fd = open_card();
	uint8_t *data = map_buffer(fd, 0, BLOCK);
	uint32_t id, before;

	memset(data, 0xff, BLOCK);
	must(ioctl(fd, CED1401_IOC_CLAIM), "CLAIM");
	id = start(fd, 0, CED1401_TO_HOST | CED1401_ON_REQUEST, BLOCK);
	for (k = 0; k < TIMES; k++) {
		before = meter();
		for (i = 0; i < BLOCKS; i++) {
			send_line(fd, COMMAND);
			bytes += BLOCK;
			memset(&w, 0, sizeof(w));
			w.id = id;
			w.bytes = bytes;
			must(ioctl(fd, CED1401_IOC_WAIT, &w), "WAIT");
		}
		add(&values, meter() - before);
	}
	must_be_there(data);
	print_mib("block.mapped", &values);
	stop(fd, id);
	close_card(fd);
}

static void send_ced(int fd, const char *line)
{
	must(ioctl(fd, CEDIOC_SEND_STRING((unsigned int)strlen(line)), line), line);
}

/* @copy: the area is memory of the program's own, else a buffer of the driver's */
static void measure_ced(const char *name, bool copy)
{
	struct values values = { 0 };
	struct cedioc_event event;
	struct cedioc_desc area;
	unsigned int i, k;
	int fd = open_card();
	uint8_t *data = copy ? aligned_alloc(4096, BLOCK) : map_buffer(fd, 0, BLOCK);
	uint32_t before;

	memset(data, 0xff, BLOCK);
	memset(&area, 0, sizeof(area));
	area.address = (intptr_t)data;
	area.length = BLOCK;
	must(ioctl(fd, CEDIOC_SET_AREA, &area), "set area");
	memset(&event, 0, sizeof(event));
	event.start = BLOCK - 1;
	event.length = 1;
	event.flags = 1;
	must(ioctl(fd, CEDIOC_SET_EVENT, &event), "set event");
	for (k = 0; k < TIMES; k++) {
		before = meter();
		for (i = 0; i < BLOCKS; i++) {
			send_ced(fd, COMMAND);
			if (must(ioctl(fd, CEDIOC_WAIT_EVENT, 10000 << 8), "wait"))
				die("no block came");
		}
		add(&values, meter() - before);
	}
	must_be_there(data);
	print_mib(name, &values);
	must(ioctl(fd, CEDIOC_UNSET_AREA, 0), "unset area");
	if (copy)
		free(data);
	close_card(fd);
}

/* 500 kHz of two bytes, as fast as an 8-bit channel: a MiB in a second of guest time */
static void measure_ring(void)
{
	uint64_t target = 0, had = 0;
	struct ced1401_consume c;
	struct ced1401_wait w;
	int fd = open_card();
	uint32_t id, before;

	map_buffer(fd, 0, BLOCK);
	must(ioctl(fd, CED1401_IOC_CLAIM), "CLAIM");
	id = start(fd, 0, CED1401_TO_HOST | CED1401_NOW | CED1401_CIRCULAR, BLOCK);
	send_line(fd, "XFIFO,0,H,2,4;");
	before = meter();
	while (had < MIB) {
		target += BLOCK / 8;
		memset(&w, 0, sizeof(w));
		w.id = id;
		w.bytes = target;
		must(ioctl(fd, CED1401_IOC_WAIT, &w), "WAIT");
		memset(&c, 0, sizeof(c));
		c.id = id;
		c.bytes = target - had;
		must(ioctl(fd, CED1401_IOC_CONSUME, &c), "CONSUME");
		had = c.consumed;
		if (c.overwritten)
			die("lost in the ring");
	}
	print_figure("ring.mapped", meter() - before, "instructions/MiB");
	stop(fd, id);
	send_line(fd, "XFIFO,K;");
	close_card(fd);
}

int main(void)
{
	bench_begin();
	measure_mapped();
	measure_ced("block.ced.mapped", false);
	measure_ced("block.ced.copied", true);
	measure_ring();
	return 0;
}
