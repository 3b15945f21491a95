// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The 1401 is switched off, or its cable pulled, while programs use it, and comes
 * back: what they hear of it, and that all works again without loading anything.
 * Runs as root, on cards with realtime=on.
 */
#define _GNU_SOURCE
#include "common.h"

#include <linux/ced1401-ced.h>

#define OUT_ASK	(CED1401_TO_1401 | CED1401_ON_REQUEST)
#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define SIZE	(100 * KIB)
#define GONE	(CED1401_LINK_POWER | CED1401_LINK_CABLE)
#define NEWS	(POLLPRI | POLLERR)

/* One of the two ways to lose it */
struct way {
	const char *property;
	unsigned int flag;
	int code;
};

static const struct way ways[] = {
	{ "power", CED1401_LINK_POWER, CEDERR_OFF },
	{ "cable", CED1401_LINK_CABLE, CEDERR_NOT_CONNECTED },
};

/* Both on, whatever a test that failed has left */
static int online_begins(void **state)
{
	set_card_property("cable", true);
	set_card_property("power", true);
	sleep_ms(300);
	return test_begins(state);
}

#define OFFLINE_TEST(f)	cmocka_unit_test_setup_teardown(f, online_begins, \
							test_ends)

static int revents(int fd, int ms)
{
	return poll_for(fd, POLLPRI, ms);
}

static void await_event(int fd, unsigned int event)
{
	uint64_t end = now_ns() + 5 * slow() * SECOND;

	while (!(status(fd, 0).events & event)) {
		if (now_ns() > end)
			fail_msg("event 0x%x does not come", event);
		sleep_ms(5);
	}
}

/* There and back through the 1401's memory, compared */
static void works(int fd)
{
	uint8_t *p = map_buffer(fd, 5, SIZE), *q = map_buffer(fd, 6, SIZE);
	uint32_t out, in;

	fill(p, SIZE, now_ns() / 1000);
	memset(q, 0, SIZE);
	out = start(fd, 5, OUT_ASK, 0, SIZE, 5);
	in = start(fd, 6, IN_ASK, 0, SIZE, 6);
	to_1401(fd, 5, 0, SIZE, 0);
	to_host(fd, 6, 0, SIZE, 0);
	assert_same(q, p, SIZE);
	stop(fd, out);
	stop(fd, in);
	unmap(p, SIZE);
	unmap(q, SIZE);
}

static void transfers_end_and_all_comes_back(void **state)
{
	const struct way *way;

	(void)state;
	for (way = ways; way < ways + LENGTH(ways); way++) {
		int fd = open_session(O_NONBLOCK), other = open_session(0);
		struct ced1401_status s;
		uint32_t stream, armed, moving;
		char c;

		map_buffer(fd, 0, 3 * SIZE);
		works(fd);
		expect(fd, "DAC,0 999;DIG,O,5;ERR;", "0,0");
		stream = start_ring(fd, 0, IN_NOW, 0, SIZE, 0, 1);
		armed = start(fd, 0, IN_ASK, SIZE, SIZE, 0);
		moving = start_ring(fd, 0, OUT_ASK, 2 * SIZE, SIZE, 1, 1);
		say(fd, "XFIFO,0 1,H,4,40;");
		sleep_ms(100);
		/* A block that waits for its ring */
		say(fd, "TO1401,0,%u,0,1;TO1401,0,1000,0,1;", SIZE);
		sleep_ms(300);
		assert_true(status(fd, stream).bytes > 0);
		assert_int_equal(status(fd, moving).state,
				 CED1401_STATE_WAITING);
		status(fd, armed);
		status(fd, 0);
		assert_int_equal(revents(fd, 0) & POLLERR, 0);

		set_card_property(way->property, false);
		assert_int_equal(revents(fd, 2000) & NEWS, NEWS);
		s = status(fd, 0);
		assert_true(s.events & CED1401_EVENT_OFFLINE);
		assert_false(s.events & CED1401_EVENT_RESET);
		assert_int_equal(s.link & GONE, GONE & ~way->flag);
		assert_true(s.link & CED1401_LINK_MINE);
		s = status(fd, stream);
		assert_int_equal(s.state, CED1401_STATE_FAILED);
		assert_int_equal(s.error, -ENODEV);
		assert_true(s.bytes > 0);
		assert_int_equal(status(fd, armed).error, -ENODEV);
		assert_int_equal(status(fd, moving).error, -ENODEV);
		assert_int_equal(write(fd, ";", 1), -1);
		assert_int_equal(errno, ENODEV);
		assert_int_equal(start_error(fd, 0, IN_NOW, 0, SIZE, 0, NULL),
				 ENODEV);
		assert_int_equal(poll_for(fd, POLLOUT, 0) & POLLOUT, 0);
		assert_int_equal(ioctl(fd, CEDIOC_STATE), -1);
		assert_int_equal(errno, way->code);
		assert_int_equal(ioctl(fd, CEDIOC_TYPE), sysfs_number("type"));

		set_card_property(way->property, true);
		await_event(fd, CED1401_EVENT_RESET);
		assert_true(status(other, 0).events & CED1401_EVENT_OFFLINE);
		assert_int_equal(status(fd, 0).link & GONE, GONE);
		assert_int_equal(card_property("dac0"), 0);
		assert_int_equal(card_property("digout"), 0);
		assert_int_equal(read(fd, &c, 1), -1);
		assert_int_equal(errno, EAGAIN);
		expect(fd, "XFIFO,?;", "0,0");
		works(fd);
		assert_int_equal(revents(fd, 0) & POLLERR, 0);
		close(fd);
		works(other);
		close(other);
	}
}

