// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has the 1401, and its characters.
 *
 * A 1401 holds one conversation: the link, and with it the DMA channel, belong to
 * one session at a time. There may be a subject on the other end, so a session
 * that ends without RELEASE has the 1401 reset at once; and whoever gets the link
 * after another session finds a 1401 that was reset.
 *
 * The 1401's requests for blocks are taken out of its characters here and handed
 * to engine.c; read(2) never sees them.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "ced1401.h"
#include "compat.h"

#define RESET_US	1000	/* how long RESET is held */
#define READY_TRIES	20	/* ms that the 1401 has to come back, twice what it needs */
#define ESCAPE_TIMEOUT	HZ	/* a request that is not whole by then is dropped */
#define BURST		16	/* characters served in a row */
#define CHUNK		64	/* bytes of a read or write copied at a time */

/* A session that waits its turn; on the waiting thread's stack */
struct ced_waiter {
	struct list_head node;
	struct ced_session *session;
	struct pid *process;
	bool granted;
};

/**
 * ced_link_init() - nobody has the 1401, nothing was said
 * @card:	the card
 */
void ced_link_init(struct ced_card *card)
{
	struct ced_link *link = &card->link;

	INIT_LIST_HEAD(&link->waiters);
	init_waitqueue_head(&link->wq);
	INIT_KFIFO(link->rx);
	INIT_KFIFO(link->tx);
}

/* ---- reset ---- */

static void empty_buffers(struct ced_link *link)
{
	kfifo_reset(&link->rx);
	kfifo_reset(&link->tx);
	memset(&link->decoder, 0, sizeof(link->decoder));
	link->epoch++;
}

/* Whether the 1401 came back from its reset; sleeps, the card's mutex held */
static bool comes_back(struct ced_card *card)
{
	bool idle = false;
	int tries;

	for (tries = 0; tries < READY_TRIES && !idle; tries++) {
		usleep_range(1000, 1500);
		spin_lock_irq(&card->lock);
		if (card->gone) {
			spin_unlock_irq(&card->lock);
			return false;
		}
		idle = ced_card_online(card) &&
		       ced_card_state(card) == CEDCARD_STATE_IDLE;
		spin_unlock_irq(&card->lock);
	}
	return idle;
}

/*
 * Pulse RESET: the 1401's outputs are at rest, its programs stopped, both buffers
 * empty. @stop ends the holder's transfers; false where none of them can run. @test
 * has it test itself, which this does not wait for. The card's mutex is held; sleeps.
 */
static int pulse(struct ced_card *card, bool stop, bool test)
{
	bool online, back = false;

	spin_lock_irq(&card->lock);
	if (card->gone) {
		spin_unlock_irq(&card->lock);
		return -ENODEV;
	}
	if (stop && card->link.holder)
		ced_engine_end_all(card, card->link.holder, -ECANCELED);
	ced_engine_serve(card, NULL);
	empty_buffers(&card->link);
	ced_card_begin_reset(card);
	spin_unlock_irq(&card->lock);

	usleep_range(RESET_US, 2 * RESET_US);

	spin_lock_irq(&card->lock);
	if (!card->gone)
		ced_card_release_reset(card, test);
	online = card->online;
	spin_unlock_irq(&card->lock);

	if (online)
		back = test || comes_back(card);

	spin_lock_irq(&card->lock);
	if (!card->gone) {
		/* One that RESET did not reach is as it was */
		card->link.clean = back && !card->link.holder;
		card->link.dirty = false;
		card->link.left = card->link.left && !back;
		ced_card_end_reset(card);
		ced_engine_serve(card, card->link.holder);
	}
	ced_engine_tell_all(card, 0);
	spin_unlock_irq(&card->lock);
	return back ? 0 : online ? -EIO : -ENODEV;
}

/* ---- who has it ---- */

/* Make a session the holder; the card's lock is held, and there is none */
static void grant(struct ced_card *card, struct ced_session *session,
		  struct pid *process)
{
	struct ced_link *link = &card->link;

