/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Splitting a transfer into pieces that the 8237 can move in one go. Pure logic,
 * also built on the host by tests/unit.
 */
#ifndef _CED1401_PIECE_H
#define _CED1401_PIECE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <linux/types.h>
#include <stdbool.h>
#endif

#define CED_PAGE_8	0x10000u	/* bytes of a DMA page, channels 0..3 */
#define CED_PAGE_16	0x20000u	/* and channels 5..7 */
#define CED_BOUNCE_SIZE	4096u		/* bytes of the driver's small buffer */

/**
 * struct ced_piece - what one programming of the 8237 moves
 * @len:	bytes of the transfer that it covers
 * @count:	bytes that the 8237 is programmed for: @len, or one more where a
 *		16-bit channel pads an odd @len
 * @bounce:	through the driver's small buffer, not to the memory itself
 */
struct ced_piece {
	__u32 len;
	__u32 count;
	bool bounce;
};

struct ced_piece ced_next_piece(__u32 address, __u32 left, __u32 room,
				bool wide);
struct ced_piece ced_bounce_piece(__u32 left, bool wide);
__u32 ced_piece_moved(const struct ced_piece *piece, __u32 residue, bool tc,
		      bool odd, bool wide);

#endif /* _CED1401_PIECE_H */
