// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Streams: what they are made of, and how frames are lent and given back.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "stream.h"

#define RING_LEAST	0x10000u	/* bytes, by itself */
#define RING_MOST	0x100000u
#define RING_TIGHT	0x4000u		/* ... when memory is scarce */
#define WAKE_PART	8		/* of the ring */
#define WAKE_S		0.05
#define MARGIN_PART	8		/* of the ring, skipped with what was lost */

void stream_lock(ced1401_stream *s)
{
	if (s->asks)
		ced1401_lock(s->dev);
	pthread_mutex_lock(&s->lock);
}

void stream_unlock(ced1401_stream *s)
{
	pthread_mutex_unlock(&s->lock);
	if (s->asks)
		ced1401_unlock(s->dev);
}

/* ---------------------------------------------------------------- making */

void stream_clock_text(const ced1401_stream *s, char text[32])
{
	snprintf(text, 32, "%c%s,%u,%u", s->clock.letter,
		 s->when == CED1401L_ON_TRIGGER ? "T" : "", s->clock.pre,
		 s->clock.count);
}

int stream_choose_clock(ced1401_stream *s, unsigned int conversions)
{
	int ret = ced1401_clock_choose(s->rate * conversions, &s->clock);

	s->true_rate = s->clock.hz / conversions;
	return ret;
}

static int take_config(ced1401_stream *s, const struct ced1401_stream_config *c)
{
	unsigned int limit = s->out ? DAC_CHANNELS : ADC_CHANNELS;
	int ret = channel_text(c->channels, c->n_channels, limit, s->list,
			       sizeof(s->list));

	if (ret)
		return ret;
	if (c->method < CED1401L_AUTO || c->method > CED1401L_REQUEST ||
	    (c->start != CED1401L_NOW && c->start != CED1401L_ON_TRIGGER))
		return -EINVAL;
	if (c->flags && (c->flags != CED1401L_IN_TURN ||
			 c->method != CED1401L_MEMORY))
		return -EINVAL;
	if (s->out && c->method == CED1401L_MEMORY)
		return -EINVAL;
	memcpy(s->channels, c->channels, c->n_channels * sizeof(*s->channels));
	s->n = c->n_channels;
	s->frame = s->n * (unsigned int)sizeof(int16_t);
	s->flags = c->flags;
	s->when = c->start;
	s->wanted = c->method;
	s->rate = c->rate;
	return 0;
}

/*
 * A stream's state for another one. A reset, for one, may have ended it, and nobody has
 * looked since, but for device_look(). The device's lock is held.
 */
static int state_of(const ced1401_stream *other)
{
	int state = __atomic_load_n(&other->state, __ATOMIC_ACQUIRE);

	return state != CED1401L_STREAM_READY && transfer_over(&other->transfer) ?
	       CED1401L_STREAM_ENDED : state;
}

/* Whether another stream is open; with a FIFO stream no block can move */
static bool is_alone(const ced1401_stream *s)
{
	const ced1401_stream *other;
	bool alone = true;

	device_look(s->dev);
	pthread_mutex_lock(&s->dev->lock);
	for (other = s->dev->streams; other; other = other->next) {
		if (other != s && state_of(other) != CED1401L_STREAM_ENDED)
			alone = false;
	}
	pthread_mutex_unlock(&s->dev->lock);
	return alone;
}

/* 1: the 1401 can stream so */
static int can(const ced1401_stream *s, const struct stream_kind *kind)
{
	const char *command = s->out ? kind->out : kind->in;

	return command ? ced1401_has_command(s->dev, command) : 0;
}

static bool fills_fifo(const ced1401_stream *s)
{
	return !s->out || s->released * s->frame >= FIFO_LEAST;
}

/* @filled: the ring has what it starts with; MEMORY or not was chosen before */
static int choose_kind(ced1401_stream *s, bool filled)
{
	const struct stream_kind *const kinds[] = {
		&stream_fifo, &stream_request, &stream_memory,
	};
	unsigned int i;
	int ret = 0;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool asks = kinds[i] == &stream_memory;

		if (s->wanted != CED1401L_AUTO && s->wanted != kinds[i]->method)
			continue;
		if (filled && asks != s->asks)
			continue;
		if (s->wanted == CED1401L_AUTO && kinds[i] == &stream_fifo &&
		    (!is_alone(s) || (filled && !fills_fifo(s))))
			continue;
		ret = can(s, kinds[i]);
		if (ret < 0)
			return ret;
		if (ret) {
			s->kind = kinds[i];
			return s->kind->prepare(s);
		}
	}
	return NOT_THERE;
}

