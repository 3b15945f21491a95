// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Common to the programs of tests/bench; see bench.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define MAPPINGS	512	/* more than any program has */

static struct mapping {
	uint8_t *at;
	size_t size;
	int fd;
} mappings[MAPPINGS];

static uint32_t meter_cost;

void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

int must(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void add(struct values *values, uint32_t value)
{
	if (values->n < sizeof(values->v) / sizeof(values->v[0]))
		values->v[values->n++] = value;
}

uint32_t median(struct values *values)
{
	if (!values->n)
		return 0;
	qsort(values->v, values->n, sizeof(values->v[0]), compare);
	return values->v[values->n / 2];
}

void print_figure(const char *name, double value, const char *unit)
{
	printf("figure %s %.6g %s\n", name, value, unit);
}

/* How far the values lie apart is a comment: ticks of the timer fall into some */
static void print_one(const char *name, struct values *values, bool least)
{
	uint32_t middle = median(values);

	printf("figure %s %u instructions\n", name,
	       (least ? values->v[0] : middle) - meter_cost);
	printf("# %s: %u values, %u to %u, quartiles %u and %u\n", name, values->n,
	       values->v[0] - meter_cost, values->v[values->n - 1] - meter_cost,
	       values->v[values->n / 4] - meter_cost,
	       values->v[values->n * 3 / 4] - meter_cost);
	values->n = 0;
}

void print_median(const char *name, struct values *values)
{
	print_one(name, values, false);
}

void print_least(const char *name, struct values *values)
{
	print_one(name, values, true);
}

/* Nothing is paged in while something is measured */
void bench_begin(void)
{
	struct values cost = { 0 };
	unsigned int i;
	uint32_t before;

	setvbuf(stdout, NULL, _IOLBF, 0);
	must(iopl(3), "iopl");
	must(mlockall(MCL_CURRENT | MCL_FUTURE), "mlockall");
	for (i = 0; i < 1000; i++) {
		before = meter();
		add(&cost, meter() - before);
	}
	meter_cost = median(&cost);
}

int open_card(void)
{
	return must(open("/dev/ced1401", O_RDWR | O_CLOEXEC), "/dev/ced1401");
}

/* With all that is mapped of it, which would keep the session */
void close_card(int fd)
{
	unsigned int i;

	for (i = 0; i < MAPPINGS; i++) {
		if (mappings[i].at && mappings[i].fd == fd)
			unmap_buffer(mappings[i].at);
	}
	close(fd);
}

uint8_t *map_buffer(int fd, unsigned int buffer, size_t size)
{
	struct mapping *mapping = mappings;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       CED1401_BUF_OFFSET(buffer));

	if (p == MAP_FAILED)
		die("mmap of a buffer");
	while (mapping->at)
		mapping++;
	mapping->at = p;
	mapping->size = size;
	mapping->fd = fd;
	return p;
}

void unmap_buffer(uint8_t *at)
{
	struct mapping *mapping = mappings;

	while (mapping->at != at)
		mapping++;
	must(munmap(at, mapping->size), "munmap");
	mapping->at = NULL;
}

void send_line(int fd, const char *line)
{
	size_t n = strlen(line);

	if (write(fd, line, n) != (ssize_t)n)
		die(line);
}

/* Of the two numbers of its answer the second one */
void ask_1401(int fd, const char *line, long *second)
{
	char answer[80];
	size_t n = 0;

	send_line(fd, line);
	do {
		if (n == sizeof(answer) - 1 || read(fd, answer + n, 1) != 1)
			die(line);
	} while (answer[n++] != '\r');
	answer[n] = '\0';
	if (sscanf(answer, "%*d %*[, ] %ld", second) != 1 &&
	    sscanf(answer, "%*d,%ld", second) != 1)
		die(line);
}

uint32_t start(int fd, unsigned int buffer, uint32_t flags, uint32_t length)
{
	struct ced1401_start s = {
		.buffer = buffer, .flags = flags, .length = length,
	};

	must(ioctl(fd, CED1401_IOC_START, &s), "START");
	return s.id;
}

void stop(int fd, uint32_t id)
{
	struct ced1401_stop s = { .id = id };

	must(ioctl(fd, CED1401_IOC_STOP, &s), "STOP");
}

void status(int fd, uint32_t id, struct ced1401_status *result)
{
	memset(result, 0, sizeof(*result));
	result->id = id;
	must(ioctl(fd, CED1401_IOC_STATUS, result), "STATUS");
}

void wait_events(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, -1) != 1 || !(p.revents & events))
		die("poll");
}
