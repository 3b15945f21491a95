// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ioctls of CED's own library, each called as that library calls it. A result
 * is ioctl's own, or minus errno: what CED calls -1028 is -CEDERR_NOT_SET here.
 */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/time.h>

#include "common.h"

#include <linux/ced1401-ced.h>

#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define ABANDONED "10,"		/* the virtual 1401's ERR after a block given up */
#define UNKNOWN	"255,0"		/* and after a command that it does not know */

_Static_assert(sizeof(struct cedioc_desc) == 16, "CED's layout");
_Static_assert(sizeof(struct cedioc_event) == 16, "CED's layout");
_Static_assert(sizeof(struct cedioc_circ) == 12, "CED's layout");
_Static_assert(sizeof(struct cedioc_selftest) == 12, "CED's layout");
_Static_assert(sizeof(struct cedioc_debug) == 24, "CED's layout");
_Static_assert(sizeof(struct cedioc_tx) == (sizeof(long) == 8 ? 4136 : 3104),
	       "CED's layout");

/* ------------------------------------------------------- as the library calls */

static int ced(int fd, unsigned long request, unsigned long arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

static int send_string(int fd, const char *text)
{
	return ced(fd, CEDIOC_SEND_STRING(strlen(text)), (unsigned long)text);
}

/* A line within @ms, without its NUL; false: none came */
static bool get_line(int fd, char line[64], int ms)
{
	uint64_t end = now_ns() + ms * MS;
	int n;

	while (ced(fd, CEDIOC_LINES, 0) < 1) {
		if (now_ns() > end)
			return false;
		sleep_ms(1);
	}
	n = ced(fd, CEDIOC_GET_STRING(64), (unsigned long)line);
	assert_in_range(n, 1, 64);
	assert_int_equal(strnlen(line, 64), n - 1);
	return true;
}

static void assert_reply(int fd, const char *command, const char *want)
{
	char line[64];

	assert_int_equal(send_string(fd, command), 0);
	if (!get_line(fd, line, REPLY_MS))
		fail_msg("no reply to \"%s\"", command);
	assert_string_equal(line, want);
}

static void assert_abandoned(int fd)
{
	char line[64];

	assert_int_equal(send_string(fd, "ERR;"), 0);
	assert_true(get_line(fd, line, REPLY_MS));
	assert_memory_equal(line, ABANDONED, strlen(ABANDONED));
}

static int desc_call(int fd, unsigned long request, unsigned int area,
		     const void *address, uint32_t length, bool to_host)
{
	struct cedioc_desc desc = {
		.address = (uintptr_t)address, .length = length, .area = area,
		.to_host = to_host,
	};

	return ced(fd, request, (unsigned long)&desc);
}

static int set_area(int fd, unsigned int area, const void *address,
		    uint32_t length)
{
	return desc_call(fd, CEDIOC_SET_AREA, area, address, length, false);
}

static int set_circular(int fd, unsigned int area, const void *address,
			uint32_t length, bool to_host)
{
	return desc_call(fd, CEDIOC_SET_CIRCULAR, area, address, length,
			 to_host);
}

static int unset_area(int fd, unsigned int area)
{
	return ced(fd, CEDIOC_UNSET_AREA, area);
}

static int set_event(int fd, unsigned int area, bool to_host, uint32_t start_,
		     uint32_t length)
{
	struct cedioc_event event = {
		.start = start_, .length = length, .area = area,
		.flags = to_host,
	};

	return ced(fd, CEDIOC_SET_EVENT, (unsigned long)&event);
}

static int wait_event(int fd, unsigned int area, uint32_t ms)
{
	return ced(fd, CEDIOC_WAIT_EVENT, area | ms << 8);
}

static int circ_call(int fd, unsigned long request, struct cedioc_circ *circ,
		     unsigned int area, uint32_t offset, uint32_t size)
{
	circ->area = area;
	circ->offset = offset;
	circ->size = size;
	return ced(fd, request, (unsigned long)circ);
}

static void assert_front(int fd, unsigned int area, uint32_t offset,
			 uint32_t size)
{
	struct cedioc_circ circ;

	assert_int_equal(circ_call(fd, CEDIOC_GET_CIRC, &circ, area, 9, 9), 0);
	assert_int_equal(circ.size, size);
	if (size)
		assert_int_equal(circ.offset, offset);
}

/* Free from the front; the next block must be this */
static void free_front(int fd, unsigned int area, uint32_t offset,
		       uint32_t size, uint32_t next, uint32_t next_size)
{
	struct cedioc_circ circ;

	assert_int_equal(circ_call(fd, CEDIOC_FREE_CIRC, &circ, area, offset,
				   size), 0);
	assert_int_equal(circ.size, next_size);
	if (next_size)
		assert_int_equal(circ.offset, next);
}

static int move(int fd, const char *command, unsigned int area,
		uint32_t address, uint32_t size, uint32_t offset)
{
	char text[80];

	snprintf(text, sizeof(text), "%s,%u,%u,%u,%u;", command, address, size,
		 offset, area);
	return send_string(fd, text);
}

/* A block through an area, and all is well after it */
static void moves(int fd, const char *command, unsigned int area,
		  uint32_t address, uint32_t size, uint32_t offset)
{
	assert_int_equal(move(fd, command, area, address, size, offset), 0);
	assert_reply(fd, "ERR;", "0,0");
}

static void is_refused(int fd, const char *command, unsigned int area,
		       uint32_t size, uint32_t offset)
{
	assert_int_equal(move(fd, command, area, 0, size, offset), 0);
	assert_abandoned(fd);
}

/* A block that waits: an area of its own that is circular and full, or empty */
static void make_busy(int fd, unsigned int area)
{
	static uint8_t memory[100];

	assert_int_equal(set_circular(fd, area, memory, 100, false), 0);
	assert_int_equal(move(fd, "TO1401", area, 0, 10, 0), 0);
	sleep_ms(20 * slow());
}

static void make_free(int fd, unsigned int area)
{
	struct cedioc_circ circ;

	assert_int_equal(circ_call(fd, CEDIOC_FREE_CIRC, &circ, area, 0, 10),
			 0);
}

/* ------------------------------------------------------------ what it is asked */

static void the_library_finds_a_1401(void **state)
{
	int fd = open_session(0), revision;

	(void)state;
	assert_int_equal(ced(fd, CEDIOC_TYPE, 0), sysfs_number("type"));
	revision = ced(fd, CEDIOC_REVISION, 0);
	assert_int_equal(revision >> 24, 0);
	assert_true((revision >> 16 & 0xff) >= 2);
	assert_int_equal(ced(fd, CEDIOC_STATE, 0), ced(fd, CEDIOC_TYPE, 0));
	assert_int_equal(ced(fd, CEDIOC_BASE, 0), sysfs_number("io"));
	assert_int_equal(ced(fd, CEDIOC_FLAGS, 0), 1 | 2 | 4 | 16 | 128 | 512);
	assert_int_equal(ced(fd, CEDIOC_OUT_ROOM, 0), 256);
	assert_int_equal(ced(fd, CEDIOC_GRAB, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_KILL_IO, 0), 0);
	assert_reply(fd, ";ERR;", "0,0");
	assert_int_equal(ced(fd, CEDIOC_FREE, 0), 0);
}

static void what_an_isa_card_has_not_is_no_function(void **state)
{
	struct cedioc_debug debug = { 0 };
	int fd = open_session(0);
	unsigned int nr;

	(void)state;
	for (nr = CEDIOC_DEBUG_FIRST; nr <= CEDIOC_DEBUG_LAST; nr++)
		assert_int_equal(ced(fd, _IOW(CEDIOC_MAGIC, nr,
					      struct cedioc_debug),
				     (unsigned long)&debug),
				 -CEDERR_NO_FUNCTION);
	for (nr = 47; nr < 256; nr += 13)
		assert_int_equal(ced(fd, _IO(CEDIOC_MAGIC, nr), 0),
				 -CEDERR_NO_FUNCTION);
	/* A number of the table with another size is none of it */
	assert_int_equal(ced(fd, _IO(CEDIOC_MAGIC, 11), 0),
			 -CEDERR_NO_FUNCTION);
	assert_int_equal(ced(fd, _IOC(_IOC_WRITE, CEDIOC_MAGIC, 11, 4000),
			     (unsigned long)&debug), -CEDERR_NO_FUNCTION);
	assert_int_equal(ced(fd, _IOR(CEDIOC_MAGIC, 17, int),
			     (unsigned long)&debug), -CEDERR_NO_FUNCTION);
}

static void bad_pointers_are_efault_and_lose_nothing(void **state)
{
	static const unsigned long with_memory[] = {
		CEDIOC_SEND_STRING(4), CEDIOC_SET_AREA, CEDIOC_SET_EVENT,
		CEDIOC_SET_CIRCULAR, CEDIOC_GET_CIRC, CEDIOC_FREE_CIRC,
		CEDIOC_CHECK_TEST, CEDIOC_GET_TX, CEDIOC_GET_STRING(64),
	};
	int fd = open_session(0);
	char line[64];
	unsigned int i;

	(void)state;
	assert_int_equal(send_string(fd, "ERR;"), 0);
	sleep_ms(50 * slow());
	for (i = 0; i < LENGTH(with_memory); i++)
		assert_int_equal(ced(fd, with_memory[i], 16), -EFAULT);
	assert_true(get_line(fd, line, REPLY_MS));
	assert_string_equal(line, "0,0");
}

static void a_read_only_open_is_not_for_the_library(void **state)
{
	int fd = open_session(O_RDONLY | O_RDONLY_ONLY);
	uint8_t memory[10];

	(void)state;
	assert_int_equal(ced(fd, CEDIOC_TYPE, 0), -EACCES);
	assert_int_equal(ced(fd, CEDIOC_STATE, 0), -EACCES);
	assert_int_equal(send_string(fd, "ERR;"), -EACCES);
	assert_int_equal(ced(fd, CEDIOC_GET_CHAR, 0), -EACCES);
	assert_int_equal(set_area(fd, 0, memory, 10), -EACCES);
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), -EACCES);
}

