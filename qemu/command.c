// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command language of the virtual 1401.
 *
 * CED's: a command is a name and arguments, separated by commas or spaces; numbers
 * are decimal, or hex after '$'; case does not matter; an empty command does nothing;
 * a reply is a line ended by CR. The commands, their arguments and the coding of a
 * request are CED's, but for those that begin with X and for what is named below. An
 * unknown command sets the error 255; ERR replies the last error, two numbers, and
 * clears it; a bare name is how programs ask whether a command is there. Clocks: C is
 * 1 MHz, H 4 MHz, T 10 MHz, divided by pre and count; a second letter T waits for the
 * trigger. '?' of a command that samples is -1 when samples were missed.
 *
 * The project's own: the other error numbers (enum error), the limits, and
 *
 *  - several numbers of a reply are separated by commas, with no space.
 *  - a bare name of a command that wants arguments does nothing and is no error.
 *  - MEMTOP replies top,bottom; MEMTOP,? replies size,top,bottom, but on a standard
 *    1401, which does not know it. INFO,S,28 replies 1000 * major + minor of the
 *    monitor, whose version is that of RESET.
 *  - what CLOAD brings is kept, each behind the last, or from the beginning again
 *    where it does not fit, and not run. CLOAD,? replies how often that was, and
 *    bytes used. TOHOST finds it from CED_COMMAND_BASE on; TO1401 does not.
 *  - ADC,n replies a sample; with more channels, their samples of one scan.
 *  - the memory commands take the kinds I and F alike. A sample of one byte is the
 *    high byte. P replies bytes from the start, the size at the end.
 *  - a sample is missed when its tick finds the converter busy (realtime=on; see
 *    convert_ns in run.c). '?' says so until K or the next start.
 *  - DIGTIM,kind,start,size,repeats,clock,pre,count: kind O puts words of memory to the
 *    digital outputs, I words from the inputs into memory, one a tick; ?, P and K.
 *  - DAC,n value, in pairs: -32768 to 65535, modulo 65536. DIG,I and DIG,O,value, with a
 *    bit's number behind: that bit alone.
 *  - EVENT,A arms the trigger input: from now on its pulses are counted; EVENT,?
 *    replies how many came, -1 when it is not armed; EVENT,F is a pulse; EVENT,K ends it.
 *  - CLKEVT,? replies how many clocks wait for the trigger; CLKEVT,F starts these;
 *    CLKEVT,K: pulses do not start clocks; CLKEVT,A: they do, as after a reset.
 *  - one command at a time has the ADC, one the DACs, one the digital outputs: else
 *    the error BUSY.
 *  - XFIFO,? and XFOUT,? count samples of single channels; what XFIFO loses, it loses
 *    by whole frames. XFIFO begins with an empty FIFO, XFOUT with what the host
 *    has put there. XFIFO,K leaves what is in the FIFO to the host, until that has
 *    taken it, RESET or the next XFIFO; XFOUT,K plays what is in it, takes no more,
 *    and then is over.
 *  - XSTREAM,? replies blocks sent and samples lost, XPLAY,? blocks taken and clocks
 *    with nothing to play; its clock starts with the first block. XSTREAM,K drops what
 *    is no block yet; XPLAY,K plays what has come. A block that was asked for by then
 *    still waits; the host's data for XPLAY come to nothing. If the host gives
 *    a block up, the stream ends as by K.
 *  - CLEAR stops everything and brings all but memory into the state after a
 *    reset; RESET, the command, forgets the error too. KILL stops everything, the
 *    outputs stay, and what CLOAD brought is gone; KILL,name stops that one.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"

#include "monitor.h"

#define NUMBER_MAX	UINT32_MAX
#define DIVISOR_MAX	65535	/* of pre and of count */

/**
 * struct args - a command, cut into words
 * @word:	where each begins; word 0 is the command's name
 * @len:	how long it is
 * @n:		how many words
 */
struct args {
	const char *word[ARGS_MAX];
	unsigned int len[ARGS_MAX];
	unsigned int n;
};

/**
 * struct command - a command that the monitor knows
 * @name:	in capitals
 * @major:	of the version that CLIST tells
 * @minor:	likewise
 * @bare:	it does something without arguments
 * @run:	what of it runs on, or RUN_NONE
 * @execute:	does it
 */
