// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nothing of what the kernel's memory held before is ever shown: not in a mapping,
 * not in a structure that a call writes, not in characters that are read.
 *
 * The guest's kernel is told not to clear what it allocates, and to poison what it
 * can. What it cannot, the test fills by itself: with MARK, which nothing here writes
 * for another reason. And a caller's memory is full of FILL before a call, so that a
 * byte that is written shows.
 */
#define _GNU_SOURCE
#include "common.h"

#include <linux/ced1401-ced.h>

#define MARK		0xd7
#define FILL		0xa5
#define ROOM		8192		/* for any structure or string */
#define IN_ASK		(CED1401_TO_HOST | CED1401_ON_REQUEST)

/* ---- memory that was used before ---- */

/* Whatever is free below 16 MiB, and can be had, full of MARK */
static void soil_dma_memory(void)
{
	static const size_t sizes[] = { 4 * MIB, 512 * KIB, 64 * KIB, 16 * KIB };
	unsigned int i, n = 0;
	int fd = open_session(0);
	uint8_t *p;

	for (i = 0; i < LENGTH(sizes); n += p == MAP_FAILED ? 0 : 1) {
		p = mmap(NULL, sizes[i], RW, MAP_SHARED, fd,
			 CED1401_BUF_OFFSET(n % CED1401_BUFFERS));
		if (p == MAP_FAILED)
			i++;
		else
			memset(p, MARK, sizes[i]);
		if (n % CED1401_BUFFERS == CED1401_BUFFERS - 1) {
			close(fd);	/* its mappings stay */
			fd = open_session(0);
		}
	}
	test_ends(NULL);
	test_begins(NULL);
}

/* The kernel's stack of this thread: poll(2) keeps a short list there */
static void soil_the_stack(void)
{
	struct pollfd list[28];

	memset(list, MARK, sizeof(list));	/* a negative number is no file */
	if (poll(list, LENGTH(list), 0))
		fail_msg("poll of no files");
}

/* ---- mappings ---- */

static void assert_clean(const uint8_t *p, size_t n)
{
	if (*p || memcmp(p, p + 1, n - 1))
		assert_all(p, n, 0);
}

/* One byte to 4 MiB, and what is about each power of two */
static void no_mapping_shows_what_was_there(void **state)
{
	unsigned int order, round;
	size_t size, whole;
	int fd, d;
	uint8_t *p;

	(void)state;
	for (round = 0; round < 2; round++) {
		soil_dma_memory();
		for (order = 0; order <= 22; order++) {
			for (d = -1; d <= 1; d++) {
				size = (1u << order) + d;
				if (!size || size > CED1401_BUF_MAX)
					continue;
				fd = open_session(0);
				whole = (size + PAGE - 1) & ~(PAGE - 1ul);
				p = map_buffer(fd, 0, size);
				assert_clean(p, whole);
				/* To the next one of this size */
				memset(p, MARK, whole);
				unmap(p, size);
				if (d)
					assert_int_equal(free_buffer(fd, 0), 0);
				close(fd);
			}
		}
	}
}

static void what_one_freed_another_does_not_see(void **state)
{
	int mine = open_session(0), others = open_session(0), round;
	uint8_t *p;

	(void)state;
	for (round = 0; round < 20; round++) {
		p = map_buffer(mine, 3, MIB);
		memset(p, MARK, MIB);
		unmap(p, MIB);
		assert_int_equal(free_buffer(mine, 3), 0);
		p = map_buffer(others, 5, MIB - 3);
		assert_clean(p, MIB);
		unmap(p, MIB);
		assert_int_equal(free_buffer(others, 5), 0);
	}
}

/* A block smaller than its piece, through the small buffer that all share */
static void the_drivers_own_buffer_does_not_leak(void **state)
{
	int fd = open_session(O_NONBLOCK);
	struct cedioc_desc desc = { .area = 0, .length = PAGE };
	uint8_t *p = malloc(2 * PAGE);
	uint32_t n;

	(void)state;
	memset(p, MARK, 2 * PAGE);
	desc.address = (uintptr_t)p;
	assert_int_equal(call(fd, CEDIOC_SET_AREA, &desc), 0);
	to_1401(fd, 0, 0, PAGE, 0);		/* through the small buffer */
	expect(fd, "ERR;", "0,0");
	close(fd);

	fd = open_session(O_NONBLOCK);
	desc.address = (uintptr_t)(p + 1);
	assert_int_equal(call(fd, CEDIOC_SET_AREA, &desc), 0);
	for (n = 1; n < 20; n++) {
		memset(p, FILL, 2 * PAGE);
		/* Memory of the 1401 that nobody wrote, and one's own */
		memset(p + 1, n, n);
		to_1401(fd, 0, 5000, n, 0);
		memset(p + 1, FILL, n);
		to_host(fd, 0, 5000, n, 0);
		assert_all(p + 1, n, n);
		assert_all(p, 1, FILL);
		assert_all(p + 1 + n, PAGE, FILL);
	}
	close(fd);
	free(p);
}

