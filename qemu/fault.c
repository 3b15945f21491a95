// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes wrong with the virtual 1401 and its card, switched while the guest runs:
 *
 *	qom-set /machine/peripheral/card0 fault "no-tc"
 *
 * A fault stays until the property is set to "none". The ones that strike in a
 * transfer do so once "fault-after" bytes of each block, or of the FIFO since
 * DMAEN's rise, have moved well. What is random comes from "fault-seed", and setting
 * the fault begins it anew: the same seed gives the same bytes.
 *
 * This sits between the card and its 1401. Where the 1401 has lost its reason
 * (half-request to babble) the card hears this file instead of the monitor, which
 * goes on to take characters and keeps its replies until the fault is over.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"

#include "card.h"

#define ESC		0x1b	/* CED's: begins a request */
#define REQUEST_SEND	0x08	/* CED's: the kind of a block to the host */
#define REQUEST_READ	0x09	/* CED's: and to the 1401 */

#define NUMBER_BITS	22	/* of a request's numbers */
#define MEMORY_SIZE	0x400000	/* the largest block with such a size */
#define FILLER		0xee	/* what a wild request sends */
#define STORM_NS	(20 * SCALE_US)	/* a storm: 25000 edges a second */
#define LATE_NS		(30 * SCALE_MS)	/* how much later a late interrupt comes */

static const char *const names[] = {
	[CED_FAULT_NONE] = "none",
	[CED_FAULT_DREQ_LOW] = "dreq-low",
	[CED_FAULT_DREQ_HIGH] = "dreq-high",
	[CED_FAULT_NO_TC] = "no-tc",
	[CED_FAULT_EARLY_END] = "early-end",
	[CED_FAULT_OVERRUN] = "overrun",
	[CED_FAULT_UNDERRUN] = "underrun",
	[CED_FAULT_IRQ_STUCK] = "irq-stuck",
	[CED_FAULT_IRQ_STORM] = "irq-storm",
	[CED_FAULT_IRQ_LOST] = "irq-lost",
	[CED_FAULT_IRQ_LATE] = "irq-late",
	[CED_FAULT_DEAD] = "dead",
	[CED_FAULT_HALF_REQUEST] = "half-request",
	[CED_FAULT_RANDOM_REQUESTS] = "random-requests",
	[CED_FAULT_WILD_REQUESTS] = "wild-requests",
	[CED_FAULT_BABBLE] = "babble",
};

/* Marsaglia's xorshift: never 0, and the same on every machine */
static uint32_t random_bits(struct ced_fault *fault, unsigned int bits)
{
	uint32_t x = fault->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	fault->random = x;
	return bits ? x >> (32 - bits) : 0;
}

/* Small numbers are as likely as large ones, so that areas of every size are hit */
static uint32_t random_number(struct ced_fault *fault)
{
	return random_bits(fault, random_bits(fault, 8) % (NUMBER_BITS + 1));
}

static void queue(struct ced_fault *fault, uint8_t c)
{
	fault->out[fault->out_len++] = c;
}

/* CED's coding, but now and then longer than need be */
static void queue_number(struct ced_fault *fault, uint32_t v)
{
	unsigned int longer = random_bits(fault, 2);

	if (v < 0x80 && longer) {
		queue(fault, v);
	} else if (v < 0x4000 && longer) {
		queue(fault, 0x80 | v >> 8);
		queue(fault, v);
	} else {
		queue(fault, 0xc0 | v >> 16);
		queue(fault, v >> 8);
		queue(fault, v);
	}
}

/* The 1401 then waits with a block, as it should: any area, range and direction */
static void queue_wild_request(struct ced_fault *fault)
{
	bool to_1401 = random_bits(fault, 1);
	uint32_t area = random_bits(fault, 3);
	uint32_t offset = random_number(fault);
	uint32_t size = random_number(fault);

	queue(fault, ESC);
	queue(fault, (to_1401 ? REQUEST_READ : REQUEST_SEND) | area << 4);
	queue_number(fault, offset);
	queue_number(fault, size);
	if (!fault->memory) {
		fault->memory = g_malloc(MEMORY_SIZE);
		memset(fault->memory, FILLER, MEMORY_SIZE);
	}
	fault->block = (struct ced_block) {
		.state = CED_BLOCK_ASKED,
		.to_1401 = to_1401,
		.memory = fault->memory,
		.size = size,
	};
}

/* What looks like a request and is none, or one with which no block waits */
static void queue_random_request(struct ced_fault *fault)
{
	unsigned int n = random_bits(fault, 3);

	queue(fault, ESC | random_bits(fault, 1) << 7);
	while (n--)
		queue(fault, random_bits(fault, 8));
}

