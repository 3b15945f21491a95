// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libced1401: event loops. Descriptors that plain poll(2) and epoll know, callbacks, and
 * signals.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "helpers.h"

static const unsigned int both[] = { 0, 1 };

static int patience(void)
{
	return (int)(20000 * slow());
}

static bool readable(int fd, int ms)
{
	return poll_for(fd, POLLIN, ms) & POLLIN;
}

static struct ced1401_stream_config config_of(int method)
{
	const struct ced1401_stream_config config = {
		.channels = both, .n_channels = 2, .method = method,
		.rate = method == CED1401L_FIFO ? 500 : 5000,
	};

	return config;
}

static void a_stream_is_readable_when_it_is_ready(void **state)
{
	static const int methods[] = {
		CED1401L_REQUEST, CED1401L_FIFO, CED1401L_MEMORY,
	};
	ced1401_device *dev = open_1401(0);
	struct ced1401_piece piece;
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(methods) && is_clocked(dev); i++) {
		struct ced1401_stream_config config = config_of(methods[i]);
		uint64_t first = next_frame_heard(dev);
		ced1401_stream *s;
		int fd, got;

		config.start = CED1401L_ON_TRIGGER;
		config.wake_frames = 50;
		well(ced1401_stream_in(dev, &config, &s));
		fd = ced1401_stream_fd(s);
		assert_false(readable(fd, 0));
		well(ced1401_stream_start(s));
		/* MEMORY has to look, now and then, and finds nothing */
		if (methods[i] != CED1401L_MEMORY)
			assert_false(readable(fd, 100));
		assert_int_equal(ced1401_stream_acquire(s, &piece, 0, 0), -EAGAIN);
		well(ced1401_clocks_start(dev));
		do {
			assert_true(readable(fd, patience()));
			got = ced1401_stream_acquire(s, &piece, 0, 0);
		} while (methods[i] == CED1401L_MEMORY && got == -EAGAIN);
		well(got);
		assert_true(got >= 50 || methods[i] == CED1401L_MEMORY);
		assert_sampled(piece.samples, both, 2, piece.frames,
			       first + piece.position);
		well(ced1401_stream_release(s, piece.frames));
		/* At its end it is readable until it is closed */
		well(ced1401_stream_stop(s));
		do {
			assert_true(readable(fd, patience()));
			got = ced1401_stream_acquire(s, &piece, 0, 0);
			if (got > 0)
				well(ced1401_stream_release(s, piece.frames));
		} while (got > 0 || got == -EAGAIN);
		assert_int_equal(got, 0);
		assert_true(readable(fd, 0));
		ced1401_stream_close(s);
		assert_int_equal(fcntl(fd, F_GETFD), -1);
	}
	ced1401_close(dev);
}

/* What the callback of a stream to the host is told */
struct listener {
	uint64_t first;
	uint64_t frames;
	uint64_t enough;
	unsigned int calls;
	unsigned int ends;
	int error;
	bool wrong;
	bool stopped;
};

static int listens(void *user, ced1401_stream *stream,
		   const struct ced1401_piece *piece, int error)
{
	struct listener *l = user;
	size_t used, i;

	(void)stream;
	l->calls++;
	if (!piece) {
		l->ends++;
		l->error = error;
		return 0;
	}
	if (l->frames >= l->enough && !l->stopped) {
		l->stopped = true;
		return -1;
	}
	/* Not always all of it */
	used = piece->frames > 10 && l->calls % 3 ? piece->frames / 2 : piece->frames;
	l->wrong |= piece->position != l->frames || piece->lost;
	for (i = 0; i < used; i++)
		l->wrong |= piece->samples[2 * i] !=
			    heard(l->first + piece->position + i, 0) ||
			    piece->samples[2 * i + 1] !=
			    heard(l->first + piece->position + i, 1);
	l->frames += used;
	return (int)used;
}

static void a_long_stream_by_callbacks(void **state)
{
	struct ced1401_stream_config config = config_of(CED1401L_REQUEST);
	ced1401_device *dev = open_1401(0);
	bool clocked = is_clocked(dev);
	struct listener l = {
		.first = next_frame_heard(dev),
		.enough = clocked ? 8000 : 300000,
	};
	ced1401_stream *s;

	(void)state;
	well(ced1401_stream_in(dev, &config, &s));
	well(ced1401_stream_set_callback(s, listens, &l));
	assert_int_equal(ced1401_process(dev, 0), 0);
	well(ced1401_stream_start(s));
	while (!l.ends) {
		assert_true(readable(ced1401_event_fd(dev), patience()));
		well(ced1401_process(dev, 0));
		assert_false(l.wrong);
	}
	assert_int_equal(l.ends, 1);
	assert_int_equal(l.error, 0);
	assert_true(l.calls > 3);
	assert_true(l.frames >= l.enough);
	/* The end was told once, and nothing is left to tell */
	assert_false(readable(ced1401_event_fd(dev), 0));
	assert_int_equal(ced1401_process(dev, 0), 0);
	ced1401_stream_close(s);
	ced1401_close(dev);
}

