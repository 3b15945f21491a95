// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 1401's block requests, taken apart character by character.
 *
 * Source: CED's protocol, as docs/protocol.md tells it under "Requests".
 * Pure logic: no locks, no kernel calls; tests/unit builds it on the host.
 */
#include "request.h"

#define ESC		0x1b
#define SEVEN_BITS	0x7f	/* the link carries 7-bit ASCII */
#define KIND_MASK	0x0f
#define KIND_AREA	0x70	/* bits 4..6 */
#define KIND_AREA_SHIFT	4
#define INFORMATION	0x3f	/* '?', to be ignored */

/*
 * 0xxxxxxx is 7 bits, 10xxxxxx and one more byte 14, 11xxxxxx and two more 22,
 * most significant first. Returns true when the number is complete.
 */
static bool number_begins(struct ced_decoder *decoder, __u8 c)
{
	if (!(c & 0x80)) {
		decoder->number = c;
		decoder->more = 0;
	} else {
		decoder->number = c & 0x3f;
		decoder->more = c & 0x40 ? 2 : 1;
	}
	return !decoder->more;
}

static bool number_goes_on(struct ced_decoder *decoder, __u8 c)
{
	if (!decoder->more)
		return number_begins(decoder, c);
	decoder->number = decoder->number << 8 | c;
	return --decoder->more == 0;
}

static enum ced_decoded kind(struct ced_decoder *decoder, __u8 c)
{
	decoder->state = CED_DECODE_IDLE;
	if (c == INFORMATION)
		return CED_DECODED_IGNORED;
	switch (c & KIND_MASK) {
	case CED_REQUEST_TO_HOST:
		decoder->request.to_1401 = false;
		break;
	case CED_REQUEST_TO_1401:
		decoder->request.to_1401 = true;
		break;
	default:
		return CED_DECODED_BAD;
	}
	decoder->request.area = (c & KIND_AREA) >> KIND_AREA_SHIFT;
	decoder->more = 0;
	decoder->state = CED_DECODE_OFFSET;
	return CED_DECODED_PART;
}

/**
 * ced_decode() - the next character from the 1401
 * @decoder:	where the stream stands
 * @c:		the character, all 8 bits of it
 *
 * Any context; the caller serialises.
 *
 * Return: what @c was. With CED_DECODED_REQUEST, @decoder->request is the block
 * that the 1401 now waits with.
 */
enum ced_decoded ced_decode(struct ced_decoder *decoder, __u8 c)
{
	switch (decoder->state) {
	case CED_DECODE_IDLE:
		if ((c & SEVEN_BITS) != ESC)
			return CED_DECODED_CHAR;
		decoder->state = CED_DECODE_KIND;
		return CED_DECODED_PART;
	case CED_DECODE_KIND:
		return kind(decoder, c);
	case CED_DECODE_OFFSET:
		if (number_goes_on(decoder, c)) {
			decoder->request.offset = decoder->number;
			decoder->state = CED_DECODE_SIZE;
		}
		return CED_DECODED_PART;
	case CED_DECODE_SIZE:
		if (!number_goes_on(decoder, c))
			return CED_DECODED_PART;
		decoder->request.size = decoder->number;
		decoder->state = CED_DECODE_IDLE;
		return CED_DECODED_REQUEST;
	}
	decoder->state = CED_DECODE_IDLE;
	return CED_DECODED_BAD;
}
