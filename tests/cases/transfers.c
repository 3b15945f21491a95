// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocks that the 1401 asks for (ON_REQUEST, by TOHOST and TO1401) and the card's
 * FIFO (NOW, by XFIFO and XFOUT), of every size, at every kind of offset, in both
 * directions; what is refused; what STATUS, WAIT and poll tell of it.
 *
 * The guest's card hears the recording of common.h and takes a sample whenever
 * there is room (realtime=off), so nothing depends on time.
 */
#define _GNU_SOURCE
#include <sys/time.h>

#include "common.h"

#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define OUT_NOW	(CED1401_TO_1401 | CED1401_NOW)
#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define OUT_ASK	(CED1401_TO_1401 | CED1401_ON_REQUEST)
#define FIFO	16384u		/* bytes of the card's own FIFO */
#define STREAM	"XFIFO,0 1,H,4,10;"
#define STREAM_K "XFIFO,K;"

static const uint32_t sizes[] = {
	1, 2, 3, 4, 5, 511, 512, 513, 4095, 4096, 4097, 8191, 8192, 8193,
	65534, 65535, 65536, 65537, 131071, 131072, 131073, 262145, 524288,
	MIB - 1, MIB,
};

/*
 * @size bytes from @from of buffer 0 into the 1401 and back to @to of buffer 1,
 * both of @room bytes. The areas are the buffers from @base on.
 */
static void there_and_back(int fd, uint8_t *out, uint8_t *in, size_t room,
			   size_t base, size_t from, size_t to, size_t size)
{
	uint32_t sent, got;

	fill(out, room, size + 1);
	fill(in, room, size + 2);
	sent = start(fd, 0, OUT_ASK, base, room - base, 0);
	got = start(fd, 1, IN_ASK, base, room - base, 1);
	to_1401(fd, 0, 0, size, from - base);
	to_host(fd, 1, 0, size, to - base);
	wait_blocks(fd, sent, 1, 5000);
	wait_blocks(fd, got, 1, 5000);
	assert_int_equal(stop(fd, sent).bytes, size);
	assert_int_equal(stop(fd, got).bytes, size);

	assert_filled(out, room, size + 1);
	assert_same(in + to, out + from, size);
	/* The bytes around it are what they were */
	assert_rest(in, 0, to, size + 2);
	assert_rest(in, to + size, room, size + 2);
}

static void blocks_of_every_size_arrive_unchanged(void **state)
{
	const size_t room = MIB + PAGE;
	int fd = open_session(0);
	uint8_t *out = map_buffer(fd, 0, room), *in = map_buffer(fd, 1, room);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++)
		there_and_back(fd, out, in, room, 0, 0, 0, sizes[i]);
}

static void blocks_at_any_offset_touch_no_other_byte(void **state)
{
	static const uint32_t offsets[] = { 0, 1, 2, 3, 4095, 65535, 65536,
					    131071, 131074 };
	static const uint32_t lengths[] = { 1, 2, 3, 4096, 4097, 70001 };
	const size_t room = 256 * KIB;
	int fd = open_session(0);
	uint8_t *out = map_buffer(fd, 0, room), *in = map_buffer(fd, 1, room);
	unsigned int i, j;

	(void)state;
	for (i = 0; i < LENGTH(offsets); i++) {
		for (j = 0; j < LENGTH(lengths); j++) {
			/* Even to odd, odd to even, and the same */
			there_and_back(fd, out, in, room, 0, offsets[i],
				       offsets[(i + j) % LENGTH(offsets)],
				       lengths[j]);
		}
	}
}

static void an_area_may_begin_anywhere_in_the_buffer(void **state)
{
	static const uint32_t bases[] = { 1, 2, 4095, 4096, 65537 };
	const size_t room = 128 * KIB;
	int fd = open_session(0);
	uint8_t *out = map_buffer(fd, 0, room), *in = map_buffer(fd, 1, room);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(bases); i++) {
		there_and_back(fd, out, in, room, bases[i], bases[i],
			       bases[i] + 3, 5001);
		/* To the very end */
		there_and_back(fd, out, in, room, bases[i], room - 777,
			       room - 777, 777);
	}
}

