// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Holds a buffer by its mapping alone, for insmod.sh: says "mapped", waits for a
 * line, and fails if the memory is not what it was.
 */
#include "common.h"

#define SIZE	(64 * KIB)

int main(void)
{
	int fd = open(device(), O_RDWR);
	uint8_t *p;
	size_t i;

	if (fd < 0)
		return 1;
	p = mmap(NULL, SIZE, RW, MAP_SHARED, fd, CED1401_BUF_OFFSET(0));
	if (p == MAP_FAILED)
		return 2;
	close(fd);
	memset(p, 'x', SIZE);
	puts("mapped");
	fflush(stdout);
	getchar();
	for (i = 0; i < SIZE; i++) {
		if (p[i] != 'x')
			return 3;
	}
	return 0;
}