	WRITE_ONCE(link->holder, session);
	session->claimer = get_pid(process);
	link->dirty = !link->clean && link->last != session;
	link->clean = false;
	link->left = false;
	link->last = NULL;
	if (!link->dirty)
		ced_engine_serve(card, session);
	/* A thread of it may have waited for characters that are there already */
	wake_up_all(&session->wq);
}

/* The link is free: it goes to the session that has waited longest */
static void grant_next(struct ced_card *card)
{
	struct ced_link *link = &card->link;
	struct ced_waiter *waiter, *next;
	struct ced_session *session;

	if (!link->holder && !list_empty(&link->waiters)) {
		waiter = list_first_entry(&link->waiters, struct ced_waiter,
					  node);
		session = waiter->session;
		grant(card, session, waiter->process);
		/* Threads of one session have it together */
		list_for_each_entry_safe(waiter, next, &link->waiters, node) {
			if (waiter->session != session)
				continue;
			WRITE_ONCE(waiter->granted, true);
			list_del_init(&waiter->node);
		}
	}
	wake_up_all(&link->wq);
}

/* Reset the 1401 if the session before has left its traces there */
static int make_ready(struct ced_session *session)
{
	struct ced_card *card = session->card;
	bool dirty;

	mutex_lock(&card->mutex);
	spin_lock_irq(&card->lock);
	dirty = card->link.dirty && card->link.holder == session;
	spin_unlock_irq(&card->lock);
	if (dirty)
		pulse(card, false, false); /* one that is off: when it comes on */
	mutex_unlock(&card->mutex);
	return READ_ONCE(card->gone) ? -ENODEV : 0;
}

/**
 * ced_link_forget() - the first file is opened: nobody has looked at the 1401 for a while
 * @card:	the card; its lock is held
 *
 * It may have been switched off and on, or have served another machine: whoever gets it first
 * resets it, although the one who had it last left it reset.
 */
void ced_link_forget(struct ced_card *card)
{
	card->link.clean = false;
}

/* Stand in the queue for the link; the card's lock is dropped meanwhile */
static int wait_turn(struct ced_session *session)
	__releases(&session->card->lock)
	__acquires(&session->card->lock)
{
	struct ced_card *card = session->card;
	struct ced_waiter waiter = {
		.session = session,
		.process = task_tgid(current),
	};
	int ret;

	list_add_tail(&waiter.node, &card->link.waiters);
	spin_unlock_irq(&card->lock);
	ret = ced_wait_killable(card->link.wq,
				READ_ONCE(waiter.granted) ||
				READ_ONCE(card->gone));
	spin_lock_irq(&card->lock);
	list_del_init(&waiter.node);
	return ret ? -EINTR : 0;
}

static int claim(struct ced_session *session, int unless)
{
	struct ced_card *card = session->card;
	struct ced_link *link = &card->link;
	int ret = 0;

	spin_lock_irq(&card->lock);
	while (!ret && link->holder != session) {
		if (card->gone)
			ret = -ENODEV;
		else if (!link->holder && list_empty(&link->waiters))
			grant(card, session, task_tgid(current));
		else
			ret = unless ? : wait_turn(session);
	}
	spin_unlock_irq(&card->lock);
	return ret ? : make_ready(session);
}

/**
 * ced_link_claim() - get the 1401 for a session, in its turn
 * @session:	the session
 * @nonblock:	do not wait
 *
 * When it returns 0 the session has, or had, a 1401 that carries no trace of
 * another session. May sleep, killable, until others let go of it.
 *
 * Return: 0, -EAGAIN (@nonblock: another session has it), -EINTR (a fatal signal
 * came), -ENODEV.
 */
int ced_link_claim(struct ced_session *session, bool nonblock)
{
	return claim(session, nonblock ? -EAGAIN : 0);
}

