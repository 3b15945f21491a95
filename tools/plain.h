/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is written in whole pieces (lines, frames): what CSV and raw share.
 */
#ifndef CED1401_TOOLS_PLAIN_H
#define CED1401_TOOLS_PLAIN_H

#include <stddef.h>
#include <sys/types.h>

#include "options.h"

struct writer;

#define PLAIN_BUFFER	(64 << 10)

/**
 * struct plain - such a file
 * @fd:		the file
 * @size:	of it, whole pieces only
 * @used:	bytes that wait in @buffer: whole pieces
 * @digits:	CSV: of the time, behind the point
 * @value_digits: CSV: of each channel's values
 * @buffer:	goes out when it is full, and by plain_flush()
 */
struct plain {
	int fd;
	off_t size;
	size_t used;
	int digits;
	int value_digits[MAX_INPUTS];
	char buffer[PLAIN_BUFFER];
};

/* All return 0 or a negative errno */

/* plain_open - make the file; @w->private is its struct plain */
int plain_open(struct writer *w);

/* plain_put - a piece, or several, of @n bytes in all, at most PLAIN_BUFFER */
int plain_put(struct plain *p, const void *data, size_t n);

/*
 * plain_flush - what waits, into the file. After an error @buffer holds the @used
 * bytes that the disk did not take.
 */
int plain_flush(struct plain *p);

/* plain_cut - the file is to end after @size bytes */
int plain_cut(struct plain *p, off_t size);

/* plain_sync, plain_close - as struct format says */
int plain_sync(struct writer *w);
int plain_close(struct writer *w);

#endif
