// SPDX-License-Identifier: GPL-2.0-only
/*
 * Splitting a transfer into pieces that the 8237 can move in one go.
 *
 * The 8237's address counter has 16 bits and its page register does not count
 * (8237A data sheet, "Register Description"; the AT's page registers, 74LS612): a
 * transfer that crosses a DMA page would wrap round to its start. Pages are
 * 64 KiB on the 8-bit channels and 128 KiB on the 16-bit ones, which move words
 * at even addresses only. Pure logic; tests/unit builds it on the host.
 */
#include "piece.h"

static __u32 least(__u32 a, __u32 b)
{
	return a < b ? a : b;
}

/**
 * ced_bounce_piece() - a piece through the small buffer
 * @left:	bytes left, at least 1
 * @wide:	on a 16-bit channel
 *
 * Return: the piece.
 */
struct ced_piece ced_bounce_piece(__u32 left, bool wide)
{
	struct ced_piece piece = { 0 };

	piece.bounce = true;
	piece.len = least(left, CED_BOUNCE_SIZE);
	piece.count = piece.len + (wide ? piece.len & 1 : 0);
	return piece;
}

/**
 * ced_next_piece() - the first piece of what is left of a transfer
 * @address:	where it goes on, DMA address, bytes
 * @left:	bytes left, at least 1
 * @room:	bytes to the end of the memory, at least 1; a ring goes on at its
 *		start
 * @wide:	on a 16-bit channel
 *
 * On a 16-bit channel all of a transfer at an odd address goes through the
 * small buffer, of one at an even address only an odd last byte, or a word that lies
 * across the end of a ring.
 *
 * Return: the piece. Unless it goes through the small buffer it crosses neither a
 * DMA page nor the end of the memory.
 */
struct ced_piece ced_next_piece(__u32 address, __u32 left, __u32 room,
				bool wide)
{
	struct ced_piece piece = { 0 };

	if (wide && (address & 1 || left == 1 || room == 1))
		return ced_bounce_piece(left, wide);
	piece.len = least(left, room);
	if (wide)
		piece.len = least(piece.len & ~1u,
				  CED_PAGE_16 - address % CED_PAGE_16);
	else
		piece.len = least(piece.len, CED_PAGE_8 - address % CED_PAGE_8);
	piece.count = piece.len;
	return piece;
}

/**
 * ced_piece_moved() - how much of a piece has moved
 * @piece:	the piece
 * @residue:	bytes that the 8237 has left, modulo a DMA page: as
 *		get_dma_residue() tells it, in 16 bits of bytes or words
 * @tc:		terminal count was seen by the card, whose word counts only
 *		where the residue leaves it open
 * @odd:	the last word to the host carried a pad byte
 * @wide:	on a 16-bit channel
 *
 * For a piece of a whole DMA page a residue of 0 means all or nothing, and only
 * @tc tells which: the count register is 16 bits wide.
 *
 * Return: bytes of the transfer, at most @piece->len.
 */
__u32 ced_piece_moved(const struct ced_piece *piece, __u32 residue, bool tc,
		      bool odd, bool wide)
{
	__u32 moved;

	if (!residue && !tc && piece->count == (wide ? CED_PAGE_16 : CED_PAGE_8))
		residue = piece->count;
	if (residue > piece->count)
		residue = piece->count;
	moved = piece->count - residue;
	if (odd && moved)
		moved--;
	return least(moved, piece->len);
}
