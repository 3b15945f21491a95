// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What request.c makes of the characters that come from a 1401.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "request.h"

#define ESC	0x1b
#define BITS_7	0x7fu
#define BITS_14	0x3fffu
#define BITS_22	0x3fffffu

enum coding { SHORTEST = 0, BYTES_1 = 1, BYTES_2 = 2, BYTES_3 = 3 };

/* Append @value to @to in @coding, return the bytes that it took */
static size_t put_number(uint8_t *to, uint32_t value, enum coding coding)
{
	if (coding == SHORTEST)
		coding = value <= BITS_7 ? BYTES_1 :
			 value <= BITS_14 ? BYTES_2 : BYTES_3;
	switch (coding) {
	case BYTES_1:
		to[0] = value;
		return 1;
	case BYTES_2:
		to[0] = 0x80 | value >> 8;
		to[1] = value;
		return 2;
	default:
		to[0] = 0xc0 | value >> 16;
		to[1] = value >> 8;
		to[2] = value;
		return 3;
	}
}

static size_t put_request(uint8_t *to, const struct ced_request *request,
			  enum coding offset, enum coding size)
{
	size_t n = 0;

	to[n++] = ESC;
	to[n++] = request->area << 4 | (request->to_1401 ? 9 : 8);
	n += put_number(to + n, request->offset, offset);
	n += put_number(to + n, request->size, size);
	return n;
}

/* All of @bytes but the last are parts of a request, the last one ends it */
static void assert_decodes(struct ced_decoder *decoder, const uint8_t *bytes,
			   size_t n, const struct ced_request *want)
{
	size_t i;

	for (i = 0; i + 1 < n; i++)
		assert_int_equal(ced_decode(decoder, bytes[i]),
				 CED_DECODED_PART);
	assert_int_equal(ced_decode(decoder, bytes[i]), CED_DECODED_REQUEST);
	assert_int_equal(decoder->request.to_1401, want->to_1401);
	assert_int_equal(decoder->request.area, want->area);
	assert_int_equal(decoder->request.offset, want->offset);
	assert_int_equal(decoder->request.size, want->size);
	assert_int_equal(decoder->state, CED_DECODE_IDLE);
}

static const uint32_t edges[] = {
	0, 1, 0x1b, 0x3f, 0x40, 0x7e, BITS_7, BITS_7 + 1, 0xff, 0x100, 0x1b1b,
	BITS_14 - 1, BITS_14, BITS_14 + 1, 0xffff, 0x10000, 0x1b1b1b,
	BITS_22 - 1, BITS_22,
};

#define N_EDGES	(sizeof(edges) / sizeof(edges[0]))

static void every_edge_value_survives_in_the_shortest_coding(void **state)
{
	struct ced_decoder decoder = { 0 };
	uint8_t bytes[8];
	size_t i, j, n;

	(void)state;
	for (i = 0; i < N_EDGES; i++) {
		for (j = 0; j < N_EDGES; j++) {
			struct ced_request request = {
				.to_1401 = j & 1, .area = i % 8,
				.offset = edges[i], .size = edges[j],
			};

			n = put_request(bytes, &request, SHORTEST, SHORTEST);
			assert_decodes(&decoder, bytes, n, &request);
		}
	}
}

static void every_pair_of_codings_is_understood(void **state)
{
	static const uint32_t most[] = { 0, BITS_7, BITS_14, BITS_22 };
	struct ced_decoder decoder = { 0 };
	uint8_t bytes[8];
	int o, s;
	size_t n;

	(void)state;
	for (o = BYTES_1; o <= BYTES_3; o++) {
		for (s = BYTES_1; s <= BYTES_3; s++) {
			/* A small number may come in a long coding */
			struct ced_request small = { .offset = 5, .size = 6 };
			struct ced_request large = {
				.to_1401 = true, .area = 7,
				.offset = most[o], .size = most[s],
			};

			n = put_request(bytes, &small, o, s);
			assert_int_equal(n, 2 + o + s);
			assert_decodes(&decoder, bytes, n, &small);
			n = put_request(bytes, &large, o, s);
			assert_decodes(&decoder, bytes, n, &large);
		}
	}
}

