/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs of tests/bench share. They run as root in the guest, alone: what
 * fails ends them.
 */
#ifndef CED1401_BENCH_H
#define CED1401_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/ced1401.h>

#include "meter.h"

#define CARD	0x300

void die(const char *what) __attribute__((noreturn));
int must(int result, const char *what);
void bench_begin(void);

/*
 * Values of one figure: the median is printed, less the meter's own part of it; or the
 * least, where memory is taken: in how many steps depends on who has given some back
 */
struct values {
	unsigned int n;
	uint32_t v[1000];
};

void add(struct values *values, uint32_t value);
uint32_t median(struct values *values);
void print_figure(const char *name, double value, const char *unit);
void print_median(const char *name, struct values *values);
void print_least(const char *name, struct values *values);

int open_card(void);
void close_card(int fd);
uint8_t *map_buffer(int fd, unsigned int buffer, size_t size);
void unmap_buffer(uint8_t *at);
void send_line(int fd, const char *line);
void ask_1401(int fd, const char *line, long *second);
uint32_t start(int fd, unsigned int buffer, uint32_t flags, uint32_t length);
void stop(int fd, uint32_t id);
void status(int fd, uint32_t id, struct ced1401_status *result);
void wait_events(int fd, short events);

#endif /* CED1401_BENCH_H */