/* The next characters of a 1401 that never ends */
static void go_on(struct ced_fault *fault)
{
	fault->out_len = 0;
	fault->out_at = 0;
	switch (fault->kind) {
	case CED_FAULT_HALF_REQUEST:
		if (fault->said)
			return;
		queue(fault, ESC);
		queue(fault, REQUEST_SEND);
		break;
	case CED_FAULT_RANDOM_REQUESTS:
		queue_random_request(fault);
		break;
	case CED_FAULT_WILD_REQUESTS:
		if (fault->block.state == CED_BLOCK_NONE)
			queue_wild_request(fault);
		break;
	default:
		queue(fault, fault->said % 64 == 63 ? '\r' : 'A' + fault->said % 26);
		break;
	}
}

/* Whether the card hears the fault instead of the monitor */
static bool speaks(const struct ced_fault *fault)
{
	return fault->kind >= CED_FAULT_HALF_REQUEST;
}

static void block_over(struct ced_fault *fault)
{
	fault->block.state = CED_BLOCK_NONE;
	if (fault->out_at == fault->out_len)
		go_on(fault);
}

static void begin(struct ced_fault *fault)
{
	fault->out_len = 0;
	fault->out_at = 0;
	fault->block.state = CED_BLOCK_NONE;
	if (speaks(fault))
		go_on(fault);
}

static void edge_in(struct ced_fault *fault, int64_t ns)
{
	timer_mod(fault->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + ns);
}

/* A storm's next edge, or the one that is late */
static void edge(void *opaque)
{
	struct ced_fault *fault = opaque;

	fault->high = !fault->high;
	if (fault->kind == CED_FAULT_IRQ_STORM)
		edge_in(fault, STORM_NS);
	fault->changed(fault->opaque);
}

/* Up once @level has been for so long, and down with it */
static bool late(struct ced_fault *fault, bool level)
{
	if (!level) {
		timer_del(fault->timer);
		fault->high = false;
	} else if (!fault->high && !timer_pending(fault->timer)) {
		edge_in(fault, LATE_NS);
	}
	return fault->high;
}

/**
 * ced_fault_init - nothing goes wrong yet, unless the fault was set before
 * @fault:	the fault; zero but for its properties
 * @mon:	the 1401
 * @changed:	called when the card may have work
 * @opaque:	for @changed
 */
void ced_fault_init(struct ced_fault *fault, struct ced_monitor *mon,
		    void (*changed)(void *opaque), void *opaque)
{
	enum ced_fault_kind kind = fault->kind;

	fault->mon = mon;
	fault->changed = changed;
	fault->opaque = opaque;
	fault->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, edge, fault);
	ced_fault_set(fault, names[kind], &error_abort);
}

/**
 * ced_fault_name - which fault there is
 * @fault:	the fault
 */
const char *ced_fault_name(const struct ced_fault *fault)
{
	return names[fault->kind];
}

/**
 * ced_fault_set - let another thing go wrong, or nothing
 * @fault:	the fault
 * @name:	its name
 * @errp:	error
 *
 * The caller settles the card. Return: false if there is no such fault.
 */
bool ced_fault_set(struct ced_fault *fault, const char *name, Error **errp)
{
	unsigned int kind = 0;

	while (kind < ARRAY_SIZE(names) && strcmp(names[kind], name))
		kind++;
	if (kind == ARRAY_SIZE(names)) {
		error_setg(errp, "fault=%s: there is no such fault", name);
		return false;
	}
	fault->kind = kind;
	fault->random = fault->seed * 2654435761u | 1;
	fault->said = 0;
	fault->high = false;
	begin(fault);
	if (fault->timer) {
		timer_del(fault->timer);
		if (kind == CED_FAULT_IRQ_STORM)
			edge(fault);
	}
	return true;
}

/**
 * ced_fault_reset - the 1401 was reset: what it said and wanted is gone
 * @fault:	the fault
 */
void ced_fault_reset(struct ced_fault *fault)
{
	begin(fault);
}

/* What the 1401 says and wants */

/**
 * ced_fault_has_char - as ced_monitor_has_char()
 * @fault:	the fault
 */
bool ced_fault_has_char(const struct ced_fault *fault)
{
	if (!speaks(fault))
		return ced_monitor_has_char(fault->mon);
	return fault->out_at < fault->out_len;
}

/**
 * ced_fault_get_char - as ced_monitor_get_char()
 * @fault:	the fault
 */
uint8_t ced_fault_get_char(struct ced_fault *fault)
{
	uint8_t c;

	if (!speaks(fault))
		return ced_monitor_get_char(fault->mon);
	if (!ced_fault_has_char(fault))
		return 0;
	c = fault->out[fault->out_at++];
	fault->said++;
	if (fault->out_at < fault->out_len)
		return c;
	if (fault->block.state == CED_BLOCK_ASKED)
		fault->block.state = CED_BLOCK_WAITING;
	if (fault->block.state == CED_BLOCK_NONE || !fault->block.size)
		block_over(fault);
	return c;
}

/**
 * ced_fault_block - as ced_monitor_block()
 * @fault:	the fault
 */
const struct ced_block *ced_fault_block(const struct ced_fault *fault)
{
	return speaks(fault) ? &fault->block : ced_monitor_block(fault->mon);
}

