/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Executing a program: in a process of its own, without rights, in up to four
 * threads.
 */
#ifndef TESTS_FUZZ_EXECUTE_H
#define TESTS_FUZZ_EXECUTE_H

#include <sys/types.h>

#include "kcov.h"
#include "program.h"

#define THREADS		4
#define CHILDREN	4
#define ANON_SIZE	0x140000u
#define SHARED_SIZE	0x20000u
#define ARENA_SIZE	0x2000000u

/* What the calls of a program share; its threads race for it on purpose */
struct slots {
	int file[FILES];		/* -1: not open */
	struct {
		uint8_t *p;
		size_t size;
	} map[MAPS];
	uint32_t transfer[TRANSFERS];
	pid_t child[CHILDREN];
};

/**
 * struct run - what the fuzzer hears of a program, in memory that both share
 * @done:	calls that returned
 * @error:	0 or what they returned
 * @wrong:	what no driver should do, else empty
 * @coverage:	where its threads have been in the module
 */
struct run {
	bool done[MAX_CALLS];
	int error[MAX_CALLS];
	char wrong[200];
	struct coverage coverage;
};

extern struct slots slots;

void *place(uint64_t where);
bool put_at(uint64_t where, const void *from, size_t n);
bool get_from(uint64_t where, void *to, size_t n);
bool touch_at(volatile uint8_t *p, bool write);
void signal_threads(int sig);
void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

void execute(const struct program *program, struct run *run)
	__attribute__((noreturn));

#endif /* TESTS_FUZZ_EXECUTE_H */