struct command {
	const char *name;
	unsigned int major;
	unsigned int minor;
	bool bare;
	enum run_id run;
	void (*execute)(struct ced_monitor *mon, const struct args *args);
};

/* Arguments */

/*
 * Cut a line into words. Words are separated by spaces or by one comma, with or
 * without spaces around it; two commas have an empty word between them.
 */
static bool cut_line(const char *line, unsigned int len, struct args *args)
{
	unsigned int i = 0;
	unsigned int start;

	args->n = 0;
	for (;;) {
		while (i < len && line[i] == ' ')
			i++;
		start = i;
		while (i < len && line[i] != ' ' && line[i] != ',')
			i++;
		if (args->n < ARGS_MAX) {
			args->word[args->n] = line + start;
			args->len[args->n] = i - start;
		}
		args->n++;
		while (i < len && line[i] == ' ')
			i++;
		if (i == len)
			return args->n <= ARGS_MAX;
		if (line[i] == ',')
			i++;
	}
}

static bool word_is(const struct args *args, unsigned int i, const char *what)
{
	return i < args->n && args->len[i] == strlen(what) &&
	       !g_ascii_strncasecmp(args->word[i], what, args->len[i]);
}

static bool parse_number(const char *s, unsigned int len, uint64_t *value)
{
	unsigned int base = 10;
	uint64_t v = 0;
	unsigned int i = 0;

	if (len && s[0] == '$') {
		base = 16;
		i = 1;
	}
	if (i == len)
		return false;
	for (; i < len; i++) {
		int digit = g_ascii_xdigit_value(s[i]);

		if (digit < 0 || digit >= (int)base)
			return false;
		v = v * base + digit;
		if (v > NUMBER_MAX)
			return false;
	}
	*value = v;
	return true;
}

static bool number(struct ced_monitor *mon, const struct args *args, unsigned int i,
		   uint32_t min, uint32_t max, uint32_t *value)
{
	uint64_t v;

	if (!parse_number(args->word[i], args->len[i], &v) || v < min || v > max) {
		ced_fail(mon, ERROR_VALUE, i);
		return false;
	}
	*value = v;
	return true;
}

/* A sample: signed, or the 16 bits of one */
static bool sample(struct ced_monitor *mon, const struct args *args, unsigned int i,
		   int16_t *value)
{
	bool minus = args->len[i] && args->word[i][0] == '-';
	uint64_t v;

	if (!parse_number(args->word[i] + minus, args->len[i] - minus, &v) ||
	    v > (minus ? 32768 : 65535)) {
		ced_fail(mon, ERROR_VALUE, i);
		return false;
	}
	*value = (int16_t)(minus ? -v : v);
	return true;
}

static bool count_args(struct ced_monitor *mon, const struct args *args,
		       unsigned int min, unsigned int max)
{
	unsigned int n = args->n - 1;

	if (n >= min && n <= max)
		return true;
	ced_fail(mon, ERROR_ARGS, n);
	return false;
}

/* Arguments @first to @last are a list of channels, each below @limit */
static bool channel_list(struct ced_monitor *mon, const struct args *args,
			 unsigned int first, unsigned int last, unsigned int limit,
			 uint8_t *channel, unsigned int *n)
{
	unsigned int i;
	uint32_t v;

	*n = last - first + 1;
	if (*n > CED_LIST_MAX) {
		ced_fail(mon, ERROR_VALUE, first);
		return false;
	}
	for (i = 0; i < *n; i++) {
		if (!number(mon, args, first + i, 0, limit - 1, &v))
			return false;
		channel[i] = v;
	}
	return true;
}

/* Blocks */

/* Ask for a block now, or when the stream's that is asked for is over */
static void ask_block(struct ced_monitor *mon, const struct request *want)
{
	if (mon->block.state == CED_BLOCK_NONE) {
		ced_request(mon, want);
		return;
	}
	mon->command_request = *want;
	mon->command_waits = true;
}

/* Where @addr of the 1401 is, NULL if not all of @size is there */
static uint8_t *find_memory(struct ced_monitor *mon, uint32_t addr, uint32_t size,
			    bool write)
{
	uint32_t base = 0;
	uint32_t end = CED_USER_MEMORY;
	uint8_t *memory = mon->user;

	if (addr >= CED_COMMAND_BASE && !write) {
		base = CED_COMMAND_BASE;
		end = CED_COMMAND_SPACE;
		memory = mon->commands;
	}
	addr -= base;
	if (addr > end)
		ced_fail(mon, ERROR_MEMORY, 1);
	else if (size > end - addr)
		ced_fail(mon, ERROR_MEMORY, 2);
	else
		return memory + addr;
	return NULL;
}