static void four_mib_go_there_and_back(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, CED1401_BUF_MAX);
	uint32_t out, in, block;

	(void)state;
	fill(p, CED1401_BUF_MAX, 44);
	out = start(fd, 0, OUT_ASK, 0, CED1401_BUF_MAX, 0);
	in = start(fd, 0, IN_ASK, 0, CED1401_BUF_MAX, 1);
	for (block = 0; block < 4; block++) {
		to_1401(fd, 0, 0, MIB, block * MIB);
		memset(p + block * MIB, 0, MIB);
		to_host(fd, 1, 0, MIB, block * MIB);
		wait_blocks(fd, in, block + 1, 10000);
	}
	assert_filled(p, CED1401_BUF_MAX, 44);
	assert_int_equal(stop(fd, out).bytes, CED1401_BUF_MAX);
	assert_int_equal(stop(fd, in).bytes, CED1401_BUF_MAX);
}

static void many_requests_in_one_line_are_all_served(void **state)
{
	enum { BLOCKS = 60, SIZE = 37 };
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, PAGE), *q = map_buffer(fd, 1, PAGE);
	struct ced1401_status s;
	uint32_t out, in;
	unsigned int i;

	(void)state;
	fill(p, PAGE, 3);
	out = start(fd, 0, OUT_ASK, 0, PAGE, 0);
	in = start(fd, 1, IN_ASK, 0, PAGE, 1);
	to_1401(fd, 0, 0, PAGE, 0);
	for (i = 0; i < BLOCKS; i++)
		say(fd, "TOHOST,%u,%u,%u,1;", i * SIZE, SIZE, i * SIZE);
	assert_well(fd);
	wait_blocks(fd, in, BLOCKS, 5000);
	s = status(fd, in);
	assert_int_equal(s.blocks, BLOCKS);
	assert_int_equal(s.bytes, BLOCKS * SIZE);
	assert_int_equal(s.position, BLOCKS * SIZE);
	assert_filled(q, BLOCKS * SIZE, 3);
	assert_all(q + BLOCKS * SIZE, PAGE - BLOCKS * SIZE, 0);
	stop(fd, out);
}

static void the_areas_do_not_mix(void **state)
{
	uint32_t ids[CED1401_AREAS];
	uint8_t *p[CED1401_AREAS], *out;
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	out = map_buffer(fd, 60, CED1401_AREAS * PAGE);
	fill(out, CED1401_AREAS * PAGE, 11);
	ids[0] = start(fd, 60, OUT_ASK, 0, CED1401_AREAS * PAGE, 0);
	to_1401(fd, 0, 0, CED1401_AREAS * PAGE, 0);
	stop(fd, ids[0]);
	for (i = 0; i < CED1401_AREAS; i++) {
		p[i] = map_buffer(fd, i, PAGE);
		ids[i] = start(fd, i, IN_ASK, 0, PAGE, i);
	}
	for (i = 0; i < CED1401_AREAS; i++)
		to_host(fd, i, i * PAGE, PAGE, 0);
	for (i = 0; i < CED1401_AREAS; i++) {
		wait_blocks(fd, ids[i], 1, 5000);
		assert_same(p[i], out + i * PAGE, PAGE);
		assert_int_equal(status(fd, ids[i]).blocks, 1);
	}
}

static void area_0_is_meant_when_none_is_named(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, PAGE);
	uint32_t id;

	(void)state;
	fill(p, PAGE, 21);
	id = start(fd, 0, OUT_ASK, 0, PAGE, 0);
	say(fd, "TO1401,0,%u,0;", PAGE);
	assert_well(fd);
	stop(fd, id);
	memset(p, 0, PAGE);
	id = start(fd, 0, IN_ASK, 0, PAGE, 0);
	say(fd, "TOHOST,0,%u,0;", PAGE);
	assert_well(fd);
	wait_blocks(fd, id, 1, 5000);
	assert_filled(p, PAGE, 21);
}

