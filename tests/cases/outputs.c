// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the 1401's outputs show when programs end, well or not, and when the data
 * for them end. Seen from the 1401's other side, so that nothing that the next
 * program does can have put them to rest. Runs as root, on cards with
 * realtime=on.
 */
#define _GNU_SOURCE
#include "common.h"

#include <linux/ced1401-ced.h>

#define DRIVER	"/sys/bus/platform/drivers/ced1401/"
#define OUT_NOW	(CED1401_TO_1401 | CED1401_NOW)
#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define VOLTS	"DAC,0 12345,1 -20000;DIG,O,43690;ERR;"

static void assert_set(void)
{
	assert_int_equal(card_property("dac0"), 12345);
	assert_int_equal(card_property("dac1"), -20000);
	assert_int_equal(card_property("digout"), 43690);
}

/* And so they stay */
static void assert_at_rest(void)
{
	static const char * const all[] = { "dac0", "dac1", "digout" };
	unsigned int round, i;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < LENGTH(all); i++)
			assert_int_equal(card_property(all[i]), 0);
		sleep_ms(round ? 0 : 100);
	}
}

static int open_and_set(void)
{
	int fd = open_session(0);

	expect(fd, VOLTS, "0,0");
	assert_set();
	return fd;
}

/* DAC 0 and the digital outputs go up and down for ever */
static void play_on(int fd)
{
	uint8_t *p = map_buffer(fd, 0, PAGE);
	uint32_t id, i;

	for (i = 0; i < PAGE; i++)
		p[i] = 1 + i % 100;
	id = start(fd, 0, CED1401_TO_1401 | CED1401_ON_REQUEST, 0, PAGE, 0);
	to_1401(fd, 0, 0, PAGE, 0);
	stop(fd, id);
	say(fd, "MEMDAC,I,2,0,4096,0,0,H,100,10;");
	say(fd, "DIGTIM,O,0,4096,0,H,100,10;");
	assert_well(fd);
	sleep_ms(20);
	assert_int_not_equal(card_property("dac0"), 0);
	assert_int_not_equal(card_property("digout"), 0);
}

static void a_close_puts_them_to_rest(void **state)
{
	int fd = open_and_set();

	(void)state;
	close(fd);
	assert_at_rest();
}

static void a_close_ends_what_plays(void **state)
{
	int fd = open_session(0);

	(void)state;
	play_on(fd);
	close(fd);
	assert_at_rest();
}

static void release_leaves_them(void **state)
{
	int fd = open_and_set(), other = open_session(0);

	(void)state;
	assert_int_equal(status(other, 0).link & CED1401_LINK_LEFT, 0);
	assert_int_equal(call(fd, CED1401_IOC_RELEASE, NULL), 0);
	assert_set();
	close(fd);
	sleep_ms(200);
	assert_set();
	/* Who only looks is told that there is something to be disturbed */
	assert_int_equal(status(other, 0).link,
			 CED1401_LINK_LEFT | CED1401_LINK_POWER | CED1401_LINK_CABLE);
	/* Nor does a session that does not use the 1401 change them */
	map_buffer(other, 0, PAGE);
	status(other, 0);
	assert_set();
	assert_int_equal(call(other, CED1401_IOC_CLAIM, NULL), 0);
	assert_at_rest();
	/* What is reset at a close is not left */
	close(other);
	sleep_ms(200);
	other = open_session(0);
	assert_int_equal(status(other, 0).link, CED1401_LINK_POWER | CED1401_LINK_CABLE);
}

struct family {
	int up, down;
	bool plays;
};

/* Has a child that keeps its file and its mapping, and waits to be killed */
static void sets_and_has_a_child(void *arg)
{
	struct family *f = arg;
	uint8_t *p;
	int fd = open(device(), O_RDWR);
	pid_t pid;

	child_check(fd >= 0);
	p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, CED1401_BUF_OFFSET(1));
	child_check(p != MAP_FAILED);
	p[0] = 42;
	if (f->plays)
		play_on(fd);
	else
		expect(fd, VOLTS, "0,0");
	pid = fork();
	child_check(pid >= 0);
	if (!pid) {
		tell(f->up, 'r');
		child_check(told(f->down, 20000) == 'g');
		child_check(p[0] == 42);
		tell(f->up, 'w');
		_exit(0);
	}
	for (;;)
		pause();
}

