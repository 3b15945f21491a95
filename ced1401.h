/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types and calls that the module's files share.
 *
 * Calls go one way: file operations -> cedabi, mmap -> link -> transfer -> engine ->
 * shared, dmabuf, pin -> card, isadma. A lower file calls up only through what it was handed:
 * struct ced_card_events by the card, struct ced_transfer_ops by a transfer.
 *
 * Lock order, outermost first. Each is named beside what it guards.
 *
 *	ced_session.read_lock	held over copies to user memory, so outside:
 *	  mmap_lock		the kernel's, of the caller's address space
 *	    ced_session.lock	the session's buffers
 *	      ced_card.mutex	slow things with the card: reset, switching on
 *	      ced_card.buffers_lock
 *	        ced_card.lock	spinlock, taken with interrupts off
 *	          dma_spin_lock	the kernel's, inside isadma.c only
 *
 * No copy to or from user memory and no page fault happens under ced_session.lock
 * or anything below it. No hard-irq hrtimer and no IRQF_NO_THREAD handler may
 * come here: on PREEMPT_RT the spinlocks sleep.
 */
#ifndef _CED1401_H
#define _CED1401_H

#include <linux/hrtimer.h>
#include <linux/kfifo.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "include/hw/ced1401-card.h"
#include "include/uapi/linux/ced1401.h"
#include "piece.h"
#include "request.h"

#define CED_DRIVER	"ced1401"
#define CED_CARDS	4	/* cards that the module can drive */
#define CED_RESTARTS	8	/* interrupted waits remembered in a session */
#define CED_USER_SESSIONS 256	/* open files of one user: some loops walk them all */
#define CED_CHARS	256	/* characters buffered each way (CED's protocol) */

struct ced_card;
struct ced_session;

/* Where the card turns up: what the module's parameters say */
struct ced_place {
	unsigned int io;	/* first port */
	int irq;		/* interrupt line, -1: probe for it */
	int dma;		/* ISA DMA channel: 1, 3, 5, 6 or 7 */
};

/**
 * struct ced_card_events - what the card calls when something happens
 * @rx:		characters are there; called with the card's lock held
 * @tx:		the card takes a character; called with the card's lock held
 * @dma:	TC, EOB or ERR is latched; called with the card's lock held
 * @tick:	every 100 ms while a file is open; process context, no locks
 */
struct ced_card_events {
	void (*rx)(struct ced_card *card);
	void (*tx)(struct ced_card *card);
	void (*dma)(struct ced_card *card);
	void (*tick)(struct ced_card *card);
};

/* What a self-test of the 1401 has found */
struct ced_selftest {
	bool testing;			/* it runs, or has failed */
	u8 code;			/* 0: running */
	u16 x;
	u16 y;
};

/* What can be read of the card without changing it, and the CONTROL shadow */
struct ced_registers {
	u8 status;
	u8 cause;
	u8 id;
	u8 type;
	u8 state;
	u8 control;
};

/* Counted since the card was found; under ced_card.lock */
struct ced_counts {
	u64 interrupts;
	u64 storms;		/* interrupts that never ended and were cut off */
	u64 characters_in;
	u64 characters_out;
	u64 blocks;		/* moved whole */
	u64 refused;		/* requests that were refused */
	u64 bytes_to_host;
	u64 bytes_to_1401;
	u64 resets;
};

/* The character link and who has it (link.c); under ced_card.lock */
struct ced_link {
	struct ced_session *holder;
	struct ced_session *last;	/* gave it up by RELEASE, nobody since */
	struct list_head waiters;	/* struct ced_waiter, in order of arrival */
	wait_queue_head_t wq;		/* woken when any of this changes */
	bool dirty;	/* the holder must reset the 1401 before it uses it */
	bool left;	/* there is no holder, and the last one left it as it was */
	bool clean;	/* nobody has used the 1401 since its last reset, or could have */
	u32 epoch;	/* counts the times that the buffers were emptied */
	struct ced_decoder decoder;
	unsigned long escape_at;	/* jiffies of the request's first byte */
	DECLARE_KFIFO(rx, u8, CED_CHARS);
	DECLARE_KFIFO(tx, u8, CED_CHARS);
};

