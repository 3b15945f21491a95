// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of CED's own library, each a thin translation onto link.c and
 * transfer.c. Their numbers, structures and codes are in
 * include/uapi/linux/ced1401-ced.h, what they do in docs/protocol.md.
 *
 * An area of user memory is a transfer of its own kind: it serves both
 * directions, and outlives reset and loss of power. Memory that lies in a buffer of
 * the same file moves without a copy; any other is pinned.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "blocks.h"
#include "ced1401.h"
#include "include/uapi/linux/ced1401-ced.h"

#define REVISION_MAJOR	2	/* the library wants 2 at the least */
#define REVISION_MINOR	0
#define ROOM_MS		3000	/* how long a blocking file waits for room */
#define TEST_TIMEOUT	(30 * HZ)
#define CR		'\r'

/**
 * struct ced_area - an area of CED's ABI
 * @transfer:	what the engine sees of it; the first, since the engine frees it
 * @address:	in the address space of the program that set it
 * @pages:	the memory, if it is in no buffer
 * @blocks:	the book of a circular area to the host
 * @front:	of a circular area to the 1401: where its oldest data are, bytes
 * @filled:	and how many they are, bytes
 * @event:	what is waited for; length 0: nothing
 * @fired:	it has come
 *
 * Under ced_card.lock once it is entered.
 */
struct ced_area {
	struct ced_transfer transfer;
	s64 address;
	struct ced_pages pages;
	struct ced_blocks blocks;
	u32 front;
	u32 filled;
	struct cedioc_event event;
	bool fired;
};

static struct ced_area *area_of(struct ced_transfer *transfer)
{
	return container_of(transfer, struct ced_area, transfer);
}

static bool is_circular(const struct ced_area *area)
{
	return area->transfer.flags & CED1401_CIRCULAR;
}

static bool fills_host(const struct ced_area *area)
{
	return area->transfer.flags & CED1401_TO_HOST;
}

/* ---- what the engine asks ---- */

static bool area_place(struct ced_transfer *transfer,
		       const struct ced_request *request, u32 *at)
{
	struct ced_area *area = area_of(transfer);

	if (!is_circular(area)) {
		*at = request->offset;
		return true;
	}
	if (fills_host(area))
		return ced_blocks_place(&area->blocks, request->size, at);
	*at = area->front;
	return request->size <= area->filled;
}

static bool touches(const struct cedioc_event *event, u32 at, u32 size)
{
	return size && at < (u64)event->start + event->length &&
	       event->start < (u64)at + size;
}

/* @size bytes have moved from @at on, round the end of a circular area */
static bool event_comes(const struct ced_area *area, bool out, u32 at, u32 size)
{
	const struct cedioc_event *event = &area->event;
	u32 first = min(size, area->transfer.length - at);

	if (!event->length || out == (event->flags & 1))
		return false;
	if (is_circular(area) && !out)
		return area->blocks.oldest.size + area->blocks.newest.size >=
		       event->length;
	return touches(event, at, first) || touches(event, 0, size - first);
}

static void area_over(struct ced_transfer *transfer, bool out, u32 at, u32 size)
{
	struct ced_area *area = area_of(transfer);

	transfer->session->current_area = transfer->area;
	transfer->session->current_offset = at;
	if (is_circular(area) && out) {
		area->front = (area->front + size) % transfer->length;
		area->filled -= size;
	} else if (is_circular(area)) {
		ced_blocks_add(&area->blocks, at, size);
	}
	if (event_comes(area, out, at, size)) {
		area->fired = true;
		wake_up_all(&transfer->session->wq);
	}
}

static void area_release(struct ced_transfer *transfer)
{
	struct ced_area *area = area_of(transfer);

	if (area->pages.page)
		ced_unpin(&area->pages);
}

static const struct ced_transfer_ops area_ops = {
	.place = area_place,
	.over = area_over,
	.release = area_release,
};

/* ---- areas ---- */

