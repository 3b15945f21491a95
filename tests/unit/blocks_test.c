// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * blocks.c, the book of CED's circular areas, against a model that keeps every
 * byte by itself: first in every state that a small area can come into, then for
 * long with real data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "blocks.h"

#define LONGEST		8		/* bytes of the largest area of the search */
#define BASE		(LONGEST + 1)
#define STATES		(BASE * BASE * BASE * BASE * BASE * BASE)

/* The offsets of all bytes held, in the order in which they came */
struct model {
	uint8_t at[LONGEST];
	unsigned int held;
};

/* A book, what it ought to say, and a block that is on its way */
struct situation {
	struct ced_blocks book;
	struct model model;
	uint32_t block_at;
	uint32_t block_size;		/* 0: there is none */
};

static bool is_free(const struct situation *s, uint32_t at, uint32_t size)
{
	unsigned int i;

	if (at + size > s->book.length)
		return false;
	for (i = 0; i < s->model.held; i++) {
		if (s->model.at[i] >= at && s->model.at[i] < at + size)
			return false;
	}
	return true;
}

/* Where PROTOCOL's words put a block: behind the last one, else at the start */
static bool model_place(const struct situation *s, uint32_t size, uint32_t *at)
{
	const struct model *m = &s->model;

	*at = m->held ? m->at[m->held - 1] + 1u : 0;
	if (*at + size > s->book.length)
		*at = 0;
	return is_free(s, *at, size);
}

/* The first bytes that lie one behind the other */
static uint32_t model_front(const struct model *m, uint32_t *offset)
{
	uint32_t n;

	*offset = m->held ? m->at[0] : 0;
	for (n = 0; n < m->held && m->at[n] == *offset + n; n++)
		;
	return n;
}

static void model_free(struct model *m, uint32_t size)
{
	m->held -= size;
	memmove(m->at, m->at + size, m->held);
}

/* The book says what the model says, and its two runs are within the area */
static void assert_agrees(const struct situation *s)
{
	const struct ced_blocks *book = &s->book;
	uint32_t offset, size = model_front(&s->model, &offset);
	uint32_t i, n = book->oldest.size;

	assert_int_equal(book->oldest.size, size);
	if (size)
		assert_int_equal(book->oldest.offset, offset);
	assert_int_equal(n + book->newest.size, s->model.held);
	for (i = n; i < s->model.held; i++)
		assert_int_equal(s->model.at[i], book->newest.offset + i - n);
	assert_true(book->oldest.offset + book->oldest.size <= book->length);
	assert_true(book->newest.offset + book->newest.size <= book->length);
}

static unsigned int code(const struct situation *s)
{
	unsigned int all = s->book.oldest.offset;

	all = all * BASE + s->book.oldest.size;
	all = all * BASE + s->book.newest.offset;
	all = all * BASE + s->book.newest.size;
	all = all * BASE + s->block_at;
	return all * BASE + s->block_size;
}

struct search {
	struct situation *todo;
	size_t n;
	uint8_t *seen;
};

static void found(struct search *search, const struct situation *s)
{
	unsigned int c = code(s);

	assert_agrees(s);
	assert_true(c < STATES);
	if (!search->seen[c])
		search->todo[search->n++] = *s;
	search->seen[c] = 1;
}

/* A block of every size is asked for */
static void try_place(struct search *search, const struct situation *from)
{
	uint32_t size, at = 0, want;

	for (size = 1; size <= from->book.length; size++) {
		struct situation s = *from;
		bool fits = ced_blocks_place(&s.book, size, &at);

		assert_int_equal(fits, model_place(from, size, &want));
		if (!fits)
			continue;
		assert_int_equal(at, want);
		assert_true(is_free(from, at, size));
		s.block_at = at;
		s.block_size = size;
		found(search, &s);
	}
}

/* The block ends, after each number of its bytes */
static void try_add(struct search *search, const struct situation *from)
{
	uint32_t came, i;

	for (came = 0; came <= from->block_size; came++) {
		struct situation s = *from;

		ced_blocks_add(&s.book, s.block_at, came);
		for (i = 0; i < came; i++)
			s.model.at[s.model.held++] = s.block_at + i;
		s.block_at = 0;
		s.block_size = 0;
		found(search, &s);
	}
}

