/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The register map of the CED 1401's ISA interface card.
 *
 * Included by the driver (card.c) and by the virtual card for QEMU (qemu/), so
 * that the two cannot drift apart. No public description of the registers of
 * CED's own ISA card is known: this map is the ced1401 project's own
 * definition. docs/hardware.md tells what follows from that, and what to change
 * for a card whose manual you hold.
 *
 * Eight byte-wide ports from the card's base address. Where no card is, every
 * port reads CEDCARD_NOTHING.
 */
#ifndef _HW_CED1401_CARD_H
#define _HW_CED1401_CARD_H

#define CEDCARD_PORTS		8	/* ports that a card occupies */
#define CEDCARD_NOTHING		0xff	/* what an empty bus reads */
#define CEDCARD_FIFO_SIZE	16384	/* bytes of the card's own FIFO */

/* Port 0, DATA: read the next character from the 1401, write one to it */
#define CEDCARD_DATA		0

/*
 * Port 1 read, STATUS. With POWER or CABLE 0 the other bits are 0 and nothing
 * moves.
 */
#define CEDCARD_STATUS		1
#define CEDCARD_STATUS_RXRDY	0x01	/* DATA holds a character for the host */
#define CEDCARD_STATUS_TXRDY	0x02	/* DATA takes one; stays until written */
#define CEDCARD_STATUS_DMARUN	0x04	/* a DMA transfer is under way */
#define CEDCARD_STATUS_TC	0x08	/* latch: terminal count was seen */
#define CEDCARD_STATUS_EOB	0x10	/* latch: the block or stream has ended */
#define CEDCARD_STATUS_ERR	0x20	/* latch: overrun, underrun, wrong DMAEN */
#define CEDCARD_STATUS_POWER	0x40	/* the 1401 is switched on */
#define CEDCARD_STATUS_CABLE	0x80	/* the 1401's cable is connected */
#define CEDCARD_STATUS_LATCHES	(CEDCARD_STATUS_TC | CEDCARD_STATUS_EOB | \
				 CEDCARD_STATUS_ERR)
#define CEDCARD_STATUS_ONLINE	(CEDCARD_STATUS_POWER | CEDCARD_STATUS_CABLE)

/* Port 1 write, CONTROL: write-only, each write sets every bit */
#define CEDCARD_CONTROL		1
#define CEDCARD_CONTROL_IE_RX	0x01	/* interrupt while RXRDY */
#define CEDCARD_CONTROL_IE_TX	0x02	/* interrupt while TXRDY */
#define CEDCARD_CONTROL_IE_DMA	0x04	/* interrupt while TC, EOB or ERR */
#define CEDCARD_CONTROL_DMAEN	0x08	/* its rise starts, 0 drops DREQ */
#define CEDCARD_CONTROL_TO1401	0x10	/* direction: memory to 1401 */
#define CEDCARD_CONTROL_FIFO	0x20	/* the card's FIFO, not a block */
#define CEDCARD_CONTROL_TEST	0x40	/* at RESET's fall: self-test */
#define CEDCARD_CONTROL_RESET	0x80	/* while 1 the 1401 is in reset */
#define CEDCARD_CONTROL_IE	(CEDCARD_CONTROL_IE_RX | \
				 CEDCARD_CONTROL_IE_TX | \
				 CEDCARD_CONTROL_IE_DMA)

/*
 * Port 2 read, CAUSE: which interrupts are enabled and standing. The line is
 * high while any of the first three is 1.
 */
#define CEDCARD_CAUSE		2
#define CEDCARD_CAUSE_RX	0x01
#define CEDCARD_CAUSE_TX	0x02
#define CEDCARD_CAUSE_DMA	0x04
#define CEDCARD_CAUSE_ODD	0x08	/* last word carried a pad byte (with EOB) */
#define CEDCARD_CAUSE_LINE	(CEDCARD_CAUSE_RX | CEDCARD_CAUSE_TX | \
				 CEDCARD_CAUSE_DMA)

/*
 * Port 2 write, ACK: a 1 clears that latch alone; the latches' bits are those of
 * STATUS. A latch that is set in the instant of its ACK stays set.
 */
#define CEDCARD_ACK		2
#define CEDCARD_ACK_LATCHES	CEDCARD_STATUS_LATCHES
#define CEDCARD_ACK_ABANDON	0x80	/* end the waiting or running block */

/* Port 3 read, ID */
#define CEDCARD_ID		3
#define CEDCARD_ID_VALUE	0x14

/* Port 4 read, TYPE of the 1401, also while it is off */
#define CEDCARD_TYPE		4
#define CEDCARD_TYPE_STANDARD	4
#define CEDCARD_TYPE_MICRO	5
#define CEDCARD_TYPE_PLUS	6
#define CEDCARD_TYPE_POWER	7

/* Port 5 read, STATE: what the 1401 is doing */
#define CEDCARD_STATE		5
#define CEDCARD_STATE_IDLE	0
#define CEDCARD_STATE_CHARS	1	/* sending characters */
#define CEDCARD_STATE_SEND	2	/* sending a block */
#define CEDCARD_STATE_READ	3	/* reading a block */
#define CEDCARD_STATE_REQUEST	4	/* sending a request */
#define CEDCARD_STATE_TEST	0x80	/* testing itself, or failed to */

/* Port 5 write, MODE */
#define CEDCARD_MODE		5
#define CEDCARD_MODE_CONT	0x01	/* go on after terminal count */

/*
 * Ports 6 and 7 read. While STATE is CEDCARD_STATE_TEST: port 6 is the self-test's
 * code (0: running), port 7 gives x low, x high, y low, y high on successive
 * reads, and RESET rewinds it. Else they are LAPS: the terminal counts since
 * DMAEN's rise, modulo 65536; reading port 6, the low byte, freezes port 7, the
 * high byte.
 */
#define CEDCARD_CODE		6
#define CEDCARD_XY		7
#define CEDCARD_LAPS_LOW	6
#define CEDCARD_LAPS_HIGH	7

/* Times of the contract */
#define CEDCARD_RESET_MS	10	/* from RESET's fall to a usable 1401 */

#endif /* _HW_CED1401_CARD_H */
