// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who has the 1401: claiming it, waiting for it, giving it up, losing it.
 */
#define _GNU_SOURCE
#include "common.h"

#include <linux/ced1401-ced.h>

#define NOW_IN	(CED1401_TO_HOST | CED1401_NOW)
#define ASK_IN	(CED1401_TO_HOST | CED1401_ON_REQUEST)

static bool mine(int fd)
{
	return status(fd, 0).link & CED1401_LINK_MINE;
}

static bool another_has_it(int fd)
{
	return status(fd, 0).link & CED1401_LINK_OTHER;
}

static void claim(int fd)
{
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), 0);
}

static void release(int fd)
{
	assert_int_equal(call(fd, CED1401_IOC_RELEASE, NULL), 0);
}

static void the_first_write_claims(void **state)
{
	int a = open_session(0), b = open_session(0);

	(void)state;
	assert_false(mine(a));
	assert_well(a);
	assert_true(mine(a));
	assert_false(another_has_it(a));
	assert_true(another_has_it(b));
	assert_false(mine(b));
}

static void claim_and_a_now_transfer_claim_too(void **state)
{
	int fd = open_session(0);
	uint32_t id;

	(void)state;
	claim(fd);
	assert_true(mine(fd));
	claim(fd);		/* once more does no harm */
	release(fd);
	assert_false(mine(fd));
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, NOW_IN, 0, PAGE, 0);
	assert_true(mine(fd));
	stop(fd, id);
}

static void arming_an_area_or_reading_does_not_claim(void **state)
{
	int fd = open_session(O_NONBLOCK);
	char c;

	(void)state;
	map_buffer(fd, 0, PAGE);
	start(fd, 0, ASK_IN, 0, PAGE, 0);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(poll_for(fd, POLLIN, 0), 0);
	assert_false(mine(fd));
}

