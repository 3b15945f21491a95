/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs of a fail-nth run count, in a file that all of them map: children
 * that are killed and 32-bit programs too.
 */
#ifndef TESTS_FAILNTH_BOOK_H
#define TESTS_FAILNTH_BOOK_H

#include <stdint.h>

#define KINDS	120
#define NTHS	128

struct kind {
	uint32_t key;		/* of name and ioctl number; 0: unused */
	uint32_t calls;		/* that the tests made */
	uint32_t failures;	/* that were injected */
	uint32_t next;		/* failures to pass over in the next call */
	char name[24];
	uint8_t seen[NTHS];	/* times that the n-th failed; the last: and all beyond */
};

struct book {
	uint32_t wrong;		/* calls that did not fail cleanly */
	uint32_t unused;
	struct kind kinds[KINDS];
};

#endif /* TESTS_FAILNTH_BOOK_H */