/* The area by its number, or why there is none; the card's lock is held */
static int find_area(struct ced_session *session, u32 number,
		     struct ced_area **area)
{
	struct ced_transfer *transfer;

	if (number >= CED1401_AREAS)
		return -CEDERR_BAD_AREA;
	transfer = session->areas[number];
	if (!transfer || transfer->ops != &area_ops)
		return -CEDERR_NOT_SET;
	*area = area_of(transfer);
	return 0;
}

/* A 32-bit program's pointer may come with its sign extended */
static u64 user_address(s64 address)
{
	return in_compat_syscall() ? (u32)address : (unsigned long)address;
}

/* Find or pin the memory; the area is not entered yet */
static int take_memory(struct ced_area *area)
{
	struct ced_transfer *transfer = &area->transfer;
	u64 address = user_address(area->address);
	int ret = ced_mmap_find(transfer->session, address, transfer->length,
				&transfer->buffer, &transfer->offset);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = ced_pin(&area->pages, address, transfer->length);
	if (ret)
		return ret;
	transfer->pages = &area->pages;
	if (!area->pages.writable)
		transfer->flags &= ~CED1401_TO_HOST;
	return 0;
}

static struct ced_area *new_area(struct ced_session *session,
				 const struct cedioc_desc *desc, bool circular)
{
	struct ced_area *area = kzalloc(sizeof(*area), GFP_KERNEL_ACCOUNT);

	if (!area)
		return NULL;
	area->address = desc->address;
	area->blocks.length = desc->length;
	area->transfer.session = session;
	area->transfer.ops = &area_ops;
	area->transfer.area = desc->area;
	area->transfer.length = desc->length;
	area->transfer.flags = CED1401_ON_REQUEST;
	if (!circular || desc->to_host)
		area->transfer.flags |= CED1401_TO_HOST;
	if (!circular || !desc->to_host)
		area->transfer.flags |= CED1401_TO_1401;
	if (circular)
		area->transfer.flags |= CED1401_CIRCULAR;
	return area;
}

/* Take an idle area out; 0: there was one, or none and @may_be_unset */
static int unset(struct ced_session *session, u32 number, bool may_be_unset)
{
	struct ced_card *card = session->card;
	struct ced_area *area = NULL;
	int ret;

	spin_lock_irq(&card->lock);
	ret = find_area(session, number, &area);
	if (!ret && ced_transfer_busy(&area->transfer)) {
		ret = -CEDERR_UNLOCK;
		area = NULL;
	} else if (!ret) {
		ced_transfer_remove(&area->transfer);
	} else if (ret == -CEDERR_NOT_SET && may_be_unset) {
		ret = session->areas[number] ? -CEDERR_UNLOCK : 0;
	}
	spin_unlock_irq(&card->lock);
	if (area)
		ced_transfer_dispose(&area->transfer);
	return ret;
}

static int set_area(struct ced_session *session, const struct cedioc_desc *desc,
		    bool circular)
{
	struct ced_area *area;
	int ret;

	if (desc->area >= CED1401_AREAS)
		return -CEDERR_BAD_AREA;
	if (!desc->length || desc->length > CEDIOC_AREA_MAX)
		return -CEDERR_LOCK;
	area = new_area(session, desc, circular);
	if (!area)
		return -CEDERR_NO_MEMORY;
	ret = take_memory(area) ? -CEDERR_LOCK : 0;
	if (!ret && circular && desc->to_host && !fills_host(area))
		ret = -CEDERR_LOCK;
	/* What is idle is replaced only once the new memory is there */
	if (!ret)
		ret = unset(session, desc->area, true);
	if (!ret)
		ret = ced_transfer_enter(&area->transfer);
	if (ret == -EBUSY)
		ret = -CEDERR_UNLOCK;
	if (ret)
		ced_transfer_dispose(&area->transfer);
	return ret;
}

/* ---- circular areas ---- */