/* ------------------------------------------------------------------ characters */

static void characters_come_one_by_one(void **state)
{
	int fd = open_session(0);
	const char *c;

	(void)state;
	assert_int_equal(ced(fd, CEDIOC_CHARS, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_LINES, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_GET_CHAR, 0), -CEDERR_NO_INPUT);
	for (c = "ERR;ERR\r"; *c; c++)
		assert_int_equal(ced(fd, CEDIOC_SEND_CHAR, *c), 0);
	while (ced(fd, CEDIOC_LINES, 0) < 2)
		sleep_ms(1);
	assert_int_equal(ced(fd, CEDIOC_CHARS, 0), 8);
	for (c = "0,0\r0"; *c; c++)
		assert_int_equal(ced(fd, CEDIOC_GET_CHAR, 0), *c);
	assert_int_equal(ced(fd, CEDIOC_LINES, 0), 1);
	assert_int_equal(ced(fd, CEDIOC_CHARS, 0), 3);
	assert_int_equal(ced(fd, CEDIOC_KILL_IO, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_CHARS, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_GET_CHAR, 0), -CEDERR_NO_INPUT);
}

static void a_string_ends_with_its_line(void **state)
{
	char line[64];
	int fd = open_session(0);

	(void)state;
	assert_int_equal(ced(fd, CEDIOC_GET_STRING(64), (unsigned long)line),
			 -CEDERR_NO_INPUT);
	assert_int_equal(send_string(fd, "ERR;ERR;ERR;"), 0);
	while (ced(fd, CEDIOC_LINES, 0) < 3)
		sleep_ms(1);
	memset(line, 'x', sizeof(line));
	assert_int_equal(ced(fd, CEDIOC_GET_STRING(64), (unsigned long)line),
			 4);
	assert_memory_equal(line, "0,0\0x", 5);
	/* No more than the caller has room for: first the line, then its end */
	memset(line, 'x', sizeof(line));
	assert_int_equal(ced(fd, CEDIOC_GET_STRING(2), (unsigned long)line), 2);
	assert_memory_equal(line, "0,x", 3);
	assert_int_equal(ced(fd, CEDIOC_LINES, 0), 2);
	assert_int_equal(ced(fd, CEDIOC_GET_STRING(64), (unsigned long)line),
			 2);
	assert_memory_equal(line, "0\0x", 3);
	assert_int_equal(ced(fd, CEDIOC_GET_STRING(4), (unsigned long)line), 4);
	assert_memory_equal(line, "0,0", 4);
	assert_int_equal(ced(fd, CEDIOC_GET_STRING(64), (unsigned long)line),
			 -CEDERR_NO_INPUT);
}

static void a_string_goes_whole_or_not_at_all(void **state)
{
	static char many[257];
	int fd = open_session(O_NONBLOCK);
	uint64_t begun;

	(void)state;
	memset(many, ';', sizeof(many));
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(257), (unsigned long)many),
			 -CEDERR_NO_ROOM);
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(0), (unsigned long)many),
			 0);
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(256), (unsigned long)many),
			 0);
	while (ced(fd, CEDIOC_OUT_ROOM, 0) < 256)
		sleep_ms(1);
	assert_reply(fd, "ERR;", "0,0");
	/* While a block waits the 1401 takes no character, but the card one */
	make_busy(fd, 3);
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(1), (unsigned long)many),
			 0);
	sleep_ms(20 * slow());
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(200), (unsigned long)many),
			 0);
	assert_in_range(ced(fd, CEDIOC_OUT_ROOM, 0), 56, 57);
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(100), (unsigned long)many),
			 -CEDERR_NO_ROOM);
	assert_in_range(ced(fd, CEDIOC_OUT_ROOM, 0), 56, 57);
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(56), (unsigned long)many),
			 0);
	while (ced(fd, CEDIOC_SEND_CHAR, ';') == 0)
		;
	assert_int_equal(ced(fd, CEDIOC_SEND_CHAR, ';'), -CEDERR_NO_ROOM);
	/* A blocking file waits for room, not for ever */
	fcntl(fd, F_SETFL, 0);
	begun = now_ns();
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(1), (unsigned long)many),
			 -CEDERR_NO_ROOM);
	assert_in_range((now_ns() - begun) / MS, 2500,
			10000 * slow());
	make_free(fd, 3);
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(200), (unsigned long)many),
			 0);
	assert_reply(fd, "ERR;", "0,0");
}

/* ----------------------------------------------------------------------- reset */

