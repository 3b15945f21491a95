// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two programs with a 1401 between them: each its own memory, the 1401 in turns,
 * and nothing of the one's left over for the other.
 */
#define _GNU_SOURCE
#include "common.h"

#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define OUT_ASK	(CED1401_TO_1401 | CED1401_ON_REQUEST)
#define SIZE	(48 * KIB)
#define TURNS	20

/* What both programs see, written by whoever has the 1401 */
struct between {
	uint8_t last;		/* who had it last */
	unsigned int handovers;
};

struct program {
	uint8_t name;
	int up;
	struct between *between;
};

static bool line_is(int fd, const char *command, const char *want)
{
	char line[64] = "";
	ssize_t wrote = write(fd, command, strlen(command));
	bool heard = hear(fd, line, sizeof(line), REPLY_MS);

	if (wrote == (ssize_t)strlen(command) && heard && !strcmp(line, want))
		return true;
	dprintf(2, "%zd characters of \"%s\" written, \"%s\" came\n", wrote,
		command, line);
	return false;
}

static uint32_t starts(int fd, unsigned int buffer, unsigned int flags,
		       unsigned int area)
{
	struct ced1401_start s = {
		.buffer = buffer, .flags = flags, .length = SIZE, .area = area,
	};

	child_check(ioctl(fd, CED1401_IOC_START, &s) == 0);
	return s.id;
}

/*
 * Writes its name all over the 1401's memory and reads it back, again and again,
 * letting the other have its turn between; looks at all of its own memory.
 */
static void takes_turns(void *arg)
{
	struct program *me = arg;
	int fd = open(device(), O_RDWR);
	uint8_t *out, *in;
	unsigned int turn;
	char command[64];
	size_t i;

	child_check(fd >= 0);
	out = mmap(NULL, SIZE, RW, MAP_SHARED, fd, CED1401_BUF_OFFSET(0));
	in = mmap(NULL, SIZE, RW, MAP_SHARED, fd, CED1401_BUF_OFFSET(1));
	child_check(out != MAP_FAILED && in != MAP_FAILED);
	for (turn = 0; turn < TURNS; turn++) {
		memset(out, me->name, SIZE);
		memset(in, 0, SIZE);
		child_check(ioctl(fd, CED1401_IOC_CLAIM) == 0);
		/*
		 * What it left itself it finds again, if nobody came between;
		 * of what the other left there is nothing.
		 */
		if (me->between->last == me->name)
			child_check(ioctl(fd, CED1401_IOC_RESET) == 0);
		else if (me->between->last)
			me->between->handovers++;
		me->between->last = me->name;
		child_check(line_is(fd, "ERR;", "0,0"));
		starts(fd, 0, OUT_ASK, 0);
		starts(fd, 1, IN_ASK, 1);
		snprintf(command, sizeof(command), "TO1401,0,%u,0,0;ERR;", SIZE);
		child_check(line_is(fd, command, "0,0"));
		snprintf(command, sizeof(command), "TOHOST,0,%u,0,1;ERR;", SIZE);
		child_check(line_is(fd, command, "0,0"));
		/* Leave a mess: an error, replies unread, half a command */
		snprintf(command, sizeof(command), "NOSUCH%c;ADC,0;ADC,1;ER",
			 me->name);
		child_check(write(fd, command, strlen(command)) > 0);
		child_check(ioctl(fd, CED1401_IOC_RELEASE) == 0);
		for (i = 0; i < SIZE; i++)
			child_check(in[i] == me->name && out[i] == me->name);
		tell(me->up, me->name);
	}
}

static void two_programs_use_the_1401_in_turns(void **state)
{
	struct between *between = mmap(NULL, PAGE, RW,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct program a = { .name = 'A', .between = between };
	struct program b = { .name = 'B', .between = between };
	unsigned int i, from_a = 0;
	int up[2];
	pid_t pids[2];

	(void)state;
	assert_true(between != MAP_FAILED);
	make_pipe(up);
	a.up = up[1];
	b.up = up[1];
	pids[0] = child(takes_turns, &a);
	pids[1] = child(takes_turns, &b);
	for (i = 0; i < 2 * TURNS; i++) {
		char name = told(up[0], 20000);

		assert_true(name == 'A' || name == 'B');
		from_a += name == 'A';
	}
	assert_int_equal(from_a, TURNS);
	assert_child_well(pids[0]);
	assert_child_well(pids[1]);
	assert_true(between->handovers > 2);
	munmap(between, PAGE);
}

static void anothers_buffer_cannot_be_had(void **state)
{
	int a = open_session(0), b = open_session(0);
	struct ced1401_buf_info i = { .buffer = 5 };
	uint8_t *p = map_buffer(a, 5, SIZE);

	(void)state;
	fill(p, SIZE, 1);
	assert_int_equal(call(b, CED1401_IOC_BUF_INFO, &i), ENOENT);
	assert_int_equal(free_buffer(b, 5), ENOENT);
	assert_int_equal(start_error(b, 5, IN_ASK, 0, 1, 0, NULL), ENOENT);
	/* A page of it neither: the offset names one's own buffer */
	assert_int_equal(map_error(b, CED1401_BUF_OFFSET(5) + PAGE, PAGE, RW,
				   MAP_SHARED), EINVAL);
	assert_filled(p, SIZE, 1);
}

static void the_1401s_memory_comes_back_but_not_to_others_buffers(void **state)
{
	int a = open_session(0), b = open_session(0);
	uint8_t *p = map_buffer(a, 0, SIZE), *q = map_buffer(b, 0, SIZE);
	uint32_t id;

	(void)state;
	memset(p, 'A', SIZE);
	memset(q, 'B', SIZE);
	start(a, 0, OUT_ASK, 0, SIZE, 0);
	to_1401(a, 0, 0, SIZE, 0);
	assert_int_equal(call(a, CED1401_IOC_RELEASE, NULL), 0);
	id = start(b, 0, OUT_ASK, 0, SIZE, 0);
	to_1401(b, 0, 0, SIZE, 0);
	stop(b, id);
	memset(q, 0, SIZE);
	start(b, 0, IN_ASK, 0, SIZE, 0);
	to_host(b, 0, 0, SIZE, 0);
	assert_all(q, SIZE, 'B');
	assert_all(p, SIZE, 'A');
}

static void a_new_program_gets_zeroed_memory(void **state)
{
	unsigned int round;

	(void)state;
	for (round = 0; round < 10; round++) {
		int fd = open_session(0);
		uint8_t *p = map_buffer(fd, 0, MIB);
		uint32_t id;

		assert_all(p, MIB, 0);
		/* By the processor, and by DMA */
		memset(p, 0xaa, MIB);
		id = start(fd, 0, OUT_ASK, 0, MIB, 0);
		to_1401(fd, 0, 0, 64 * KIB, 0);
		stop(fd, id);
		id = start(fd, 0, IN_ASK, 0, MIB, 0);
		to_host(fd, 0, 0, 64 * KIB, 512 * KIB);
		unmap(p, MIB);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_programs_use_the_1401_in_turns),
		TEST(anothers_buffer_cannot_be_had),
		TEST(the_1401s_memory_comes_back_but_not_to_others_buffers),
		TEST(a_new_program_gets_zeroed_memory),
	};

	return RUN(tests);
}