/* What the DMA channel does (engine.c); under ced_card.lock */
struct ced_job {
	struct ced_transfer *transfer;	/* NULL: nothing */
	bool block;		/* a block that the 1401 asked for, not the FIFO */
	bool out;		/* direction: to the 1401 */
	bool again;		/* the 8237 goes round by itself: auto-initialise */
	u32 start;		/* where in the transfer the job began, bytes */
	u32 at;			/* and where the piece begins */
	u32 moved;		/* bytes of the pieces that are over; not @again */
	u64 left;		/* bytes that the job still has to move */
	struct ced_piece piece;	/* the one under way */
	u64 laps;		/* @again: whole rounds of the piece */
	bool astray;		/* @again: the 8237 has gone round uncounted */
	u32 seen;		/* bytes of the piece at the last tick */
	unsigned long moved_at;	/* jiffies when a tick last saw it move */
};

/* The transfer engine (engine.c); under ced_card.lock */
struct ced_engine {
	struct ced_session *session;	/* whose transfers are served, or NULL */
	struct ced_job job;
	bool request_waits;		/* @request waits for the channel */
	struct ced_request request;
	void *bounce;			/* the small buffer */
	dma_addr_t bounce_dma;
	struct hrtimer timer;		/* looks where a ring is while one waits */
	bool looking;			/* @timer is on, */
	u64 look_at_ns;			/* until then */
	u64 looked_at_ns;		/* @timer's last look, */
	u64 looked_bytes;		/* and what had moved then */
	u64 pace_ns;			/* the job's pace, as measured last: this long */
	u32 pace_bytes;			/* for so many; 0: not yet */
};

/**
 * struct ced_card - an interface card and all that hangs on it
 *
 * Lives until its last session ends, also after the device is gone (@gone).
 */
struct ced_card {
	struct kref ref;
	int index;
	struct device *dev;		/* not to be used once @gone is set */
	struct miscdevice misc;
	char name[16];
	struct ced_place place;
	bool wide;			/* on a 16-bit channel */
	bool syncs;			/* memory is handed over between card and processor */
	u8 type;			/* CEDCARD_TYPE_* */
	const struct ced_card_events *events;
	struct delayed_work tick;
	struct mutex mutex;		/* one reset of the 1401 at a time */
	struct dentry *debugfs;

	spinlock_t lock;		/* guards the ports and all up to @counts */
	bool gone;			/* unbound: no port may be touched */
	bool online;			/* 1401 on and plugged, as last seen */
	bool resetting;			/* a reset is under way */
	bool quiet;			/* interrupts off until the next tick */
	bool masked;			/* the line, too, at its controller */
	unsigned int in_vain;		/* interrupts without a cause of late */
	u8 control;			/* shadow of CONTROL without RESET, TEST */
	unsigned int users;		/* open files */
	struct list_head sessions;
	struct ced_link link;
	struct ced_engine engine;
	struct ced_counts counts;

	struct mutex buffers_lock;	/* guards @buffers and their @dev */
	struct list_head buffers;
};

/* One user's DMA memory, all sessions together (dmabuf.c) */
struct ced_user;

/**
 * struct ced_buffer - a DMA buffer
 *
 * References are held by the session's slot, by each mapping, and by each transfer that
 * was started on it until it was told that it has ended. The last one is always put in
 * process context, and before the session ends.
 */
struct ced_buffer {
	struct kref ref;
	struct ced_session *session;
	unsigned int number;		/* the slot that it was made for */
	void *memory;
	size_t size;			/* bytes that can be mapped */
	size_t charged;			/* bytes that it costs */
	dma_addr_t dma;			/* valid while @dev is set */
	struct device *dev;		/* under ced_card.buffers_lock */
	atomic_t maps;
	struct list_head node;		/* of ced_card.buffers */
};

/* A number for a buffer; under ced_session.lock. @buffer changes under ced_card.lock, too */
struct ced_slot {
	struct ced_buffer *buffer;
	u32 reserved;			/* bytes that ALLOC asked for, or 0 */
};

/**
 * struct ced_transfer_ops - what is special about an area of CED's ABI
 * @place:	where the block that a request asks for goes; false: it must wait
 * @over:	a block has moved, whole or not: @size bytes at @at
 * @release:	give back what the transfer holds besides its buffer; may sleep
 *
 * @place and @over are called with the card's lock held.
 */
struct ced_transfer_ops {
	bool (*place)(struct ced_transfer *transfer,
		      const struct ced_request *request, u32 *at);
	void (*over)(struct ced_transfer *transfer, bool out, u32 at, u32 size);
	void (*release)(struct ced_transfer *transfer);
};

/**
 * struct ced_pages - user memory that is pinned (pin.c)
 * @page:	the pages, in order
 * @count:	how many
 * @offset:	of the first byte in the first page
 * @writable:	the 1401's data may be written there
 * @mm:		whose RLIMIT_MEMLOCK they count against
 */