static void reset_happens_when_it_is_needed(void **state)
{
	int fd = open_session(0);

	(void)state;
	/* All is well: even its last error stays */
	assert_int_equal(send_string(fd, "NOSUCH;"), 0);
	sleep_ms(50 * slow());
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	assert_reply(fd, "ERR;", UNKNOWN);
	/* A reply that nobody has read */
	assert_int_equal(send_string(fd, "NOSUCH;ADC,0;"), 0);
	while (!ced(fd, CEDIOC_LINES, 0))
		sleep_ms(1);
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_CHARS, 0), 0);
	assert_reply(fd, "ERR;", "0,0");
	/* A block */
	assert_int_equal(send_string(fd, "NOSUCH;"), 0);
	make_busy(fd, 2);
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	assert_reply(fd, "ERR;", "0,0");
	assert_int_equal(unset_area(fd, 2), 0);
	/* A full one, once */
	assert_int_equal(send_string(fd, "NOSUCH;"), 0);
	sleep_ms(50 * slow());
	assert_int_equal(ced(fd, CEDIOC_FULL_RESET, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	assert_reply(fd, "ERR;", "0,0");
	assert_int_equal(send_string(fd, "NOSUCH;"), 0);
	sleep_ms(50 * slow());
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	assert_reply(fd, "ERR;", UNKNOWN);
}

static void areas_outlive_a_reset(void **state)
{
	const uint32_t size = 10000;
	uint8_t *out = malloc(size), *in = malloc(size);
	int fd = open_session(0), i;

	(void)state;
	assert_int_equal(set_area(fd, 0, out, size), 0);
	assert_int_equal(set_area(fd, 5, in, size), 0);
	for (i = 0; i < 3; i++) {
		if (i == 1) {
			assert_int_equal(ced(fd, CEDIOC_FULL_RESET, 0), 0);
			assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
		} else if (i == 2) {
			assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
		}
		fill(out, size, i + 10);
		moves(fd, "TO1401", 0, 0, size, 0);
		moves(fd, "TOHOST", 5, 0, size, 0);
		assert_filled(in, size, i + 10);
	}
	/* Those with a block that was under way, too */
	make_busy(fd, 2);
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	assert_front(fd, 2, 0, 100);
	make_free(fd, 2);
	moves(fd, "TO1401", 2, 0, 10, 0);
	free(in);
	free(out);
}

static void the_self_test_is_started_and_checked(void **state)
{
	struct cedioc_selftest test = { .code = 77 };
	int fd = open_session(0), codes = 0;
	uint64_t end = now_ns() + 10 * slow() * SECOND;

	(void)state;
	assert_int_equal(ced(fd, CEDIOC_START_TEST, 0), 0);
	for (;;) {
		assert_int_equal(ced(fd, CEDIOC_CHECK_TEST,
				     (unsigned long)&test), 0);
		if (test.code)
			break;
		codes++;
		assert_true(now_ns() < end);
	}
	/* It takes 5 ms here; one that is seen to run is in ced_faults.c */
	printf("# seen to run %d times\n", codes);
	assert_int_equal((uint32_t)test.code, (uint32_t)-1);
	assert_int_equal(test.x | test.y, 0);
	assert_reply(fd, "ERR;", "0,0");
}

/* A result that is read as the test ends is not mistaken for a failure */
static void a_self_test_that_ends_well_never_fails(void **state)
{
	const unsigned int rounds = rounds_of(200);
	struct cedioc_selftest test;
	uint8_t memory[64];
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	/* The card's count of terminal counts, which has the same port */
	assert_int_equal(set_area(fd, 0, memory, sizeof(memory)), 0);
	moves(fd, "TO1401", 0, 0, sizeof(memory), 0);
	for (i = 0; i < rounds; i++) {
		assert_int_equal(ced(fd, CEDIOC_START_TEST, 0), 0);
		do {
			assert_int_equal(ced(fd, CEDIOC_CHECK_TEST,
					     (unsigned long)&test), 0);
		} while (!test.code);
		assert_int_equal((uint32_t)test.code, (uint32_t)-1);
	}
	assert_reply(fd, "ERR;", "0,0");
}

/* ----------------------------------------------------------------------- areas */

/* Out of @memory and into it, whatever memory that is */
static void assert_serves(int fd, uint8_t *memory, uint32_t size)
{
	uint8_t *was = malloc(size);

	fill(memory, size, size);
	memcpy(was, memory, size);
	assert_int_equal(set_area(fd, 1, memory, size), 0);
	moves(fd, "TO1401", 1, 0, size, 0);
	assert_same(memory, was, size);
	memset(memory, 0, size);
	moves(fd, "TOHOST", 1, 0, size, 0);
	assert_same(memory, was, size);
	/* A part, at its place: nothing else changes */
	if (size > 200) {
		memset(memory, 0x5a, size);
		moves(fd, "TOHOST", 1, 100, 77, 99);
		assert_all(memory, 99, 0x5a);
		assert_same(memory + 99, was + 100, 77);
		assert_all(memory + 176, size - 176, 0x5a);
	}
	assert_int_equal(unset_area(fd, 1), 0);
	free(was);
}

static void an_area_may_be_any_memory(void **state)
{
	static uint8_t data[70001];
	static const uint32_t sizes[] = { 1, 2, 3, 4095, 4096, 4097, 8191,
					  65535, 65536, 65537, 131073 };
	uint8_t stack[5001], *heap = malloc(200000);
	int fd = open_session(0);
	unsigned int i, odd;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		for (odd = 0; odd < 3; odd++) {
			memset(heap, 0x77, 200000);
			assert_serves(fd, heap + 64 + odd, sizes[i]);
			assert_all(heap, 64 + odd, 0x77);
			assert_all(heap + 64 + odd + sizes[i], 200,
				   0x77);
		}
	}
	assert_serves(fd, stack, sizeof(stack));
	assert_serves(fd, stack + 1, 4000);
	assert_serves(fd, data, sizeof(data));
	free(heap);
}

/* A file of @size bytes of pattern 3, at once without a name */
static int make_file(size_t size)
{
	char name[] = "/tmp/ced-XXXXXX";
	uint8_t *p = malloc(size);
	int file = mkstemp(name);

	if (file < 0)
		fail_msg("%s: %s", name, strerror(errno));
	unlink(name);
	fill(p, size, 3);
	assert_int_equal(write(file, p, size), size);
	free(p);
	return file;
}

static void an_area_may_be_a_mapped_file(void **state)
{
	const uint32_t size = 50000;
	int fd = open_session(0), file = make_file(size), shared;
	uint8_t *p, *was = malloc(size);

	(void)state;
	p = mmap(NULL, size, RW, MAP_PRIVATE, file, 0);
	assert_true(p != MAP_FAILED);
	assert_int_equal(set_area(fd, 1, p, size), 0);
	moves(fd, "TO1401", 1, 0, size, 0);
	assert_int_equal(unset_area(fd, 1), 0);
	assert_serves(fd, p + 1, size - 1);
	/* Private: the file is what it was */
	assert_int_equal(pread(file, was, size, 0), size);
	assert_filled(was, size, 3);
	/* What was moved before is the file */
	memset(p, 0, size);
	assert_int_equal(set_area(fd, 1, p, size), 0);
	munmap(p, size);
	/* A shared one: some kernels pin it, others will not; then it is so */
	p = mmap(NULL, size, RW, MAP_SHARED, file, 0);
	assert_true(p != MAP_FAILED);
	shared = set_area(fd, 2, p, size);
	if (!shared) {
		moves(fd, "TO1401", 2, 0, size, 0);
		memset(p, 0, size);
		moves(fd, "TOHOST", 2, 0, size, 0);
		assert_filled(p, size, 3);
		assert_int_equal(pread(file, was, size, 0), size);
		assert_filled(was, size, 3);
	} else {
		assert_int_equal(shared, -CEDERR_LOCK);
		assert_int_equal(unset_area(fd, 2), -CEDERR_NOT_SET);
	}
	munmap(p, size);
	free(was);
}

static void memory_to_read_goes_one_way(void **state)
{
	const uint32_t size = 20000;
	int fd = open_session(0), file = make_file(size);
	uint8_t *back = malloc(size), *p;
	unsigned int kind;

	(void)state;
	for (kind = 0; kind < 3; kind++) {
		p = mmap(NULL, size, PROT_READ,
			 kind == 2 ? MAP_SHARED : MAP_PRIVATE, file, 0);
		assert_true(p != MAP_FAILED);
		if (kind == 0) {
			/* Memory that was written, then protected */
			assert_int_equal(mprotect(p, size, RW), 0);
			fill(p, size, 3);
			assert_int_equal(mprotect(p, size, PROT_READ), 0);
		}
		assert_int_equal(set_area(fd, 1, p, size), 0);
		moves(fd, "TO1401", 1, 0, size, 0);
		is_refused(fd, "TOHOST", 1, 100, 0);
		assert_filled(p, size, 3);
		/* Nor a ring that the 1401 would fill */
		assert_int_equal(set_circular(fd, 2, p, size, true),
				 -CEDERR_LOCK);
		assert_int_equal(set_circular(fd, 2, p, size, false), 0);
		assert_int_equal(unset_area(fd, 2), 0);
		assert_int_equal(unset_area(fd, 1), 0);
		assert_int_equal(set_area(fd, 1, back, size), 0);
		memset(back, 0, size);
		moves(fd, "TOHOST", 1, 0, size, 0);
		assert_filled(back, size, 3);
		munmap(p, size);
	}
	/* A page that may be written does not help the one that may not */
	p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 1, 2 * PAGE);
	assert_int_equal(mprotect(p + PAGE, PAGE, PROT_READ), 0);
	assert_int_equal(set_area(fd, 1, p, 2 * PAGE), 0);
	is_refused(fd, "TOHOST", 1, 10, 0);
	assert_all(p, 2 * PAGE, 1);
	free(back);
}

static void ones_own_buffer_moves_without_a_copy(void **state)
{
	const uint32_t size = 300 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 3, size), *at, *parts;
	struct cedioc_tx tx;

	(void)state;
	assert_serves(fd, p, size);
	assert_serves(fd, p + 1, 70000);
	assert_serves(fd, p + 4097, 3);
	assert_int_equal(info(fd, 3).flags & CED1401_BUF_BUSY, 0);
	assert_int_equal(set_area(fd, 4, p + 1000, 5000), 0);
	assert_int_equal(info(fd, 3).flags & CED1401_BUF_BUSY,
			 CED1401_BUF_BUSY);
	moves(fd, "TO1401", 4, 0, 5000, 0);
	assert_int_equal(ced(fd, CEDIOC_GET_TX, (unsigned long)&tx), 0);
	assert_int_equal(tx.linear, (uintptr_t)p + 1000);
	assert_int_equal(unset_area(fd, 4), 0);
	/* Two mappings side by side, of parts that lie side by side in it */
	parts = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	assert_true(parts != MAP_FAILED);
	at = mmap(parts, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd,
		  CED1401_BUF_OFFSET(3) + 8 * PAGE);
	assert_true(at == parts);
	at = mmap(parts + 4 * PAGE, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd,
		  CED1401_BUF_OFFSET(3) + 12 * PAGE);
	assert_true(at == parts + 4 * PAGE);
	assert_serves(fd, parts, 8 * PAGE);
	assert_serves(fd, parts + 3 * PAGE + 7, 2 * PAGE);
	assert_same(parts, p + 8 * PAGE, 8 * PAGE);
	/* Not so if they do not */
	at = mmap(parts + 4 * PAGE, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd,
		  CED1401_BUF_OFFSET(3) + 16 * PAGE);
	assert_true(at == parts + 4 * PAGE);
	assert_int_equal(set_area(fd, 1, parts, 8 * PAGE), -CEDERR_LOCK);
	munmap(parts, 8 * PAGE);
	/* It stays until the area goes, though the program gives it back */
	assert_int_equal(set_area(fd, 1, p, size), 0);
	fill(p, size, 8);
	moves(fd, "TO1401", 1, 0, 1000, 0);
	unmap(p, size);
	moves(fd, "TOHOST", 1, 0, 1000, 5000);
}

