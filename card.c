// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interface card: the only file that touches its ports; the interrupt handler;
 * the tick.
 *
 * The contract is in include/hw/ced1401-card.h and docs/hardware.md. To drive a
 * card with other registers, change this file and that header.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/jiffies.h>

#include "ced1401.h"

/* To end in any case: rounds of the handler before the line is switched off */
#define ROUNDS		64
/* Interrupts in vain, with no latch served in between, before the line is masked */
#define IN_VAIN		64
#define TICK		msecs_to_jiffies(100)
/* The longest that the interrupt line is waited for, where it is looked for */
#define PROBE_MS	256

static u8 in(struct ced_card *card, unsigned int port)
{
	return inb(card->place.io + port);
}

static void out(struct ced_card *card, unsigned int port, u8 value)
{
	outb(value, card->place.io + port);
}

/* CONTROL is write-only: the shadow is written here alone */
static void write_control(struct ced_card *card)
{
	u8 value = card->control;

	if (card->quiet)
		value &= ~CEDCARD_CONTROL_IE;
	out(card, CEDCARD_CONTROL, value);
}

/**
 * ced_card_control() - change bits of CONTROL
 * @card:	the card; its lock is held
 * @clear:	CEDCARD_CONTROL_* to clear, RESET and TEST excepted
 * @set:	the ones to set
 *
 * A cause that stands when its interrupt is enabled raises the line.
 */
void ced_card_control(struct ced_card *card, u8 clear, u8 set)
{
	u8 control = (card->control & ~clear) | set;

	if (control == card->control)
		return;
	card->control = control;
	if (!card->resetting)
		write_control(card);
}

/**
 * ced_card_begin_reset() - hold the 1401 in reset
 * @card:	the card; its lock is held, and no transfer runs
 *
 * Interrupts and DMA are off until ced_card_end_reset(). RESET is never kept in
 * the shadow.
 */
void ced_card_begin_reset(struct ced_card *card)
{
	card->resetting = true;
	card->counts.resets++;
	card->control = 0;
	out(card, CEDCARD_CONTROL, CEDCARD_CONTROL_RESET);
}

/**
 * ced_card_release_reset() - let the 1401 start
 * @card:	the card; its lock is held
 * @test:	let it test itself first
 *
 * STATE is 0 within CEDCARD_RESET_MS, or CEDCARD_STATE_TEST.
 */
void ced_card_release_reset(struct ced_card *card, bool test)
{
	/* TEST counts at RESET's fall */
	if (test) {
		out(card, CEDCARD_CONTROL,
		    CEDCARD_CONTROL_RESET | CEDCARD_CONTROL_TEST);
		out(card, CEDCARD_CONTROL, CEDCARD_CONTROL_TEST);
	}
	out(card, CEDCARD_CONTROL, 0);
}

/**
 * ced_card_end_reset() - the 1401 is ready, or will not be
 * @card:	the card; its lock is held
 */
void ced_card_end_reset(struct ced_card *card)
{
	card->resetting = false;
	if (card->users)
		card->control |= CEDCARD_CONTROL_IE_RX;
	write_control(card);
}

/**
 * ced_card_online() - whether card and 1401 are there, switched on and plugged in
 * @card:	the card; its lock is held
 *
 * An empty bus reads all ones, so the status alone would look well.
 */
bool ced_card_online(struct ced_card *card)
{
	return in(card, CEDCARD_ID) == CEDCARD_ID_VALUE &&
	       ced_card_still_online(card);
}

/**
 * ced_card_still_online() - whether a card that was online a moment ago still is
 * @card:	the card; its lock is held
 *
 * One access to the bus instead of two: that it is the card which answers is known.
 */
bool ced_card_still_online(struct ced_card *card)
{
	return (ced_card_status(card) & CEDCARD_STATUS_ONLINE) ==
		CEDCARD_STATUS_ONLINE;
}

