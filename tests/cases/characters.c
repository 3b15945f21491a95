// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The conversation with the 1401: read, write and poll of characters.
 */
#define _GNU_SOURCE
#include <sys/time.h>

#include "common.h"

static void a_command_is_answered(void **state)
{
	int fd = open_session(0);
	char got[16];
	size_t n = 0;

	(void)state;
	say(fd, "ERR;");
	while (n < 4) {
		ssize_t part = read(fd, got + n, sizeof(got) - n);

		assert_true(part > 0);
		n += part;
	}
	assert_int_equal(n, 4);
	assert_memory_equal(got, "0,0\r", 4);
}

static void lower_case_and_cr_do_as_well(void **state)
{
	int fd = open_session(0);

	(void)state;
	expect(fd, "err;", "0,0");
	expect(fd, "Err\r", "0,0");
	expect(fd, ";;;\rERR;", "0,0");
}

static void an_unknown_command_is_told_once(void **state)
{
	int fd = open_session(0);
	char line[32];

	(void)state;
	say(fd, "NOSUCHCMD;ERR;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_int_equal(atoi(line), 255);
	assert_well(fd);
}

static void a_command_may_come_in_parts(void **state)
{
	int fd = open_session(0);

	(void)state;
	say(fd, "E");
	sleep_ms(20);
	say(fd, "R");
	sleep_ms(20);
	expect(fd, "R;", "0,0");
}

static void read_gives_what_is_there(void **state)
{
	int fd = open_session(0);
	char got[300];

	(void)state;
	say(fd, "ERR;");
	sleep_ms(300);
	assert_int_equal(read(fd, got, 2), 2);
	assert_memory_equal(got, "0,", 2);
	assert_int_equal(read(fd, got, sizeof(got)), 2);
	assert_memory_equal(got, "0\r", 2);
}

static void nothing_to_read_is_eagain(void **state)
{
	int fd = open_session(O_NONBLOCK);
	char c;

	(void)state;
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_well(fd);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
}

static void reading_or_writing_nothing_is_0(void **state)
{
	int fd = open_session(O_NONBLOCK);
	char c;

	(void)state;
	assert_int_equal(read(fd, &c, 0), 0);
	assert_int_equal(write(fd, &c, 0), 0);
	assert_int_equal(status(fd, 0).link & CED1401_LINK_MINE, 0);
}

static void a_bad_buffer_is_efault(void **state)
{
	void *volatile nowhere = (void *)8;
	int fd = open_session(0);

	(void)state;
	assert_int_equal(write(fd, nowhere, 4), -1);
	assert_int_equal(errno, EFAULT);
	/* Who has said nothing has not claimed the 1401 either */
	assert_int_equal(status(fd, 0).link & CED1401_LINK_MINE, 0);
	say(fd, "ERR;");
	assert_true(poll_for(fd, POLLIN, REPLY_MS) & POLLIN);
	assert_int_equal(read(fd, nowhere, 4), -1);
	assert_int_equal(errno, EFAULT);
}

static void poll_tells_of_room_and_of_characters(void **state)
{
	int fd = open_session(0);
	char got[8];

	(void)state;
	assert_int_equal(poll_for(fd, POLLIN | POLLOUT, 0), POLLOUT);
	say(fd, "ERR;");
	assert_true(poll_for(fd, POLLIN, REPLY_MS) & POLLIN);
	sleep_ms(300);
	assert_int_equal(read(fd, got, sizeof(got)), 4);
	assert_int_equal(poll_for(fd, POLLIN | POLLPRI | POLLOUT, 0), POLLOUT);
}

struct reader {
	int fd, up;
};

static void reads_a_line(void *arg)
{
	struct reader *r = arg;
	char c = 0;

	tell(r->up, 'r');
	child_check(read(r->fd, &c, 1) == 1);
	child_check(c == '0');
}

static void a_sleeping_reader_is_woken(void **state)
{
	struct reader r = { .fd = open_session(0) };
	int up[2];
	pid_t pid;

	(void)state;
	make_pipe(up);
	r.up = up[1];
	assert_int_equal(call(r.fd, CED1401_IOC_CLAIM, NULL), 0);
	pid = child(reads_a_line, &r);
	assert_int_equal(told(up[0], 5000), 'r');
	assert_true(is_asleep(pid, 5000));
	say(r.fd, "ERR;");
	assert_child_well(pid);
}

static void wake_up(int signal_number)
{
	(void)signal_number;
}

static void a_signal_ends_a_read(void **state)
{
	struct sigaction action = { .sa_handler = wake_up };
	struct itimerval timer = { .it_value = { .tv_usec = 200000 } };
	int fd = open_session(0);
	char c;

	(void)state;
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, EINTR);
}