static void memory_that_cannot_be_locked_is_refused(void **state)
{
	const uint32_t big = CEDIOC_AREA_MAX;
	int fd = open_session(0), other = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 4 * PAGE);
	uint8_t *foreign = map_buffer(other, 0, 4 * PAGE);
	uint8_t *heap = malloc(big + 2 * PAGE), *hole, *mixed, *at;
	struct cedioc_desc desc = { .length = 100 };

	(void)state;
	memset(heap, 1, big + 2 * PAGE);
	assert_int_equal(set_area(fd, 8, heap, 100), -CEDERR_BAD_AREA);
	assert_int_equal(set_area(fd, 0xffff, heap, 100), -CEDERR_BAD_AREA);
	assert_int_equal(set_circular(fd, 8, heap, 100, true),
			 -CEDERR_BAD_AREA);
	assert_int_equal(unset_area(fd, 8), -CEDERR_BAD_AREA);
	assert_int_equal(set_area(fd, 0, heap, 0), -CEDERR_LOCK);
	assert_int_equal(set_area(fd, 0, heap, big + 1), -CEDERR_LOCK);
	assert_int_equal(set_area(fd, 0, heap, ~0u), -CEDERR_LOCK);
	assert_int_equal(set_area(fd, 0, NULL, 100), -CEDERR_LOCK);
	/* Another session's buffer; one's own in part; both ends */
	assert_int_equal(set_area(fd, 0, foreign, 100), -CEDERR_LOCK);
	mixed = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	at = mmap(mixed + PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, fd,
		  CED1401_BUF_OFFSET(0));
	assert_true(at == mixed + PAGE);
	assert_int_equal(set_area(fd, 0, mixed, 3 * PAGE), -CEDERR_LOCK);
	assert_int_equal(set_area(fd, 0, mixed, PAGE + 1), -CEDERR_LOCK);
	assert_int_equal(set_area(fd, 0, mixed + PAGE, PAGE + 1),
			 -CEDERR_LOCK);
	assert_int_equal(set_area(fd, 0, mixed + PAGE, PAGE), 0);
	assert_int_equal(unset_area(fd, 0), 0);
	munmap(mixed, 3 * PAGE);
	/* A hole, in the middle and at the end */
	hole = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(hole + PAGE, PAGE);
	assert_int_equal(set_area(fd, 0, hole, 3 * PAGE), -CEDERR_LOCK);
	assert_int_equal(set_area(fd, 0, hole, PAGE + 1), -CEDERR_LOCK);
	assert_int_equal(set_area(fd, 0, hole, PAGE), 0);
	assert_int_equal(unset_area(fd, 0), 0);
	/* No memory of one's own at all: the kernel's, behind the last, wrapped */
	desc.address = -4096;
	assert_int_equal(ced(fd, CEDIOC_SET_AREA, (unsigned long)&desc),
			 -CEDERR_LOCK);
	desc.address = (int64_t)0xffff888000000000ull;
	assert_int_equal(ced(fd, CEDIOC_SET_AREA, (unsigned long)&desc),
			 -CEDERR_LOCK);
	desc.address = -10;
	assert_int_equal(ced(fd, CEDIOC_SET_AREA, (unsigned long)&desc),
			 -CEDERR_LOCK);
	/* The address has 64 bits; those of a 32-bit pointer may be its sign */
	desc.address = sizeof(long) == 8 ? (intptr_t)heap ^ 1ll << 46 :
					   (int32_t)(intptr_t)heap;
	assert_int_equal(ced(fd, CEDIOC_SET_AREA, (unsigned long)&desc),
			 sizeof(long) == 8 ? -CEDERR_LOCK : 0);
	desc.address = (uintptr_t)heap;
	assert_int_equal(ced(fd, CEDIOC_SET_AREA, (unsigned long)&desc), 0);
	assert_int_equal(unset_area(fd, 0), 0);
	assert_int_equal(unset_area(fd, 0), -CEDERR_NOT_SET);
	assert_int_equal(set_area(fd, 0, p, 4 * PAGE), 0);
	free(heap);
}

/* What fails to be set leaves what was set before */
static void a_set_that_fails_leaves_the_area_as_it_was(void **state)
{
	uint8_t *p = malloc(1000);
	int fd = open_session(0);

	(void)state;
	fill(p, 1000, 4);
	assert_int_equal(set_area(fd, 0, p, 1000), 0);
	assert_int_equal(set_area(fd, 0, NULL, 1000), -CEDERR_LOCK);
	moves(fd, "TO1401", 0, 0, 1000, 0);
	memset(p, 0, 1000);
	moves(fd, "TOHOST", 0, 0, 1000, 0);
	assert_filled(p, 1000, 4);
	free(p);
}

static void an_area_is_replaced_and_unset_when_it_is_idle(void **state)
{
	uint8_t *a = malloc(1000), *b = malloc(1000);
	int fd = open_session(0);
	uint32_t id;

	(void)state;
	assert_int_equal(unset_area(fd, 2), -CEDERR_NOT_SET);
	memset(a, 1, 1000);
	memset(b, 2, 1000);
	assert_int_equal(set_area(fd, 2, a, 1000), 0);
	assert_int_equal(set_area(fd, 2, b, 1000), 0);
	moves(fd, "TO1401", 2, 0, 1000, 0);
	memset(b, 0, 1000);
	moves(fd, "TOHOST", 2, 0, 1000, 0);
	assert_all(a, 1000, 1);
	assert_all(b, 1000, 2);
	assert_int_equal(unset_area(fd, 2), 0);
	assert_int_equal(unset_area(fd, 2), -CEDERR_NOT_SET);
	is_refused(fd, "TOHOST", 2, 100, 0);
	/* Not while a block of it waits */
	make_busy(fd, 2);
	assert_int_equal(unset_area(fd, 2), -CEDERR_UNLOCK);
	assert_int_equal(set_area(fd, 2, a, 1000), -CEDERR_UNLOCK);
	assert_int_equal(set_circular(fd, 2, a, 1000, true), -CEDERR_UNLOCK);
	make_free(fd, 2);
	assert_reply(fd, "ERR;", "0,0");
	assert_int_equal(unset_area(fd, 2), 0);
	/* Nor one of the driver's own transfers */
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, IN_ASK, 0, 100, 2);
	assert_int_equal(set_area(fd, 2, a, 1000), -CEDERR_UNLOCK);
	assert_int_equal(unset_area(fd, 2), -CEDERR_NOT_SET);
	stop(fd, id);
	assert_int_equal(set_area(fd, 2, a, 1000), 0);
	assert_int_equal(start_error(fd, 0, IN_ASK, 0, 100, 2, NULL), EBUSY);
	free(a);
	free(b);
}

static void eight_areas_of_a_mebibyte_are_served(void **state)
{
	int fd = open_session(0);
	uint8_t *p[8];
	unsigned int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		p[i] = mmap(NULL, MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(p[i] != MAP_FAILED);
		assert_int_equal(set_area(fd, i, p[i], MIB), 0);
	}
	fill(p[0], MIB, 20);
	moves(fd, "TO1401", 0, 0, MIB, 0);
	for (i = 1; i < 8; i++)
		moves(fd, "TOHOST", i, 0, MIB, 0);
	for (i = 1; i < 8; i++)
		assert_filled(p[i], MIB, 20);
	is_refused(fd, "TOHOST", 7, MIB, 1);
	is_refused(fd, "TO1401", 7, 1, MIB);
	assert_filled(p[7], MIB, 20);
	for (i = 0; i < 8; i++)
		munmap(p[i], MIB);
}

