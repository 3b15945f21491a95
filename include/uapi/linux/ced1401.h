/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The user ABI of the ced1401 driver: DMA buffers of one's own, the character
 * link to the 1401, and transfers by ISA DMA. The same for 32- and 64-bit
 * programs.
 *
 * Each open file of /dev/ced1401 is a session with up to CED1401_BUFFERS
 * DMA buffers:
 *
 *	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
 *		 CED1401_BUF_OFFSET(n));
 *
 * is the malloc: the first mapping of buffer n allocates it, zeroed and
 * contiguous, below 16 MiB; later ones map the same memory. Errors of mmap:
 * EINVAL (size 0, beyond CED1401_BUF_MAX or the buffer, MAP_PRIVATE, an offset
 * that names no buffer), EPERM (PROT_EXEC), EACCES (a writable map of a
 * read-only open, or of the status pages), EDQUOT (over a limit of the module), ENOMEM
 * (no DMA memory), EIO (something translates between memory and DMA: an IOMMU, a
 * bounce buffer), ENODEV (the card is gone).
 *
 * A user has at most 256 sessions (CAP_SYS_RESOURCE has no such limit): the next
 * open(2) gives EDQUOT (or ENOMEM). A mapping keeps its session.
 *
 * write(2) sends characters to the 1401 and read(2) receives them. write claims the
 * 1401 and waits for its turn: EAGAIN (O_NONBLOCK), EBUSY (the session lost the 1401
 * meanwhile), EINTR, ENODEV (it is off, unplugged, gone). read does not claim: it sleeps
 * (EAGAIN with O_NONBLOCK) until this session has the 1401 and a character waits; EINTR,
 * ENODEV.
 *
 * poll(2): EPOLLIN when characters wait, EPOLLOUT when there is room for some (or the
 * 1401 is free), EPOLLPRI when a transfer has news that CED1401_IOC_STATUS has not yet
 * told, EPOLLRDBAND and EPOLLWRBAND when a ring holds what its threshold asks for,
 * EPOLLERR and EPOLLPRI when the 1401 was switched off or unplugged, until STATUS has
 * told that, EPOLLHUP and EPOLLERR when the card is gone.
 *
 * A read-only open may poll, map PROT_READ, and call WAIT, STATUS, BUF_INFO and
 * FREE; it never has the 1401, so that read(2) finds nothing, and every other ioctl gives
 * EACCES.
 *
 * Every reserved field and unknown flag must be 0, else EINVAL. Every call gives ENODEV
 * once the card is gone, and EFAULT if its argument cannot be read or its answer cannot
 * be written. A call that gives EFAULT or ENOMEM has changed nothing, but for these: a
 * STOP has stopped (and STATUS still tells how), and after mmap's ENOMEM the buffer may
 * be there, to be mapped or FREEd.
 */
#ifndef _UAPI_LINUX_CED1401_H
#define _UAPI_LINUX_CED1401_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CED1401_BUFFERS		64		/* buffers of a session, 0..63 */
#define CED1401_BUF_MAX		0x400000	/* bytes of the largest buffer */
#define CED1401_AREAS		8		/* areas of a session, 0..7 */
#define CED1401_TRANSFERS	64		/* transfers of a session */

/* The offset for mmap of buffer n; its low 24 bits may choose a page in it */
#define CED1401_BUF_SHIFT	24
#define CED1401_BUF_OFFSET(n)	((__u32)(n) << CED1401_BUF_SHIFT)

/* The offsets for mmap of struct ced1401_status_page and struct ced1401_control_page */
#define CED1401_STATUS_OFFSET	0x7f000000u
#define CED1401_STATUS_SIZE	8192		/* bytes */
#define CED1401_CONTROL_OFFSET	0x7e000000u
#define CED1401_CONTROL_SIZE	4096		/* bytes */

/**
 * struct ced1401_alloc - find a free buffer (CED1401_IOC_ALLOC)
 * @size:	in: bytes wanted, 1 to CED1401_BUF_MAX
 * @buffer:	out: the buffer's number, now reserved for a mapping of this size
 * @reserved:	0
 *
 * No memory is taken before the first mapping, which must be of @size bytes at
 * the most; CED1401_IOC_FREE gives the number back. So threads of one program do
 * not collide. Errors: EINVAL, ENOSPC (all numbers are taken).
 */
struct ced1401_alloc {
	__u64 size;
	__u32 buffer;
	__u32 reserved;
};

/**
 * struct ced1401_free - give a buffer back (CED1401_IOC_FREE)
 * @buffer:	in: its number
 * @reserved:	0
 *
 * Its transfers are stopped first (-ECANCELED). The number is free at once; the
 * memory stays with the mappings of it and goes with the last one.
 * Errors: EINVAL (no such number), ENOENT (no such buffer).
 */
