// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "mutate.h"

#define NEW_CALLS	12	/* of a program from nothing, at the most */

/* ---- chance ---- */

static uint64_t state = 1;

/* xorshift64*: the same programs from the same seed, on every C library */
static uint64_t next_random(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull;
}

/**
 * seed_random() - where chance begins
 * @seed:	any number but 0
 */
void seed_random(uint64_t seed)
{
	state = seed ? seed : 1;
}

/**
 * below() - a number by chance
 * @n:		how many there are
 *
 * Return: 0 to @n - 1.
 */
unsigned int below(unsigned int n)
{
	return (next_random() >> 32) % n;
}

static bool percent(unsigned int n)
{
	return below(100) < n;
}

/* One of the first few as a rule, so that calls meet */
static unsigned int slot(unsigned int n)
{
	return percent(70) ? 0 : percent(80) ? below(2) : below(n);
}

/* ---- what to say to the 1401 ---- */

/* a: its address, s: a size, o: an offset, r: an area */
static const char * const commands[] = {
	"ERR;", "TO1401,%a,%s,%o,%r;", "TO1401,0,%s,0;", "TOHOST,%a,%s,%o,%r;",
	"TOHOST,0,%s,0;", "CLOAD,%o,%s,%r;", "XSTREAM,%r,%s,0,H,10,40;",
	"XSTREAM,%r,%s,0 1,H,2,2;", "XSTREAM,?;", "XSTREAM,K;",
	"XPLAY,%r,%s,0,H,10,40;", "XPLAY,?;", "XPLAY,K;", "XFIFO,0,H,10,40;",
	"XFIFO,0 1,H,2,2;", "XFIFO,?;", "XFIFO,K;", "XFOUT,0,H,10,40;",
	"XFOUT,?;", "XFOUT,K;", "ADCMEM,I,2,%a,%s,0,1,H,10,40;",
	"ADCMEM,F,2,0,%s,0 1,0,H,2,2;", "ADCBST,I,2,%a,%s,0 1,1,HT,10,40;",
	"ADCMEM,K;", "MEMDAC,I,2,%a,%s,0,1,H,10,40;", "MEMDAC,K;",
	"DIGTIM,O,%a,%s,1,H,10,40;", "KILL;", "CLEAR;", "RESET;", "MEMTOP;",
	"MEMTOP,?;", "CLIST;", "INFO,S,28;", "ADC,0;", "DAC,0 100;", "DIG,I;",
	"DIG,O,3;", "EVENT,F;", "CLKEVT,F;",
};

static unsigned int size_of_block(void)
{
	static const unsigned int sizes[] = {
		0, 1, 2, 3, 64, 511, 4095, 4096, 4096, 4097, 8192, 65535, 65536,
		65537, 131072, 200000, 1048576,
	};

	return sizes[below(LENGTH(sizes))];
}

static unsigned int number_for(char letter)
{
	switch (letter) {
	case 'a':
		return percent(60) ? 0 : below(0x100000);
	case 's':
		return size_of_block();
	case 'r':
		return slot(8);
	}
	return percent(70) ? 0 : size_of_block();
}

/* A command behind what there is, if there is room */
static void add_command(struct call *call, unsigned int arg)
{
	const char *from = commands[below(LENGTH(commands))];
	char text[128];
	size_t n = 0;

	for (; *from; from++) {
		if (*from == '%')
			n += sprintf(text + n, "%u", number_for(*++from));
		else
			text[n++] = *from;
	}
	if (call->arg[arg] + n > MAX_TEXT)
		return;
	memcpy(call->text + call->arg[arg], text, n);
	call->arg[arg] += n;
}

static void new_text(struct call *call, unsigned int arg)
{
	call->arg[arg] = 0;
	do {
		add_command(call, arg);
	} while (percent(30));
}

static void change_text(struct call *call, unsigned int arg)
{
	char *byte;

	if (!call->arg[arg] || percent(30)) {
		new_text(call, arg);
		return;
	}
	byte = &call->text[below(call->arg[arg])];
	switch (below(4)) {
	case 0:
		add_command(call, arg);
		break;
	case 1:
		*byte = below(256);
		break;
	default:
		*byte = '0' + below(10);
	}
}

/* ---- arguments ---- */

static uint64_t from_list(const struct named *list)
{
	unsigned int n = 0;

	while (list[n].name)
		n++;
	return list[below(n)].value;
}

static uint64_t new_flags(const struct kind *kind)
{
	uint64_t value = 0;

	do {
		value |= from_list(kind->list);
	} while (percent(40));
	return percent(5) ? value | 1ull << below(40) : value;
}

static uint64_t new_where(void)
{
	unsigned int region = percent(50) ? REGION_EDGE : below(REGIONS);
	unsigned int offset = below(2) ? below(64) : below(0x20) << 12;

	return WHERE(region, offset);
}

