// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The virtual CED 1401's ISA interface card, for an unmodified qemu-system-x86_64:
 * registers, DMA, interrupt.
 *
 *	-device ced1401,iobase=0x300,irq=5,dma=1,model=7,adc=in.wav,dac=out.wav,
 *		loop=0:1,digin=0,realtime=off,power=on,cable=on
 *
 * The register map is include/hw/ced1401-card.h, the ced1401 project's own
 * definition: nothing in this file is CED's. Where the map leaves something open:
 *
 *  - A character written while TXRDY is 0 is lost: ERR is set (overrun), and the
 *    1401's next ERR says so. DATA reads 0 while RXRDY is 0.
 *  - The 1401 takes a character at once unless it is busy, so TXRDY falls only then.
 *  - ABANDON counts from a request's first byte on. It leaves a transfer of the FIFO
 *    alone.
 *  - DMAEN's rise with FIFO against a stream of the other direction sets ERR, and
 *    so does a stream that begins against the transfer.
 *  - A stream that is stopped while the FIFO is empty and DMAEN is 0 leaves nothing
 *    behind; else EOB comes when the FIFO is empty, at DMAEN's next rise if need be.
 *  - With POWER or CABLE 0 the 1401 is as in RESET; without POWER it forgets its
 *    memory too. When both are 1 again, it is there after 1 ms, as after RESET.
 *    While that lasts STATE is 1.
 *  - The properties test-ms, test-code, test-x and test-y say how long the self-test
 *    takes and how it ends; code 0 is success.
 *  - What goes wrong with it is in fault.c.
 *  - A machine reset puts card and 1401 into the state after power-up, ready.
 *
 * Like the chip, and unlike QEMU's 8237, the card does not go past terminal count
 * when the channel does not reload itself, even with CONT.
 */
#include "qemu/osdep.h"
#include "hw/dma/i8257.h"
#include "hw/irq.h"
#include "hw/isa/isa.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/bitmap.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/module.h"

#include "compat.h"
#include "card.h"

#define TYPE_CED1401	"ced1401"
OBJECT_DECLARE_SIMPLE_TYPE(ced_card, CED1401)

#define DMA_PAGE	4096
#define DMA_PAGES	((16 << 20) / DMA_PAGE)	/* what an ISA bus can address */
#define BOOT_NS		(1 * SCALE_MS)		/* from RESET's fall to idle */
#define BURST		65536			/* bytes of a stream with no clock, ... */
#define REST_NS		(5 * SCALE_MS)		/* ... and then the emulated PC's turn */

QEMU_BUILD_BUG_ON(BOOT_NS >= CEDCARD_RESET_MS * SCALE_MS);
QEMU_BUILD_BUG_ON(CED_DAC_CHANNELS > 10);	/* dac0: one digit */

/* What the 1401 behind the card is up to, as far as the card is concerned */
enum unit_state {
	UNIT_OFFLINE,		/* no power or no cable */
	UNIT_RESET,		/* RESET is high */
	UNIT_BOOTING,		/* RESET has fallen */
	UNIT_TESTING,		/* the same, with TEST */
	UNIT_TEST_FAILED,
	UNIT_READY,
};

/**
 * struct ced_card - a card and its 1401
 * @parent_obj:	QEMU's
 * @io:		its ports
 * @irq_line:	its interrupt
 * @isa_dma:	the 8237 that has its channel
 * @timer:	end of boot or self-test
 * @rest:	end of @resting
 * @iobase:	property
 * @irq:	property
 * @dma:	property
 * @model:	property: what TYPE reads
 * @adc:	property
 * @dac:	property
 * @loop:	property
 * @realtime:	property
 * @test_ms:	property: how long a self-test takes
 * @test_code:	property: how a self-test ends
 * @test_x:	property
 * @test_y:	property
 * @power:	property, at run time too
 * @cable:	property, at run time too
 * @digin:	property, at run time too: what the digital inputs see
 * @realized:	the rest of this is there
 * @fault:	what goes wrong, with properties of its own
 * @sig:	the world outside
 * @mon:	the 1401
 * @unit:	what it is up to
 * @control:	CONTROL as last written
 * @mode:	MODE as last written
 * @latches:	TC, EOB, ERR
 * @odd:	the last word carried a pad byte
 * @tx_full:	DATA holds a character that the 1401 could not yet take
 * @tx:		that character
 * @laps:	terminal counts since DMAEN's rise
 * @laps_high:	what port 7 reads
 * @xy_next:	which byte of the self-test's x and y port 7 gives next
 * @dmarun:	a transfer is under way
 * @dma_fifo:	it moves the FIFO, as of DMAEN's rise
 * @dma_to_1401: its direction, as of DMAEN's rise
 * @burst:	bytes of a stream since the last rest
 * @resting:	a stream with no clock leaves the emulated PC its time
 * @dreq:	the card asks for DMA
 * @line:	the level of the interrupt line
 * @fifo_due:	the stream ended while DMAEN had the FIFO: EOB is owed
 * @fifo:	the FIFO
 * @written:	a bit for each page of memory that DMA has written to
 */
