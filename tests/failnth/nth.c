// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See nth.h. None of the calls here are among those that wrap.c goes between. What
 * cannot be done ends the program: without failures there is nothing to test.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nth.h"

#define HIGH_FD		900	/* the tests count, and close, what is low */

static const char path[] = "/proc/thread-self/fail-nth";

static void __attribute__((noreturn)) give_up(void)
{
	dprintf(2, "%s: %s\n", path, strerror(errno));
	_exit(124);
}

/* For the calling thread alone, to be closed by it */
int nth_open(void)
{
	int low = openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC), fd;

	if (low < 0 && errno == EACCES) {
		/* The /proc of a program that was root is still root's */
		prctl(PR_SET_DUMPABLE, 1);
		low = openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	}
	fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, HIGH_FD);
	if (fd < 0)
		give_up();
	close(low);
	return fd;
}

/*
 * Both copies count, too, while something is set: the one that it comes to fails. 0:
 * nothing fails. The last argument is half of the offset to 32-bit programs.
 */
void nth_set(int fd, unsigned int nth)
{
	char text[12];
	long n = snprintf(text, sizeof(text), "%u", nth);

	if (syscall(SYS_pwrite64, fd, text, n, 0L, 0L) != n &&
	    syscall(SYS_pwrite64, fd, text, n, 0L, 0L) != n)
		give_up();
}

/* What is left of what was set; 0: it came to that, and something has failed */
unsigned int nth_get(int fd)
{
	char text[12] = "";

	if (syscall(SYS_pread64, fd, text, sizeof(text) - 1, 0L, 0L) > 0)
		return strtoul(text, NULL, 10);
	if (errno != EFAULT)
		give_up();
	return 1;
}