/**
 * ced_card_status() - STATUS
 * @card:	the card; its lock is held
 *
 * Return: CEDCARD_STATUS_*; 0 where no card answers, for all ones are no status: what
 * latches EOB or ERR clears DMARUN.
 */
u8 ced_card_status(struct ced_card *card)
{
	u8 status = in(card, CEDCARD_STATUS);

	return status == CEDCARD_NOTHING ? 0 : status;
}

/**
 * ced_card_odd() - whether the last word of the ended block carried a pad byte
 * @card:	the card; its lock is held, and EOB is latched
 */
bool ced_card_odd(struct ced_card *card)
{
	return in(card, CEDCARD_CAUSE) & CEDCARD_CAUSE_ODD;
}

/**
 * ced_card_state() - what the 1401 is doing, CEDCARD_STATE_*
 * @card:	the card; its lock is held
 */
u8 ced_card_state(struct ced_card *card)
{
	return in(card, CEDCARD_STATE);
}

/**
 * ced_card_get_char() - the next character from the 1401
 * @card:	the card; its lock is held, and RXRDY is 1
 */
u8 ced_card_get_char(struct ced_card *card)
{
	card->counts.characters_in++;
	return in(card, CEDCARD_DATA);
}

/**
 * ced_card_put_char() - send a character to the 1401
 * @card:	the card; its lock is held, and TXRDY is 1
 * @c:		the character
 */
void ced_card_put_char(struct ced_card *card, u8 c)
{
	card->counts.characters_out++;
	out(card, CEDCARD_DATA, c);
}

/**
 * ced_card_ack() - clear latches, end a block
 * @card:	the card; its lock is held
 * @bits:	of CEDCARD_ACK_LATCHES and CEDCARD_ACK_ABANDON
 */
void ced_card_ack(struct ced_card *card, u8 bits)
{
	/* Its interrupt, if it is yet to come, finds nothing, and was not in vain */
	if (bits & CEDCARD_ACK_LATCHES)
		card->in_vain = 0;
	out(card, CEDCARD_ACK, bits);
}

/**
 * ced_card_go_on() - whether DMA goes on after terminal count
 * @card:	the card; its lock is held, and DMAEN is 0
 * @on:		the channel is set to auto-initialise
 */
void ced_card_go_on(struct ced_card *card, bool on)
{
	out(card, CEDCARD_MODE, on ? CEDCARD_MODE_CONT : 0);
}

/**
 * ced_card_laps() - terminal counts since DMAEN's rise, modulo 65536
 * @card:	the card; its lock is held
 *
 * Return: the count, or -ENODEV: no card answers.
 */
int ced_card_laps(struct ced_card *card)
{
	u8 low = in(card, CEDCARD_LAPS_LOW);	/* freezes the high byte */
	u8 high = in(card, CEDCARD_LAPS_HIGH);

	if (in(card, CEDCARD_ID) != CEDCARD_ID_VALUE)
		return -ENODEV;
	return high << 8 | low;
}

/**
 * ced_card_selftest() - how the self-test stands
 * @card:	the card; its lock is held
 * @selftest:	filled in; x and y stay as they are once a code is known, since the
 *		card tells them once only
 */
void ced_card_selftest(struct ced_card *card, struct ced_selftest *selftest)
{
	struct ced_selftest now = *selftest;

	now.testing = true;
	now.code = in(card, CEDCARD_CODE);
	if (now.code && now.code != selftest->code) {
		now.x = in(card, CEDCARD_XY);
		now.x |= in(card, CEDCARD_XY) << 8;
		now.y = in(card, CEDCARD_XY);
		now.y |= in(card, CEDCARD_XY) << 8;
	}
	/* Last: one that has just ended well leaves LAPS where the code was */
	if (in(card, CEDCARD_STATE) != CEDCARD_STATE_TEST)
		memset(&now, 0, sizeof(now));
	*selftest = now;
}

/**
 * ced_card_registers() - look at the registers, changing nothing
 * @card:	the card; its lock is held, and it is not gone
 * @registers:	filled in
 *
 * DATA is left alone: reading it takes a character.
 */
