// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Streams from a 1401 that cannot stream: it samples round and round in its own memory
 * (repeats 0), and what is finished is fetched into the host's ring, block by block.
 *
 * P tells where in the round the 1401 is. How often it has been round is known by the
 * clock, so that one who comes back late knows how much was lost.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

#define SHARE		2	/* of the 1401's memory: one part of so many */
#define LATER_PART	4	/* of the round: how far behind a loss to go on */
#define WAKE_PART	4	/* of the round, at the most: the rest is time to fetch it */
#define ASK_NS		SECOND_NS	/* between questions whether it missed any */
#define TICK_LEAST_NS	(5 * MS_NS)

static uint32_t round_frames(const ced1401_stream *s)
{
	return s->store.range.size / s->frame;
}

/* One channel, or channels in turn, is ADCMEM; several at once need ADCBST */
static int memory_prepare(ced1401_stream *s)
{
	int burst = 0;

	if (s->n > 1 && !(s->flags & CED1401L_IN_TURN)) {
		burst = ced1401_has_command(s->dev, "ADCBST");
		if (burst < 0)
			return burst;
	}
	s->store.command = burst ? "ADCBST" : "ADCMEM";
	s->store.conversions = burst ? 1 : s->n;
	return stream_choose_clock(s, s->store.conversions);
}

static int make_timer(ced1401_stream *s)
{
	struct epoll_event news = { .events = EPOLLIN };
	double ns = (double)s->wake / s->true_rate * 1e9;
	struct itimerspec every;

	s->store.tick = ns > TICK_LEAST_NS ? (uint64_t)ns : TICK_LEAST_NS;
	every.it_interval.tv_sec = (time_t)(s->store.tick / SECOND_NS);
	every.it_interval.tv_nsec = (long)(s->store.tick % SECOND_NS);
	every.it_value = every.it_interval;
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer < 0 || timerfd_settime(s->timer, 0, &every, NULL) ||
	    epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->timer, &news))
		return -errno;
	return 0;
}

static int take_room(ced1401_stream *s)
{
	uint32_t whole, part;
	int ret = ced1401_memory_size(s->dev, &whole);

	if (ret)
		return ret;
	part = range_free(s->dev, whole) / SHARE;
	s->store.range.size = part - part % s->frame;
	if (!s->store.range.size)
		return CED1401L_E_1401_FULL;
	return range_take(s->dev, &s->store.range, whole);
}

static int memory_start(ced1401_stream *s)
{
	struct ced1401_start start = {
		.buffer = s->buffer,
		.flags = CED1401_TO_HOST | CED1401_ON_REQUEST,
		.length = s->ring * s->frame,
	};
	uint64_t most;
	char clock[32];
	int ret = take_room(s);

	if (ret) {
		s->store.range.size = 0;
		return ret;
	}
	most = round_frames(s) / WAKE_PART;
	if (s->wake > most)
		s->wake = most ? most : 1;
	ret = make_timer(s);
	if (!ret)
		ret = transfer_begin_area(s->dev, &s->transfer, &start);
	if (ret)
		return ret;
	s->area = start.area;
	stream_clock_text(s, clock);
	ret = ced1401_command(s->dev, "%s,I,2,%u,%u,%s,0,%s;", s->store.command,
			      s->store.range.address, s->store.range.size,
			      s->list, clock);
	s->store.at = now_ns();
	s->store.asked = s->store.at;
	return ret;
}

/* ------------------------------------------------------------ what is there */

/* How far the 1401 is, in all */
static int track(ced1401_stream *s)
{
	struct stream_store *store = &s->store;
	uint64_t size = store->range.size, now, step;
	double due, rounds;
	long at;
	int ret = talk_ask(s->dev, &at, 1, "%s,P;", store->command);

	if (ret)
		return ret;
	if (at < 0 || (uint64_t)at > size)
		return -EBADMSG;
	now = now_ns();
	step = ((uint64_t)at + size - store->sampled % size) % size;
	due = (double)(now - store->at) / 1e9 * s->true_rate * s->frame;
	rounds = round((due - (double)step) / (double)size);
	/* Before the trigger no time passes, and when it came is not known */
	if (rounds > 0 && (store->sampled ||
			   (step && s->when != CED1401L_ON_TRIGGER)))
		step += (uint64_t)rounds * size;
	store->sampled += step;
	store->at = now;
	return 0;
}