static int make_ring(ced1401_stream *s, const struct ced1401_stream_config *c)
{
	double second = s->true_rate * s->frame;
	size_t size = RING_LEAST, least = RING_TIGHT, offset;
	uint64_t wake;
	int ret;

	if (c->ring_frames > CED1401_BUF_MAX / s->frame)
		return -EINVAL;
	while (size < second && size < RING_MOST)
		size *= 2;
	if (c->ring_frames) {
		size = (size_t)c->ring_frames * s->frame;
		least = size < RING_TIGHT ? size : RING_TIGHT;
	}
	s->memory = alloc_down(s->dev, &size, least);
	if (!s->memory)
		return result_of_errno();
	ret = buffer_of(s->dev, s->memory, size, &offset);
	if (ret < 0)
		return ret;
	s->buffer = (uint32_t)ret;
	pages_map(s->dev);
	s->ring = size / s->frame;
	wake = c->wake_frames;
	if (!wake) {
		wake = s->ring / WAKE_PART;
		if ((double)wake > s->true_rate * WAKE_S)
			wake = (uint64_t)(s->true_rate * WAKE_S);
	}
	if (wake > s->ring)
		wake = s->ring;
	s->wake = wake ? wake : 1;
	return 0;
}

static int make_epoll(ced1401_stream *s)
{
	struct epoll_event news = { .events = EPOLLIN };

	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->attention = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->epoll < 0 || s->attention < 0 ||
	    epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->attention, &news))
		return -errno;
	return 0;
}

static int open_stream(ced1401_device *dev,
		       const struct ced1401_stream_config *config, bool out,
		       ced1401_stream **stream)
{
	ced1401_stream *s;
	int ret;

	if (!stream)
		return -EINVAL;
	*stream = NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->dev = dev;
	s->out = out;
	s->epoll = -1;
	s->attention = -1;
	s->timer = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_lock(&dev->lock);
	s->next = dev->streams;
	dev->streams = s;
	pthread_mutex_unlock(&dev->lock);
	ret = take_config(s, config);
	if (!ret)
		ret = choose_kind(s, false);
	s->asks = s->kind == &stream_memory;
	if (!ret)
		ret = make_ring(s, config);
	if (!ret)
		ret = make_epoll(s);
	if (ret) {
		ced1401_stream_close(s);
		return ret;
	}
	*stream = s;
	return 0;
}

int ced1401_stream_in(ced1401_device *device,
		      const struct ced1401_stream_config *config,
		      ced1401_stream **stream)
{
	return open_stream(device, config, false, stream);
}

int ced1401_stream_out(ced1401_device *device,
		       const struct ced1401_stream_config *config,
		       ced1401_stream **stream)
{
	return open_stream(device, config, true, stream);
}