static void an_acquisition_lands_in_the_buffer(void **state)
{
	const uint32_t size = 64 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, size);
	uint64_t end = now_ns() + 20 * slow() * SECOND;
	char line[32];
	uint32_t id;

	(void)state;
	id = start(fd, 0, IN_ASK, 0, size, 0);
	say(fd, "ADCMEM,I,2,0,%u,0 1,1,H,4,10;", size);
	do {
		assert_true(now_ns() < end);
		say(fd, "ADCMEM,?;");
		assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	} while (!strcmp(line, "1"));
	assert_string_equal(line, "0");
	to_host(fd, 0, 0, size, 0);
	wait_blocks(fd, id, 1, 5000);
	assert_recording(p, size);
}

/* ---------------------------------------------------------------- refused */

static void refused(const char *command, uint32_t flags, bool stray)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 4 * PAGE);
	struct ced1401_status s;
	uint64_t end = now_ns() + 5 * slow() * SECOND;
	uint32_t id;
	char line[32];

	fill(p, 4 * PAGE, 5);
	id = start(fd, 0, flags, PAGE, 2 * PAGE, 1);
	say(fd, "%s", command);
	assert_true(poll_for(fd, POLLPRI, 5000) & POLLPRI);
	do {
		s = status(fd, stray ? 0 : id);
	} while (!s.events && now_ns() < end);
	assert_int_equal(s.events, stray ? CED1401_EVENT_STRAY :
					   CED1401_EVENT_REFUSED);
	assert_int_equal(s.refused, 1);
	assert_int_equal(status(fd, 0).refused, 1);
	assert_int_equal(poll_for(fd, POLLPRI, 0) & POLLPRI, 0);
	s = status(fd, id);
	assert_int_equal(s.state, CED1401_STATE_ARMED);
	assert_int_equal(s.bytes, 0);
	assert_int_equal(s.blocks, 0);
	/* The 1401 was told, and no byte has moved */
	say(fd, "ERR;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_string_not_equal(line, "0,0");
	assert_filled(p, 4 * PAGE, 5);
	/* All goes on as if nothing had been */
	if (flags == IN_ASK)
		to_host(fd, 1, 0, PAGE, 0);
	else
		to_1401(fd, 1, 0, PAGE, 0);
	wait_blocks(fd, id, 1, 5000);
	stop(fd, id);
	close(fd);
}

static void a_request_beyond_its_area_is_refused(void **state)
{
	(void)state;
	refused("TOHOST,0,8193,0,1;", IN_ASK, false);
	refused("TOHOST,0,1,8192,1;", IN_ASK, false);
	refused("TOHOST,0,8192,1,1;", IN_ASK, false);
	refused("TOHOST,0,100,4194303,1;", IN_ASK, false);
	refused("TO1401,0,8193,0,1;", OUT_ASK, false);
	refused("TO1401,0,2,8191,1;", OUT_ASK, false);
}

static void a_request_in_the_wrong_direction_is_refused(void **state)
{
	(void)state;
	refused("TO1401,0,100,0,1;", IN_ASK, false);
	refused("TOHOST,0,100,0,1;", OUT_ASK, false);
}

static void a_request_for_no_area_is_refused(void **state)
{
	(void)state;
	refused("TOHOST,0,100,0,0;", IN_ASK, true);
	refused("TOHOST,0,100,0,7;", IN_ASK, true);
	refused("TO1401,0,100,0,2;", OUT_ASK, true);
}

static void a_stopped_area_is_refused(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, PAGE);
	uint32_t id = start(fd, 0, IN_ASK, 0, PAGE, 0);

	(void)state;
	fill(p, PAGE, 6);
	stop(fd, id);
	say(fd, "TOHOST,0,%u,0;", PAGE);
	assert_true(poll_for(fd, POLLPRI, 5000) & POLLPRI);
	assert_int_equal(status(fd, 0).events, CED1401_EVENT_STRAY);
	assert_filled(p, PAGE, 6);
}

/* Whatever the request did meanwhile: the next session finds all in order */
static void a_request_while_nobody_has_the_1401_is_refused(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		int fd = open_session(0);
		uint8_t *p = map_buffer(fd, 0, PAGE);
		struct ced1401_status s;
		uint32_t id = start(fd, 0, IN_ASK, 0, PAGE, 0);

		fill(p, PAGE, 7);
		say(fd, "TOHOST,0,%u,0;", PAGE);
		assert_int_equal(call(fd, CED1401_IOC_RELEASE, NULL), 0);
		s = status(fd, id);
		assert_int_equal(s.state, CED1401_STATE_FAILED);
		assert_rest(p, s.bytes, PAGE, 7);
		sleep_ms(5);
		assert_rest(p, s.bytes, PAGE, 7);
		close(fd);
		fd = open_session(0);
		assert_well(fd);
		close(fd);
	}
}