struct ced_card {
	ISADevice parent_obj;
	MemoryRegion io;
	qemu_irq irq_line;
	IsaDma *isa_dma;
	QEMUTimer *timer;
	QEMUTimer *rest;

	uint32_t iobase;
	uint32_t irq;
	uint32_t dma;
	uint8_t model;
	char *adc;
	char *dac;
	char *loop;
	bool realtime;
	uint32_t test_ms;
	uint8_t test_code;
	uint16_t test_x;
	uint16_t test_y;
	bool power;
	bool cable;
	uint16_t digin;

	bool realized;
	struct ced_fault fault;
	struct ced_signal *sig;
	struct ced_monitor *mon;
	enum unit_state unit;

	uint8_t control;
	uint8_t mode;
	uint8_t latches;
	bool odd;
	bool tx_full;
	uint8_t tx;
	uint16_t laps;
	uint8_t laps_high;
	unsigned int xy_next;

	bool dmarun;
	bool dma_fifo;
	bool dma_to_1401;
	uint32_t burst;
	bool resting;
	bool dreq;
	bool line;
	bool fifo_due;
	struct ced_fifo fifo;
	DECLARE_BITMAP(written, DMA_PAGES);
};

/* What the registers say */

static bool online(const struct ced_card *card)
{
	return card->unit != UNIT_OFFLINE;
}

static uint8_t status(const struct ced_card *card)
{
	uint8_t s = (card->power ? CEDCARD_STATUS_POWER : 0) |
		    (card->cable ? CEDCARD_STATUS_CABLE : 0);

	if (!online(card))
		return s;
	s |= card->latches;
	if (card->dmarun)
		s |= CEDCARD_STATUS_DMARUN;
	if (card->unit != UNIT_READY)
		return s;
	if (ced_fault_has_char(&card->fault))
		s |= CEDCARD_STATUS_RXRDY;
	if (!card->tx_full)
		s |= CEDCARD_STATUS_TXRDY;
	return s;
}

static uint8_t cause(const struct ced_card *card)
{
	uint8_t s = status(card);
	uint8_t c = 0;

	if ((card->control & CEDCARD_CONTROL_IE_RX) && (s & CEDCARD_STATUS_RXRDY))
		c |= CEDCARD_CAUSE_RX;
	if ((card->control & CEDCARD_CONTROL_IE_TX) && (s & CEDCARD_STATUS_TXRDY))
		c |= CEDCARD_CAUSE_TX;
	if ((card->control & CEDCARD_CONTROL_IE_DMA) && (s & CEDCARD_STATUS_LATCHES))
		c |= CEDCARD_CAUSE_DMA;
	if (card->odd && (s & CEDCARD_STATUS_EOB))
		c |= CEDCARD_CAUSE_ODD;
	return ced_fault_cause(&card->fault, c, card->control & CEDCARD_CONTROL_IE);
}

static bool testing(const struct ced_card *card)
{
	return card->unit == UNIT_TESTING || card->unit == UNIT_TEST_FAILED;
}

static uint8_t state(const struct ced_card *card)
{
	const struct ced_block *block = ced_fault_block(&card->fault);

	if (testing(card))
		return CEDCARD_STATE_TEST;
	if (card->unit == UNIT_OFFLINE)
		return CEDCARD_STATE_IDLE;
	if (card->unit != UNIT_READY)
		return CEDCARD_STATE_CHARS;
	if (block->state == CED_BLOCK_ASKED)
		return CEDCARD_STATE_REQUEST;
	if (block->state == CED_BLOCK_WAITING)
		return block->to_1401 ? CEDCARD_STATE_READ : CEDCARD_STATE_SEND;
	return ced_fault_has_char(&card->fault) ? CEDCARD_STATE_CHARS : CEDCARD_STATE_IDLE;
}

/* What moves */

static void stop_transfer(struct ced_card *card, uint8_t latches)
{
	card->latches |= latches;
	card->dmarun = false;
}

static bool is_16_bit(const struct ced_card *card)
{
	return card->dma >= 4;
}

static enum ced_fifo_dir transfer_dir(const struct ced_card *card)
{
	return card->dma_to_1401 ? CED_FIFO_TO_1401 : CED_FIFO_TO_HOST;
}

static enum ced_fifo_dir opposite(enum ced_fifo_dir dir)
{
	return dir == CED_FIFO_TO_HOST ? CED_FIFO_TO_1401 : CED_FIFO_TO_HOST;
}