/* Values for the DACs: the number of the frame, of which the low bits can be seen */
struct speaker {
	uint64_t frames;
	unsigned int ends;
};

static int speaks(void *user, ced1401_stream *stream,
		  const struct ced1401_piece *piece, int error)
{
	struct speaker *sp = user;
	size_t i;

	(void)stream;
	(void)error;
	if (!piece) {
		sp->ends++;
		return 0;
	}
	for (i = 0; i < piece->frames; i++)
		piece->samples[i] = (int16_t)(piece->position + i);
	sp->frames = piece->position + piece->frames;
	return (int)piece->frames;
}

static int checks(void *user, ced1401_stream *stream,
		  const struct ced1401_piece *piece, int error)
{
	struct listener *l = user;
	size_t i;

	(void)stream;
	(void)error;
	if (!piece) {
		l->ends++;
		return 0;
	}
	/* Input 2 sees the DAC: the same moment, the same value */
	for (i = 0; i < piece->frames; i++)
		l->wrong |= piece->samples[i] != (int16_t)(piece->position + i);
	l->wrong |= piece->lost;
	l->frames = piece->position + piece->frames;
	return (int)piece->frames;
}

static void both_directions_in_one_loop(void **state)
{
	static const unsigned int input[] = { 2 }, output[] = { 0 };
	struct ced1401_stream_config in = config_of(0), out = config_of(0);
	ced1401_device *dev = open_1401(0);
	struct epoll_event event = { .events = EPOLLIN };
	struct listener l = { .frames = 0 };
	struct speaker sp = { .frames = 0 };
	ced1401_stream *from, *to;
	struct ced1401_piece piece;
	int loop;

	(void)state;
	if (!is_clocked(dev)) {
		ced1401_close(dev);
		return;
	}
	in.channels = input;
	in.n_channels = 1;
	in.start = CED1401L_ON_TRIGGER;
	out.channels = output;
	out.n_channels = 1;
	out.start = CED1401L_ON_TRIGGER;
	/* More than the 1401 takes ahead, 256 KiB and what is on its way */
	out.ring_frames = 200000;
	well(ced1401_stream_in(dev, &in, &from));
	well(ced1401_stream_out(dev, &out, &to));
	well(ced1401_stream_set_callback(from, checks, &l));
	well(ced1401_stream_set_callback(to, speaks, &sp));
	while (ced1401_stream_acquire(to, &piece, 0, 0) > 0) {
		speaks(&sp, to, &piece, 0);
		well(ced1401_stream_release(to, piece.frames));
	}
	well(ced1401_stream_start(from));
	well(ced1401_stream_start(to));
	well(ced1401_clocks_start(dev));
	loop = epoll_create1(EPOLL_CLOEXEC);
	assert_int_equal(epoll_ctl(loop, EPOLL_CTL_ADD, ced1401_event_fd(dev),
				   &event), 0);
	while (l.frames < 10000) {
		assert_int_equal(epoll_wait(loop, &event, 1, patience()), 1);
		well(ced1401_process(dev, 0));
		assert_false(l.wrong);
	}
	/* Half of the ring went to the 1401 at once, and the callback filled it anew */
	assert_true(sp.frames > 200000);
	well(ced1401_stream_stop(to));
	well(ced1401_stream_stop(from));
	while (!l.ends || !sp.ends)
		well(ced1401_process(dev, patience()));
	ced1401_close(dev);
}

/* Serves a device's callbacks until it is told that it is enough */
struct server {
	ced1401_device *dev;
	bool enough;
};

static void *serves(void *arg)
{
	struct server *server = arg;
	int ret;

	while (!__atomic_load_n(&server->enough, __ATOMIC_ACQUIRE)) {
		ret = ced1401_process(server->dev, 20);
		if (ret < 0 && ret != -EINTR)
			return (void *)ced1401_strerror(ret);
	}
	return NULL;
}

static void two_threads_serve_a_stream_in_turn(void **state)
{
	struct ced1401_stream_config config = config_of(CED1401L_REQUEST);
	ced1401_device *dev = open_1401(0);
	struct server server = { .dev = dev };
	struct listener l = { .enough = is_clocked(dev) ? 8000 : 300000 };
	pthread_t threads[2];
	ced1401_stream *s;

	(void)state;
	l.first = next_frame_heard(dev);
	well(ced1401_stream_in(dev, &config, &s));
	well(ced1401_stream_set_callback(s, listens, &l));
	threads[0] = begin_thread(serves, &server);
	threads[1] = begin_thread(serves, &server);
	well(ced1401_stream_start(s));
	while (!__atomic_load_n(&l.ends, __ATOMIC_ACQUIRE))
		sleep_ms(20);
	__atomic_store_n(&server.enough, true, __ATOMIC_RELEASE);
	join_thread(threads[0]);
	join_thread(threads[1]);
	/* No frame twice, and none before the one before it */
	assert_false(l.wrong);
	assert_int_equal(l.ends, 1);
	assert_int_equal(l.error, 0);
	assert_true(l.frames >= l.enough);
	ced1401_stream_close(s);
	ced1401_close(dev);
}