/*
 * The arguments of TO1401 and TOHOST: address in the 1401, size, offset in the
 * host's area and, project's own, the area.
 */
static void move_block(struct ced_monitor *mon, const struct args *args, bool to_1401)
{
	struct request want = { .to_1401 = to_1401, .run = RUN_NONE };
	uint32_t addr;

	if (!count_args(mon, args, 3, 4) ||
	    !number(mon, args, 1, 0, NUMBER_MAX, &addr) ||
	    !number(mon, args, 2, 0, REQUEST_MAX, &want.size) ||
	    !number(mon, args, 3, 0, REQUEST_MAX, &want.offset))
		return;
	if (args->n == 5 && !number(mon, args, 4, 0, 7, &want.area))
		return;
	want.memory = find_memory(mon, addr, want.size, to_1401);
	if (want.memory)
		ask_block(mon, &want);
}

static void do_to1401(struct ced_monitor *mon, const struct args *args)
{
	move_block(mon, args, true);
}

static void do_tohost(struct ced_monitor *mon, const struct args *args)
{
	move_block(mon, args, false);
}

/* What is loaded is kept, but not run: every command that is known is built in */
static void do_cload(struct ced_monitor *mon, const struct args *args)
{
	struct request want = { .to_1401 = true, .run = RUN_NONE };

	if (args->n == 2 && word_is(args, 1, "?")) {
		ced_reply(mon, "%u,%u\r", mon->loads, mon->loaded);
		return;
	}
	if (!count_args(mon, args, 2, 3) ||
	    !number(mon, args, 1, 0, REQUEST_MAX, &want.offset) ||
	    !number(mon, args, 2, 0, REQUEST_MAX, &want.size))
		return;
	if (args->n == 4 && !number(mon, args, 3, 0, 7, &want.area))
		return;
	if (want.size > CED_COMMAND_SPACE) {
		ced_fail(mon, ERROR_MEMORY, 2);
		return;
	}
	if (want.size > CED_COMMAND_SPACE - mon->loaded)
		mon->loaded = 0;
	want.memory = mon->commands + mon->loaded;
	mon->loading = true;
	ask_block(mon, &want);
}

/* Commands that run on */

/* The last three arguments: the clock, pre and count */
static bool clock_args(struct ced_monitor *mon, const struct args *args,
		       int64_t *period, bool *triggered)
{
	unsigned int at = args->n - 3;
	uint32_t pre, count;
	int64_t ns = 0;

	if (args->len[at] == 1 || args->len[at] == 2) {
		char clock = g_ascii_toupper(args->word[at][0]);

		ns = clock == 'C' ? 1000 : clock == 'H' ? 250 : clock == 'T' ? 100 : 0;
	}
	*triggered = args->len[at] == 2;
	if (!ns || (*triggered && g_ascii_toupper(args->word[at][1]) != 'T')) {
		ced_fail(mon, ERROR_VALUE, at);
		return false;
	}
	if (!number(mon, args, at + 1, 1, DIVISOR_MAX, &pre) ||
	    !number(mon, args, at + 2, 1, DIVISOR_MAX, &count))
		return false;
	*period = ns * pre * count;
	if (*period < PERIOD_MIN_NS) {
		ced_fail(mon, ERROR_RATE, 0);
		return false;
	}
	return true;
}

/* What one command has, no other can have */
static bool claim(struct ced_monitor *mon, unsigned int uses)
{
	if (!(ced_runs_use(mon) & uses))
		return true;
	ced_fail(mon, ERROR_BUSY, 0);
	return false;
}

static void start(struct run *run, const struct run *want, bool triggered)
{
	if (!claim(run->mon, want->uses))
		return;
	if (run->state != RUN_IDLE) {
		ced_fail(run->mon, ERROR_BUSY, 0);
		return;
	}
	*run = *want;
	ced_run_start(run, triggered);
}

/* Arguments @at and the next: where in user memory, and how much of it */
static bool range_args(struct ced_monitor *mon, const struct args *args, unsigned int at,
		       struct run *want)
{
	uint32_t addr;

