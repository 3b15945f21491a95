// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer of the benchmark: the floppy drive, which QEMU's own controller reads by ISA
 * DMA. 8 MiB by read(2), O_DIRECT, so that nothing comes from the page cache: a disk of
 * 1440 KiB from its start to its end, again and again.
 */
#define _GNU_SOURCE
#include <fcntl.h>

#include "peer.h"

#define DISK	(1440 * KIB)
#define PASSES	6			/* 8.4 MiB */

static int disk;
static char *memory;

static void read_disk(void)
{
	unsigned int left = DISK;

	if (lseek(disk, 0, SEEK_SET))
		give_up("floppy: lseek");
	while (left) {
		ssize_t n = read(disk, memory, left < BUFFER ? left : BUFFER);

		if (n <= 0)
			give_up("floppy: read");
		left -= (unsigned int)n;
	}
}

int main(void)
{
	struct measurement m;
	unsigned int i;

	disk = open("/dev/fd0", O_RDONLY | O_DIRECT);
	if (disk < 0)
		give_up("floppy: /dev/fd0");
	memory = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (memory == MAP_FAILED)
		give_up("floppy: mmap");
	prepare();
	read_disk();
	begin(&m);
	for (i = 0; i < PASSES; i++)
		read_disk();
	end(&m, "floppy.read", (uint64_t)PASSES * DISK);
	return 0;
}
