/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The book of a circular area in CED's sense, to the host: blocks that are never
 * split. Pure logic, also built on the host by tests/unit.
 */
#ifndef _CED1401_BLOCKS_H
#define _CED1401_BLOCKS_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <linux/types.h>
#include <stdbool.h>
#endif

/**
 * struct ced_run - data without a gap
 * @offset:	where in the area, bytes
 * @size:	bytes, 0: none
 */
struct ced_run {
	__u32 offset;
	__u32 size;
};

/**
 * struct ced_blocks - the data in a circular area
 * @length:	of the area, bytes
 * @oldest:	the data that came first
 * @newest:	what came after it, from the area's start on; none while @oldest
 *		still grows
 */
struct ced_blocks {
	__u32 length;
	struct ced_run oldest;
	struct ced_run newest;
};

bool ced_blocks_place(const struct ced_blocks *blocks, __u32 size, __u32 *at);
void ced_blocks_add(struct ced_blocks *blocks, __u32 at, __u32 size);
bool ced_blocks_free(struct ced_blocks *blocks, __u32 offset, __u32 size);

#endif /* _CED1401_BLOCKS_H */