static void a_block_of_size_0_is_counted_and_done(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, PAGE);
	uint32_t id = start(fd, 0, IN_ASK, 0, PAGE, 0);
	struct ced1401_status s;

	(void)state;
	fill(p, PAGE, 8);
	say(fd, "TOHOST,0,0,0;");
	wait_blocks(fd, id, 1, 5000);
	say(fd, "TOHOST,0,0,%u;", PAGE);
	assert_well(fd);
	wait_blocks(fd, id, 2, 5000);
	s = status(fd, id);
	assert_int_equal(s.bytes, 0);
	assert_int_equal(s.refused, 0);
	assert_filled(p, PAGE, 8);
}

/* -------------------------------------------------------------- NOW, FIFO */

static void the_fifo_fills_buffers_of_every_size(void **state)
{
	const size_t room = MIB + 64 * KIB;
	static const uint32_t lengths[] = {
		2, 4, 6, 512, 4096, 8190, 16384, 65534, 65536, 65540, 131072,
		131076, 262148, MIB,
	};
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room);
	struct ced1401_status s;
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(lengths); i++) {
		uint32_t n = lengths[i], id;

		fill(p, room, i);
		id = start(fd, 0, IN_NOW, 16, n, 0);
		say(fd, STREAM);
		s.bytes = wait_end(fd, id, 20000).moved;
		assert_int_equal(s.bytes, n);
		say(fd, STREAM_K);
		s = status(fd, id);
		assert_int_equal(s.state, CED1401_STATE_DONE);
		assert_int_equal(s.error, 0);
		assert_int_equal(s.bytes, n);
		assert_int_equal(s.position, n);
		assert_int_equal(s.lost, 0);
		assert_recording(p + 16, n);
		/* What was left in the FIFO is for the next transfer: away with it */
		assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
		assert_rest(p, 0, 16, i);
		assert_rest(p, 16 + n, room, i);
	}
}

static void four_mib_stream_into_the_buffer(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, CED1401_BUF_MAX);
	uint32_t id = start(fd, 0, IN_NOW, 0, CED1401_BUF_MAX, 0);

	(void)state;
	say(fd, STREAM);
	assert_int_equal(wait_end(fd, id, 40000).moved, CED1401_BUF_MAX);
	assert_recording(p, CED1401_BUF_MAX);
}

static void an_odd_length_or_offset_works_on_a_narrow_channel(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 2 * PAGE);
	uint32_t id;

	(void)state;
	if (wide()) {
		assert_int_equal(start_error(fd, 0, IN_NOW, 0, 1001, 0, NULL),
				 EINVAL);
		return;
	}
	fill(p, 2 * PAGE, 1);
	id = start(fd, 0, IN_NOW, 3, 5001, 0);
	say(fd, STREAM);
	assert_int_equal(wait_end(fd, id, 10000).moved, 5001);
	assert_recording(p + 3, 5001);
	assert_rest(p, 0, 3, 1);
	assert_rest(p, 3 + 5001, 2 * PAGE, 1);
}

static void a_stream_to_an_odd_offset_touches_no_other_byte(void **state)
{
	const size_t room = 64 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room);
	uint32_t id;

	(void)state;
	fill(p, room, 1);
	id = start(fd, 0, IN_NOW, 4095, 20000, 0);
	say(fd, STREAM);
	assert_int_equal(wait_end(fd, id, 10000).moved, 20000);
	assert_recording(p + 4095, 20000);
	assert_rest(p, 0, 4095, 1);
	assert_rest(p, 24095, room, 1);
}

static void queued_transfers_lose_nothing_between_them(void **state)
{
	enum { N = 8, SIZE = 40000 };
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, N * SIZE);
	uint32_t ids[N];
	unsigned int i;

	(void)state;
	for (i = 0; i < N; i++)
		ids[i] = start(fd, 0, IN_NOW, i * SIZE, SIZE, 0);
	say(fd, STREAM);
	for (i = 0; i < N; i++)
		assert_int_equal(wait_end(fd, ids[i], 10000).moved, SIZE);
	assert_recording(p, N * SIZE);
}