/* ---- structures ---- */

/* @written: @n pairs of a first and a last byte that may change; the rest stays */
static void assert_written(const uint8_t *got, const uint8_t *was, size_t size,
			   const size_t (*written)[2], size_t n)
{
	size_t i, at;

	for (at = 0; at < ROOM; at++) {
		for (i = 0; i < n; i++) {
			if (at >= written[i][0] && at <= written[i][1])
				break;
		}
		if (i == n && got[at] != was[at])
			fail_msg("byte %zu of %zu became 0x%02x", at, size,
				 got[at]);
		/* A written byte is a number's: no poison of any kind */
		if (i < n && got[at] != was[at] &&
		    (got[at] == MARK || got[at] == 0x6b || got[at] == 0x5a) &&
		    at + 1 < ROOM && got[at + 1] == got[at])
			fail_msg("bytes %zu, %zu of %zu are old memory: 0x%02x",
				 at, at + 1, size, got[at]);
	}
}

#define FIELD(type, field)						\
	{ offsetof(struct type, field),					\
	  offsetof(struct type, field) + sizeof(((struct type *)0)->field) - 1 }

/*
 * A call with @in, in memory full of FILL behind it, that writes the fields named
 * and nothing else.
 */
static void writes_only(int fd, unsigned long request, const void *in,
			int error, const size_t (*written)[2], size_t n)
{
	uint8_t was[ROOM], got[ROOM];
	size_t size = _IOC_SIZE(request);

	memset(was, FILL, ROOM);
	if (in)
		memcpy(was, in, size);
	memcpy(got, was, ROOM);
	soil_the_stack();
	assert_int_equal(call(fd, request, got), error);
	assert_written(got, was, size, written, n);
}

#define FAILS_AND_WRITES(fd, request, in, error, ...)			\
	do {								\
		static const size_t fields_[][2] = { __VA_ARGS__ };	\
									\
		writes_only(fd, request, in, error, fields_,		\
			    LENGTH(fields_));				\
	} while (0)

#define WRITES(fd, request, in, ...)					\
	FAILS_AND_WRITES(fd, request, in, 0, __VA_ARGS__)

#define WRITES_NOTHING(fd, request, in, error)				\
	writes_only(fd, request, in, error, NULL, 0)

