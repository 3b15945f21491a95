// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8237: the only file that touches the DMA controller.
 *
 * All of it under claim_dma_lock(), the flip-flop cleared before each pair of
 * bytes (8237A data sheet, "Clear First/Last Flip/Flop"; the kernel's
 * Documentation/core-api/dma-isa-lpc.rst). The status register is never read:
 * that would clear the terminal count bits of other channels, which belong to
 * other drivers ("Status Register").
 */
#include <linux/io.h>
#include <linux/types.h>
#include <asm/dma.h>

#include "ced1401.h"

#define PAGE_REGISTER_2	0x87	/* page register of channel 0, on every PC/AT */

/* How often a position that does not settle is read again */
#define READINGS	8

/**
 * ced_isadma_present() - whether this machine has an 8237 and its page registers
 *
 * Machines without one leave these ports to the empty bus. Any context.
 */
bool ced_isadma_present(void)
{
	return inb(PAGE_REGISTER_2) != 0xff;
}

/**
 * ced_isadma_start() - program a channel and unmask it
 * @channel:	1, 3 (bytes) or 5, 6, 7 (words)
 * @address:	DMA address, below 16 MiB, even on a 16-bit channel
 * @count:	bytes, 1 to a whole DMA page, even on a 16-bit channel; the memory
 *		must not cross a DMA page
 * @to_1401:	from memory to the device, else into memory
 * @again:	at terminal count begin again: auto-initialise
 *
 * Single mode, address increment ("Mode Register"). The
 * device must not raise DREQ before this returns. Any context.
 */
void ced_isadma_start(unsigned int channel, dma_addr_t address, u32 count,
		      bool to_1401, bool again)
{
	unsigned long flags = claim_dma_lock();
	/* The kernel names modes as the device sees them from memory */
	unsigned int mode = to_1401 ? DMA_MODE_WRITE : DMA_MODE_READ;

	disable_dma(channel);
	clear_dma_ff(channel);
	set_dma_mode(channel, again ? mode | DMA_AUTOINIT : mode);
	set_dma_addr(channel, address);
	/* Counts of a whole page wrap to 0, which means 64 Ki */
	set_dma_count(channel, count);
	enable_dma(channel);
	release_dma_lock(flags);
}

/**
 * ced_isadma_stop() - mask a channel: its memory does not change any more
 * @channel:	the channel
 *
 * Any context.
 */
void ced_isadma_stop(unsigned int channel)
{
	unsigned long flags = claim_dma_lock();

	disable_dma(channel);
	release_dma_lock(flags);
}

static u32 residue(unsigned int channel)
{
	clear_dma_ff(channel);
	return get_dma_residue(channel);
}

/**
 * ced_isadma_residue() - what a channel has left to move
 * @channel:	the channel, running or masked
 *
 * The count is read in two halves while it may go on: a borrow between them
 * gives a wrong number. So it is read until two readings agree in the high byte
 * and do not rise. Any context.
 *
 * Return: bytes, modulo a whole DMA page: 0 is all done or nothing done.
 */
u32 ced_isadma_residue(unsigned int channel)
{
	unsigned long flags = claim_dma_lock();
	unsigned int high = channel > 3 ? 9 : 8; /* shift to the high byte */
	u32 before, now = residue(channel);
	int i;

	for (i = 0; i < READINGS; i++) {
		before = now;
		now = residue(channel);
		if (now <= before && now >> high == before >> high)
			break;
	}
	release_dma_lock(flags);
	return now;
}
