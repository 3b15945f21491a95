// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Streams that take their time: STOP, STATUS, WAIT and the end of a program in
 * the middle of a NOW transfer.
 *
 * The guest's card hears the recording of common.h by its own sample clock
 * (realtime=on), slowly: its FIFO must not overflow on a busy machine.
 */
#define _GNU_SOURCE
#include "common.h"

#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define OUT_NOW	(CED1401_TO_1401 | CED1401_NOW)
#define SLOW_IN	"XFIFO,0 1,H,4,200;"	/* 4 MHz / 800: 20000 bytes a second */
#define SLOW_OUT "XFOUT,0 1,H,4,200;"

static void stop_amid_a_stream_tells_exactly_what_moved(void **state)
{
	static const unsigned int after_ms[] = { 1, 13, 50, 111, 400, 1000 };
	const size_t room = 256 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room), *was = malloc(room);
	unsigned int i, amid = 0;

	(void)state;
	for (i = 0; i < LENGTH(after_ms); i++) {
		struct ced1401_stop s;
		uint32_t id;

		fill(p, room, i);
		id = start(fd, 0, IN_NOW, 0, room, 0);
		say(fd, SLOW_IN);
		sleep_ms(after_ms[i]);
		s = stop(fd, id);
		memcpy(was, p, room);
		assert_int_equal(s.error, -ECANCELED);
		assert_true(s.bytes < room);
		assert_recording(was, s.bytes);
		assert_rest(was, s.bytes, room, i);
		amid += s.bytes > 0;
		/* The stream goes on at the card; the memory does not change */
		sleep_ms(150);
		assert_same(p, was, room);
		assert_int_equal(status(fd, id).bytes, s.bytes);
		assert_int_equal(status(fd, id).state, CED1401_STATE_FAILED);
		assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	}
	assert_true(amid >= 3);
	free(was);
}

static void a_stopped_stream_goes_on_in_the_next_transfer(void **state)
{
	const size_t room = 128 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room);
	struct ced1401_stop s;
	uint32_t id;

	(void)state;
	id = start(fd, 0, IN_NOW, 0, room, 0);
	say(fd, SLOW_IN);
	sleep_ms(300);
	s = stop(fd, id);
	assert_true(s.bytes > 0);
	if (s.bytes % 2 || s.bytes > room - 8 * KIB)
		return;		/* as slow a machine as this shows nothing */
	/* Not a byte lost or doubled at the seam: the FIFO kept the rest */
	id = start(fd, 0, IN_NOW, s.bytes, 4 * KIB, 0);
	assert_int_equal(wait_end(fd, id, 10000).moved, 4 * KIB);
	assert_recording(p, s.bytes + 4 * KIB);
}

static void status_follows_a_stream(void **state)
{
	const size_t room = 30 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room);
	struct ced1401_status s, before = { 0 };
	uint64_t end = now_ns() + 30 * slow() * SECOND;
	unsigned int steps = 0;
	uint32_t id;

	(void)state;
	id = start(fd, 0, IN_NOW, 0, room, 0);
	say(fd, SLOW_IN);
	do {
		s = status(fd, id);
		assert_true(s.bytes >= before.bytes);
		assert_true(s.time_ns >= before.time_ns);
		assert_true(s.time_ns <= now_ns());
		assert_int_equal(s.position, s.bytes);
		assert_true(s.bytes <= room);
		/* What it says has moved is there */
		assert_recording(p, s.bytes);
		steps += s.bytes > before.bytes;
		before = s;
		sleep_ms(20);
		assert_true(now_ns() < end);
	} while (s.state == CED1401_STATE_RUNNING);
	assert_int_equal(s.state, CED1401_STATE_DONE);
	assert_int_equal(s.bytes, room);
	assert_true(steps > 3);
}

static void wait_returns_amid_a_stream(void **state)
{
	const size_t room = 256 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room);
	struct ced1401_wait w;
	uint32_t id, bytes;

	(void)state;
	id = start(fd, 0, IN_NOW, 0, room, 0);
	say(fd, SLOW_IN);
	for (bytes = 2500; bytes <= 12500; bytes += 2500) {
		w = wait_bytes(fd, id, bytes, 10000);
		assert_true(w.moved >= bytes);
		assert_true(w.moved < room);
		assert_int_equal(w.state, CED1401_STATE_RUNNING);
		assert_recording(p, w.moved);
	}
	stop(fd, id);
}

