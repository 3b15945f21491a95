// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two programs that share a 1401, one streaming and moving blocks after the other,
 * while SIGKILL comes to one of them at any moment: each always finds its own data.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "common.h"

#include <linux/ced1401-ced.h>

#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW | CED1401_CIRCULAR)
#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define OUT_ASK	(CED1401_TO_1401 | CED1401_ON_REQUEST)
#define SIZE	(96 * KIB)
#define STREAM	"XFIFO,0 1,H,4,4;"

/* One of the two; what it finds wrong ends it by _exit(1) */
struct program {
	char name;
	int up;
	int fd;
	uint32_t chance;
	uint8_t *out, *in;
};

static bool line_is(int fd, const char *command, const char *want)
{
	ssize_t n = strlen(command);
	char line[64];

	return write(fd, command, n) == n &&
	       hear(fd, line, sizeof(line), REPLY_MS) && !strcmp(line, want);
}

static uint32_t starts(struct program *me, unsigned int buffer,
		       unsigned int flags, uint32_t length, unsigned int area)
{
	struct ced1401_start s = {
		.buffer = buffer, .flags = flags, .length = length,
		.area = area,
	};

	child_check(ioctl(me->fd, CED1401_IOC_START, &s) == 0);
	return s.id;
}

static void there_and_back(struct program *me, uint32_t size)
{
	char command[64];

	snprintf(command, sizeof(command), "TO1401,0,%u,0,0;ERR;", size);
	child_check(line_is(me->fd, command, "0,0"));
	snprintf(command, sizeof(command), "TOHOST,0,%u,0,1;ERR;", size);
	child_check(line_is(me->fd, command, "0,0"));
	child_check(first_changed(me->in, me->out, size) == size);
}

static void moves_blocks(struct program *me)
{
	uint32_t size = 1 + below(&me->chance, SIZE);

	/* Those of a turn before outlive the 1401's being given up */
	ioctl(me->fd, CEDIOC_UNSET_AREA, 0);
	ioctl(me->fd, CEDIOC_UNSET_AREA, 1);
	starts(me, 0, OUT_ASK, SIZE, 0);
	starts(me, 1, IN_ASK, SIZE, 1);
	there_and_back(me, size);
}

static void moves_areas(struct program *me)
{
	struct cedioc_desc desc = { .area = 0, .length = 1 + below(&me->chance, SIZE) };
	uint8_t *out = malloc(desc.length), *in = malloc(desc.length);
	uint8_t *buffer_in = me->in, *buffer_out = me->out;

	memcpy(out, me->out, desc.length);
	memset(in, 0, desc.length);
	desc.address = (uintptr_t)out;
	child_check(ioctl(me->fd, CEDIOC_SET_AREA, &desc) == 0);
	desc.address = (uintptr_t)in;
	desc.area = 1;
	child_check(ioctl(me->fd, CEDIOC_SET_AREA, &desc) == 0);
	me->in = in;
	me->out = out;
	there_and_back(me, desc.length);
	me->in = buffer_in;
	me->out = buffer_out;
	if (below(&me->chance, 2))
		ioctl(me->fd, CEDIOC_UNSET_AREA, 1);
	/* Freed with the area still set: the pin keeps it */
	free(out);
	free(in);
}

/* The last lap of a stopped ring: each frame follows the one before */
static void streams(struct program *me)
{
	struct ced1401_wait w = { .bytes = SIZE * (1 + below(&me->chance, 4)) };
	struct ced1401_stop s = { 0 };
	uint32_t was = 0, frame, want;
	uint64_t at;

	w.id = starts(me, 1, IN_NOW, SIZE, 0);
	s.id = w.id;
	child_check(write(me->fd, STREAM, strlen(STREAM)) ==
		    (ssize_t)strlen(STREAM));
	child_check(ioctl(me->fd, CED1401_IOC_WAIT, &w) == 0);
	child_check(ioctl(me->fd, CED1401_IOC_STOP, &s) == 0);
	child_check(s.bytes >= w.bytes);
	for (at = (s.bytes - SIZE + 3) / 4 * 4; at + 4 <= s.bytes; at += 4) {
		memcpy(&frame, me->in + at % SIZE, 4);
		want = next_frame(was);
		child_check(!was || frame == want || frame == FIRST_FRAME);
		was = frame;
	}
}