static void all_numbers_of_22_bits_survive(void **state)
{
	struct ced_decoder decoder = { 0 };
	uint8_t bytes[8];
	uint32_t value;
	size_t i, n;

	(void)state;
	for (value = 0; value <= BITS_22; value++) {
		struct ced_request request = {
			.offset = value, .size = value ^ BITS_22,
		};
		enum ced_decoded last = CED_DECODED_BAD;

		n = put_request(bytes, &request, SHORTEST, SHORTEST);
		for (i = 0; i < n; i++)
			last = ced_decode(&decoder, bytes[i]);
		if (last != CED_DECODED_REQUEST ||
		    decoder.request.offset != request.offset ||
		    decoder.request.size != request.size)
			fail_msg("offset %u, size %u became %u, %u",
				 request.offset, request.size,
				 decoder.request.offset, decoder.request.size);
	}
}

static void every_area_and_direction_is_told(void **state)
{
	struct ced_decoder decoder = { 0 };
	uint8_t bytes[8];
	unsigned int i;
	size_t n;

	(void)state;
	for (i = 0; i < 16; i++) {
		struct ced_request request = {
			.to_1401 = i & 1, .area = i >> 1,
			.offset = 100, .size = 200,
		};

		n = put_request(bytes, &request, SHORTEST, SHORTEST);
		assert_decodes(&decoder, bytes, n, &request);
	}
}

static void every_other_kind_is_bad(void **state)
{
	unsigned int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		struct ced_decoder decoder = { 0 };
		unsigned int kind = c & 0x0f;
		enum ced_decoded want = CED_DECODED_BAD;

		if (c == '?')
			want = CED_DECODED_IGNORED;
		else if (kind == CED_REQUEST_TO_HOST ||
			 kind == CED_REQUEST_TO_1401)
			want = CED_DECODED_PART;
		ced_decode(&decoder, ESC);
		assert_int_equal(ced_decode(&decoder, c), want);
		/* What is no request leaves the stream open for characters */
		if (want != CED_DECODED_PART)
			assert_int_equal(ced_decode(&decoder, 'A'),
					 CED_DECODED_CHAR);
	}
}

static void the_top_bit_of_a_kind_does_not_matter(void **state)
{
	static const uint8_t bytes[] = { ESC, 0x80 | 3 << 4 | 9, 1, 2 };
	struct ced_decoder decoder = { 0 };
	struct ced_request want = {
		.to_1401 = true, .area = 3, .offset = 1, .size = 2,
	};

	(void)state;
	assert_decodes(&decoder, bytes, sizeof(bytes), &want);
}

static void only_esc_with_either_top_bit_starts_a_request(void **state)
{
	unsigned int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		struct ced_decoder decoder = { 0 };

		assert_int_equal(ced_decode(&decoder, c),
				 (c & 0x7f) == ESC ? CED_DECODED_PART :
						     CED_DECODED_CHAR);
	}
}

static void an_esc_inside_a_request_is_part_of_a_number(void **state)
{
	/* 22 bits of 0x1b, or 14 with the top bit set in the second */
	static const uint8_t bytes[] = { ESC, 8, 0xc0 | ESC, ESC, ESC | 0x80,
					 0x80 | ESC, ESC };
	struct ced_decoder decoder = { 0 };
	struct ced_request want = { .offset = 0x1b1b9b, .size = 0x1b1b };

	(void)state;
	assert_decodes(&decoder, bytes, sizeof(bytes), &want);
}

static void all_values_of_the_bytes_of_a_number_count(void **state)
{
	unsigned int place, c;

	(void)state;
	for (place = 0; place < 3; place++) {
		for (c = 0; c < 256; c++) {
			struct ced_decoder decoder = { 0 };
			uint8_t bytes[] = { ESC, 8, 0xc0, 0, 0, 1 };
			struct ced_request want = { .size = 1 };

			if (!place && c < 0xc0)
				continue;
			bytes[2 + place] = c;
			want.offset = (bytes[2] & 0x3f) << 16 | bytes[3] << 8 |
				      bytes[4];
			assert_decodes(&decoder, bytes, sizeof(bytes), &want);
		}
	}
}

static void requests_back_to_back_do_not_mix(void **state)
{
	struct ced_decoder decoder = { 0 };
	struct ced_request first = {
		.to_1401 = true, .area = 7, .offset = BITS_22, .size = BITS_22,
	};
	struct ced_request second = { .area = 1, .offset = 2, .size = 3 };
	uint8_t bytes[16];
	size_t n;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		n = put_request(bytes, &first, SHORTEST, SHORTEST);
		assert_decodes(&decoder, bytes, n, &first);
		n = put_request(bytes, &second, SHORTEST, SHORTEST);
		assert_decodes(&decoder, bytes, n, &second);
	}
}

