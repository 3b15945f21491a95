// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes that wait, in order: the card's FIFO, and what the streams by requests
 * hold in the 1401.
 */
#include "qemu/osdep.h"

#include "card.h"

/**
 * ced_ring_init - an empty ring
 * @ring:	what to make one of
 * @size:	bytes that it can hold
 */
void ced_ring_init(struct ced_ring *ring, uint32_t size)
{
	ring->data = g_malloc(size);
	ring->size = size;
	ced_ring_clear(ring);
}

/**
 * ced_ring_destroy - the opposite of ced_ring_init()
 * @ring:	the ring
 */
void ced_ring_destroy(struct ced_ring *ring)
{
	g_free(ring->data);
	ring->data = NULL;
}

/**
 * ced_ring_clear - drop what it holds
 * @ring:	the ring
 */
void ced_ring_clear(struct ced_ring *ring)
{
	ring->head = 0;
	ring->level = 0;
}

/**
 * ced_ring_room - bytes that it can take
 * @ring:	the ring
 */
uint32_t ced_ring_room(const struct ced_ring *ring)
{
	return ring->size - ring->level;
}

/**
 * ced_ring_push - put bytes in
 * @ring:	the ring
 * @from:	the bytes
 * @n:		how many, no more than there is room
 */
void ced_ring_push(struct ced_ring *ring, const uint8_t *from, uint32_t n)
{
	uint32_t at = (ring->head + ring->level) % ring->size;
	uint32_t first = MIN(n, ring->size - at);

	memcpy(ring->data + at, from, first);
	memcpy(ring->data, from + first, n - first);
	ring->level += n;
}

/**
 * ced_ring_pop - take the oldest bytes out
 * @ring:	the ring
 * @to:		where to
 * @n:		how many, no more than it holds
 */
void ced_ring_pop(struct ced_ring *ring, uint8_t *to, uint32_t n)
{
	uint32_t first = MIN(n, ring->size - ring->head);

	memcpy(to, ring->data + ring->head, first);
	memcpy(to + first, ring->data, n - first);
	ring->head = (ring->head + n) % ring->size;
	ring->level -= n;
}

/**
 * ced_fifo_clear - drop what it holds, and any end that is due
 * @fifo:	the card's FIFO
 */
void ced_fifo_clear(struct ced_fifo *fifo)
{
	ced_ring_clear(&fifo->ring);
	fifo->ended = false;
}

/**
 * ced_fifo_turn - give it a direction; another than it had empties it
 * @fifo:	the card's FIFO
 * @dir:	the direction
 */
void ced_fifo_turn(struct ced_fifo *fifo, enum ced_fifo_dir dir)
{
	if (fifo->dir != dir)
		ced_fifo_clear(fifo);
	fifo->dir = dir;
}
