// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Long streams through small rings, with a reader that stops now and then: by
 * request nothing is lost; what a stream that does not wait has lost, driver and
 * card tell to the sample. And the mirror of each, to the 1401.
 *
 * Runs on cards with a clock of their own (realtime=on) and without.
 */
#define _GNU_SOURCE
#include "common.h"

#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define OUT_NOW	(CED1401_TO_1401 | CED1401_NOW)
#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define OUT_ASK	(CED1401_TO_1401 | CED1401_ON_REQUEST)
#define RING	(64 * KIB)
#define MEMORY	MIB			/* of the 1401 */

/*
 * Bytes to move: FULL=1 asks for more, a slow kernel gets fewer. The cards that keep to the
 * clock are third and fourth: they come to the same places more slowly.
 */
static uint64_t volume(void)
{
	const char *card = strrchr(device(), '_');

	alarm(230 * slow());
	if (getenv("CED1401_FULL"))
		return (slow() > 1 ? 16 : 256) * MIB;
	if (slow() > 1 || (card && atoi(card + 1) > 1))
		return 16 * MIB;
	return 64 * MIB;
}

/* The reader does something else for a while, long and short, now and then */
static void dawdle(uint64_t round)
{
	static const unsigned int ms[] = { 1, 3, 40, 2, 90, 15 };

	if (round % 100 == 99)
		sleep_ms(ms[round / 100 % LENGTH(ms)]);
}

/* ------------------------------------------------------------ from the card's FIFO */

/**
 * struct reader - one who reads a ring of frames and knows what comes next
 * @ring:	the ring, RING bytes
 * @copy:	as much, the reader's own
 * @at:		bytes of the stream consumed
 * @first:	the frame of the recording that is the stream's first
 * @read:	frames found
 * @missed:	bytes of frames that were overwritten, wholly or in part
 * @told:	bytes that the driver says were overwritten
 * @lost:	frames that the card never took: gaps in what it heard
 */
struct reader {
	int fd;
	uint32_t id;
	const uint8_t *ring;
	uint8_t *copy;
	uint64_t at;
	uint32_t first;
	uint64_t read;
	uint64_t missed;
	uint64_t told;
	uint64_t lost;
};

/* @n whole frames that came @at bytes after the first; gaps are the card's */
static void read_frames(struct reader *r, const uint8_t *p, uint64_t n,
			uint64_t at)
{
	uint64_t i, place, frame;
	uint32_t value;

	for (i = 0; i < n; i++) {
		place = (r->first + at / FRAME + i + r->lost) % FRAMES;
		/* As far as the recording goes in one go, if all is there */
		frame = n - i < FRAMES - place ? n - i : FRAMES - place;
		if (!memcmp(p + i * FRAME, recording() + place * FRAME,
			    frame * FRAME)) {
			i += frame - 1;
			continue;
		}
		memcpy(&value, p + i * FRAME, FRAME);
		r->lost += (frame_index(value) + FRAMES - place) % FRAMES;
	}
	r->read += n;
}

/* Copy what waits, consume it, look at what of it was whole. Returns its bytes */
static uint64_t take(struct reader *r)
{
	struct ced1401_consume c = consume(r->fd, r->id, 0);
	uint64_t n = (c.moved - c.consumed) / FRAME * FRAME;
	uint64_t from = n > RING ? n - RING : 0, i, part, whole;

	assert_int_equal(c.consumed, r->at);
	for (i = from; i < n; i += part) {
		uint64_t place = (r->at + i) % RING;

		part = n - i < RING - place ? n - i : RING - place;
		memcpy(r->copy + (i - from), r->ring + place, part);
	}
	c = consume(r->fd, r->id, n);
	assert_in_range(c.overwritten, from, n);
	/* A frame of which a part was overwritten is no frame */
	whole = (c.overwritten + FRAME - 1) / FRAME * FRAME;
	read_frames(r, r->copy + (whole - from), (n - whole) / FRAME,
		    r->at + whole);
	r->missed += whole;
	r->told += c.overwritten;
	r->at += n;
	return n;
}

/*
 * Read a stream of @bytes or @ms, dawdling; then every scan since XFIFO is one
 * that was read, that the driver says was missed, or that the card says was lost.
 */