static void a_request_beyond_its_area_is_refused(void **state)
{
	uint8_t *p = malloc(1000);
	int fd = open_session(0);

	(void)state;
	memset(p, 1, 1000);
	assert_int_equal(set_area(fd, 0, p + 100, 500), 0);
	is_refused(fd, "TOHOST", 0, 501, 0);
	is_refused(fd, "TOHOST", 0, 1, 500);
	is_refused(fd, "TOHOST", 0, 500, 1);
	is_refused(fd, "TOHOST", 6, 10, 0);
	assert_all(p, 1000, 1);
	moves(fd, "TOHOST", 0, 0, 500, 0);
	moves(fd, "TOHOST", 0, 0, 0, 500);
	assert_all(p, 100, 1);
	assert_all(p + 600, 400, 1);
	free(p);
}

/* ------------------------------------------------------------- what is pinned */

static long status_kb(const char *name)
{
	char line[128];
	long value = -1;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, strlen(name)))
			value = strtol(line + strlen(name) + 1, NULL, 10);
	}
	if (file)
		fclose(file);
	return value;
}

/*
 * Nobody else in the guest pins memory. The counters are each processor's own
 * for a second or so, and for longer on one that sleeps: what an earlier test
 * gave back may be told late, so a test begins with assert_pinned(0) and never
 * takes what it reads for the truth.
 */
static void assert_pinned(long want)
{
	uint64_t end = now_ns() + 60 * slow() * SECOND;

	while (pinned_pages() != want && pinned_pages() >= 0) {
		if (now_ns() > end)
			fail_msg("%ld pages are pinned, not %ld",
				 pinned_pages(), want);
		sleep_ms(100);
	}
}

static void pinned_memory_counts_and_is_given_back(void **state)
{
	const uint32_t size = 10 * PAGE;
	int fd = open_session(0);
	uint8_t *p = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *own = map_buffer(fd, 0, size);
	long before = status_kb("VmLck");

	(void)state;
	assert_pinned(0);
	assert_int_equal(set_area(fd, 0, p, size), 0);
	assert_int_equal(status_kb("VmLck"), before + 40);
	assert_pinned(10);
	/* From the page of the first byte to that of the last */
	assert_int_equal(set_area(fd, 1, p + PAGE - 1, 2), 0);
	assert_int_equal(status_kb("VmLck"), before + 48);
	/* Replaced, unset */
	assert_int_equal(set_area(fd, 0, p + 1, PAGE), 0);
	assert_int_equal(status_kb("VmLck"), before + 16);
	assert_int_equal(unset_area(fd, 1), 0);
	assert_int_equal(status_kb("VmLck"), before + 8);
	/* A buffer of one's own is not pinned */
	assert_int_equal(set_area(fd, 2, own, size), 0);
	assert_int_equal(status_kb("VmLck"), before + 8);
	/* What fails costs nothing */
	assert_int_equal(set_area(fd, 3, p + 9 * PAGE, 2 * MIB), -CEDERR_LOCK);
	munmap(p + 5 * PAGE, PAGE);
	assert_int_equal(set_area(fd, 3, p + 4 * PAGE, 3 * PAGE),
			 -CEDERR_LOCK);
	assert_int_equal(status_kb("VmLck"), before + 8);
	/* Closed with areas set: not before the buffer's mapping is gone as well */
	close(fd);
	assert_int_equal(status_kb("VmLck"), before + 8);
	unmap(own, size);
	assert_int_equal(status_kb("VmLck"), before);
	assert_pinned(0);
	munmap(p, 5 * PAGE);
	munmap(p + 6 * PAGE, 4 * PAGE);
}

static void no_more_is_pinned_than_the_limit_allows(void **state)
{
	struct rlimit was, little = { .rlim_cur = 64 * KIB };
	uint8_t *p = mmap(NULL, MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_session(0);

	(void)state;
	become_user();		/* root may pin what it likes */
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &was), 0);
	little.rlim_max = was.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &little), 0);
	assert_int_equal(set_area(fd, 0, p, 64 * KIB + 1), -CEDERR_LOCK);
	assert_int_equal(set_area(fd, 0, p, 64 * KIB), 0);
	assert_int_equal(set_area(fd, 1, p + MIB / 2, 1), -CEDERR_LOCK);
	assert_int_equal(unset_area(fd, 0), 0);
	assert_int_equal(set_area(fd, 1, p + MIB / 2, 1), 0);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &was), 0);
	close(fd);
	munmap(p, MIB);
}

struct shared {
	int fd;
	int up, down;
	uint8_t *memory;
	pid_t parent;
};

static void writes_all_over_it(void *arg)
{
	struct shared *s = arg;

	memset(s->memory, 'c', 4 * PAGE);
	tell(s->up, 'w');
	child_check(told(s->down, 20000) == 'c');
	for (size_t i = 0; i < 4 * PAGE; i++)
		child_check(s->memory[i] == 'c');
}

/* Both write, the child first, then the parent: the 1401 sees the parent's */
static void a_child_that_writes_does_not_break_the_pin(void **state)
{
	struct shared s = { .fd = open_session(0) };
	int up[2], down[2];
	uint8_t *other = malloc(4 * PAGE);
	pid_t pid;

	(void)state;
	make_pipe(up);
	make_pipe(down);
	s.up = up[1];
	s.down = down[0];
	s.memory = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(s.memory, 'p', 4 * PAGE);
	assert_int_equal(set_area(s.fd, 0, s.memory, 4 * PAGE), 0);
	assert_int_equal(set_area(s.fd, 1, other, 4 * PAGE), 0);
	pid = child(writes_all_over_it, &s);
	assert_int_equal(told(up[0], 20000), 'w');
	assert_all(s.memory, 4 * PAGE, 'p');
	fill(s.memory, 4 * PAGE, 6);
	moves(s.fd, "TO1401", 0, 0, 4 * PAGE, 0);
	moves(s.fd, "TOHOST", 1, 0, 4 * PAGE, 0);
	assert_filled(other, 4 * PAGE, 6);
	memset(s.memory, 0, 4 * PAGE);
	moves(s.fd, "TOHOST", 0, 0, 4 * PAGE, 0);
	assert_filled(s.memory, 4 * PAGE, 6);
	tell(down[1], 'c');
	assert_child_well(pid);
	munmap(s.memory, 4 * PAGE);
	free(other);
}

/* Area, ring and events of its own, a block that waits: and then nothing */
static void dies_in_the_middle(void *arg)
{
	struct shared *s = arg;
	int fd = open(device(), O_RDWR);
	uint8_t *p = malloc(MIB);
	unsigned int i;

	child_check(fd >= 0 && p);
	child_check(set_area(fd, 0, p, MIB - 20000) == 0);
	child_check(set_circular(fd, 1, p + MIB - 16000, 10000, true) == 0);
	child_check(set_event(fd, 0, true, 0, 100) == 1);
	tell(s->up, 'r');
	for (i = 0;; i++) {
		char text[64];

		snprintf(text, sizeof(text), "TOHOST,0,%u,0,%u;",
			 i % 5 ? 900000 : 5000, i % 5 == 0);
		send_string(fd, text);
	}
}

static void a_program_that_dies_amid_a_block_leaves_nothing(void **state)
{
	struct shared s = { 0 };
	int up[2], fd;
	unsigned int i;

	(void)state;
	assert_pinned(0);
	make_pipe(up);
	s.up = up[1];
	for (i = 0; i < 8; i++) {
		uint8_t memory[3000];
		pid_t pid = child(dies_in_the_middle, &s);

		assert_int_equal(told(up[0], 10000), 'r');
		sleep_ms(i * 37);
		kill_child(pid);
		fd = open_session(O_NONBLOCK);
		assert_true(ced(fd, CEDIOC_STATE, 0) >= 4);
		assert_reply(fd, ";ERR;", "0,0");
		assert_int_equal(ced(fd, CEDIOC_CHARS, 0), 0);
		assert_serves(fd, memory, sizeof(memory));
		close(fd);
	}
	assert_pinned(0);
}

/* -------------------------------------------------------------- circular areas */