static void characters_around_a_request_stay_characters(void **state)
{
	struct ced_decoder decoder = { 0 };
	struct ced_request request = { .area = 2, .offset = 300, .size = 40000 };
	uint8_t bytes[8];
	size_t n;

	(void)state;
	n = put_request(bytes, &request, SHORTEST, SHORTEST);
	assert_int_equal(ced_decode(&decoder, '0'), CED_DECODED_CHAR);
	assert_decodes(&decoder, bytes, n, &request);
	assert_int_equal(ced_decode(&decoder, '\r'), CED_DECODED_CHAR);
}

static void an_information_response_is_ignored(void **state)
{
	struct ced_decoder decoder = { 0 };

	(void)state;
	assert_int_equal(ced_decode(&decoder, ESC), CED_DECODED_PART);
	assert_int_equal(ced_decode(&decoder, '?'), CED_DECODED_IGNORED);
	assert_int_equal(ced_decode(&decoder, '?'), CED_DECODED_CHAR);
}

static void a_zeroed_decoder_forgets_half_a_request(void **state)
{
	struct ced_decoder decoder = { 0 };
	struct ced_request request = { .area = 1, .offset = 9000, .size = 3 };
	uint8_t bytes[8];
	size_t n, cut, i;

	(void)state;
	n = put_request(bytes, &request, SHORTEST, SHORTEST);
	for (cut = 1; cut < n; cut++) {
		for (i = 0; i < cut; i++)
			ced_decode(&decoder, bytes[i]);
		memset(&decoder, 0, sizeof(decoder));
		assert_int_equal(ced_decode(&decoder, 'x'), CED_DECODED_CHAR);
		assert_decodes(&decoder, bytes, n, &request);
	}
}

static void a_decoder_in_no_known_state_recovers(void **state)
{
	struct ced_decoder decoder = { .more = 3 };

	(void)state;
	decoder.state = 77;
	assert_int_equal(ced_decode(&decoder, 'x'), CED_DECODED_BAD);
	assert_int_equal(ced_decode(&decoder, 'x'), CED_DECODED_CHAR);
}

/* Under the sanitizers this also shows that nothing overflows */
static void any_stream_gives_requests_within_22_bits(void **state)
{
	struct ced_decoder decoder = { 0 };
	unsigned int requests = 0;
	uint32_t random = 1401;
	int i;

	(void)state;
	for (i = 0; i < 2000000; i++) {
		uint8_t c;

		random = random * 1664525 + 1013904223;
		c = random >> 24;
		/* ESC and good kinds often enough to get anywhere */
		if (decoder.state == CED_DECODE_IDLE && random & 0x10000)
			c = ESC;
		else if (decoder.state == CED_DECODE_KIND && random & 0x10000)
			c = 8 | (c & 0x71);
		if (ced_decode(&decoder, c) != CED_DECODED_REQUEST)
			continue;
		requests++;
		assert_true(decoder.request.offset <= BITS_22);
		assert_true(decoder.request.size <= BITS_22);
		assert_true(decoder.request.area < 8);
	}
	assert_true(requests > 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_edge_value_survives_in_the_shortest_coding),
		cmocka_unit_test(every_pair_of_codings_is_understood),
		cmocka_unit_test(all_numbers_of_22_bits_survive),
		cmocka_unit_test(every_area_and_direction_is_told),
		cmocka_unit_test(every_other_kind_is_bad),
		cmocka_unit_test(the_top_bit_of_a_kind_does_not_matter),
		cmocka_unit_test(only_esc_with_either_top_bit_starts_a_request),
		cmocka_unit_test(an_esc_inside_a_request_is_part_of_a_number),
		cmocka_unit_test(all_values_of_the_bytes_of_a_number_count),
		cmocka_unit_test(requests_back_to_back_do_not_mix),
		cmocka_unit_test(characters_around_a_request_stay_characters),
		cmocka_unit_test(an_information_response_is_ignored),
		cmocka_unit_test(a_zeroed_decoder_forgets_half_a_request),
		cmocka_unit_test(a_decoder_in_no_known_state_recovers),
		cmocka_unit_test(any_stream_gives_requests_within_22_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
