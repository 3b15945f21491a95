/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the virtual 1401: what monitor.c, command.c, run.c and block.c
 * share. No other file includes it.
 */
#ifndef CED1401_QEMU_MONITOR_H
#define CED1401_QEMU_MONITOR_H

#include "card.h"

#define LINE_MAX_CHARS	256	/* of one command */
#define ARGS_MAX	48	/* words of one command */
#define OUT_BUSY	256	/* with so many characters to send it takes none */
#define OUT_SIZE	2048	/* a power of two; OUT_BUSY and the longest reply */
#define REQUEST_MAX	0x3fffff	/* a request's numbers have 22 bits */
#define PERIOD_MIN_NS	1000	/* the fastest clock: 1 MHz */
#define CED_STORE_SIZE	(256 * 1024)	/* of a stream by requests, bytes */
#define CED_BLOCK_MAX	(128 * 1024)	/* its largest block, bytes */
#define CED_COMMAND_BASE 0x800000	/* where TOHOST finds command space */

/* What ERR replies first; the second number is in brackets. 255 is CED's */
enum error {
	ERROR_NONE = 0,
	ERROR_ARGS = 1,		/* too few or too many arguments (their number) */
	ERROR_VALUE = 2,	/* not a number, or out of range (which, from 1) */
	ERROR_MEMORY = 3,	/* beyond the memory of the 1401 (which argument) */
	ERROR_BUSY = 4,		/* a command that runs has what this one wants (0) */
	ERROR_RATE = 5,		/* a clock of over 1 MHz (0) */
	ERROR_ABANDONED = 10,	/* the host gave up a block (bytes that moved) */
	ERROR_LINE = 11,	/* command longer than LINE_MAX_CHARS (0) */
	ERROR_LOST = 12,	/* a character came while TXRDY was 0 (0) */
	ERROR_UNKNOWN = 255,	/* no such command (0) */
};

/*
 * The commands that run on after their line. Of several whose clocks tick at the
 * same moment the first of this list goes first, so that a conversion sees what is
 * played at its moment.
 */
enum run_id {
	RUN_MEMDAC,
	RUN_XFOUT,
	RUN_XPLAY,
	RUN_DIGTIM,
	RUN_ADCMEM,
	RUN_ADCBST,
	RUN_XFIFO,
	RUN_XSTREAM,
	RUNS,
	RUN_NONE = RUNS,	/* a block's: of a command that does not run on */
	RUN_LEFT,		/* a block's: of a stream that was since started anew */
};

enum run_state {
	RUN_IDLE,
	RUN_ARMED,	/* waits for the trigger */
	RUN_ACTIVE,
	RUN_DRAINING,	/* XFOUT,K and XPLAY,K: plays what is there, takes no more */
};

/* What only one command at a time can have */
enum run_uses {
	USES_ADC = 1,
	USES_DACS = 2,
	USES_DIGOUT = 4,	/* the digital outputs */
	USES_FIFO = 8,		/* the card's */
};

/**
 * struct run - a command that runs on
 * @mon:	its monitor
 * @id:		which it is
 * @state:	what it does
 * @uses:	what it has while it is not idle, USES_*
 * @channel:	the list of channels
 * @channels:	how many
 * @width:	bytes of a sample
 * @memory:	in memory: where it begins
 * @size:	in memory: bytes of it
 * @pos:	in memory: bytes from its begin to the next sample
 * @endless:	in memory: round and round until K
 * @left:	in memory: else, bytes to go
 * @turn:	ADCMEM: which of the list is next
 * @free_at:	ADCMEM, ADCBST: when the converter is free again, ns
 * @area:	by requests: the host's area
 * @block:	by requests: bytes of a block
 * @begun:	by requests, XPLAY: its first block has come
 * @store:	by requests: what waits, in the 1401
 * @moving:	by requests: the block that is asked for
 * @period:	of its clock, ns
 * @started:	when the clock was started, on the clock of ced_run_now()
 * @ticks:	ticks of the clock since
 * @done:	streams: samples, by requests: blocks, that were taken or played
 * @missed:	samples lost, or clocks with nothing to play
 * @dry:	the last clock had nothing to play
 */
struct run {
	struct ced_monitor *mon;
	enum run_id id;
	enum run_state state;
	unsigned int uses;
	uint8_t channel[CED_LIST_MAX];
	unsigned int channels;
	unsigned int width;
	uint8_t *memory;
	uint32_t size;
	uint32_t pos;
	bool endless;
	uint64_t left;
	unsigned int turn;
	int64_t free_at;
	uint32_t area;
	uint32_t block;
	bool begun;
	struct ced_ring store;
	uint8_t *moving;
	int64_t period;
	int64_t started;
	int64_t ticks;
	uint64_t done;
	uint64_t missed;
	bool dry;
};