/* Bytes that the FIFO could move now */
static uint32_t fifo_ready(const struct ced_card *card)
{
	const struct ced_fifo *fifo = &card->fifo;
	uint32_t n;

	if (fifo->dir != transfer_dir(card))
		return 0;
	if (card->dma_to_1401)
		n = fifo->ended ? 0 : ced_ring_room(&fifo->ring);
	else
		n = fifo->ring.level;
	return is_16_bit(card) ? n & ~1u : n;
}

/* A block always has bytes to move: it is over with the last of them */
static bool wants_dma(const struct ced_card *card)
{
	return card->dmarun && !card->resting && (!card->dma_fifo || fifo_ready(card)) &&
	       !ced_fault_strikes(&card->fault, card->dma_to_1401);
}

/* The transfer has come to where it goes wrong; one that stalls has DREQ low */
static void strike(struct ced_card *card)
{
	uint8_t latch = ced_fault_latch(&card->fault);

	if (!card->dmarun || !latch ||
	    !ced_fault_strikes(&card->fault, card->dma_to_1401))
		return;
	stop_transfer(card, latch);
	if (!card->dma_fifo && latch == CEDCARD_STATUS_EOB)
		ced_fault_block_abandon(&card->fault);
}

/* The stream was stopped and the FIFO is drained: the transfer's end, or nobody's */
static void end_stream(struct ced_card *card)
{
	struct ced_fifo *fifo = &card->fifo;
	const uint8_t both = CEDCARD_CONTROL_DMAEN | CEDCARD_CONTROL_FIFO;

	if (!fifo->ended) {
		card->fifo_due = false;
		return;
	}
	if ((card->control & both) == both)
		card->fifo_due = true;
	if (fifo->ring.level)
		return;
	if (card->dmarun && card->dma_fifo && fifo->dir == transfer_dir(card))
		stop_transfer(card, CEDCARD_STATUS_EOB);
	else if (card->fifo_due)
		return;
	fifo->ended = false;
	card->fifo_due = false;
}

static void deliver_char(struct ced_card *card)
{
	if (!card->tx_full || card->unit != UNIT_READY || ced_monitor_busy(card->mon))
		return;
	card->tx_full = false;
	ced_monitor_take(card->mon, card->tx);
}

static void update_dreq(struct ced_card *card)
{
	IsaDmaClass *k = ISADMA_GET_CLASS(card->isa_dma);
	bool want = wants_dma(card) || ced_fault_is(&card->fault, CED_FAULT_DREQ_HIGH);

	if (want == card->dreq)
		return;
	card->dreq = want;
	if (want)
		k->hold_DREQ(card->isa_dma, card->dma);
	else
		k->release_DREQ(card->isa_dma, card->dma);
}

/*
 * Whatever has happened: let everything happen that follows from it, the
 * interrupt line last. Raising DREQ may call handle_dma(), which comes here again.
 */
static void settle(struct ced_card *card)
{
	bool line;

	deliver_char(card);
	if (card->unit == UNIT_READY)
		ced_monitor_fifo_service(card->mon);
	if (card->dmarun && card->dma_fifo &&
	    ced_monitor_streams(card->mon, opposite(transfer_dir(card))))
		stop_transfer(card, CEDCARD_STATUS_ERR);
	end_stream(card);
	update_dreq(card);
	line = ced_fault_line(&card->fault, (cause(card) & CEDCARD_CAUSE_LINE) != 0);
	if (line && !card->line)
		ced_meter_line();
	card->line = line;
	qemu_set_irq(card->irq_line, line);
}

static void monitor_changed(void *opaque)
{
	settle(opaque);
}

/* DMA */

/* Bytes into memory, at @pos of what the 8237 is programmed for; which pages is kept */
static void to_memory(struct ced_card *card, uint8_t *data, int pos, uint32_t n)
{
	const I8257Regs *regs = &I8257(card->isa_dma)->regs[card->dma & 3];
	uint32_t at = (regs->pageh & 0x7f) << 24 | regs->page << 16;
	uint32_t page;

	at += regs->now[0] + pos;
	for (page = at / DMA_PAGE; n && page <= (at + n - 1) / DMA_PAGE; page++) {
		if (page < DMA_PAGES)
			set_bit(page, card->written);
	}
	ISADMA_GET_CLASS(card->isa_dma)->write_memory(card->isa_dma, card->dma, data, pos, n);
}

/*
 * The next bytes of the block, at @pos of the 8237's @size. Return: where they end.
 * Both the block and @size are multiples of a word on a 16-bit channel, or the
 * block's last byte is odd: then a zero goes with it, or one byte too many comes.
 */
