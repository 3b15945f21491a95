// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --markers: lines of standard input, each with the moment at which it came. A thread
 * of its own reads them, so that the moment is right whatever the program does.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sampling.h"

#define SETTLE_MS	100	/* for the thread to read what has come */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct marker *first, **last = &first;	/* under the lock */
static bool over;		/* standard input is at its end; under the lock */

static void put_marker(const char *text)
{
	struct marker *marker = must_alloc(1, sizeof(*marker));

	marker->ns = now_ns();
	snprintf(marker->text, sizeof(marker->text), "%s", *text ? text : "marker");
	pthread_mutex_lock(&lock);
	*last = marker;
	last = &marker->next;
	pthread_mutex_unlock(&lock);
}

/* A line of N bytes; NEXT: the first of what did not fit, or 0 */
static void end_line(char *line, size_t n, char next)
{
	static bool told;

	if (next && !told)
		say("a marker has %d bytes at most: what is longer is cut", MARKER_BYTES);
	told |= !!next;
	/* a character is not cut in two */
	if ((next & 0xc0) == 0x80) {
		while (n && (line[n - 1] & 0xc0) == 0x80)
			n--;
		n -= !!n;
	}
	line[n] = '\0';
	put_marker(line);
}

/*
 * Not by stdio: a thread that sleeps there has standard input locked, and the writer
 * of EDF+ flushes all of stdio's files.
 */
static void *read_lines(void *unused)
{
	char line[MARKER_BYTES + 1], c, next = 0;
	size_t n = 0;

	(void)unused;
	while (read(STDIN_FILENO, &c, 1) == 1) {
		if (c == '\n') {
			end_line(line, n, next);
			n = 0;
			next = 0;
		} else if (c != '\r' && n < MARKER_BYTES) {
			line[n++] = c;
		} else if (c != '\r' && !next) {
			next = c;
		}
	}
	if (n)
		end_line(line, n, next);
	pthread_mutex_lock(&lock);
	over = true;
	pthread_mutex_unlock(&lock);
	return NULL;
}

void markers_begin(void)
{
	sigset_t all, before;
	pthread_t thread;

	/* signals are for the main thread, whose waits they end */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, read_lines, NULL))
		die(EXIT_FAILED, "--markers: no thread for them");
	pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* A line has come that the thread has not read yet */
static bool waits(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	bool at_end;

	pthread_mutex_lock(&lock);
	at_end = over;
	pthread_mutex_unlock(&lock);
	return !at_end && poll(&input, 1, 0) > 0 && input.revents & POLLIN;
}

void markers_settle(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int ms;

	for (ms = 0; ms < SETTLE_MS && waits(); ms++)
		nanosleep(&pause, NULL);
}

struct marker *markers_take(void)
{
	struct marker *marker;

	pthread_mutex_lock(&lock);
	marker = first;
	if (marker) {
		first = marker->next;
		if (!first)
			last = &first;
	}
	pthread_mutex_unlock(&lock);
	return marker;
}