static void block_moved(struct ced_fault *fault, uint32_t n)
{
	fault->block.done += n;
	if (fault->block.done == fault->block.size)
		block_over(fault);
}

/**
 * ced_fault_block_send - as ced_monitor_block_send()
 * @fault:	the fault
 * @to:		where to
 * @n:		bytes, no more than are left of the block
 */
void ced_fault_block_send(struct ced_fault *fault, uint8_t *to, uint32_t n)
{
	if (!speaks(fault)) {
		ced_monitor_block_send(fault->mon, to, n);
		return;
	}
	memcpy(to, fault->block.memory + fault->block.done, n);
	block_moved(fault, n);
}

/**
 * ced_fault_block_read - as ced_monitor_block_read()
 * @fault:	the fault
 * @from:	the bytes; a 1401 that asks for anything has no use for them
 * @n:		how many, no more than are left of the block
 */
void ced_fault_block_read(struct ced_fault *fault, const uint8_t *from, uint32_t n)
{
	if (speaks(fault))
		block_moved(fault, n);
	else
		ced_monitor_block_read(fault->mon, from, n);
}

/**
 * ced_fault_block_abandon - as ced_monitor_block_abandon()
 * @fault:	the fault
 */
void ced_fault_block_abandon(struct ced_fault *fault)
{
	if (!speaks(fault)) {
		ced_monitor_block_abandon(fault->mon);
	} else if (fault->block.state != CED_BLOCK_NONE) {
		fault->out_at = fault->out_len;	/* what was not read of its request */
		block_over(fault);
	}
}

/* DMA */

/**
 * ced_fault_begins - a block, or a transfer of the FIFO, begins to move
 * @fault:	the fault
 */
void ced_fault_begins(struct ced_fault *fault)
{
	fault->moved = 0;
}

/* Whether the fault is one that strikes in such a transfer */
static bool strikes_in(const struct ced_fault *fault, bool to_1401)
{
	switch (fault->kind) {
	case CED_FAULT_DREQ_LOW:
	case CED_FAULT_EARLY_END:
		return true;
	case CED_FAULT_OVERRUN:
		return !to_1401;
	case CED_FAULT_UNDERRUN:
		return to_1401;
	default:
		return false;
	}
}

/**
 * ced_fault_strikes - whether the transfer has come to where it goes wrong
 * @fault:	the fault
 * @to_1401:	its direction
 */
bool ced_fault_strikes(const struct ced_fault *fault, bool to_1401)
{
	return strikes_in(fault, to_1401) && fault->moved >= (fault->after & ~1u);
}

/**
 * ced_fault_allows - how much of what could move does
 * @fault:	the fault
 * @to_1401:	the transfer's direction
 * @n:		bytes that could move now
 *
 * Whole words, for a 16-bit channel's sake. Return: bytes, at most @n.
 */
uint32_t ced_fault_allows(const struct ced_fault *fault, bool to_1401, uint32_t n)
{
	if (ced_fault_strikes(fault, to_1401))
		return 0;
	if (strikes_in(fault, to_1401))
		n = MIN(n, (fault->after & ~1u) - fault->moved);
	return n;
}

/**
 * ced_fault_moved - so much has moved
 * @fault:	the fault
 * @n:		bytes
 */
void ced_fault_moved(struct ced_fault *fault, uint32_t n)
{
	fault->moved += n;
}

/**
 * ced_fault_latch - what a transfer that goes wrong latches, 0: it only stalls
 * @fault:	the fault, ced_fault_strikes()
 */
uint8_t ced_fault_latch(const struct ced_fault *fault)
{
	switch (fault->kind) {
	case CED_FAULT_EARLY_END:
		return CEDCARD_STATUS_EOB;
	case CED_FAULT_OVERRUN:
	case CED_FAULT_UNDERRUN:
		return CEDCARD_STATUS_ERR;
	default:
		return 0;
	}
}

/* Registers and interrupt */

/**
 * ced_fault_is - whether this is what goes wrong
 * @fault:	the fault
 * @kind:	which
 */
bool ced_fault_is(const struct ced_fault *fault, enum ced_fault_kind kind)
{
	return fault->kind == kind;
}

/**
 * ced_fault_cause - what CAUSE reads
 * @fault:	the fault
 * @cause:	what it should read
 * @enabled:	an interrupt is enabled
 */
uint8_t ced_fault_cause(const struct ced_fault *fault, uint8_t cause, bool enabled)
{
	if (fault->kind == CED_FAULT_IRQ_STUCK && enabled)
		return cause | CEDCARD_CAUSE_LINE;
	return fault->kind == CED_FAULT_IRQ_LOST ? 0 : cause;
}

/**
 * ced_fault_line - how the interrupt line stands
 * @fault:	the fault
 * @level:	how it should, as CAUSE says
 */
bool ced_fault_line(struct ced_fault *fault, bool level)
{
	switch (fault->kind) {
	case CED_FAULT_IRQ_STORM:
		return fault->high;
	case CED_FAULT_IRQ_LATE:
		return late(fault, level);
	default:
		return level;
	}
}