/**
 * ced_link_claim_free() - get the 1401 for a session if nobody else has it
 * @session:	the session
 *
 * May sleep while the 1401 is reset. Return: 0, -EBUSY, -ENODEV.
 */
int ced_link_claim_free(struct ced_session *session)
{
	return claim(session, -EBUSY);
}

/* Take the link from the session, as it is; false if it did not have it */
static bool take_away(struct ced_session *session)
{
	struct ced_card *card = session->card;
	struct ced_link *link = &card->link;

	if (link->holder != session)
		return false;
	if (!card->gone) {
		ced_engine_end_all(card, session, -ECANCELED);
		ced_engine_serve(card, NULL);
	}
	link->last = link->dirty ? NULL : session;
	link->left = true;
	link->dirty = false;
	WRITE_ONCE(link->holder, NULL);
	put_pid(session->claimer);
	session->claimer = NULL;
	wake_up_all(&session->wq); /* who waits for room in vain */
	return true;
}

/**
 * ced_link_release() - CED1401_IOC_RELEASE: give the 1401 up as it is
 * @session:	the session
 *
 * May sleep. Return: 0, or -EBUSY: the session does not have it.
 */
int ced_link_release(struct ced_session *session)
{
	struct ced_card *card = session->card;
	bool had;

	/* Who has nothing to give up need not wait while others reset */
	if (READ_ONCE(card->link.holder) != session)
		return -EBUSY;
	/* Not amid a reset, which is done for one session from its start to its end */
	mutex_lock(&card->mutex);
	spin_lock_irq(&card->lock);
	had = take_away(session);
	if (had)
		grant_next(card);
	spin_unlock_irq(&card->lock);
	mutex_unlock(&card->mutex);
	return had ? 0 : -EBUSY;
}

/**
 * ced_link_let_go() - a program closes or dies without RELEASE
 * @session:	the session
 * @process:	only if the calling process is the one that claimed the link
 *
 * The 1401 is reset at once, outputs at rest. May sleep.
 */
void ced_link_let_go(struct ced_session *session, bool process)
{
	struct ced_card *card = session->card;
	bool had;

	/* Who has nothing to give up need not wait while others reset */
	spin_lock_irq(&card->lock);
	had = card->link.holder == session || card->link.last == session;
	spin_unlock_irq(&card->lock);
	if (!had)
		return;
	mutex_lock(&card->mutex);
	spin_lock_irq(&card->lock);
	had = (!process || session->claimer == task_tgid(current)) &&
	      take_away(session);
	if (had)
		card->link.last = NULL;
	if (!process && card->link.last == session)
		card->link.last = NULL;
	spin_unlock_irq(&card->lock);
	if (had)
		pulse(card, false, false);
	spin_lock_irq(&card->lock);
	grant_next(card);
	spin_unlock_irq(&card->lock);
	mutex_unlock(&card->mutex);
}

static int reset(struct ced_session *session, bool test)
{
	struct ced_card *card = session->card;
	int ret = claim(session, -EBUSY);

	if (ret)
		return ret;
	mutex_lock(&card->mutex);
	ret = READ_ONCE(card->link.holder) == session ?
	      pulse(card, true, test) : -EBUSY;
	mutex_unlock(&card->mutex);
	return ret;
}

/**
 * ced_link_reset() - CED1401_IOC_RESET
 * @session:	the session; it claims the 1401 if nobody has it
 *
 * May sleep. Return: 0, -EBUSY (another session has it), -EIO (the 1401 did not
 * come back), -ENODEV.
 */
int ced_link_reset(struct ced_session *session)
{
	return reset(session, false);
}

/**
 * ced_link_start_test() - reset the 1401 and have it test itself
 * @session:	the session; it claims the 1401 if nobody has it
 *
 * May sleep. Return: 0, -EBUSY, -ENODEV.
 */
int ced_link_start_test(struct ced_session *session)
{
	return reset(session, true);
}

/**
 * ced_link_check_test() - how the self-test stands
 * @session:	the session
 * @selftest:	set to what the session knows of it, brought up to date
 *
 * May sleep.
 */
