/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver and a 1401 in place of the real ones, for what these do too seldom: the library
 * is linked to this with --wrap of the calls that it makes (tests/lib/run). Time is the
 * fake's, too: it passes only while the library sleeps, or says something. One thread.
 */
#ifndef TESTS_LIB_FAKE_H
#define TESTS_LIB_FAKE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include <linux/ced1401.h>

#define FAKE_PATH	"/dev/fake1401"
#define FAKE_TRANSFERS	8
#define FAKE_WORD_NS	100000u		/* that something said takes */
#define FAKE_MEMORY	0x100000u	/* bytes of the 1401's */

/**
 * struct fake_transfer - a transfer as the driver has it
 * @start: its arguments
 * @state: CED1401_STATE_*
 * @error: that STATUS has not told
 * @moved: bytes; @consumed: of these
 */
struct fake_transfer {
	struct ced1401_start start;
	uint32_t state;
	int error;
	uint64_t moved;
	uint64_t consumed;
};

/**
 * struct fake - what a test sets, and may look at
 * @now: CLOCK_MONOTONIC, ns
 * @obey: the 1401's commands, without their ';', but for ERR, MEMTOP and unknown ones;
 *	fake_reply() sends a line
 * @waits: WAIT is about to sleep
 * @looks: CONSUME is about to be answered
 * @slept_for_ever: WAIT had no deadline, and nothing came
 * @transfers: the first is number 1
 * @n: how many
 */
struct fake {
	uint64_t now;
	void (*obey)(const char *command);
	void (*waits)(void);
	void (*looks)(struct fake_transfer *t);
	bool slept_for_ever;
	struct fake_transfer transfers[FAKE_TRANSFERS];
	unsigned int n;
};

extern struct fake fake;

/* As if nothing had been; sessions are closed before */
void fake_begin(void);

void fake_reply(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The transfer that was started last for this area; NULL: none */
struct fake_transfer *fake_area(unsigned int area);

/* A transfer's memory */
uint8_t *fake_memory(const struct fake_transfer *transfer);

/* The C library's own, which --wrap leaves so */
int __real_open(const char *path, int flags, ...);
int __real_fstat(int file, struct stat *stat);
int __real_close(int file);
ssize_t __real_read(int file, void *data, size_t n);
ssize_t __real_write(int file, const void *data, size_t n);
void *__real_mmap(void *at, size_t n, int prot, int flags, int file, off_t offset);
int __real_epoll_wait(int epoll, struct epoll_event *events, int n, int ms);
int __real_poll(struct pollfd *fds, nfds_t n, int ms);

#endif