/* The oldest data to read, or the oldest room to fill */
static struct ced_run circ_front(const struct ced_area *area)
{
	u32 length = area->transfer.length;
	struct ced_run run = area->blocks.oldest;

	if (!fills_host(area)) {
		run.offset = (area->front + area->filled) % length;
		run.size = min(length - area->filled, length - run.offset);
	}
	return run;
}

static bool circ_pass(struct ced_area *area, u32 offset, u32 size)
{
	struct ced_run front = circ_front(area);

	if (fills_host(area))
		return ced_blocks_free(&area->blocks, offset, size);
	if (offset != front.offset || size > front.size)
		return false;
	area->filled += size;
	return true;
}

/* What to do with the run that the caller names */
enum pass { PASS_NONE, PASS_TRY, PASS };

static int circ(struct ced_session *session, struct cedioc_circ *circ,
		enum pass pass)
{
	struct ced_card *card = session->card;
	struct ced_blocks blocks;
	struct ced_area *area;
	struct ced_run front;
	u32 filled;
	int ret;

	spin_lock_irq(&card->lock);
	ret = find_area(session, circ->area, &area);
	if (!ret && !is_circular(area))
		ret = -CEDERR_NOT_SET;
	if (!ret) {
		blocks = area->blocks;
		filled = area->filled;
		if (pass != PASS_NONE &&
		    !circ_pass(area, circ->offset, circ->size))
			ret = -CEDERR_NO_MEMORY;
		front = circ_front(area);
		if (pass == PASS_TRY) {
			area->blocks = blocks;
			area->filled = filled;
		}
	}
	if (!ret) {
		circ->offset = front.offset;
		circ->size = front.size;
		/* A request may have waited for it */
		if (pass == PASS)
			ced_engine_next(card);
	}
	spin_unlock_irq(&card->lock);
	return ret;
}

/* First the answer, then the effect: what cannot be told has not happened */
static int free_circ(struct ced_session *session, struct cedioc_circ *run,
		     void __user *argp)
{
	struct cedioc_circ answer = *run;
	int ret = circ(session, &answer, PASS_TRY);

	if (!ret && copy_to_user(argp, &answer, sizeof(answer)))
		ret = -EFAULT;
	return ret ? : circ(session, run, PASS);
}

/* ---- events ---- */

static int set_event(struct ced_session *session,
		     const struct cedioc_event *event)
{
	struct ced_card *card = session->card;
	struct ced_area *area;
	int ret;

	spin_lock_irq(&card->lock);
	ret = find_area(session, event->area, &area);
	if (!ret) {
		area->event = *event;
		area->fired = fills_host(area) &&
			      event_comes(area, false, 0, 0);
		ret = event->length ? 1 : 0;
		wake_up_all(&session->wq);
	}
	spin_unlock_irq(&card->lock);
	return ret;
}

/* 1: an event has come, and is cleared; 0: not yet; or a code */
static int test_event(struct ced_session *session, u32 number, bool armed)
{
	struct ced_card *card = session->card;
	struct ced_area *area;
	int ret;

	spin_lock_irq(&card->lock);
	ret = card->gone ? -ENODEV : find_area(session, number, &area);
	if (!ret && area->fired) {
		area->fired = false;
		ret = 1;
	} else if (!ret && armed && !area->event.length) {
		ret = -CEDERR_NOT_SET;
	}
	spin_unlock_irq(&card->lock);
	return ret;
}

/* ---- a wait that a signal interrupts ---- */

/* The first signal of a set that has a handler, or 0 */
static int first_handled(const struct sighand_struct *sighand,
			 const sigset_t *pending)
{
	__sighandler_t handler;
	sigset_t set;
	int sig;

	sigandnsets(&set, pending, &current->blocked);
	for (sig = 1; sig <= _NSIG; sig++) {
		handler = sighand->action[sig - 1].sa.sa_handler;
		if (sigismember(&set, sig) && handler != SIG_DFL &&
		    handler != SIG_IGN)
			return sig;
	}
	return 0;
}

