/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines of the 1401, cut into numbers. Pure: tests/lib/pure.c tests it on the host.
 */
#ifndef LIBCED1401_PARSE_H
#define LIBCED1401_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libced1401.h"

/**
 * parse_numbers - the numbers of a reply
 * @line: numbers separated by commas or spaces, decimal or hex behind '$'
 * @values: the first @max go here
 * @max: room in @values
 *
 * Return: how many the line has; -EBADMSG: something is no number, or there is none.
 */
int parse_numbers(const char *line, long *values, unsigned int max);

/*
 * Two counts of 64 bits, whatever a long is here: what a stream moved, and what it lost. 0
 * or -EBADMSG.
 */
int parse_counts(const char *line, uint64_t counts[2]);

/* Whether a line can be ERR's reply: two numbers, the first 0 to 255 */
bool parse_error(const char *line, long *error, long *detail);

/* A line of CLIST, "NAME 1.0": false if it is none */
bool parse_command_name(const char *line, struct ced1401_command_name *name);

#endif