static void a_stream_that_stops_ends_the_transfer(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 4 * FIFO);
	struct ced1401_status s;
	uint32_t id;

	(void)state;
	fill(p, 4 * FIFO, 9);
	/* The FIFO fills, then waits for room; then the stream is stopped */
	say(fd, STREAM);
	assert_well(fd);
	sleep_ms(300);
	say(fd, STREAM_K);
	assert_well(fd);
	id = start(fd, 0, IN_NOW, 0, 4 * FIFO, 0);
	s.bytes = wait_end(fd, id, 5000).moved;
	assert_in_range(s.bytes, FIFO - 4, FIFO);
	s = status(fd, id);
	assert_int_equal(s.state, CED1401_STATE_DONE);
	assert_int_equal(s.error, 0);
	assert_recording(p, s.bytes);
	assert_rest(p, s.bytes, 4 * FIFO, 9);
}

/* The card's second figure counts clocks with nothing to play: not a failure */
static void a_stream_goes_out_of_the_buffer(void **state)
{
	static const uint32_t lengths[] = { 4, 512, 65536, 65540, 131076,
					    300000 };
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 512 * KIB);
	struct ced1401_status s;
	unsigned int i;

	(void)state;
	fill(p, 512 * KIB, 31);
	for (i = 0; i < LENGTH(lengths); i++) {
		uint32_t id = start(fd, 0, OUT_NOW, 0, lengths[i], 0);

		say(fd, "XFOUT,0 1,H,2,10;");
		wait_end(fd, id, 20000);
		s = status(fd, id);
		assert_int_equal(s.state, CED1401_STATE_DONE);
		assert_int_equal(s.bytes, lengths[i]);
		say(fd, "XFOUT,K;");
		assert_well(fd);
	}
	assert_filled(p, 512 * KIB, 31);
}

static uint8_t *read_file(const char *name, size_t *n)
{
	uint8_t *p = NULL;
	FILE *file = fopen(name, "r");
	long size;

	*n = 0;
	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	p = malloc(size + 1);
	*n = fread(p, 1, size, file);
	fclose(file);
	return p;
}

static bool contains(const char *name, const uint8_t *want, size_t n)
{
	size_t have;
	uint8_t *file = read_file(name, &have);
	bool found = file && memmem(file, have, want, n);

	free(file);
	return found;
}

static void the_dacs_play_exactly_the_buffer(void **state)
{
	const char *played = getenv("CED1401_PLAYED");
	const uint32_t size = 200000;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, size);
	uint64_t end;
	uint32_t id;

	(void)state;
	if (!played)
		fail_msg("CED1401_PLAYED does not name the DACs' file");
	/* As recorded as played: something that was never played before */
	fill(p, size, now_ns() / 1000);
	id = start(fd, 0, OUT_NOW, 0, size, 0);
	say(fd, "XFOUT,0 1,H,2,10;");
	wait_end(fd, id, 20000);
	assert_int_equal(stop(fd, id).bytes, size);
	say(fd, "XFOUT,K;");
	assert_well(fd);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	end = now_ns() + 10 * slow() * SECOND;
	while (!contains(played, p, size)) {
		if (now_ns() > end)
			fail_msg("%s does not hold what was sent", played);
		sleep_ms(200);
	}
}

/* ------------------------------------------------------ what is told of it */

static void a_request_waits_for_a_now_transfer(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 2 * PAGE);
	struct ced1401_status s;
	uint32_t now, asked;

	(void)state;
	fill(p, 2 * PAGE, 2);
	now = start(fd, 0, IN_NOW, 0, PAGE, 0);
	asked = start(fd, 0, IN_ASK, PAGE, PAGE, 1);
	say(fd, "TOHOST,0,%u,0,1;", PAGE);
	assert_true(poll_for(fd, POLLPRI, 5000) & POLLPRI);
	s = status(fd, asked);
	assert_int_equal(s.state, CED1401_STATE_WAITING);
	assert_int_equal(s.events, CED1401_EVENT_WAITING);
	assert_int_equal(s.bytes, 0);
	assert_filled(p, 2 * PAGE, 2);
	assert_int_equal(status(fd, now).state, CED1401_STATE_RUNNING);
	assert_int_equal(stop(fd, now).bytes, 0);
	wait_blocks(fd, asked, 1, 5000);
	assert_int_equal(status(fd, asked).bytes, PAGE);
	assert_well(fd);
}