/* Whether it missed samples, which leave no gap in its memory: then it is over */
static int ask_missed(ced1401_stream *s)
{
	long state;
	int ret = talk_ask(s->dev, &state, 1, "%s,?;", s->store.command);

	if (ret)
		return ret;
	return state < 0 ? CED1401L_E_MISSED : 0;
}

static int check_missed(ced1401_stream *s)
{
	if (s->store.at - s->store.asked < ASK_NS)
		return 0;
	s->store.asked = s->store.at;
	return ask_missed(s);
}

/* What of the store has been gone over, the next to be fetched first, is lost */
static bool check_lost(ced1401_stream *s)
{
	struct stream_store *store = &s->store;
	uint64_t behind = store->sampled - store->fetched * s->frame, on;

	if (behind <= store->range.size)
		return false;
	on = store->sampled - store->range.size +
	     store->range.size / LATER_PART;
	on = (on + s->frame - 1) / s->frame;
	store->gap += on - store->fetched;
	store->fetched = on;
	return true;
}

/* Fetch @n frames, which lie in one piece both here and there */
static int fetch(ced1401_stream *s, uint64_t n)
{
	struct stream_store *store = &s->store;
	char text[80];
	int ret;

	snprintf(text, sizeof(text), "TOHOST,%u,%u,%u,%u;",
		 (uint32_t)(store->range.address +
			    store->fetched % round_frames(s) * s->frame),
		 (uint32_t)n * s->frame,
		 (uint32_t)(s->moved % s->ring * s->frame), s->area);
	ret = talk_exchange(s->dev, text, NULL, 0, 0, NULL, NULL);
	if (ret)
		return ret == CED1401L_1401(ERROR_GIVEN_UP) ? CED1401L_E_BLOCK :
							       ret;
	/* The sampling may have come round to it meanwhile */
	if (!s->store.stopped)
		ret = track(s);
	if (ret || check_lost(s))
		return ret;
	store->fetched += n;
	s->moved += n;
	s->time_ns = store->at;
	return 0;
}

/* How many frames can be fetched at once now; those before @wanted however few they are */
static uint64_t fetchable(const ced1401_stream *s, uint64_t wanted)
{
	const struct stream_store *store = &s->store;
	uint64_t n = store->sampled / s->frame - store->fetched;
	uint64_t room = s->ring - (s->moved - s->released);
	uint64_t here = s->ring - s->moved % s->ring;
	uint64_t there = round_frames(s) - store->fetched % round_frames(s);

	/* Small pieces cost more than they are worth, but at the end, or if there is no time */
	if (n < s->wake && store->fetched >= wanted && !store->stopped)
		return 0;
	if (n > room)
		n = room;
	if (n > here)
		n = here;
	return n > there ? there : n;
}

/* The reader has all from before the loss: go on behind it */
static void close_gap(ced1401_stream *s)
{
	struct stream_store *store = &s->store;

	if (!store->gap || s->moved != s->released)
		return;
	s->moved += store->gap;
	s->released += store->gap;
	s->lost += store->gap;
	s->lost_before += store->gap;
	store->gap = 0;
}

/* The link was given up, or the 1401 reset: the driver has stopped the area */
static bool is_over(ced1401_stream *s, int *error)
{
	struct transfer seen;

	*error = device_look(s->dev);
	if (*error)
		return true;
	seen = transfer_seen(s->dev, &s->transfer);
	*error = transfer_result(seen.error);
	return transfer_over(&seen);
}

/*
 * Up to which frame to fetch what is less than a wake-up is for: what was sampled by now.
 * Who takes whatever there is, again and again, would never come to an end: while some of
 * it is fetched more is sampled.
 */
static uint64_t wanted_to(ced1401_stream *s, uint64_t enough, bool all)
{
	struct stream_store *store = &s->store;
	uint64_t sampled = store->sampled / s->frame, here = stream_available(s);

	if (here < enough && here + sampled - store->fetched >= enough)
		return sampled;
	return all && store->at - store->hurried >= TICK_LEAST_NS ? sampled : 0;
}

