// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The monitor of the virtual 1401: what the card sees of it. It takes characters and
 * makes command lines of them, gives characters, and moves its blocks.
 *
 * CED's: characters are 7-bit, and a command ends with ';' or CR. The project's own:
 * line feeds are ignored, and so is the eighth bit. While 256 characters wait for the
 * host, or a command's block is asked for or waits, it takes no character.
 */
#include "qemu/osdep.h"

#include "monitor.h"

static void line_end(struct ced_monitor *mon)
{
	unsigned int len = mon->line_len;

	mon->line_len = 0;
	if (mon->line_overlong) {
		mon->line_overlong = false;
		ced_fail(mon, ERROR_LINE, 0);
		return;
	}
	ced_runs_catch_up(mon);
	ced_command(mon, mon->line, len);
}

/**
 * ced_monitor_take - a character from the host
 * @mon:	the monitor, not busy
 * @c:		any byte; seven bits of it count
 */
void ced_monitor_take(struct ced_monitor *mon, uint8_t c)
{
	c &= 0x7f;
	if (c == ';' || c == '\r')
		line_end(mon);
	else if (c == '\n')
		return;
	else if (mon->line_len < LINE_MAX_CHARS)
		mon->line[mon->line_len++] = c;
	else
		mon->line_overlong = true;
}

/**
 * ced_monitor_busy - whether the 1401 takes no character now
 * @mon:	the monitor
 */
bool ced_monitor_busy(const struct ced_monitor *mon)
{
	bool command_block = mon->block.state != CED_BLOCK_NONE &&
			     mon->block_run == RUN_NONE;

	return command_block || mon->command_waits || mon->out_len >= OUT_BUSY;
}

/**
 * ced_monitor_has_char - whether there is a character for the host
 * @mon:	the monitor
 */
bool ced_monitor_has_char(const struct ced_monitor *mon)
{
	return ced_sending(mon);
}

/* The block is over: it has moved, or the host gave it up */
static void block_over(struct ced_monitor *mon, bool moved)
{
	mon->block.state = CED_BLOCK_NONE;
	if (mon->loading && mon->block_run == RUN_NONE) {
		if (moved) {
			mon->loaded += mon->block.size;
			mon->loads++;
		}
		mon->loading = false;
	}
	ced_runs_block_over(mon, moved);
	if (mon->command_waits) {
		mon->command_waits = false;
		ced_request(mon, &mon->command_request);
	}
}

/**
 * ced_monitor_get_char - the next character for the host
 * @mon:	the monitor
 *
 * Return: the character, 0 if there is none.
 */
uint8_t ced_monitor_get_char(struct ced_monitor *mon)
{
	uint8_t c;

	if (!ced_sending(mon))
		return 0;
	c = ced_send_next(mon);
	if (mon->block.state == CED_BLOCK_WAITING && !mon->block.size)
		block_over(mon, true);
	return c;
}

/**
 * ced_monitor_lost_char - the host wrote a character that nobody could take
 * @mon:	the monitor
 */
void ced_monitor_lost_char(struct ced_monitor *mon)
{
	ced_fail(mon, ERROR_LOST, 0);
}

/**
 * ced_monitor_block - the block that the 1401 asks for or waits with
 * @mon:	the monitor
 */
const struct ced_block *ced_monitor_block(const struct ced_monitor *mon)
{
	return &mon->block;
}

static void block_moved(struct ced_monitor *mon, uint32_t n)
{
	mon->block.done += n;
	if (mon->block.done == mon->block.size)
		block_over(mon, true);
}

/**
 * ced_monitor_block_send - the next bytes of a waiting block to the host
 * @mon:	the monitor
 * @to:		where to
 * @n:		bytes, no more than are left of it
 *
 * With the last byte the block is over.
 */
void ced_monitor_block_send(struct ced_monitor *mon, uint8_t *to, uint32_t n)
{
	memcpy(to, mon->block.memory + mon->block.done, n);
	block_moved(mon, n);
}

/**
 * ced_monitor_block_read - the next bytes of a waiting block from the host
 * @mon:	the monitor
 * @from:	the bytes
 * @n:		how many, no more than are left of it
 *
 * With the last byte the block is over.
 */
void ced_monitor_block_read(struct ced_monitor *mon, const uint8_t *from, uint32_t n)
{
	memcpy(mon->block.memory + mon->block.done, from, n);
	block_moved(mon, n);
}

/**
 * ced_monitor_block_abandon - the host gives up the block that is asked for or waits
 * @mon:	the monitor
 *
 * What was not read of its request is dropped. Harmless if there is no block.
 */
void ced_monitor_block_abandon(struct ced_monitor *mon)
{
	if (mon->block.state == CED_BLOCK_NONE)
		return;
	if (mon->block.state == CED_BLOCK_ASKED)
		ced_request_drop(mon);
	ced_fail(mon, ERROR_ABANDONED, mon->block.done);
	block_over(mon, false);
}

/**
 * ced_monitor_streams - whether a stream uses the FIFO in a direction
 * @mon:	the monitor
 * @dir:	the direction
 */
bool ced_monitor_streams(const struct ced_monitor *mon, enum ced_fifo_dir dir)
{
	return mon->run[dir == CED_FIFO_TO_HOST ? RUN_XFIFO : RUN_XFOUT].state != RUN_IDLE;
}

/**
 * ced_monitor_fifo_service - with no clock, sample or play what the FIFO allows
 * @mon:	the monitor
 */
void ced_monitor_fifo_service(struct ced_monitor *mon)
{
	ced_runs_serve_fifo(mon);
}

/**
 * ced_monitor_trigger - a pulse on the trigger input
 * @mon:	the monitor
 */
void ced_monitor_trigger(struct ced_monitor *mon)
{
	ced_runs_pulse(mon);
}

/**
 * ced_monitor_reset - the card's RESET: programs, characters and block are gone
 * @mon:	the monitor
 *
 * User memory and loaded commands stay. The DACs are at 0 V, the digital outputs
 * low.
 */
void ced_monitor_reset(struct ced_monitor *mon)
{
	ced_runs_reset(mon);
	mon->line_len = 0;
	mon->line_overlong = false;
	mon->out_len = 0;
	mon->block.state = CED_BLOCK_NONE;
	mon->command_waits = false;
	mon->loading = false;
	ced_fail(mon, ERROR_NONE, 0);
	ced_signal_rest(mon->config.sig);
}

/**
 * ced_monitor_power_up - the state after the 1401 was switched on
 * @mon:	the monitor
 */
void ced_monitor_power_up(struct ced_monitor *mon)
{
	ced_monitor_reset(mon);
	memset(mon->user, 0, sizeof(mon->user));
	memset(mon->commands, 0, sizeof(mon->commands));
	mon->loaded = 0;
	mon->loads = 0;
}

/**
 * ced_monitor_new - a 1401, switched on
 * @config:	what it is connected to
 */
struct ced_monitor *ced_monitor_new(const struct ced_monitor_config *config)
{
	struct ced_monitor *mon = g_new0(struct ced_monitor, 1);

	mon->config = *config;
	ced_runs_new(mon);
	return mon;
}

/**
 * ced_monitor_free - the opposite of ced_monitor_new()
 * @mon:	the monitor, or NULL
 */
void ced_monitor_free(struct ced_monitor *mon)
{
	if (mon)
		ced_runs_free(mon);
	g_free(mon);
}
