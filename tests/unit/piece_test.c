// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How piece.c splits transfers for the 8237, and how it reads what has moved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "piece.h"

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))
#define LARGEST		0x400000u	/* bytes of the largest transfer */
#define ISA_END		0x1000000u

static const uint32_t sizes[] = {
	1, 2, 3, 4, 5, 511, 512, 513, 4095, 4096, 4097, 4098, 8191, 8192, 8193,
	0xfffe, 0xffff, 0x10000, 0x10001, 0x1fffe, 0x1ffff, 0x20000, 0x20001,
	0x20002, 0x30001, 0xfffff, 0x100000, LARGEST - 1, LARGEST,
};

/* What the 8237 can move in one go, said independently of piece.c */
static void assert_possible(const struct ced_piece *piece, uint32_t address,
			    uint32_t left, uint32_t room, bool wide)
{
	uint32_t page = wide ? CED_PAGE_16 : CED_PAGE_8;

	assert_in_range(piece->len, 1, left);
	if (!piece->bounce)
		assert_in_range(piece->len, 1, room);
	assert_in_range(piece->count, piece->len, piece->len + 1);
	if (piece->bounce) {
		assert_true(wide);
		assert_in_range(piece->count, 1, CED_BOUNCE_SIZE);
	} else {
		/* Not a byte outside the transfer, nor over the DMA page */
		assert_int_equal(piece->count, piece->len);
		assert_int_equal(address / page,
				 (address + piece->count - 1) / page);
		assert_in_range(piece->count, 1, page);
	}
	if (wide) {
		assert_int_equal(piece->count % 2, 0);
		if (!piece->bounce)
			assert_int_equal(address % 2, 0);
	}
}

/* Of a transfer that is no ring: its end is the end of the memory */
static struct ced_piece next_piece(uint32_t address, uint32_t left, bool wide)
{
	return ced_next_piece(address, left, left, wide);
}

/* Split the whole of it, return the number of pieces */
static unsigned int split(uint32_t address, uint32_t size, bool wide)
{
	unsigned int pieces = 0;
	uint32_t done = 0;

	while (done < size) {
		uint32_t left = size - done;
		struct ced_piece piece = next_piece(address + done, left, wide);

		assert_possible(&piece, address + done, left, left, wide);
		done += piece.len;
		pieces++;
	}
	assert_int_equal(done, size);
	return pieces;
}

static void split_everything(bool wide)
{
	uint32_t page = wide ? CED_PAGE_16 : CED_PAGE_8;
	static const int32_t around[] = { -4097, -4096, -3, -2, -1, 0, 1, 2, 3,
					  4095, 4096, 4097 };
	unsigned int i, j, k;

	for (k = 1; k <= 8; k++)
		for (i = 0; i < LENGTH(around); i++)
			for (j = 0; j < LENGTH(sizes); j++)
				split(k * page + around[i], sizes[j], wide);
}

static void narrow_pieces_sum_up_and_cross_no_page(void **state)
{
	(void)state;
	split_everything(false);
}

static void wide_pieces_sum_up_and_cross_no_page(void **state)
{
	(void)state;
	split_everything(true);
}

static void every_address_at_a_narrow_boundary_is_cut_there(void **state)
{
	uint32_t before;

	(void)state;
	for (before = 1; before <= 600; before++) {
		struct ced_piece piece =
			next_piece(3 * CED_PAGE_8 - before, 1000, false);

		assert_int_equal(piece.len, before);
		assert_int_equal(piece.count, before);
		assert_false(piece.bounce);
	}
}

static void every_even_address_at_a_wide_boundary_is_cut_there(void **state)
{
	uint32_t before;

	(void)state;
	for (before = 2; before <= 600; before += 2) {
		struct ced_piece piece =
			next_piece(3 * CED_PAGE_16 - before, 1001, true);

		assert_int_equal(piece.len, before);
		assert_false(piece.bounce);
	}
}

static void a_narrow_boundary_does_not_cut_a_wide_piece(void **state)
{
	struct ced_piece piece = next_piece(CED_PAGE_8 - 16, 64, true);

	(void)state;
	assert_int_equal(piece.len, 64);
}