void ced_link_check_test(struct ced_session *session,
			 struct ced_selftest *selftest)
{
	struct ced_card *card = session->card;

	spin_lock_irq(&card->lock);
	if (!card->gone)
		ced_card_selftest(card, &session->selftest);
	*selftest = session->selftest;
	spin_unlock_irq(&card->lock);
}

/**
 * ced_link_is_well() - whether the 1401 needs no reset
 * @session:	the session
 *
 * It does if it is off or at its self-test, if a block waits or moves, or if a
 * character waits either way. May sleep.
 */
bool ced_link_is_well(struct ced_session *session)
{
	struct ced_card *card = session->card;
	bool well;

	spin_lock_irq(&card->lock);
	well = !card->gone && card->online &&
	       ced_card_state(card) != CEDCARD_STATE_TEST &&
	       !(card->engine.job.transfer && card->engine.job.block) &&
	       !card->engine.request_waits &&
	       kfifo_is_empty(&card->link.rx) && kfifo_is_empty(&card->link.tx);
	spin_unlock_irq(&card->lock);
	return well;
}

/**
 * ced_link_shut() - the device goes: wake all who wait, leave outputs at rest
 * @card:	the card, not yet gone; it is when this returns
 *
 * May sleep.
 */
void ced_link_shut(struct ced_card *card)
{
	bool held;

	mutex_lock(&card->mutex);
	spin_lock_irq(&card->lock);
	held = card->link.holder;
	ced_engine_end_all(card, NULL, -ENODEV);
	ced_engine_serve(card, NULL);
	ced_card_sleep(card);
	if (held)
		ced_card_begin_reset(card);
	/* In the same breath, so that who is woken finds the card gone */
	WRITE_ONCE(card->gone, true);
	WRITE_ONCE(card->online, false);
	ced_engine_tell_all(card, CED1401_EVENT_OFFLINE);
	wake_up_all(&card->link.wq);
	spin_unlock_irq(&card->lock);

	if (held) {
		usleep_range(RESET_US, 2 * RESET_US);
		spin_lock_irq(&card->lock);
		ced_card_release_reset(card, false);
		spin_unlock_irq(&card->lock);
	}
	mutex_unlock(&card->mutex);
}

/**
 * ced_link_suspend() - the machine goes to sleep: stop everything, hold RESET
 * @card:	the card; programs are frozen
 *
 * Every transfer ends with ECANCELED and its true count. The 1401 stays in reset,
 * its outputs at rest, until ced_link_resume(): what the machine does with its bus
 * meanwhile is not the driver's. May sleep.
 */
void ced_link_suspend(struct ced_card *card)
{
	ced_card_stop_tick(card);	/* with it comes every reset but a program's */
	mutex_lock(&card->mutex);
	spin_lock_irq(&card->lock);
	ced_engine_end_all(card, NULL, -ECANCELED);
	ced_engine_serve(card, NULL);
	empty_buffers(&card->link);
	ced_card_begin_reset(card);
	spin_unlock_irq(&card->lock);
	mutex_unlock(&card->mutex);
}

/**
 * ced_link_resume() - the machine is awake: all works again
 * @card:	the card, in reset since ced_link_suspend()
 *
 * Slots, mappings, areas and the holder stay; the 1401 was reset, or is found to be
 * gone, and every session is told which. May sleep.
 */
void ced_link_resume(struct ced_card *card)
{
	mutex_lock(&card->mutex);
	spin_lock_irq(&card->lock);
	/* The PC's firmware may have left the channel running */
	ced_isadma_stop(card->place.dma);
	ced_card_go_on(card, false);
	WRITE_ONCE(card->online, ced_card_online(card));
	spin_unlock_irq(&card->lock);
	pulse(card, false, false);
	spin_lock_irq(&card->lock);
	ced_engine_tell_all(card, card->online ? CED1401_EVENT_RESET :
						 CED1401_EVENT_OFFLINE);
	ced_card_start_tick(card);
	spin_unlock_irq(&card->lock);
	mutex_unlock(&card->mutex);
}

