/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talking to the 1401 through /dev/ced1401: commands, replies, and blocks that
 * it moves when it asks for them.
 *
 * Every function here ends the program with a line on stderr when something
 * fails: a demonstration has nothing better to do.
 */
#ifndef DEMO_TALK_H
#define DEMO_TALK_H

#include <stddef.h>

/**
 * fail - say what went wrong and end the program with status 1
 * @format: as printf's, without a newline
 */
void fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* Send a command, its ';' included. */
void talk_send(int fd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Receive one line, without its CR, into @line of @size bytes. */
void talk_line(int fd, char *line, size_t size);

/* Ask @command for a number: the first of its reply. */
long talk_ask(int fd, const char *command);

/* Fail if the 1401 has an error to report; @what was being done. */
void talk_check(int fd, const char *what);

/* Wait, ms milliseconds at a time, until ADCMEM or MEMDAC has finished. */
void talk_finish(int fd, const char *command);

/**
 * talk_block - wait by poll(2) until one more block of a transfer has moved
 * @fd: the session
 * @id: the transfer's id, from CED1401_IOC_START
 * @total: bytes that the transfer must have moved by then, since its start
 */
void talk_block(int fd, unsigned int id, unsigned long long total);

#endif