/* The 1401 must be asked in any case */
static void memory_look(ced1401_stream *s, uint64_t enough, bool all)
{
	uint64_t expired, n, wanted;
	int ret = 0, error;

	if (read(s->timer, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
		ret = -errno;
	if (!ret && !s->store.stopped)
		ret = track(s);
	if (!ret && !s->store.stopped)
		ret = check_missed(s);
	if (!ret)
		check_lost(s);
	wanted = wanted_to(s, enough, all);
	for (;;) {
		close_gap(s);
		if (ret || s->store.gap)
			break;
		n = fetchable(s, wanted);
		if (!n)
			break;
		ret = fetch(s, n);
		if (n < s->wake)
			s->store.hurried = now_ns();
	}
	if (is_over(s, &error) && error)
		ret = error;
	if (ret)
		stream_finish(s, ret);
	else if (s->store.stopped && !s->store.gap &&
		 s->store.fetched >= s->store.sampled / s->frame)
		stream_finish(s, 0);
}

/* As long as a wake-up takes, or what is left to come until then */
static int memory_wait(ced1401_stream *s, uint64_t frames, uint64_t deadline)
{
	uint64_t until = now_ns();
	struct timespec t;
	double ns;

	pthread_mutex_lock(&s->lock);
	ns = frames > s->moved ? (double)(frames - s->moved) / s->true_rate * 1e9 : 0;
	pthread_mutex_unlock(&s->lock);
	if (ns < TICK_LEAST_NS)
		until += TICK_LEAST_NS;
	else
		until += ns < (double)s->store.tick ? (uint64_t)ns : s->store.tick;
	if (deadline && deadline < until)
		until = deadline;
	t.tv_sec = (time_t)(until / SECOND_NS);
	t.tv_nsec = (long)(until % SECOND_NS);
	if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		return -EINTR;
	return deadline && now_ns() >= deadline ? -ETIMEDOUT : 0;
}

static uint64_t memory_consume(ced1401_stream *s, uint64_t frames)
{
	(void)s;
	(void)frames;
	return 0;
}

static int memory_ask(ced1401_stream *s, talk_idle *idle)
{
	int ret;

	(void)idle;
	stream_lock(s);
	ret = ask_missed(s);
	if (ret == CED1401L_E_MISSED && s->state != CED1401L_STREAM_READY)
		stream_finish(s, ret);
	stream_unlock(s);
	return ret;
}

/* No more is sampled. K forgets that samples were missed: ask before */
static int say_end(ced1401_stream *s)
{
	long state;
	int ret = talk_ask(s->dev, &state, 1, "%s,?;%s,K;", s->store.command,
			   s->store.command);

	s->store.stopped = true;
	if (ret)
		return ret;
	return state < 0 ? CED1401L_E_MISSED : 0;
}

static int memory_stop(ced1401_stream *s)
{
	int ret, error;

	stream_lock(s);
	if (is_over(s, &error)) {
		s->store.stopped = true;
		stream_finish(s, error);
		stream_unlock(s);
		return 0;
	}
	/* A real 1401 may forget P with K: ask before, and again */
	ret = track(s);
	if (!ret)
		ret = say_end(s);
	if (!ret)
		track(s);
	if (ret)
		stream_finish(s, ret);
	stream_unlock(s);
	/* That is how the stream has ended: who reads it is told */
	return ret == CED1401L_E_MISSED ? 0 : ret;
}

static void memory_end(ced1401_stream *s)
{
	if (s->state == CED1401L_STREAM_RUNS ||
	    (s->state == CED1401L_STREAM_ENDING && !s->store.stopped))
		ced1401_command(s->dev, "%s,K;", s->store.command);
	if (s->store.range.size)
		range_give(s->dev, &s->store.range);
	s->store.range.size = 0;
	transfer_stop(s->dev, &s->transfer);
}

static bool memory_is_whole(ced1401_stream *s)
{
	memory_look(s, 0, false);
	return stream_available(s) <= s->ring;
}

const struct stream_kind stream_memory = {
	.method = CED1401L_MEMORY,
	.in = "ADCMEM",
	.prepare = memory_prepare,
	.start = memory_start,
	.look = memory_look,
	.is_whole = memory_is_whole,
	.wait = memory_wait,
	.consume = memory_consume,
	.ask = memory_ask,
	.stop = memory_stop,
	.end = memory_end,
};
