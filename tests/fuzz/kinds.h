/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of arguments, and the values of those that choose.
 */
#ifndef TESTS_FUZZ_KINDS_H
#define TESTS_FUZZ_KINDS_H

#include "program.h"

enum {
	MEM_SYNC, MEM_LOCK, MEM_UNLOCK, MEM_INCORE, MEM_READV, MEM_WRITEV,
	MEM_REMAP_PAGES,
};

enum {
	IO_READ, IO_WRITE, IO_READV, IO_WRITEV, IO_PREAD, IO_PWRITE, IO_LSEEK,
	IO_SPLICE_IN, IO_SPLICE_OUT, IO_SENDFILE, IO_FSYNC, IO_FTRUNCATE,
};

enum {
	POLL_POLL, POLL_EPOLL, POLL_SELECT,
};

enum {
	CHILD_HOLD, CHILD_EXIT, CHILD_TOUCH, CHILD_CLOSE, CHILD_UNMAP,
	CHILD_WRITE, CHILD_CLAIM,
};

enum {
	SIGNAL_EINTR, SIGNAL_RESTART, SIGNAL_STOP, SIGNAL_CHILDREN, SIGNAL_DIE,
};

enum {
	CIRC_GET, CIRC_FREE, CIRC_ALL,
};

extern const struct kind FILE_;
extern const struct kind MAP;
extern const struct kind TRANSFER;
extern const struct kind AT;
extern const struct kind MEMORY;
extern const struct kind HINT;
extern const struct kind TEXT;
extern const struct kind OPEN_FLAGS;
extern const struct kind PROT;
extern const struct kind MAP_FLAGS;
extern const struct kind REMAP_FLAGS;
extern const struct kind START_FLAGS;
extern const struct kind EVENTS;
extern const struct kind ADVICE;
extern const struct kind MEM_CALL;
extern const struct kind IO_CALL;
extern const struct kind POLL_CALL;
extern const struct kind CHILD;
extern const struct kind SIGNAL;
extern const struct kind YES;
extern const struct kind PLAIN;
extern const struct kind CIRC;
extern const struct kind DIR;
extern const struct kind CARD;
extern const struct kind COUNT;
extern const struct kind SIZE;
extern const struct kind BUFFER;
extern const struct kind AREA;
extern const struct kind MS;
extern const struct kind NUMBER;
extern const struct kind ZERO;
extern const struct kind MAGIC;

#endif /* TESTS_FUZZ_KINDS_H */