static void free_amid_a_stream_leaves_the_memory_alone(void **state)
{
	const size_t room = 128 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room), *was = malloc(room);
	struct ced1401_status s;
	uint32_t id;

	(void)state;
	fill(p, room, 1);
	id = start(fd, 0, IN_NOW, 0, room, 0);
	say(fd, SLOW_IN);
	wait_bytes(fd, id, 1000, 5000);
	assert_int_equal(free_buffer(fd, 0), 0);
	memcpy(was, p, room);
	s = status(fd, id);
	assert_int_equal(s.error, -ECANCELED);
	assert_true(s.bytes >= 1000);
	assert_recording(was, s.bytes);
	assert_rest(was, s.bytes, room, 1);
	sleep_ms(200);
	assert_same(p, was, room);
	free(was);
}

static void closing_amid_a_stream_leaves_the_memory_alone(void **state)
{
	const size_t room = 128 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room), *was = malloc(room);
	uint32_t id;

	(void)state;
	id = start(fd, 0, IN_NOW, 0, room, 0);
	say(fd, SLOW_IN);
	wait_bytes(fd, id, 1000, 5000);
	close(fd);
	memcpy(was, p, room);
	sleep_ms(200);
	assert_same(p, was, room);
	free(was);
}

struct streamer {
	int up;
};

/* Starts a stream in an inherited buffer, and waits to be killed */
static void streams_until_killed(void *arg)
{
	struct streamer *s = arg;
	struct ced1401_start job = {
		.flags = IN_NOW, .length = 128 * KIB,
	};
	int fd = open(device(), O_RDWR);
	uint8_t *p;

	child_check(fd >= 0);
	p = mmap(NULL, 128 * KIB, RW, MAP_SHARED, fd, 0);
	child_check(p != MAP_FAILED);
	child_check(ioctl(fd, CED1401_IOC_START, &job) == 0);
	child_check(write(fd, SLOW_IN, strlen(SLOW_IN)) > 0);
	sleep_ms(100);
	tell(s->up, 'r');
	for (;;)
		pause();
}

static void a_killed_program_leaves_a_1401_for_the_next(void **state)
{
	struct streamer s = { 0 };
	uint8_t *p;
	int up[2], fd;
	unsigned int round;

	(void)state;
	make_pipe(up);
	s.up = up[1];
	for (round = 0; round < 5; round++) {
		pid_t pid = child(streams_until_killed, &s);

		assert_int_equal(told(up[0], 10000), 'r');
		kill_child(pid);
		/* Its memory is free: whoever gets it sees nothing change */
		fd = open_session(O_NONBLOCK);
		p = map_buffer(fd, 0, 128 * KIB);
		assert_all(p, 128 * KIB, 0);
		assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), 0);
		assert_well(fd);
		sleep_ms(100);
		assert_all(p, 128 * KIB, 0);
		unmap(p, 128 * KIB);
		close(fd);
	}
}

static void stop_amid_a_stream_out_counts_truly(void **state)
{
	const size_t room = 256 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room);
	struct ced1401_stop s;
	uint32_t id;

	(void)state;
	fill(p, room, 3);
	id = start(fd, 0, OUT_NOW, 0, room, 0);
	say(fd, SLOW_OUT);
	sleep_ms(300);
	s = stop(fd, id);
	assert_int_equal(s.error, -ECANCELED);
	assert_true(s.bytes > 0);
	/* As much as was played, and the FIFO's fill, at the most */
	assert_true(s.bytes < room);
	assert_filled(p, room, 3);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	assert_well(fd);
}

static void reset_amid_a_stream_stops_it(void **state)
{
	const size_t room = 128 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room);
	struct ced1401_status s;
	uint32_t id;

	(void)state;
	fill(p, room, 1);
	id = start(fd, 0, IN_NOW, 0, room, 0);
	say(fd, SLOW_IN);
	wait_bytes(fd, id, 1000, 5000);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	s = status(fd, id);
	assert_int_equal(s.state, CED1401_STATE_FAILED);
	assert_int_equal(s.error, -ECANCELED);
	assert_recording(p, s.bytes);
	assert_rest(p, s.bytes, room, 1);
	sleep_ms(100);
	assert_rest(p, s.bytes, room, 1);
	assert_well(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stop_amid_a_stream_tells_exactly_what_moved),
		TEST(a_stopped_stream_goes_on_in_the_next_transfer),
		TEST(status_follows_a_stream),
		TEST(wait_returns_amid_a_stream),
		TEST(free_amid_a_stream_leaves_the_memory_alone),
		TEST(closing_amid_a_stream_leaves_the_memory_alone),
		TEST(a_killed_program_leaves_a_1401_for_the_next),
		TEST(stop_amid_a_stream_out_counts_truly),
		TEST(reset_amid_a_stream_stops_it),
	};

	return RUN(tests);
}
