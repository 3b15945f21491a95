/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where programs have been in the module, by the kernel's KCOV
 * (Documentation/dev-tools/kcov.rst). On a kernel without it all of this does
 * nothing: the fuzzer is then guided by the calls' results alone.
 */
#ifndef TESTS_FUZZ_KCOV_H
#define TESTS_FUZZ_KCOV_H

#include <stdbool.h>
#include <stdint.h>

#define KCOV_THREADS	4
#define MODULE_MAX	0x60000u	/* bytes of the module that are looked at */
#define EDGES		0x10000u

/**
 * struct coverage - a byte for each place, not 0: a thread has been there
 * @place:	by the distance from the module's start
 * @edge:	by a hash of a place and the one before
 */
struct coverage {
	uint8_t place[MODULE_MAX];
	uint8_t edge[EDGES];
};

bool kcov_open(void);
bool kcov_is_open(void);
void kcov_begin(unsigned int thread);
void kcov_fold(unsigned int thread, struct coverage *coverage);

#endif /* TESTS_FUZZ_KCOV_H */