static void the_natives_write_only_what_they_say(void **state)
{
	struct ced1401_alloc alloc = { .size = PAGE };
	struct ced1401_buf_info buf_info = { .buffer = 0 };
	struct ced1401_start begin = { .flags = IN_ASK, .length = 9 };
	struct ced1401_free give = { .buffer = 7 };
	struct ced1401_stop end = { .id = 0 };
	struct ced1401_status ask = { .id = 0 };
	struct ced1401_wait wait = { .deadline_ns = 1 };
	struct ced1401_consume ate = { .id = 0 };
	int fd;

	(void)state;
	fd = open_session(O_NONBLOCK);
	WRITES(fd, CED1401_IOC_ALLOC, &alloc, FIELD(ced1401_alloc, buffer));
	map_buffer(fd, 0, PAGE);
	WRITES(fd, CED1401_IOC_BUF_INFO, &buf_info,
	       FIELD(ced1401_buf_info, flags), FIELD(ced1401_buf_info, size),
	       FIELD(ced1401_buf_info, charged), FIELD(ced1401_buf_info, maps));
	WRITES(fd, CED1401_IOC_START, &begin, FIELD(ced1401_start, id));
	ask.id = 1;
	WRITES(fd, CED1401_IOC_STATUS, &ask,
	       { offsetof(struct ced1401_status, state),
		 offsetof(struct ced1401_status, reserved) - 1 });
	ask.id = 0;
	WRITES(fd, CED1401_IOC_STATUS, &ask,
	       { offsetof(struct ced1401_status, state),
		 offsetof(struct ced1401_status, reserved) - 1 });
	WRITES_NOTHING(fd, CED1401_IOC_WAIT, &wait, ETIMEDOUT);
	end.id = 1;
	WRITES(fd, CED1401_IOC_STOP, &end, FIELD(ced1401_stop, bytes),
	       FIELD(ced1401_stop, time_ns), FIELD(ced1401_stop, error));
	begin.flags |= CED1401_CIRCULAR;
	begin.length = 8;
	WRITES(fd, CED1401_IOC_START, &begin, FIELD(ced1401_start, id));
	ate.id = 2;
	WRITES(fd, CED1401_IOC_CONSUME, &ate,
	       { offsetof(struct ced1401_consume, overwritten),
		 sizeof(struct ced1401_consume) - 1 });
	end.id = 2;
	assert_int_equal(call(fd, CED1401_IOC_STOP, &end), 0);
	wait.id = 2;
	WRITES(fd, CED1401_IOC_WAIT, &wait, FIELD(ced1401_wait, state),
	       FIELD(ced1401_wait, error), FIELD(ced1401_wait, moved),
	       FIELD(ced1401_wait, time_ns));
	/* And what fails writes nothing */
	alloc.size = 0;
	WRITES_NOTHING(fd, CED1401_IOC_ALLOC, &alloc, EINVAL);
	buf_info.buffer = 9;
	WRITES_NOTHING(fd, CED1401_IOC_BUF_INFO, &buf_info, ENOENT);
	/* But START: its answer stands before it takes effect */
	begin.length = 0;
	FAILS_AND_WRITES(fd, CED1401_IOC_START, &begin, EINVAL,
			 FIELD(ced1401_start, id));
	end = (struct ced1401_stop){ .id = 99 };
	WRITES_NOTHING(fd, CED1401_IOC_STOP, &end, ENOENT);
	ask.id = 99;
	WRITES_NOTHING(fd, CED1401_IOC_STATUS, &ask, ENOENT);
	ate = (struct ced1401_consume){ .id = 99 };
	WRITES_NOTHING(fd, CED1401_IOC_CONSUME, &ate, ENOENT);
	WRITES_NOTHING(fd, CED1401_IOC_FREE, &give, ENOENT);
	give.buffer = 0;
	WRITES_NOTHING(fd, CED1401_IOC_FREE, &give, 0);
	WRITES_NOTHING(fd, CED1401_IOC_CLAIM, NULL, 0);
	WRITES_NOTHING(fd, CED1401_IOC_RESET, NULL, 0);
	WRITES_NOTHING(fd, CED1401_IOC_RELEASE, NULL, 0);
}

/* Reserved fields come back as they must be: 0 */
static void reserved_fields_are_zero(void **state)
{
	struct ced1401_status s = { .id = 0 };
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	map_buffer(fd, 0, PAGE);
	s.id = start(fd, 0, IN_ASK, 0, PAGE, 0);
	for (i = 0; i < 100; i++) {
		soil_the_stack();
		assert_int_equal(call(fd, CED1401_IOC_STATUS, &s), 0);
		assert_int_equal(s.reserved, 0);
		assert_int_equal(s.lost, 0);
		assert_int_equal(s.consumed, 0);
		assert_int_equal(s.error, 0);
	}
}

static void cedlibs_calls_write_only_what_they_say(void **state)
{
	static uint8_t memory[2 * PAGE];
	struct cedioc_desc desc = {
		.address = (uintptr_t)memory, .length = PAGE, .area = 0,
		.to_host = 1,
	};
	struct cedioc_event event = { .length = 5 };
	struct cedioc_circ circ = { .area = 1 };
	unsigned long plain;
	int fd;

	(void)state;
	fd = open_session(O_NONBLOCK);
	WRITES_NOTHING(fd, CEDIOC_SET_AREA, &desc, 0);
	desc.area = 1;
	WRITES_NOTHING(fd, CEDIOC_SET_CIRCULAR, &desc, 0);
	WRITES(fd, CEDIOC_GET_CIRC, &circ,
	       FIELD(cedioc_circ, offset), FIELD(cedioc_circ, size));
	WRITES(fd, CEDIOC_FREE_CIRC, &circ,
	       FIELD(cedioc_circ, offset), FIELD(cedioc_circ, size));
	circ.area = 0;
	WRITES_NOTHING(fd, CEDIOC_GET_CIRC, &circ, CEDERR_NOT_SET);
	WRITES(fd, CEDIOC_GET_TX, NULL, { 0, sizeof(struct cedioc_tx) - 1 });
	WRITES(fd, CEDIOC_CHECK_TEST, NULL,
	       { 0, sizeof(struct cedioc_selftest) - 1 });
	event.length = 0;
	WRITES_NOTHING(fd, CEDIOC_SET_EVENT, &event, 0);
	/* Whose argument is a number, or none */
	for (plain = 0; plain < 64; plain++) {
		uint8_t got[ROOM];

		if (plain == _IOC_NR(CEDIOC_WAIT_EVENT) ||
		    plain == _IOC_NR(CEDIOC_START_TEST))
			continue;
		memset(got, FILL, ROOM);
		call(fd, _IO(CEDIOC_MAGIC, plain), got);
		assert_all(got, ROOM, FILL);
	}
}