static struct reader account(const char *command, uint64_t bytes,
			     unsigned int ms, bool dawdles, uint32_t offset)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 256 * KIB);
	struct reader r = { .fd = fd, .ring = p + offset };
	unsigned long long taken = 0, lost = 0;
	uint64_t end = now_ns() + ms * MS, round = 0;
	struct ced1401_status s;
	struct ced1401_wait w;
	char line[80], *behind;

	r.copy = malloc(RING);
	r.first = next_scan(fd);
	r.id = start_ring(fd, 0, IN_NOW, offset, RING, 0, RING / 4);
	say(fd, "%s", command);
	while (r.at < bytes && now_ns() < end) {
		assert_int_equal(poll_for(fd, POLLRDBAND, 10000), POLLRDBAND);
		if (dawdles)
			dawdle(round++);
		take(&r);
	}
	say(fd, "XFIFO,K;");
	do {
		take(&r);
		s = status(fd, r.id);
	} while (s.state == CED1401_STATE_RUNNING);
	w = wait_end(fd, r.id, 10000);
	assert_int_equal(w.state, CED1401_STATE_DONE);
	while (take(&r))
		;
	assert_int_equal(r.at, w.moved);
	s = status(fd, r.id);
	assert_int_equal(s.lost, r.told);
	assert_int_equal(s.consumed, w.moved);

	say(fd, "XFIFO,?;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	taken = strtoull(line, &behind, 10);
	assert_int_equal(*behind, ',');
	lost = strtoull(behind + 1, NULL, 10);
	print_message("# %s %llu frames taken:\n", command, taken / 2);
	print_message("# %llu read, %llu missed by the reader; %llu lost by the card\n",
		      (unsigned long long)r.read,
		      (unsigned long long)r.missed / FRAME, lost / 2);
	/* All that the card took is read or told as missed */
	assert_int_equal(taken / 2 * FRAME, w.moved);
	assert_int_equal(taken / 2, r.read + r.missed / FRAME);
	/* The frames that are in neither are those that the card tells of */
	r.lost += (next_scan(fd) - 1 + 2ull * FRAMES -
		   (r.first + taken / 2 + r.lost) % FRAMES) % FRAMES;
	assert_int_equal(lost / 2 % FRAMES, r.lost % FRAMES);
	if (lost / 2 < FRAMES)
		assert_int_equal(lost / 2, r.lost);
	free(r.copy);
	close(fd);
	return r;
}

static void what_a_reader_misses_is_told_to_the_sample(void **state)
{
	int fd = open_session(0);
	bool live = by_the_clock(fd);
	struct reader r;

	(void)state;
	close(fd);
	if (live) {
		volume();
		r = account("XFIFO,0 1,H,4,4;", ~0ull, 12000, true, 0);
	} else {
		r = account("XFIFO,0 1,H,4,1;", volume(), 220000, true, 0);
		assert_int_equal(r.lost, 0);
	}
	/* It was slow enough to miss some, and quick enough not to miss all */
	assert_true(r.missed > 0);
	assert_true(r.read > 0);
}

static void so_it_is_where_a_ring_crosses_a_dma_page(void **state)
{
	struct reader r;

	(void)state;
	r = account("XFIFO,0 1,H,4,4;", 8 * MIB, 5000, true,
		    wide() ? 96 * KIB : 32 * KIB);
	assert_true(r.read > 0);
}

/* On a card with a clock: it is the card that loses, by being faster than the bus */
static void what_the_card_loses_is_all_that_is_missing(void **state)
{
	int fd = open_session(0);
	bool live = by_the_clock(fd);
	struct reader r;

	(void)state;
	close(fd);
	if (!live)
		return;
	r = account("XFIFO,0 1,H,4,1;", ~0ull, 8000, false, 0);
	assert_true(r.read > 0);
}

/* --------------------------------------------------------------------- by request */

/* The commands that are under way; each names a part of the 1401's memory */
struct part {
	uint32_t from, size;
};

static struct part part_of(uint64_t k)
{
	static const uint32_t sizes[] = { 30000, 1, 65536, 4097, 20001, 333,
					  61440, 7777 };
	struct part part = { .size = sizes[k % LENGTH(sizes)] };