/* Every part is given back: the front goes, all else changes nothing */
static void try_free(struct search *search, const struct situation *from)
{
	uint32_t offset, size, first;
	uint32_t most = model_front(&from->model, &first);

	for (offset = 0; offset <= from->book.length; offset++) {
		for (size = 0; size <= from->book.length; size++) {
			struct situation s = *from;

			if (!most && !size)
				continue;
			if (ced_blocks_free(&s.book, offset, size)) {
				assert_int_equal(offset, first);
				assert_in_range(size, 0, most);
				model_free(&s.model, size);
				found(search, &s);
			} else {
				assert_true(offset != first || size > most);
				assert_memory_equal(&s, from, sizeof(s));
			}
		}
	}
}

static void every_state_of_a_small_area_agrees_with_the_model(void **state)
{
	struct search search;
	uint32_t length;

	(void)state;
	search.todo = malloc(STATES * sizeof(*search.todo));
	search.seen = malloc(STATES);
	assert_non_null(search.todo);
	assert_non_null(search.seen);
	for (length = 1; length <= LONGEST; length++) {
		struct situation s;
		size_t i;

		memset(&s, 0, sizeof(s));
		s.book.length = length;
		memset(search.seen, 0, STATES);
		search.n = 0;
		found(&search, &s);
		for (i = 0; i < search.n; i++) {
			s = search.todo[i];
			if (s.block_size)
				try_add(&search, &s);
			else
				try_place(&search, &s);
			try_free(&search, &s);
		}
		/* It came about: two runs, both full to the last byte */
		assert_true(search.n > length * length);
	}
	free(search.todo);
	free(search.seen);
}

static uint32_t chance;

static uint32_t random_below(uint32_t n)
{
	chance = chance * 1664525u + 1013904223u;
	return (chance >> 8) % n;
}

/* Bytes that count go in and come out: in order, each once, none overwritten */
static void much_data_comes_out_as_it_went_in(void **state)
{
	static const uint32_t lengths[] = { 1, 2, 3, 100, 4096, 65536, 0x100000 };
	uint8_t *area = malloc(0x100000);
	unsigned int i, k;

	(void)state;
	assert_non_null(area);
	for (k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
		struct ced_blocks book = { .length = lengths[k] };
		uint32_t in = 0, out = 0, at, n;
		unsigned int waits = 0;

		for (i = 0; i < 20000; i++) {
			n = 1 + random_below(i % 2 ? (lengths[k] + 3) / 4 :
					     lengths[k]);
			if (ced_blocks_place(&book, n, &at)) {
				uint32_t end = at + n;

				ced_blocks_add(&book, at, n);
				assert_true(end <= book.length);
				for (; n && lengths[k] <= 4096; n--)
					area[end - n] = in++;
				/* Of the large ones the edges will do */
				if (n) {
					area[at] = in;
					area[end - 1] = in + n - 1;
					in += n;
				}
			} else {
				waits++;
			}
			at = book.oldest.offset;
			n = random_below(book.oldest.size + 1);
			if (random_below(2) || !n)
				continue;
			if (lengths[k] <= 4096) {
				uint32_t j;

				for (j = 0; j < n; j++)
					assert_int_equal(area[at + j],
							 (uint8_t)(out + j));
			}
			assert_true(ced_blocks_free(&book, at, n));
			out += n;
		}
		assert_int_equal(in - out,
				 book.oldest.size + book.newest.size);
		assert_true(waits > 100);
	}
	free(area);
}

static void a_block_as_large_as_the_area_goes_in_and_out(void **state)
{
	struct ced_blocks book = { .length = 10 };
	uint32_t at = 99;

	(void)state;
	assert_true(ced_blocks_place(&book, 10, &at));
	assert_int_equal(at, 0);
	ced_blocks_add(&book, 0, 10);
	assert_false(ced_blocks_place(&book, 1, &at));
	assert_true(ced_blocks_free(&book, 0, 3));
	assert_true(ced_blocks_place(&book, 3, &at));
	assert_int_equal(at, 0);
	assert_false(ced_blocks_place(&book, 4, &at));
	assert_true(ced_blocks_free(&book, 3, 7));
	assert_true(ced_blocks_place(&book, 10, &at));
	assert_int_equal(at, 0);
}

static void an_empty_area_begins_at_its_start(void **state)
{
	struct ced_blocks book = { .length = 10 };
	uint32_t at = 99;

	(void)state;
	ced_blocks_add(&book, 0, 6);
	assert_true(ced_blocks_free(&book, 0, 6));
	assert_true(ced_blocks_place(&book, 2, &at));
	assert_int_equal(at, 0);
	assert_false(ced_blocks_place(&book, 11, &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_of_a_small_area_agrees_with_the_model),
		cmocka_unit_test(much_data_comes_out_as_it_went_in),
		cmocka_unit_test(a_block_as_large_as_the_area_goes_in_and_out),
		cmocka_unit_test(an_empty_area_begins_at_its_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