/* A callback that takes its time, and needs the stream until then */
struct lingerer {
	unsigned int ms;
	bool inside;
	bool left;
};

static int lingers(void *user, ced1401_stream *stream,
		   const struct ced1401_piece *piece, int error)
{
	struct lingerer *l = user;
	struct ced1401_stream_info info;

	(void)error;
	__atomic_store_n(&l->left, false, __ATOMIC_RELEASE);
	__atomic_store_n(&l->inside, true, __ATOMIC_RELEASE);
	sleep_ms(l->ms);
	ced1401_stream_get_info(stream, &info);
	__atomic_store_n(&l->left, true, __ATOMIC_RELEASE);
	return piece ? (int)piece->frames : 0;
}

static void streams_are_closed_while_another_thread_serves(void **state)
{
	struct ced1401_stream_config config = config_of(CED1401L_REQUEST);
	ced1401_device *dev = open_1401(0);
	struct server server = { .dev = dev };
	pthread_t thread = begin_thread(serves, &server);
	ced1401_stream *s;
	unsigned int i;

	(void)state;
	config.wake_frames = 50;
	for (i = 0; i < 8; i++) {
		/* Longer than the 1401 needs to stop; then at other moments */
		struct lingerer l = { .ms = i ? 7 * i : 3000 };

		well(ced1401_stream_in(dev, &config, &s));
		well(ced1401_stream_set_callback(s, lingers, &l));
		well(ced1401_stream_start(s));
		while (!__atomic_load_n(&l.inside, __ATOMIC_ACQUIRE))
			sleep_ms(1);
		sleep_ms(5 * i);
		ced1401_stream_close(s);
		assert_true(__atomic_load_n(&l.left, __ATOMIC_ACQUIRE));
		/* Nobody is told any more */
		l.inside = false;
		sleep_ms(50);
		assert_false(__atomic_load_n(&l.inside, __ATOMIC_ACQUIRE));
	}
	__atomic_store_n(&server.enough, true, __ATOMIC_RELEASE);
	join_thread(thread);
	ced1401_close(dev);
}

/* A stream by request that is served by this */
static ced1401_stream *served_by(ced1401_device *dev, ced1401_stream_callback *callback,
				 void *user)
{
	struct ced1401_stream_config config = config_of(CED1401L_REQUEST);
	ced1401_stream *s;

	well(ced1401_stream_in(dev, &config, &s));
	well(ced1401_stream_set_callback(s, callback, user));
	well(ced1401_stream_start(s));
	return s;
}

/* Its callback closes it, when it has told its end: nothing touches it behind that */
struct closer {
	bool stopped;
	bool closed;
};

static int closes(void *user, ced1401_stream *stream,
		  const struct ced1401_piece *piece, int error)
{
	struct closer *c = user;

	(void)error;
	if (!piece) {
		ced1401_stream_close(stream);
		c->closed = true;
		return 0;
	}
	if (c->stopped)
		return (int)piece->frames;
	c->stopped = true;
	return -1;
}

static void a_stream_may_be_closed_at_its_end(void **state)
{
	ced1401_device *dev = open_1401(0);
	struct closer c = { false, false };

	(void)state;
	served_by(dev, closes, &c);
	while (!c.closed)
		well(ced1401_process(dev, patience()));
	assert_int_equal(ced1401_process(dev, 0), 0);
	ced1401_close(dev);
}

/* Its callback is the next one's at its third call, and what it was called with is gone */
struct heir {
	struct heir *next;
	unsigned int calls;
	bool late;
};

static int bequeaths(void *user, ced1401_stream *stream,
		     const struct ced1401_piece *piece, int error)
{
	struct heir *h = user;

	(void)error;
	assert_non_null(piece);
	h->late |= h->next && h->calls == 3;
	if (++h->calls == 3 && h->next)
		well(ced1401_stream_set_callback(stream, bequeaths, h->next));
	return piece->frames > 10 ? 10 : (int)piece->frames;
}

static void a_callback_of_another_user_is_another(void **state)
{
	ced1401_device *dev = open_1401(0);
	struct heir second = { .next = NULL }, first = { .next = &second };
	ced1401_stream *s;

	(void)state;
	s = served_by(dev, bequeaths, &first);
	while (!second.calls)
		well(ced1401_process(dev, patience()));
	assert_false(first.late);
	assert_int_equal(first.calls, 3);
	ced1401_stream_close(s);
	ced1401_close(dev);
}