static void a_circular_area_to_the_host_keeps_its_blocks_whole(void **state)
{
	uint8_t *p = malloc(1000), *all = malloc(5000);
	int fd = open_session(0);
	struct cedioc_circ circ;

	(void)state;
	fill(all, 5000, 50);
	assert_int_equal(set_area(fd, 1, all, 5000), 0);
	moves(fd, "TO1401", 1, 0, 5000, 0);
	memset(p, 0x5a, 1000);
	assert_int_equal(set_circular(fd, 0, p, 1000, true), 0);
	assert_front(fd, 0, 0, 0);
	/* The offset in the request is not used */
	moves(fd, "TOHOST", 0, 0, 300, 77777);
	moves(fd, "TOHOST", 0, 300, 301, 0);
	assert_front(fd, 0, 0, 601);
	assert_same(p, all, 601);
	assert_all(p + 601, 399, 0x5a);
	/* 400 would go over the end by one: it needs the start, which is used */
	assert_int_equal(move(fd, "TOHOST", 0, 1000, 400, 0), 0);
	assert_int_equal(send_string(fd, "ERR;"), 0);
	sleep_ms(100 * slow());
	assert_int_equal(ced(fd, CEDIOC_LINES, 0), 0);
	assert_front(fd, 0, 0, 601);
	/* Free from the front alone */
	assert_int_equal(circ_call(fd, CEDIOC_FREE_CIRC, &circ, 0, 1, 100),
			 -CEDERR_NO_MEMORY);
	assert_int_equal(circ_call(fd, CEDIOC_FREE_CIRC, &circ, 0, 0, 602),
			 -CEDERR_NO_MEMORY);
	free_front(fd, 0, 0, 399, 399, 202);
	sleep_ms(50 * slow());
	assert_int_equal(ced(fd, CEDIOC_LINES, 0), 0);
	assert_same(p, all, 601);
	/* With the 400th byte there is room, at the start */
	free_front(fd, 0, 399, 1, 400, 201);
	while (!ced(fd, CEDIOC_LINES, 0))
		sleep_ms(1);
	assert_reply(fd, "", "0,0");
	assert_same(p, all + 1000, 400);
	assert_same(p + 400, all + 400, 201);
	assert_all(p + 601, 399, 0x5a);
	/* Two runs; the oldest one first, then the one from the start */
	assert_front(fd, 0, 400, 201);
	free_front(fd, 0, 400, 201, 0, 400);
	moves(fd, "TOHOST", 0, 2000, 600, 0);
	assert_front(fd, 0, 0, 1000);
	assert_same(p + 400, all + 2000, 600);
	free_front(fd, 0, 0, 1000, 0, 0);
	/* Empty: from the start again, up to all of it, no more */
	moves(fd, "TOHOST", 0, 3000, 1000, 0);
	assert_same(p, all + 3000, 1000);
	is_refused(fd, "TOHOST", 0, 1001, 0);
	is_refused(fd, "TO1401", 0, 10, 0);
	free(p);
	free(all);
}

static void a_circular_area_to_the_1401_sends_the_oldest(void **state)
{
	uint8_t *p = malloc(1000), *back = malloc(3000);
	struct cedioc_circ circ, *page;
	int fd = open_session(0);
	char line[64];

	(void)state;
	memset(back, 0, 3000);
	assert_int_equal(set_area(fd, 1, back, 3000), 0);
	assert_int_equal(set_circular(fd, 0, p, 1000, false), 0);
	/* All of it is room; what is filled is told by 44 */
	assert_front(fd, 0, 0, 1000);
	fill(p, 1000, 1);
	assert_int_equal(move(fd, "TO1401", 0, 0, 600, 5), 0);
	assert_int_equal(send_string(fd, "ERR;"), 0);
	sleep_ms(50 * slow());
	assert_int_equal(ced(fd, CEDIOC_LINES, 0), 0);
	assert_int_equal(circ_call(fd, CEDIOC_FREE_CIRC, &circ, 0, 1, 100),
			 -CEDERR_NO_MEMORY);
	assert_int_equal(circ_call(fd, CEDIOC_FREE_CIRC, &circ, 0, 0, 1001),
			 -CEDERR_NO_MEMORY);
	/* What cannot be told is not filled */
	page = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(page != MAP_FAILED);
	page->size = 599;
	assert_int_equal(mprotect(page, PAGE, PROT_READ), 0);
	assert_int_equal(ced(fd, CEDIOC_FREE_CIRC, (unsigned long)page), -EFAULT);
	assert_front(fd, 0, 0, 1000);
	unmap(page, PAGE);
	free_front(fd, 0, 0, 599, 599, 401);
	sleep_ms(50 * slow());
	assert_int_equal(ced(fd, CEDIOC_LINES, 0), 0);
	free_front(fd, 0, 599, 401, 0, 0);
	assert_true(get_line(fd, line, REPLY_MS));
	assert_string_equal(line, "0,0");
	/* 600 bytes have gone: the oldest room is theirs */
	assert_front(fd, 0, 0, 600);
	fill(p, 500, 2);
	free_front(fd, 0, 0, 500, 500, 100);
	/* 400 at the end and 500 at the start: one block of both */
	moves(fd, "TO1401", 0, 600, 700, 0);
	assert_front(fd, 0, 500, 500);
	is_refused(fd, "TO1401", 0, 1001, 0);
	is_refused(fd, "TOHOST", 0, 10, 0);
	moves(fd, "TOHOST", 1, 0, 1300, 0);
	assert_filled(back, 1000, 1);
	assert_filled(back + 1000, 300, 2);
	free(p);
	free(back);
}

static void only_a_circular_area_has_circular_blocks(void **state)
{
	uint8_t memory[100];
	struct cedioc_circ circ;
	int fd = open_session(0);

	(void)state;
	assert_int_equal(set_area(fd, 0, memory, 100), 0);
	assert_int_equal(circ_call(fd, CEDIOC_GET_CIRC, &circ, 0, 0, 0),
			 -CEDERR_NOT_SET);
	assert_int_equal(circ_call(fd, CEDIOC_FREE_CIRC, &circ, 0, 0, 0),
			 -CEDERR_NOT_SET);
	assert_int_equal(circ_call(fd, CEDIOC_GET_CIRC, &circ, 5, 0, 0),
			 -CEDERR_NOT_SET);
	assert_int_equal(circ_call(fd, CEDIOC_GET_CIRC, &circ, 8, 0, 0),
			 -CEDERR_BAD_AREA);
	assert_int_equal(circ_call(fd, CEDIOC_FREE_CIRC, &circ, ~0u, 0, 0),
			 -CEDERR_BAD_AREA);
}

/* Blocks of many sizes, a reader of its own pace: all of it, in order */
static void a_long_stream_of_blocks_arrives_whole(void **state)
{
	const uint32_t length = 30011, memory = 200000;
	uint8_t *all = mmap(NULL, memory, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_session(0);
	uint32_t asked = 0, came = 0, i;
	unsigned int own;

	(void)state;
	fill(all, memory, 60);
	assert_int_equal(set_area(fd, 1, all, memory), 0);
	moves(fd, "TO1401", 1, 0, memory, 0);
	for (own = 0; own < 2; own++) {
		uint8_t *p = own ? map_buffer(fd, 0, length) : malloc(length);

		assert_int_equal(set_circular(fd, 0, p, length, true), 0);
		for (i = 0, asked = 0, came = 0; came < memory;) {
			struct cedioc_circ circ;
			uint32_t n = 1 + i * 7919 % 12000;

			n = n < memory - asked ? n : memory - asked;
			if (n && ced(fd, CEDIOC_OUT_ROOM, 0) > 200) {
				assert_int_equal(move(fd, "TOHOST", 0, asked, n,
						      0), 0);
				asked += n;
				i++;
			}
			assert_int_equal(circ_call(fd, CEDIOC_GET_CIRC, &circ,
						   0, 0, 0), 0);
			assert_same(p + circ.offset, all + came, circ.size);
			n = i % 3 ? circ.size : circ.size / 2;
			assert_int_equal(circ_call(fd, CEDIOC_FREE_CIRC, &circ,
						   0, circ.offset, n), 0);
			came += n;
		}
		assert_int_equal(came, memory);
		assert_reply(fd, "ERR;", "0,0");
		assert_int_equal(unset_area(fd, 0), 0);
		if (!own)
			free(p);
	}
	munmap(all, memory);
}

/* ---------------------------------------------------------------------- events */

static void an_event_fires_in_its_range_and_direction(void **state)
{
	uint8_t *p = malloc(1000);
	int fd = open_session(0);

	(void)state;
	assert_int_equal(set_event(fd, 0, true, 0, 10), -CEDERR_NOT_SET);
	assert_int_equal(set_event(fd, 8, true, 0, 10), -CEDERR_BAD_AREA);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), -CEDERR_NOT_SET);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 8), -CEDERR_BAD_AREA);
	assert_int_equal(wait_event(fd, 0, 10), -CEDERR_NOT_SET);
	assert_int_equal(wait_event(fd, 9, 10), -CEDERR_BAD_AREA);
	assert_int_equal(set_area(fd, 0, p, 1000), 0);
	assert_int_equal(wait_event(fd, 0, 10), -CEDERR_NOT_SET);
	assert_int_equal(set_event(fd, 0, true, 100, 50), 1);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	/* Up to it, behind it, the other way, nothing at all */
	moves(fd, "TOHOST", 0, 0, 100, 0);
	moves(fd, "TOHOST", 0, 0, 100, 150);
	moves(fd, "TO1401", 0, 0, 1000, 0);
	moves(fd, "TOHOST", 0, 0, 0, 120);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	assert_int_equal(wait_event(fd, 0, 1), 1);
	/* Its first byte, its last, all around it; told once each */
	moves(fd, "TOHOST", 0, 0, 1, 100);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 1);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	moves(fd, "TOHOST", 0, 0, 10, 149);
	assert_int_equal(wait_event(fd, 0, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	moves(fd, "TOHOST", 0, 0, 1000, 0);
	assert_int_equal(wait_event(fd, 0, 1000), 0);
	/* To the 1401 */
	assert_int_equal(set_event(fd, 0, false, 0, 1), 1);
	moves(fd, "TOHOST", 0, 0, 1000, 0);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	moves(fd, "TO1401", 0, 0, 1, 0);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 1);
	/* Disarmed */
	assert_int_equal(set_event(fd, 0, false, 0, 0), 0);
	moves(fd, "TO1401", 0, 0, 1000, 0);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	assert_int_equal(wait_event(fd, 0, 10), -CEDERR_NOT_SET);
	/* A range beyond any area, its end beyond 32 bits */
	assert_int_equal(set_event(fd, 0, true, 0xffffffff, 0xffffffff), 1);
	moves(fd, "TOHOST", 0, 0, 1000, 0);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	/* A new area has none */
	assert_int_equal(set_event(fd, 0, true, 0, 1000), 1);
	assert_int_equal(set_area(fd, 0, p, 1000), 0);
	moves(fd, "TOHOST", 0, 0, 1000, 0);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	free(p);
}