/* ---- characters ---- */

static void wake_holder(struct ced_card *card)
{
	if (card->link.holder)
		wake_up_all(&card->link.holder->wq);
}

static void take_char(struct ced_card *card, u8 c)
{
	struct ced_link *link = &card->link;

	switch (ced_decode(&link->decoder, c)) {
	case CED_DECODED_CHAR:
		kfifo_put(&link->rx, c & 0x7f);
		break;
	case CED_DECODED_REQUEST:
		ced_engine_request(card, &link->decoder.request);
		break;
	case CED_DECODED_BAD:
		ced_engine_refuse(card);
		break;
	case CED_DECODED_PART:
		if (link->decoder.state == CED_DECODE_KIND)
			link->escape_at = jiffies;
		break;
	case CED_DECODED_IGNORED:
		break;
	}
}

static void rx(struct ced_card *card)
{
	struct ced_link *link = &card->link;
	int burst;

	for (burst = 0; burst < BURST; burst++) {
		if (!(ced_card_status(card) & CEDCARD_STATUS_RXRDY))
			break;
		if (kfifo_is_full(&link->rx)) {
			ced_card_control(card, CEDCARD_CONTROL_IE_RX, 0);
			break;
		}
		take_char(card, ced_card_get_char(card));
	}
	wake_holder(card);
}

static void tx(struct ced_card *card)
{
	struct ced_link *link = &card->link;
	int burst;
	u8 c;

	for (burst = 0; burst < BURST; burst++) {
		if (kfifo_is_empty(&link->tx)) {
			ced_card_control(card, CEDCARD_CONTROL_IE_TX, 0);
			break;
		}
		if (!(ced_card_status(card) & CEDCARD_STATUS_TXRDY))
			break;
		if (kfifo_get(&link->tx, &c))
			ced_card_put_char(card, c);
	}
	wake_holder(card);
}

/* The 1401 was switched off or unplugged, or is back */
static void went_offline(struct ced_card *card)
{
	WRITE_ONCE(card->online, false);
	ced_engine_end_all(card, NULL, -ENODEV);
	ced_engine_serve(card, NULL);
	empty_buffers(&card->link);
	ced_engine_tell_all(card, CED1401_EVENT_OFFLINE);
	dev_warn_ratelimited(card->dev, "the 1401 was switched off or unplugged\n");
}

static void came_back(struct ced_card *card)
{
	mutex_lock(&card->mutex);
	spin_lock_irq(&card->lock);
	WRITE_ONCE(card->online, !card->gone && ced_card_online(card));
	spin_unlock_irq(&card->lock);
	/* A program that saw it before this does may have begun something */
	if (READ_ONCE(card->online) && !pulse(card, true, false)) {
		spin_lock_irq(&card->lock);
		ced_engine_tell_all(card, CED1401_EVENT_RESET);
		spin_unlock_irq(&card->lock);
		dev_info_ratelimited(card->dev, "the 1401 is back, and was reset\n");
	}
	mutex_unlock(&card->mutex);
}

static void check_escape(struct ced_card *card)
{
	struct ced_decoder *decoder = &card->link.decoder;

	if (decoder->state == CED_DECODE_IDLE ||
	    time_before(jiffies, card->link.escape_at + ESCAPE_TIMEOUT))
		return;
	memset(decoder, 0, sizeof(*decoder));
	ced_engine_refuse(card);
}

static void tick(struct ced_card *card)
{
	bool back = false;

	spin_lock_irq(&card->lock);
	if (!card->gone && !card->resetting) {
		bool online = ced_card_online(card);

		back = online && !card->online;
		if (!online && card->online)
			went_offline(card);
		if (card->online) {
			ced_engine_tick(card);
			check_escape(card);
		}
	}
	spin_unlock_irq(&card->lock);
	if (back)
		came_back(card);
}

