/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/failnth: how a thread asks for the n-th allocation from the beginning of a module's
 * init function on to fail. How many there are before, as the kernel loads the module, is now
 * one more, now one less; so they count in the low bits of fail-nth, and tell.c drops these.
 */
#ifndef TESTS_FAILNTH_INIT_H
#define TESTS_FAILNTH_INIT_H

#define INIT_BITS	16
#define INIT_BEFORE	((1u << INIT_BITS) - 1)
#define INIT_NTH(n)	((n) << INIT_BITS | INIT_BEFORE)

#endif /* TESTS_FAILNTH_INIT_H */