static void a_nonblocking_file_does_not_wait(void **state)
{
	int a = open_session(0), b = open_session(O_NONBLOCK);

	(void)state;
	claim(a);
	map_buffer(b, 0, PAGE);
	assert_int_equal(call(b, CED1401_IOC_CLAIM, NULL), EAGAIN);
	assert_int_equal(write(b, ";", 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(start_error(b, 0, NOW_IN, 0, PAGE, 0, NULL), EAGAIN);
	assert_int_equal(poll_for(b, POLLOUT, 0), 0);
	release(a);
	assert_int_equal(poll_for(b, POLLOUT, 1000), POLLOUT);
	assert_well(b);
}

static void poll_wakes_when_the_1401_is_free(void **state)
{
	int a = open_session(0), b = open_session(O_NONBLOCK);
	pid_t pid;
	int result;

	(void)state;
	claim(a);
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(poll_for(b, POLLOUT, 10000) & POLLOUT ? 0 : 1);
	assert_true(is_asleep(pid, 5000));
	release(a);
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_int_equal(result, 0);
}

static void only_the_holder_can_release_or_reset(void **state)
{
	int a = open_session(0), b = open_session(0);

	(void)state;
	assert_int_equal(call(a, CED1401_IOC_RELEASE, NULL), EBUSY);
	claim(a);
	assert_int_equal(call(b, CED1401_IOC_RELEASE, NULL), EBUSY);
	assert_int_equal(call(b, CED1401_IOC_RESET, NULL), EBUSY);
	assert_true(mine(a));
	release(a);
	assert_int_equal(call(a, CED1401_IOC_RELEASE, NULL), EBUSY);
}

static void reset_claims_a_free_1401(void **state)
{
	int fd = open_session(0);

	(void)state;
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	assert_true(mine(fd));
}

struct waiter {
	int up;
	char name;
	int down;
	bool by_write;
};

/* Claims, says its name, lets go when told */
static void waits_for_its_turn(void *arg)
{
	struct waiter *w = arg;
	int fd = open(device(), O_RDWR);

	child_check(fd >= 0);
	if (w->by_write)
		child_check(write(fd, ";", 1) == 1);
	else
		child_check(ioctl(fd, CED1401_IOC_CLAIM) == 0);
	tell(w->up, w->name);
	child_check(told(w->down, 20000) == 'g');
	child_check(ioctl(fd, CED1401_IOC_RELEASE) == 0);
}

static void waiters_are_served_in_order_of_arrival(void **state)
{
	int fd = open_session(0), up[2], down[2];
	pid_t pids[4];
	unsigned int i;

	(void)state;
	make_pipe(up);
	make_pipe(down);
	claim(fd);
	for (i = 0; i < LENGTH(pids); i++) {
		struct waiter w = {
			.up = up[1], .down = down[0], .name = 'A' + i,
			.by_write = i & 1,
		};

		pids[i] = child(waits_for_its_turn, &w);
		assert_true(is_asleep(pids[i], 5000));
	}
	assert_int_equal(told(up[0], 200), 0);
	release(fd);
	for (i = 0; i < LENGTH(pids); i++) {
		assert_int_equal(told(up[0], 5000), 'A' + i);
		assert_int_equal(told(up[0], 100), 0);
		tell(down[1], 'g');
		assert_child_well(pids[i]);
	}
}

static void whoever_asks_later_does_not_overtake(void **state)
{
	int fd = open_session(0), up[2], down[2], late;
	struct waiter w;
	pid_t pid;

	(void)state;
	make_pipe(up);
	make_pipe(down);
	w = (struct waiter){ .up = up[1], .down = down[0], .name = 'A' };
	claim(fd);
	pid = child(waits_for_its_turn, &w);
	assert_true(is_asleep(pid, 5000));
	release(fd);
	late = open_session(O_NONBLOCK);
	/* Whether or not the waiter has woken yet */
	assert_int_equal(call(late, CED1401_IOC_CLAIM, NULL), EAGAIN);
	assert_int_equal(told(up[0], 5000), 'A');
	tell(down[1], 'g');
	assert_child_well(pid);
}

static void a_killed_waiter_gives_way(void **state)
{
	int fd = open_session(0), up[2], down[2];
	struct waiter w;
	pid_t first, second;

	(void)state;
	make_pipe(up);
	make_pipe(down);
	w = (struct waiter){ .up = up[1], .down = down[0], .name = 'A' };
	claim(fd);
	first = child(waits_for_its_turn, &w);
	assert_true(is_asleep(first, 5000));
	w.name = 'B';
	second = child(waits_for_its_turn, &w);
	assert_true(is_asleep(second, 5000));
	kill_child(first);
	release(fd);
	assert_int_equal(told(up[0], 5000), 'B');
	tell(down[1], 'g');
	assert_child_well(second);
}

static void the_holders_end_wakes_a_waiter(void **state)
{
	int fd = open_session(0), up[2], down[2];
	struct waiter w;
	pid_t holder, waiter;

	(void)state;
	make_pipe(up);
	make_pipe(down);
	close(fd);
	w = (struct waiter){ .up = up[1], .down = down[0], .name = 'A' };
	holder = child(waits_for_its_turn, &w);
	assert_int_equal(told(up[0], 5000), 'A');
	w.name = 'B';
	waiter = child(waits_for_its_turn, &w);
	assert_true(is_asleep(waiter, 5000));
	kill_child(holder);
	assert_int_equal(told(up[0], 5000), 'B');
	tell(down[1], 'g');
	assert_child_well(waiter);
}

static void release_stops_the_sessions_transfers(void **state)
{
	int fd = open_session(0);
	struct ced1401_status s;
	uint32_t armed, running;

	(void)state;
	map_buffer(fd, 0, 2 * PAGE);
	armed = start(fd, 0, ASK_IN, 0, PAGE, 0);
	running = start(fd, 0, NOW_IN, PAGE, PAGE, 0);
	assert_int_equal(status(fd, running).state, CED1401_STATE_RUNNING);
	release(fd);
	s = status(fd, armed);
	assert_int_equal(s.state, CED1401_STATE_FAILED);
	assert_int_equal(s.error, -ECANCELED);
	s = status(fd, running);
	assert_int_equal(s.state, CED1401_STATE_FAILED);
	assert_int_equal(s.error, -ECANCELED);
}

static void reset_stops_the_sessions_transfers(void **state)
{
	int fd = open_session(0);
	uint32_t armed, running;

	(void)state;
	map_buffer(fd, 0, 2 * PAGE);
	armed = start(fd, 0, ASK_IN, 0, PAGE, 0);
	running = start(fd, 0, NOW_IN, PAGE, PAGE, 0);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	assert_int_equal(status(fd, armed).error, -ECANCELED);
	assert_int_equal(status(fd, running).error, -ECANCELED);
	assert_true(mine(fd));
	assert_well(fd);
}

static void release_leaves_the_1401_as_it_is(void **state)
{
	int fd = open_session(0);
	char line[32];

	(void)state;
	say(fd, "NOSUCHCMD;");
	expect(fd, "ADCMEM,I,2,0,65536,0,0,H,100,100;ADCMEM,?;", "1");
	release(fd);
	sleep_ms(50);
	/* Nobody else came between: it still runs, and knows of its error */
	expect(fd, "ADCMEM,?;", "1");
	say(fd, "ADCMEM,K;ERR;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_int_equal(atoi(line), 255);
}

static void the_next_session_finds_a_reset_1401(void **state)
{
	int a = open_session(0), b = open_session(0);

	(void)state;
	expect(a, "ADCMEM,I,2,0,65536,0,0,H,100,100;ADCMEM,?;", "1");
	say(a, "NOSUCHCMD;");
	release(a);
	expect(b, "ADCMEM,?;", "0");
	assert_well(b);
}

static void the_next_session_finds_no_characters(void **state)
{
	int a = open_session(0), b = open_session(O_NONBLOCK);
	char c;

	(void)state;
	say(a, "ERR;ERR;ERR;");
	assert_true(poll_for(a, POLLIN, REPLY_MS) & POLLIN);
	say(a, "E");			/* and half a command */
	release(a);
	assert_int_equal(call(b, CED1401_IOC_CLAIM, NULL), 0);
	assert_int_equal(poll_for(b, POLLIN, 200), 0);
	assert_int_equal(read(b, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_well(b);
	/* Nor does the first one get the other's replies */
	say(b, "ERR;");
	assert_int_equal(poll_for(a, POLLIN, 300) & POLLIN, 0);
	drain(b, 300);
}

static void handing_over_stops_what_was_armed(void **state)
{
	int a = open_session(0), b = open_session(0);
	uint8_t *p = map_buffer(a, 0, PAGE);
	struct ced1401_status s;
	uint32_t id;

	(void)state;
	claim(a);
	id = start(a, 0, ASK_IN, 0, PAGE, 0);
	release(a);
	/* Its area is not served for the other session */
	say(b, "TOHOST,0,%u,0,0;", PAGE);
	sleep_ms(300);
	s = status(b, 0);
	assert_true(s.events & CED1401_EVENT_STRAY);
	assert_int_equal(s.refused, 1);
	assert_all(p, PAGE, 0);
	assert_int_equal(status(a, id).bytes, 0);
}

static void an_area_is_not_served_while_another_has_the_1401(void **state)
{
	int a = open_session(0), b = open_session(0);
	uint8_t *p = map_buffer(a, 0, PAGE);
	uint32_t id;

	(void)state;
	assert_well(b);
	id = start(a, 0, ASK_IN, 0, PAGE, 0);
	say(b, "TOHOST,0,%u,0,0;", PAGE);
	sleep_ms(300);
	assert_int_equal(status(b, 0).refused, 1);
	assert_int_equal(status(a, id).state, CED1401_STATE_ARMED);
	assert_int_equal(status(a, id).bytes, 0);
	assert_all(p, PAGE, 0);
}

static void closing_a_dup_keeps_the_1401(void **state)
{
	int fd = open_session(0), again = dup(fd);

	(void)state;
	claim(fd);
	close(again);
	assert_true(mine(fd));
}

struct family {
	int fd, up, down;
	uint8_t *p;
};

static void lives_with_the_file(void *arg)
{
	struct family *f = arg;

	tell(f->up, 'r');
	child_check(told(f->down, 20000) == 'g');
	child_check(f->p[0] == 42);
}

static void closing_lets_go_although_a_child_lives_on(void **state)
{
	struct family f = { .fd = open_session(0) };
	int up[2], down[2], other = open_session(O_NONBLOCK);
	pid_t pid;

	(void)state;
	make_pipe(up);
	make_pipe(down);
	f.up = up[1];
	f.down = down[0];
	f.p = map_buffer(f.fd, 0, PAGE);
	f.p[0] = 42;
	claim(f.fd);
	pid = child(lives_with_the_file, &f);
	assert_int_equal(told(up[0], 5000), 'r');
	assert_int_equal(call(other, CED1401_IOC_CLAIM, NULL), EAGAIN);
	close(f.fd);
	assert_int_equal(call(other, CED1401_IOC_CLAIM, NULL), 0);
	tell(down[1], 'g');
	assert_child_well(pid);
}

static void a_child_that_closes_does_not_let_go(void **state)
{
	int fd = open_session(0), result;
	pid_t pid;

	(void)state;
	claim(fd);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(fd);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_true(mine(fd));
	assert_well(fd);
}

/* Claims, starts the 1401, has a child, and waits to be killed */
static void claims_and_has_a_child(void *arg)
{
	struct family *f = arg;
	static const char run[] = "NOSUCHCMD;ADCMEM,I,2,0,65536,0,0,H,100,100;";
	pid_t grandchild;

	f->fd = open(device(), O_RDWR);
	child_check(f->fd >= 0);
	f->p = mmap(NULL, PAGE, RW, MAP_SHARED, f->fd, 0);
	child_check(f->p != MAP_FAILED);
	f->p[0] = 42;
	child_check(write(f->fd, run, strlen(run)) == (ssize_t)strlen(run));
	grandchild = fork();
	child_check(grandchild >= 0);
	if (!grandchild) {
		lives_with_the_file(f);
		tell(f->up, 'w');
		_exit(0);
	}
	for (;;)
		pause();
}

static void sigkill_lets_go_although_a_mapping_lives_on(void **state)
{
	struct family f = { 0 };
	int up[2], down[2], other = open_session(O_NONBLOCK);
	long resets;
	pid_t pid;

	(void)state;
	make_pipe(up);
	make_pipe(down);
	f.up = up[1];
	f.down = down[0];
	pid = child(claims_and_has_a_child, &f);
	assert_int_equal(told(up[0], 5000), 'r');
	assert_int_equal(call(other, CED1401_IOC_CLAIM, NULL), EAGAIN);
	resets = sysfs_number("statistics/resets");
	kill_child(pid);
	/* There may be a subject at the other end: reset at once, unasked */
	assert_int_equal(sysfs_number("statistics/resets"), resets + 1);
	assert_int_equal(call(other, CED1401_IOC_CLAIM, NULL), 0);
	expect(other, "ADCMEM,?;", "0");
	assert_well(other);
	tell(down[1], 'g');
	assert_int_equal(told(up[0], 5000), 'w');
}

static void a_close_resets_the_1401_at_once(void **state)
{
	int fd = open_session(0), other = open_session(0);
	long resets;

	(void)state;
	expect(fd, "ADCMEM,I,2,0,65536,0,0,H,100,100;ADCMEM,?;", "1");
	resets = sysfs_number("statistics/resets");
	close(fd);
	assert_int_equal(sysfs_number("statistics/resets"), resets + 1);
	expect(other, "ADCMEM,?;", "0");
}

static void release_then_close_resets_nothing(void **state)
{
	int fd = open_session(0);
	long resets;

	(void)state;
	assert_well(fd);
	release(fd);
	resets = sysfs_number("statistics/resets");
	close(fd);
	assert_int_equal(sysfs_number("statistics/resets"), resets);
}

static void a_session_that_never_held_it_resets_nothing(void **state)
{
	int fd = open_session(0), other = open_session(0);

	(void)state;
	expect(fd, "ADCMEM,I,2,0,65536,0,0,H,100,100;ADCMEM,?;", "1");
	map_buffer(other, 0, PAGE);
	close(other);
	expect(fd, "ADCMEM,?;", "1");
	say(fd, "ADCMEM,K;");
	assert_well(fd);
}

static void writes_more_than_is_taken(void *arg)
{
	char text[4000];

	memset(text, ';', sizeof(text));
	child_check(write(*(int *)arg, text, sizeof(text)) < (ssize_t)sizeof(text));
}

/* The 1401 takes no characters while its request waits for room in an empty ring */
static void release_ends_a_write_that_waits(void **state)
{
	struct cedioc_desc desc = { .area = 2, .length = PAGE };
	int fd = open_session(0);
	pid_t pid;

	(void)state;
	desc.address = (uintptr_t)map_buffer(fd, 0, PAGE);
	assert_int_equal(ioctl(fd, CEDIOC_SET_CIRCULAR, &desc), 0);
	say(fd, "TO1401,0,100,0,2;");
	sleep_ms(50);
	pid = child(writes_more_than_is_taken, &fd);
	assert_true(is_asleep(pid, 5000));
	sleep_ms(100);
	release(fd);
	assert_child_well(pid);
}

static void reads_a_reply(void *arg)
{
	char text[20];

	child_check(read(*(int *)arg, text, sizeof(text)) >= 4);
	child_check(!memcmp(text, "0,0\r", 4));
}

/* What came before RELEASE is there when the same session has the 1401 again */
static void claiming_again_ends_a_read_that_waits(void **state)
{
	int fd = open_session(0);
	pid_t pid;

	(void)state;
	say(fd, "ERR;");
	assert_int_equal(poll_for(fd, POLLIN, REPLY_MS), POLLIN);
	sleep_ms(100);
	release(fd);
	pid = child(reads_a_reply, &fd);
	assert_true(is_asleep(pid, 5000));
	claim(fd);
	assert_child_well(pid);
}

/* Mostly nothing, so that the 1401 goes on taking it though nobody reads its replies */
static void says_a_lot(void *arg)
{
	static char text[16 * KIB];
	size_t i;

	memset(text, ';', sizeof(text));
	for (i = 0; i < sizeof(text); i += 64)
		memcpy(text + i, "ERR", 3);
	write(*(int *)arg, text, sizeof(text));
	pause();
}

static void resets(void *arg)
{
	ioctl(*(int *)arg, CED1401_IOC_RESET);
	pause();
}

/* A thread goes on writing amid another's RESET, and a third gives the 1401 up */
static void what_is_written_amid_a_reset_goes_with_the_session(void **state)
{
	unsigned int i, rounds = rounds_of(60);
	uint32_t chance = chance_seed();
	pid_t writer, resetter;
	int fd, other;

	(void)state;
	for (i = 0; i < rounds; i++) {
		fd = open_session(0);
		other = open_session(0);
		claim(fd);
		writer = child(says_a_lot, &fd);
		sleep_ms(8 + below(&chance, 12));
		resetter = child(resets, &fd);
		usleep(500 + below(&chance, 8000));
		call(fd, CED1401_IOC_RELEASE, NULL);
		/* Whichever comes late takes the 1401 for itself, and is reset with its end */
		kill_child(writer);
		kill_child(resetter);
		close(fd);
		/* Whose turn it is now hears nothing that he did not ask for */
		claim(other);
		assert_int_equal(poll_for(other, POLLIN, 30), 0);
		close(other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_write_claims),
		TEST(claim_and_a_now_transfer_claim_too),
		TEST(arming_an_area_or_reading_does_not_claim),
		TEST(a_nonblocking_file_does_not_wait),
		TEST(poll_wakes_when_the_1401_is_free),
		TEST(only_the_holder_can_release_or_reset),
		TEST(reset_claims_a_free_1401),
		TEST(waiters_are_served_in_order_of_arrival),
		TEST(whoever_asks_later_does_not_overtake),
		TEST(a_killed_waiter_gives_way),
		TEST(the_holders_end_wakes_a_waiter),
		TEST(release_stops_the_sessions_transfers),
		TEST(reset_stops_the_sessions_transfers),
		TEST(release_leaves_the_1401_as_it_is),
		TEST(the_next_session_finds_a_reset_1401),
		TEST(the_next_session_finds_no_characters),
		TEST(handing_over_stops_what_was_armed),
		TEST(an_area_is_not_served_while_another_has_the_1401),
		TEST(closing_a_dup_keeps_the_1401),
		TEST(closing_lets_go_although_a_child_lives_on),
		TEST(a_child_that_closes_does_not_let_go),
		TEST(sigkill_lets_go_although_a_mapping_lives_on),
		TEST(a_close_resets_the_1401_at_once),
		TEST(release_then_close_resets_nothing),
		TEST(a_session_that_never_held_it_resets_nothing),
		TEST(release_ends_a_write_that_waits),
		TEST(claiming_again_ends_a_read_that_waits),
		TEST(what_is_written_amid_a_reset_goes_with_the_session),
	};

	return RUN(tests);
}
