/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program of the fuzzer: a list of calls with arguments, each a line of text.
 *
 *	open file=f0 flags=rw|nonblock
 *	mmap map=m0 file=f0 size=0x10000 prot=read|write flags=shared
 *	start transfer=t0 file=f0 flags=to_host|on_request length=0x10000 at=anon:0x0
 *	& write file=f0 text="TOHOST,0,4096,0;"
 *	wait transfer=t0 file=f0 bytes=0x1000 ms=50 at=edge:0x8
 *
 * "&": the next call does not wait for this one. Arguments that are 0 are left out.
 * '#' begins a comment; an empty line ends a program.
 */
#ifndef TESTS_FUZZ_PROGRAM_H
#define TESTS_FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

#define MAX_CALLS	32	/* of a program */
#define MAX_ARGS	8	/* of a call */
#define MAX_TEXT	300	/* bytes of a text: the driver's buffer has 256 */

#define FILES		4	/* f0..f3: descriptors */
#define MAPS		8	/* m0..m7: mappings */
#define TRANSFERS	8	/* t0..t7: ids that START gave */

/*
 * What an argument may be. A WHERE is a place in memory, REGION << 32 | OFFSET: a
 * program must not depend on where things lie.
 */
enum arg_type {
	ARG_NUMBER,		/* of any size; list: interesting ones */
	ARG_FLAGS,		/* an OR of the list's */
	ARG_CHOICE,		/* one of the list's */
	ARG_FILE,		/* f0..f3 */
	ARG_MAP,		/* m0..m7 */
	ARG_TRANSFER,		/* t0..t7, else an id as it stands */
	ARG_WHERE,
	ARG_TEXT,		/* call.text; the argument itself is its length */
};

enum region {
	REGION_NULL,		/* address 0 + offset */
	REGION_ANON,		/* 1.25 MiB, readable and writable */
	REGION_EDGE,		/* offset bytes before the end of mapped memory */
	REGION_RDONLY,		/* readable */
	REGION_SHARED,		/* the same memory, writable: a file's */
	REGION_ARENA,		/* address space to put mappings */
	REGION_KERNEL,
	REGION_WILD,		/* no address at all on 64 bits */
	REGION_MAP,		/* and from here on the mappings m0..m7 */
	REGIONS = REGION_MAP + MAPS,
};

#define WHERE(region, offset)	((uint64_t)(region) << 32 | (uint32_t)(offset))

struct named {
	const char *name;
	uint64_t value;
};

/**
 * struct kind - a kind of argument
 * @type:	what it is
 * @list:	names of FLAGS and CHOICE, interesting NUMBERs; ends with a NULL name
 * @usual:	what programs that mean well give: most are of these
 * @n_usual:	how many they are
 */
struct kind {
	enum arg_type type;
	const struct named *list;
	const uint64_t *usual;
	unsigned int n_usual;
};

struct arg_desc {
	const char *name;
	const struct kind *kind;
};

struct call;

/**
 * struct call_desc - a kind of call
 * @name:	the line's first word
 * @weight:	how often it is chosen, relative to others
 * @run:	do it; the result, or -errno
 * @arg:	its arguments; the list ends with a NULL name
 */
struct call_desc {
	const char *name;
	unsigned int weight;
	long (*run)(const struct call *call);
	struct arg_desc arg[MAX_ARGS + 1];
};

struct call {
	const struct call_desc *desc;
	bool goes_on;			/* the next one does not wait */
	uint64_t arg[MAX_ARGS];
	char text[MAX_TEXT];
};

struct program {
	unsigned int n;
	struct call call[MAX_CALLS];
};

extern const struct call_desc calls[];
extern const unsigned int n_calls;

const char *region_name(unsigned int region);
void program_print(const struct program *program, FILE *to);
int program_read(struct program *program, FILE *from, const char *name,
		 unsigned int *line);

#endif /* TESTS_FUZZ_PROGRAM_H */