static void stopping_a_waiting_block_abandons_it(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 2 * PAGE);
	char line[32];
	uint32_t now, asked;

	(void)state;
	fill(p, 2 * PAGE, 2);
	now = start(fd, 0, IN_NOW, 0, PAGE, 0);
	asked = start(fd, 0, IN_ASK, PAGE, PAGE, 1);
	say(fd, "TOHOST,0,%u,0,1;", PAGE);
	assert_true(poll_for(fd, POLLPRI, 5000) & POLLPRI);
	assert_int_equal(stop(fd, asked).bytes, 0);
	stop(fd, now);
	say(fd, "ERR;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_string_not_equal(line, "0,0");
	assert_filled(p, 2 * PAGE, 2);
	assert_well(fd);
}

static void closing_with_a_waiting_block_harms_nobody(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 2 * PAGE);

	(void)state;
	fill(p, 2 * PAGE, 2);
	start(fd, 0, IN_NOW, 0, PAGE, 0);
	start(fd, 0, IN_ASK, PAGE, PAGE, 1);
	say(fd, "TOHOST,0,%u,0,1;", PAGE);
	assert_true(poll_for(fd, POLLPRI, 5000) & POLLPRI);
	close(fd);
	fd = open_session(0);
	assert_well(fd);
	assert_filled(p, 2 * PAGE, 2);
}

/*
 * STOP after some blocks of an area have moved, while the next one is asked for:
 * whether that still came or not, what STOP tells is what has changed, to the
 * byte, and what is asked for later is refused.
 */
static void stop_amid_the_blocks_tells_exactly_what_moved(void **state)
{
	enum { ROUNDS = 20, BLOCK = 90001 };
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, MIB), *was = malloc(MIB);
	unsigned int round, i;
	uint32_t out, in;

	(void)state;
	memset(p, 0, MIB);
	out = start(fd, 0, OUT_ASK, 0, MIB, 0);
	to_1401(fd, 0, 0, MIB, 0);
	stop(fd, out);
	for (round = 0; round < ROUNDS; round++) {
		unsigned int n = round % 10;
		struct ced1401_stop s;

		/* Where a byte has moved, 0 stands instead of 0xff */
		memset(p, 0xff, MIB);
		in = start(fd, 0, IN_ASK, 0, MIB, 0);
		for (i = 0; i < n; i++)
			to_host(fd, 0, 0, BLOCK, i * BLOCK);
		say(fd, "TOHOST,0,%u,%u;", BLOCK, n * BLOCK);
		s = stop(fd, in);
		memcpy(was, p, MIB);
		assert_in_range(s.bytes, n * BLOCK, (n + 1) * BLOCK);
		assert_int_equal(s.error, -ECANCELED);
		assert_all(was, s.bytes, 0);
		assert_all(was + s.bytes, MIB - s.bytes, 0xff);
		say(fd, "TOHOST,0,%u,%u;", BLOCK, 10 * BLOCK);
		sleep_ms(20);
		assert_same(p, was, MIB);
		assert_int_equal(status(fd, in).bytes, s.bytes);
		assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	}
	free(was);
}

static void pollpri_stands_until_status_has_told(void **state)
{
	int fd = open_session(0);
	struct ced1401_status s;
	uint32_t a, b;

	(void)state;
	map_buffer(fd, 0, 2 * PAGE);
	a = start(fd, 0, IN_ASK, 0, PAGE, 0);
	b = start(fd, 0, IN_ASK, PAGE, PAGE, 1);
	assert_int_equal(poll_for(fd, POLLPRI, 0), 0);
	to_host(fd, 0, 0, 100, 0);
	to_host(fd, 1, 0, 100, 0);
	assert_true(poll_for(fd, POLLPRI, 5000) & POLLPRI);
	wait_bytes(fd, b, 100, 5000);
	wait_bytes(fd, a, 100, 5000);
	s = status(fd, a);
	assert_int_equal(s.events, CED1401_EVENT_BLOCK);
	assert_true(poll_for(fd, POLLPRI, 0) & POLLPRI);
	assert_int_equal(status(fd, a).events, 0);
	assert_true(poll_for(fd, POLLPRI, 0) & POLLPRI);
	assert_int_equal(status(fd, b).events, CED1401_EVENT_BLOCK);
	assert_int_equal(poll_for(fd, POLLPRI, 0), 0);
	/* STOP tells by itself: no news are left */
	stop(fd, a);
	assert_int_equal(poll_for(fd, POLLPRI, 0), 0);
}