static int move_block(struct ced_card *card, int pos, int size)
{
	IsaDmaClass *k = ISADMA_GET_CLASS(card->isa_dma);
	const struct ced_block *block = ced_fault_block(&card->fault);
	uint8_t data[CED_DATA_MAX] = { 0 };

	while (pos < size && block->state == CED_BLOCK_WAITING) {
		uint32_t n = MIN(block->size - block->done, MIN(size - pos, sizeof(data)));
		bool pad;

		n = ced_fault_allows(&card->fault, card->dma_to_1401, n);
		if (!n)
			break;
		ced_fault_moved(&card->fault, n);
		pad = is_16_bit(card) && (n & 1);
		if (card->dma_to_1401) {
			k->read_memory(card->isa_dma, card->dma, data, pos, n + pad);
			ced_fault_block_read(&card->fault, data, n);
		} else {
			ced_fault_block_send(&card->fault, data, n);
			if (pad)
				data[n] = 0;
			to_memory(card, data, pos, n + pad);
		}
		card->odd = pad;
		pos += n + pad;
	}
	if (block->state != CED_BLOCK_WAITING)
		stop_transfer(card, CEDCARD_STATUS_EOB);
	return pos;
}

/* The same with the FIFO, as long as it has data or room */
static int move_fifo(struct ced_card *card, int pos, int size)
{
	IsaDmaClass *k = ISADMA_GET_CLASS(card->isa_dma);
	uint8_t data[CED_DATA_MAX] = { 0 };
	uint32_t n;

	for (;;) {
		ced_monitor_fifo_service(card->mon);
		n = MIN(fifo_ready(card), MIN(size - pos, sizeof(data)));
		n = ced_fault_allows(&card->fault, card->dma_to_1401, n);
		if (!n)
			return pos;
		ced_fault_moved(&card->fault, n);
		if (card->dma_to_1401) {
			k->read_memory(card->isa_dma, card->dma, data, pos, n);
			ced_ring_push(&card->fifo.ring, data, n);
		} else {
			ced_ring_pop(&card->fifo.ring, data, n);
			to_memory(card, data, pos, n);
		}
		pos += n;
	}
}

/*
 * A stream that goes round with no clock to go by would have all of QEMU's main loop, and
 * with it the lock that the emulated processors need at every port: the 8237 means to call
 * again when QEMU was idle for 10 ms, but does so whenever anything wakes that loop. The rest
 * is in the host's time, and none passes while the machine is stopped.
 */
static void take_turns(struct ced_card *card, uint32_t moved)
{
	if (card->realtime)
		return;
	card->burst += moved;
	if (card->burst < BURST)
		return;
	card->burst = 0;
	card->resting = true;
	timer_mod(card->rest, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL_RT) + REST_NS);
}

static void rested(void *opaque)
{
	struct ced_card *card = opaque;

	card->resting = false;
	settle(card);
}

/* Return: where the 8237 goes on */
static int terminal_count(struct ced_card *card, int pos)
{
	IsaDmaClass *k = ISADMA_GET_CLASS(card->isa_dma);

	if (!ced_fault_is(&card->fault, CED_FAULT_NO_TC)) {
		card->latches |= CEDCARD_STATUS_TC;
		card->laps++;
		if (!(card->mode & CEDCARD_MODE_CONT))
			card->dmarun = false;
	}
	return k->has_autoinitialization(card->isa_dma, card->dma) ? 0 : pos;
}

/* DREQ stands although nothing is ready: what nobody drives on the bus reads all ones */
static int move_junk(struct ced_card *card, int pos, int size)
{
	const I8257Regs *regs = &I8257(card->isa_dma)->regs[card->dma & 3];
	uint8_t data[CED_DATA_MAX];
	int n;

	memset(data, 0xff, sizeof(data));
	for (; pos < size; pos += n) {
		n = MIN(size - pos, sizeof(data));
		if ((regs->mode >> 2 & 3) == ISADMA_TRANSFER_READ)
			to_memory(card, data, pos, n);
	}
	return pos;
}

/* The 8237 acknowledges DREQ: hand over all that is ready in one call */
static int handle_dma(void *opaque, int channel, int pos, int size)
{
	struct ced_card *card = opaque;

	if (!card->dreq || pos >= size)
		return pos;
	if (!wants_dma(card)) {
		if (!ced_fault_is(&card->fault, CED_FAULT_DREQ_HIGH))
			return pos;
		pos = move_junk(card, pos, size);
	} else if (card->dma_fifo) {
		int from = pos;

		pos = move_fifo(card, pos, size);
		take_turns(card, pos - from);
		end_stream(card);	/* EOB before TC clears DMARUN */
	} else {
		pos = move_block(card, pos, size);
	}
	if (pos == size)
		pos = terminal_count(card, pos);
	strike(card);
	settle(card);
	return pos;
}