/**
 * struct request - a block that the 1401 asks for
 * @to_1401:	its direction
 * @area:	the host's area, 0 to 7
 * @offset:	in the area
 * @size:	its bytes
 * @memory:	where in the 1401 it begins
 * @run:	for whom, RUN_NONE: for a command that does not run on
 */
struct request {
	bool to_1401;
	uint32_t area;
	uint32_t offset;
	uint32_t size;
	uint8_t *memory;
	enum run_id run;
};

/**
 * struct ced_monitor - a 1401
 * @config:	what it is connected to
 * @line:	the command that comes in
 * @line_len:	its characters so far
 * @line_overlong: it has more than fit
 * @out:	characters for the host, a ring
 * @out_head:	where the oldest one is
 * @out_len:	how many there are
 * @request_end: how many of them until the request under way has been read
 * @request_len: characters of that request
 * @block:	the block that is asked for or waits
 * @block_run:	for whom
 * @command_request: a command's request that waits until a stream's block is over
 * @command_waits: there is one
 * @loading:	the block goes to command space
 * @loaded:	bytes of command space that CLOAD has filled
 * @loads:	how often it did
 * @error:	what ERR tells
 * @error_detail: and its second number
 * @run:	the commands that run on
 * @clock:	their clocks
 * @asker:	time for the next request of a stream
 * @asked_last:	which stream asked last
 * @warp:	realtime=off: the time of the clocks, ns
 * @synced:	when the DACs' file was last made whole, ns
 * @events_armed: EVENT,A: tells how many pulses came on the trigger input
 * @events:	how many came since
 * @clocks_held: CLKEVT,K: they do not start clocks
 * @user:	user memory
 * @commands:	command space
 */
struct ced_monitor {
	struct ced_monitor_config config;

	char line[LINE_MAX_CHARS];
	unsigned int line_len;
	bool line_overlong;

	uint8_t out[OUT_SIZE];
	unsigned int out_head;
	unsigned int out_len;
	unsigned int request_end;
	unsigned int request_len;

	struct ced_block block;
	enum run_id block_run;
	struct request command_request;
	bool command_waits;
	bool loading;
	uint32_t loaded;
	unsigned int loads;

	enum error error;
	uint32_t error_detail;

	struct run run[RUNS];
	QEMUTimer *clock;
	QEMUTimer *asker;
	enum run_id asked_last;
	int64_t warp;
	int64_t synced;

	bool events_armed;
	uint32_t events;
	bool clocks_held;

	uint8_t user[CED_USER_MEMORY];
	uint8_t commands[CED_COMMAND_SPACE];
};

/* block.c: what the 1401 sends */
void ced_fail(struct ced_monitor *mon, enum error error, uint32_t detail);
void ced_reply(struct ced_monitor *mon, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
bool ced_sending(const struct ced_monitor *mon);
uint8_t ced_send_next(struct ced_monitor *mon);
void ced_request(struct ced_monitor *mon, const struct request *want);
void ced_request_drop(struct ced_monitor *mon);

/* run.c: sampling and playing */
unsigned int ced_frame_bytes(const struct run *run);
unsigned int ced_run_uses(enum run_id id);
void ced_run_start(struct run *run, bool triggered);
void ced_run_end(struct run *run);
void ced_run_drain(struct run *run);
void ced_runs_new(struct ced_monitor *mon);
void ced_runs_free(struct ced_monitor *mon);
void ced_runs_reset(struct ced_monitor *mon);
void ced_runs_end(struct ced_monitor *mon);
unsigned int ced_runs_use(const struct ced_monitor *mon);
bool ced_runs_play(const struct ced_monitor *mon, unsigned int channel);
unsigned int ced_runs_armed(const struct ced_monitor *mon);
void ced_runs_start_armed(struct ced_monitor *mon);
void ced_runs_reset_trigger(struct ced_monitor *mon);
void ced_runs_pulse(struct ced_monitor *mon);
void ced_runs_catch_up(struct ced_monitor *mon);
void ced_runs_serve_fifo(struct ced_monitor *mon);
void ced_runs_block_over(struct ced_monitor *mon, bool moved);

/* command.c: the command language */
void ced_command(struct ced_monitor *mon, const char *line, unsigned int len);

#endif /* CED1401_QEMU_MONITOR_H */
