// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libced1401 with a driver and a 1401 of the test's own (fake.h), on the host: what the
 * virtual card does not do, or would take minutes for. The 1401 here samples input 0 in its
 * memory; sample k is value k.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fake.h"
#include "libced1401.h"

#define MS		1000000ull
#define SECOND		1000000000ull
#define HANGS_S		60		/* of the host's: no test takes one */
#define RATE		20000u		/* frames a second, all of one channel */
#define STORE		(FAKE_MEMORY / 2 / 2)	/* frames that a stream takes of it */
#define NOT_SAMPLED	0x5555

static const unsigned int first[] = { 0 };
static ced1401_device *dev;

static int begins(void **state)
{
	(void)state;
	alarm(HANGS_S);
	fake_begin();
	return ced1401_open_path(FAKE_PATH, 0, &dev);
}

static int ends(void **state)
{
	(void)state;
	ced1401_close(dev);
	dev = NULL;
	return 0;
}

#define TEST(f)		cmocka_unit_test_setup_teardown(f, begins, ends)

static struct ced1401_stream_config config_of(int method)
{
	const struct ced1401_stream_config config = {
		.channels = first, .n_channels = 1, .method = method,
		.rate = RATE,
	};

	return config;
}

static ced1401_stream *begin_in(const struct ced1401_stream_config *config)
{
	ced1401_stream *s;

	assert_int_equal(ced1401_stream_in(dev, config, &s), 0);
	assert_int_equal(ced1401_stream_start(s), 0);
	return s;
}

static struct ced1401_stream_info info_of(ced1401_stream *s)
{
	struct ced1401_stream_info info;

	assert_int_equal(ced1401_stream_get_info(s, &info), 0);
	return info;
}

/* ------------------------------------------------- round and round in memory */

/*
 * Where it samples, bytes, and since when: 0: it waits for the trigger; from which frame on
 * it misses some: 0: it never does
 */
static struct {
	unsigned int address, size;
	uint64_t begun;
	uint64_t misses;
} store;

static uint64_t frames_sampled(void)
{
	return store.begun ? (fake.now - store.begun) / (SECOND / RATE) : 0;
}

/* The latest sample that was put there, @at frames from the store's start */
static int16_t sample_at(uint64_t at)
{
	uint64_t n = frames_sampled(), round = store.size / 2;

	return at < n ? (int16_t)(at + (n - 1 - at) / round * round) : NOT_SAMPLED;
}

static void send_block(const char *command)
{
	unsigned int from, size, offset, area, i;
	struct fake_transfer *t;
	int16_t *to;

	if (sscanf(command, "TOHOST,%u,%u,%u,%u", &from, &size, &offset, &area) != 4)
		fail_msg("%s", command);
	t = fake_area(area);
	to = (int16_t *)(fake_memory(t) + offset);
	for (i = 0; i < size / 2; i++)
		to[i] = sample_at((from - store.address) / 2 + i);
	t->moved += size;
}

static void samples_in_memory(const char *command)
{
	static const char begins[] = "ADCMEM,I,2,%u,%u,0,0,%7[A-Z]";
	char clock[8];

	if (sscanf(command, begins, &store.address, &store.size, clock) == 3)
		store.begun = clock[1] ? 0 : fake.now;
	else if (!strcmp(command, "ADCMEM,P"))
		fake_reply("%u", (unsigned int)(2 * frames_sampled() % store.size));
	else if (!strcmp(command, "ADCMEM,?"))
		fake_reply(store.misses && frames_sampled() >= store.misses ? "-1" : "1");
	else if (!strncmp(command, "TOHOST,", 7))
		send_block(command);
}

static void assert_piece(const struct ced1401_piece *piece, uint64_t position)
{
	size_t i;

	assert_int_equal(piece->position, position);
	assert_int_equal(piece->lost, 0);
	for (i = 0; i < piece->frames; i++)
		assert_int_equal(piece->samples[i], (int16_t)(position + i));
}

