/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New programs, from nothing and from others.
 */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include "program.h"

void seed_random(uint64_t seed);
unsigned int below(unsigned int n);	/* 0..n-1 */
void generate(struct program *program);
void mutate(struct program *program, const struct program *other);
void remove_call(struct program *program, unsigned int i);

#endif /* TESTS_FUZZ_MUTATE_H */