static void a_whole_page_is_one_piece(void **state)
{
	(void)state;
	assert_int_equal(split(0x200000, CED_PAGE_8, false), 1);
	assert_int_equal(split(0x200000, CED_PAGE_16, true), 1);
	assert_int_equal(split(0x200000, CED_PAGE_8 + 1, false), 2);
	assert_int_equal(split(0x200000, CED_PAGE_16 + 2, true), 2);
}

static void four_mib_take_the_fewest_pieces(void **state)
{
	(void)state;
	assert_int_equal(split(ISA_END - LARGEST, LARGEST, false), 64);
	assert_int_equal(split(ISA_END - LARGEST, LARGEST, true), 32);
	assert_int_equal(split(0x1000 + 0x400000, LARGEST, false), 65);
	assert_int_equal(split(0x1000 + 0x400000, LARGEST, true), 33);
}

static void only_the_last_byte_of_an_odd_size_is_bounced(void **state)
{
	struct ced_piece piece = next_piece(0x1000, 1001, true);

	(void)state;
	assert_int_equal(piece.len, 1000);
	assert_int_equal(piece.count, 1000);
	assert_false(piece.bounce);
	piece = next_piece(0x1000 + 1000, 1, true);
	assert_int_equal(piece.len, 1);
	assert_int_equal(piece.count, 2);
	assert_true(piece.bounce);
}

static void an_odd_address_is_bounced_throughout(void **state)
{
	uint32_t left;

	(void)state;
	for (left = 1; left <= 3 * CED_BOUNCE_SIZE; left++) {
		struct ced_piece piece = next_piece(0x20fff, left, true);

		assert_true(piece.bounce);
		assert_int_equal(piece.len, left < CED_BOUNCE_SIZE ?
					    left : CED_BOUNCE_SIZE);
		assert_int_equal(piece.count, (piece.len + 1) & ~1u);
	}
}

static void nothing_is_bounced_on_a_narrow_channel(void **state)
{
	uint32_t address, left;

	(void)state;
	for (address = 0x1000; address < 0x1010; address++)
		for (left = 1; left < 20; left++)
			assert_false(next_piece(address, left, false).bounce);
}

static void the_residue_tells_what_has_moved(void **state)
{
	const struct ced_piece piece = { .len = 1000, .count = 1000 };
	uint32_t residue;

	(void)state;
	for (residue = 0; residue <= 1000; residue++) {
		assert_int_equal(ced_piece_moved(&piece, residue, false, false,
						 false), 1000 - residue);
		assert_int_equal(ced_piece_moved(&piece, residue, false, false,
						 true), 1000 - residue);
	}
}

static void terminal_count_does_not_overrule_the_8237(void **state)
{
	const struct ced_piece piece = { .len = 1000, .count = 1000 };

	(void)state;
	assert_int_equal(ced_piece_moved(&piece, 0, true, false, false), 1000);
	/* A card that tells of terminal count too early is not believed */
	assert_int_equal(ced_piece_moved(&piece, 1000, true, false, false), 0);
	assert_int_equal(ced_piece_moved(&piece, 600, true, false, false), 400);
}

static void a_whole_page_moved_all_or_nothing_at_residue_0(void **state)
{
	const struct ced_piece narrow = {
		.len = CED_PAGE_8, .count = CED_PAGE_8,
	};
	const struct ced_piece wide = {
		.len = CED_PAGE_16, .count = CED_PAGE_16,
	};

	(void)state;
	assert_int_equal(ced_piece_moved(&narrow, 0, false, false, false), 0);
	assert_int_equal(ced_piece_moved(&narrow, 0, true, false, false),
			 CED_PAGE_8);
	assert_int_equal(ced_piece_moved(&narrow, 1, false, false, false),
			 CED_PAGE_8 - 1);
	assert_int_equal(ced_piece_moved(&narrow, 0xffff, false, false, false),
			 1);
	assert_int_equal(ced_piece_moved(&wide, 0, false, false, true), 0);
	assert_int_equal(ced_piece_moved(&wide, 0, true, false, true),
			 CED_PAGE_16);
	assert_int_equal(ced_piece_moved(&wide, 2, false, false, true),
			 CED_PAGE_16 - 2);
}