/* Nobody looks for most of a round, then it comes: no round has been gone */
static void the_wait_for_a_trigger_is_no_round(void **state)
{
	struct ced1401_stream_config config = config_of(CED1401L_MEMORY);
	struct ced1401_piece piece;
	uint64_t next = 0;
	ced1401_stream *s;
	int got;

	(void)state;
	fake.obey = samples_in_memory;
	config.start = CED1401L_ON_TRIGGER;
	s = begin_in(&config);
	fake.now += (uint64_t)STORE * SECOND / RATE * 8 / 10;
	store.begun = fake.now;
	fake.now += SECOND / 10;
	while (next < 3 * RATE) {
		got = ced1401_stream_acquire(s, &piece, 0, 1000);
		assert_true(got > 0);
		assert_piece(&piece, next);
		assert_int_equal(ced1401_stream_release(s, piece.frames), 0);
		next += piece.frames;
	}
	ced1401_stream_close(s);
}

/* To be woken for more than the 1401 can keep; and a reader who wants less, or is in a hurry */
static void memory_wakes_for_what_it_can_keep(void **state)
{
	struct ced1401_stream_config config = config_of(CED1401L_MEMORY);
	struct ced1401_piece piece;
	static int16_t copy[RATE];
	uint64_t next, begun;
	ced1401_stream *s;
	int got;

	(void)state;
	fake.obey = samples_in_memory;
	config.ring_frames = 2 * STORE;
	config.wake_frames = 2 * STORE;
	s = begin_in(&config);
	assert_int_equal(info_of(s).wake_frames, STORE / 4);
	begun = fake.now;
	got = ced1401_stream_acquire(s, &piece, 0, -1);
	assert_in_range(got, STORE / 4, STORE / 2);
	assert_in_range(fake.now - begun, (uint64_t)STORE / 4 * SECOND / RATE,
			(uint64_t)STORE / 2 * SECOND / RATE);
	assert_piece(&piece, 0);
	next = piece.frames;
	assert_int_equal(ced1401_stream_release(s, next), 0);
	/* A tenth of a second's */
	begun = fake.now;
	got = ced1401_stream_acquire(s, &piece, RATE / 10, -1);
	assert_int_equal(got, RATE / 10);
	assert_in_range(fake.now - begun, 0, SECOND / 5);
	assert_piece(&piece, next);
	next += piece.frames;
	assert_int_equal(ced1401_stream_release(s, piece.frames), 0);
	/* Time is up, or there was none */
	begun = fake.now;
	got = ced1401_stream_acquire(s, &piece, 0, 100);
	assert_in_range(got, RATE / 10 * 9 / 10, RATE / 10 * 2);
	assert_in_range(fake.now - begun, 100 * MS, 200 * MS);
	assert_piece(&piece, next);
	next += piece.frames;
	assert_int_equal(ced1401_stream_release(s, piece.frames), 0);
	fake.now += 10 * MS;
	got = ced1401_stream_acquire(s, &piece, 0, 0);
	assert_in_range(got, RATE / 100, RATE / 10);
	assert_piece(&piece, next);
	/* Who copies all that there is does not wait for what is sampled meanwhile */
	fake.now += 10 * MS;
	begun = fake.now;
	got = ced1401_stream_read(s, copy, RATE, 0, NULL);
	assert_in_range(got, RATE / 100, RATE / 10);
	assert_in_range(fake.now - begun, 0, 100 * MS);
	ced1401_stream_close(s);
}

/* In turn, which goes round in memory alone; and just before the end */
static void what_a_capture_missed_at_its_end_is_told(void **state)
{
	static int16_t samples[FAKE_MEMORY / 2 + RATE];
	struct ced1401_signal in = {
		.channels = first, .n_channels = 1, .flags = CED1401L_IN_TURN,
		.rate = RATE, .samples = samples,
		.frames = sizeof(samples) / sizeof(*samples),
	};
	size_t i;

	(void)state;
	fake.obey = samples_in_memory;
	assert_int_equal(ced1401_capture(dev, &in, NULL), 0);
	assert_int_equal(in.method, CED1401L_MEMORY);
	for (i = 0; i < in.frames; i++)
		assert_int_equal(samples[i], (int16_t)i);
	store.misses = in.frames - 100;
	assert_int_equal(ced1401_capture(dev, &in, NULL), CED1401L_E_MISSED);
	store.misses = 0;
}