	part.from = k * 40503 % (MEMORY - part.size);
	return part;
}

/* As much of the next command as there is room for; true once it is all sent */
static bool sends(int fd, const char *name, uint64_t k, size_t *sent)
{
	struct part part = part_of(k);
	char text[64];
	size_t n = snprintf(text, sizeof(text), "%s,%u,%u,0,0;", name,
			    part.from, part.size);
	ssize_t wrote = write(fd, text + *sent, n - *sent);

	if (wrote < 0 && errno != EAGAIN)
		fail_msg("write: %s", strerror(errno));
	*sent += wrote > 0 ? wrote : 0;
	if (*sent < n)
		return false;
	*sent = 0;
	return true;
}

static uint8_t *loaded(int fd)
{
	uint8_t *all = map_buffer(fd, 1, MEMORY), *copy = malloc(MEMORY);
	uint32_t id;

	fill(all, MEMORY, 64);
	memcpy(copy, all, MEMORY);
	id = start(fd, 1, OUT_ASK, 0, MEMORY, 7);
	to_1401(fd, 7, 0, MEMORY, 0);
	wait_blocks(fd, id, 1, 10000);
	stop(fd, id);
	return copy;
}

static void by_request_nothing_is_lost(void **state)
{
	const uint64_t all = volume();
	int fd = open_session(O_NONBLOCK);
	uint8_t *p = map_buffer(fd, 0, 256 * KIB);
	uint8_t *want = loaded(fd), *ring = p + (wide() ? 96 : 32) * KIB;
	uint64_t asked = 0, at = 0, done = 0, waits = 0, k = 0, rounds = 0;
	struct part part = part_of(0);
	struct ced1401_status s;
	size_t sent = 0;
	uint32_t id, inside = 0;

	(void)state;
	id = start_ring(fd, 0, IN_ASK, ring - p, RING, 0, 1);
	while (at < all) {
		struct ced1401_consume c;
		uint64_t n;

		while (asked - k < 8 && sends(fd, "TOHOST", asked, &sent))
			asked++;
		poll_for(fd, POLLRDBAND | (asked - k < 8 ? POLLOUT : 0), 5000);
		dawdle(rounds++);
		c = consume(fd, id, 0);
		assert_in_range(c.moved - c.consumed, 0, RING);
		for (n = c.moved - c.consumed; n;) {
			uint32_t m = RING - at % RING;

			m = m < n ? m : n;
			m = m < part.size - inside ? m : part.size - inside;
			assert_same(ring + at % RING,
				    want + part.from + inside, m);
			inside += m;
			at += m;
			n -= m;
			if (inside == part.size) {
				part = part_of(++k);
				inside = 0;
			}
		}
		assert_int_equal(consume(fd, id, at - done).overwritten, 0);
		done = at;
		if (rounds % 64 == 0) {
			s = status(fd, id);
			assert_int_equal(s.error, 0);
			assert_int_equal(s.refused, 0);
			waits += s.events & CED1401_EVENT_WAITING ? 1 : 0;
		}
	}
	s = status(fd, id);
	assert_int_equal(s.lost, 0);
	assert_true(s.bytes >= all);
	assert_true(waits > 0);
	print_message("# %llu bytes in %llu blocks\n", (unsigned long long)at,
		      (unsigned long long)k);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	free(want);
}

/* A stream that waits for its reader, which stops now and then */
static void stream_by_request(uint32_t block, uint64_t bytes, unsigned int ms,
			      uint32_t offset)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 256 * KIB);
	struct reader r = { .fd = fd, .ring = p + offset };
	uint64_t end = now_ns() + ms * MS, round = 0;
	char line[80], *behind;

	r.copy = malloc(RING);
	r.first = next_scan(fd);
	r.id = start_ring(fd, 0, IN_ASK, offset, RING, 3, RING / 4);
	say(fd, "XSTREAM,3,%u,0 1,H,4,%u;", block, 10 * slow());
	while (r.at < bytes && now_ns() < end) {
		assert_int_equal(poll_for(fd, POLLRDBAND, 10000), POLLRDBAND);
		dawdle(round++);
		take(&r);
	}
	/* The reply comes behind the block that is asked for, which may still wait */
	say(fd, "XSTREAM,K;ERR;");
	do {
		take(&r);
	} while (!poll_for(fd, POLLIN, 1));
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_string_equal(line, "0,0");
	say(fd, "XSTREAM,?;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	take(&r);
	assert_int_equal(r.missed, 0);
	assert_int_equal(r.lost, 0);
	assert_int_equal(r.read * FRAME, r.at);
	assert_int_equal(status(fd, r.id).lost, 0);
	assert_int_equal(status(fd, r.id).refused, 0);
	assert_int_equal(status(fd, r.id).bytes, r.at);
	print_message("# %llu bytes in blocks of %u\n",
		      (unsigned long long)r.at, block);
	assert_int_equal(strtoull(line, &behind, 10) * block, r.at);
	assert_string_equal(behind, ",0");
	assert_well(fd);
	free(r.copy);
	close(fd);
}