static void a_circular_area_fires_when_it_holds_enough(void **state)
{
	uint8_t *p = malloc(1000);
	int fd = open_session(0);

	(void)state;
	assert_int_equal(set_circular(fd, 0, p, 1000, true), 0);
	assert_int_equal(set_event(fd, 0, true, 0, 500), 1);
	moves(fd, "TOHOST", 0, 0, 300, 0);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	moves(fd, "TOHOST", 0, 0, 199, 0);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	moves(fd, "TOHOST", 0, 0, 1, 0);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 1);
	/* Armed when it is so already */
	assert_int_equal(set_event(fd, 0, true, 0, 400), 1);
	assert_int_equal(wait_event(fd, 0, 5000), 0);
	/* In both of its runs together */
	free_front(fd, 0, 0, 450, 450, 50);
	moves(fd, "TOHOST", 0, 0, 400, 0);
	free_front(fd, 0, 450, 350, 800, 100);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 1);
	assert_int_equal(set_event(fd, 0, true, 0, 300), 1);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 0);
	moves(fd, "TOHOST", 0, 0, 200, 0);
	assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 1);
	free(p);
}

static void does_something_soon(void *arg)
{
	struct shared *s = arg;

	sleep_ms(200);
	switch (s->up) {
	case 0:
		child_check(move(s->fd, "TOHOST", 0, 0, 100, 0) == 0);
		break;
	case 1:
		child_check(unset_area(s->fd, 0) == 0);
		break;
	case 2:
		child_check(set_event(s->fd, 0, true, 0, 0) == 0);
		break;
	default:
		child_check(set_area(s->fd, 0, s->memory, 100) == 0);
	}
}

static void a_wait_sees_what_happens_meanwhile(void **state)
{
	static const int results[] = { 0, -CEDERR_NOT_SET, -CEDERR_NOT_SET,
				       -CEDERR_NOT_SET };
	struct shared s = { .fd = open_session(0) };
	unsigned int long_one;
	int what;

	(void)state;
	s.memory = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (what = 0; what < 4; what++) {
		for (long_one = 0; long_one < 2; long_one++) {
			uint64_t begun = now_ns();
			pid_t pid;

			assert_int_equal(set_area(s.fd, 0, s.memory, 100), 0);
			assert_int_equal(set_event(s.fd, 0, true, 0, 100), 1);
			s.up = what;
			pid = child(does_something_soon, &s);
			assert_int_equal(wait_event(s.fd, 0,
						    long_one ? 20000 : 0),
					 results[what]);
			assert_in_range((now_ns() - begun) / MS, 150,
					10000 * slow());
			assert_child_well(pid);
			/* No lock is left behind in any of these ways */
			assert_reply(s.fd, "ERR;", "0,0");
		}
	}
	munmap(s.memory, PAGE);
}

static void a_wait_ends_at_its_time(void **state)
{
	static const uint32_t times[] = { 1, 100, 700 };
	uint8_t memory[100];
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	assert_int_equal(set_area(fd, 0, memory, 100), 0);
	assert_int_equal(set_event(fd, 0, true, 0, 100), 1);
	for (i = 0; i < LENGTH(times); i++) {
		uint64_t begun = now_ns();

		assert_int_equal(wait_event(fd, 0, times[i]), 1);
		assert_in_range((now_ns() - begun) / MS, times[i],
				times[i] + 1500 * slow());
	}
}

static volatile int signals;

static void count_signal(int number)
{
	(void)number;
	signals++;
}

/* @n signals, @ms apart, from a child: setitimer's would be a test's own clock */
static void handle(int number, int flags)
{
	struct sigaction action = {
		.sa_handler = count_signal, .sa_flags = flags,
	};

	sigaction(number, &action, NULL);
	signals = 0;
}

static void sends_signals(void *arg)
{
	struct shared *s = arg;
	int i;

	for (i = 0; i < 20; i++) {
		sleep_ms(100);
		kill(s->parent, SIGUSR1);
	}
}

/* Signals go on for 2 s; a wait that began anew with each would take longer */
static void a_restarted_wait_keeps_its_first_deadline(void **state)
{
	struct shared s = { .fd = open_session(0), .parent = getpid() };
	uint8_t memory[100];
	uint64_t begun;
	pid_t pid;

	(void)state;
	assert_int_equal(set_area(s.fd, 0, memory, 100), 0);
	assert_int_equal(set_event(s.fd, 0, true, 0, 100), 1);
	handle(SIGUSR1, SA_RESTART);
	pid = child(sends_signals, &s);
	begun = now_ns();
	assert_int_equal(wait_event(s.fd, 0, 900), 1);
	assert_in_range((now_ns() - begun) / MS, 900, 1700);
	assert_true(signals >= 2);
	/* The next one, from the same place, is not the same one */
	kill_child(pid);
	begun = now_ns();
	assert_int_equal(wait_event(s.fd, 0, 900), 1);
	assert_true((now_ns() - begun) / MS >= 900);
}

static void sends_one_signal(void *arg)
{
	struct shared *s = arg;

	sleep_ms(300);
	kill(s->parent, SIGUSR1);
}

static void a_wait_is_interrupted_by_a_signal_that_restarts_nothing(void **state)
{
	struct shared s = { .fd = open_session(0), .parent = getpid() };
	int waited[2], round;
	uint8_t memory[100];
	uint64_t begun[2];
	pid_t pid;

	(void)state;
	assert_int_equal(set_area(s.fd, 0, memory, 100), 0);
	assert_int_equal(set_event(s.fd, 0, true, 0, 100), 1);
	handle(SIGUSR1, 0);
	pid = child(sends_one_signal, &s);
	/* One and the same place in the program calls twice */
	for (round = 0; round < 2; round++) {
		begun[round] = now_ns();
		waited[round] = wait_event(s.fd, 0, 1000);
		begun[round] = now_ns() - begun[round];
	}
	assert_child_well(pid);
	assert_int_equal(signals, 1);
	/* Neither an event, as in CED's driver, nor the end of the time */
	assert_int_equal(waited[0], -EINTR);
	assert_true(begun[0] / MS < 1000);
	/* The new call has its own time */
	assert_int_equal(waited[1], 1);
	assert_in_range(begun[1] / MS, 1000, 2500);
	assert_reply(s.fd, "ERR;", "0,0");
}

/* -------------------------------------------------------------- what goes on */