static void after_a_kill(bool plays)
{
	struct family f = { .plays = plays };
	int up[2], down[2];
	pid_t pid;

	make_pipe(up);
	make_pipe(down);
	f.up = up[1];
	f.down = down[0];
	pid = child(sets_and_has_a_child, &f);
	assert_int_equal(told(up[0], 10000), 'r');
	assert_int_not_equal(card_property("dac0"), 0);
	assert_int_not_equal(card_property("digout"), 0);
	kill_child(pid);
	assert_at_rest();
	/* What lives on of it is well, and was there all the time */
	tell(down[1], 'g');
	assert_int_equal(told(up[0], 5000), 'w');
	assert_at_rest();
}

static void sigkill_puts_them_to_rest_although_a_child_lives_on(void **state)
{
	(void)state;
	after_a_kill(false);
}

static void sigkill_ends_what_plays(void **state)
{
	(void)state;
	after_a_kill(true);
}

/* "unbind" or "bind" this card */
static void tell_driver(const char *what)
{
	const char *number = strrchr(device(), '_');
	char name[20];
	size_t n = snprintf(name, sizeof(name), "ced1401.%s",
			    number ? number + 1 : "0");
	char path[60];
	int fd;

	snprintf(path, sizeof(path), DRIVER "%s", what);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, name, n) != (ssize_t)n)
		fail_msg("%s: %s", path, strerror(errno));
	close(fd);
}

static void unbind_puts_them_to_rest_if_someone_has_the_1401(void **state)
{
	int fd = open_and_set();

	(void)state;
	tell_driver("unbind");
	assert_at_rest();
	tell_driver("bind");
	close(fd);
	fd = open_and_set();
	assert_int_equal(call(fd, CED1401_IOC_RELEASE, NULL), 0);
	tell_driver("unbind");
	assert_set();
	tell_driver("bind");
	assert_set();
	close(fd);
	fd = open_session(0);
	assert_well(fd);
	assert_at_rest();
}

static void the_library_resets_what_is_not_idle(void **state)
{
	int fd = open_and_set();

	(void)state;
	/* It is well and idle: nothing happens, unless 41 asked for it */
	assert_int_equal(ioctl(fd, CEDIOC_RESET), 0);
	assert_set();
	assert_int_equal(ioctl(fd, CEDIOC_FULL_RESET), 0);
	assert_set();
	assert_int_equal(ioctl(fd, CEDIOC_RESET), 0);
	assert_at_rest();
	expect(fd, VOLTS, "0,0");
	assert_int_equal(ioctl(fd, CEDIOC_START_TEST), 0);
	assert_at_rest();
	sleep_ms(300);
	expect(fd, VOLTS, "0,0");
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	assert_at_rest();
}

static void the_end_of_a_transfer_leaves_them(void **state)
{
	int fd = open_and_set();
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, IN_NOW, 0, PAGE, 0);
	stop(fd, id);
	assert_set();
	/* A request that nobody serves */
	say(fd, "TOHOST,0,100,0,5;");
	sleep_ms(100);
	assert_int_equal(status(fd, 0).refused, 1);
	assert_set();
}

