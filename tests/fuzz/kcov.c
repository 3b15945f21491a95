// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kcov.h"

/* No header for programs has these; a long is the kernel's, of 64 bits */
#define KCOV_INIT_TRACE	_IOR('c', 1, uint64_t)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0

#define WORDS		(32 * 1024u)	/* places that one call may pass */

static struct {
	int fd;
	uint64_t *words;		/* the first: how many follow */
} tracer[KCOV_THREADS];
static bool is_open;
static uint64_t base, size;		/* of the module */

/* Root alone sees the module's address */
static bool find_module(void)
{
	FILE *modules = fopen("/proc/modules", "re");
	char line[512];
	bool found = false;

	while (modules && !found && fgets(line, sizeof(line), modules))
		found = sscanf(line, "ced1401_isa %" SCNu64 " %*s %*s %*s 0x%" SCNx64,
			       &size, &base) == 2 && base;
	if (modules)
		fclose(modules);
	return found;
}

static bool open_tracer(unsigned int i)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	void *words;

	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, (unsigned long)WORDS))
		return false;
	words = mmap(NULL, WORDS * sizeof(*tracer->words), PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		return false;
	tracer[i].fd = fd;
	tracer[i].words = words;
	return true;
}

/**
 * kcov_open() - make a tracer for each thread that a program may have
 *
 * As root. The processes of programs inherit them.
 *
 * Return: whether this kernel has KCOV.
 */
bool kcov_open(void)
{
	unsigned int i;

	if (!find_module())
		return false;
	for (i = 0; i < KCOV_THREADS; i++)
		if (!open_tracer(i))
			return false;
	is_open = true;
	return true;
}

/**
 * kcov_is_open() - whether this kernel has KCOV
 */
bool kcov_is_open(void)
{
	return is_open;
}

/**
 * kcov_begin() - trace the calling thread until it ends
 * @thread:	its number; no other thread has that tracer now
 */
void kcov_begin(unsigned int thread)
{
	if (!is_open)
		return;
	__atomic_store_n(&tracer[thread].words[0], 0, __ATOMIC_RELAXED);
	if (ioctl(tracer[thread].fd, KCOV_ENABLE, KCOV_TRACE_PC))
		perror("KCOV_ENABLE");
}

/**
 * kcov_fold() - enter in the coverage what was traced, and begin anew
 * @thread:	its number
 * @coverage:	the coverage
 */
void kcov_fold(unsigned int thread, struct coverage *coverage)
{
	uint64_t *words = tracer[thread].words, i, n, at, before = 0;

	if (!is_open)
		return;
	n = __atomic_load_n(&words[0], __ATOMIC_RELAXED);
	for (i = 1; i <= n && i < WORDS; i++) {
		at = words[i] - base;
		if (at >= size || at >= MODULE_MAX)
			continue;
		coverage->place[at] = 1;
		coverage->edge[(before * 31 ^ at) % EDGES] = 1;
		before = at;
	}
	__atomic_store_n(&words[0], 0, __ATOMIC_RELAXED);
}
