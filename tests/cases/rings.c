// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CIRCULAR transfers: rings of both directions, filled or emptied by a stream (NOW)
 * or by the 1401's requests, in one DMA page and over the edge of one.
 *
 * The guest's ADC hears the recording of common.h, as fast as it is taken away.
 */
#define _GNU_SOURCE
#include "common.h"

#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define OUT_NOW	(CED1401_TO_1401 | CED1401_NOW)
#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define OUT_ASK	(CED1401_TO_1401 | CED1401_ON_REQUEST)
#define STREAM	"XFIFO,0 1,H,4,10;"
#define ROOM	(256 * KIB)		/* of a buffer: begins at a DMA page */
#define ERROR_ABANDONED "10,"		/* the virtual 1401's ERR after one */

/* Rings within a DMA page, up to its end, and over it */
static const struct shape {
	uint32_t offset, length;
} shapes[] = {
	{ 0, 64 * KIB }, { 0, 4096 }, { 100, 1000 }, { 4094, 4096 },
	{ 65536 - 512, 512 }, { 131072 - 2000, 2000 }, { 65536 - 512, 1024 },
	{ 131072 - 1000, 4000 }, { 30000, 200000 }, { 2, 2 }, { 65534, 4 },
	{ 131070, 6 }, { 131072 - 16, 30 },
	/* On an 8-bit channel alone: */
	{ 0, 1 }, { 7, 7 }, { 65535, 2 }, { 65530, 13 }, { 333, 4097 },
	{ 65535, 65537 }, { 1, 65535 },
};

static bool possible(const struct shape *shape)
{
	return !wide() || !((shape->offset | shape->length) & 1);
}

/* ----------------------------------------------------------- what is refused */

static void a_ring_that_cannot_be_is_refused(void **state)
{
	static const unsigned int all[] = { IN_NOW, OUT_NOW, IN_ASK, OUT_ASK };
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	map_buffer(fd, 0, ROOM);
	for (i = 0; i < LENGTH(all); i++) {
		int odd = wide() ? EINVAL : 0;
		uint32_t id;

		assert_int_equal(ring_error(fd, 0, all[i], 0, 0, 0, 0, NULL),
				 EINVAL);
		assert_int_equal(ring_error(fd, 0, all[i], 2, ROOM, 0, 0, NULL),
				 EINVAL);
		assert_int_equal(ring_error(fd, 0, all[i], 0, 100, 0, 101,
					    NULL), EINVAL);
		assert_int_equal(ring_error(fd, 0, all[i], 0, 100, 0, ~0ull,
					    NULL), EINVAL);
		assert_int_equal(ring_error(fd, 1, all[i], 0, 100, 0, 0, NULL),
				 ENOENT);
		if (all[i] & CED1401_NOW)
			call(fd, CED1401_IOC_CLAIM, NULL);
		assert_int_equal(ring_error(fd, 0, all[i], 1, 100, 0, 0, &id),
				 odd);
		if (!odd)
			stop(fd, id);
		assert_int_equal(ring_error(fd, 0, all[i], 0, 101, 0, 0, &id),
				 odd);
		if (!odd)
			stop(fd, id);
		assert_int_equal(ring_error(fd, 0, all[i], 0, 100, 0, 100, &id),
				 0);
		stop(fd, id);
	}
}

static void a_threshold_is_for_rings_alone(void **state)
{
	struct ced1401_start s = {
		.flags = IN_ASK, .length = 100, .threshold = 50,
	};
	int fd = open_session(0);

	(void)state;
	map_buffer(fd, 0, PAGE);
	assert_int_equal(call(fd, CED1401_IOC_START, &s), EINVAL);
	s.flags |= CED1401_CIRCULAR;
	s.reserved = 1;
	assert_int_equal(call(fd, CED1401_IOC_START, &s), EINVAL);
	s.reserved = 0;
	assert_int_equal(call(fd, CED1401_IOC_START, &s), 0);
}

