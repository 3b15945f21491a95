/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The ioctls of CED's own library use1401, which this driver answers too. New
 * programs find the driver's own interface in <linux/ced1401.h>.
 *
 * Numbers, structures and codes are CED's, gathered from their published Linux
 * sources; docs/protocol.md tells what each call does. The result is the return
 * value of ioctl(2): 0 or a count, or a code of CEDERR_*. The C library turns a
 * negative code -n into -1 with errno n: that is what programs see.
 *
 * Structures have each ABI's natural alignment.
 */
#ifndef _UAPI_LINUX_CED1401_CED_H
#define _UAPI_LINUX_CED1401_CED_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CEDIOC_MAGIC		0xCE
#define CEDIOC_AREA_MAX		0x100000	/* bytes of the largest area */
#define CEDIOC_TX_ENTRIES	257

/**
 * struct cedioc_desc - an area: user memory that the 1401 may address
 * @address:	its first byte
 * @length:	bytes, 1 to CEDIOC_AREA_MAX
 * @area:	its number, 0..7
 * @to_host:	of a circular area: not 0: the 1401 fills it
 */
struct cedioc_desc {
	__s64 address;
	__u32 length;
	__u16 area;
	__s16 to_host;
};

/**
 * struct cedioc_event - what transfers to wait for
 * @start:	of the range in the area, bytes
 * @length:	of the range, bytes; of a circular area to the host: how many bytes
 *		it must hold; 0 disarms
 * @area:	the area, 0..7
 * @flags:	1: transfers to the host, else to the 1401
 * @set:	not used
 */
struct cedioc_event {
	__u32 start;
	__u32 length;
	__u16 area;
	__u16 flags;
	__s32 set;
};

/* A part of a circular area, bytes */
struct cedioc_circ {
	__u32 area;
	__u32 offset;
	__u32 size;
};

/* @code: 0 running, -1 done, -2 timed out, > 0 an error that @x and @y explain */
struct cedioc_selftest {
	__s32 code;
	__s32 x;
	__s32 y;
};

/* Diagnostics of CED's USB interface, which an ISA card has no equal of */
struct cedioc_debug {
	__s32 address;
	__s32 repeats;
	__s32 width;
	__s32 default_value;
	__s32 mask;
	__s32 data;
};

/* The current area: 4136 bytes for 64-bit programs, 3104 for i386 */
struct cedioc_tx_entry {
	__s64 address;		/* of user memory; never a physical one */
	long size;
};

struct cedioc_tx {
	__s64 linear;
	long size;
	__s16 segment;
	__s16 reserved;
	__s16 avail;
	__s16 used;
	struct cedioc_tx_entry entries[CEDIOC_TX_ENTRIES];
};

#define CEDIOC_SEND_STRING(n)	_IOC(_IOC_WRITE, CEDIOC_MAGIC, 2, n)
#define CEDIOC_RESET		_IO(CEDIOC_MAGIC, 3)
#define CEDIOC_GET_CHAR		_IO(CEDIOC_MAGIC, 4)
#define CEDIOC_SEND_CHAR	_IO(CEDIOC_MAGIC, 5)
#define CEDIOC_CHARS		_IO(CEDIOC_MAGIC, 6)
#define CEDIOC_LINES		_IO(CEDIOC_MAGIC, 7)
#define CEDIOC_GET_STRING(n)	_IOC(_IOC_READ, CEDIOC_MAGIC, 8, n)
#define CEDIOC_SET_AREA		_IOW(CEDIOC_MAGIC, 11, struct cedioc_desc)
#define CEDIOC_UNSET_AREA	_IO(CEDIOC_MAGIC, 12)
#define CEDIOC_SET_EVENT	_IOW(CEDIOC_MAGIC, 13, struct cedioc_event)
#define CEDIOC_OUT_ROOM		_IO(CEDIOC_MAGIC, 14)
#define CEDIOC_BASE		_IO(CEDIOC_MAGIC, 15)
#define CEDIOC_REVISION		_IO(CEDIOC_MAGIC, 16)
#define CEDIOC_GET_TX		_IOR(CEDIOC_MAGIC, 17, struct cedioc_tx)
#define CEDIOC_KILL_IO		_IO(CEDIOC_MAGIC, 18)
#define CEDIOC_BLOCK_MOVES	_IO(CEDIOC_MAGIC, 19)
#define CEDIOC_STATE		_IO(CEDIOC_MAGIC, 23)
#define CEDIOC_GRAB		_IO(CEDIOC_MAGIC, 25)
#define CEDIOC_FREE		_IO(CEDIOC_MAGIC, 26)
#define CEDIOC_START_TEST	_IO(CEDIOC_MAGIC, 31)
#define CEDIOC_CHECK_TEST	_IOR(CEDIOC_MAGIC, 32, struct cedioc_selftest)
#define CEDIOC_TYPE		_IO(CEDIOC_MAGIC, 33)
#define CEDIOC_FLAGS		_IO(CEDIOC_MAGIC, 34)
#define CEDIOC_DEBUG_FIRST	35
#define CEDIOC_DEBUG_LAST	40
#define CEDIOC_FULL_RESET	_IO(CEDIOC_MAGIC, 41)
#define CEDIOC_SET_CIRCULAR	_IOW(CEDIOC_MAGIC, 42, struct cedioc_desc)
#define CEDIOC_GET_CIRC		_IOWR(CEDIOC_MAGIC, 43, struct cedioc_circ)
#define CEDIOC_FREE_CIRC	_IOWR(CEDIOC_MAGIC, 44, struct cedioc_circ)
#define CEDIOC_WAIT_EVENT	_IO(CEDIOC_MAGIC, 45)
#define CEDIOC_TEST_EVENT	_IO(CEDIOC_MAGIC, 46)

/* CEDIOC_FLAGS */
#define CEDIOC_FLAG_DMA		1
#define CEDIOC_FLAG_AREAS	2
#define CEDIOC_FLAG_FIFO	4
#define CEDIOC_FLAG_EVENTS	16
#define CEDIOC_FLAG_CIRC_HOST	128
#define CEDIOC_FLAG_DEBUG	256
#define CEDIOC_FLAG_CIRC_1401	512

/* Codes, as errno */
#define CEDERR_OFF		1000	/* the 1401 is switched off */
#define CEDERR_NOT_CONNECTED	1001	/* its cable is not plugged in */
#define CEDERR_ILL		1002
#define CEDERR_NO_CARD		1003
#define CEDERR_NOT_READY	1004
#define CEDERR_SWITCHES		1005
#define CEDERR_NO_INTERRUPT	1007
#define CEDERR_IN_USE		1008	/* another program has it */
#define CEDERR_NO_DMA		1009
#define CEDERR_NO_FUNCTION	1020
#define CEDERR_NO_ROOM		1022	/* in the output buffer */
#define CEDERR_NO_INPUT		1023
#define CEDERR_TOO_LONG		1024
#define CEDERR_LOCK		1025	/* the memory cannot be used */
#define CEDERR_UNLOCK		1026	/* the area is busy */
#define CEDERR_SET		1027
#define CEDERR_NOT_SET		1028
#define CEDERR_BAD_AREA		1029
#define CEDERR_FAILED		1030
#define CEDERR_NO_MEMORY	1103

#endif /* _UAPI_LINUX_CED1401_CED_H */
