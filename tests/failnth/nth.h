/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calling thread's fail-nth: the n-th allocation or copy from now on fails. See
 * Documentation/fault-injection/fault-injection.rst.
 */
#ifndef TESTS_FAILNTH_NTH_H
#define TESTS_FAILNTH_NTH_H

int nth_open(void);
void nth_set(int fd, unsigned int nth);
unsigned int nth_get(int fd);

#endif /* TESTS_FAILNTH_NTH_H */