/*
 * Whether the signal that is pending lets the system call be restarted: one without
 * a handler (stop, continue) or with SA_RESTART does. Other work for the task than a
 * signal does, too.
 */
static bool will_restart(void)
{
	/* A task's own cannot go */
	struct sighand_struct *sighand =
		rcu_dereference_protected(current->sighand, true);
	const struct sigaction *action;
	bool restart = true;
	int sig;

	spin_lock_irq(&sighand->siglock);
	sig = first_handled(sighand, &current->pending.signal);
	if (!sig)
		sig = first_handled(sighand,
				    &current->signal->shared_pending.signal);
	if (sig) {
		action = &sighand->action[sig - 1].sa;
		restart = action->sa_flags & SA_RESTART;
	}
	spin_unlock_irq(&sighand->siglock);
	return restart;
}

/*
 * When a wait ends. A restarted one has the first one's deadline: the kernel restarts
 * it as the same system call from the same place, so that is how it is known again.
 */
static u64 deadline(struct ced_session *session, unsigned long arg, u32 ms)
{
	unsigned long stack = user_stack_pointer(current_pt_regs());
	struct ced_restart *restart;
	u64 until = 0;
	int i;

	spin_lock_irq(&session->card->lock);
	for (i = 0; i < CED_RESTARTS; i++) {
		restart = &session->restarts[i];
		if (restart->task != current->pid || restart->arg != arg ||
		    restart->stack != stack)
			continue;
		until = restart->deadline_ns;
		restart->task = 0;
	}
	spin_unlock_irq(&session->card->lock);
	return until ? until : ktime_get_ns() + ms * (u64)NSEC_PER_MSEC;
}

/* A wait until @until is interrupted, and may come again */
static int interrupted(struct ced_session *session, unsigned long arg,
		       u64 until)
{
	struct ced_restart *restart;

	if (!will_restart())
		return -EINTR;
	if (!until)
		return -ERESTARTSYS;
	spin_lock_irq(&session->card->lock);
	restart = &session->restarts[session->next_restart++ % CED_RESTARTS];
	restart->task = current->pid;
	restart->arg = arg;
	restart->stack = user_stack_pointer(current_pt_regs());
	restart->deadline_ns = until;
	spin_unlock_irq(&session->card->lock);
	return -ERESTARTSYS;
}

static int wait_for_event(struct ced_session *session, unsigned long arg)
{
	u32 number = arg & 0xff, ms = (u32)arg >> 8;
	u64 until = ms ? deadline(session, arg, ms) : 0;
	ktime_t expires = ns_to_ktime(until);
	DEFINE_WAIT(entry);
	int ret;

	for (;;) {
		prepare_to_wait(&session->wq, &entry, TASK_INTERRUPTIBLE);
		ret = test_event(session, number, true);
		if (ret)
			break;
		if (signal_pending(current)) {
			ret = interrupted(session, arg, until);
			break;
		}
		if (until && ktime_get_ns() >= until)
			break;
		schedule_hrtimeout(until ? &expires : NULL, HRTIMER_MODE_ABS);
	}
	finish_wait(&session->wq, &entry);
	/* 0 is an event, 1 the timeout */
	return ret == 1 ? 0 : ret ? ret : 1;
}

/* ---- characters ---- */

/* 0: it is there; or why not */
static int presence(struct ced_session *session)
{
	u32 flags = ced_link_flags(session);

	if (!(flags & CED1401_LINK_CABLE))
		return -CEDERR_NOT_CONNECTED;
	if (!(flags & CED1401_LINK_POWER))
		return -CEDERR_OFF;
	return 0;
}