static uint64_t new_value(const struct kind *kind)
{
	if (kind->n_usual && percent(85))
		return kind->usual[below(kind->n_usual)];
	switch (kind->type) {
	case ARG_NUMBER:
		return percent(90) ? from_list(kind->list) : below(0x200);
	case ARG_FLAGS:
		return new_flags(kind);
	case ARG_CHOICE:
		return from_list(kind->list);
	case ARG_FILE:
		return slot(FILES);
	case ARG_MAP:
		return slot(MAPS);
	case ARG_TRANSFER:
		return percent(90) ? slot(TRANSFERS) : from_list(kind->list);
	case ARG_WHERE:
		return new_where();
	case ARG_TEXT:
		break;
	}
	return 0;
}

/* A number near the one that is there */
static uint64_t near(uint64_t value)
{
	switch (below(5)) {
	case 0:
		return value + 1;
	case 1:
		return value - 1;
	case 2:
		return value ^ 1ull << below(64);
	case 3:
		return value << 1;
	}
	return value >> 1;
}

static void change_arg(struct call *call)
{
	const struct arg_desc *arg = call->desc->arg;
	unsigned int n = 0, i;

	while (arg[n].name)
		n++;
	if (!n)
		return;
	i = below(n);
	if (arg[i].kind->type == ARG_TEXT)
		change_text(call, i);
	else if (arg[i].kind->type == ARG_NUMBER && percent(40))
		call->arg[i] = near(call->arg[i]);
	else
		call->arg[i] = new_value(arg[i].kind);
}

/* ---- calls ---- */

static const struct call_desc *choose_call(void)
{
	unsigned int all = 0, i;
	int at;

	for (i = 0; i < n_calls; i++)
		all += calls[i].weight;
	at = below(all);
	for (i = 0; i < n_calls - 1; i++) {
		at -= calls[i].weight;
		if (at < 0)
			break;
	}
	return &calls[i];
}

static void new_call(struct call *call, const struct call_desc *desc)
{
	unsigned int i;

	memset(call, 0, sizeof(*call));
	call->desc = desc;
	call->goes_on = percent(15);
	for (i = 0; desc->arg[i].name; i++) {
		if (desc->arg[i].kind->type == ARG_TEXT)
			new_text(call, i);
		else
			call->arg[i] = new_value(desc->arg[i].kind);
	}
}

static bool insert(struct program *program, unsigned int at,
		   const struct call *call)
{
	if (program->n == MAX_CALLS)
		return false;
	memmove(&program->call[at + 1], &program->call[at],
		(program->n - at) * sizeof(*call));
	program->call[at] = *call;
	program->n++;
	return true;
}

/**
 * remove_call() - take a call out of a program
 * @program:	the program
 * @i:		its number
 */
void remove_call(struct program *program, unsigned int i)
{
	program->n--;
	memmove(&program->call[i], &program->call[i + 1],
		(program->n - i) * sizeof(program->call[0]));
}

static void insert_new(struct program *program)
{
	struct call call;

	new_call(&call, choose_call());
	insert(program, below(program->n + 1), &call);
}

/* The first call of all: nothing goes without it */
static const struct call_desc *open_call(void)
{
	return &calls[0];
}

/**
 * generate() - a program from nothing
 * @program:	where to
 */
void generate(struct program *program)
{
	unsigned int n = 2 + below(NEW_CALLS);

	program->n = 1;
	new_call(&program->call[0], open_call());
	program->call[0].arg[0] = 0;
	program->call[0].goes_on = false;
	while (program->n < n) {
		new_call(&program->call[program->n], choose_call());
		program->n++;
	}
}

/* Part of another program, somewhere */
static void splice_in(struct program *program, const struct program *other)
{
	unsigned int from = below(other->n), n = 1 + below(other->n - from);
	unsigned int at = below(program->n + 1);

	while (n-- && insert(program, at++, &other->call[from++]))
		;
}

static void mutate_once(struct program *program, const struct program *other)
{
	struct call *call = &program->call[below(program->n)], copy;

	switch (below(20)) {
	case 0 ... 5:
		insert_new(program);
		break;
	case 6 ... 12:
		change_arg(call);
		break;
	case 13 ... 14:
		splice_in(program, other);
		break;
	case 15 ... 16:
		call->goes_on = !call->goes_on;
		break;
	case 17:
		copy = *call;
		insert(program, below(program->n + 1), &copy);
		break;
	default:
		if (program->n > 1)
			remove_call(program, below(program->n));
	}
}

/**
 * mutate() - change a program
 * @program:	the program, of one call at least
 * @other:	another that may lend calls
 */
void mutate(struct program *program, const struct program *other)
{
	do {
		mutate_once(program, other);
	} while (percent(75));
}