static void consume_refuses_bad_arguments(void **state)
{
	int fd = open_session(0), other = open_session(0);
	int reader = open_session(O_RDONLY | O_RDONLY_ONLY);
	struct ced1401_consume c = { 0 }, *page;
	uint32_t ring, plain;

	(void)state;
	page = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(page != MAP_FAILED);
	map_buffer(fd, 0, PAGE);
	ring = start_ring(fd, 0, IN_ASK, 0, 1000, 0, 0);
	plain = start(fd, 0, IN_ASK, 2000, 1000, 1);
	assert_int_equal(consume_error(fd, plain, 0, NULL), EINVAL);
	assert_int_equal(consume_error(fd, 0, 0, NULL), ENOENT);
	assert_int_equal(consume_error(fd, 1234567, 0, NULL), ENOENT);
	assert_int_equal(consume_error(other, ring, 0, NULL), ENOENT);
	assert_int_equal(consume_error(reader, ring, 0, NULL), EACCES);
	c.id = ring;
	c.reserved = 1;
	assert_int_equal(call(fd, CED1401_IOC_CONSUME, &c), EINVAL);
	assert_int_equal(call(fd, CED1401_IOC_CONSUME, NULL), EFAULT);
	/* More than there is */
	assert_int_equal(consume_error(fd, ring, 1, NULL), EINVAL);
	to_host(fd, 0, 0, 100, 0);
	wait_blocks(fd, ring, 1, 5000);
	assert_int_equal(consume_error(fd, ring, 101, NULL), EINVAL);
	assert_int_equal(consume_error(fd, ring, ~0ull, NULL), EINVAL);
	c = consume(fd, ring, 0);
	assert_int_equal(c.moved, 100);
	assert_int_equal(c.consumed, 0);
	assert_int_equal(c.overwritten, 0);
	assert_true(c.time_ns && c.time_ns <= now_ns());
	/* What cannot be told is not consumed */
	memcpy(page, &c, sizeof(c));
	page->bytes = 60;
	assert_int_equal(mprotect(page, PAGE, PROT_READ), 0);
	assert_int_equal(call(fd, CED1401_IOC_CONSUME, page), EFAULT);
	assert_int_equal(consume(fd, ring, 0).consumed, 0);
	unmap(page, PAGE);
	assert_int_equal(consume(fd, ring, 60).consumed, 60);
	assert_int_equal(consume_error(fd, ring, 41, NULL), EINVAL);
	assert_int_equal(consume(fd, ring, 40).consumed, 100);
	assert_int_equal(status(fd, ring).consumed, 100);
	assert_int_equal(status(fd, ring).lost, 0);
}

/* ---------------------------------------------------------- streams to the host */

/* One who reads a ring and knows what must be in it */
struct reader {
	int fd;
	uint32_t id;
	const uint8_t *ring;
	uint32_t length;
	uint64_t first;		/* the recording's byte that came first */
	uint64_t read;		/* bytes found whole */
	uint64_t missed;
};

/*
 * Copy what waits, then consume it: all that is not told as overwritten is what the
 * ADC heard, at its place. Returns how much it was.
 */
static uint64_t take(struct reader *r)
{
	struct ced1401_consume before, c;
	uint64_t n, from, i, part;
	uint8_t *copy;

	before = consume(r->fd, r->id, 0);
	assert_int_equal(before.consumed, r->read + r->missed);
	n = before.moved - before.consumed;
	from = n > r->length ? n - r->length : 0;
	copy = malloc(r->length);
	for (i = from; i < n; i += part) {
		uint64_t at = (before.consumed + i) % r->length;

		part = n - i < r->length - at ? n - i : r->length - at;
		memcpy(copy + (i - from), r->ring + at, part);
	}
	c = consume(r->fd, r->id, n);
	assert_true(c.time_ns >= before.time_ns);
	assert_true(c.moved >= before.moved);
	assert_int_equal(c.consumed, before.consumed + n);
	assert_in_range(c.overwritten, from, n);
	if (c.moved - before.consumed > r->length)
		assert_int_equal(c.overwritten,
				 c.moved - before.consumed - r->length < n ?
				 c.moved - before.consumed - r->length : n);
	else
		assert_int_equal(c.overwritten, 0);
	assert_heard(copy + (c.overwritten - from), n - c.overwritten,
		     r->first + before.consumed + c.overwritten);
	free(copy);
	r->missed += c.overwritten;
	r->read += n - c.overwritten;
	return n;
}

/* The ring of a stopped transfer: the last of all that moved, nothing else */
static void assert_ring_at_rest(const uint8_t *ring, uint32_t length,
				uint64_t first, uint64_t bytes, uint32_t seed,
				uint32_t offset)
{
	uint64_t from = bytes > length ? bytes - length : 0, i, part;

	for (i = from; i < bytes; i += part) {
		uint64_t at = i % length;

		part = bytes - i < length - at ? bytes - i : length - at;
		assert_heard(ring + at, part, first + i);
	}
	if (bytes < length)
		assert_rest(ring - offset, offset + bytes, offset + length,
			    seed);
}