/* DMAEN has risen */
static void start_transfer(struct ced_card *card)
{
	const struct ced_block *block = ced_fault_block(&card->fault);
	bool ok;

	ced_meter_dmaen();
	card->dma_fifo = card->control & CEDCARD_CONTROL_FIFO;
	card->dma_to_1401 = card->control & CEDCARD_CONTROL_TO1401;
	card->laps = 0;
	card->odd = false;
	card->resting = false;
	if (card->dma_fifo)
		ok = !ced_monitor_streams(card->mon, opposite(transfer_dir(card)));
	else
		ok = block->state == CED_BLOCK_WAITING &&
		     block->to_1401 == card->dma_to_1401;
	if (!ok) {
		stop_transfer(card, CEDCARD_STATUS_ERR);
		return;
	}
	if (card->dma_fifo)
		ced_fifo_turn(&card->fifo, transfer_dir(card));
	if (card->dma_fifo || !block->done)
		ced_fault_begins(&card->fault);
	card->dmarun = true;
	strike(card);
}

/* RESET, power, cable */

/* What RESET and the loss of the 1401 have in common */
static void drop_all(struct ced_card *card)
{
	timer_del(card->timer);
	timer_del(card->rest);
	card->resting = false;
	card->latches = 0;
	card->odd = false;
	card->dmarun = false;
	card->tx_full = false;
	card->xy_next = 0;
	card->fifo_due = false;
	ced_fifo_clear(&card->fifo);
	ced_monitor_reset(card->mon);
	ced_fault_reset(&card->fault);
}

static void boot(struct ced_card *card, bool test)
{
	card->unit = test ? UNIT_TESTING : UNIT_BOOTING;
	timer_mod(card->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
		  (test ? card->test_ms * (int64_t)SCALE_MS : BOOT_NS));
}

static void booted(void *opaque)
{
	struct ced_card *card = opaque;

	if (card->unit == UNIT_TESTING && card->test_code)
		card->unit = UNIT_TEST_FAILED;
	else
		card->unit = UNIT_READY;
	settle(card);
}

/* Power or cable have changed */
static void update_online(struct ced_card *card)
{
	bool now = card->power && card->cable;

	if (!card->power)
		ced_monitor_power_up(card->mon);
	if (now == online(card))
		return;
	drop_all(card);
	if (!now)
		card->unit = UNIT_OFFLINE;
	else if (card->control & CEDCARD_CONTROL_RESET)
		card->unit = UNIT_RESET;
	else
		boot(card, false);
	settle(card);
}

/* Writes */

static void write_reset(struct ced_card *card, uint8_t old)
{
	uint8_t rise = card->control & ~old;
	uint8_t fall = old & ~card->control;

	if (!online(card))
		return;
	if (rise & CEDCARD_CONTROL_RESET) {
		drop_all(card);
		card->unit = UNIT_RESET;
	}
	if (fall & CEDCARD_CONTROL_RESET)
		boot(card, (old | card->control) & CEDCARD_CONTROL_TEST);
}

static void write_control(struct ced_card *card, uint8_t value)
{
	uint8_t old = card->control;

	card->control = value;
	write_reset(card, old);
	if (!(value & CEDCARD_CONTROL_DMAEN))
		card->dmarun = false;
	else if (!(old & CEDCARD_CONTROL_DMAEN) && online(card) &&
		 card->unit != UNIT_RESET)
		start_transfer(card);
}

static void write_ack(struct ced_card *card, uint8_t value)
{
	card->latches &= ~(value & CEDCARD_ACK_LATCHES);
	if (!(value & CEDCARD_ACK_ABANDON) || !online(card))
		return;
	if (card->dmarun && !card->dma_fifo)
		card->dmarun = false;
	ced_fault_block_abandon(&card->fault);
}

static void write_data(struct ced_card *card, uint8_t value)
{
	if (card->unit != UNIT_READY)
		return;
	if (card->tx_full) {
		qemu_log_mask(LOG_GUEST_ERROR, "ced1401: DATA written without TXRDY\n");
		ced_monitor_lost_char(card->mon);
		stop_transfer(card, CEDCARD_STATUS_ERR);
		return;
	}
	card->tx = value;
	card->tx_full = true;
}

static void card_write(void *opaque, hwaddr port, uint64_t value, unsigned int size)
{
	struct ced_card *card = opaque;

	if (ced_fault_is(&card->fault, CED_FAULT_DEAD))
		return;
	switch (port) {
	case CEDCARD_DATA:
		write_data(card, value);
		break;
	case CEDCARD_CONTROL:
		write_control(card, value);
		break;
	case CEDCARD_ACK:
		write_ack(card, value);
		break;
	case CEDCARD_MODE:
		card->mode = value;
		break;
	}
	settle(card);
}

/* Reads */

static uint8_t read_data(struct ced_card *card)
{
	uint8_t c;

	if (card->unit != UNIT_READY)
		return 0;
	c = ced_fault_get_char(&card->fault);
	settle(card);
	return c;
}