/* --------------------------------------------------------- news for another thread */

/* Which transfer's block breaks off while somebody sleeps, and that another hears of it */
static unsigned int breaks_off;

static void another_thread_is_told(void)
{
	if (!breaks_off)
		return;
	fake.transfers[breaks_off - 1].error = -EPIPE;
	breaks_off = 0;
	assert_int_equal(ced1401_process(dev, 0), 0);
}

/* The transfer goes on, and no STATUS tells it again: who sleeps must learn of it */
static void a_block_that_broke_off_wakes_all(void **state)
{
	struct ced1401_stream_config config = config_of(CED1401L_REQUEST);
	ced1401_stream *s = begin_in(&config);
	struct ced1401_piece piece;
	void *memory = ced1401_alloc(dev, 4096);
	int area = ced1401_area_set(dev, memory, 4096, CED1401L_TO_HOST);

	(void)state;
	assert_in_range(area, 0, CED1401_AREAS - 1);
	fake.waits = another_thread_is_told;
	breaks_off = 1;
	assert_int_equal(ced1401_stream_acquire(s, &piece, 0, -1), CED1401L_E_BLOCK);
	breaks_off = 2;
	assert_int_equal(ced1401_area_wait(dev, area, 1, -1, NULL), CED1401L_E_BLOCK);
	assert_false(fake.slept_for_ever);
	/* It was told, and the area is there still */
	assert_int_equal(ced1401_area_wait(dev, area, 1, 1000, NULL), -ETIMEDOUT);
	fake_area((unsigned int)area)->moved = 1;
	assert_int_equal(ced1401_area_wait(dev, area, 1, -1, NULL), 0);
	ced1401_stream_close(s);
	assert_int_equal(ced1401_area_clear(dev, area), 0);
	assert_int_equal(ced1401_free(dev, memory), 0);
}

/* ------------------------------------------------------------- what the 1401 lost */

static const char *stands;

static void tells_how_it_stands(const char *command)
{
	if (!strcmp(command, "XFIFO,?") || !strcmp(command, "XFOUT,?"))
		fake_reply("%s", stands);
}

/* More samples than 31 bits count; and what is no reply at all is no success */
static void losses_of_a_long_stream_are_told(void **state)
{
	static const char *const bad[] = { "12", "x,12", "1,2,3", "7,-1", "" };
	struct ced1401_stream_config config = config_of(CED1401L_FIFO);
	ced1401_stream *s;
	unsigned int i;

	(void)state;
	fake.obey = tells_how_it_stands;
	stands = "3000000000,12";
	s = begin_in(&config);
	assert_int_equal(ced1401_stream_ask(s), 0);
	assert_int_equal(info_of(s).lost_1401, 12);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		stands = bad[i];
		assert_int_equal(ced1401_stream_ask(s), -EBADMSG);
	}
	assert_int_equal(info_of(s).lost_1401, 12);
	stands = "4000000000,5000000000";
	assert_int_equal(ced1401_stream_stop(s), 0);
	assert_int_equal(info_of(s).lost_1401, 5000000000);
	ced1401_stream_close(s);
}

/* One that is stopped has lost some by then, too */
static int stops_it(void *user, int phase, uint64_t in_frames, uint64_t out_frames)
{
	(void)user;
	(void)phase;
	(void)in_frames;
	(void)out_frames;
	return 1;
}

static void losses_of_a_capture_that_is_stopped_are_told(void **state)
{
	static int16_t samples[RATE];
	struct ced1401_signal in = {
		.channels = first, .n_channels = 1, .rate = RATE, .frames = RATE,
		.samples = samples, .method = CED1401L_FIFO,
	};
	const struct ced1401_when when = { .progress = stops_it };

	(void)state;
	fake.obey = tells_how_it_stands;
	stands = "1000,12";
	assert_int_equal(ced1401_capture(dev, &in, &when), -ECANCELED);
	assert_int_equal(in.lost, 12);
}

