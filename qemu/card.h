/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual CED 1401: what its parts share.
 *
 *	card.c		the ISA interface card: registers, DMA, interrupt
 *	monitor.c	the 1401 behind it: characters, command lines, blocks
 *	command.c	its commands
 *	run.c		what goes on after a command: sampling and playing, clocks
 *	signal.c	the world outside: what the ADC sees, where the DACs go
 *	meter.c		no part of it: counts the guest's instructions
 *	fault.c		what goes wrong, between the card and its 1401
 *	block.c		what the 1401 sends: replies, requests and their blocks
 *	ring.c		bytes that wait
 *
 * Calls go card -> fault -> monitor -> command -> run -> block, signal, ring. The monitor calls the
 * card only by the callback that it was handed, and only from its own timers. All
 * state belongs to one card, and everything runs under QEMU's big lock. What the
 * middle three share is in monitor.h.
 *
 * Which facts are CED's: the names and arguments of the commands, the coding of
 * a request, the meaning of a sample. Everything else here, the register map
 * first of all, is the ced1401 project's own definition.
 */
#ifndef CED1401_QEMU_CARD_H
#define CED1401_QEMU_CARD_H

#include "qemu/timer.h"
#include "../include/hw/ced1401-card.h"

#define CED_ADC_CHANNELS	32	/* inputs that a command may name */
#define CED_DAC_CHANNELS	8	/* outputs that a command may name */
#define CED_LIST_MAX		32	/* channels in one list */
#define CED_USER_MEMORY		(1024 * 1024)
#define CED_COMMAND_SPACE	(256 * 1024)
#define CED_DATA_MAX		4096	/* bytes handled in one go */

/**
 * struct ced_ring - bytes that wait
 * @data:	their memory
 * @size:	its size
 * @head:	where the oldest byte is
 * @level:	how many there are
 */
struct ced_ring {
	uint8_t *data;
	uint32_t size;
	uint32_t head;
	uint32_t level;
};

/*
 * The card's FIFO: one memory, in one direction at a time. Turning it round
 * empties it.
 */
enum ced_fifo_dir {
	CED_FIFO_TO_HOST,
	CED_FIFO_TO_1401,
};

/**
 * struct ced_fifo - the card's FIFO
 * @ring:	the bytes
 * @dir:	which way they go
 * @ended:	their stream was stopped: once empty, EOB is due
 */
struct ced_fifo {
	struct ced_ring ring;
	enum ced_fifo_dir dir;
	bool ended;
};

/* ring.c */
void ced_ring_init(struct ced_ring *ring, uint32_t size);
void ced_ring_destroy(struct ced_ring *ring);
void ced_ring_clear(struct ced_ring *ring);
uint32_t ced_ring_room(const struct ced_ring *ring);
void ced_ring_push(struct ced_ring *ring, const uint8_t *from, uint32_t n);
void ced_ring_pop(struct ced_ring *ring, uint8_t *to, uint32_t n);
void ced_fifo_turn(struct ced_fifo *fifo, enum ced_fifo_dir dir);
void ced_fifo_clear(struct ced_fifo *fifo);

/* signal.c */
struct ced_signal;

struct ced_signal *ced_signal_new(unsigned int model);
void ced_signal_free(struct ced_signal *sig);
bool ced_signal_open_adc(struct ced_signal *sig, const char *path, Error **errp);
bool ced_signal_open_dac(struct ced_signal *sig, const char *path, Error **errp);
bool ced_signal_set_loop(struct ced_signal *sig, const char *loop, Error **errp);
void ced_signal_rewind(struct ced_signal *sig);
void ced_signal_scan(struct ced_signal *sig);
int16_t ced_signal_adc(const struct ced_signal *sig, unsigned int channel);
void ced_signal_dac_begin(struct ced_signal *sig, const uint8_t *channels,
			  unsigned int n, unsigned int rate);
void ced_signal_dac_set(struct ced_signal *sig, unsigned int channel, int16_t value);
void ced_signal_dac_frame(struct ced_signal *sig);
void ced_signal_dac_sync(struct ced_signal *sig);
void ced_signal_rest(struct ced_signal *sig);
int16_t ced_signal_dac(const struct ced_signal *sig, unsigned int channel);
uint16_t ced_signal_digin(const struct ced_signal *sig);
void ced_signal_set_digin(struct ced_signal *sig, uint16_t value);
uint16_t ced_signal_digout(const struct ced_signal *sig);
void ced_signal_set_digout(struct ced_signal *sig, uint16_t value);

/* monitor.c */

/* What the 1401 asks of the host, and how far that has come */
enum ced_block_state {
	CED_BLOCK_NONE,
	CED_BLOCK_ASKED,	/* bytes of its request are still to be read */
	CED_BLOCK_WAITING,	/* the request was read: DMAEN may rise */
};

/**
 * struct ced_block - the block that the 1401 waits with
 * @state:	how far it has come
 * @to_1401:	its direction
 * @memory:	where in the 1401 it begins
 * @size:	its bytes
 * @done:	those that have moved
 */
struct ced_block {
	enum ced_block_state state;
	bool to_1401;
	uint8_t *memory;
	uint32_t size;
	uint32_t done;
};

struct ced_monitor;

