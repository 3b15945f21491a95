// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CED's calls with a 1401 that is switched off, that is not connected, that fails
 * its self-test or never ends it. The guest's card 0 has power=off, card 1
 * cable=off, card 2 test-code=5, test-x=600, test-y=70, card 3 test-ms=60000.
 */
#define _GNU_SOURCE
#include "common.h"

#include <linux/ced1401-ced.h>

static int ced(int fd, unsigned long request, unsigned long arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

/* What CED says of this card's 1401, 0 if it is there */
static int trouble(void)
{
	static const int codes[] = { -CEDERR_OFF, -CEDERR_NOT_CONNECTED };
	const char *number = strchr(device(), '_');
	unsigned int card = number ? atoi(number + 1) : 0;

	return card < LENGTH(codes) ? codes[card] : 0;
}

static bool never_ends(void)
{
	return strstr(device(), "_3");
}

static void a_1401_that_is_not_there_is_told(void **state)
{
	struct cedioc_selftest test;
	int fd = open_session(0), want = trouble();
	char line[64];

	(void)state;
	if (!want)
		return;
	assert_state(want == -CEDERR_OFF ? "off" : "unplugged");
	assert_int_equal(ced(fd, CEDIOC_STATE, 0), want);
	assert_int_equal(ced(fd, CEDIOC_SEND_CHAR, ';'), want);
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(4), (unsigned long)"ERR;"),
			 want);
	assert_int_equal(ced(fd, CEDIOC_START_TEST, 0), want);
	/* The card itself is there */
	assert_true(ced(fd, CEDIOC_TYPE, 0) >= 4);
	assert_true(ced(fd, CEDIOC_REVISION, 0) >= 0x20000);
	assert_int_equal(ced(fd, CEDIOC_BASE, 0), sysfs_number("io"));
	assert_int_equal(ced(fd, CEDIOC_OUT_ROOM, 0), 256);
	assert_true(ced(fd, CEDIOC_FLAGS, 0) > 0);
	/* The library does all this before it looks */
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_KILL_IO, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_CHARS, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_LINES, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_GET_CHAR, 0), -CEDERR_NO_INPUT);
	assert_int_equal(ced(fd, CEDIOC_GET_STRING(64), (unsigned long)line),
			 -CEDERR_NO_INPUT);
	assert_int_equal(ced(fd, CEDIOC_BLOCK_MOVES, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_CHECK_TEST, (unsigned long)&test), 0);
}

static void areas_do_not_need_a_1401(void **state)
{
	struct cedioc_desc desc = { .length = 1000, .area = 2 };
	struct cedioc_event event = { .length = 1000, .area = 2, .flags = 1 };
	uint8_t memory[1000];
	int fd = open_session(0);

	(void)state;
	desc.address = (uintptr_t)memory;
	assert_int_equal(ced(fd, CEDIOC_SET_AREA, (unsigned long)&desc), 0);
	assert_int_equal(ced(fd, CEDIOC_SET_EVENT, (unsigned long)&event), 1);
	assert_int_equal(ced(fd, CEDIOC_WAIT_EVENT, 2 | 50 << 8), 1);
	assert_int_equal(ced(fd, CEDIOC_UNSET_AREA, 2), 0);
}

static void a_self_test_that_fails_tells_why(void **state)
{
	struct cedioc_selftest test = { 0 };
	int fd = open_session(0);
	uint64_t end = now_ns() + 10 * slow() * SECOND;

	(void)state;
	if (trouble() || never_ends())
		return;
	assert_int_equal(ced(fd, CEDIOC_START_TEST, 0), 0);
	while (!test.code) {
		assert_int_equal(ced(fd, CEDIOC_CHECK_TEST,
				     (unsigned long)&test), 0);
		assert_true(now_ns() < end);
	}
	assert_int_equal(test.code, 5);
	assert_int_equal(test.x, 600);
	assert_int_equal(test.y, 70);
	/* It says so until a reset, which is due */
	assert_int_equal(ced(fd, CEDIOC_CHECK_TEST, (unsigned long)&test), 0);
	assert_int_equal(test.code, 5);
	assert_int_equal(test.x, 600);
	assert_int_equal(test.y, 70);
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	assert_well(fd);
}

static void a_self_test_without_end_times_out(void **state)
{
	struct cedioc_selftest test = { 0 };
	uint64_t begun = now_ns();
	int fd = open_session(0);

	(void)state;
	if (!never_ends())
		return;
	assert_int_equal(ced(fd, CEDIOC_START_TEST, 0), 0);
	while (!test.code) {
		assert_state("self-test");
		sleep_ms(200);
		assert_int_equal(ced(fd, CEDIOC_CHECK_TEST,
				     (unsigned long)&test), 0);
	}
	assert_int_equal((uint32_t)test.code, (uint32_t)-2);
	assert_in_range((now_ns() - begun) / MS, 30000, 40000);
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	assert_well(fd);
}

static void starts_a_test(void *arg)
{
	ioctl(*(int *)arg, CEDIOC_START_TEST);
	pause();
}

/* Nobody gets another's self-test with the 1401, here one without end */
static void who_is_next_has_no_ones_self_test(void **state)
{
	unsigned int i, rounds = rounds_of(60);
	uint32_t chance = chance_seed();
	int fd, other;
	pid_t tester;

	(void)state;
	if (!never_ends())
		return;
	for (i = 0; i < rounds; i++) {
		fd = open_session(0);
		other = open_session(0);
		assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), 0);
		tester = child(starts_a_test, &fd);
		usleep(below(&chance, 12000));
		assert_int_equal(call(fd, CED1401_IOC_RELEASE, NULL), 0);
		assert_int_equal(call(other, CED1401_IOC_CLAIM, NULL), 0);
		assert_well(other);
		kill_child(tester);
		close(other);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_1401_that_is_not_there_is_told),
		TEST(areas_do_not_need_a_1401),
		TEST(a_self_test_that_fails_tells_why),
		TEST(a_self_test_without_end_times_out),
		TEST(who_is_next_has_no_ones_self_test),
	};

	return RUN(tests);
}