/* More than the host's and the 1401's buffers hold, either way */
static void nothing_is_lost_when_the_buffers_are_full(void **state)
{
	enum { COMMANDS = 400 };
	int fd = open_session(O_NONBLOCK);
	char text[4 * COMMANDS], got[4 * COMMANDS + 16];
	size_t sent = 0, have = 0;
	uint64_t end = now_ns() + 30 * slow() * SECOND;
	unsigned int i;
	ssize_t n;

	(void)state;
	for (i = 0; i < COMMANDS; i++)
		memcpy(text + 4 * i, "ERR;", 4);
	/* Nobody reads yet: write as long as there is room */
	while (sent < sizeof(text)) {
		n = write(fd, text + sent, sizeof(text) - sent);
		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			if (!(poll_for(fd, POLLOUT, 300) & POLLOUT))
				break;
			continue;
		}
		sent += n;
	}
	while (have < sizeof(text)) {
		if (now_ns() > end)
			fail_msg("sent %zu, got %zu of %zu characters", sent,
				 have, sizeof(text));
		if (sent < sizeof(text)) {
			n = write(fd, text + sent, sizeof(text) - sent);
			if (n > 0)
				sent += n;
		}
		if (!(poll_for(fd, POLLIN, 300) & POLLIN))
			continue;
		n = read(fd, got + have, sizeof(got) - have);
		assert_true(n > 0);
		have += n;
		assert_true(have <= sizeof(text));
	}
	for (i = 0; i < COMMANDS; i++)
		assert_memory_equal(got + 4 * i, "0,0\r", 4);
	drain(fd, 100);
}

static void requests_never_reach_read(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 8 * KIB);
	char got[64];
	ssize_t n;
	size_t have = 0;
	uint32_t id;

	(void)state;
	fill(p, 4 * KIB, 1);
	id = start(fd, 0, CED1401_TO_HOST | CED1401_ON_REQUEST, 0, 8 * KIB, 2);
	say(fd, "ERR;TOHOST,0,100,0,2;ERR;TOHOST,0,4000,200,2;ERR;");
	while (have < 12 && poll_for(fd, POLLIN, REPLY_MS) & POLLIN) {
		n = read(fd, got + have, sizeof(got) - have);
		assert_true(n > 0);
		have += n;
	}
	assert_int_equal(have, 12);
	assert_memory_equal(got, "0,0\r0,0\r0,0\r", 12);
	assert_int_equal(status(fd, id).blocks, 2);
	assert_int_equal(poll_for(fd, POLLIN, 200), 0);
}

static void the_monitor_knows_its_commands(void **state)
{
	int fd = open_session(0);
	bool reset_listed = false;
	char line[300];
	unsigned int i;

	(void)state;
	say(fd, "CLIST;");
	for (i = 0; i < 100; i++) {
		assert_true(hear(fd, line, sizeof(line), REPLY_MS));
		if (!strcmp(line, " "))
			break;
		if (!strncmp(line, "RESET ", 6))
			reset_listed = true;
	}
	assert_string_equal(line, " ");
	assert_true(reset_listed);
	say(fd, "MEMTOP;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_true(atoi(line) > 0);
	say(fd, "INFO,S,28;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	say(fd, "ADC,0;");
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_well(fd);
}

static void reset_empties_both_buffers(void **state)
{
	int fd = open_session(0);
	char c;

	(void)state;
	say(fd, "ERR;ERR;NOSUCHCMD;");
	assert_true(poll_for(fd, POLLIN, REPLY_MS) & POLLIN);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	assert_int_equal(poll_for(fd, POLLIN, 200), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_well(fd);
}

static void the_1401_can_be_used_at_once_after_a_reset(void **state)
{
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
		assert_well(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_is_answered),
		TEST(lower_case_and_cr_do_as_well),
		TEST(an_unknown_command_is_told_once),
		TEST(a_command_may_come_in_parts),
		TEST(read_gives_what_is_there),
		TEST(nothing_to_read_is_eagain),
		TEST(reading_or_writing_nothing_is_0),
		TEST(a_bad_buffer_is_efault),
		TEST(poll_tells_of_room_and_of_characters),
		TEST(a_sleeping_reader_is_woken),
		TEST(a_signal_ends_a_read),
		TEST(nothing_is_lost_when_the_buffers_are_full),
		TEST(requests_never_reach_read),
		TEST(the_monitor_knows_its_commands),
		TEST(reset_empties_both_buffers),
		TEST(the_1401_can_be_used_at_once_after_a_reset),
	};

	return RUN(tests);
}
