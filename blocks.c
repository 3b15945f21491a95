// SPDX-License-Identifier: GPL-2.0-only
/*
 * The book of a circular area in CED's sense, to the host.
 *
 * As CED's driver has it, a block goes behind the last one, or to the start of
 * the area if it does not fit before the end or if the area is empty; it is never
 * split, and it waits rather than go over data that was not freed. So there are at
 * most two runs of data. Pure logic; tests/unit builds it on the host.
 */
#include "blocks.h"

/**
 * ced_blocks_place() - where the next block goes
 * @blocks:	the book
 * @size:	of the block, bytes, at most the area's length
 * @at:		set to the offset of its first byte
 *
 * Return: false if there is no room for it now.
 */
bool ced_blocks_place(const struct ced_blocks *blocks, __u32 size, __u32 *at)
{
	const struct ced_run *oldest = &blocks->oldest;
	const struct ced_run *newest = &blocks->newest;

	if (!oldest->size) {
		*at = 0;
		return size <= blocks->length;
	}
	if (newest->size) {
		*at = newest->offset + newest->size;
		return size <= oldest->offset - *at;
	}
	*at = oldest->offset + oldest->size;
	if (size <= blocks->length - *at)
		return true;
	*at = 0;
	return size <= oldest->offset;
}

/**
 * ced_blocks_add() - a block has come
 * @blocks:	the book
 * @at:		where ced_blocks_place() had put it
 * @size:	bytes that came, at most what it was asked for
 */
void ced_blocks_add(struct ced_blocks *blocks, __u32 at, __u32 size)
{
	struct ced_run *run = &blocks->oldest;

	if (!size)
		return;
	if (run->size &&
	    (blocks->newest.size || at != run->offset + run->size))
		run = &blocks->newest;
	if (!run->size)
		run->offset = at;
	run->size += size;
}

/**
 * ced_blocks_free() - the oldest data have been used
 * @blocks:	the book
 * @offset:	must be that of the oldest data
 * @size:	bytes, at most theirs
 *
 * Return: false if this is not the front of the oldest data; nothing changes then.
 */
bool ced_blocks_free(struct ced_blocks *blocks, __u32 offset, __u32 size)
{
	struct ced_run *oldest = &blocks->oldest;

	if (offset != oldest->offset || size > oldest->size)
		return false;
	oldest->offset += size;
	oldest->size -= size;
	if (!oldest->size) {
		*oldest = blocks->newest;
		blocks->newest.offset = 0;
		blocks->newest.size = 0;
	}
	return true;
}