	if (!number(mon, args, at, 0, NUMBER_MAX, &addr) ||
	    !number(mon, args, at + 1, 1, NUMBER_MAX, &want->size))
		return false;
	if (addr >= CED_USER_MEMORY || want->size > CED_USER_MEMORY - addr) {
		ced_fail(mon, ERROR_MEMORY, addr >= CED_USER_MEMORY ? at : at + 1);
		return false;
	}
	want->memory = mon->user + addr;
	return true;
}

/* The last four arguments: repeats and the clock. The size is one of @units */
static bool repeat_args(struct ced_monitor *mon, const struct args *args,
			unsigned int size_at, unsigned int unit, struct run *want,
			bool *triggered)
{
	uint32_t repeats;

	if (!number(mon, args, args->n - 4, 0, NUMBER_MAX, &repeats) ||
	    !clock_args(mon, args, &want->period, triggered))
		return false;
	if (want->size % unit) {
		ced_fail(mon, ERROR_VALUE, size_at);
		return false;
	}
	want->endless = !repeats;
	want->left = (uint64_t)want->size * repeats;
	return true;
}

/* kind, bytes, start, size, channels, repeats, clock, pre, count: fills @want */
static bool memory_args(struct ced_monitor *mon, const struct args *args,
			unsigned int limit, struct run *want, bool *triggered)
{
	bool whole = want->id != RUN_ADCMEM;

	if (!count_args(mon, args, 9, ARGS_MAX))
		return false;
	if (!word_is(args, 1, "I") && !word_is(args, 1, "F")) {
		ced_fail(mon, ERROR_VALUE, 1);
		return false;
	}
	return number(mon, args, 2, 1, 2, &want->width) &&
	       range_args(mon, args, 3, want) &&
	       channel_list(mon, args, 5, args->n - 5, limit, want->channel,
			    &want->channels) &&
	       repeat_args(mon, args, 4, whole ? ced_frame_bytes(want) : want->width, want,
			   triggered);
}

/* ?, K and P of a run in memory; false if the command is none of these */
static bool memory_query(struct ced_monitor *mon, const struct args *args,
			 struct run *run)
{
	if (args->n != 2)
		return false;
	if (word_is(args, 1, "?")) {
		ced_reply(mon, "%d\r", run->missed ? -1 : run->state != RUN_IDLE);
	} else if (word_is(args, 1, "P")) {
		ced_reply(mon, "%u\r", run->pos);
	} else if (word_is(args, 1, "K")) {
		ced_run_end(run);
		run->missed = 0;
	} else {
		return false;
	}
	return true;
}

static void memory_command(struct ced_monitor *mon, const struct args *args,
			   enum run_id id)
{
	struct run *run = &mon->run[id];
	struct run want = *run;
	bool triggered;

	want.uses = ced_run_uses(id);
	if (!memory_query(mon, args, run) &&
	    memory_args(mon, args, want.uses & USES_DACS ? CED_DAC_CHANNELS :
			CED_ADC_CHANNELS, &want, &triggered))
		start(run, &want, triggered);
}

static void do_adcmem(struct ced_monitor *mon, const struct args *args)
{
	memory_command(mon, args, RUN_ADCMEM);
}

static void do_adcbst(struct ced_monitor *mon, const struct args *args)
{
	memory_command(mon, args, RUN_ADCBST);
}

static void do_memdac(struct ced_monitor *mon, const struct args *args)
{
	memory_command(mon, args, RUN_MEMDAC);
}

/* kind, start, size, repeats, clock, pre, count */
static void do_digtim(struct ced_monitor *mon, const struct args *args)
{
	struct run *run = &mon->run[RUN_DIGTIM];
	struct run want = *run;
	bool triggered;

	if (memory_query(mon, args, run) || !count_args(mon, args, 7, 7))
		return;
	want.uses = word_is(args, 1, "O") ? USES_DIGOUT : 0;
	want.width = 2;
	if (!want.uses && !word_is(args, 1, "I"))
		ced_fail(mon, ERROR_VALUE, 1);
	else if (range_args(mon, args, 2, &want) &&
		 repeat_args(mon, args, 3, want.width, &want, &triggered))
		start(run, &want, triggered);
}

