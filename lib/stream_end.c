// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How streams end: stop, drain, close; and what the 1401 says that it lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

#define LOOK_MS		20	/* whether the DACs are done */
#define ERROR_RUNS	4	/* the 1401's: something that runs has the DACs */

int ced1401_stream_ask(ced1401_stream *stream)
{
	return stream->kind->ask(stream, NULL);
}

int ced1401_stream_stop(ced1401_stream *stream)
{
	bool runs;

	pthread_mutex_lock(&stream->lock);
	runs = stream->state == CED1401L_STREAM_RUNS;
	if (runs) {
		stream->stopping = true;
		__atomic_store_n(&stream->state, CED1401L_STREAM_ENDING,
				 __ATOMIC_RELAXED);
	} else if (stream->state == CED1401L_STREAM_READY) {
		stream_finish(stream, 0);
	}
	pthread_mutex_unlock(&stream->lock);
	return runs ? stream->kind->stop(stream) : 0;
}

/* ------------------------------------------------------------------- drain */

/* Fill frames with the last one, as far as there is room: how many, or an error */
static int hold(ced1401_stream *s, size_t most, int timeout_ms)
{
	struct ced1401_piece piece;
	size_t i;
	int n = ced1401_stream_acquire(s, &piece, most, timeout_ms);

	if (n <= 0)
		return n;
	for (i = 0; i < (size_t)n; i++)
		memcpy(piece.samples + i * s->n, s->last, s->frame);
	n = ced1401_stream_release(s, (size_t)n);
	return n < 0 ? n : (int)i;
}

/* A block is played whole or not at all: fill up the last one */
static int fill_block(ced1401_stream *s)
{
	int n;

	while (s->released < s->drain_to) {
		n = hold(s, (size_t)(s->drain_to - s->released), 0);
		if (n <= 0)
			return n ? n : -ESHUTDOWN;
	}
	return 0;
}

static void begin_drain(ced1401_stream *s)
{
	uint64_t part = 0;

	pthread_mutex_lock(&s->lock);
	if (!s->draining) {
		if (s->kind == &stream_request)
			part = s->released % s->block;
		s->drain_to = s->released + (part ? s->block - part : 0);
		s->draining = true;
	}
	pthread_mutex_unlock(&s->lock);
}

int stream_push_end(ced1401_stream *s)
{
	struct ced1401_stream_info info;
	int ret;

	begin_drain(s);
	/* The FIFO's stream does not stop by itself: until it is told, hold the value */
	ret = s->kind == &stream_request ? fill_block(s) : hold(s, 0, 0);
	if (ret < 0 && ret != -EAGAIN && ret != -EINTR)
		return ret;
	ced1401_stream_get_info(s, &info);
	if (info.moved < s->drain_to)
		return info.state != CED1401L_STREAM_ENDED ? -EAGAIN :
		       info.error ? info.error : -ESHUTDOWN;
	/* The ring is empty: a block that waits for it will have no data */
	if (s->kind == &stream_request)
		transfer_give_up(s->dev, &s->transfer);
	return 0;
}

static void push_end(void *stream)
{
	stream_push_end(stream);
}

/* Until all of the program's frames are in the 1401 */
static int all_moved(ced1401_stream *s, uint64_t deadline)
{
	struct ced1401_stream_info info;
	int ret = stream_push_end(s);

	/* What the DACs wait for after the last frame is no loss: ask before */
	if (ret == -EAGAIN && !s->asked) {
		s->asked = true;
		s->kind->ask(s, push_end);
	}
	while (ret == -EAGAIN) {
		ced1401_stream_get_info(s, &info);
		info.moved += s->wake;
		ret = s->kind->wait(s, info.moved < s->drain_to ? info.moved :
								  s->drain_to,
				    deadline);
		if (!ret)
			ret = stream_push_end(s);
	}
	return ret;
}

/* Until the DACs are free: a DAC that plays cannot be set, and has that value then */
static int dacs_done(ced1401_stream *s, uint64_t deadline)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * (long)MS_NS };
	int ret;

	for (;;) {
		ret = ced1401_dac(s->dev, s->channels, s->n, s->last);
		if (ret != CED1401L_1401(ERROR_RUNS))
			return ret;
		if (deadline && !ms_until(deadline))
			return -ETIMEDOUT;
		if (nanosleep(&pause, NULL))
			return -EINTR;
	}
}

/* What the 1401 has is played; then the stream has ended */
static int play_rest(ced1401_stream *s, uint64_t deadline)
{
	int ret = 0;

	if (!s->drained) {
		ret = ced1401_command(s->dev, "%s,K;", s->kind->out);
		s->drained = !ret;
	}
	if (!ret)
		ret = dacs_done(s, deadline);
	if (ret == -ETIMEDOUT || ret == -EINTR)
		return ret;
	pthread_mutex_lock(&s->lock);
	stream_finish(s, ret);
	pthread_mutex_unlock(&s->lock);
	return ret;
}

int ced1401_stream_drain(ced1401_stream *stream, int timeout_ms)
{
	uint64_t deadline = deadline_after(timeout_ms);
	struct ced1401_stream_info info;
	int ret = 0;

	ced1401_stream_get_info(stream, &info);
	if (!stream->out || info.state == CED1401L_STREAM_READY)
		return -EINVAL;
	if (info.state == CED1401L_STREAM_ENDED)
		return info.error;
	if (!stream->drained)
		ret = all_moved(stream, deadline);
	if (!ret)
		ret = play_rest(stream, deadline);
	if (ret == -ETIMEDOUT && !timeout_ms)
		ret = -EAGAIN;
	return ret;
}

/* ------------------------------------------------------------------- close */

void ced1401_stream_close(ced1401_stream *stream)
{
	struct ced1401_stream **at;
	ced1401_device *dev;

	if (!stream)
		return;
	dev = stream->dev;
	stream_end_callback(stream);
	if (stream->kind) {
		ced1401_stream_stop(stream);
		stream_ring_close(stream);
		stream_lock(stream);
		stream_finish(stream, 0);
		stream_unlock(stream);
	}
	pthread_mutex_lock(&dev->lock);
	for (at = &dev->streams; *at; at = &(*at)->next) {
		if (*at == stream) {
			*at = stream->next;
			break;
		}
	}
	pthread_mutex_unlock(&dev->lock);
	if (stream->epoll >= 0)
		close(stream->epoll);
	if (stream->attention >= 0)
		close(stream->attention);
	if (stream->timer >= 0)
		close(stream->timer);
	ced1401_free(dev, stream->memory);
	pthread_mutex_destroy(&stream->lock);
	free(stream);
}