static void less_than_a_page_at_residue_0_is_all(void **state)
{
	const struct ced_piece narrow = {
		.len = CED_PAGE_8 - 1, .count = CED_PAGE_8 - 1,
	};
	/* The size of a narrow page means nothing on a wide channel */
	const struct ced_piece wide = {
		.len = CED_PAGE_8, .count = CED_PAGE_8,
	};

	(void)state;
	assert_int_equal(ced_piece_moved(&narrow, 0, false, false, false),
			 CED_PAGE_8 - 1);
	assert_int_equal(ced_piece_moved(&wide, 0, false, false, true),
			 CED_PAGE_8);
}

static void a_residue_larger_than_the_piece_is_nothing(void **state)
{
	const struct ced_piece piece = { .len = 10, .count = 10 };

	(void)state;
	assert_int_equal(ced_piece_moved(&piece, 11, false, false, false), 0);
	assert_int_equal(ced_piece_moved(&piece, 0xffffffff, false, false,
					 false), 0);
}

static void the_pad_byte_does_not_count(void **state)
{
	const struct ced_piece last = { .len = 1, .count = 2, .bounce = true };
	const struct ced_piece odd = { .len = 99, .count = 100,
				       .bounce = true };
	const struct ced_piece even = { .len = 100, .count = 100 };

	(void)state;
	assert_int_equal(ced_piece_moved(&last, 0, true, true, true), 1);
	assert_int_equal(ced_piece_moved(&last, 0, true, false, true), 1);
	assert_int_equal(ced_piece_moved(&last, 2, false, false, true), 0);
	assert_int_equal(ced_piece_moved(&odd, 0, true, true, true), 99);
	/* A block that ended early with an odd byte: 41 of 42 are data */
	assert_int_equal(ced_piece_moved(&even, 58, false, true, true), 41);
	assert_int_equal(ced_piece_moved(&even, 100, false, true, true), 0);
}

static void never_more_than_the_piece_has_moved(void **state)
{
	static const uint32_t residues[] = { 0, 1, 2, 3, 0xfffe, 0xffff, 0x10000,
					     0x1fffe, 0x1ffff };
	unsigned int i, j, bits;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		for (bits = 0; bits < 8; bits++) {
			bool wide = bits & 4;
			struct ced_piece piece =
				next_piece(0x20000, sizes[i], wide);

			for (j = 0; j < LENGTH(residues); j++)
				assert_true(ced_piece_moved(&piece, residues[j],
							    bits & 1, bits & 2,
							    wide) <= piece.len);
		}
	}
}

/* @n bytes round a ring of @length from @at on; the number of pieces */
static unsigned int go_round(uint32_t ring, uint32_t length, uint32_t at,
			     uint32_t n, bool wide)
{
	unsigned int pieces = 0;

	while (n) {
		uint32_t left = n < length ? n : length, room = length - at;
		struct ced_piece piece = ced_next_piece(ring + at, left, room,
							wide);

		assert_possible(&piece, ring + at, left, room, wide);
		/* It may stand still only where the channel cannot go */
		assert_true(!piece.bounce || (ring + at) % 2 || left == 1);
		n -= piece.len;
		at = (at + piece.len) % length;
		pieces++;
	}
	return pieces;
}

static void a_ring_is_cut_at_its_end_and_goes_on_at_its_start(void **state)
{
	uint32_t page, length, at, n;
	unsigned int before, wide;

	(void)state;
	for (wide = 0; wide < 2; wide++) {
		page = wide ? CED_PAGE_16 : CED_PAGE_8;
		/* Rings in one page, to its end, and over it; odd ones too */
		for (before = 0; before < 40; before += 1 + wide)
			for (length = 1 + wide; length < 40; length += 1 + wide)
				for (at = 0; at < length; at++)
					for (n = 1; n <= 2 * length + 1; n++)
						go_round(5 * page - before,
							 length, at, n, wide);
	}
}

static void a_lap_within_a_page_is_one_piece(void **state)
{
	(void)state;
	assert_int_equal(go_round(0x200000, CED_PAGE_8, 0, CED_PAGE_8, false),
			 1);
	assert_int_equal(go_round(0x200000, CED_PAGE_16, 0, CED_PAGE_16, true),
			 1);
	assert_int_equal(go_round(0x200000, 1000, 400, 1000, false), 2);
	assert_int_equal(go_round(0x200000, 1000, 400, 1000, true), 2);
	assert_int_equal(go_round(0x20ff00, 1000, 0, 1000, false), 2);
	assert_int_equal(go_round(0x21ff00, 1000, 0, 1000, true), 2);
}