struct ced_pages {
	struct page **page;
	unsigned long count;
	u32 offset;
	bool writable;
	struct mm_struct *mm;
};

/* How a transfer stands, as seen at @time_ns, CLOCK_MONOTONIC */
struct ced_standing {
	u64 bytes;
	u64 position;
	u64 time_ns;
};

/**
 * struct ced_transfer - one DMA job of a session; under ced_card.lock
 *
 * An area of CED's ABI (@ops is set) is one, too: it serves both directions, and
 * outlives reset and loss of power; the ioctls of the native ABI do not see it.
 *
 * Kept after its end in ced_session.table, so that STATUS can tell about it, until
 * CED1401_TRANSFERS newer ones have come or the session ends. Once its end was told, it
 * lets go of its buffer and of ced_session.transfers.
 */
struct ced_transfer {
	struct list_head node;		/* of ced_session.transfers, by age */
	struct list_head queue;		/* of ced_session.queue, NOW only */
	struct ced_session *session;
	struct ced_buffer *buffer;	/* NULL once the ended transfer let go */
	struct ced_pages *pages;	/* the memory where there is no buffer */
	const struct ced_transfer_ops *ops;	/* NULL: a native transfer */
	unsigned int slot;
	u32 id;
	u32 flags;			/* START's */
	u32 area;
	u32 offset;			/* in the buffer, bytes */
	u32 length;			/* bytes */
	u32 threshold;			/* CIRCULAR: poll's, bytes, 0: none */
	u32 state;			/* CED1401_STATE_* */
	s32 error;
	u32 events;			/* CED1401_EVENT_* not yet told */
	u32 news;			/* counts the events */
	bool told;			/* STATUS or STOP has told its end */
	u64 bytes;			/* moved, as last seen */
	u32 position;			/* where the next byte goes, then */
	u64 time_ns;			/* and when that was */
	u64 wake_at;			/* wake who waits when so many have moved */
	u64 consumed;			/* CIRCULAR: bytes that CONSUME told of */
	u64 lost;			/* CIRCULAR: of these, overwritten */
	bool overrun;			/* CIRCULAR: told of, until consumed */
	u32 blocks;
	u32 refused;
	struct ced_standing seen;	/* what has moved, as last looked at or told */
};

static inline bool ced_to_1401(const struct ced_transfer *transfer)
{
	return transfer->flags & CED1401_TO_1401;
}

/* A ring in the native sense; a circular area of CED's keeps its own books */
static inline bool ced_circular(const struct ced_transfer *transfer)
{
	return transfer->flags & CED1401_CIRCULAR && !transfer->ops;
}

/* Of what is not consumed, bytes of a ring gone over when so many had moved since START */
static inline u64 ced_gone_over(const struct ced_transfer *transfer, u64 bytes)
{
	u64 room = transfer->consumed + transfer->length;

	return ced_circular(transfer) && bytes > room ? bytes - room : 0;
}

static inline bool ced_ended(const struct ced_transfer *transfer)
{
	return transfer->state >= CED1401_STATE_DONE;
}

/* A wait of CED's ABI that a signal interrupted, to be known when it comes again */
struct ced_restart {
	pid_t task;			/* 0: none */
	unsigned long arg;
	unsigned long stack;		/* the caller's stack pointer */
	u64 deadline_ns;		/* CLOCK_MONOTONIC */
};

/* The pages that a session shares with its program (shared.c) */
struct ced_shared;

/**
 * struct ced_session - an open file
 */
struct ced_session {
	struct ced_card *card;
	struct list_head node;		/* of ced_card.sessions */
	pid_t pid;			/* who opened it, for debugfs */
	wait_queue_head_t wq;		/* woken by news, characters, room */
	struct mutex read_lock;		/* one reader at a time */

	struct mutex lock;		/* guards @slots */
	struct ced_slot slots[CED1401_BUFFERS];

	struct ced_user *user;
	size_t charged;			/* under dmabuf.c's own lock */

	/* set once, under @lock and ced_card.lock */
	struct ced_shared *shared;

	/* under ced_card.lock */
	struct pid *claimer;		/* the process that claimed the link */
	struct list_head transfers;	/* by age, without those told of and done with */
	struct list_head queue;
	struct ced_transfer *areas[CED1401_AREAS];
	struct ced_transfer *table[CED1401_TRANSFERS];	/* the native ones, by id */
	struct ced_transfer *spare;	/* zeroed memory for the next; by xchg() alone */
	u32 last_id;
	u32 events;			/* CED1401_EVENT_*, the session's own */
	u32 refused;

