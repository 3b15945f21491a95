/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of ced1401_floor and ced1401_pte, for their own programs. The answer is the
 * return value.
 */
#ifndef CED1401_FLOOR_H
#define CED1401_FLOOR_H

#include <linux/ioctl.h>

#define FLOOR_NOTHING	_IO(0xFB, 0)	/* a system call that does nothing */
#define FLOOR_START	_IO(0xFB, 1)	/* 64 bytes of the FIFO; clears poll */
#define FLOOR_STOP	_IO(0xFB, 2)
#define FLOOR_BARE	_IO(0xFB, 3)	/* START, STOP: instructions to DMAEN */
#define FLOOR_HANDLER	_IO(0xFB, 4)	/* from the line's rise to the handler's end */

#define FLOOR_PTE	_IO(0xFB, 5)	/* (address): its entry's flags */

#endif /* CED1401_FLOOR_H */
