// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Event loops: callbacks of streams and of the 1401 itself.
 *
 * The driver tells of rings by POLLRDBAND and POLLWRBAND, which most event loops do not
 * know. So each stream has an epoll descriptor, readable when the stream is ready, and the
 * device has one around those of its streams that have a callback. The driver tells of the
 * 1401 by POLLPRI, until anybody asks for its STATUS: what is gathered then and not yet told,
 * an eventfd tells.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "stream.h"

int ced1401_event_fd(ced1401_device *device)
{
	return device->epoll;
}

void ced1401_set_event_callback(ced1401_device *device,
				ced1401_event_callback *callback, void *user)
{
	pthread_mutex_lock(&device->lock);
	device->callback = callback;
	device->user = user;
	pthread_mutex_unlock(&device->lock);
}

int ced1401_stream_set_callback(ced1401_stream *stream,
				ced1401_stream_callback *callback, void *user)
{
	struct epoll_event ready = { .events = EPOLLIN };
	int ret = 0;

	pthread_mutex_lock(&stream->dev->lock);
	if (callback && !stream->callback)
		ret = epoll_ctl(stream->dev->epoll, EPOLL_CTL_ADD, stream->epoll,
				&ready);
	else if (!callback && stream->callback)
		ret = epoll_ctl(stream->dev->epoll, EPOLL_CTL_DEL, stream->epoll,
				NULL);
	if (ret)
		ret = -errno;
	if (!ret) {
		stream->callback = callback;
		stream->user = user;
	}
	pthread_mutex_unlock(&stream->dev->lock);
	return ret;
}

/* Who runs the stream's callback, or NULL; the device's lock is held */
static const struct server *server_of(const ced1401_stream *s)
{
	const struct server *server = s->dev->servers;

	while (server && server->stream != s)
		server = server->next;
	return server;
}

/**
 * begin_to_serve - take on the n-th stream that has a callback, unless somebody has
 * @dev: the session
 * @n: streams may come and go meanwhile
 * @server: entered into the device's list; its stream is set
 * @callback: set
 * @user: set
 *
 * Return: the stream, which is not closed before end_to_serve(), or NULL.
 */
static ced1401_stream *begin_to_serve(ced1401_device *dev, unsigned int n,
				      struct server *server,
				      ced1401_stream_callback **callback, void **user)
{
	ced1401_stream *s;

	pthread_mutex_lock(&dev->lock);
	for (s = dev->streams; s; s = s->next) {
		if (s->callback && !server_of(s) && !n--)
			break;
	}
	if (s) {
		*callback = s->callback;
		*user = s->user;
		server->stream = s;
		server->thread = pthread_self();
		server->next = dev->servers;
		dev->servers = server;
	}
	pthread_mutex_unlock(&dev->lock);
	return s;
}

/* The stream may be gone: its callback may close it when it has told its end */
static void end_to_serve(ced1401_device *dev, const struct server *server)
{
	struct server **at;

	pthread_mutex_lock(&dev->lock);
	for (at = &dev->servers; *at != server; at = &(*at)->next)
		;
	*at = server->next;
	pthread_cond_broadcast(&dev->served);
	pthread_mutex_unlock(&dev->lock);
}

void stream_end_callback(ced1401_stream *s)
{
	const struct server *server;

	ced1401_stream_set_callback(s, NULL, NULL);
	pthread_mutex_lock(&s->dev->lock);
	while ((server = server_of(s)) != NULL &&
	       !pthread_equal(server->thread, pthread_self()))
		pthread_cond_wait(&s->dev->served, &s->dev->lock);
	pthread_mutex_unlock(&s->dev->lock);
}

/* Whether that is the stream's callback still, with this @user */
static bool is_called(ced1401_stream *s, ced1401_stream_callback *callback, const void *user)
{
	bool called;

	pthread_mutex_lock(&s->dev->lock);
	called = s->callback == callback && s->user == user;
	pthread_mutex_unlock(&s->dev->lock);
	return called;
}

/* Another thread may start it just now: to the DACs the ring is then what was filled */
static uint64_t ring_of(ced1401_stream *s)
{
	uint64_t ring;

	pthread_mutex_lock(&s->lock);
	ring = s->ring;
	pthread_mutex_unlock(&s->lock);
	return ring;
}

/*
 * What a stream has, to its callback: a ring's at the most, so that the others have
 * their turn. How often it was called, or a negative code.
 */
static int serve(ced1401_stream *s, ced1401_stream_callback *callback, void *user)
{
	struct ced1401_piece piece;
	uint64_t left = ring_of(s);
	int calls = 0, n, used;

	while (left && is_called(s, callback, user)) {
		n = ced1401_stream_acquire(s, &piece, 0, 0);
		if (n == -EAGAIN || n == -EINTR)
			break;
		calls++;
		if (n <= 0) {
			/* Its end is told once */
			ced1401_stream_set_callback(s, NULL, NULL);
			callback(user, s, NULL, n);
			break;
		}
		used = callback(user, s, &piece, 0);
		if (used > n)
			return -EINVAL;
		if (used < 0)
			ced1401_stream_stop(s);
		if (used <= 0)
			break;
		ced1401_stream_release(s, (size_t)used);
		left -= (uint64_t)used < left ? (uint64_t)used : left;
	}
	return calls;
}

/* The 1401's own news; 1 if there were any and somebody was told */
static int tell_events(ced1401_device *dev)
{
	ced1401_event_callback *callback;
	unsigned int events;
	void *user;

	device_look(dev);
	pthread_mutex_lock(&dev->lock);
	events = device_take_events(dev);
	callback = dev->callback;
	user = dev->user;
	pthread_mutex_unlock(&dev->lock);
	if (!events || !callback)
		return 0;
	callback(user, dev, events);
	return 1;
}

int ced1401_process(ced1401_device *device, int timeout_ms)
{
	ced1401_stream_callback *callback = NULL;
	struct epoll_event event;
	struct server server;
	unsigned int i;
	int calls, n;
	void *user = NULL;
	ced1401_stream *s;

	n = epoll_wait(device->epoll, &event, 1, timeout_ms);
	if (n <= 0)
		return n ? -errno : 0;
	calls = tell_events(device);
	for (i = 0;; i++) {
		s = begin_to_serve(device, i, &server, &callback, &user);
		if (!s)
			break;
		n = serve(s, callback, user);
		end_to_serve(device, &server);
		if (n < 0)
			return n;
		calls += n;
	}
	return device_is_gone(device) ? -ENODEV : calls;
}