/* ------------------------------------------------------------- streams and time */

/* A frame for each look, which takes a millisecond: there is always more */
static void comes_on_and_on(struct fake_transfer *t)
{
	t->moved += 2;
	fake.now += MS;
}

static void reading_and_writing_end_when_time_is_up(void **state)
{
	static int16_t samples[RATE];
	struct ced1401_stream_config config = config_of(CED1401L_FIFO);
	uint64_t begun;
	ced1401_stream *s;

	(void)state;
	fake.obey = tells_how_it_stands;
	stands = "0,0";
	s = begin_in(&config);
	fake.looks = comes_on_and_on;
	begun = fake.now;
	assert_in_range(ced1401_stream_read(s, samples, RATE, 100, NULL), 1, 200);
	assert_in_range(fake.now - begun, 100 * MS, 200 * MS);
	/* What is there, without a wait */
	begun = fake.now;
	assert_in_range(ced1401_stream_read(s, samples, RATE, 0, NULL), 1, 20);
	assert_in_range(fake.now - begun, 1, 20 * MS);
	/* However long it takes */
	assert_int_equal(ced1401_stream_read(s, samples, 1000, -1, NULL), 1000);
	ced1401_stream_close(s);
	assert_int_equal(ced1401_stream_out(dev, &config, &s), 0);
	assert_in_range(ced1401_stream_write(s, samples, RATE, 0), 1, RATE);
	while (ced1401_stream_write(s, samples, RATE, 0) > 0)
		;
	assert_int_equal(ced1401_stream_start(s), 0);
	begun = fake.now;
	assert_in_range(ced1401_stream_write(s, samples, RATE, 100), 1, 200);
	assert_in_range(fake.now - begun, 100 * MS, 200 * MS);
	ced1401_stream_close(s);
}