static void a_ring_of_any_shape_holds_what_was_heard_last(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, ROOM);
	unsigned int i, run;

	(void)state;
	for (i = 0; i < LENGTH(shapes); i++) {
		uint32_t offset = shapes[i].offset, length = shapes[i].length;

		for (run = 0; run < 2 && possible(&shapes[i]); run++) {
			uint64_t laps = run ? length * 5ull / 2 + 1 : length / 2 + 1;
			struct ced1401_status s;
			struct ced1401_stop end;
			uint64_t first;
			uint32_t id;

			fill(p, ROOM, i);
			first = (uint64_t)next_scan(fd) * FRAME;
			id = start_ring(fd, 0, IN_NOW, offset, length, 0, 0);
			say(fd, STREAM);
			wait_bytes(fd, id, laps, 10000);
			end = stop(fd, id);
			assert_int_equal(end.error, -ECANCELED);
			assert_true(end.bytes >= laps);
			assert_ring_at_rest(p + offset, length, first,
					    end.bytes, i, offset);
			assert_rest(p, 0, offset, i);
			assert_rest(p, offset + length, ROOM, i);
			s = status(fd, id);
			assert_int_equal(s.bytes, end.bytes);
			assert_int_equal(s.position, end.bytes % length);
			assert_int_equal(s.length, length);
			assert_int_equal(s.lost, end.bytes > length ?
						 end.bytes - length : 0);
			assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
		}
	}
}

static void a_reader_gets_every_byte_that_is_not_told_as_lost(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, ROOM);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(shapes); i++) {
		struct reader r = {
			.fd = fd, .ring = p + shapes[i].offset,
			.length = shapes[i].length,
		};
		struct ced1401_status s;
		/* A tiny ring goes round slowly here, an interrupt a lap */
		uint64_t enough = r.length < 2000 ? r.length * 20 : 200000;
		uint64_t bytes, end = now_ns() + 20 * slow() * SECOND;

		if (!possible(&shapes[i]))
			continue;
		r.first = (uint64_t)next_scan(fd) * FRAME;
		r.id = start_ring(fd, 0, IN_NOW, shapes[i].offset, r.length, 0,
				  r.length / 4 + 1);
		say(fd, STREAM);
		while (r.read + r.missed < enough && now_ns() < end) {
			poll_for(fd, POLLRDBAND, 1000);
			take(&r);
		}
		bytes = stop(fd, r.id).bytes;
		/* What is left can be read at leisure */
		take(&r);
		assert_int_equal(r.read + r.missed, bytes);
		assert_true(bytes >= enough);
		s = status(fd, r.id);
		assert_int_equal(s.lost, r.missed);
		assert_int_equal(s.consumed, bytes);
		assert_true(r.read > 0);
		assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	}
}

static void an_overrun_is_told_to_the_byte(void **state)
{
	const uint32_t length = 8 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, ROOM);
	struct ced1401_consume c;
	struct ced1401_status s;
	uint64_t first, bytes;
	uint32_t id;

	(void)state;
	first = (uint64_t)next_scan(fd) * FRAME;
	id = start_ring(fd, 0, IN_NOW, 0, length, 0, 0);
	say(fd, STREAM);
	wait_bytes(fd, id, 5 * length, 10000);
	assert_true(poll_for(fd, POLLPRI, 2000) & POLLPRI);
	s = status(fd, id);
	assert_true(s.events & CED1401_EVENT_OVERRUN);
	assert_int_equal(s.lost, s.bytes - length);
	assert_int_equal(s.state, CED1401_STATE_RUNNING);
	assert_int_equal(s.error, 0);
	/* It is told once for each time that the reader falls behind */
	assert_int_equal(status(fd, id).events & CED1401_EVENT_OVERRUN, 0);
	bytes = stop(fd, id).bytes;
	s = status(fd, id);
	assert_int_equal(s.lost, bytes - length);
	/* Only the oldest are lost, however the reader takes them */
	c = consume(fd, id, 1000);
	assert_int_equal(c.overwritten, 1000);
	c = consume(fd, id, bytes - length - 1000 + 10);
	assert_int_equal(c.overwritten, bytes - length - 1000);
	assert_int_equal(c.consumed, bytes - length + 10);
	c = consume(fd, id, length - 10);
	assert_int_equal(c.overwritten, 0);
	assert_int_equal(status(fd, id).lost, bytes - length);
	assert_ring_at_rest(p, length, first, bytes, 0, 0);
}