static uint8_t read_low(struct ced_card *card)
{
	if (testing(card))
		return card->unit == UNIT_TESTING ? 0 : card->test_code;
	card->laps_high = card->laps >> 8;
	return card->laps;
}

static uint8_t read_high(struct ced_card *card)
{
	const uint8_t xy[] = {
		card->test_x, card->test_x >> 8, card->test_y, card->test_y >> 8
	};

	if (card->unit == UNIT_TESTING)
		return 0;
	if (card->unit == UNIT_TEST_FAILED)
		return xy[card->xy_next++ % sizeof(xy)];
	return card->laps_high;
}

static uint64_t card_read(void *opaque, hwaddr port, unsigned int size)
{
	struct ced_card *card = opaque;

	if (ced_fault_is(&card->fault, CED_FAULT_DEAD))
		return CEDCARD_NOTHING;
	switch (port) {
	case CEDCARD_DATA:
		return read_data(card);
	case CEDCARD_STATUS:
		return status(card);
	case CEDCARD_CAUSE:
		return cause(card);
	case CEDCARD_ID:
		return CEDCARD_ID_VALUE;
	case CEDCARD_TYPE:
		return card->model;
	case CEDCARD_STATE:
		return state(card);
	case CEDCARD_CODE:
		return read_low(card);
	default:
		return read_high(card);
	}
}

static const MemoryRegionOps card_io_ops = {
	.read = card_read,
	.write = card_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.impl = {
		.min_access_size = 1,
		.max_access_size = 1,
	},
};

/* The device */

static void card_reset(DeviceState *dev)
{
	struct ced_card *card = CED1401(dev);

	drop_all(card);
	ced_monitor_power_up(card->mon);
	ced_signal_rewind(card->sig);
	card->fifo.dir = CED_FIFO_TO_HOST;
	card->control = 0;
	card->mode = 0;
	card->laps = 0;
	card->laps_high = 0;
	card->unit = card->power && card->cable ? UNIT_READY : UNIT_OFFLINE;
	card->dreq = false;
	ISADMA_GET_CLASS(card->isa_dma)->release_DREQ(card->isa_dma, card->dma);
	settle(card);
}

static bool check_resources(const struct ced_card *card, Error **errp)
{
	if (card->iobase < 0x100 || card->iobase > 0xfff8 ||
	    card->iobase % CEDCARD_PORTS)
		error_setg(errp, "iobase=0x%x: must be a multiple of 8 from 0x100 to 0xfff8",
			   card->iobase);
	else if (card->irq < 3 || card->irq > 15 || card->irq == 8 || card->irq == 13)
		error_setg(errp, "irq=%u: must be 3 to 7, 9 to 12, 14 or 15", card->irq);
	else if (card->dma > 7 || !(BIT(card->dma) & 0xea))
		error_setg(errp, "dma=%u: must be 1 or 3 (8-bit), or 5, 6 or 7 (16-bit)",
			   card->dma);
	else if (card->model < CEDCARD_TYPE_STANDARD || card->model > CEDCARD_TYPE_POWER)
		error_setg(errp, "model=%u: must be 4 (standard), 5 (micro), 6 (plus) or 7 (Power)",
			   card->model);
	else
		return true;
	return false;
}

static bool open_world(struct ced_card *card, Error **errp)
{
	card->sig = ced_signal_new(card->model);
	ced_signal_set_digin(card->sig, card->digin);
	return (!card->loop || ced_signal_set_loop(card->sig, card->loop, errp)) &&
	       (!card->adc || ced_signal_open_adc(card->sig, card->adc, errp)) &&
	       (!card->dac || ced_signal_open_dac(card->sig, card->dac, errp));
}

static void card_realize(DeviceState *dev, Error **errp)
{
	struct ced_card *card = CED1401(dev);
	ISADevice *isa = ISA_DEVICE(dev);
	struct ced_monitor_config config = {
		.fifo = &card->fifo,
		.model = card->model,
		.realtime = card->realtime,
		.changed = monitor_changed,
		.opaque = card,
	};

	if (!check_resources(card, errp))
		return;
	card->isa_dma = compat_isa_dma(isa, card->dma);
	if (!card->isa_dma) {
		error_setg(errp, "this machine has no ISA DMA controller");
		return;
	}
	if (!open_world(card, errp)) {
		ced_signal_free(card->sig);
		card->sig = NULL;
		return;
	}
	ced_ring_init(&card->fifo.ring, CEDCARD_FIFO_SIZE);
	config.sig = card->sig;
	card->mon = ced_monitor_new(&config);
	ced_fault_init(&card->fault, card->mon, monitor_changed, card);
	card->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, booted, card);
	card->rest = timer_new_ns(QEMU_CLOCK_VIRTUAL_RT, rested, card);
	card->unit = card->power && card->cable ? UNIT_READY : UNIT_OFFLINE;
	card->irq_line = isa_get_irq(isa, card->irq);
	memory_region_init_io(&card->io, OBJECT(dev), &card_io_ops, card, TYPE_CED1401,
			      CEDCARD_PORTS);
	isa_register_ioport(isa, &card->io, card->iobase);
	ISADMA_GET_CLASS(card->isa_dma)->register_channel(card->isa_dma, card->dma,
							  handle_dma, card);
	card->realized = true;
}