/* Those of CED's library stay, and serve again */
static void areas_stay(void **state)
{
	uint8_t *memory = malloc(5000);
	const struct way *way;

	(void)state;
	for (way = ways; way < ways + LENGTH(ways); way++) {
		struct cedioc_desc desc = {
			.address = (uintptr_t)memory, .length = 5000, .area = 2,
		};
		struct cedioc_desc ring = {
			.address = (uintptr_t)memory, .length = 5000, .area = 3,
		};
		int fd = open_session(0);

		assert_int_equal(ioctl(fd, CEDIOC_SET_AREA, &desc), 0);
		/* An empty one, for a block that waits meanwhile */
		assert_int_equal(ioctl(fd, CEDIOC_SET_CIRCULAR, &ring), 0);
		fill(memory, 5000, 3);
		to_1401(fd, 2, 0, 5000, 0);
		say(fd, "TO1401,0,100,0,3;");
		sleep_ms(50 * slow());
		assert_int_equal(ioctl(fd, CEDIOC_UNSET_AREA, 3), -1);
		assert_int_equal(errno, CEDERR_UNLOCK);
		set_card_property(way->property, false);
		await_event(fd, CED1401_EVENT_OFFLINE);
		assert_int_equal(ioctl(fd, CEDIOC_UNSET_AREA, 3), 0);
		set_card_property(way->property, true);
		await_event(fd, CED1401_EVENT_RESET);
		to_1401(fd, 2, 0, 5000, 0);
		memset(memory, 0, 5000);
		to_host(fd, 2, 0, 5000, 0);
		assert_filled(memory, 5000, 3);
		close(fd);
	}
	free(memory);
}

struct sleeper {
	int fd, up;
	uint32_t id;
	bool reads;
};

static void sleeps_until_it_goes(void *arg)
{
	struct sleeper *s = arg;
	struct ced1401_wait w = { .id = s->id };
	char c;

	tell(s->up, 'r');
	if (s->reads) {
		child_check(read(s->fd, &c, 1) == -1);
		child_check(errno == ENODEV);
	} else if (!ioctl(s->fd, CED1401_IOC_WAIT, &w)) {
		child_check(w.state == CED1401_STATE_FAILED);
	} else {
		child_check(errno == ENODEV);
	}
}

static void sleepers_wake(void **state)
{
	const struct way *way;
	unsigned int kind;
	int up[2];

	(void)state;
	make_pipe(up);
	for (way = ways; way < ways + LENGTH(ways); way++) {
		for (kind = 0; kind < 2; kind++) {
			struct sleeper s = { .fd = open_session(0),
					     .up = up[1], .reads = kind };
			pid_t pid;

			map_buffer(s.fd, 0, PAGE);
			assert_well(s.fd);
			s.id = start(s.fd, 0, IN_ASK, 0, PAGE, 0);
			pid = child(sleeps_until_it_goes, &s);
			assert_int_equal(told(up[0], 5000), 'r');
			assert_true(is_asleep(pid, 5000));
			set_card_property(way->property, false);
			assert_child_well(pid);
			set_card_property(way->property, true);
			await_event(s.fd, CED1401_EVENT_RESET);
			works(s.fd);
			close(s.fd);
		}
	}
}

/* The cable is plugged in again: who has the 1401 next has it reset. That one's descriptor */
static int is_reset_for_the_next(void)
{
	long resets;
	int fd;

	set_card_property("cable", true);
	resets = sysfs_number("statistics/resets");
	fd = open_session(0);
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), 0);
	assert_int_equal(sysfs_number("statistics/resets"), resets + 1);
	return fd;
}

/* The cable was out when its session ended, so that no reset reached the 1401 */
static void what_no_reset_reached_is_reset_for_the_next(void **state)
{
	int fd = open_session(0);

	(void)state;
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), 0);
	set_card_property("cable", false);
	await_event(fd, CED1401_EVENT_OFFLINE);
	close(fd);
	sleep_ms(300);
	works(is_reset_for_the_next());
}

/*
 * While no file is open nobody looks: another machine may have had the 1401 since it was left
 * reset
 */
static void what_befell_it_while_nobody_looked_is_reset(void **state)
{
	int fd = open_session(0), other;
	unsigned int i;
	long resets;

	(void)state;
	works(fd);
	for (i = 0; i < 2; i++) {
		close(fd);
		set_card_property("cable", false);
		sleep_ms(300);
		fd = is_reset_for_the_next();
	}
	/* Among those who look nothing is reset twice */
	other = open_session(0);
	close(fd);
	resets = sysfs_number("statistics/resets");
	assert_int_equal(call(other, CED1401_IOC_CLAIM, NULL), 0);
	assert_int_equal(sysfs_number("statistics/resets"), resets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFLINE_TEST(transfers_end_and_all_comes_back),
		OFFLINE_TEST(areas_stay),
		OFFLINE_TEST(sleepers_wake),
		OFFLINE_TEST(what_no_reset_reached_is_reset_for_the_next),
		OFFLINE_TEST(what_befell_it_while_nobody_looked_is_reset),
	};

	return RUN(tests);
}
