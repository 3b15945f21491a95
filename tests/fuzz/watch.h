/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells that a program has found something: the kernel's log, the module's
 * reference count, and whether the driver still does its work.
 */
#ifndef TESTS_FUZZ_WATCH_H
#define TESTS_FUZZ_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HANG_SECONDS	20	/* a process that is killed ends within */

void watch_begin(const char *complaints);
const char *watch_log(void);
const char *watch_references(void);
const char *watch_health(void);
void set_user(unsigned int uid, unsigned int gid);
void drop_rights(void);
bool ended(pid_t pid, unsigned int ms);
uint64_t now_ms(void);

#endif /* TESTS_FUZZ_WATCH_H */