static void begins(struct program *me)
{
	me->fd = open(device(), O_RDWR);
	child_check(me->fd >= 0);
	me->out = mmap(NULL, SIZE, RW, MAP_SHARED, me->fd,
		       CED1401_BUF_OFFSET(0));
	me->in = mmap(NULL, SIZE, RW, MAP_SHARED, me->fd,
		      CED1401_BUF_OFFSET(1));
	child_check(me->out != MAP_FAILED && me->in != MAP_FAILED);
	/* What the one before left in this memory is gone */
	child_check(!me->in[0] && !memcmp(me->in, me->in + 1, SIZE - 1));
	child_check(!me->out[0] && !memcmp(me->out, me->out + 1, SIZE - 1));
	fill(me->out, SIZE, me->chance);
}

static void goes_on_until_killed(struct program *me)
{
	static void (*const jobs[])(struct program *) = {
		moves_blocks, moves_areas, streams,
	};
	uint8_t *was = malloc(SIZE);
	bool fresh = true;

	for (begins(me);; tell(me->up, me->name)) {
		unsigned int job = below(&me->chance, LENGTH(jobs));

		child_check(ioctl(me->fd, CED1401_IOC_CLAIM) == 0);
		/* Two turns on end: what it finds is what it left itself */
		if (!fresh)
			child_check(ioctl(me->fd, CED1401_IOC_RESET) == 0);
		child_check(line_is(me->fd, "ERR;", "0,0"));
		jobs[job](me);
		/* A mess for the next one, and the 1401 given up, or all closed */
		child_check(write(me->fd, "NOSUCH;ADC,0;ER", 15) == 15);
		fresh = !below(&me->chance, 3);
		if (!fresh) {
			child_check(ioctl(me->fd, CED1401_IOC_RELEASE) == 0);
			memcpy(was, me->in, SIZE);
			sleep_ms(below(&me->chance, 20));
			/* It is the other's turn: not in this memory */
			child_check(first_changed(me->in, was, SIZE) == SIZE);
		} else {
			munmap(me->in, SIZE);
			munmap(me->out, SIZE);
			close(me->fd);
			begins(me);
		}
	}
}

static pid_t program(char name, int up, uint32_t chance)
{
	struct program me = { .name = name, .up = up, .chance = chance };
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(0);
		goes_on_until_killed(&me);
	}
	assert_true(pid > 0);
	return pid;
}

static void kill_well(pid_t pid)
{
	int result = 0;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &result, 0), pid);
	/* Not ended by itself before: it had nothing to complain of */
	assert_true(WIFSIGNALED(result));
	assert_int_equal(WTERMSIG(result), SIGKILL);
}

static void programs_killed_at_any_moment_harm_nobody(void **state)
{
	const unsigned int seconds = getenv("CED1401_FULL") ? 180 : 25;
	uint64_t end = now_ns() + seconds * SECOND;
	struct program parent = { .chance = now_ns() };
	unsigned int turns[2] = { 0 }, kills = 0, i;
	pid_t pids[2];
	int up[2], fd;
	uint8_t *p;
	char name;

	(void)state;
	alarm(200 * slow());
	print_message("# chance begins with %u\n", parent.chance);
	make_pipe(up);
	for (i = 0; i < 2; i++)
		pids[i] = program('A' + i, up[1], parent.chance + i);
	while (now_ns() < end) {
		uint64_t next = now_ns() + (20 + below(&parent.chance, 600)) * MS;

		while (now_ns() < next) {
			name = told(up[0], 20);
			if (name)
				turns[name - 'A']++;
		}
		i = below(&parent.chance, 2);
		kill_well(pids[i]);
		kills++;
		pids[i] = program('A' + i, up[1], parent.chance);
	}
	/* Both still have their turns */
	turns[0] = 0;
	turns[1] = 0;
	end = now_ns() + 20 * slow() * SECOND;
	while (turns[0] < 3 || turns[1] < 3) {
		name = told(up[0], 100);
		if (name)
			turns[name - 'A']++;
		assert_true(now_ns() < end);
	}
	kill_well(pids[0]);
	kill_well(pids[1]);
	print_message("# %u killed\n", kills);
	assert_true(kills > seconds / slow());
	fd = open_session(O_NONBLOCK);
	p = map_buffer(fd, 0, SIZE);
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), 0);
	assert_well(fd);
	sleep_ms(100);
	assert_all(p, SIZE, 0);
	assert_int_equal(sysfs_number("statistics/bytes_to_host") > 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(programs_killed_at_any_moment_harm_nobody),
	};

	return RUN(tests);
}