struct ced1401_free {
	__u32 buffer;
	__u32 reserved;
};

/* ced1401_buf_info.flags */
#define CED1401_BUF_ALLOCATED	0x1	/* it has memory */
#define CED1401_BUF_BUSY	0x2	/* a transfer that has not ended uses it */

/**
 * struct ced1401_buf_info - about a buffer (CED1401_IOC_BUF_INFO)
 * @buffer:	in: its number
 * @flags:	out: CED1401_BUF_*
 * @size:	out: bytes that can be mapped, a multiple of the page size
 * @charged:	out: bytes that count against the limits: what the kernel's
 *		allocator really spends
 * @maps:	out: mappings that exist now, those of children included
 * @reserved:	0
 *
 * Errors: EINVAL, ENOENT (neither allocated nor reserved).
 */
struct ced1401_buf_info {
	__u32 buffer;
	__u32 flags;
	__u64 size;
	__u64 charged;
	__u32 maps;
	__u32 reserved;
};

/* ced1401_start.flags: one of each of the first two pairs must be set */
#define CED1401_TO_HOST		0x01	/* the 1401's data into the buffer */
#define CED1401_TO_1401		0x02	/* the buffer's data to the 1401 */
#define CED1401_NOW		0x10	/* the card's FIFO, starting at once */
#define CED1401_ON_REQUEST	0x20	/* blocks that the 1401 asks for */
/* and, if wanted: */
#define CED1401_CIRCULAR	0x100	/* a ring, without end until STOP */

/**
 * struct ced1401_start - start a transfer (CED1401_IOC_START)
 * @buffer:	in: the buffer's number; it must have memory
 * @flags:	in: CED1401_TO_HOST or CED1401_TO_1401, and CED1401_NOW or
 *		CED1401_ON_REQUEST; CED1401_CIRCULAR
 * @offset:	in: where in the buffer it begins, bytes
 * @length:	in: its size, bytes, at least 1
 * @area:	in: ON_REQUEST: the area, 0..7, that requests name; NOW: 0
 * @id:		out: the transfer's id, never 0; of no meaning if START fails
 * @threshold:	in: CIRCULAR: poll says EPOLLRDBAND (TO_HOST) or EPOLLWRBAND
 *		(TO_1401) while so many bytes or more wait to be consumed, also after
 *		its end, until FREE; 0: never. A NOW ring is looked at for it while it
 *		is polled: EPOLLET may miss it
 * @reserved:	0
 *
 * A NOW transfer moves the card's FIFO, for a 1401 that streams without asking
 * (XFIFO, XFOUT). It claims the 1401, waits in the session's queue, and ends
 * when @length bytes have moved or the stream has stopped and the FIFO is
 * empty. An ON_REQUEST transfer makes the memory an area: the 1401's requests
 * (TOHOST, TO1401) move parts of it until it is stopped, while this session has
 * the 1401.
 *
 * A CIRCULAR transfer uses its memory as a ring, from the end on to the start. It
 * ends by STOP, or when it is NOW and its stream has stopped. TO_HOST the reader
 * copies what is new and tells so by CED1401_IOC_CONSUME. TO_1401 the ring is full
 * at START, and the writer fills what has gone and tells so by the same call. NOW:
 * the stream does not wait; CONSUME and STATUS tell what it went over before its
 * time. ON_REQUEST: the offset of a request is not used, its data go behind the last
 * ones, and a request with no room waits until there is some, so nothing is lost;
 * one larger than the ring is refused.
 *
 * Errors: EINVAL (flags, range, a threshold beyond the ring; on a 16-bit channel a
 * NOW transfer of odd length, a ring of odd offset or length), ENOENT (no such
 * buffer), EBUSY (the area is in use, or CED1401_TRANSFERS transfers have not
 * ended), EAGAIN (NOW: another session has the 1401 and the file is O_NONBLOCK), EINTR
 * (NOW: while it waited for its turn), ENOMEM, ENODEV (the 1401 is off or unplugged).
 */
struct ced1401_start {
	__u32 buffer;
	__u32 flags;
	__u64 offset;
	__u64 length;
	__u32 area;
	__u32 id;
	__u64 threshold;
	__u64 reserved;
};