static bool stream_query(struct ced_monitor *mon, const struct args *args,
			 struct run *run)
{
	if (args->n != 2)
		return false;
	if (word_is(args, 1, "?"))
		ced_reply(mon, "%" PRIu64 ",%" PRIu64 "\r", run->done, run->missed);
	else if (word_is(args, 1, "K"))
		ced_run_drain(run);
	else
		return false;
	return true;
}

/* @first to the last: channels, clock, pre, count. Fills @want */
static bool stream_args(struct ced_monitor *mon, const struct args *args,
			unsigned int first, struct run *want, bool *triggered)
{
	want->width = 2;
	return channel_list(mon, args, first, args->n - 4,
			    want->uses & USES_DACS ? CED_DAC_CHANNELS : CED_ADC_CHANNELS,
			    want->channel, &want->channels) &&
	       clock_args(mon, args, &want->period, triggered);
}

/* channels, clock, pre, count */
static void fifo_command(struct ced_monitor *mon, const struct args *args, enum run_id id)
{
	struct ced_fifo *fifo = mon->config.fifo;
	struct run *run = &mon->run[id];
	struct run want = *run;
	bool triggered;

	want.uses = ced_run_uses(id);
	if (stream_query(mon, args, run) || !count_args(mon, args, 4, ARGS_MAX) ||
	    !stream_args(mon, args, 1, &want, &triggered) || !claim(mon, want.uses))
		return;
	if (id == RUN_XFIFO)
		ced_fifo_clear(fifo);
	ced_fifo_turn(fifo, id == RUN_XFIFO ? CED_FIFO_TO_HOST : CED_FIFO_TO_1401);
	fifo->ended = false;
	start(run, &want, triggered);
}

static void do_xfifo(struct ced_monitor *mon, const struct args *args)
{
	fifo_command(mon, args, RUN_XFIFO);
}

static void do_xfout(struct ced_monitor *mon, const struct args *args)
{
	fifo_command(mon, args, RUN_XFOUT);
}

/* area, block, channels, clock, pre, count */
static void request_command(struct ced_monitor *mon, const struct args *args,
			    enum run_id id)
{
	struct run *run = &mon->run[id];
	struct run want = *run;
	bool triggered;

	want.uses = ced_run_uses(id);
	if (!stream_query(mon, args, run) && count_args(mon, args, 6, ARGS_MAX) &&
	    number(mon, args, 1, 0, 7, &want.area) &&
	    number(mon, args, 2, 1, CED_BLOCK_MAX, &want.block) &&
	    stream_args(mon, args, 3, &want, &triggered))
		start(run, &want, triggered);
}

static void do_xstream(struct ced_monitor *mon, const struct args *args)
{
	request_command(mon, args, RUN_XSTREAM);
}

static void do_xplay(struct ced_monitor *mon, const struct args *args)
{
	request_command(mon, args, RUN_XPLAY);
}

/* The other commands */

static void do_err(struct ced_monitor *mon, const struct args *args)
{
	if (!count_args(mon, args, 0, 0))
		return;
	ced_reply(mon, "%u,%u\r", mon->error, mon->error_detail);
	ced_fail(mon, ERROR_NONE, 0);
}

static void do_memtop(struct ced_monitor *mon, const struct args *args)
{
	bool standard = mon->config.model == CEDCARD_TYPE_STANDARD;

	if (!count_args(mon, args, 0, 1))
		return;
	if (args->n == 1)
		ced_reply(mon, "%u,0\r", CED_USER_MEMORY);
	else if (args->n == 2 && word_is(args, 1, "?") && !standard)
		ced_reply(mon, "%u,%u,0\r", CED_USER_MEMORY, CED_USER_MEMORY);
	else
		ced_fail(mon, ERROR_VALUE, 1);
}

static void do_adc(struct ced_monitor *mon, const struct args *args)
{
	uint8_t channel[CED_LIST_MAX];
	unsigned int n, i;

	if (!channel_list(mon, args, 1, args->n - 1, CED_ADC_CHANNELS, channel, &n) ||
	    !claim(mon, USES_ADC))
		return;
	ced_signal_scan(mon->config.sig);
	for (i = 0; i < n; i++)
		ced_reply(mon, "%s%d", i ? "," : "",
			  ced_signal_adc(mon->config.sig, channel[i]));
	ced_reply(mon, "\r");
}