static bool get_power(Object *obj, Error **errp)
{
	return CED1401(obj)->power;
}

static void set_power(Object *obj, bool value, Error **errp)
{
	struct ced_card *card = CED1401(obj);

	card->power = value;
	if (card->realized)
		update_online(card);
}

static bool get_cable(Object *obj, Error **errp)
{
	return CED1401(obj)->cable;
}

static void set_cable(Object *obj, bool value, Error **errp)
{
	struct ced_card *card = CED1401(obj);

	card->cable = value;
	if (card->realized)
		update_online(card);
}

static char *get_fault(Object *obj, Error **errp)
{
	return g_strdup(ced_fault_name(&CED1401(obj)->fault));
}

static void set_fault(Object *obj, const char *value, Error **errp)
{
	struct ced_card *card = CED1401(obj);

	if (!ced_fault_set(&card->fault, value, errp) || !card->realized)
		return;
	strike(card);
	settle(card);
}

static void get_fault_after(Object *obj, Visitor *v, const char *name, void *opaque,
			    Error **errp)
{
	visit_type_uint32(v, name, &CED1401(obj)->fault.after, errp);
}

static void set_fault_after(Object *obj, Visitor *v, const char *name, void *opaque,
			    Error **errp)
{
	struct ced_card *card = CED1401(obj);

	if (!visit_type_uint32(v, name, &card->fault.after, errp) || !card->realized)
		return;
	/* What runs may have come to that place, or may go on */
	strike(card);
	settle(card);
}

static void get_fault_seed(Object *obj, Visitor *v, const char *name, void *opaque,
			   Error **errp)
{
	visit_type_uint32(v, name, &CED1401(obj)->fault.seed, errp);
}

static void set_fault_seed(Object *obj, Visitor *v, const char *name, void *opaque,
			   Error **errp)
{
	visit_type_uint32(v, name, &CED1401(obj)->fault.seed, errp);
}

static void get_control(Object *obj, Visitor *v, const char *name, void *opaque,
			Error **errp)
{
	visit_type_uint8(v, name, &CED1401(obj)->control, errp);
}

/* Runs of pages, "0x100000-0x103fff 0x110000-0x110fff" */
static char *get_written(Object *obj, Error **errp)
{
	const struct ced_card *card = CED1401(obj);
	GString *text = g_string_new("");
	unsigned long from = 0, to;

	while ((from = find_next_bit(card->written, DMA_PAGES, from)) < DMA_PAGES) {
		to = find_next_zero_bit(card->written, DMA_PAGES, from);
		g_string_append_printf(text, "%s0x%lx-0x%lx", text->len ? " " : "",
				       from * DMA_PAGE, to * DMA_PAGE - 1);
		from = to;
	}
	return g_string_free(text, false);
}

static void set_written(Object *obj, const char *value, Error **errp)
{
	struct ced_card *card = CED1401(obj);

	if (*value)
		error_setg(errp, "written: can be emptied only");
	else
		bitmap_zero(card->written, DMA_PAGES);
}

static bool get_trigger(Object *obj, Error **errp)
{
	return false;
}

static void set_trigger(Object *obj, bool value, Error **errp)
{
	struct ced_card *card = CED1401(obj);

	if (!value || !card->realized || card->unit != UNIT_READY)
		return;
	ced_monitor_trigger(card->mon);
	settle(card);
}

static void get_digin(Object *obj, Visitor *v, const char *name, void *opaque,
		      Error **errp)
{
	visit_type_uint16(v, name, &CED1401(obj)->digin, errp);
}

static void set_digin(Object *obj, Visitor *v, const char *name, void *opaque,
		      Error **errp)
{
	struct ced_card *card = CED1401(obj);

	if (visit_type_uint16(v, name, &card->digin, errp) && card->realized)
		ced_signal_set_digin(card->sig, card->digin);
}

static void get_digout(Object *obj, Visitor *v, const char *name, void *opaque,
		       Error **errp)
{
	struct ced_card *card = CED1401(obj);
	uint16_t value = card->realized ? ced_signal_digout(card->sig) : 0;

	visit_type_uint16(v, name, &value, errp);
}