static void pollpri_comes_with_the_end_of_a_now_transfer(void **state)
{
	int fd = open_session(0);
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, IN_NOW, 0, PAGE, 0);
	assert_int_equal(poll_for(fd, POLLPRI, 0), 0);
	say(fd, STREAM);
	assert_true(poll_for(fd, POLLPRI, 5000) & POLLPRI);
	assert_true(status(fd, id).events & CED1401_EVENT_END);
	assert_int_equal(poll_for(fd, POLLPRI, 0), 0);
}

static void wait_returns_when_bytes_have_moved(void **state)
{
	int fd = open_session(0);
	struct ced1401_wait w;
	uint64_t before = now_ns();
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, IN_ASK, 0, PAGE, 0);
	to_host(fd, 0, 0, 100, 0);
	w = wait_bytes(fd, id, 100, 5000);
	assert_int_equal(w.id, id);
	assert_int_equal(w.moved, 100);
	assert_int_equal(w.error, 0);
	assert_int_equal(w.state, CED1401_STATE_ARMED);
	assert_in_range(w.time_ns, before, now_ns());
	/* One byte more is not there */
	before = now_ns();
	assert_int_equal(wait_error(fd, id, 101, before + 200 * MS, NULL),
			 ETIMEDOUT);
	assert_true(now_ns() >= before + 200 * MS);
	assert_true(now_ns() < before + 3 * SECOND);
}

static void a_deadline_in_the_past_does_not_sleep(void **state)
{
	int fd = open_session(0);
	uint64_t before;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, IN_ASK, 0, PAGE, 0);
	before = now_ns();
	assert_int_equal(wait_error(fd, id, 1, 1, NULL), ETIMEDOUT);
	assert_true(now_ns() - before < SECOND);
	/* What has happened is told all the same */
	to_host(fd, 0, 0, 10, 0);
	wait_blocks(fd, id, 1, 5000);
	assert_int_equal(wait_error(fd, id, 10, 1, NULL), 0);
}

static void wait_of_id_0_tells_which_it_was(void **state)
{
	int fd = open_session(0);
	struct ced1401_wait w;
	uint32_t first, second;

	(void)state;
	map_buffer(fd, 0, 2 * PAGE);
	first = start(fd, 0, IN_ASK, 0, PAGE, 0);
	second = start(fd, 0, IN_NOW, PAGE, PAGE, 0);
	say(fd, STREAM);
	assert_int_equal(wait_error(fd, 0, 0, now_ns() + 10 * slow() * SECOND, &w), 0);
	assert_int_equal(w.id, second);
	assert_int_equal(w.state, CED1401_STATE_DONE);
	assert_int_equal(w.moved, PAGE);
	/* Once its end is told, the other alone is waited for */
	status(fd, second);
	assert_int_equal(wait_error(fd, 0, 0, 1, NULL), ETIMEDOUT);
	stop(fd, first);
	assert_int_equal(wait_error(fd, 0, 0, 1, NULL), ENOENT);
}

static void wake_up(int signal_number)
{
	(void)signal_number;
}

static void a_signal_ends_a_wait(void **state)
{
	struct sigaction action = { .sa_handler = wake_up };
	struct itimerval timer = { .it_value = { .tv_usec = 200000 } };
	int fd = open_session(0);
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, IN_ASK, 0, PAGE, 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	assert_int_equal(wait_error(fd, id, 0, 0, NULL), EINTR);
	assert_int_equal(status(fd, id).state, CED1401_STATE_ARMED);
}

struct waited {
	int fd, up;
	uint32_t id;
};