static void a_second_overrun_is_news_again(void **state)
{
	const uint32_t length = 4 * KIB;
	int fd = open_session(0);
	uint32_t id;
	unsigned int i;

	(void)state;
	map_buffer(fd, 0, ROOM);
	id = start_ring(fd, 0, IN_NOW, 0, length, 0, 0);
	say(fd, STREAM);
	for (i = 0; i < 3; i++) {
		uint64_t bytes = consume(fd, id, 0).consumed;

		wait_bytes(fd, id, bytes + 4 * length, 10000);
		assert_true(status(fd, id).events & CED1401_EVENT_OVERRUN);
		/* All that there is, then some that is whole again */
		while (consume(fd, id, 0).moved > consume(fd, id, 0).consumed + length) {
			struct ced1401_consume c = consume(fd, id, 0);

			consume(fd, id, c.moved - c.consumed);
		}
	}
}

/* STOP, RESET, RELEASE, FREE, close: not a byte changes after any of them */
static void a_running_ring_ends_with_whatever_ends_it(void **state)
{
	const uint32_t length = 16 * KIB;
	unsigned int way;
	int fd;

	(void)state;
	for (way = 0; way < 5; way++) {
		uint8_t *p, *was = malloc(length);
		uint32_t id;

		fd = open_session(0);
		p = map_buffer(fd, 0, length);
		id = start_ring(fd, 0, IN_NOW, 0, length, 0, 0);
		say(fd, STREAM);
		wait_bytes(fd, id, length + 1, 10000);
		switch (way) {
		case 0:
			stop(fd, id);
			break;
		case 1:
			assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
			break;
		case 2:
			assert_int_equal(call(fd, CED1401_IOC_RELEASE, NULL),
					 0);
			break;
		case 3:
			assert_int_equal(free_buffer(fd, 0), 0);
			break;
		default:
			close(fd);
		}
		memcpy(was, p, length);
		if (way < 4) {
			assert_int_equal(status(fd, id).error, -ECANCELED);
			assert_int_equal(status(fd, id).state,
					 CED1401_STATE_FAILED);
		}
		sleep_ms(50);
		assert_same(p, was, length);
		unmap(p, length);
		if (way < 4)
			close(fd);
		free(was);
	}
}

static void the_end_of_a_stream_ends_its_ring(void **state)
{
	const uint32_t length = 32 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, length);
	char line[40], want[40];
	struct ced1401_wait w;
	uint64_t first;
	uint32_t id;

	(void)state;
	first = (uint64_t)next_scan(fd) * FRAME;
	id = start_ring(fd, 0, IN_NOW, 0, length, 0, 0);
	say(fd, STREAM);
	wait_bytes(fd, id, 3 * length, 10000);
	say(fd, "XFIFO,K;XFIFO,?;");
	w = wait_end(fd, id, 10000);
	assert_int_equal(w.state, CED1401_STATE_DONE);
	assert_int_equal(w.error, 0);
	/* Every sample that the card took has come */
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	snprintf(want, sizeof(want), "%llu,0", (unsigned long long)w.moved / 2);
	assert_string_equal(line, want);
	assert_ring_at_rest(p, length, first, w.moved, 0, 0);
}

static void wait_counts_over_many_rounds(void **state)
{
	static const uint32_t lengths[] = { 2, 1000, 64 * KIB, 200000 };
	int fd = open_session(0);
	unsigned int i, k;

	(void)state;
	map_buffer(fd, 0, ROOM);
	for (i = 0; i < LENGTH(lengths); i++) {
		uint64_t want = 0, before = 0;
		struct ced1401_wait w;
		uint32_t id;

		id = start_ring(fd, 0, IN_NOW, 0, lengths[i], 0, 0);
		say(fd, STREAM);
		for (k = 0; k < 5; k++) {
			want = before + lengths[i] * 7 / 2 + 1;
			w = wait_bytes(fd, id, want, 10000);
			assert_true(w.moved >= want);
			assert_int_equal(w.state, CED1401_STATE_RUNNING);
			before = w.moved;
		}
		assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	}
}

