/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that a program can do with its session, done by threads that begin at
 * the same moment, while a stream runs into the memory.
 *
 * A deed may fail, for another may have been first, but only with an errno that says
 * so.
 */
#ifndef TESTS_CASES_DEEDS_H
#define TESTS_CASES_DEEDS_H

#include <pthread.h>
#include <stdatomic.h>

#include "common.h"

#define SIZE	(32 * KIB)		/* of each buffer */
#define CROWD	4			/* threads at the most, main's own not counted */

/**
 * struct round - what the threads fight for
 * @fd:		the session, with a ring in buffer 1, an area of CED's, a stream
 * @other:	another session
 * @mem:	/proc/self/mem
 * @nothing:	/dev/null
 * @arena:	buffer 0, buffer 1, and places to move them to
 * @own:	memory that is no buffer
 * @ring:	the ring's id
 * @gone_is_well: the card may be gone: ENODEV
 * @odd:	the first result that no order of events explains: line << 16 | errno
 */
struct round {
	int fd, other, mem, nothing;
	uint8_t *arena, *own;
	uint32_t ring;
	bool gone_is_well;
	atomic_uint odd;
};

typedef void deed(struct round *r);

#define DEEDS	27

void prepare(struct round *r);		/* once */
bool round_begins(struct round *r);	/* false: errno tells why */
void round_ends(struct round *r, uint32_t order);
void note(struct round *r, int line, int error);

struct crowd;

struct runner {
	pthread_t thread;
	struct crowd *crowd;
	deed *deed;		/* NULL: the end */
	uint32_t delay_ns;
};

/**
 * struct crowd - threads that begin at the same moment
 * @size:	how many
 * @ready:	how many stand at the line
 * @chance:	see below()
 */
struct crowd {
	struct round round;
	struct runner runners[CROWD];
	unsigned int size;
	pthread_barrier_t gate;
	atomic_uint ready;
	uint32_t chance;
};

extern deed *deeds[DEEDS];

void crowd_begins(struct crowd *c, unsigned int size);
void crowd_ends(struct crowd *c);

/* A round, in which thread i does deed[i]; it fails if a result is odd */
void race(struct crowd *c, deed *deed[]);

#endif /* TESTS_CASES_DEEDS_H */