/* Samples played, and clocks with nothing to play */
static void ask_xfout(int fd, unsigned long long *played,
		      unsigned long long *dry)
{
	char line[64];

	say(fd, "XFOUT,?;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	if (sscanf(line, "%llu,%llu", played, dry) != 2)
		fail_msg("XFOUT replies \"%s\"", line);
}

static void put(uint8_t *p, unsigned int i, int16_t value)
{
	memcpy(p + 2 * i, &value, 2);
}

/* 1000 ticks a second, so that nobody is too slow to see them counted */
static void xfout_that_runs_dry_holds_and_counts(void **state)
{
	unsigned long long played, dry, later, all = 0;
	int fd = open_session(0), round;
	uint8_t *p = map_buffer(fd, 0, PAGE);
	uint32_t id;

	(void)state;
	for (round = 0; round < 3; round++) {
		int16_t left = 20001 - 15000 * round, right = -7 - round;
		/* The clock goes by the guest's time, and the reply takes some */
		uint64_t before, after, outer, inner;
		unsigned int i, frames = 300 + round;

		for (i = 0; i < frames; i++) {
			put(p, 2 * i, left - (int)(frames - 1 - i));
			put(p, 2 * i + 1, right + (int)(frames - 1 - i));
		}
		id = start(fd, 0, OUT_NOW, 0, 4 * frames, 0);
		if (!round)
			say(fd, "XFOUT,0 1,H,40,100;");
		assert_int_equal(wait_end(fd, id, 5000).state,
				 CED1401_STATE_DONE);
		all += 2 * frames;
		before = now_ns() + 10 * slow() * SECOND;
		do {
			assert_true(now_ns() < before);
			sleep_ms(20);
			ask_xfout(fd, &played, &dry);
		} while (played < all);
		assert_int_equal(played, all);
		before = now_ns();
		ask_xfout(fd, &played, &dry);
		inner = now_ns();
		assert_int_equal(card_property("dac0"), left);
		assert_int_equal(card_property("dac1"), right);
		sleep_ms(400);
		after = now_ns();
		ask_xfout(fd, &played, &later);
		outer = now_ns() - before;
		inner = after - inner;
		/* A clock each ms, and one more at either end of what is measured */
		assert_in_range(later - dry, inner / MS - 5, outer / MS + 5);
		assert_int_equal(played, all);
		assert_int_equal(card_property("dac0"), left);
		assert_int_equal(card_property("dac1"), right);
	}
	/* Nor does its end, nor the transfer's, move them */
	say(fd, "XFOUT,K;");
	assert_well(fd);
	ask_xfout(fd, &played, &later);
	sleep_ms(100);
	ask_xfout(fd, &played, &dry);
	assert_int_equal(dry, later);
	assert_int_equal(played, all);
	assert_int_equal(card_property("dac0"), 20001 - 15000 * 2);
	close(fd);
	assert_at_rest();
}

static void stop_of_a_stream_holds_the_last_value(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, PAGE);
	unsigned long long played, dry;
	unsigned int i;
	uint32_t id;

	(void)state;
	for (i = 0; i < PAGE / 2; i++)
		put(p, i, 4321);
	id = start_ring(fd, 0, OUT_NOW, 0, PAGE, 0, 1);
	say(fd, "XFOUT,0,H,40,10;");
	sleep_ms(300);
	assert_true(stop(fd, id).bytes > 0);
	/* The FIFO plays on until it is empty, and then the value stays */
	for (i = 0; i < 200; i++) {
		assert_int_equal(card_property("dac0"), 4321);
		ask_xfout(fd, &played, &dry);
		if (dry)
			break;
		sleep_ms(20);
	}
	assert_true(dry > 0);
	assert_int_equal(card_property("dac0"), 4321);
	close(fd);
	assert_at_rest();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_close_puts_them_to_rest),
		TEST(a_close_ends_what_plays),
		TEST(release_leaves_them),
		TEST(sigkill_puts_them_to_rest_although_a_child_lives_on),
		TEST(sigkill_ends_what_plays),
		TEST(unbind_puts_them_to_rest_if_someone_has_the_1401),
		TEST(the_library_resets_what_is_not_idle),
		TEST(the_end_of_a_transfer_leaves_them),
		TEST(xfout_that_runs_dry_holds_and_counts),
		TEST(stop_of_a_stream_holds_the_last_value),
	};

	return RUN(tests);
}