/* ----------------------------------------------------------------- thresholds */

static void poll_tells_when_a_ring_holds_enough(void **state)
{
	int fd = open_session(0);
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start_ring(fd, 0, IN_ASK, 0, 1000, 0, 150);
	assert_int_equal(poll_for(fd, POLLRDBAND | POLLWRBAND, 0), 0);
	to_host(fd, 0, 0, 100, 0);
	wait_blocks(fd, id, 1, 5000);
	assert_int_equal(poll_for(fd, POLLRDBAND, 50), 0);
	/* Asleep when the rest comes */
	say(fd, "TOHOST,0,50,0,0;");
	assert_int_equal(poll_for(fd, POLLRDBAND, 5000), POLLRDBAND);
	assert_int_equal(consume(fd, id, 0).moved, 150);
	consume(fd, id, 1);
	assert_int_equal(poll_for(fd, POLLRDBAND | POLLWRBAND, 0), 0);
	to_host(fd, 0, 0, 1, 0);
	assert_int_equal(poll_for(fd, POLLRDBAND | POLLWRBAND, 5000),
			 POLLRDBAND);
	/* What waits can still be read when it has ended */
	stop(fd, id);
	assert_int_equal(poll_for(fd, POLLRDBAND, 0), POLLRDBAND);
	consume(fd, id, 1);
	assert_int_equal(poll_for(fd, POLLRDBAND, 0), 0);
}

static void poll_tells_when_a_ring_has_room_to_fill(void **state)
{
	int fd = open_session(0);
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start_ring(fd, 0, OUT_ASK, 0, 1000, 3, 600);
	assert_int_equal(poll_for(fd, POLLRDBAND | POLLWRBAND, 0), 0);
	to_1401(fd, 3, 0, 500, 0);
	wait_blocks(fd, id, 1, 5000);
	assert_int_equal(poll_for(fd, POLLWRBAND, 50), 0);
	say(fd, "TO1401,0,100,0,3;");
	assert_int_equal(poll_for(fd, POLLRDBAND | POLLWRBAND, 5000),
			 POLLWRBAND);
	consume(fd, id, 300);
	assert_int_equal(poll_for(fd, POLLWRBAND, 0), 0);
}

static void poll_sleeps_until_a_stream_has_brought_enough(void **state)
{
	static const uint32_t lengths[] = { 1000, 64 * KIB, 200000 };
	int fd = open_session(0);
	unsigned int i, k;

	(void)state;
	map_buffer(fd, 0, ROOM);
	for (i = 0; i < LENGTH(lengths); i++) {
		uint32_t enough = lengths[i] / 2;
		uint32_t id = start_ring(fd, 0, IN_NOW, 0, lengths[i], 0,
					 enough);
		struct ced1401_consume c;

		assert_int_equal(poll_for(fd, POLLRDBAND, 20), 0);
		say(fd, STREAM);
		for (k = 0; k < 20; k++) {
			assert_int_equal(poll_for(fd, POLLRDBAND, 5000),
					 POLLRDBAND);
			c = consume(fd, id, 0);
			assert_true(c.moved - c.consumed >= enough);
			consume(fd, id, c.moved - c.consumed);
		}
		assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
		/* One that has ended says no more once it is read */
		c = consume(fd, id, 0);
		consume(fd, id, c.moved - c.consumed);
		assert_int_equal(poll_for(fd, POLLRDBAND, 0), 0);
	}
}

static void poll_sleeps_until_a_stream_out_has_taken_enough(void **state)
{
	const uint32_t length = 64 * KIB;
	int fd = open_session(0);
	uint32_t id;
	unsigned int k;

	(void)state;
	map_buffer(fd, 0, length);
	id = start_ring(fd, 0, OUT_NOW, 0, length, 0, length / 2);
	/* No more goes than the card's FIFO holds */
	assert_int_equal(poll_for(fd, POLLWRBAND, 50), 0);
	assert_true(status(fd, id).bytes <= 16 * KIB);
	say(fd, "XFOUT,0 1,H,4,10;");
	for (k = 0; k < 20; k++) {
		struct ced1401_consume c;

		assert_int_equal(poll_for(fd, POLLWRBAND | POLLRDBAND, 5000),
				 POLLWRBAND);
		c = consume(fd, id, 0);
		assert_true(c.moved - c.consumed >= length / 2);
		consume(fd, id, c.moved - c.consumed);
	}
}

