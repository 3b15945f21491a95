// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memory read|map: what mapped buffers cost, against anonymous memory of the same size:
 * reading them, and making, touching and freeing them.
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "bench.h"
#include "modules/floor.h"

#define SIZE	(64 * KIB)
#define PAIRS	40
#define PLACES	9

static volatile uint64_t sink;

static void read_by(const uint8_t *p, size_t stride)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i + sizeof(uint64_t) <= SIZE; i += stride)
		sum += *(const volatile uint64_t *)(p + i);
	sink = sum;
}

static void copy_out(const uint8_t *p)
{
	static uint8_t copy[SIZE];

	memcpy(copy, p, SIZE);
	sink = copy[SIZE - 1];
}

/* As many passes as make 30000 accesses: a disturbance is short against that */
static uint32_t timed(const uint8_t *p, size_t stride)
{
	unsigned int passes = stride ? stride / 2 : 1, i;
	uint32_t before = meter();

	for (i = 0; i < passes; i++) {
		if (stride)
			read_by(p, stride);
		else
			copy_out(p);
	}
	return meter() - before;
}

/* One after the other, in turn, so that both are disturbed alike: the ratio */
static double compare(const uint8_t *mapped, const uint8_t *anon, size_t stride,
		      struct values *ours, struct values *theirs)
{
	struct values ratios = { 0 };
	uint32_t a, b;
	unsigned int i;

	for (i = 0; i < PAIRS; i++) {
		if (i & 1) {
			a = timed(mapped, stride);
			b = timed(anon, stride);
		} else {
			b = timed(anon, stride);
			a = timed(mapped, stride);
		}
		add(ours, a);
		add(theirs, b);
		add(&ratios, 1e6 * a / b);
	}
	return median(&ratios) / 1e6;
}

/* Not cached as ordinary memory is: PWT 0x08, PCD 0x10, PAT 0x80 */
static void tell_caching(const uint8_t *mapped, const uint8_t *anon)
{
	int fd = open("/dev/pte-of-mine", O_RDWR);
	int ours, theirs;

	if (fd < 0) {
		printf("# no /dev/pte-of-mine\n");
		return;
	}
	ours = must(ioctl(fd, FLOOR_PTE, mapped), "PTE");
	theirs = must(ioctl(fd, FLOOR_PTE, anon), "PTE");
	printf("# page table entries: flags 0x%x mapped, 0x%x anonymous\n", ours, theirs);
	print_figure("read.uncached", (ours & 0x98) != (theirs & 0x98), "pages");
}

static uint8_t *anon_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		die("anonymous memory");
	return p;
}

static void touch(uint8_t *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += 4096)
		p[i] = 1;
}

/*
 * Where in the address space a mapping lies makes a difference, to the emulator's own
 * table of pages too: half of the pairs are made the one way round, half the other.
 */
static double in_both_places(int fd, size_t stride, struct values *ours,
			     struct values *theirs)
{
	double product = 1;
	uint8_t *mapped, *anon;
	int first;

	for (first = 0; first < 2; first++) {
		mapped = first ? map_buffer(fd, 0, SIZE) : NULL;
		anon = anon_memory(SIZE);
		mapped = first ? mapped : map_buffer(fd, 0, SIZE);
		memset(mapped, 1, SIZE);
		memset(anon, 1, SIZE);
		product *= compare(mapped, anon, stride, ours, theirs);
		unmap_buffer(mapped);
		must(munmap(anon, SIZE), "munmap");
	}
	return sqrt(product);
}

static void measure_reading(void)
{
	static const struct {
		const char *name;
		size_t stride;
	} ways[] = {
		{ "8B", 8 }, { "64B", 64 }, { "4KiB", 4096 }, { "memcpy", 0 },
	};
	struct values ours = { 0 }, theirs = { 0 }, ratios = { 0 };
	int fd = open_card();
	uint8_t *mapped, *anon;
	unsigned int i, k;
	char name[60];

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		for (k = 0; k < PLACES; k++)
			add(&ratios, 1e6 * in_both_places(fd, ways[i].stride, &ours,
							  &theirs));
		snprintf(name, sizeof(name), "read.mapped.%s", ways[i].name);
		print_figure(name, median(&ours), "instructions");
		snprintf(name, sizeof(name), "read.anon.%s", ways[i].name);
		print_figure(name, median(&theirs), "instructions");
		snprintf(name, sizeof(name), "read.ratio.%s", ways[i].name);
		print_figure(name, median(&ratios) / 1e6, "ratio");
		ours.n = 0;
		theirs.n = 0;
		ratios.n = 0;
	}
	mapped = map_buffer(fd, 0, SIZE);
	anon = anon_memory(SIZE);
	memset(mapped, 1, SIZE);
	memset(anon, 1, SIZE);
	tell_caching(mapped, anon);
}

static void map_ours(int fd, size_t size)
{
	struct ced1401_free f = { .buffer = 0 };
	uint8_t *p = map_buffer(fd, 0, size);

	touch(p, size);
	unmap_buffer(p);
	must(ioctl(fd, CED1401_IOC_FREE, &f), "FREE");
}

static void map_anonymous(size_t size)
{
	uint8_t *p = anon_memory(size);

	touch(p, size);
	must(munmap(p, size), "munmap");
}

static void measure_mapping(void)
{
	static const unsigned int sizes[] = { 4, 16, 64, 256, 1024 };
	struct values ours = { 0 }, theirs = { 0 };
	unsigned int i, k;
	int fd = open_card();
	uint32_t before;
	char name[60];

	/* What is locked would be populated anyway */
	must(munlockall(), "munlockall");
	for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		for (i = 0; i < 40; i++) {
			before = meter();
			map_ours(fd, sizes[k] * KIB);
			add(&ours, meter() - before);
			before = meter();
			map_anonymous(sizes[k] * KIB);
			add(&theirs, meter() - before);
		}
		snprintf(name, sizeof(name), "map.driver.%uKiB", sizes[k]);
		print_least(name, &ours);
		snprintf(name, sizeof(name), "map.anon.%uKiB", sizes[k]);
		print_least(name, &theirs);
	}
}

int main(int argc, char **argv)
{
	bench_begin();
	if (argc == 2 && !strcmp(argv[1], "read"))
		measure_reading();
	else
		measure_mapping();
	return 0;
}
