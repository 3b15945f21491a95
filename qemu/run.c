// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands of the virtual 1401 that run on after their line: sampling and
 * playing, in memory, through the card's FIFO, by requests.
 *
 * With realtime=on a step is taken at each tick of a clock, in guest time. With
 * realtime=off those in memory take some thousand steps at a time, then it is the
 * guest's turn; a stream samples when the host takes and plays when the host gives,
 * and nothing is lost. In both cases the steps of all that have a clock come in the
 * order of their clocks, so that what one plays another can sample.
 *
 * Streams by requests: what waits for the host (XSTREAM) or the DACs (XPLAY) is a
 * store of CED_STORE_SIZE in the 1401, and one block more that is asked for. The next
 * request comes ASK_NS after the last block's end, so that a host has time for
 * other work. When both ask, they take turns.
 */
#include "qemu/osdep.h"

#include "monitor.h"

#define CHUNK_STEPS	8192	/* realtime=off: so many at a time, ... */
#define CHUNK_NS	(500 * SCALE_US)	/* ... and then the guest's turn */
#define BATCH_NS	(250 * SCALE_US)	/* realtime=on: rest between looks */
#define BATCH_STEPS	65536	/* realtime=on: made up for in one look */
#define ASK_NS		(50 * SCALE_US)	/* from a block's end to the next request */

/* What a conversion takes, ns: a tick that finds the converter busy is missed */
static const int64_t convert_ns[] = {
	[CEDCARD_TYPE_STANDARD] = 10000,
	[CEDCARD_TYPE_MICRO] = 6000,
	[CEDCARD_TYPE_PLUS] = 3000,
	[CEDCARD_TYPE_POWER] = 1000,
};

static int16_t load_sample(const uint8_t *from, unsigned int width)
{
	return width == 1 ? (int16_t)(from[0] << 8) : (int16_t)lduw_le_p(from);
}

static void store_sample(uint8_t *to, unsigned int width, int16_t v)
{
	if (width == 1)
		to[0] = (uint16_t)v >> 8;
	else
		stw_le_p(to, v);
}

/**
 * ced_frame_bytes - bytes of a sample of each channel
 * @run:	the command
 */
unsigned int ced_frame_bytes(const struct run *run)
{
	return run->channels * run->width;
}

static bool realtime(const struct ced_monitor *mon)
{
	return mon->config.realtime;
}