/* ----------------------------------------------------------- rings on request */

#define MEMORY	(200 * KIB)		/* of the 1401, filled with a pattern */

/* The 1401's memory holds the pattern of @seed */
static void load(int fd, const uint8_t *pattern_, unsigned int buffer)
{
	uint8_t *p = map_buffer(fd, buffer, MEMORY);
	uint32_t id;

	memcpy(p, pattern_, MEMORY);
	id = start(fd, buffer, OUT_ASK, 0, MEMORY, 7);
	to_1401(fd, 7, 0, MEMORY, 0);
	wait_blocks(fd, id, 1, 5000);
	stop(fd, id);
	unmap(p, MEMORY);
	assert_int_equal(free_buffer(fd, buffer), 0);
}

/* @n bytes out of a ring, from stream position @at on */
static void copy_out(uint8_t *to, const uint8_t *ring, uint32_t length,
		     uint64_t at, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		to[i] = ring[(at + i) % length];
}

static void blocks_go_one_behind_the_other(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 3, 1000, 999, 4096, 513, 1 };
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, ROOM), *all = malloc(MEMORY);
	uint8_t *got = malloc(MEMORY);
	unsigned int i, k, blocks;

	(void)state;
	fill(all, MEMORY, 77);
	load(fd, all, 1);
	for (i = 0; i < LENGTH(shapes); i++) {
		uint32_t offset = shapes[i].offset, length = shapes[i].length;
		uint64_t at = 0;
		uint32_t id;

		if (!possible(&shapes[i]))
			continue;
		fill(p, ROOM, i);
		id = start_ring(fd, 0, IN_ASK, offset, length, 2, 0);
		for (k = 0, blocks = 0; k < 40; k++) {
			uint32_t n = sizes[k % LENGTH(sizes)];
			uint32_t from = k * 4001 % (MEMORY - 4096);

			if (n > length)
				continue;
			/* The request's offset is not used */
			say(fd, "TOHOST,%u,%u,%u,2;", from, n, k * 1000003 % MIB);
			wait_blocks(fd, id, ++blocks, 5000);
			assert_int_equal(status(fd, id).bytes, at + n);
			assert_int_equal(status(fd, id).position,
					 (at + n) % length);
			copy_out(got, p + offset, length, at, n);
			assert_same(got, all + from, n);
			at += n;
			assert_int_equal(consume(fd, id, n).overwritten, 0);
		}
		assert_well(fd);
		assert_rest(p, 0, offset, i);
		assert_rest(p, offset + length, ROOM, i);
		if (at < length)
			assert_rest(p, offset + at, offset + length, i);
		assert_int_equal(stop(fd, id).bytes, at);
		assert_int_equal(status(fd, id).lost, 0);
	}
	free(all);
	free(got);
}

static void a_block_waits_until_the_reader_has_made_room(void **state)
{
	const uint32_t length = 1000;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, PAGE), *all = malloc(MEMORY);
	uint8_t got[1000];
	struct ced1401_status s;
	char line[40];
	uint32_t id;

	(void)state;
	fill(all, MEMORY, 5);
	load(fd, all, 1);
	id = start_ring(fd, 0, IN_ASK, 0, length, 0, 0);
	to_host(fd, 0, 0, 700, 0);
	wait_blocks(fd, id, 1, 5000);
	status(fd, id);
	memcpy(got, p, length);
	say(fd, "TOHOST,1000,400,0,0;ERR;");
	assert_true(poll_for(fd, POLLPRI, 5000) & POLLPRI);
	s = status(fd, id);
	assert_int_equal(s.state, CED1401_STATE_WAITING);
	assert_true(s.events & CED1401_EVENT_WAITING);
	assert_int_equal(s.bytes, 700);
	assert_int_equal(s.refused, 0);
	assert_state("sending a block");
	/* A byte too few */
	consume(fd, id, 99);
	assert_false(hear(fd, line, sizeof(line), 200));
	assert_int_equal(status(fd, id).state, CED1401_STATE_WAITING);
	assert_same(p, got, length);
	/* Enough: it goes round the end */
	consume(fd, id, 1);
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_string_equal(line, "0,0");
	wait_blocks(fd, id, 2, 5000);
	copy_out(got, p, length, 700, 400);
	assert_same(got, all + 1000, 400);
	copy_out(got, p, length, 100, 600);
	assert_same(got, all + 100, 600);
	assert_int_equal(status(fd, id).lost, 0);
	free(all);
}