/**
 * struct ced1401_stop - stop a transfer (CED1401_IOC_STOP)
 * @id:		in: the transfer
 * @reserved:	0
 * @bytes:	out: bytes that it moved in all
 * @time_ns:	out: CLOCK_MONOTONIC when that was read
 * @error:	out: -ECANCELED, or how it had ended before
 * @reserved2:	0
 *
 * When it returns, the DMA channel is masked and the card disabled: not a byte
 * of the buffer changes any more. A block of it that waits or moves is
 * abandoned, and the 1401's next ERR says so. Its news count as read.
 * Errors: EINVAL, ENOENT (no transfer of this session has that id).
 */
struct ced1401_stop {
	__u32 id;
	__u32 reserved;
	__u64 bytes;
	__u64 time_ns;
	__s32 error;
	__u32 reserved2;
};

/* ced1401_status.state, ced1401_wait.state */
#define CED1401_STATE_NONE	0	/* id 0: no transfer */
#define CED1401_STATE_QUEUED	1	/* NOW: another goes first */
#define CED1401_STATE_ARMED	2	/* ON_REQUEST: no request at present */
#define CED1401_STATE_WAITING	3	/* ON_REQUEST: a request waits its turn */
#define CED1401_STATE_RUNNING	4	/* the DMA channel works for it */
#define CED1401_STATE_DONE	5	/* ended, all is well */
#define CED1401_STATE_FAILED	6	/* ended, error tells why */

/* ced1401_status.events: what happened since the last STATUS */
#define CED1401_EVENT_END	0x01	/* the transfer has ended */
#define CED1401_EVENT_BLOCK	0x02	/* a block of it has ended */
#define CED1401_EVENT_WAITING	0x04	/* a request for it had to wait */
#define CED1401_EVENT_REFUSED	0x08	/* a request for it was refused */
#define CED1401_EVENT_STRAY	0x10	/* session: a request for no area of it */
#define CED1401_EVENT_OFFLINE	0x20	/* session: the 1401 went off */
#define CED1401_EVENT_RESET	0x40	/* session: it came back, or the PC woke: reset */
#define CED1401_EVENT_OVERRUN	0x80	/* a ring was gone over before its time */

/* ced1401_status.link: the 1401 as this session sees it now */
#define CED1401_LINK_MINE	0x1	/* this session has it */
#define CED1401_LINK_OTHER	0x2	/* another session has it */
#define CED1401_LINK_POWER	0x4	/* it is switched on */
#define CED1401_LINK_CABLE	0x8	/* its cable is connected */
/*
 * Nobody has it, and it is as who had it left it by RELEASE: outputs may stand, and what it
 * does goes on, until another session claims it
 */
#define CED1401_LINK_LEFT	0x10

/**
 * struct ced1401_status - how a transfer stands (CED1401_IOC_STATUS)
 * @id:		in: the transfer, or 0 to ask for the session alone
 * @state:	out: CED1401_STATE_*
 * @error:	out: 0 or a negative errno: why it FAILED, or what befell a block
 *		of it since the last STATUS: -ECANCELED (stopped: STOP, FREE, reset,
 *		the link given up, suspend), -ENODEV (switched off, unplugged), -ETIMEDOUT
 *		(a block stood still, or terminal count did not come, for 5 s), -EIO
 *		(the card's error), -EPIPE (the 1401 ended a block early)
 * @events:	out: CED1401_EVENT_* since the last STATUS; the session's own are
 *		told by a STATUS of any id
 * @bytes:	out: bytes moved since START, those of the block under way included
 * @position:	out: where in the transfer the next byte goes, bytes
 * @time_ns:	out: CLOCK_MONOTONIC at which @bytes was seen
 * @length:	out: the size that START gave
 * @lost:	out: CIRCULAR: bytes gone over before they were consumed; those that
 *		CONSUME has told of included
 * @blocks:	out: blocks that were asked for and moved whole
 * @refused:	out: requests for it that were refused; id 0: all of this session
 * @buffer:	out: the buffer's number at START
 * @area:	out: START's
 * @flags:	out: START's
 * @link:	out: CED1401_LINK_*
 * @consumed:	out: CIRCULAR: bytes consumed since START
 * @reserved:	0
 *
 * EPOLLPRI stands until every transfer with news has been asked for. The last
 * CED1401_TRANSFERS transfers can be asked for.
 * Errors: EINVAL, ENOENT (no transfer of this session has that id).
 */
struct ced1401_status {
	__u32 id;
	__u32 state;
	__s32 error;
	__u32 events;
	__u64 bytes;
	__u64 position;
	__u64 time_ns;
	__u64 length;
	__u64 lost;
	__u32 blocks;
	__u32 refused;
	__u32 buffer;
	__u32 area;
	__u32 flags;
	__u32 link;
	__u64 consumed;
	__u64 reserved;
};