/**
 * struct ced_monitor_config - what a monitor is made with
 * @sig:	the world outside
 * @fifo:	the card's FIFO
 * @model:	the 1401's type, CEDCARD_TYPE_*
 * @realtime:	sample by the clock, in guest time
 * @changed:	called from the monitor's timers when the card may have work
 * @opaque:	for @changed
 */
struct ced_monitor_config {
	struct ced_signal *sig;
	struct ced_fifo *fifo;
	unsigned int model;
	bool realtime;
	void (*changed)(void *opaque);
	void *opaque;
};

struct ced_monitor *ced_monitor_new(const struct ced_monitor_config *config);
void ced_monitor_free(struct ced_monitor *mon);
void ced_monitor_reset(struct ced_monitor *mon);
void ced_monitor_power_up(struct ced_monitor *mon);
bool ced_monitor_busy(const struct ced_monitor *mon);
void ced_monitor_take(struct ced_monitor *mon, uint8_t c);
bool ced_monitor_has_char(const struct ced_monitor *mon);
uint8_t ced_monitor_get_char(struct ced_monitor *mon);
void ced_monitor_lost_char(struct ced_monitor *mon);
const struct ced_block *ced_monitor_block(const struct ced_monitor *mon);
void ced_monitor_block_send(struct ced_monitor *mon, uint8_t *to, uint32_t n);
void ced_monitor_block_read(struct ced_monitor *mon, const uint8_t *from, uint32_t n);
void ced_monitor_block_abandon(struct ced_monitor *mon);
bool ced_monitor_streams(const struct ced_monitor *mon, enum ced_fifo_dir dir);
void ced_monitor_fifo_service(struct ced_monitor *mon);
void ced_monitor_trigger(struct ced_monitor *mon);

/* fault.c */

/* What goes wrong; docs/hardware.md tells of each. From HALF_REQUEST on the 1401's talk */
enum ced_fault_kind {
	CED_FAULT_NONE,
	CED_FAULT_DREQ_LOW,
	CED_FAULT_DREQ_HIGH,
	CED_FAULT_NO_TC,
	CED_FAULT_EARLY_END,
	CED_FAULT_OVERRUN,
	CED_FAULT_UNDERRUN,
	CED_FAULT_IRQ_STUCK,
	CED_FAULT_IRQ_STORM,
	CED_FAULT_IRQ_LOST,
	CED_FAULT_IRQ_LATE,
	CED_FAULT_DEAD,
	CED_FAULT_HALF_REQUEST,
	CED_FAULT_RANDOM_REQUESTS,
	CED_FAULT_WILD_REQUESTS,
	CED_FAULT_BABBLE,
};

/**
 * struct ced_fault - what goes wrong
 * @kind:	property, at run time too
 * @after:	property, at run time too: bytes that move well before
 * @seed:	property, at run time too: of what is random
 * @mon:	the 1401
 * @changed:	called when the card may have work
 * @opaque:	for @changed
 * @timer:	the next edge of a storm, or the late one
 * @high:	the line, of a storm or a late interrupt
 * @random:	state of the generator
 * @said:	characters that the host has read since the fault was set
 * @out:	characters for the host
 * @out_len:	how many
 * @out_at:	of these, read
 * @block:	the one that a wild request asks for
 * @memory:	its memory, once there was one
 * @moved:	bytes of the block, or of the FIFO since DMAEN's rise
 */
struct ced_fault {
	enum ced_fault_kind kind;
	uint32_t after;
	uint32_t seed;

	struct ced_monitor *mon;
	void (*changed)(void *opaque);
	void *opaque;
	QEMUTimer *timer;
	bool high;
	uint32_t random;
	uint64_t said;
	uint8_t out[16];
	unsigned int out_len;
	unsigned int out_at;
	struct ced_block block;
	uint8_t *memory;
	uint32_t moved;
};

void ced_fault_init(struct ced_fault *fault, struct ced_monitor *mon,
		    void (*changed)(void *opaque), void *opaque);
const char *ced_fault_name(const struct ced_fault *fault);
bool ced_fault_set(struct ced_fault *fault, const char *name, Error **errp);
void ced_fault_reset(struct ced_fault *fault);
bool ced_fault_has_char(const struct ced_fault *fault);
uint8_t ced_fault_get_char(struct ced_fault *fault);
const struct ced_block *ced_fault_block(const struct ced_fault *fault);
void ced_fault_block_send(struct ced_fault *fault, uint8_t *to, uint32_t n);
void ced_fault_block_read(struct ced_fault *fault, const uint8_t *from, uint32_t n);
void ced_fault_block_abandon(struct ced_fault *fault);
void ced_fault_begins(struct ced_fault *fault);
bool ced_fault_strikes(const struct ced_fault *fault, bool to_1401);
uint32_t ced_fault_allows(const struct ced_fault *fault, bool to_1401, uint32_t n);
void ced_fault_moved(struct ced_fault *fault, uint32_t n);
uint8_t ced_fault_latch(const struct ced_fault *fault);
bool ced_fault_is(const struct ced_fault *fault, enum ced_fault_kind kind);
uint8_t ced_fault_cause(const struct ced_fault *fault, uint8_t cause, bool enabled);
bool ced_fault_line(struct ced_fault *fault, bool level);

void ced_meter_dmaen(void);
void ced_meter_line(void);

#endif /* CED1401_QEMU_CARD_H */