static void a_stream_by_request_loses_nothing(void **state)
{
	int fd = open_session(0);
	bool live = by_the_clock(fd);

	(void)state;
	close(fd);
	stream_by_request(4096, live ? ~0ull : volume(), live ? 8000 : 200000,
			  0);
	/* Blocks that lie across the ring's end, a ring across a DMA page's */
	stream_by_request(10004, 8 * MIB, 4000, (wide() ? 96 : 32) * KIB + 2);
}

/*
 * Fill @n bytes of a ring behind the first @filled with what comes next of the
 * recording, which began at @from and begins again after its end.
 */
static void refill(uint8_t *ring, uint64_t filled, uint64_t n, uint64_t from)
{
	const size_t all = FRAMES * FRAME;
	size_t to, source, part;

	for (; n; n -= part, filled += part) {
		to = filled % RING;
		source = (from + filled) % all;
		part = n < RING - to ? n : RING - to;
		if (part > all - source)
			part = all - source;
		memcpy(ring + to, recording() + source, part);
	}
}

/*
 * To the 1401: what the writer fills is what its memory holds in the end, looked at
 * after each round of it.
 */
static void to_the_1401_nothing_is_lost_by_request(void **state)
{
	int fd = open_session(0);
	const uint64_t all = by_the_clock(fd) ? volume() / 4 : volume();
	uint32_t offset = (wide() ? 96 : 32) * KIB + 2;
	uint8_t *p = map_buffer(fd, 0, 256 * KIB), *ring = p + offset;
	uint8_t *back = map_buffer(fd, 1, MEMORY);
	uint64_t filled = RING, played = 0, began = 0;
	uint32_t id, read, blocks = 0, reads = 0, n;

	(void)state;
	refill(ring, 0, RING, 0);
	id = start_ring(fd, 0, OUT_ASK, offset, RING, 0, 1);
	read = start(fd, 1, IN_ASK, 0, MEMORY, 1);
	while (played < all) {
		n = part_of(blocks).size;
		if (played - began + n > MEMORY) {
			say(fd, "TOHOST,0,%llu,0,1;",
			    (unsigned long long)(played - began));
			wait_blocks(fd, read, ++reads, 10000);
			assert_heard(back, played - began, began);
			began = played;
		}
		say(fd, "TO1401,%llu,%u,0,0;",
		    (unsigned long long)(played - began), n);
		played += n;
		/* Filled behind what goes, a block ahead of what has gone */
		while (filled < played + RING) {
			struct ced1401_consume c = consume(fd, id, 0);
			uint64_t room = c.moved - c.consumed;

			if (!room && c.moved >= played)
				break;
			if (!room) {
				poll_for(fd, POLLWRBAND, 5000);
				continue;
			}
			refill(ring, filled, room, 0);
			assert_int_equal(consume(fd, id, room).overwritten, 0);
			filled += room;
		}
		blocks++;
		dawdle(blocks);
	}
	assert_well(fd);
	assert_int_equal(status(fd, id).lost, 0);
	assert_int_equal(status(fd, id).bytes, played);
	/* Each of a memory full, but for the last */
	assert_true(reads >= all / MEMORY - 1);
}

/* ------------------------------------------------------------------- to the DACs */