/* What waits for the reader lasts longer than what stands still */
static void a_block_waits_as_long_as_it_takes(void **state)
{
	int fd = open_session(0);
	char line[40];
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start_ring(fd, 0, IN_ASK, 0, 100, 0, 0);
	to_host(fd, 0, 0, 100, 0);
	say(fd, "TOHOST,0,100,0,0;ERR;");
	sleep_ms(6500);
	assert_int_equal(status(fd, id).state, CED1401_STATE_WAITING);
	assert_int_equal(status(fd, id).error, 0);
	consume(fd, id, 100);
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_string_equal(line, "0,0");
	wait_blocks(fd, id, 2, 5000);
}

static void a_block_larger_than_the_ring_is_refused(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, PAGE);
	struct ced1401_status s;
	char line[40];
	uint32_t id;

	(void)state;
	fill(p, PAGE, 1);
	id = start_ring(fd, 0, IN_ASK, 0, 1000, 0, 0);
	say(fd, "TOHOST,0,1001,0,0;ERR;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_memory_equal(line, ERROR_ABANDONED, strlen(ERROR_ABANDONED));
	s = status(fd, id);
	assert_true(s.events & CED1401_EVENT_REFUSED);
	assert_int_equal(s.refused, 1);
	assert_int_equal(s.bytes, 0);
	assert_filled(p, PAGE, 1);
	/* The other direction */
	say(fd, "TO1401,0,10,0,0;ERR;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_memory_equal(line, ERROR_ABANDONED, strlen(ERROR_ABANDONED));
	assert_int_equal(status(fd, id).refused, 2);
	/* One as large as it fits, and one of no size */
	to_host(fd, 0, 0, 1000, 0);
	wait_blocks(fd, id, 1, 5000);
	to_host(fd, 0, 0, 0, 0);
	wait_blocks(fd, id, 2, 5000);
	assert_int_equal(stop(fd, id).bytes, 1000);
	assert_rest(p, 1000, PAGE, 1);
}

static void stopping_a_ring_abandons_the_block_that_waits(void **state)
{
	int fd = open_session(0);
	struct ced1401_stop end;
	char line[40];
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start_ring(fd, 0, IN_ASK, 0, 100, 0, 0);
	to_host(fd, 0, 0, 60, 0);
	say(fd, "TOHOST,0,60,0,0;ERR;");
	assert_false(hear(fd, line, sizeof(line), 100));
	end = stop(fd, id);
	assert_int_equal(end.bytes, 60);
	assert_int_equal(end.error, -ECANCELED);
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_memory_equal(line, ERROR_ABANDONED, strlen(ERROR_ABANDONED));
	assert_well(fd);
	/* Its data can still be read */
	assert_int_equal(consume(fd, id, 60).consumed, 60);
	assert_int_equal(consume_error(fd, id, 1, NULL), EINVAL);
}

static void requests_take_the_oldest_of_a_ring_to_the_1401(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, ROOM), *back = map_buffer(fd, 1, MEMORY);
	uint8_t *all = malloc(MEMORY);
	unsigned int i;

	(void)state;
	fill(all, MEMORY, 9);
	for (i = 0; i < LENGTH(shapes); i++) {
		uint32_t offset = shapes[i].offset, length = shapes[i].length;
		uint32_t limit = length * 3 < 20000 ? length * 3 : 20000;
		uint32_t at, n, k, id, read, blocks = 0;

		if (!possible(&shapes[i]) || length > 64 * KIB)
			continue;
		fill(p, ROOM, i);
		/* The ring is full at START */
		memcpy(p + offset, all, length);
		id = start_ring(fd, 0, OUT_ASK, offset, length, 0, 0);
		read = start(fd, 1, IN_ASK, 0, MEMORY, 1);
		for (at = 0; at < limit; at += n) {
			n = 1 + at * 7 % 3001;
			n = n < length ? n : length;
			say(fd, "TO1401,%u,%u,%u,0;", at, n, at * 5 + 3);
			wait_blocks(fd, id, ++blocks, 5000);
			/* So much has gone: fill in what comes next */
			for (k = 0; k < n; k++)
				p[offset + (at + k) % length] =
					all[at + length + k];
			assert_int_equal(consume(fd, id, n).overwritten, 0);
		}
		assert_well(fd);
		to_host(fd, 1, 0, at, 0);
		wait_blocks(fd, read, 1, 5000);
		assert_same(back, all, at);
		assert_rest(p, 0, offset, i);
		assert_rest(p, offset + length, ROOM, i);
		assert_int_equal(stop(fd, id).bytes, at);
		stop(fd, read);
	}
	free(all);
}