const struct ced_card_events ced_link_events = {
	.rx = rx,
	.tx = tx,
	.dma = ced_engine_dma,
	.tick = tick,
};

/* ---- read, write, poll ---- */

/* Whether the session has the 1401, and no trace of another is left there */
static bool has(const struct ced_session *session)
{
	const struct ced_link *link = &session->card->link;

	return link->holder == session && !link->dirty;
}

/* Whether read(2) has something to say: characters, or why there will be none */
static bool readable(struct ced_session *session)
{
	struct ced_card *card = session->card;
	bool ready;

	spin_lock_irq(&card->lock);
	ready = card->gone || (has(session) && (!card->online ||
				!kfifo_is_empty(&card->link.rx)));
	spin_unlock_irq(&card->lock);
	return ready;
}

/**
 * ced_link_peek() - look at the characters that are there
 * @session:	the session; it sees none unless it has the 1401
 * @to:		where to
 * @max:	characters at the most, up to CED_CHARS
 * @epoch:	set, for ced_link_drop()
 *
 * May sleep. Return: how many.
 */
int ced_link_peek(struct ced_session *session, u8 *to, size_t max, u32 *epoch)
{
	struct ced_card *card = session->card;
	unsigned int n = 0;

	spin_lock_irq(&card->lock);
	if (!card->gone && has(session))
		n = kfifo_out_peek(&card->link.rx, to, max);
	*epoch = card->link.epoch;
	spin_unlock_irq(&card->lock);
	return n;
}

/**
 * ced_link_drop() - the caller has got characters: take them from the buffer
 * @session:	the session; its read_lock is held since ced_link_peek()
 * @n:		how many
 * @epoch:	as ced_link_peek() set it: nothing is dropped if the buffer was emptied
 *
 * May sleep.
 */
void ced_link_drop(struct ced_session *session, size_t n, u32 epoch)
{
	struct ced_card *card = session->card;

	spin_lock_irq(&card->lock);
	if (!card->gone && card->link.epoch == epoch) {
		while (n--)
			kfifo_skip(&card->link.rx);
		/* Enabled with a character standing, it raises the line */
		ced_card_control(card, 0, CEDCARD_CONTROL_IE_RX);
	}
	spin_unlock_irq(&card->lock);
}

/* Why there is nothing to read now: -EAGAIN, or there will be nothing */
static int no_chars(struct ced_session *session)
{
	struct ced_card *card = session->card;
	int ret;

	spin_lock_irq(&card->lock);
	ret = card->gone || (has(session) && !card->online) ? -ENODEV : -EAGAIN;
	spin_unlock_irq(&card->lock);
	return ret;
}

/* Copy out what there is, at most CHUNK, and only then take it from the buffer */
static ssize_t read_some(struct ced_session *session, char __user *to,
			 size_t count)
{
	u8 chunk[CHUNK];
	u32 epoch;
	int n = ced_link_peek(session, chunk, min_t(size_t, count, CHUNK),
			      &epoch);

	if (!n)
		return no_chars(session);
	if (copy_to_user(to, chunk, n))
		return -EFAULT;
	ced_link_drop(session, n, epoch);
	return n;
}

static ssize_t read_all(struct ced_session *session, char __user *to,
			size_t count)
{
	ssize_t ret = 0, got = 0;

	while ((size_t)got < count) {
		ret = read_some(session, to + got, count - got);
		if (ret <= 0)
			break;
		got += ret;
	}
	return got ? : ret;
}

/**
 * ced_link_read() - read(2): characters from the 1401
 * @session:	the session; it waits for its turn to have the 1401
 * @to:		where to
 * @count:	bytes at the most
 * @nonblock:	do not wait for the first
 *
 * May sleep, interruptibly.
 *
 * Return: how many, at least one; -EAGAIN, -ERESTARTSYS, -EFAULT (nothing is
 * lost), -ENODEV (the 1401 is off or unplugged, or the card is gone).
 */