/* Whether @n bytes are the recording from @from on, round its end */
static bool is_recording(const uint8_t *p, size_t n, uint64_t from)
{
	const size_t all = FRAMES * FRAME;
	size_t part;

	for (; n; n -= part, p += part, from += part) {
		part = n < all - from % all ? n : all - from % all;
		if (memcmp(p, recording() + from % all, part))
			return false;
	}
	return true;
}

/* All of a file; the caller frees it. NULL: there is none */
static uint8_t *whole_file(const char *path, long *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *all;

	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	*size = ftell(file);
	rewind(file);
	all = malloc(*size + 1);
	if (fread(all, 1, *size, file) != (size_t)*size)
		*size = 0;
	fclose(file);
	return all;
}

/* Where @n bytes of the recording from @from on begin in @all, or -1 */
static long find_recording(const uint8_t *all, long size, size_t n,
			   uint64_t from)
{
	long at;

	for (at = 0; at + (long)n <= size; at += 2)
		if (is_recording(all + at, FRAME, from) &&
		    is_recording(all + at, n, from))
			return at;
	return -1;
}

/* Whether the file holds @n bytes of the recording from @from on */
static bool holds(const char *path, size_t n, uint64_t from)
{
	long size = 0;
	uint8_t *all = whole_file(path, &size);
	bool found = all && find_recording(all, size, n, from) >= 0;

	free(all);
	return found;
}

/* Bytes of a stream that were played before they were filled */
struct late {
	uint64_t at, n;
};

/* Whether all of the stream of @n bytes at @p is the recording, but what was late */
static void assert_played(const uint8_t *p, uint64_t n, uint64_t from,
			  const struct late *late, size_t count)
{
	uint64_t at = 0, end;
	size_t i;

	for (i = 0; i <= count && at < n; i++) {
		end = i < count && late[i].at < n ? late[i].at : n;
		if (!is_recording(p + at, end - at, from + at))
			fail_msg("what was filled in time was not played, between %llu and %llu",
				 (unsigned long long)at, (unsigned long long)end);
		at = i < count ? end + late[i].n : n;
	}
}

/*
 * Without a clock the DACs take all that DMA brings, faster than one can write: what
 * went before its time is told, and all the rest was played.
 */
static void what_a_writer_misses_is_told_to_the_sample(void **state)
{
	const uint64_t from = FRAME * (now_ns() / 1000 % FRAMES);
	const char *played = getenv("CED1401_PLAYED");
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, RING), *all = NULL;
	uint64_t filled = RING, lost = 0, moved, skip, end;
	struct late *late = NULL;
	size_t count = 0;
	long size = 0, at = -1;
	uint32_t id;

	(void)state;
	if (!played)
		fail_msg("CED1401_PLAYED does not name the DACs' file");
	if (by_the_clock(fd)) {
		print_message("# a clock: see the next test\n");
		return;
	}
	refill(p, 0, RING, from);
	id = start_ring(fd, 0, OUT_NOW, 0, RING, 0, RING / 4);
	say(fd, "XFOUT,0 1,H,4,1;");
	while (filled < volume()) {
		struct ced1401_consume c;
		uint64_t room;

		assert_int_equal(poll_for(fd, POLLWRBAND, 5000), POLLWRBAND);
		c = consume(fd, id, 0);
		room = c.moved - c.consumed;
		/* Of more than a round only the last one can still be played */
		skip = room > RING ? room - RING : 0;
		refill(p, filled + skip, room - skip, from);
		c = consume(fd, id, room);
		if (c.overwritten) {
			late = realloc(late, (count + 1) * sizeof(*late));
			late[count++] = (struct late){ filled, c.overwritten };
			lost += c.overwritten;
		}
		filled += room;
	}
	moved = stop(fd, id).bytes;
	assert_true(status(fd, id).lost >= lost);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	/* What came after the last fill was late as a whole */
	moved = moved < filled ? moved : filled;
	moved -= 16 * KIB; /* that much may be left in the FIFO */
	print_message("# %llu bytes to the DACs, %llu late in %zu places\n",
		      (unsigned long long)moved, (unsigned long long)lost,
		      count);
	assert_true(lost < moved);
	for (end = now_ns() + 20 * slow() * SECOND; at < 0 || size - at < (long)moved;) {
		if (now_ns() > end)
			fail_msg("%s does not hold what was sent", played);
		sleep_ms(300);
		free(all);
		all = whole_file(played, &size);
		at = all ? find_recording(all, size, 16 * KIB, from) : -1;
	}
	assert_played(all + at, moved, from, late, count);
	free(all);
	free(late);
}