static void waits_for_the_end(void *arg)
{
	struct waited *w = arg;
	struct ced1401_wait wait = { .id = w->id };

	tell(w->up, 'r');
	child_check(ioctl(w->fd, CED1401_IOC_WAIT, &wait) == 0);
	child_check(wait.state == CED1401_STATE_FAILED);
	child_check(wait.error == -ECANCELED);
}

static void stop_wakes_who_waits(void **state)
{
	struct waited w = { .fd = open_session(0) };
	int up[2];
	pid_t pid;

	(void)state;
	make_pipe(up);
	w.up = up[1];
	map_buffer(w.fd, 0, PAGE);
	w.id = start(w.fd, 0, IN_ASK, 0, PAGE, 0);
	pid = child(waits_for_the_end, &w);
	assert_int_equal(told(up[0], 5000), 'r');
	assert_true(is_asleep(pid, 5000));
	stop(w.fd, w.id);
	assert_child_well(pid);
}

static void the_statistics_count_bytes_and_blocks(void **state)
{
	int fd = open_session(0);
	long in = sysfs_number("statistics/bytes_to_host");
	long out = sysfs_number("statistics/bytes_to_1401");
	long blocks = sysfs_number("statistics/blocks");
	long refusals = sysfs_number("statistics/refused");

	(void)state;
	map_buffer(fd, 0, PAGE);
	start(fd, 0, IN_ASK, 0, PAGE, 0);
	start(fd, 0, OUT_ASK, 0, PAGE, 1);
	to_1401(fd, 1, 0, 1000, 0);
	to_host(fd, 0, 0, 300, 0);
	to_host(fd, 0, 0, 4, 0);
	say(fd, "TOHOST,0,4,0,5;");
	assert_true(poll_for(fd, POLLPRI, 5000) & POLLPRI);
	sleep_ms(300);
	assert_int_equal(sysfs_number("statistics/bytes_to_host") - in, 304);
	assert_int_equal(sysfs_number("statistics/bytes_to_1401") - out, 1000);
	assert_int_equal(sysfs_number("statistics/blocks") - blocks, 3);
	assert_int_equal(sysfs_number("statistics/refused") - refusals, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(blocks_of_every_size_arrive_unchanged),
		TEST(blocks_at_any_offset_touch_no_other_byte),
		TEST(an_area_may_begin_anywhere_in_the_buffer),
		TEST(four_mib_go_there_and_back),
		TEST(many_requests_in_one_line_are_all_served),
		TEST(the_areas_do_not_mix),
		TEST(area_0_is_meant_when_none_is_named),
		TEST(an_acquisition_lands_in_the_buffer),
		TEST(a_request_beyond_its_area_is_refused),
		TEST(a_request_in_the_wrong_direction_is_refused),
		TEST(a_request_for_no_area_is_refused),
		TEST(a_stopped_area_is_refused),
		TEST(a_request_while_nobody_has_the_1401_is_refused),
		TEST(a_block_of_size_0_is_counted_and_done),
		TEST(the_fifo_fills_buffers_of_every_size),
		TEST(four_mib_stream_into_the_buffer),
		TEST(an_odd_length_or_offset_works_on_a_narrow_channel),
		TEST(a_stream_to_an_odd_offset_touches_no_other_byte),
		TEST(queued_transfers_lose_nothing_between_them),
		TEST(a_stream_that_stops_ends_the_transfer),
		TEST(a_stream_goes_out_of_the_buffer),
		TEST(the_dacs_play_exactly_the_buffer),
		TEST(a_request_waits_for_a_now_transfer),
		TEST(stopping_a_waiting_block_abandons_it),
		TEST(closing_with_a_waiting_block_harms_nobody),
		TEST(stop_amid_the_blocks_tells_exactly_what_moved),
		TEST(pollpri_stands_until_status_has_told),
		TEST(pollpri_comes_with_the_end_of_a_now_transfer),
		TEST(wait_returns_when_bytes_have_moved),
		TEST(a_deadline_in_the_past_does_not_sleep),
		TEST(wait_of_id_0_tells_which_it_was),
		TEST(a_signal_ends_a_wait),
		TEST(stop_wakes_who_waits),
		TEST(the_statistics_count_bytes_and_blocks),
	};

	return RUN(tests);
}
