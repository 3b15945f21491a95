// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the virtual 1401 sends: the characters of its replies, and requests with their
 * blocks.
 *
 * CED's: the coding of a request, and that the 1401 sends no characters while a
 * block waits or moves. The project's own: while a command's block waits (TOHOST,
 * TO1401, CLOAD) the 1401 takes none either; with a stream's (XSTREAM, XPLAY) it goes
 * on to obey commands, whose replies come behind the block. A command that wants a
 * block then waits with it, and the 1401 with its next command, until that is over.
 */
#include "qemu/osdep.h"

#include "monitor.h"

#define ESC		0x1b	/* CED's: begins a request */
#define REQUEST_SEND	0x08	/* CED's: the kind of a block to the host */
#define REQUEST_READ	0x09	/* CED's: and to the 1401 */

/**
 * ced_fail - set what ERR tells: the last error
 * @mon:	the monitor
 * @error:	ERR's first number
 * @detail:	ERR's second number
 */
void ced_fail(struct ced_monitor *mon, enum error error, uint32_t detail)
{
	mon->error = error;
	mon->error_detail = detail;
}

static void put_char(struct ced_monitor *mon, uint8_t c)
{
	if (mon->out_len == OUT_SIZE)
		return;
	mon->out[(mon->out_head + mon->out_len++) % OUT_SIZE] = c;
}

/**
 * ced_reply - characters for the host
 * @mon:	the monitor
 * @fmt:	as printf(), up to 511 characters
 */
void ced_reply(struct ced_monitor *mon, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	char *c;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (c = text; *c; c++)
		put_char(mon, *c);
}

/* CED's coding of a number: 7, 14 or 22 bits, most significant byte first */
static void put_number(struct ced_monitor *mon, uint32_t v)
{
	if (v < 0x80) {
		put_char(mon, v);
	} else if (v < 0x4000) {
		put_char(mon, 0x80 | v >> 8);
		put_char(mon, v);
	} else {
		put_char(mon, 0xc0 | v >> 16);
		put_char(mon, v >> 8);
		put_char(mon, v);
	}
}

/**
 * ced_request - ask the host for a block
 * @mon:	the monitor; no block is asked for or waits
 * @want:	which
 */
void ced_request(struct ced_monitor *mon, const struct request *want)
{
	unsigned int before = mon->out_len;

	put_char(mon, ESC);
	put_char(mon, (want->to_1401 ? REQUEST_READ : REQUEST_SEND) | want->area << 4);
	put_number(mon, want->offset);
	put_number(mon, want->size);
	mon->request_end = mon->out_len;
	mon->request_len = mon->out_len - before;
	mon->block_run = want->run;
	mon->block = (struct ced_block) {
		.state = CED_BLOCK_ASKED,
		.to_1401 = want->to_1401,
		.memory = want->memory,
		.size = want->size,
	};
}

/**
 * ced_request_drop - take back what the host has not read of a request
 * @mon:	the monitor, with a block that is asked for
 */
void ced_request_drop(struct ced_monitor *mon)
{
	unsigned int n = MIN(mon->request_end, mon->request_len);
	unsigned int i;

	for (i = mon->request_end; i < mon->out_len; i++)
		mon->out[(mon->out_head + i - n) % OUT_SIZE] =
			mon->out[(mon->out_head + i) % OUT_SIZE];
	mon->out_len -= n;
}

/**
 * ced_sending - whether there is a character that the host may have now
 * @mon:	the monitor
 */
bool ced_sending(const struct ced_monitor *mon)
{
	return mon->out_len && mon->block.state != CED_BLOCK_WAITING;
}

/**
 * ced_send_next - give the host its next character
 * @mon:	the monitor, ced_sending()
 *
 * With a request's last one the block waits; one of size 0 is no block, and waits
 * for the caller to say that it is over.
 *
 * Return: the character.
 */
uint8_t ced_send_next(struct ced_monitor *mon)
{
	uint8_t c = mon->out[mon->out_head];

	mon->out_head = (mon->out_head + 1) % OUT_SIZE;
	mon->out_len--;
	if (mon->block.state == CED_BLOCK_ASKED && !--mon->request_end)
		mon->block.state = CED_BLOCK_WAITING;
	return c;
}