/**
 * struct ced1401_wait - sleep until a transfer gets somewhere (CED1401_IOC_WAIT)
 * @id:		in: the transfer, or 0 for any; out: which it was
 * @reserved:	0
 * @bytes:	in: return when so many bytes have moved since START; 0: only at
 *		the end
 * @deadline_ns: in: CLOCK_MONOTONIC to give up at; 0: never
 * @state:	out: CED1401_STATE_*
 * @error:	out: as ced1401_status.error
 * @moved:	out: bytes moved since START
 * @time_ns:	out: CLOCK_MONOTONIC at which @moved was seen
 *
 * Returns when the transfer has ended, has moved @bytes, or has an error that
 * STATUS has not told. With id 0 transfers whose end STATUS or STOP has told do
 * not count. A signal interrupts it; it may be restarted. Errors: EINVAL, ENOENT
 * (no such transfer, or with id 0 none to wait for), ETIMEDOUT (the deadline;
 * @id to @time_ns are not written), EINTR, ENODEV.
 */
struct ced1401_wait {
	__u32 id;
	__u32 reserved;
	__u64 bytes;
	__u64 deadline_ns;
	__u32 state;
	__s32 error;
	__u64 moved;
	__u64 time_ns;
};

/**
 * struct ced1401_consume - so much of a ring is read, or filled (CED1401_IOC_CONSUME)
 * @id:		in: a CIRCULAR transfer
 * @reserved:	0
 * @bytes:	in: bytes read (TO_HOST) or filled (TO_1401) behind the last ones; 0
 *		only asks
 * @overwritten: out: how many of these the stream had gone over by then: of the
 *		oldest. TO_HOST they were overwritten, what was copied of them may be
 *		newer; TO_1401 they were played before they were filled
 * @moved:	out: bytes moved since START, as now
 * @consumed:	out: bytes consumed since START, these included: the next one is at
 *		@consumed modulo the ring's length
 * @time_ns:	out: CLOCK_MONOTONIC at which @moved was seen
 *
 * Copy first, then consume: what is not in @overwritten was whole. @moved minus
 * @consumed bytes wait; more than the ring's length means that it was overrun.
 * Errors: EINVAL (not CIRCULAR, more than there is), ENOENT (no such transfer).
 */
struct ced1401_consume {
	__u32 id;
	__u32 reserved;
	__u64 bytes;
	__u64 overwritten;
	__u64 moved;
	__u64 consumed;
	__u64 time_ns;
};

/**
 * struct ced1401_slot_status - how the transfer stands that was started last on a buffer
 * @seq:	odd while the rest is being written, another after that
 * @id:		the transfer, 0: none yet. At the first mapping of the page all that
 *		can be asked for are entered
 * @state:	CED1401_STATE_*
 * @error:	as ced1401_status.error
 * @bytes:	bytes moved since START, as seen at @time_ns
 * @position:	where in the transfer the next byte goes, bytes
 * @time_ns:	CLOCK_MONOTONIC
 * @consumed:	CIRCULAR: bytes consumed since START, as known at @time_ns
 * @lost:	CIRCULAR: of these, and of what waits, so many were gone over
 * @length:	the size that START gave
 * @events:	CED1401_EVENT_* that STATUS has not yet told
 * @stalled:	CIRCULAR, ON_REQUEST: not 0 while a request waits for room in the ring
 * @blocks:	blocks that were asked for and moved whole
 * @refused:	requests for it that were refused
 * @reserved:	0
 *
 * Read @seq, then what is wanted, then @seq again, in that order (a read barrier behind
 * the first and before the last); if the two are not the same, or odd, read anew. A 32-bit
 * program, which reads 64 bits in two halves, sees no mixture so.
 */
struct ced1401_slot_status {
	__u32 seq;
	__u32 id;
	__u32 state;
	__s32 error;
	__u64 bytes;
	__u64 position;
	__u64 time_ns;
	__u64 consumed;
	__u64 lost;
	__u64 length;
	__u32 events;
	__u32 stalled;
	__u32 blocks;
	__u32 refused;
	__u32 reserved[12];
};

/**
 * struct ced1401_slot_control - what the program says of its buffer's transfer
 * @consumed:	CIRCULAR: the low 32 bits of the bytes that it has consumed since START
 * @reserved:	not looked at
 */
struct ced1401_slot_control {
	__u32 consumed;
	__u32 reserved[15];
};

/**
 * struct ced1401_status_page - what a session's program reads without a system call
 * @slot:	for each buffer, by number
 *
 * mmap(NULL, CED1401_STATUS_SIZE, PROT_READ, MAP_SHARED, fd, CED1401_STATUS_OFFSET).
 * PROT_WRITE gives EACCES. While it is mapped, the kernel looks where a NOW transfer is
 * each quarter of its length, at least each 50 ms and at most each ms, or earlier if somebody
 * waits for less; without, it looks when it is asked. All else stands here as it happens.
 */