/* What of link.c's errors CED has a code for */
static int code(struct ced_session *session, int error)
{
	switch (error) {
	case -EAGAIN:
		return -CEDERR_NO_ROOM;
	case -EBUSY:
		return -CEDERR_IN_USE;
	case -ENODEV:
		if (READ_ONCE(session->card->gone))
			return error;
		/* It may just have come back, and is to be reset */
		return presence(session) ? : -CEDERR_NOT_READY;
	}
	return error;
}

static int send(struct ced_session *session, const u8 *chars, size_t n,
		bool nonblock)
{
	return code(session, ced_link_send(session, chars, n,
					   nonblock ? 0 : ROOM_MS));
}

static int send_string(struct ced_session *session, const void __user *from,
		       size_t n, bool nonblock)
{
	u8 chars[CED_CHARS];

	if (n > sizeof(chars))
		return -CEDERR_NO_ROOM;
	if (copy_from_user(chars, from, n))
		return -EFAULT;
	return send(session, chars, n, nonblock);
}

/* The first line, or what there is of it, @max characters at the most */
static int get_string(struct ced_session *session, void __user *to, size_t max)
{
	u8 chars[CED_CHARS], *end;
	u32 epoch;
	int n, ret;

	if (mutex_lock_interruptible(&session->read_lock))
		return -ERESTARTSYS;
	n = ced_link_peek(session, chars, min_t(size_t, max, sizeof(chars)),
			  &epoch);
	end = memchr(chars, CR, n);
	if (end) {
		*end = '\0';
		n = end + 1 - chars;
	}
	ret = n;
	if (!n)
		ret = -CEDERR_NO_INPUT;
	else if (copy_to_user(to, chars, n))
		ret = -EFAULT;
	else
		ced_link_drop(session, n, epoch);
	mutex_unlock(&session->read_lock);
	return ret;
}

static int get_char(struct ced_session *session)
{
	u32 epoch;
	u8 c;
	int n;

	if (mutex_lock_interruptible(&session->read_lock))
		return -ERESTARTSYS;
	n = ced_link_peek(session, &c, 1, &epoch);
	if (n)
		ced_link_drop(session, 1, epoch);
	mutex_unlock(&session->read_lock);
	return n ? c : -CEDERR_NO_INPUT;
}

static int count_chars(struct ced_session *session, bool lines)
{
	u8 chars[CED_CHARS];
	int i, n, count = 0;
	u32 epoch;

	n = ced_link_peek(session, chars, sizeof(chars), &epoch);
	if (!lines)
		return n;
	for (i = 0; i < n; i++)
		count += chars[i] == CR;
	return count;
}

/* ---- the 1401 ---- */

static int reset(struct ced_session *session)
{
	bool full = session->full_reset;

	session->full_reset = false;
	if (full || !ced_link_is_well(session))
		ced_link_reset(session);
	return 0;
}

static int start_test(struct ced_session *session)
{
	int ret = ced_link_start_test(session);

	spin_lock_irq(&session->card->lock);
	memset(&session->selftest, 0, sizeof(session->selftest));
	WRITE_ONCE(session->test_until, jiffies + TEST_TIMEOUT);
	spin_unlock_irq(&session->card->lock);
	return code(session, ret);
}

static int check_test(struct ced_session *session, struct cedioc_selftest *test)
{
	struct ced_selftest result;

	ced_link_check_test(session, &result);
	test->code = result.code;
	if (!result.testing)
		test->code = -1;
	else if (!result.code &&
		 time_after(jiffies, READ_ONCE(session->test_until)))
		test->code = -2;
	test->x = result.x;
	test->y = result.y;
	return 0;
}

static int block_moves(struct ced_session *session)
{
	struct ced_card *card = session->card;
	int ret;

	spin_lock_irq(&card->lock);
	ret = card->engine.job.transfer && card->engine.job.block;
	spin_unlock_irq(&card->lock);
	return ret;
}

/* ---- the current area, in the layout of the caller's ABI ---- */

struct tx {
	s64 linear;
	s64 entry;
	u32 size;
};