static unsigned int heard_of;

static void hears_of_the_1401(void *user, ced1401_device *dev, unsigned int events)
{
	(void)user;
	(void)dev;
	heard_of |= events;
}

static void news_of_the_1401(void **state)
{
	ced1401_device *dev = open_1401(0);

	(void)state;
	heard_of = 0;
	ced1401_process(dev, 0);
	assert_false(readable(ced1401_event_fd(dev), 0));
	ced1401_set_event_callback(dev, hears_of_the_1401, NULL);
	assert_int_equal(ced1401_command(dev, "TOHOST,0,2,0,3"), CED1401L_1401(10));
	assert_true(readable(ced1401_event_fd(dev), patience()));
	assert_int_equal(ced1401_process(dev, 0), 1);
	assert_int_equal(heard_of, CED1401L_EVENT_REFUSED);
	assert_int_equal(ced1401_process(dev, 20), 0);
	ced1401_close(dev);
}

static void rings(int signal_number)
{
	(void)signal_number;
}

static void *raises(void *arg)
{
	sleep_ms(300);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void a_signal_ends_a_wait(void **state)
{
	struct sigaction action = { .sa_handler = rings };
	struct ced1401_stream_config config = config_of(CED1401L_REQUEST);
	ced1401_device *dev = open_1401(0);
	uint8_t *p = ced1401_alloc(dev, PAGE);
	pthread_t self = pthread_self(), thread;
	ced1401_device *other;
	struct ced1401_piece piece;
	ced1401_stream *s;
	uint64_t begun;
	int area;

	(void)state;
	sigaction(SIGUSR1, &action, NULL);
	config.start = CED1401L_ON_TRIGGER;
	well(ced1401_stream_in(dev, &config, &s));
	well(ced1401_stream_start(s));
	thread = begin_thread(raises, &self);
	assert_int_equal(ced1401_stream_acquire(s, &piece, 0, -1), -EINTR);
	join_thread(thread);
	thread = begin_thread(raises, &self);
	assert_int_equal(ced1401_process(dev, -1), -EINTR);
	join_thread(thread);
	area = well(ced1401_area_set(dev, p, PAGE, CED1401L_TO_HOST));
	thread = begin_thread(raises, &self);
	assert_int_equal(ced1401_area_wait(dev, area, 1, -1, NULL), -EINTR);
	join_thread(thread);
	/* To wait for the 1401 is no such wait */
	well(ced1401_open_path(device(), 0, &other));
	begun = now_ns();
	thread = begin_thread(raises, &self);
	assert_int_equal(ced1401_claim(other, 600), -EBUSY);
	assert_true(now_ns() - begun >= 600 * MS);
	join_thread(thread);
	ced1401_close(other);
	/* All goes on as if nothing had been */
	well(ced1401_clocks_start(dev));
	well(ced1401_stream_acquire(s, &piece, 0, patience()));
	ced1401_close(dev);
	well(ced1401_free(dev, p));
}

/* Characters, for who reads lines in his own loop */
static void lines_by_poll(void **state)
{
	ced1401_device *dev = open_1401(0);
	unsigned int lines = 0;
	char line[40];
	int got;

	(void)state;
	assert_false(readable(ced1401_fd(dev), 0));
	well(ced1401_send(dev, "MEMTOP"));
	do {
		assert_true(readable(ced1401_fd(dev), patience()));
		got = ced1401_read_line(dev, line, sizeof(line), 0);
	} while (got == -EAGAIN);
	well(got);
	assert_string_equal(line, "1048576,0");
	assert_false(readable(ced1401_fd(dev), 0));
	/* Lines that come at once are read until there is none */
	well(ced1401_send(dev, "DIG,I;DIG,I;DIG,I"));
	while (lines < 3) {
		assert_true(readable(ced1401_fd(dev), patience()));
		while ((got = ced1401_read_line(dev, line, sizeof(line), 0)) >= 0)
			lines++;
		assert_int_equal(got, -EAGAIN);
	}
	assert_int_equal(lines, 3);
	assert_false(readable(ced1401_fd(dev), 0));
	ced1401_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stream_is_readable_when_it_is_ready),
		TEST(a_long_stream_by_callbacks),
		TEST(both_directions_in_one_loop),
		TEST(two_threads_serve_a_stream_in_turn),
		TEST(streams_are_closed_while_another_thread_serves),
		TEST(a_stream_may_be_closed_at_its_end),
		TEST(a_callback_of_another_user_is_another),
		TEST(news_of_the_1401),
		TEST(a_signal_ends_a_wait),
		TEST(lines_by_poll),
	};

	return RUN(tests);
}
