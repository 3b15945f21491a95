// SPDX-License-Identifier: GPL-2.0-or-later
/* tests/failnth: counts BOOK: what is in it, a line for a kind of call, then the sums */
#include <stdio.h>

#include "book.h"

int main(int argc, char *argv[])
{
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	unsigned long calls = 0, failures = 0;
	static struct book book;
	struct kind *kind;

	if (!file || fread(&book, sizeof(book), 1, file) != 1)
		return 2;
	for (kind = book.kinds; kind < book.kinds + KINDS && kind->key; kind++) {
		printf("%s %08x: %u calls, %u failures\n", kind->name, kind->key,
		       kind->calls, kind->failures);
		calls += kind->calls;
		failures += kind->failures;
	}
	printf("calls %lu\nfailures %lu\nwrong %u\n", calls, failures, book.wrong);
	return 0;
}
