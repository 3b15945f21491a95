// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The card goes (by unbind) while files, mappings, transfers and sleepers are
 * there, and comes back. Runs as root.
 */
#define _GNU_SOURCE
#include "common.h"

#define DRIVER	"/sys/bus/platform/drivers/ced1401/"
#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define OUT_ASK	(CED1401_TO_1401 | CED1401_ON_REQUEST)
#define SLOW_IN	"XFIFO,0 1,H,4,200;"
#define SIZE	(128 * KIB)

static int tell_driver(const char *what)
{
	char path[100];
	int fd, error;

	snprintf(path, sizeof(path), DRIVER "%s", what);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	error = write(fd, "ced1401.0", 9) == 9 ? 0 : errno;
	close(fd);
	return error;
}

static void unbind(void)
{
	assert_int_equal(tell_driver("unbind"), 0);
	assert_int_equal(access(device(), F_OK), -1);
}

static void bind_again(void)
{
	assert_int_equal(tell_driver("bind"), 0);
	assert_int_equal(access(device(), F_OK), 0);
}

static int bound_begins(void **state)
{
	if (access(device(), F_OK))
		tell_driver("bind");
	return test_begins(state);
}

#define UNPLUG_TEST(f)	cmocka_unit_test_setup_teardown(f, bound_begins, \
							test_ends)

static void every_call_says_enodev(void **state)
{
	struct ced1401_alloc a = { .size = PAGE };
	struct ced1401_stop s = { .id = 1 };
	struct ced1401_status t = { .id = 0 };
	struct ced1401_buf_info b = { .buffer = 0 };
	int fd = open_session(0);
	char c = ';';

	(void)state;
	map_buffer(fd, 0, PAGE);
	unbind();
	assert_int_equal(call(fd, CED1401_IOC_ALLOC, &a), ENODEV);
	assert_int_equal(free_buffer(fd, 0), ENODEV);
	assert_int_equal(call(fd, CED1401_IOC_BUF_INFO, &b), ENODEV);
	assert_int_equal(start_error(fd, 0, IN_ASK, 0, 1, 0, NULL), ENODEV);
	assert_int_equal(call(fd, CED1401_IOC_STOP, &s), ENODEV);
	assert_int_equal(call(fd, CED1401_IOC_STATUS, &t), ENODEV);
	assert_int_equal(wait_error(fd, 0, 0, 0, NULL), ENODEV);
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), ENODEV);
	assert_int_equal(call(fd, CED1401_IOC_RELEASE, NULL), ENODEV);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), ENODEV);
	assert_int_equal(write(fd, &c, 1), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(map_error(fd, CED1401_BUF_OFFSET(1), PAGE, RW,
				   MAP_SHARED), ENODEV);
	assert_int_equal(map_error(fd, 0, PAGE, RW, MAP_SHARED), ENODEV);
	assert_int_equal(poll_for(fd, POLLIN | POLLPRI, 0) &
			 (POLLHUP | POLLERR), POLLHUP | POLLERR);
	bind_again();
}

static void a_stream_ends_and_the_memory_stays(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, SIZE), *was = malloc(SIZE);

	(void)state;
	fill(p, SIZE, 1);
	start(fd, 0, IN_NOW, 0, SIZE, 0);
	say(fd, SLOW_IN);
	sleep_ms(200);
	unbind();
	memcpy(was, p, SIZE);
	sleep_ms(200);
	assert_same(p, was, SIZE);
	/* Still the program's own, to use and to give up in any order */
	fill(p, SIZE, 2);
	close(fd);
	assert_filled(p, SIZE, 2);
	unmap(p, PAGE);
	assert_rest(p, PAGE, SIZE, 2);
	unmap(p + PAGE, SIZE - PAGE);
	bind_again();
	free(was);
}

struct sleeper {
	int fd, up;
	uint32_t id;
};

static void sleeps_in_read(void *arg)
{
	struct sleeper *s = arg;
	char c;

	tell(s->up, 'r');
	child_check(read(s->fd, &c, 1) == -1 && errno == ENODEV);
}

static void sleeps_in_wait(void *arg)
{
	struct sleeper *s = arg;
	struct ced1401_wait w = { .id = s->id };

	tell(s->up, 'r');
	child_check(ioctl(s->fd, CED1401_IOC_WAIT, &w) == -1 &&
		    errno == ENODEV);
}

static void sleeps_in_write(void *arg)
{
	struct sleeper *s = arg;
	int fd = open(device(), O_RDWR);

	child_check(fd >= 0);
	tell(s->up, 'r');
	child_check(write(fd, ";", 1) == -1 && errno == ENODEV);
}

static void sleeps_in_start(void *arg)
{
	struct sleeper *s = arg;
	struct ced1401_start job = { .flags = IN_NOW, .length = PAGE };
	int fd = open(device(), O_RDWR);

	child_check(fd >= 0);
	child_check(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) != MAP_FAILED);
	tell(s->up, 'r');
	child_check(ioctl(fd, CED1401_IOC_START, &job) == -1 &&
		    errno == ENODEV);
}

static void sleeps_in_claim(void *arg)
{
	struct sleeper *s = arg;
	int fd = open(device(), O_RDWR);

	child_check(fd >= 0);
	tell(s->up, 'r');
	child_check(ioctl(fd, CED1401_IOC_CLAIM) == -1 && errno == ENODEV);
}

static void sleeps_in_poll(void *arg)
{
	struct sleeper *s = arg;

	tell(s->up, 'r');
	child_check(poll_for(s->fd, POLLPRI, 20000) & POLLHUP);
}