/* Who has the DMA channel: a FIFO stream alone, or all that move blocks */
static int take_channel(ced1401_stream *s)
{
	ced1401_device *dev = s->dev;
	const ced1401_stream *other;
	int ret = 0;

	device_look(dev);
	pthread_mutex_lock(&dev->lock);
	for (other = dev->streams; other; other = other->next) {
		int state = state_of(other);

		if (other != s && (state == CED1401L_STREAM_RUNS ||
				   state == CED1401L_STREAM_ENDING) &&
		    (s->kind == &stream_fifo || other->kind == &stream_fifo))
			ret = CED1401L_E_FIFO;
	}
	if (!ret && s->kind == &stream_fifo)
		dev->fifo_runs = s;
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

int ced1401_stream_start(ced1401_stream *stream)
{
	struct epoll_event news = {
		.events = EPOLLPRI | (stream->out ? EPOLLWRBAND : EPOLLRDBAND),
	};
	int ret = 0;

	ced1401_lock(stream->dev);
	pthread_mutex_lock(&stream->lock);
	if (stream->state != CED1401L_STREAM_READY)
		ret = -EALREADY;
	else if (stream->out && !stream->released)
		ret = -EINVAL;
	if (!ret)
		ret = choose_kind(stream, true);
	if (!ret && stream->kind == &stream_fifo && !fills_fifo(stream))
		ret = -EINVAL;
	if (!ret)
		ret = take_channel(stream);
	if (!ret) {
		if (stream->out) {
			stream->ring = stream->released;
			if (stream->wake > stream->ring)
				stream->wake = stream->ring;
		}
		ret = stream->kind->start(stream);
		if (!ret && stream->kind != &stream_memory &&
		    epoll_ctl(stream->epoll, EPOLL_CTL_ADD, stream->dev->fd, &news))
			ret = -errno;
		if (ret)
			stream_finish(stream, ret);
		else
			__atomic_store_n(&stream->state, CED1401L_STREAM_RUNS,
					 __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&stream->lock);
	ced1401_unlock(stream->dev);
	return ret;
}

void stream_finish(ced1401_stream *s, int error)
{
	const uint64_t one = 1;

	if (s->state == CED1401L_STREAM_ENDED)
		return;
	if (s->kind)
		s->kind->end(s);
	s->error = error;
	__atomic_store_n(&s->state, CED1401L_STREAM_ENDED, __ATOMIC_RELAXED);
	pthread_mutex_lock(&s->dev->lock);
	if (s->dev->fifo_runs == s)
		s->dev->fifo_runs = NULL;
	pthread_mutex_unlock(&s->dev->lock);
	/* For ever readable: there is nothing more to wait for */
	if (s->attention >= 0 && write(s->attention, &one, sizeof(one)) < 0)
		return;
}

/* --------------------------------------------------------------- lending */

/* The ring was gone over: go on where there is time to read, or to fill */
static void skip(ced1401_stream *s)
{
	uint64_t n = stream_available(s) - s->ring + s->ring / MARGIN_PART;

	s->kind->consume(s, n);
	s->released += n;
	s->lost += n;
	s->lost_before += n;
}

static bool started(const ced1401_stream *s)
{
	return s->state == CED1401L_STREAM_RUNS ||
	       s->state == CED1401L_STREAM_ENDING;
}

static void look(ced1401_stream *s, uint64_t enough, bool all)
{
	if (started(s))
		s->kind->look(s, enough, all);
}

static uint64_t worth(const ced1401_stream *s, size_t max)
{
	return max && max < s->wake ? max : s->wake;
}

static int lend(ced1401_stream *s, struct ced1401_piece *piece, size_t max)
{
	uint64_t at = s->released % s->ring, n = stream_available(s);

	if (n > s->ring - at)
		n = s->ring - at;
	if (max && n > max)
		n = max;
	if (n > INT_MAX)
		n = INT_MAX;
	s->lent = (size_t)n;
	piece->samples = (int16_t *)(s->memory + at * s->frame);
	piece->frames = (size_t)n;
	piece->position = s->released;
	piece->lost = s->lost_before;
	piece->time_frames = s->moved;
	piece->time_ns = s->time_ns;
	return (int)n;
}

/* Lend what there is, if it is worth it or time is up; else -EAGAIN */
static int try_to_lend(ced1401_stream *s, struct ced1401_piece *piece, size_t max,
		       bool now)
{
	uint64_t n;

	look(s, worth(s, max), now);
	if (stream_available(s) > s->ring)
		skip(s);
	n = stream_available(s);
	if (s->state == CED1401L_STREAM_ENDED && (s->out || !n))
		return s->error;
	if (!n || (n < worth(s, max) && !now && started(s)))
		return -EAGAIN;
	return lend(s, piece, max);
}

int ced1401_stream_acquire(ced1401_stream *stream, struct ced1401_piece *piece,
			   size_t max, int timeout_ms)
{
	uint64_t deadline = deadline_after(timeout_ms), at;
	bool now = !timeout_ms;
	int ret;

	stream_lock(stream);
	for (;;) {
		ret = try_to_lend(stream, piece, max, now);
		if (ret != -EAGAIN)
			break;
		if (now || !started(stream)) {
			ret = timeout_ms && started(stream) ? -ETIMEDOUT : -EAGAIN;
			break;
		}
		at = stream->released + worth(stream, max);
		if (stream->out)
			at -= stream->ring;
		stream_unlock(stream);
		ret = stream->kind->wait(stream, at, deadline);
		stream_lock(stream);
		if (ret == -EINTR)
			break;
		now = ret == -ETIMEDOUT;
	}
	stream_unlock(stream);
	return ret;
}

/* @copied: the frames were whole when they were used: nothing of them is lost */
static int give_back(ced1401_stream *s, size_t frames, bool copied)
{
	uint64_t over = 0;

	if (frames > s->lent)
		return -EINVAL;
	if (!frames)
		return 0;
	if (s->out)
		memcpy(s->last, s->memory + (s->released + frames - 1) % s->ring *
				s->frame, s->frame);
	if (s->state != CED1401L_STREAM_READY)
		over = s->kind->consume(s, frames);
	s->released += frames;
	s->lent -= frames;
	s->lost_before = 0;
	if (copied)
		over = 0;
	s->lost += over;
	return (int)over;
}

static int release(ced1401_stream *s, size_t frames, bool copied)
{
	int ret;

	pthread_mutex_lock(&s->lock);
	ret = give_back(s, frames, copied);
	pthread_mutex_unlock(&s->lock);
	return ret;
}

int ced1401_stream_release(ced1401_stream *stream, size_t frames)
{
	return release(stream, frames, false);
}

/* --------------------------------------------------------------- copying */

static int left_ms(uint64_t deadline)
{
	return deadline ? ms_until(deadline) : -1;
}

/* Whether what was lent is as it was: nothing of the ring has been gone over */
static bool is_whole(ced1401_stream *s)
{
	bool whole;

	stream_lock(s);
	whole = started(s) ? s->kind->is_whole(s) :
			     stream_available(s) <= s->ring;
	stream_unlock(s);
	return whole;
}

/*
 * Time is up, and what was there is taken: the ring's end, and its beginning. More comes all
 * the time.
 */
static bool is_late(uint64_t deadline, unsigned int *looks)
{
	return deadline && !ms_until(deadline) && (*looks)++ == 2;
}

int ced1401_stream_read(ced1401_stream *stream, int16_t *samples, size_t frames,
			int timeout_ms, struct ced1401_piece *piece)
{
	uint64_t deadline = deadline_after(timeout_ms);
	struct ced1401_piece part;
	unsigned int looks = 0;
	size_t done = 0;
	int ret = 0;

	if (stream->out || !frames)
		return -EINVAL;
	if (frames > INT_MAX)
		frames = INT_MAX;
	while (done < frames && !is_late(deadline, &looks)) {
		ret = ced1401_stream_acquire(stream, &part, frames - done,
					     left_ms(deadline));
		if (ret <= 0 || (done && part.lost))
			break;
		memcpy(samples + done * stream->n, part.samples,
		       part.frames * stream->frame);
		if (!is_whole(stream)) {
			ret = deadline && !ms_until(deadline) ? -EAGAIN : 0;
			if (done || ret)
				break;
			continue;
		}
		if (piece && !done)
			*piece = part;
		done += part.frames;
		release(stream, part.frames, true);
	}
	if (done && piece) {
		piece->samples = samples;
		piece->frames = done;
	}
	return done ? (int)done : ret == -EAGAIN && timeout_ms ? -ETIMEDOUT : ret;
}

int ced1401_stream_write(ced1401_stream *stream, const int16_t *samples,
			 size_t frames, int timeout_ms)
{
	uint64_t deadline = deadline_after(timeout_ms);
	struct ced1401_piece part;
	unsigned int looks = 0;
	size_t done = 0;
	int ret = 0;

	if (!stream->out || !frames)
		return -EINVAL;
	if (frames > INT_MAX)
		frames = INT_MAX;
	while (done < frames && !is_late(deadline, &looks)) {
		ret = ced1401_stream_acquire(stream, &part, frames - done,
					     left_ms(deadline));
		if (ret <= 0)
			break;
		memcpy(part.samples, samples + done * stream->n,
		       part.frames * stream->frame);
		ced1401_stream_release(stream, part.frames);
		done += part.frames;
	}
	return done ? (int)done : ret;
}

/* ----------------------------------------------------------- how it stands */

int ced1401_stream_get_info(ced1401_stream *stream,
			    struct ced1401_stream_info *info)
{
	memset(info, 0, sizeof(*info));
	stream_lock(stream);
	look(stream, 0, false);
	info->state = stream->state;
	info->error = stream->error;
	info->method = stream->kind->method;
	info->to_1401 = stream->out;
	info->n_channels = stream->n;
	info->clock = stream->clock;
	info->true_rate = stream->true_rate;
	info->ring_frames = stream->ring;
	info->wake_frames = stream->wake;
	info->moved = stream->moved;
	info->time_ns = stream->time_ns;
	info->released = stream->released;
	info->lost = stream->lost;
	info->lost_1401 = stream->lost_1401;
	stream_unlock(stream);
	return 0;
}

int ced1401_stream_fd(ced1401_stream *stream)
{
	return stream->epoll;
}