static void the_current_area_is_told_in_the_callers_layout(void **state)
{
	uint8_t *p = malloc(3000), *q = malloc(2000);
	struct cedioc_tx *tx = malloc(sizeof(*tx));
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	/* None: nothing to tell */
	memset(tx, 0xff, sizeof(*tx));
	assert_int_equal(ced(fd, CEDIOC_GET_TX, (unsigned long)tx), 0);
	assert_int_equal(tx->linear, 0);
	assert_int_equal(tx->size, 0);
	assert_int_equal(set_area(fd, 0, p, 3000), 0);
	assert_int_equal(set_area(fd, 5, q, 2000), 0);
	for (i = 0; i < 3; i++) {
		uint32_t at = i == 1 ? 700 : 0;
		const uint8_t *memory = i == 1 ? q : p;

		/* Before any block area 0, then that of the last one */
		if (i == 1)
			moves(fd, "TOHOST", 5, 0, 100, 700);
		else if (i == 2)
			moves(fd, "TO1401", 0, 0, 10, 0);
		memset(tx, 0xff, sizeof(*tx));
		assert_int_equal(ced(fd, CEDIOC_GET_TX, (unsigned long)tx), 0);
		assert_int_equal(tx->linear, (uintptr_t)memory);
		assert_int_equal(tx->size, i == 1 ? 2000 : 3000);
		assert_int_equal(tx->used, 1);
		assert_int_equal(tx->segment, 0);
		assert_int_equal(tx->reserved, 0);
		assert_int_equal(tx->entries[0].address,
				 (uintptr_t)memory + at);
		/* Nothing of the kernel's in all the rest */
		assert_all((uint8_t *)&tx->entries[1],
			   sizeof(*tx) - offsetof(struct cedioc_tx, entries[1]),
			   0);
	}
	free(p);
	free(q);
	free(tx);
}

static void sees_a_block_move(void *arg)
{
	struct shared *s = arg;
	uint64_t end = now_ns() + 20 * slow() * SECOND;

	while (ced(s->fd, CEDIOC_BLOCK_MOVES, 0) != 1)
		child_check(now_ns() < end);
	tell(s->up, 'm');
}

static void a_block_that_moves_is_told(void **state)
{
	uint8_t *p = mmap(NULL, MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct shared s = { .fd = open_session(0) };
	uint64_t end = now_ns() + 20 * slow() * SECOND;
	int up[2];
	pid_t pid;

	(void)state;
	make_pipe(up);
	s.up = up[1];
	assert_int_equal(ced(s.fd, CEDIOC_BLOCK_MOVES, 0), 0);
	assert_int_equal(set_area(s.fd, 0, p, MIB), 0);
	pid = child(sees_a_block_move, &s);
	while (!told(up[0], 0)) {
		moves(s.fd, "TOHOST", 0, 0, MIB, 0);
		assert_true(now_ns() < end);
	}
	assert_child_well(pid);
	assert_int_equal(ced(s.fd, CEDIOC_BLOCK_MOVES, 0), 0);
	munmap(p, MIB);
}

static void who_has_not_the_1401_changes_nothing(void **state)
{
	int a = open_session(0), b = open_session(0);
	uint8_t *p = malloc(1000);
	struct cedioc_circ circ = { 0 };
	struct cedioc_selftest test;
	char line[64];

	(void)state;
	memset(p, 7, 1000);
	assert_int_equal(set_area(a, 0, p, 1000), 0);
	moves(a, "TO1401", 0, 0, 1000, 0);
	assert_int_equal(send_string(a, "NOSUCH;ADC,0;"), 0);
	while (!ced(a, CEDIOC_LINES, 0))
		sleep_ms(1);
	/* These never need it */
	assert_int_equal(ced(b, CEDIOC_OUT_ROOM, 0), 256);
	assert_int_equal(ced(b, CEDIOC_BASE, 0), ced(a, CEDIOC_BASE, 0));
	assert_true(ced(b, CEDIOC_REVISION, 0) >= 0x20000);
	assert_true(ced(b, CEDIOC_TYPE, 0) >= 4);
	assert_true(ced(b, CEDIOC_FLAGS, 0) > 0);
	assert_int_equal(ced(b, CEDIOC_STATE, 0), -CEDERR_IN_USE);
	/* All the others do */
	assert_int_equal(send_string(b, "ERR;"), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_SEND_CHAR, ';'), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_RESET, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_GET_CHAR, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_CHARS, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_LINES, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_GET_STRING(64), (unsigned long)line),
			 -CEDERR_IN_USE);
	assert_int_equal(set_area(b, 0, p, 1000), -CEDERR_IN_USE);
	assert_int_equal(set_circular(b, 0, p, 1000, true), -CEDERR_IN_USE);
	assert_int_equal(unset_area(b, 0), -CEDERR_IN_USE);
	assert_int_equal(set_event(b, 0, true, 0, 10), -CEDERR_IN_USE);
	assert_int_equal(wait_event(b, 0, 10), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_TEST_EVENT, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_KILL_IO, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_BLOCK_MOVES, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_GRAB, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_FREE, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_START_TEST, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_CHECK_TEST, (unsigned long)&test),
			 -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_FULL_RESET, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_GET_CIRC, (unsigned long)&circ),
			 -CEDERR_IN_USE);
	assert_int_equal(ced(b, CEDIOC_FREE_CIRC, (unsigned long)&circ),
			 -CEDERR_IN_USE);
	/* The first one's reply, error and area are what they were */
	assert_true(get_line(a, line, REPLY_MS));
	assert_reply(a, "ERR;", UNKNOWN);
	memset(p, 0, 1000);
	moves(a, "TOHOST", 0, 0, 1000, 0);
	assert_all(p, 1000, 7);
	/* When it lets go, the second finds a 1401 without its traces */
	assert_int_equal(send_string(a, "NOSUCH;ADC,0;"), 0);
	close(a);
	assert_true(ced(b, CEDIOC_STATE, 0) >= 4);
	assert_reply(b, ";ERR;", "0,0");
	assert_int_equal(ced(b, CEDIOC_CHARS, 0), 0);
	free(p);
}

/* An area whose session has lost the 1401 is not served, and is so again later */
static void areas_wait_for_their_session(void **state)
{
	int a = open_session(0), b = open_session(0);
	uint8_t *p = malloc(1000), *q = malloc(1000);

	(void)state;
	memset(p, 1, 1000);
	memset(q, 2, 1000);
	assert_int_equal(set_area(a, 0, p, 1000), 0);
	moves(a, "TO1401", 0, 0, 1000, 0);
	assert_int_equal(call(a, CED1401_IOC_RELEASE, NULL), 0);
	assert_reply(b, "ERR;", "0,0");
	is_refused(b, "TO1401", 0, 100, 0);
	assert_int_equal(set_area(b, 0, q, 1000), 0);
	moves(b, "TO1401", 0, 0, 1000, 0);
	memset(q, 0, 1000);
	moves(b, "TOHOST", 0, 0, 1000, 0);
	assert_all(q, 1000, 2);
	assert_all(p, 1000, 1);
	assert_int_equal(call(b, CED1401_IOC_RELEASE, NULL), 0);
	moves(a, "TOHOST", 0, 0, 1000, 0);
	assert_all(p, 1000, 2);
	free(p);
	free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_library_finds_a_1401),
		TEST(what_an_isa_card_has_not_is_no_function),
		TEST(bad_pointers_are_efault_and_lose_nothing),
		TEST(a_read_only_open_is_not_for_the_library),
		TEST(characters_come_one_by_one),
		TEST(a_string_ends_with_its_line),
		TEST(a_string_goes_whole_or_not_at_all),
		TEST(reset_happens_when_it_is_needed),
		TEST(areas_outlive_a_reset),
		TEST(the_self_test_is_started_and_checked),
		TEST(a_self_test_that_ends_well_never_fails),
		TEST(an_area_may_be_any_memory),
		TEST(an_area_may_be_a_mapped_file),
		TEST(memory_to_read_goes_one_way),
		TEST(ones_own_buffer_moves_without_a_copy),
		TEST(memory_that_cannot_be_locked_is_refused),
		TEST(a_set_that_fails_leaves_the_area_as_it_was),
		TEST(an_area_is_replaced_and_unset_when_it_is_idle),
		TEST(eight_areas_of_a_mebibyte_are_served),
		TEST(a_request_beyond_its_area_is_refused),
		TEST(pinned_memory_counts_and_is_given_back),
		TEST(no_more_is_pinned_than_the_limit_allows),
		TEST(a_child_that_writes_does_not_break_the_pin),
		TEST(a_program_that_dies_amid_a_block_leaves_nothing),
		TEST(a_circular_area_to_the_host_keeps_its_blocks_whole),
		TEST(a_circular_area_to_the_1401_sends_the_oldest),
		TEST(only_a_circular_area_has_circular_blocks),
		TEST(a_long_stream_of_blocks_arrives_whole),
		TEST(an_event_fires_in_its_range_and_direction),
		TEST(a_circular_area_fires_when_it_holds_enough),
		TEST(a_wait_sees_what_happens_meanwhile),
		TEST(a_wait_ends_at_its_time),
		TEST(a_restarted_wait_keeps_its_first_deadline),
		TEST(a_wait_is_interrupted_by_a_signal_that_restarts_nothing),
		TEST(the_current_area_is_told_in_the_callers_layout),
		TEST(a_block_that_moves_is_told),
		TEST(who_has_not_the_1401_changes_nothing),
		TEST(areas_wait_for_their_session),
	};

	return RUN(tests);
}