/* All of it is the two addresses, the sizes, and zeros */
static void the_current_area_is_zero_but_for_itself(void **state)
{
	int fd = open_session(O_NONBLOCK);
	uint8_t got[ROOM];
	struct cedioc_tx *tx = (struct cedioc_tx *)got;
	unsigned int round;

	(void)state;
	for (round = 0; round < 50; round++) {
		memset(got, FILL, ROOM);
		soil_the_stack();
		assert_int_equal(call(fd, CEDIOC_GET_TX, got), 0);
		assert_int_equal(tx->avail, CEDIOC_TX_ENTRIES);
		assert_int_equal(tx->used, 1);
		tx->avail = 0;
		tx->used = 0;
		assert_all(got, sizeof(*tx), 0);
		assert_all(got + sizeof(*tx), ROOM - sizeof(*tx), FILL);
	}
}

/* ---- characters ---- */

/* "0,0" and CR, and not a byte more, into memory of any size */
static void reads_give_what_was_said_and_no_more(void **state)
{
	static const size_t sizes[] = { 0, 1, 3, 4, 5, 64, 65, 256, 257, 4096 };
	static const char reply[] = "0,0\r";
	int fd = open_session(O_NONBLOCK);
	uint8_t got[ROOM];
	size_t i, n;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		drain(fd, 50);
		say(fd, "ERR;");
		while (ioctl(fd, CEDIOC_CHARS) < 4)
			sleep_ms(1);
		memset(got, FILL, ROOM);
		soil_the_stack();
		n = sizes[i] < 4 ? sizes[i] : 4;
		assert_int_equal(read(fd, got, sizes[i]), n);
		assert_memory_equal(got, reply, n);
		assert_all(got + n, ROOM - n, FILL);
	}
}

static void strings_are_what_was_said_and_no_more(void **state)
{
	static const size_t sizes[] = { 0, 1, 3, 4, 5, 255, 256, 257, 8191 };
	int fd = open_session(O_NONBLOCK);
	uint8_t got[ROOM];
	size_t i, n;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		drain(fd, 50);
		say(fd, "ERR;");
		while (ioctl(fd, CEDIOC_CHARS) < 4)
			sleep_ms(1);
		memset(got, FILL, ROOM);
		soil_the_stack();
		n = sizes[i] < 4 ? sizes[i] : 4;
		if (n)
			assert_int_equal(ioctl(fd, CEDIOC_GET_STRING(sizes[i]),
					       got), n);
		else
			assert_int_equal(call(fd, CEDIOC_GET_STRING(0), got),
					 CEDERR_NO_INPUT);
		/* A whole line's CR is a 0 */
		assert_memory_equal(got, "0,0", n < 3 ? n : 3);
		if (n == 4)
			assert_int_equal(got[3], 0);
		assert_all(got + n, ROOM - n, FILL);
		/* And when there is none */
		drain(fd, 50);
		memset(got, FILL, ROOM);
		assert_int_equal(call(fd, CEDIOC_GET_STRING(200), got),
				 CEDERR_NO_INPUT);
		assert_all(got, ROOM, FILL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_mapping_shows_what_was_there),
		TEST(what_one_freed_another_does_not_see),
		TEST(the_drivers_own_buffer_does_not_leak),
		TEST(the_natives_write_only_what_they_say),
		TEST(reserved_fields_are_zero),
		TEST(cedlibs_calls_write_only_what_they_say),
		TEST(the_current_area_is_zero_but_for_itself),
		TEST(reads_give_what_was_said_and_no_more),
		TEST(strings_are_what_was_said_and_no_more),
	};

	return RUN(tests);
}