static void every_sleeper_is_woken(void **state)
{
	static void (*const bodies[])(void *) = {
		sleeps_in_read, sleeps_in_wait, sleeps_in_claim,
		sleeps_in_write, sleeps_in_start, sleeps_in_poll,
	};
	struct sleeper s = { .fd = open_session(0) };
	pid_t pids[LENGTH(bodies)];
	unsigned int i;
	int up[2];

	(void)state;
	make_pipe(up);
	s.up = up[1];
	map_buffer(s.fd, 0, PAGE);
	assert_int_equal(call(s.fd, CED1401_IOC_CLAIM, NULL), 0);
	s.id = start(s.fd, 0, IN_ASK, 0, PAGE, 0);
	for (i = 0; i < LENGTH(bodies); i++) {
		pids[i] = child(bodies[i], &s);
		assert_int_equal(told(up[0], 5000), 'r');
		assert_true(is_asleep(pids[i], 5000));
	}
	unbind();
	for (i = 0; i < LENGTH(bodies); i++)
		assert_child_well(pids[i]);
	bind_again();
}

/* The pages of a card that is gone tell how its transfers ended, for as long as wanted */
static void status_pages_stay(void **state)
{
	const volatile struct ced1401_status_page *status;
	volatile struct ced1401_control_page *control;
	int fd = open_session(0);

	(void)state;
	status = mmap(NULL, CED1401_STATUS_SIZE, PROT_READ, MAP_SHARED, fd,
		      CED1401_STATUS_OFFSET);
	control = mmap(NULL, CED1401_CONTROL_SIZE, RW, MAP_SHARED, fd,
		       CED1401_CONTROL_OFFSET);
	assert_true(status != MAP_FAILED && control != MAP_FAILED);
	map_buffer(fd, 0, PAGE);
	start_ring(fd, 0, IN_NOW, 0, PAGE, 0, 0);
	assert_int_equal(status->slot[0].state, CED1401_STATE_RUNNING);
	unbind();
	assert_int_equal(status->slot[0].state, CED1401_STATE_FAILED);
	assert_int_equal(status->slot[0].error, -ENODEV);
	control->slot[0].consumed = 5;
	assert_int_equal(call(fd, CED1401_IOC_KICK, NULL), ENODEV);
	assert_int_equal(map_error(fd, CED1401_STATUS_OFFSET, PAGE, PROT_READ,
				   MAP_SHARED), ENODEV);
	bind_again();
	close(fd);
	assert_int_equal(status->slot[0].error, -ENODEV);
}

static void all_works_again_after_a_rebind(void **state)
{
	int old = open_session(0), fd;
	uint8_t *p = map_buffer(old, 0, PAGE), *q;
	uint32_t id;

	(void)state;
	p[0] = 7;
	assert_well(old);
	unbind();
	bind_again();
	/* The old file stays dead, its mapping alive */
	assert_int_equal(call(old, CED1401_IOC_CLAIM, NULL), ENODEV);
	fd = open_session(O_NONBLOCK);
	assert_well(fd);
	q = map_buffer(fd, 0, SIZE);
	fill(q, SIZE, 3);
	id = start(fd, 0, OUT_ASK, 0, SIZE, 0);
	to_1401(fd, 0, 0, SIZE, 0);
	stop(fd, id);
	memset(q, 0, SIZE);
	id = start(fd, 0, IN_ASK, 0, SIZE, 0);
	to_host(fd, 0, 0, SIZE, 0);
	wait_blocks(fd, id, 1, 5000);
	assert_filled(q, SIZE, 3);
	close(old);
	assert_int_equal(p[0], 7);
	assert_well(fd);
}

static void unbinding_amid_transfers_is_safe_again_and_again(void **state)
{
	unsigned int round;

	(void)state;
	for (round = 0; round < 20; round++) {
		int fd = open_session(0), other = open_session(0);
		uint8_t *p = map_buffer(fd, 0, SIZE), *q;

		q = map_buffer(other, 0, SIZE);
		fill(q, SIZE, round);
		start(fd, 0, IN_NOW, 0, SIZE, 0);
		start(fd, 0, IN_NOW, 0, SIZE, 0);
		start(fd, 0, IN_ASK, 0, SIZE, 3);
		start(other, 0, IN_ASK, 0, SIZE, 3);
		say(fd, SLOW_IN "TOHOST,0,1000,0,3;");
		sleep_ms(round);
		unbind();
		if (round & 1)
			close(fd);
		p[0] = 1;
		assert_filled(q, SIZE, round);
		if (round & 2)
			unmap(p, SIZE);
		bind_again();
		fd = open_session(0);
		assert_well(fd);
		test_ends(NULL);
		test_begins(NULL);
	}
}

static void unbinding_without_a_file_is_nothing(void **state)
{
	(void)state;
	unbind();
	assert_int_equal(tell_driver("unbind"), ENODEV);
	bind_again();
	assert_well(open_session(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNPLUG_TEST(every_call_says_enodev),
		UNPLUG_TEST(a_stream_ends_and_the_memory_stays),
		UNPLUG_TEST(every_sleeper_is_woken),
		UNPLUG_TEST(status_pages_stay),
	UNPLUG_TEST(all_works_again_after_a_rebind),
		UNPLUG_TEST(unbinding_amid_transfers_is_safe_again_and_again),
		UNPLUG_TEST(unbinding_without_a_file_is_nothing),
	};

	return RUN(tests);
}