void ced_card_registers(struct ced_card *card,
			struct ced_registers *registers)
{
	registers->status = in(card, CEDCARD_STATUS);
	registers->cause = in(card, CEDCARD_CAUSE);
	registers->id = in(card, CEDCARD_ID);
	registers->type = in(card, CEDCARD_TYPE);
	registers->state = in(card, CEDCARD_STATE);
	registers->control = card->control;
}

/* What CAUSE should read */
static u8 cause_by_status(struct ced_card *card)
{
	u8 status = ced_card_status(card), cause = 0;

	if (card->control & CEDCARD_CONTROL_IE_RX && status & CEDCARD_STATUS_RXRDY)
		cause |= CEDCARD_CAUSE_RX;
	if (card->control & CEDCARD_CONTROL_IE_TX && status & CEDCARD_STATUS_TXRDY)
		cause |= CEDCARD_CAUSE_TX;
	if (card->control & CEDCARD_CONTROL_IE_DMA &&
	    status & CEDCARD_STATUS_LATCHES)
		cause |= CEDCARD_CAUSE_DMA;
	return cause;
}

/*
 * Serve what stands; false when there was no end to it. The tick goes by STATUS,
 * so that it does the work of an interrupt logic that has failed, CAUSE included.
 */
static bool serve(struct ced_card *card, bool by_status)
{
	int round;
	u8 cause;

	for (round = 0; round < ROUNDS; round++) {
		cause = by_status ? cause_by_status(card) :
				    in(card, CEDCARD_CAUSE);
		if (cause == CEDCARD_NOTHING)
			return false;
		if (!(cause & CEDCARD_CAUSE_LINE)) {
			if (!round)
				card->in_vain++;
			return true;
		}
		if (cause & CEDCARD_CAUSE_DMA)
			card->events->dma(card);
		if (cause & CEDCARD_CAUSE_RX)
			card->events->rx(card);
		if (cause & CEDCARD_CAUSE_TX)
			card->events->tx(card);
	}
	card->counts.storms++;
	return false;
}

/*
 * Do the interrupt's work. PC interrupt controllers see edges: it goes on until no
 * cause stands, so that the next one raises the line. A card that never comes to an
 * end, or is no longer there, has its interrupts switched off until the next tick.
 */
static void serve_or_silence(struct ced_card *card, bool by_status)
{
	if (card->resetting || serve(card, by_status))
		return;
	card->quiet = true;
	write_control(card);
}

/*
 * A card that raises its line again and again without a cause, or with its interrupts
 * switched off, would keep the processor from everything else: the interrupt
 * controller masks the line until the next tick, which may have to wait until a file
 * is opened.
 */
static void mask_storm(struct ced_card *card)
{
	if (card->masked || card->in_vain < IN_VAIN)
		return;
	card->masked = true;
	card->counts.storms++;
	disable_irq_nosync(card->place.irq);
}

static void unmask(struct ced_card *card)
{
	card->in_vain = 0;
	if (!card->masked)
		return;
	card->masked = false;
	enable_irq(card->place.irq);
}

static irqreturn_t handler(int irq, void *data)
{
	struct ced_card *card = data;
	irqreturn_t handled = IRQ_HANDLED;
	unsigned long flags;

	spin_lock_irqsave(&card->lock, flags);
	if (card->gone || !card->users || card->resetting) {
		handled = IRQ_NONE;
		card->in_vain++;
	} else {
		card->counts.interrupts++;
		if (card->quiet)
			card->in_vain++;
		serve_or_silence(card, false);
	}
	mask_storm(card);
	spin_unlock_irqrestore(&card->lock, flags);
	return handled;
}

