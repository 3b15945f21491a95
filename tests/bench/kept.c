// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes of kernel memory that a session, a buffer beside its data and a transfer keep:
 * by how much the kernel's general caches have grown after many of them. What the
 * kernel itself keeps for any open file or mapping has caches of its own.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define SESSIONS	128
#define BUFFERED	3	/* of the sessions: 16 KiB for each buffer */

/* What processors hold ready counts as used: have it given back first */
static void give_back(const char *cache)
{
	char path[100];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	file = fopen(path, "w");
	if (!file || fputs("1\n", file) < 0 || fclose(file))
		die(path);
}

/* In use, in caches for things of any kind */
static double general_caches(bool shrunk)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	unsigned long used, all, size;
	char line[400], name[60];
	double sum = 0;

	if (!file)
		die("/proc/slabinfo");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%59s %lu %lu %lu", name, &used, &all, &size) != 4 ||
		    strncmp(name, "kmalloc-", strlen("kmalloc-")))
			continue;
		if (!shrunk)
			give_back(name);
		sum += (double)used * size;
	}
	fclose(file);
	return shrunk ? sum : general_caches(true);
}

int main(void)
{
	unsigned int i, k;
	double before;
	int fds[SESSIONS];

	bench_begin();
	close_card(open_card());
	before = general_caches(false);
	for (i = 0; i < SESSIONS; i++)
		fds[i] = open_card();
	print_figure("memory.session", (general_caches(false) - before) / SESSIONS, "bytes");

	before = general_caches(false);
	for (i = 0; i < BUFFERED; i++) {
		for (k = 0; k < CED1401_BUFFERS; k++)
			map_buffer(fds[i], k, 4096);
	}
	print_figure("memory.buffer",
		     (general_caches(false) - before) / (BUFFERED * CED1401_BUFFERS), "bytes");

	before = general_caches(false);
	for (i = 0; i < BUFFERED; i++) {
		for (k = 0; k < CED1401_TRANSFERS; k++)
			stop(fds[i], start(fds[i], k, CED1401_TO_HOST |
					   CED1401_ON_REQUEST, 64));
	}
	print_figure("memory.transfer",
		     (general_caches(false) - before) / (BUFFERED * CED1401_TRANSFERS), "bytes");
	for (i = 0; i < SESSIONS; i++)
		close_card(fds[i]);
	return 0;
}