static bool is_readable(ced1401_stream *s)
{
	struct pollfd p = { .fd = ced1401_stream_fd(s), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* The driver tells an end once: it may be another thread that hears of it */
static void a_streams_descriptor_knows_of_its_end_whoever_looked(void **state)
{
	static const int methods[] = {
		CED1401L_FIFO, CED1401L_REQUEST, CED1401L_MEMORY,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		struct ced1401_stream_config config = config_of(methods[i]);
		struct ced1401_piece piece;
		ced1401_stream *s;
		int got;

		fake.obey = samples_in_memory;
		s = begin_in(&config);
		assert_false(is_readable(s));
		assert_int_equal(ced1401_reset(dev), 0);
		assert_true(is_readable(s));
		while ((got = ced1401_stream_acquire(s, &piece, 0, 0)) > 0)
			assert_int_equal(ced1401_stream_release(s, (size_t)got), 0);
		assert_int_equal(got, -ESHUTDOWN);
		ced1401_stream_close(s);
	}
}

/* ----------------------------------------------------------- areas and blocks */

/* A reset has the driver forget them, but not who has them */
static void an_area_is_its_owners_until_it_is_cleared(void **state)
{
	void *memory[2] = { ced1401_alloc(dev, 4096), ced1401_alloc(dev, 4096) };
	int area[2];

	(void)state;
	area[0] = ced1401_area_set(dev, memory[0], 4096, CED1401L_TO_HOST);
	assert_in_range(area[0], 0, CED1401_AREAS - 1);
	assert_int_equal(ced1401_reset(dev), 0);
	area[1] = ced1401_area_set(dev, memory[1], 4096, CED1401L_TO_HOST);
	assert_in_range(area[1], 0, CED1401_AREAS - 1);
	assert_int_not_equal(area[1], area[0]);
	assert_int_equal(ced1401_area_clear(dev, area[0]), 0);
	fake_area((unsigned int)area[1])->moved = 1;
	assert_int_equal(ced1401_area_wait(dev, area[1], 1, -1, NULL), 0);
	assert_int_equal(ced1401_area_clear(dev, area[1]), 0);
	assert_int_equal(ced1401_free(dev, memory[0]), 0);
	assert_int_equal(ced1401_free(dev, memory[1]), 0);
}

static void samples_nothing(const char *command)
{
	if (!strncmp(command, "ADCMEM", 6) || !strncmp(command, "ADCBST", 6))
		fail_msg("%s", command);
}

/* No block can be fetched while the FIFO has the DMA channel */
static void what_cannot_be_fetched_is_not_sampled(void **state)
{
	static int16_t samples[1000];
	struct ced1401_signal in = {
		.channels = first, .n_channels = 1, .rate = RATE, .frames = 1000,
		.samples = samples, .method = CED1401L_MEMORY,
	};
	struct ced1401_stream_config config = config_of(CED1401L_FIFO);
	ced1401_stream *s;

	(void)state;
	fake.obey = samples_nothing;
	assert_int_equal(ced1401_stream_out(dev, &config, &s), 0);
	while (ced1401_stream_write(s, samples, 1000, 0) > 0)
		;
	assert_int_equal(ced1401_stream_start(s), 0);
	assert_int_equal(ced1401_capture(dev, &in, NULL), CED1401L_E_FIFO);
	ced1401_stream_close(s);
}

/* -------------------------------------------------------------------- repeats */

/* What is played: until when, 0: for ever; P is @at all the time */
static struct {
	uint64_t end;
	unsigned int at, size;
} plays;

static void plays_from_memory(const char *command)
{
	bool runs = !plays.end || fake.now < plays.end;
	unsigned int address, size, offset, area;

	if (sscanf(command, "TO1401,%u,%u,%u,%u", &address, &size, &offset, &area) == 4)
		fake_area(area)->moved += size;
	else if (!strcmp(command, "MEMDAC,?"))
		fake_reply("%d", runs);
	else if (!strcmp(command, "MEMDAC,P"))
		fake_reply("%u", runs ? plays.at : plays.size);
}

static int play(uint64_t frames, uint64_t repeats)
{
	int16_t values[100] = { 0 };
	struct ced1401_signal out = {
		.channels = first, .n_channels = 1, .rate = 1000,
		.frames = frames, .repeats = repeats, .samples = values,
	};
	int ret;

	assert_in_range(frames, 1, 100);
	plays.size = (unsigned int)frames * 2;
	ret = ced1401_play(dev, &out, NULL);
	if (!ret)
		assert_int_equal(out.done, frames * repeats);
	return ret;
}

/* P does not change: it is one frame, or goes round as often as somebody looks */
static void what_is_repeated_does_not_stand_still(void **state)
{
	const uint64_t long_time = 20 * SECOND;
	uint64_t begun;

	(void)state;
	fake.obey = plays_from_memory;
	plays.at = 0;
	plays.end = fake.now + long_time;
	assert_int_equal(play(1, 20000), 0);
	plays.at = 20;
	plays.end = fake.now + long_time;
	assert_int_equal(play(100, 200), 0);
	/* But when it should be over for long, it does */
	plays.end = 0;
	plays.at = 0;
	begun = fake.now;
	assert_int_equal(play(1, 20000), -ETIMEDOUT);
	assert_in_range(fake.now - begun, long_time, 2 * long_time);
	begun = fake.now;
	assert_int_equal(play(100, 1), -ETIMEDOUT);
	assert_in_range(fake.now - begun, 5 * SECOND, 6 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_wait_for_a_trigger_is_no_round),
		TEST(memory_wakes_for_what_it_can_keep),
		TEST(what_a_capture_missed_at_its_end_is_told),
		TEST(a_block_that_broke_off_wakes_all),
		TEST(losses_of_a_long_stream_are_told),
		TEST(losses_of_a_capture_that_is_stopped_are_told),
		TEST(reading_and_writing_end_when_time_is_up),
		TEST(a_streams_descriptor_knows_of_its_end_whoever_looked),
		TEST(an_area_is_its_owners_until_it_is_cleared),
		TEST(what_cannot_be_fetched_is_not_sampled),
		TEST(what_is_repeated_does_not_stand_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