static int64_t guest_ns(void)
{
	return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* The time that clocks go by */
static int64_t clock_ns(const struct ced_monitor *mon)
{
	return realtime(mon) ? guest_ns() : mon->warp;
}

static bool goes(const struct run *run)
{
	return run->state == RUN_ACTIVE || run->state == RUN_DRAINING;
}

static void sync_dacs(struct ced_monitor *mon)
{
	ced_signal_dac_sync(mon->config.sig);
	mon->synced = guest_ns();
}

/* Steps: what happens at a tick */

/* Room for or data of the next sample or frame in memory */
static uint8_t *memory_next(struct run *run)
{
	if (run->pos == run->size)
		run->pos = 0;
	return run->memory + run->pos;
}

static void memory_moved(struct run *run, uint32_t bytes)
{
	run->pos += bytes;
	if (run->endless)
		return;
	run->left -= bytes;
	if (!run->left)
		ced_run_end(run);
}

/* Whether this tick is missed; else @n conversions are begun */
static bool tick_missed(struct run *run, unsigned int n)
{
	int64_t now = run->started + run->ticks * run->period;

	if (!realtime(run->mon))
		return false;
	if (now < run->free_at) {
		run->missed++;
		return true;
	}
	run->free_at = now + n * convert_ns[run->mon->config.model];
	return false;
}

/* CED's: one conversion a tick, the channels in turn */
static void step_adcmem(struct run *run)
{
	struct ced_signal *sig = run->mon->config.sig;

	if (tick_missed(run, 1))
		return;
	if (!run->turn)
		ced_signal_scan(sig);
	store_sample(memory_next(run), run->width,
		     ced_signal_adc(sig, run->channel[run->turn]));
	run->turn = (run->turn + 1) % run->channels;
	memory_moved(run, run->width);
}

static void convert_frame(const struct run *run, uint8_t *frame)
{
	struct ced_signal *sig = run->mon->config.sig;
	unsigned int i;

	for (i = 0; i < run->channels; i++)
		store_sample(frame + i * run->width, run->width,
			     ced_signal_adc(sig, run->channel[i]));
}

/* CED's: all channels a tick */
static void step_adcbst(struct run *run)
{
	if (tick_missed(run, run->channels))
		return;
	ced_signal_scan(run->mon->config.sig);
	convert_frame(run, memory_next(run));
	memory_moved(run, ced_frame_bytes(run));
}

static void play_frame(const struct run *run, const uint8_t *frame)
{
	struct ced_signal *sig = run->mon->config.sig;
	unsigned int i;

	for (i = 0; i < run->channels; i++)
		ced_signal_dac_set(sig, run->channel[i],
				   load_sample(frame + i * run->width, run->width));
	ced_signal_dac_frame(sig);
}

/* CED's: one value for each channel a tick */
static void step_memdac(struct run *run)
{
	play_frame(run, memory_next(run));
	memory_moved(run, ced_frame_bytes(run));
}

/* A word to the digital outputs, or from the inputs */
static void step_digtim(struct run *run)
{
	struct ced_signal *sig = run->mon->config.sig;
	uint8_t *word = memory_next(run);

	if (run->uses & USES_DIGOUT)
		ced_signal_set_digout(sig, lduw_le_p(word));
	else
		stw_le_p(word, ced_signal_digin(sig));
	memory_moved(run, run->width);
}

/* Return: whether there was room for the frame */
static bool sample_into(struct run *run, struct ced_ring *ring)
{
	uint8_t frame[CED_LIST_MAX * 2];

	ced_signal_scan(run->mon->config.sig);
	if (ced_ring_room(ring) < ced_frame_bytes(run)) {
		run->missed += run->channels;
		return false;
	}
	convert_frame(run, frame);
	ced_ring_push(ring, frame, ced_frame_bytes(run));
	return true;
}

/* Return: whether there was a frame to play */
static bool play_from(struct run *run, struct ced_ring *ring)
{
	uint8_t frame[CED_LIST_MAX * 2];
	bool played = ring->level >= ced_frame_bytes(run);

	if (played) {
		ced_ring_pop(ring, frame, ced_frame_bytes(run));
		play_frame(run, frame);
		run->dry = false;
	} else if (run->state != RUN_DRAINING) {
		if (!run->dry)
			sync_dacs(run->mon);
		run->dry = true;
		run->missed++;
	}
	if (run->state == RUN_DRAINING && ring->level < ced_frame_bytes(run))
		ced_run_end(run);
	return played;
}

static void step_xfifo(struct run *run)
{
	if (sample_into(run, &run->mon->config.fifo->ring))
		run->done += run->channels;
}

static void step_xfout(struct run *run)
{
	if (play_from(run, &run->mon->config.fifo->ring))
		run->done += run->channels;
}

static void step_xstream(struct run *run)
{
	sample_into(run, &run->store);
}

static void step_xplay(struct run *run)
{
	play_from(run, &run->store);
}

/**
 * struct kind - what the commands that run on differ in
 * @step:	what happens at a tick
 * @uses:	what it has, USES_*
 * @stream:	it goes on for ever, and has no clock with realtime=off
 * @asks:	by requests, to the 1401 if it has the DACs
 */
static const struct kind {
	void (*step)(struct run *run);
	unsigned int uses;
	bool stream;
	bool asks;
} kinds[RUNS] = {
	[RUN_MEMDAC] = { step_memdac, USES_DACS, false, false },
	[RUN_XFOUT] = { step_xfout, USES_DACS | USES_FIFO, true, false },
	[RUN_XPLAY] = { step_xplay, USES_DACS, true, true },
	[RUN_DIGTIM] = { step_digtim, USES_DIGOUT, false, false },
	[RUN_ADCMEM] = { step_adcmem, USES_ADC, false, false },
	[RUN_ADCBST] = { step_adcbst, USES_ADC, false, false },
	[RUN_XFIFO] = { step_xfifo, USES_ADC | USES_FIFO, true, false },
	[RUN_XSTREAM] = { step_xstream, USES_ADC, true, true },
};

static void step(struct run *run)
{
	run->ticks++;
	kinds[run->id].step(run);
}

/* Streams by requests */

static bool wants_block(const struct run *run)
{
	if (!kinds[run->id].asks)
		return false;
	if (run->uses & USES_DACS)
		return (run->state == RUN_ARMED || run->state == RUN_ACTIVE) &&
		       ced_ring_room(&run->store) >= run->block;
	return run->state == RUN_ACTIVE &&
	       (!realtime(run->mon) || run->store.level >= run->block);
}

/* The stream that asks next, in turns; NULL if none wants to */
static struct run *next_asker(struct ced_monitor *mon)
{
	unsigned int i;

	for (i = 1; i <= RUNS; i++) {
		struct run *run = &mon->run[(mon->asked_last + i) % RUNS];

		if (wants_block(run))
			return run;
	}
	return NULL;
}

static void ask_soon(struct ced_monitor *mon)
{
	if (mon->block.state == CED_BLOCK_NONE && next_asker(mon))
		timer_mod_anticipate_ns(mon->asker, guest_ns() + ASK_NS);
}

static void ask(void *opaque)
{
	struct ced_monitor *mon = opaque;
	struct run *run = next_asker(mon);
	bool to_1401;

	if (mon->block.state != CED_BLOCK_NONE || !run)
		return;
	to_1401 = run->uses & USES_DACS;
	if (!to_1401) {
		while (run->store.level < run->block)
			step(run);
		ced_ring_pop(&run->store, run->moving, run->block);
	}
	mon->asked_last = run->id;
	ced_request(mon, &(struct request) {
		.to_1401 = to_1401,
		.area = run->area,
		.size = run->block,
		.memory = run->moving,
		.run = run->id,
	});
	mon->config.changed(mon->config.opaque);
}

/* Time */

/* Whether its steps are due at a time, not when the host is ready */
static bool clocked(const struct run *run)
{
	return goes(run) && (realtime(run->mon) || !kinds[run->id].stream) &&
	       (run->id != RUN_XPLAY || run->begun);
}

static int64_t due(const struct run *run)
{
	return run->started + (run->ticks + 1) * run->period;
}

/* Whose clock ticks next, not after @until */
static struct run *next_due(struct ced_monitor *mon, int64_t until)
{
	struct run *next = NULL;
	int i;

	for (i = 0; i < RUNS; i++) {
		struct run *run = &mon->run[i];

		if (clocked(run) && due(run) <= until && (!next || due(run) < due(next)))
			next = run;
	}
	return next;
}

/* Take the steps that are due, a bounded number of them */
static void advance(struct ced_monitor *mon)
{
	unsigned int steps = realtime(mon) ? BATCH_STEPS : CHUNK_STEPS;
	int64_t until = realtime(mon) ? guest_ns() : INT64_MAX;
	struct run *run;

	while (steps-- && (run = next_due(mon, until))) {
		mon->warp = due(run);
		step(run);
	}
	ask_soon(mon);
}

static void rearm(struct ced_monitor *mon)
{
	struct run *next = next_due(mon, INT64_MAX);

	if (!next)
		return;
	if (realtime(mon))
		timer_mod_anticipate_ns(mon->clock, MAX(due(next), guest_ns() + BATCH_NS));
	else
		timer_mod_anticipate_ns(mon->clock, guest_ns() + CHUNK_NS);
}

static void clock_ticks(void *opaque)
{
	struct ced_monitor *mon = opaque;

	advance(mon);
	rearm(mon);
	if (guest_ns() - mon->synced >= NANOSECONDS_PER_SECOND)
		sync_dacs(mon);
	mon->config.changed(mon->config.opaque);
}

/**
 * ced_runs_catch_up - with clocks in guest time, take the steps that are due by now
 * @mon:	the monitor
 *
 * So that what is asked for is told as of now.
 */
void ced_runs_catch_up(struct ced_monitor *mon)
{
	if (realtime(mon))
		advance(mon);
}

/* With no clock: play all that is there */
static void play_store(struct run *run)
{
	while (goes(run) && run->store.level >= ced_frame_bytes(run))
		step(run);
	sync_dacs(run->mon);
}

/*
 * XPLAY: the clock starts with the first block, so that none is dry before. With a trigger
 * that is @now, the moment of all that it starts.
 */
static void xplay_goes(struct run *run, int64_t now)
{
	if (run->state != RUN_ACTIVE || !run->done)
		return;
	if (!run->begun)
		run->started = now;
	run->begun = true;
	if (!realtime(run->mon))
		play_store(run);
}

/* Start and end */

static void begin(struct run *run, int64_t now)
{
	run->state = RUN_ACTIVE;
	run->started = now;
	if (run->id == RUN_XPLAY)
		xplay_goes(run, now);
	rearm(run->mon);
	ask_soon(run->mon);
}

/**
 * ced_run_start - start a command whose arguments are in place
 * @run:	the command, idle, with all that it uses free
 * @triggered:	it waits for the trigger
 */
void ced_run_start(struct run *run, bool triggered)
{
	struct ced_monitor *mon = run->mon;

	run->pos = 0;
	run->turn = 0;
	run->free_at = 0;
	run->begun = false;
	run->ticks = 0;
	run->done = 0;
	run->missed = 0;
	run->dry = false;
	if (kinds[run->id].asks)
		ced_ring_clear(&run->store);
	if (mon->block_run == run->id)
		mon->block_run = RUN_LEFT;
	if (run->uses & USES_DACS)
		ced_signal_dac_begin(mon->config.sig, run->channel, run->channels,
				     (NANOSECONDS_PER_SECOND + run->period / 2) /
				     run->period);
	if (!triggered) {
		begin(run, clock_ns(mon));
		return;
	}
	run->state = RUN_ARMED;
	ask_soon(mon);
}

/**
 * ced_run_end - stop a command
 * @run:	the command, idle or not
 */
void ced_run_end(struct run *run)
{
	struct ced_fifo *fifo = run->mon->config.fifo;

	if (run->state == RUN_IDLE)
		return;
	run->state = RUN_IDLE;
	if (run->uses & USES_DACS)
		sync_dacs(run->mon);
	if (run->id == RUN_XFOUT)
		ced_fifo_clear(fifo);
	if (run->uses & USES_FIFO)
		fifo->ended = true;
}

/**
 * ced_run_drain - stop a stream, but play to its end what the host has sent
 * @run:	the stream; one that samples just ends
 */
void ced_run_drain(struct run *run)
{
	struct ced_fifo *fifo = run->mon->config.fifo;
	struct ced_ring *ring = run->uses & USES_FIFO ? &fifo->ring : &run->store;

	if (run->state == RUN_DRAINING)
		return;
	if (!(run->uses & USES_DACS) || run->state != RUN_ACTIVE ||
	    ring->level < ced_frame_bytes(run)) {
		ced_run_end(run);
		return;
	}
	run->state = RUN_DRAINING;
	if (run->uses & USES_FIFO)
		fifo->ended = true;
}

/**
 * ced_runs_end - stop all
 * @mon:	the monitor
 */
void ced_runs_end(struct ced_monitor *mon)
{
	int i;

	for (i = 0; i < RUNS; i++)
		ced_run_end(&mon->run[i]);
}

/**
 * ced_runs_start_armed - start the clocks that wait for the trigger
 * @mon:	the monitor
 */
void ced_runs_start_armed(struct ced_monitor *mon)
{
	/* One moment for all, however long the host takes over each */
	int64_t now = clock_ns(mon);
	int i;

	for (i = 0; i < RUNS; i++)
		if (mon->run[i].state == RUN_ARMED)
			begin(&mon->run[i], now);
}

/**
 * ced_runs_armed - how many commands wait for the trigger
 * @mon:	the monitor
 */
unsigned int ced_runs_armed(const struct ced_monitor *mon)
{
	unsigned int n = 0;
	int i;

	for (i = 0; i < RUNS; i++)
		n += mon->run[i].state == RUN_ARMED;
	return n;
}

/**
 * ced_runs_pulse - a pulse on the trigger input
 * @mon:	the monitor
 *
 * It is counted for EVENT, and what waited for it begins, unless CLKEVT,K holds it.
 */
void ced_runs_pulse(struct ced_monitor *mon)
{
	if (mon->events < UINT16_MAX)
		mon->events++;
	if (!mon->clocks_held)
		ced_runs_start_armed(mon);
}

/**
 * ced_run_uses - what a command has while it runs
 * @id:		which
 *
 * Return: USES_*
 */
unsigned int ced_run_uses(enum run_id id)
{
	return kinds[id].uses;
}

/**
 * ced_runs_use - what the commands that run have
 * @mon:	the monitor
 *
 * Return: USES_*
 */
unsigned int ced_runs_use(const struct ced_monitor *mon)
{
	unsigned int uses = 0;
	int i;

	for (i = 0; i < RUNS; i++)
		if (mon->run[i].state != RUN_IDLE)
			uses |= mon->run[i].uses;
	return uses;
}

/**
 * ced_runs_play - whether a command that runs has a DAC in its list
 * @mon:	the monitor
 * @channel:	the DAC
 */
bool ced_runs_play(const struct ced_monitor *mon, unsigned int channel)
{
	int i;

	for (i = 0; i < RUNS; i++) {
		const struct run *run = &mon->run[i];

		if (run->state != RUN_IDLE && (run->uses & USES_DACS) &&
		    memchr(run->channel, channel, run->channels))
			return true;
	}
	return false;
}

/**
 * ced_runs_serve_fifo - with no clock, sample or play what the FIFO allows
 * @mon:	the monitor
 */
void ced_runs_serve_fifo(struct ced_monitor *mon)
{
	struct ced_ring *ring = &mon->config.fifo->ring;
	struct run *in = &mon->run[RUN_XFIFO];
	struct run *out = &mon->run[RUN_XFOUT];
	bool played = false;

	if (realtime(mon))
		return;
	while (goes(in) && ced_ring_room(ring) >= ced_frame_bytes(in))
		step(in);
	while (goes(out) && ring->level >= ced_frame_bytes(out)) {
		step(out);
		played = true;
	}
	if (played)
		sync_dacs(mon);
}

/* A stream's block has moved, or the host gave it up: then the stream ends */
static void stream_block_over(struct run *run, bool moved)
{
	if (!moved) {
		ced_run_drain(run);
		return;
	}
	if (run->uses & USES_DACS) {
		if (run->state != RUN_ARMED && run->state != RUN_ACTIVE)
			return;
		ced_ring_push(&run->store, run->moving, run->block);
		run->done++;
		xplay_goes(run, clock_ns(run->mon));
		rearm(run->mon);
	} else {
		run->done++;
	}
}

/**
 * ced_runs_block_over - a block is over, and no command waits with another
 * @mon:	the monitor
 * @moved:	it has moved, not been given up
 */
void ced_runs_block_over(struct ced_monitor *mon, bool moved)
{
	enum run_id id = mon->block_run;

	mon->block_run = RUN_NONE;
	if (id < RUNS)
		stream_block_over(&mon->run[id], moved);
	ask_soon(mon);
}

/**
 * ced_runs_reset_trigger - the trigger input is not armed, and clocks obey it
 * @mon:	the monitor
 */
void ced_runs_reset_trigger(struct ced_monitor *mon)
{
	mon->events_armed = false;
	mon->events = 0;
	mon->clocks_held = false;
}

/**
 * ced_runs_reset - nothing runs, and nothing is known of what did
 * @mon:	the monitor
 */
void ced_runs_reset(struct ced_monitor *mon)
{
	int i;

	for (i = 0; i < RUNS; i++) {
		struct run *run = &mon->run[i];

		run->state = RUN_IDLE;
		run->pos = 0;
		run->done = 0;
		run->missed = 0;
	}
	timer_del(mon->clock);
	timer_del(mon->asker);
	mon->block_run = RUN_NONE;
	ced_runs_reset_trigger(mon);
}

/**
 * ced_runs_new - make the commands and their clocks
 * @mon:	the monitor
 */
void ced_runs_new(struct ced_monitor *mon)
{
	int i;

	for (i = 0; i < RUNS; i++) {
		struct run *run = &mon->run[i];

		run->mon = mon;
		run->id = i;
		if (!kinds[i].asks)
			continue;
		ced_ring_init(&run->store, CED_STORE_SIZE);
		run->moving = g_malloc(CED_BLOCK_MAX);
	}
	mon->clock = timer_new_ns(QEMU_CLOCK_VIRTUAL, clock_ticks, mon);
	mon->asker = timer_new_ns(QEMU_CLOCK_VIRTUAL, ask, mon);
	mon->block_run = RUN_NONE;
}

/**
 * ced_runs_free - the opposite of ced_runs_new()
 * @mon:	the monitor
 */
void ced_runs_free(struct ced_monitor *mon)
{
	int i;

	for (i = 0; i < RUNS; i++) {
		ced_ring_destroy(&mon->run[i].store);
		g_free(mon->run[i].moving);
	}
	timer_free(mon->clock);
	timer_free(mon->asker);
}