static void a_word_across_the_end_of_a_ring_is_bounced(void **state)
{
	/* Place 9 of a ring of 10: one byte to the end, three to go */
	struct ced_piece piece = ced_next_piece(0x1009, 3, 1, true);

	(void)state;
	assert_true(piece.bounce);
	assert_int_equal(piece.len, 3);
	assert_int_equal(piece.count, 4);
	/* An even address with one byte to the end cannot take a word either */
	piece = ced_next_piece(0x1008, 2, 1, true);
	assert_true(piece.bounce);
	assert_int_equal(piece.len, 2);
	/* With three, two go where they belong */
	piece = ced_next_piece(0x1008, 10, 3, true);
	assert_false(piece.bounce);
	assert_int_equal(piece.len, 2);
	/* An 8-bit channel has no such trouble */
	piece = ced_next_piece(0x1009, 3, 1, false);
	assert_false(piece.bounce);
	assert_int_equal(piece.len, 1);
}

static void room_of_more_than_is_left_changes_nothing(void **state)
{
	unsigned int i, wide;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		for (wide = 0; wide < 2; wide++) {
			struct ced_piece a, b;

			a = ced_next_piece(0x1fff0, sizes[i], sizes[i], wide);
			b = ced_next_piece(0x1fff0, sizes[i], UINT32_MAX, wide);
			assert_int_equal(a.len, b.len);
			assert_int_equal(a.count, b.count);
			assert_int_equal(a.bounce, b.bounce);
		}
	}
}

static void all_else_goes_through_the_small_buffer(void **state)
{
	uint32_t left;

	(void)state;
	for (left = 1; left <= 3 * CED_BOUNCE_SIZE; left++) {
		uint32_t len = left < CED_BOUNCE_SIZE ? left : CED_BOUNCE_SIZE;
		struct ced_piece narrow = ced_bounce_piece(left, false);
		struct ced_piece wide = ced_bounce_piece(left, true);

		assert_true(narrow.bounce && wide.bounce);
		assert_int_equal(narrow.len, len);
		assert_int_equal(narrow.count, len);
		assert_int_equal(wide.len, len);
		assert_int_equal(wide.count, (len + 1) & ~1u);
		assert_in_range(wide.count, 1, CED_BOUNCE_SIZE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(narrow_pieces_sum_up_and_cross_no_page),
		cmocka_unit_test(wide_pieces_sum_up_and_cross_no_page),
		cmocka_unit_test(every_address_at_a_narrow_boundary_is_cut_there),
		cmocka_unit_test(every_even_address_at_a_wide_boundary_is_cut_there),
		cmocka_unit_test(a_narrow_boundary_does_not_cut_a_wide_piece),
		cmocka_unit_test(a_whole_page_is_one_piece),
		cmocka_unit_test(four_mib_take_the_fewest_pieces),
		cmocka_unit_test(only_the_last_byte_of_an_odd_size_is_bounced),
		cmocka_unit_test(an_odd_address_is_bounced_throughout),
		cmocka_unit_test(nothing_is_bounced_on_a_narrow_channel),
		cmocka_unit_test(a_ring_is_cut_at_its_end_and_goes_on_at_its_start),
		cmocka_unit_test(a_lap_within_a_page_is_one_piece),
		cmocka_unit_test(a_word_across_the_end_of_a_ring_is_bounced),
		cmocka_unit_test(room_of_more_than_is_left_changes_nothing),
		cmocka_unit_test(all_else_goes_through_the_small_buffer),
		cmocka_unit_test(the_residue_tells_what_has_moved),
		cmocka_unit_test(terminal_count_does_not_overrule_the_8237),
		cmocka_unit_test(a_whole_page_moved_all_or_nothing_at_residue_0),
		cmocka_unit_test(less_than_a_page_at_residue_0_is_all),
		cmocka_unit_test(a_residue_larger_than_the_piece_is_nothing),
		cmocka_unit_test(the_pad_byte_does_not_count),
		cmocka_unit_test(never_more_than_the_piece_has_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