/* Pairs of a DAC and its value; all or none */
static void do_dac(struct ced_monitor *mon, const struct args *args)
{
	int16_t value[ARGS_MAX];
	uint32_t dac[ARGS_MAX];
	unsigned int i;

	if (args->n % 2 == 0) {
		ced_fail(mon, ERROR_ARGS, args->n - 1);
		return;
	}
	for (i = 1; i < args->n; i += 2) {
		if (!number(mon, args, i, 0, CED_DAC_CHANNELS - 1, &dac[i]) ||
		    !sample(mon, args, i + 1, &value[i]))
			return;
		if (ced_runs_play(mon, dac[i])) {
			ced_fail(mon, ERROR_BUSY, 0);
			return;
		}
	}
	for (i = 1; i < args->n; i += 2)
		ced_signal_dac_set(mon->config.sig, dac[i], value[i]);
}

static void dig_in(struct ced_monitor *mon, const struct args *args)
{
	uint16_t value = ced_signal_digin(mon->config.sig);
	uint32_t bit;

	if (!count_args(mon, args, 1, 2))
		return;
	if (args->n == 2)
		ced_reply(mon, "%u\r", value);
	else if (number(mon, args, 2, 0, 15, &bit))
		ced_reply(mon, "%u\r", value >> bit & 1);
}

static void dig_out(struct ced_monitor *mon, const struct args *args)
{
	struct ced_signal *sig = mon->config.sig;
	bool one_bit = args->n == 4;
	uint32_t value, bit;

	if (!count_args(mon, args, 2, 3) ||
	    !number(mon, args, 2, 0, one_bit ? 1 : UINT16_MAX, &value))
		return;
	if (one_bit) {
		if (!number(mon, args, 3, 0, 15, &bit))
			return;
		value = (ced_signal_digout(sig) & ~BIT(bit)) | value << bit;
	}
	if (claim(mon, USES_DIGOUT))
		ced_signal_set_digout(sig, value);
}

static void do_dig(struct ced_monitor *mon, const struct args *args)
{
	if (word_is(args, 1, "I"))
		dig_in(mon, args);
	else if (word_is(args, 1, "O"))
		dig_out(mon, args);
	else
		ced_fail(mon, ERROR_VALUE, 1);
}

/* The trigger: A, ?, F or K, and nothing else */

static char trigger_word(struct ced_monitor *mon, const struct args *args)
{
	char word = 0;

	if (!count_args(mon, args, 1, 1))
		return 0;
	if (args->len[1] == 1)
		word = g_ascii_toupper(args->word[1][0]);
	if (!word || !strchr("A?FK", word)) {
		ced_fail(mon, ERROR_VALUE, 1);
		return 0;
	}
	return word;
}

static void do_event(struct ced_monitor *mon, const struct args *args)
{
	switch (trigger_word(mon, args)) {
	case 'A':
		mon->events_armed = true;
		mon->events = 0;
		break;
	case '?':
		ced_reply(mon, "%d\r", mon->events_armed ? (int)mon->events : -1);
		break;
	case 'F':
		ced_runs_pulse(mon);
		break;
	case 'K':
		mon->events_armed = false;
		break;
	}
}

static void do_clkevt(struct ced_monitor *mon, const struct args *args)
{
	switch (trigger_word(mon, args)) {
	case 'A':
		mon->clocks_held = false;
		break;
	case '?':
		ced_reply(mon, "%u\r", ced_runs_armed(mon));
		break;
	case 'F':
		ced_runs_start_armed(mon);
		break;
	case 'K':
		mon->clocks_held = true;
		break;
	}
}

/* CLEAR, and the card's RESET as far as a command can */
static void clear(struct ced_monitor *mon)
{
	ced_runs_end(mon);
	ced_runs_reset_trigger(mon);
	ced_signal_rest(mon->config.sig);
}

static void do_clear(struct ced_monitor *mon, const struct args *args)
{
	if (count_args(mon, args, 0, 0))
		clear(mon);
}

static void do_reset(struct ced_monitor *mon, const struct args *args)
{
	if (!count_args(mon, args, 0, 0))
		return;
	clear(mon);
	ced_fail(mon, ERROR_NONE, 0);
}

static void do_kill(struct ced_monitor *mon, const struct args *args);
static void do_clist(struct ced_monitor *mon, const struct args *args);
static void do_info(struct ced_monitor *mon, const struct args *args);

