/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 1401's block requests: the escape sequence in the character stream, taken
 * apart character by character. Pure logic, also built on the host by tests/unit.
 */
#ifndef _CED1401_REQUEST_H
#define _CED1401_REQUEST_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <linux/types.h>
#include <stdbool.h>
#endif

/* Low nibble of the character behind ESC (CED's protocol) */
#define CED_REQUEST_TO_HOST	8
#define CED_REQUEST_TO_1401	9

/**
 * struct ced_request - a block that the 1401 asks for
 * @to_1401:	direction
 * @area:	the area that it names, 0..7
 * @offset:	where in the area, bytes, at most 22 bits
 * @size:	bytes, at most 22 bits
 */
struct ced_request {
	bool to_1401;
	__u8 area;
	__u32 offset;
	__u32 size;
};

/**
 * struct ced_decoder - where in a request the character stream stands
 * @state:	CED_DECODE_*: what the next character is
 * @more:	characters that the current number still lacks
 * @number:	the number as far as it is known
 * @request:	the request as far as it is known
 *
 * All zero is the start: outside a request.
 */
struct ced_decoder {
	enum {
		CED_DECODE_IDLE,
		CED_DECODE_KIND,
		CED_DECODE_OFFSET,
		CED_DECODE_SIZE,
	} state;
	__u8 more;
	__u32 number;
	struct ced_request request;
};

/* What a character turned out to be */
enum ced_decoded {
	CED_DECODED_CHAR,	/* an ordinary character, for read(2) */
	CED_DECODED_PART,	/* of a request that is not yet complete */
	CED_DECODED_IGNORED,	/* the end of an information response */
	CED_DECODED_REQUEST,	/* the last one: decoder->request is whole */
	CED_DECODED_BAD,	/* no kind of request that there is */
};

enum ced_decoded ced_decode(struct ced_decoder *decoder, __u8 c);

#endif /* _CED1401_REQUEST_H */