	/* of CED's ABI (cedabi.c); under ced_card.lock but for @full_reset */
	u32 current_area;		/* the last that was active */
	u32 current_offset;		/* and where in it */
	bool full_reset;		/* the next reset is a full one */
	unsigned long test_until;	/* jiffies when the self-test is too slow */
	struct ced_selftest selftest;
	struct ced_restart restarts[CED_RESTARTS];
	unsigned int next_restart;	/* the slot to use again first */
};

/* The native transfers that are kept, by age: @i from 1 to CED1401_TRANSFERS; or NULL */
static inline struct ced_transfer *ced_kept(const struct ced_session *session,
					    unsigned int i)
{
	return session->table[(session->last_id + i) % CED1401_TRANSFERS];
}

/* isadma.c: the 8237 */
bool ced_isadma_present(void);
void ced_isadma_start(unsigned int channel, dma_addr_t address, u32 count,
		      bool to_1401, bool again);
void ced_isadma_stop(unsigned int channel);
u32 ced_isadma_residue(unsigned int channel);

/* card.c: the card's ports, its interrupt, the tick */
int ced_card_find(struct ced_card *card);
int ced_card_take_irq(struct ced_card *card);
void ced_card_drop_irq(struct ced_card *card);
void ced_card_wake(struct ced_card *card);
void ced_card_sleep(struct ced_card *card);
void ced_card_start_tick(struct ced_card *card);
void ced_card_stop_tick(struct ced_card *card);
bool ced_card_online(struct ced_card *card);
bool ced_card_still_online(struct ced_card *card);
u8 ced_card_status(struct ced_card *card);
bool ced_card_odd(struct ced_card *card);
u8 ced_card_state(struct ced_card *card);
u8 ced_card_get_char(struct ced_card *card);
void ced_card_put_char(struct ced_card *card, u8 c);
void ced_card_ack(struct ced_card *card, u8 bits);
void ced_card_control(struct ced_card *card, u8 clear, u8 set);
void ced_card_begin_reset(struct ced_card *card);
void ced_card_release_reset(struct ced_card *card, bool test);
void ced_card_end_reset(struct ced_card *card);
void ced_card_go_on(struct ced_card *card, bool on);
int ced_card_laps(struct ced_card *card);
void ced_card_selftest(struct ced_card *card, struct ced_selftest *selftest);
void ced_card_registers(struct ced_card *card,
			struct ced_registers *registers);

/* dmabuf.c: DMA memory */
extern unsigned int ced_limit_kb, ced_user_limit_kb, ced_session_limit_kb;
int ced_bounce_new(struct ced_card *card);
void ced_bounce_free(struct ced_card *card);
int ced_account_open(struct ced_session *session);
void ced_account_close(struct ced_session *session);
struct ced_buffer *ced_buffer_new(struct ced_session *session,
				  unsigned int number, size_t size);
void ced_buffer_get(struct ced_buffer *buffer);
void ced_buffer_put(struct ced_buffer *buffer);
void ced_buffers_unmap(struct ced_card *card);
void ced_sync_for_device(struct ced_card *card, dma_addr_t dma, u32 len);
void ced_sync_for_cpu(struct ced_card *card, dma_addr_t dma, u32 len);

/* pin.c: user memory as it is */
int ced_pin(struct ced_pages *pages, u64 address, u32 size);
void ced_unpin(struct ced_pages *pages);
void ced_pages_copy(const struct ced_pages *pages, u32 at, void *bounce,
		    u32 len, bool out);

/* shared.c: what a session shares with its program */
u32 ced_shared_id(const struct ced_transfer *transfer);
int ced_shared_get(struct ced_session *session);
void ced_shared_put(struct ced_session *session);
void *ced_shared_memory(struct ced_session *session, bool control);
void ced_shared_map(struct ced_session *session, int by);
bool ced_shared_watched(const struct ced_session *session);
void ced_shared_show(const struct ced_transfer *transfer, bool stalled);
void ced_shared_begin(struct ced_transfer *transfer);
void ced_shared_consumed(const struct ced_transfer *transfer);
u32 ced_shared_take(const struct ced_transfer *transfer, u64 most);

/* engine.c: the transfer engine */
void ced_engine_init(struct ced_card *card);
void ced_engine_exit(struct ced_card *card);
void ced_engine_end_all(struct ced_card *card, struct ced_session *session,
			int error);