static const struct command commands[] = {
	{ "RESET",	1, 0,	true,	RUN_NONE,	do_reset },
	{ "CLEAR",	1, 0,	true,	RUN_NONE,	do_clear },
	{ "KILL",	1, 0,	true,	RUN_NONE,	do_kill },
	{ "ERR",	1, 0,	true,	RUN_NONE,	do_err },
	{ "CLIST",	1, 0,	true,	RUN_NONE,	do_clist },
	{ "MEMTOP",	1, 0,	true,	RUN_NONE,	do_memtop },
	{ "INFO",	1, 0,	false,	RUN_NONE,	do_info },
	{ "TO1401",	1, 0,	false,	RUN_NONE,	do_to1401 },
	{ "TOHOST",	1, 0,	false,	RUN_NONE,	do_tohost },
	{ "CLOAD",	1, 0,	false,	RUN_NONE,	do_cload },
	{ "ADC",	1, 0,	false,	RUN_NONE,	do_adc },
	{ "DAC",	1, 0,	false,	RUN_NONE,	do_dac },
	{ "DIG",	1, 0,	false,	RUN_NONE,	do_dig },
	{ "EVENT",	1, 0,	false,	RUN_NONE,	do_event },
	{ "CLKEVT",	1, 0,	false,	RUN_NONE,	do_clkevt },
	{ "ADCMEM",	1, 0,	false,	RUN_ADCMEM,	do_adcmem },
	{ "ADCBST",	1, 0,	false,	RUN_ADCBST,	do_adcbst },
	{ "MEMDAC",	1, 0,	false,	RUN_MEMDAC,	do_memdac },
	{ "DIGTIM",	1, 0,	false,	RUN_DIGTIM,	do_digtim },
	{ "XFIFO",	1, 0,	false,	RUN_XFIFO,	do_xfifo },
	{ "XFOUT",	1, 0,	false,	RUN_XFOUT,	do_xfout },
	{ "XSTREAM",	1, 0,	false,	RUN_XSTREAM,	do_xstream },
	{ "XPLAY",	1, 0,	false,	RUN_XPLAY,	do_xplay },
};

/* The command whose name is word @i; NULL if there is none */
static const struct command *find_command(const struct args *args, unsigned int i)
{
	unsigned int c;

	for (c = 0; c < ARRAY_SIZE(commands); c++)
		if (word_is(args, i, commands[c].name))
			return &commands[c];
	return NULL;
}

/* Everything, or those that are named */
static void do_kill(struct ced_monitor *mon, const struct args *args)
{
	const struct command *command;
	unsigned int i;

	for (i = 1; i < args->n; i++) {
		command = find_command(args, i);
		if (!command)
			ced_fail(mon, ERROR_VALUE, i);
		else if (command->run != RUN_NONE)
			ced_run_end(&mon->run[command->run]);
	}
	if (args->n > 1)
		return;
	ced_runs_end(mon);
	mon->loaded = 0;
	mon->loads = 0;
	memset(mon->commands, 0, sizeof(mon->commands));
}

/* CED's: a line for each command, and one that is a space */
static void do_clist(struct ced_monitor *mon, const struct args *args)
{
	unsigned int i;

	if (!count_args(mon, args, 0, 0))
		return;
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		ced_reply(mon, "%s %u.%u\r", commands[i].name, commands[i].major,
			  commands[i].minor);
	ced_reply(mon, " \r");
}

static void do_info(struct ced_monitor *mon, const struct args *args)
{
	uint32_t item;

	if (!count_args(mon, args, 2, 2))
		return;
	if (!word_is(args, 1, "S")) {
		ced_fail(mon, ERROR_VALUE, 1);
		return;
	}
	if (number(mon, args, 2, 28, 28, &item))
		ced_reply(mon, "%u\r", 1000 * commands[0].major + commands[0].minor);
}

/**
 * ced_command - obey a command
 * @mon:	the monitor
 * @line:	its characters, without the one that ended it
 * @len:	how many
 */
void ced_command(struct ced_monitor *mon, const char *line, unsigned int len)
{
	const struct command *command;
	struct args args;

	if (!cut_line(line, len, &args)) {
		ced_fail(mon, ERROR_ARGS, args.n - 1);
		return;
	}
	if (args.n == 1 && !args.len[0])
		return;
	command = find_command(&args, 0);
	if (!command)
		ced_fail(mon, ERROR_UNKNOWN, 0);
	else if (args.n > 1 || command->bare)
		command->execute(mon, &args);
}