static void the_dacs_play_a_ring_without_a_gap(void **state)
{
	const uint64_t from = FRAME * (now_ns() / 1000 % (FRAMES / 3));
	const char *played = getenv("CED1401_PLAYED");
	const uint32_t n = 600000 / slow() / FRAME * FRAME;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, RING);
	uint64_t filled = RING, end;
	uint32_t id;

	(void)state;
	if (!played)
		fail_msg("CED1401_PLAYED does not name the DACs' file");
	if (!by_the_clock(fd)) {
		/* Without a clock it plays faster than anyone can write */
		print_message("# no clock\n");
		return;
	}
	refill(p, 0, RING, from);
	id = start_ring(fd, 0, OUT_NOW, 0, RING, 0, RING / 4);
	/* 160000 bytes a second, where the kernel is not slow */
	say(fd, "XFOUT,0 1,H,4,%u;", 25 * slow());
	while (filled < n + RING) {
		struct ced1401_consume c;
		uint64_t room;

		assert_int_equal(poll_for(fd, POLLWRBAND, 5000), POLLWRBAND);
		c = consume(fd, id, 0);
		room = c.moved - c.consumed;
		refill(p, filled, room, from);
		c = consume(fd, id, room);
		assert_int_equal(c.overwritten, 0);
		filled += room;
	}
	assert_int_equal(status(fd, id).lost, 0);
	assert_true(stop(fd, id).bytes >= n);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	end = now_ns() + 10 * slow() * SECOND;
	while (!holds(played, n - 16 * KIB, from)) {
		if (now_ns() > end)
			fail_msg("%s does not hold what was sent", played);
		sleep_ms(300);
	}
}

static void the_dacs_play_a_ring_by_request(void **state)
{
	const uint64_t from = FRAME * (now_ns() / 1000 % (FRAMES / 3));
	const char *played = getenv("CED1401_PLAYED");
	int fd = open_session(0);
	const bool live = by_the_clock(fd);
	const uint32_t block = live ? 6000 : 16384;
	const uint64_t n = live ? 100 / slow() * block : volume();
	uint8_t *p = map_buffer(fd, 0, RING);
	uint64_t filled = RING, end = now_ns() + 120 * slow() * SECOND, m;
	struct ced1401_consume c;
	uint32_t id;

	(void)state;
	if (!played)
		fail_msg("CED1401_PLAYED does not name the DACs' file");
	refill(p, 0, RING, from);
	id = start_ring(fd, 0, OUT_ASK, 0, RING, 2, 1);
	say(fd, "XPLAY,2,%u,0 1,H,4,%u;", block, 25 * slow());
	while ((c = consume(fd, id, 0)).moved < n) {
		m = c.moved - c.consumed;
		m = m < n - filled ? m : n - filled;
		refill(p, filled, m, from);
		assert_int_equal(consume(fd, id, m).overwritten, 0);
		filled += m;
		if (!m)
			poll_for(fd, POLLPRI, 10);
		dawdle(c.moved / block);
		assert_true(now_ns() < end);
	}
	/* It asks for more than there is, and waits: STOP ends it as K does */
	while (status(fd, id).state != CED1401_STATE_WAITING)
		assert_true(now_ns() < end);
	assert_int_equal(stop(fd, id).bytes, n);
	while (!holds(played, n, from)) {
		if (now_ns() > end)
			fail_msg("%s does not hold what was sent", played);
		sleep_ms(300);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_reader_misses_is_told_to_the_sample),
		TEST(so_it_is_where_a_ring_crosses_a_dma_page),
		TEST(what_the_card_loses_is_all_that_is_missing),
		TEST(by_request_nothing_is_lost),
		TEST(a_stream_by_request_loses_nothing),
		TEST(to_the_1401_nothing_is_lost_by_request),
		TEST(what_a_writer_misses_is_told_to_the_sample),
		TEST(the_dacs_play_a_ring_without_a_gap),
		TEST(the_dacs_play_a_ring_by_request),
	};

	return RUN(tests);
}