void ced_engine_tell_all(struct ced_card *card, u32 event);
void ced_engine_serve(struct ced_card *card, struct ced_session *session);
void ced_engine_next(struct ced_card *card);
void ced_engine_queue(struct ced_card *card, struct ced_transfer *transfer);
void ced_engine_request(struct ced_card *card,
			const struct ced_request *request);
void ced_engine_refuse(struct ced_card *card);
void ced_engine_dma(struct ced_card *card);
void ced_engine_tick(struct ced_card *card);
void ced_engine_cancel(struct ced_card *card, struct ced_transfer *transfer,
		       int error);
struct ced_standing ced_engine_look(struct ced_card *card,
				    struct ced_transfer *transfer);
void ced_engine_wake_at(struct ced_card *card, struct ced_transfer *transfer,
			u64 bytes);
void ced_engine_check_overrun(struct ced_transfer *transfer, u64 bytes);
void ced_engine_consume(struct ced_transfer *transfer, u64 bytes, u64 moved);
void ced_engine_take(struct ced_transfer *transfer);
void ced_engine_show(struct ced_transfer *transfer);
void ced_engine_watch(struct ced_card *card);

/* transfer.c: a session's transfers */
int ced_transfer_enter(struct ced_transfer *transfer);
void ced_transfer_remove(struct ced_transfer *transfer);
void ced_transfer_dispose(struct ced_transfer *transfer);
bool ced_transfer_busy(const struct ced_transfer *transfer);
int ced_transfer_plan(struct ced_session *session,
		      struct ced1401_start *start);
int ced_transfer_start(struct ced_session *session,
		       const struct ced1401_start *start);
int ced_transfer_stop(struct ced_session *session, struct ced1401_stop *stop,
		      u32 *news);
int ced_transfer_status(struct ced_session *session,
			struct ced1401_status *status, u32 *news);
void ced_transfer_told(struct ced_session *session, u32 id, u32 events,
		       u32 news);
int ced_transfer_wait(struct ced_session *session, struct ced1401_wait *wait);
int ced_transfer_ask(struct ced_session *session,
		     struct ced1401_consume *consume);
int ced_transfer_consume(struct ced_session *session,
			 const struct ced1401_consume *consume);
void ced_transfer_kick(struct ced_session *session);
__poll_t ced_transfer_poll(struct ced_session *session);
bool ced_transfer_uses(const struct ced_session *session,
		       const struct ced_buffer *buffer);
void ced_transfer_free(struct ced_session *session, struct ced_buffer *buffer);

/* link.c: who has the 1401, and its characters */
extern const struct ced_card_events ced_link_events;
void ced_link_init(struct ced_card *card);
void ced_link_forget(struct ced_card *card);
int ced_link_claim(struct ced_session *session, bool nonblock);
int ced_link_claim_free(struct ced_session *session);
int ced_link_release(struct ced_session *session);
void ced_link_let_go(struct ced_session *session, bool process);
int ced_link_reset(struct ced_session *session);
void ced_link_shut(struct ced_card *card);
void ced_link_suspend(struct ced_card *card);
void ced_link_resume(struct ced_card *card);
ssize_t ced_link_read(struct ced_session *session, char __user *to,
		      size_t count, bool nonblock);
ssize_t ced_link_write(struct ced_session *session, const char __user *from,
		       size_t count, bool nonblock);
int ced_link_peek(struct ced_session *session, u8 *to, size_t max, u32 *epoch);
void ced_link_drop(struct ced_session *session, size_t n, u32 epoch);
int ced_link_send(struct ced_session *session, const u8 *chars, size_t n,
		  unsigned int wait_ms);
unsigned int ced_link_room(struct ced_session *session);
void ced_link_kill_io(struct ced_session *session);
bool ced_link_is_well(struct ced_session *session);
int ced_link_start_test(struct ced_session *session);
void ced_link_check_test(struct ced_session *session,
			 struct ced_selftest *selftest);
__poll_t ced_link_poll(struct ced_session *session);
u32 ced_link_flags(struct ced_session *session);

/* cedabi.c: the ioctls of CED's own library */
long ced_abi_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* mmap.c: the mapping */
int ced_mmap_find(struct ced_session *session, u64 address, u32 size,
		  struct ced_buffer **buffer, u32 *offset);
int ced_mmap(struct file *file, struct vm_area_struct *vma);

/* sysfs.c: what everybody may see */
extern const struct attribute_group *ced_groups[];

/* debugfs.c: what root may see */
void ced_debugfs_init(void);
void ced_debugfs_exit(void);
void ced_debugfs_add(struct ced_card *card);
void ced_debugfs_remove(struct ced_card *card);

#endif /* _CED1401_H */