ssize_t ced_link_read(struct ced_session *session, char __user *to,
		      size_t count, bool nonblock)
{
	ssize_t ret;

	if (!count)
		return 0;
	for (;;) {
		if (mutex_lock_interruptible(&session->read_lock))
			return -ERESTARTSYS;
		ret = read_all(session, to, count);
		mutex_unlock(&session->read_lock);
		if (ret != -EAGAIN || nonblock)
			return ret;
		if (wait_event_interruptible(session->wq, readable(session)))
			return -ERESTARTSYS;
	}
}

/* Whether a writer can go on with @n characters, or has lost the 1401 */
static bool room_for(struct ced_session *session, size_t n)
{
	struct ced_card *card = session->card;
	bool ready;

	spin_lock_irq(&card->lock);
	ready = card->gone || !has(session) || !card->online ||
		kfifo_avail(&card->link.tx) >= n;
	spin_unlock_irq(&card->lock);
	return ready;
}

/* Put characters into the buffer; how many, or why not */
static ssize_t put_some(struct ced_session *session, const u8 *chunk, size_t n)
{
	struct ced_card *card = session->card;
	struct ced_link *link = &card->link;
	ssize_t ret;

	spin_lock_irq(&card->lock);
	if (card->gone || !card->online) {
		ret = -ENODEV;
	} else if (!has(session)) {
		ret = -EBUSY;
	} else {
		/* kfifo counts in unsigned int: a negative errno would not stay one */
		n = kfifo_in(&link->tx, chunk, n);
		ret = n ? (ssize_t)n : -EAGAIN;
		ced_card_control(card, 0, CEDCARD_CONTROL_IE_TX);
	}
	spin_unlock_irq(&card->lock);
	return ret;
}

/* All of it or nothing */
static int put_all(struct ced_session *session, const u8 *chars, size_t n)
{
	struct ced_link *link = &session->card->link;

	if (kfifo_avail(&link->tx) < n)
		return -EAGAIN;
	kfifo_in(&link->tx, chars, n);
	ced_card_control(session->card, 0, CEDCARD_CONTROL_IE_TX);
	return 0;
}

static int try_all(struct ced_session *session, const u8 *chars, size_t n)
{
	struct ced_card *card = session->card;
	int ret;

	spin_lock_irq(&card->lock);
	if (card->gone || !card->online || !ced_card_online(card))
		ret = -ENODEV;
	else
		ret = has(session) ? put_all(session, chars, n) : -EBUSY;
	spin_unlock_irq(&card->lock);
	return ret;
}

/**
 * ced_link_send() - characters to the 1401, all of them or none
 * @session:	the session, which has claimed the 1401
 * @chars:	the characters
 * @n:		how many, at most CED_CHARS
 * @wait_ms:	how long to wait for room
 *
 * May sleep, interruptibly.
 *
 * Return: 0, -EAGAIN (no room), -EBUSY (another session has it), -ENODEV (off,
 * unplugged, gone), -ERESTARTSYS.
 */
int ced_link_send(struct ced_session *session, const u8 *chars, size_t n,
		  unsigned int wait_ms)
{
	long left = msecs_to_jiffies(wait_ms);
	int ret;

	for (;;) {
		ret = try_all(session, chars, n);
		if (ret != -EAGAIN || !left)
			return ret;
		left = wait_event_interruptible_timeout(session->wq,
							room_for(session, n),
							left);
		if (left < 0)
			return left;
	}
}

/**
 * ced_link_room() - room for characters in the output buffer
 * @session:	any session
 *
 * May sleep. Return: characters.
 */
unsigned int ced_link_room(struct ced_session *session)
{
	struct ced_card *card = session->card;
	unsigned int room;

	spin_lock_irq(&card->lock);
	room = kfifo_avail(&card->link.tx);
	spin_unlock_irq(&card->lock);
	return room;
}