struct ced1401_status_page {
	struct ced1401_slot_status slot[CED1401_BUFFERS];
};

/**
 * struct ced1401_control_page - what a session's program writes without a system call
 * @slot:	for each buffer, by number
 *
 * mmap(NULL, CED1401_CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
 * CED1401_CONTROL_OFFSET). A store of ced1401_slot_control.consumed is a CONSUME: START sets
 * it to 0, and CONSUME to what it consumed. Copy first, then store (a release store).
 *
 * The kernel reads it when it looks at the ring next, and counts as consumed then what was
 * stored; so it tells no overwritten bytes. Those come in ced1401_slot_status.lost, at the
 * latest with the first @time_ns behind the store. They may be too many, never too few:
 * bytes that were copied, and gone over before the kernel looked, count. While less than
 * half of the ring waits, that cannot be but when the kernel comes late by a look. Who
 * must know at once which bytes were whole calls CONSUME.
 *
 * What is beyond what has moved, or before what was consumed, is as if not stored: it can be
 * corrected. Who consumes more than 4 GiB at a time, which a ring has long gone over, calls
 * CONSUME.
 *
 * After a store, behind a full barrier, look at ced1401_slot_status.stalled: if it is not 0,
 * call CED1401_IOC_KICK. If that is left out, the request has its turn within 100 ms.
 */
struct ced1401_control_page {
	struct ced1401_slot_control slot[CED1401_BUFFERS];
};

#define CED1401_IOC_MAGIC	0xCD

#define CED1401_IOC_ALLOC	_IOWR(CED1401_IOC_MAGIC, 1, struct ced1401_alloc)
#define CED1401_IOC_FREE	_IOW(CED1401_IOC_MAGIC, 2, struct ced1401_free)
#define CED1401_IOC_BUF_INFO	_IOWR(CED1401_IOC_MAGIC, 3, struct ced1401_buf_info)
#define CED1401_IOC_START	_IOWR(CED1401_IOC_MAGIC, 4, struct ced1401_start)
#define CED1401_IOC_STOP	_IOWR(CED1401_IOC_MAGIC, 5, struct ced1401_stop)
#define CED1401_IOC_STATUS	_IOWR(CED1401_IOC_MAGIC, 6, struct ced1401_status)
#define CED1401_IOC_WAIT	_IOWR(CED1401_IOC_MAGIC, 7, struct ced1401_wait)

/*
 * CED1401_IOC_CLAIM - take the 1401 for this session, or wait for one's turn
 *
 * Sessions are served in the order in which they asked; only a fatal signal ends
 * the wait. What the session before left is gone then: its transfers are stopped
 * and the 1401 is reset. write(2), START of a NOW transfer and RESET claim too.
 * Errors: EAGAIN (another session has it and the file is O_NONBLOCK), EINTR,
 * ENODEV.
 */
#define CED1401_IOC_CLAIM	_IO(CED1401_IOC_MAGIC, 8)

/*
 * CED1401_IOC_RELEASE - give the 1401 up, as it is
 *
 * The session's transfers are stopped (-ECANCELED). The 1401 goes on with what it
 * does until another session claims it. Characters that it has not taken yet go on to
 * it while any session is open: wait for a reply before the last one is closed. A program
 * that closes its last descriptor, or dies, without this call has the 1401 reset at once
 * instead.
 * Errors: EBUSY (this session does not have it).
 */
#define CED1401_IOC_RELEASE	_IO(CED1401_IOC_MAGIC, 9)

/*
 * CED1401_IOC_RESET - reset the 1401: outputs at rest, programs stopped
 *
 * Stops the session's transfers (-ECANCELED) and empties both character buffers.
 * Claims the 1401 if nobody has it. Errors: EBUSY (another session has it),
 * ENODEV (switched off or unplugged), EIO (it did not come back in time).
 */
#define CED1401_IOC_RESET	_IO(CED1401_IOC_MAGIC, 10)

#define CED1401_IOC_CONSUME	_IOWR(CED1401_IOC_MAGIC, 11, struct ced1401_consume)

/*
 * CED1401_IOC_KICK - there is room in a ring: serve the request that waits for it
 *
 * For who consumes by struct ced1401_control_page. Does nothing if none waits. Errors:
 * ENODEV.
 */
#define CED1401_IOC_KICK	_IO(CED1401_IOC_MAGIC, 12)

#endif /* _UAPI_LINUX_CED1401_H */