static void tick(struct work_struct *work)
{
	struct ced_card *card = container_of(to_delayed_work(work),
					     struct ced_card, tick);
	bool again;

	card->events->tick(card);
	spin_lock_irq(&card->lock);
	again = card->users && !card->gone;
	if (again && card->quiet) {
		card->quiet = false;
		write_control(card);
	}
	if (again && !card->resetting)
		serve_or_silence(card, true);
	if (!card->gone)
		unmask(card);
	spin_unlock_irq(&card->lock);
	if (again)
		schedule_delayed_work(&card->tick, TICK);
}

/**
 * ced_card_start_tick() - look at the card from now on, while a file is open
 * @card:	the card; its lock is held, and it is not gone
 */
void ced_card_start_tick(struct ced_card *card)
{
	if (card->users)
		schedule_delayed_work(&card->tick, TICK);
}

/**
 * ced_card_stop_tick() - nobody looks any more
 * @card:	the card; may sleep
 */
void ced_card_stop_tick(struct ced_card *card)
{
	cancel_delayed_work_sync(&card->tick);
}

/**
 * ced_card_wake() - the first file was opened: interrupts and the tick on
 * @card:	the card; its lock is held, and it is not gone
 */
void ced_card_wake(struct ced_card *card)
{
	card->quiet = false;
	WRITE_ONCE(card->online, ced_card_online(card));
	card->control = CEDCARD_CONTROL_IE_RX;
	if (!card->resetting)
		write_control(card);
	ced_card_start_tick(card);
}

/**
 * ced_card_sleep() - the last file was closed: interrupts off, the tick ends
 * @card:	the card; its lock is held, and it is not gone
 */
void ced_card_sleep(struct ced_card *card)
{
	card->control = 0;
	/* Nor cut a reset short: the tick's, of a 1401 that has come back */
	if (!card->resetting)
		write_control(card);
}

/**
 * ced_card_find() - see whether a card answers, and switch its interrupts off
 * @card:	the card; nothing of it runs yet, its ports are reserved
 *
 * Return: 0, or -ENODEV: no card there.
 */
int ced_card_find(struct ced_card *card)
{
	if (in(card, CEDCARD_ID) != CEDCARD_ID_VALUE)
		return -ENODEV;
	out(card, CEDCARD_CONTROL, 0);
	out(card, CEDCARD_MODE, 0);
	card->type = in(card, CEDCARD_TYPE);
	INIT_DELAYED_WORK(&card->tick, tick);
	return 0;
}

/*
 * The line that rises when the card's own transmit interrupt is enabled. The 1401
 * must be on: else TXRDY does not stand. A virtual machine's interrupt comes when the
 * processor that takes it runs next, which need not be soon: wait longer and longer.
 * The line falls before it is given up: what an I/O APIC keeps of a line that still
 * stands then is an interrupt for whoever takes it next, also for the next probe.
 */
static int probe_line(struct ced_card *card)
{
	unsigned long lines;
	unsigned int ms;
	int irq;

	if (!ced_card_online(card))
		return 0;
	for (ms = 1; ms <= PROBE_MS; ms *= 4) {
		lines = probe_irq_on();
		out(card, CEDCARD_CONTROL, CEDCARD_CONTROL_IE_TX);
		fsleep(ms * USEC_PER_MSEC);
		out(card, CEDCARD_CONTROL, 0);
		irq = probe_irq_off(lines);
		if (irq > 0)
			return irq;
	}
	return 0;
}

/**
 * ced_card_take_irq() - find the interrupt line if need be, and take it
 * @card:	the card; may sleep
 *
 * Return: 0; -ENODEV: no line could be found; -EBUSY and others of
 * request_irq(): it cannot be had.
 */
int ced_card_take_irq(struct ced_card *card)
{
	if (card->place.irq < 0)
		card->place.irq = probe_line(card);
	if (!card->place.irq)
		return -ENODEV;
	return request_irq(card->place.irq, handler, 0, card->name, card);
}

/**
 * ced_card_drop_irq() - give the line back; the handler and the tick have ended
 * @card:	the card, which is gone; may sleep
 */
void ced_card_drop_irq(struct ced_card *card)
{
	ced_card_stop_tick(card);
	free_irq(card->place.irq, card);
}