/**
 * ced_link_kill_io() - empty both buffers
 * @session:	the session; nothing happens unless it has the 1401
 *
 * May sleep.
 */
void ced_link_kill_io(struct ced_session *session)
{
	struct ced_card *card = session->card;

	spin_lock_irq(&card->lock);
	if (!card->gone && has(session)) {
		kfifo_reset(&card->link.rx);
		kfifo_reset(&card->link.tx);
		card->link.epoch++;
		ced_card_control(card, 0, CEDCARD_CONTROL_IE_RX);
		wake_up_all(&session->wq);
	}
	spin_unlock_irq(&card->lock);
}

/**
 * ced_link_write() - write(2): characters to the 1401
 * @session:	the session; it claims the 1401
 * @from:	where from
 * @count:	bytes
 * @nonblock:	do not wait for the 1401 or for room
 *
 * May sleep, interruptibly.
 *
 * Return: how many, all of them unless @nonblock or a signal came; -EAGAIN,
 * -ERESTARTSYS, -EFAULT, -EBUSY (the session lost the 1401 meanwhile), -ENODEV
 * (the 1401 is off or unplugged, or the card is gone).
 */
ssize_t ced_link_write(struct ced_session *session, const char __user *from,
		       size_t count, bool nonblock)
{
	size_t done = 0, n;
	bool mine = false;
	u8 chunk[CHUNK];
	ssize_t ret = 0;

	while (!ret && done < count) {
		n = min_t(size_t, count - done, CHUNK);
		if (copy_from_user(chunk, from + done, n)) {
			ret = -EFAULT;
			break;
		}
		/* Only now: a caller without anything to say does not claim */
		if (!mine)
			ret = ced_link_claim(session, nonblock);
		if (ret)
			break;
		mine = true;
		ret = put_some(session, chunk, n);
		if (ret > 0) {
			done += ret;
			ret = 0;
		} else if (ret == -EAGAIN && !nonblock) {
			ret = wait_event_interruptible(session->wq,
						       room_for(session, 1));
		}
	}
	return done ? : ret;
}

/**
 * ced_link_poll() - what of the link and the transfers is ready
 * @session:	the session
 *
 * May sleep. Return: EPOLL* bits.
 */
__poll_t ced_link_poll(struct ced_session *session)
{
	struct ced_card *card = session->card;
	struct ced_link *link = &card->link;
	bool mine, free;
	__poll_t mask = 0;

	spin_lock_irq(&card->lock);
	mine = has(session);
	free = !link->holder && list_empty(&link->waiters);
	if (mine && !kfifo_is_empty(&link->rx))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (card->online && (free || (mine && !kfifo_is_full(&link->tx))))
		mask |= EPOLLOUT | EPOLLWRNORM;
	mask |= ced_transfer_poll(session);
	if (session->events & CED1401_EVENT_OFFLINE)
		mask |= EPOLLERR;
	if (card->gone)
		mask = EPOLLHUP | EPOLLERR | (mask & EPOLLPRI);
	spin_unlock_irq(&card->lock);
	return mask;
}

/**
 * ced_link_flags() - the 1401 as a session sees it
 * @session:	the session
 *
 * May sleep. Return: CED1401_LINK_*.
 */
u32 ced_link_flags(struct ced_session *session)
{
	struct ced_card *card = session->card;
	u32 flags = 0;
	u8 status;

	spin_lock_irq(&card->lock);
	if (card->link.holder == session)
		flags |= CED1401_LINK_MINE;
	else if (card->link.holder)
		flags |= CED1401_LINK_OTHER;
	else if (card->link.left)
		flags |= CED1401_LINK_LEFT;
	if (!card->gone) {
		status = ced_card_status(card);
		if (status & CEDCARD_STATUS_POWER)
			flags |= CED1401_LINK_POWER;
		if (status & CEDCARD_STATUS_CABLE)
			flags |= CED1401_LINK_CABLE;
	}
	spin_unlock_irq(&card->lock);
	return flags;
}