static struct tx current_tx(struct ced_session *session)
{
	struct ced_card *card = session->card;
	struct ced_area *area;
	struct tx tx = { 0 };

	spin_lock_irq(&card->lock);
	if (!find_area(session, session->current_area, &area) ||
	    !find_area(session, 0, &area)) {
		tx.linear = area->address;
		tx.entry = area->address;
		if (area->transfer.area == session->current_area)
			tx.entry += session->current_offset;
		tx.size = area->transfer.length;
	}
	spin_unlock_irq(&card->lock);
	return tx;
}

#ifdef CONFIG_COMPAT
struct compat_tx_entry {
	compat_s64 address;
	compat_long_t size;
};

struct compat_tx {
	compat_s64 linear;
	compat_long_t size;
	s16 segment;
	s16 reserved;
	s16 avail;
	s16 used;
	struct compat_tx_entry entries[CEDIOC_TX_ENTRIES];
};

#define COMPAT_GET_TX	_IOR(CEDIOC_MAGIC, 17, struct compat_tx)

static int get_compat_tx(struct ced_session *session, void __user *to)
{
	struct compat_tx *compat = kzalloc(sizeof(*compat), GFP_KERNEL);
	struct tx tx = current_tx(session);
	int ret;

	if (!compat)
		return -CEDERR_NO_MEMORY;
	compat->linear = tx.linear;
	compat->size = tx.size;
	compat->avail = CEDIOC_TX_ENTRIES;
	compat->used = 1;
	compat->entries[0].address = tx.entry;
	compat->entries[0].size = tx.size;
	ret = copy_to_user(to, compat, sizeof(*compat)) ? -EFAULT : 0;
	kfree(compat);
	return ret;
}
#else
#define COMPAT_GET_TX	0
#define get_compat_tx	get_tx
#endif

static int get_tx(struct ced_session *session, void __user *to)
{
	struct cedioc_tx *native = kzalloc(sizeof(*native), GFP_KERNEL);
	struct tx tx = current_tx(session);
	int ret;

	if (!native)
		return -CEDERR_NO_MEMORY;
	native->linear = tx.linear;
	native->size = tx.size;
	native->avail = CEDIOC_TX_ENTRIES;
	native->used = 1;
	native->entries[0].address = tx.entry;
	native->entries[0].size = tx.size;
	ret = copy_to_user(to, native, sizeof(*native)) ? -EFAULT : 0;
	kfree(native);
	return ret;
}

/* ---- which call it is ---- */

/* Those that never need the link; -ENOTTY: it is another */
static int free_call(struct ced_session *session, unsigned int cmd)
{
	struct ced_card *card = session->card;

	switch (cmd) {
	case CEDIOC_OUT_ROOM:
		return ced_link_room(session);
	case CEDIOC_BASE:
		return card->place.io;
	case CEDIOC_REVISION:
		return REVISION_MAJOR << 16 | REVISION_MINOR; /* type 0: ISA */
	case CEDIOC_STATE:
		if (ced_link_flags(session) & CED1401_LINK_OTHER)
			return -CEDERR_IN_USE;
		return presence(session) ? : card->type;
	case CEDIOC_TYPE:
		return card->type;
	case CEDIOC_FLAGS:
		return CEDIOC_FLAG_DMA | CEDIOC_FLAG_AREAS | CEDIOC_FLAG_FIFO |
		       CEDIOC_FLAG_EVENTS | CEDIOC_FLAG_CIRC_HOST |
		       CEDIOC_FLAG_CIRC_1401;
	}
	return -ENOTTY;
}

