// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two cards at once, on channels 1 and 5 with an interrupt line each: both
 * stream, and each is unbound while the other goes on. Runs as root.
 */
#define _GNU_SOURCE
#include "common.h"

#define DRIVER	"/sys/bus/platform/drivers/ced1401/"
#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define SLOW_IN	"XFIFO,0 1,H,4,200;"	/* 20000 bytes a second */
#define SIZE	(24 * KIB)

static const char *const names[] = { "/dev/ced1401", "/dev/ced1401_1" };

static int open_card(unsigned int card)
{
	setenv("CED1401_DEVICE", names[card], 1);
	return open_session(0);
}

static void tell_driver(const char *what, unsigned int card)
{
	char path[100], name[20];
	int fd;

	snprintf(path, sizeof(path), DRIVER "%s", what);
	snprintf(name, sizeof(name), "ced1401.%u", card);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, name, strlen(name)), strlen(name));
	close(fd);
}

static void the_cards_are_where_they_should_be(void **state)
{
	(void)state;
	open_card(0);
	assert_int_equal(sysfs_number("io"), 0x300);
	assert_int_equal(sysfs_number("irq"), 5);
	assert_int_equal(sysfs_number("dma"), 1);
	open_card(1);
	assert_int_equal(sysfs_number("io"), 0x310);
	assert_int_equal(sysfs_number("irq"), 7);
	assert_int_equal(sysfs_number("dma"), 5);
}

static void each_has_its_own_holder(void **state)
{
	int a = open_card(0), b = open_card(1);

	(void)state;
	assert_int_equal(call(a, CED1401_IOC_CLAIM, NULL), 0);
	fcntl(b, F_SETFL, O_NONBLOCK);
	assert_int_equal(call(b, CED1401_IOC_CLAIM, NULL), 0);
	assert_well(a);
	assert_well(b);
}

static void both_stream_at_once(void **state)
{
	int fd[2] = { open_card(0), open_card(1) };
	uint8_t *p[2];
	uint32_t id[2];
	long interrupts[2];
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		setenv("CED1401_DEVICE", names[i], 1);
		interrupts[i] = sysfs_number("statistics/interrupts");
		p[i] = map_buffer(fd[i], 0, SIZE);
		id[i] = start(fd[i], 0, IN_NOW, 0, SIZE, 0);
	}
	for (i = 0; i < 2; i++)
		say(fd[i], SLOW_IN);
	for (i = 0; i < 2; i++) {
		assert_int_equal(wait_end(fd[i], id[i], 20000).moved, SIZE);
		assert_int_equal(status(fd[i], id[i]).error, 0);
		assert_recording(p[i], SIZE);
		setenv("CED1401_DEVICE", names[i], 1);
		assert_true(sysfs_number("statistics/interrupts") >
			    interrupts[i]);
	}
}

static void one_goes_while_the_other_streams(void **state)
{
	unsigned int goes;

	(void)state;
	for (goes = 0; goes < 2; goes++) {
		int gone = open_card(goes), fd = open_card(!goes);
		uint8_t *p = map_buffer(fd, 0, SIZE);
		uint8_t *q = map_buffer(gone, 0, SIZE);
		uint32_t id;

		fill(q, SIZE, goes);
		id = start(fd, 0, IN_NOW, 0, SIZE, 0);
		start(gone, 0, IN_NOW, SIZE / 2, SIZE / 2, 0);
		say(fd, SLOW_IN);
		say(gone, SLOW_IN);
		wait_bytes(fd, id, 2500, 10000);
		tell_driver("unbind", goes);
		assert_int_equal(access(names[goes], F_OK), -1);
		assert_rest(q, 0, SIZE / 2, goes);
		assert_true(poll_for(gone, POLLPRI, 0) & POLLHUP);
		assert_int_equal(wait_end(fd, id, 20000).moved, SIZE);
		assert_recording(p, SIZE);
		tell_driver("bind", goes);
		assert_well(open_card(goes));
		test_ends(NULL);
		test_begins(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_cards_are_where_they_should_be),
		TEST(each_has_its_own_holder),
		TEST(both_stream_at_once),
		TEST(one_goes_while_the_other_streams),
	};

	return RUN(tests);
}