static void a_request_waits_until_the_writer_has_filled_enough(void **state)
{
	const uint32_t length = 500;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, PAGE), *back = map_buffer(fd, 1, PAGE);
	char line[40];
	uint32_t id, read;

	(void)state;
	fill(p, length, 1);
	id = start_ring(fd, 0, OUT_ASK, 0, length, 0, 0);
	to_1401(fd, 0, 0, 400, 0);
	wait_blocks(fd, id, 1, 5000);
	say(fd, "TO1401,400,300,0,0;ERR;");
	assert_false(hear(fd, line, sizeof(line), 200));
	assert_int_equal(status(fd, id).state, CED1401_STATE_WAITING);
	assert_int_equal(status(fd, id).bytes, 400);
	assert_state("reading a block");
	fill(p, 200, 2);
	consume(fd, id, 199);
	assert_false(hear(fd, line, sizeof(line), 200));
	consume(fd, id, 1);
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_string_equal(line, "0,0");
	assert_state("idle");
	read = start(fd, 1, IN_ASK, 0, PAGE, 1);
	to_host(fd, 1, 0, 700, 0);
	wait_blocks(fd, read, 1, 5000);
	assert_filled(back, 400, 1);
	assert_rest(back, 400, 500, 1);
	assert_filled(back + 500, 200, 2);
	/* Not one that the ring can never hold */
	say(fd, "TO1401,0,501,0,0;ERR;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_memory_equal(line, ERROR_ABANDONED, strlen(ERROR_ABANDONED));
	assert_int_equal(status(fd, id).refused, 1);
}

/* One ring's reader that sleeps holds nobody else up but the 1401 itself */
static void a_ring_that_waits_lets_a_stream_pass(void **state)
{
	int fd = open_session(0);
	uint32_t id, now;

	(void)state;
	map_buffer(fd, 0, PAGE);
	map_buffer(fd, 1, PAGE);
	id = start_ring(fd, 0, IN_ASK, 0, 100, 0, 0);
	to_host(fd, 0, 0, 100, 0);
	say(fd, STREAM "TOHOST,0,100,0,0;");
	wait_blocks(fd, id, 1, 5000);
	now = start(fd, 1, IN_NOW, 0, PAGE, 0);
	assert_int_equal(wait_end(fd, now, 5000).moved, PAGE);
	assert_int_equal(status(fd, id).state, CED1401_STATE_WAITING);
	consume(fd, id, 100);
	wait_blocks(fd, id, 2, 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ring_that_cannot_be_is_refused),
		TEST(a_threshold_is_for_rings_alone),
		TEST(consume_refuses_bad_arguments),
		TEST(a_ring_of_any_shape_holds_what_was_heard_last),
		TEST(a_reader_gets_every_byte_that_is_not_told_as_lost),
		TEST(an_overrun_is_told_to_the_byte),
		TEST(a_second_overrun_is_news_again),
		TEST(a_running_ring_ends_with_whatever_ends_it),
		TEST(the_end_of_a_stream_ends_its_ring),
		TEST(wait_counts_over_many_rounds),
		TEST(poll_tells_when_a_ring_holds_enough),
		TEST(poll_tells_when_a_ring_has_room_to_fill),
		TEST(poll_sleeps_until_a_stream_has_brought_enough),
		TEST(poll_sleeps_until_a_stream_out_has_taken_enough),
		TEST(blocks_go_one_behind_the_other),
		TEST(a_block_waits_until_the_reader_has_made_room),
		TEST(a_block_waits_as_long_as_it_takes),
		TEST(a_block_larger_than_the_ring_is_refused),
		TEST(stopping_a_ring_abandons_the_block_that_waits),
		TEST(requests_take_the_oldest_of_a_ring_to_the_1401),
		TEST(a_request_waits_until_the_writer_has_filled_enough),
		TEST(a_ring_that_waits_lets_a_stream_pass),
	};

	return RUN(tests);
}