/* Those whose argument is a number, or none */
static int plain_call(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ced_session *session = file->private_data;
	u8 c = arg;

	switch (cmd) {
	case CEDIOC_RESET:
		return reset(session);
	case CEDIOC_GET_CHAR:
		return get_char(session);
	case CEDIOC_SEND_CHAR:
		return send(session, &c, 1, file->f_flags & O_NONBLOCK);
	case CEDIOC_CHARS:
		return count_chars(session, false);
	case CEDIOC_LINES:
		return count_chars(session, true);
	case CEDIOC_UNSET_AREA:
		return unset(session, arg, false);
	case CEDIOC_KILL_IO:
		ced_link_kill_io(session);
		return 0;
	case CEDIOC_BLOCK_MOVES:
		return block_moves(session);
	case CEDIOC_GRAB:
	case CEDIOC_FREE:
		return 0;
	case CEDIOC_START_TEST:
		return start_test(session);
	case CEDIOC_FULL_RESET:
		session->full_reset = true;
		return 0;
	case CEDIOC_WAIT_EVENT:
		return wait_for_event(session, arg);
	case CEDIOC_TEST_EVENT:
		return test_event(session, arg, false);
	}
	return -ENOTTY;
}

/* Those whose argument is a structure */
static int struct_call(struct ced_session *session, unsigned int cmd,
		       void __user *argp)
{
	union {
		struct cedioc_desc desc;
		struct cedioc_event event;
		struct cedioc_circ circ;
		struct cedioc_selftest test;
	} args;
	size_t size = _IOC_SIZE(cmd);
	int ret;

	if (size > sizeof(args))
		return -ENOTTY;
	if (_IOC_DIR(cmd) & _IOC_WRITE && copy_from_user(&args, argp, size))
		return -EFAULT;
	switch (cmd) {
	case CEDIOC_SET_AREA:
		return set_area(session, &args.desc, false);
	case CEDIOC_SET_CIRCULAR:
		return set_area(session, &args.desc, true);
	case CEDIOC_SET_EVENT:
		return set_event(session, &args.event);
	case CEDIOC_FREE_CIRC:
		return free_circ(session, &args.circ, argp);
	case CEDIOC_GET_CIRC:
		ret = circ(session, &args.circ, PASS_NONE);
		break;
	case CEDIOC_CHECK_TEST:
		ret = check_test(session, &args.test);
		break;
	default:
		return -ENOTTY;
	}
	if (!ret && copy_to_user(argp, &args, size))
		ret = -EFAULT;
	return ret;
}

/* Those whose number tells the size of the caller's memory */
static int sized_call(struct file *file, unsigned int cmd, void __user *argp)
{
	struct ced_session *session = file->private_data;

	if (cmd == CEDIOC_SEND_STRING(_IOC_SIZE(cmd)))
		return send_string(session, argp, _IOC_SIZE(cmd),
				   file->f_flags & O_NONBLOCK);
	if (cmd == CEDIOC_GET_STRING(_IOC_SIZE(cmd)))
		return get_string(session, argp, _IOC_SIZE(cmd));
	if (cmd == CEDIOC_GET_TX)
		return get_tx(session, argp);
	if (cmd == COMPAT_GET_TX)
		return get_compat_tx(session, argp);
	return struct_call(session, cmd, argp);
}

/**
 * ced_abi_ioctl() - a call of CED's library
 * @file:	an open file of the device
 * @cmd:	of type CEDIOC_MAGIC
 * @arg:	its argument
 *
 * A call that needs the 1401 claims it if it is free. May sleep, interruptibly.
 *
 * Return: 0, a count, a code -CEDERR_*, or a negative errno: -EFAULT,
 * -ERESTARTSYS, -EACCES (a read-only open).
 */
long ced_abi_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ced_session *session = file->private_data;
	int ret;

	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	ret = free_call(session, cmd);
	if (ret != -ENOTTY)
		return ret;
	ret = ced_link_claim_free(session);
	if (ret)
		return ret == -EBUSY ? -CEDERR_IN_USE : ret;
	ret = plain_call(file, cmd, arg);
	if (ret == -ENOTTY)
		ret = sized_call(file, cmd, (void __user *)arg);
	/* The diagnostics of CED's USB interface are among these */
	return ret == -ENOTTY ? -CEDERR_NO_FUNCTION : ret;
}