/* dac0 to dac7: what a DAC shows */
static void get_dac(Object *obj, Visitor *v, const char *name, void *opaque,
		    Error **errp)
{
	struct ced_card *card = CED1401(obj);
	unsigned int channel = name[strlen("dac")] - '0';
	int16_t value = card->realized ? ced_signal_dac(card->sig, channel) : 0;

	visit_type_int16(v, name, &value, errp);
}

static void card_init(Object *obj)
{
	struct ced_card *card = CED1401(obj);

	card->power = true;
	card->cable = true;
}

static COMPAT_PROPERTY card_properties[] = {
	DEFINE_PROP_UINT32("iobase", struct ced_card, iobase, 0x300),
	DEFINE_PROP_UINT32("irq", struct ced_card, irq, 5),
	DEFINE_PROP_UINT32("dma", struct ced_card, dma, 1),
	DEFINE_PROP_UINT8("model", struct ced_card, model, CEDCARD_TYPE_POWER),
	DEFINE_PROP_STRING("adc", struct ced_card, adc),
	DEFINE_PROP_STRING("dac", struct ced_card, dac),
	DEFINE_PROP_STRING("loop", struct ced_card, loop),
	DEFINE_PROP_BOOL("realtime", struct ced_card, realtime, false),
	DEFINE_PROP_UINT32("test-ms", struct ced_card, test_ms, 100),
	DEFINE_PROP_UINT8("test-code", struct ced_card, test_code, 0),
	DEFINE_PROP_UINT16("test-x", struct ced_card, test_x, 0),
	DEFINE_PROP_UINT16("test-y", struct ced_card, test_y, 0),
	COMPAT_PROPERTIES_END
};

/* Its memory, clocks and files are not part of a snapshot */
static const VMStateDescription card_vmstate = {
	.name = TYPE_CED1401,
	.unmigratable = 1,
};

static void add_dac_properties(ObjectClass *klass)
{
	unsigned int i;

	for (i = 0; i < CED_DAC_CHANNELS; i++) {
		g_autofree char *name = g_strdup_printf("dac%u", i);

		object_class_property_add(klass, name, "int16", get_dac, NULL, NULL, NULL);
		object_class_property_set_description(klass, name,
						      "what this DAC shows (read only)");
	}
}

static void add_fault_properties(ObjectClass *klass)
{
	object_class_property_add_str(klass, "fault", get_fault, set_fault);
	object_class_property_set_description(klass, "fault",
					      "what goes wrong, by name; none: nothing");
	object_class_property_add(klass, "fault-after", "uint32", get_fault_after,
				  set_fault_after, NULL, NULL);
	object_class_property_set_description(klass, "fault-after",
					      "bytes of a transfer that move well before");
	object_class_property_add(klass, "fault-seed", "uint32", get_fault_seed,
				  set_fault_seed, NULL, NULL);
	object_class_property_set_description(klass, "fault-seed",
					      "where what is random of the next fault begins");
	object_class_property_add(klass, "control", "uint8", get_control, NULL, NULL, NULL);
	object_class_property_set_description(klass, "control", "CONTROL as last written");
	object_class_property_add_str(klass, "written", get_written, set_written);
	object_class_property_set_description(klass, "written",
					      "pages of memory that DMA has written to; set to \"\": forgets them");
}

static void card_class_init(ObjectClass *klass, COMPAT_CLASS_DATA *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);

	dc->realize = card_realize;
	dc->desc = "CED 1401 laboratory interface on its ISA card";
	dc->vmsd = &card_vmstate;
	compat_set_reset(dc, card_reset);
	device_class_set_props(dc, card_properties);
	set_bit(DEVICE_CATEGORY_MISC, dc->categories);
	object_class_property_add_bool(klass, "power", get_power, set_power);
	object_class_property_set_description(klass, "power", "the 1401 is switched on");
	object_class_property_add_bool(klass, "cable", get_cable, set_cable);
	object_class_property_set_description(klass, "cable", "its cable is connected");
	object_class_property_add_bool(klass, "trigger", get_trigger, set_trigger);
	object_class_property_set_description(klass, "trigger",
					      "set to on: a pulse on the trigger input");
	object_class_property_add(klass, "digin", "uint16", get_digin, set_digin, NULL,
				  NULL);
	object_class_property_set_description(klass, "digin",
					      "what the digital inputs see, a bit each");
	object_class_property_add(klass, "digout", "uint16", get_digout, NULL, NULL, NULL);
	object_class_property_set_description(klass, "digout",
					      "what the digital outputs show (read only)");
	add_dac_properties(klass);
	add_fault_properties(klass);
}

static const TypeInfo card_info = {
	.name = TYPE_CED1401,
	.parent = TYPE_ISA_DEVICE,
	.instance_size = sizeof(struct ced_card),
	.instance_init = card_init,
	.class_init = card_class_init,
};

static void card_register(void)
{
	type_register_static(&card_info);
}

type_init(card_register)
