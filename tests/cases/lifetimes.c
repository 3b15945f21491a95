// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long the memory of a buffer lives: munmap, mremap, fork, close and FREE in
 * every order.
 */
#define _GNU_SOURCE
#include "common.h"

#define SIZE	(16 * KIB)

static void the_contents_stay_while_the_number_is_held(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, SIZE);

	(void)state;
	fill(p, SIZE, 1);
	unmap(p, SIZE);
	assert_int_equal(info(fd, 0).maps, 0);
	p = map_buffer(fd, 0, SIZE);
	assert_filled(p, SIZE, 1);
}

static void half_a_mapping_can_be_unmapped(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 4 * PAGE), *q;

	(void)state;
	fill(p, 4 * PAGE, 2);
	q = map_buffer(fd, 0, 4 * PAGE);
	/* A hole in the middle, then the ends one after the other */
	unmap(p + PAGE, 2 * PAGE);
	assert_same(p, q, PAGE);
	assert_same(p + 3 * PAGE, q + 3 * PAGE, PAGE);
	unmap(p, PAGE);
	assert_int_equal(free_buffer(fd, 0), 0);
	unmap(q, 4 * PAGE);
	p[3 * PAGE + 5] = 5;
	assert_int_equal(p[3 * PAGE + 5], 5);
	unmap(p + 3 * PAGE, PAGE);
}

static void a_mapping_can_be_moved_and_shrunk(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 4 * PAGE), *q;

	(void)state;
	fill(p, 4 * PAGE, 3);
	q = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(q != MAP_FAILED);
	p = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q);
	assert_true(p == q);
	assert_filled(p, 4 * PAGE, 3);
	assert_int_equal(info(fd, 0).maps, 1);
	assert_true(mremap(p, 4 * PAGE, PAGE, 0) == p);
	assert_filled(p, PAGE, 3);
	unmap(p, PAGE);
	assert_int_equal(info(fd, 0).maps, 0);
}

static void a_mapping_cannot_grow(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 4 * PAGE);

	(void)state;
	/* Neither beyond the buffer, nor within it from its first half */
	assert_true(mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE) ==
		    MAP_FAILED);
	unmap(p + 2 * PAGE, 2 * PAGE);
	assert_true(mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE) ==
		    MAP_FAILED);
	p[0] = 1;
}

static void a_mapping_can_be_doubled_by_mremap(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, PAGE), *q;

	(void)state;
	fill(p, PAGE, 4);
	q = mremap(p, 0, PAGE, MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		return;		/* the kernel's right */
	assert_filled(q, PAGE, 4);
	assert_int_equal(info(fd, 0).maps, 2);
	unmap(p, PAGE);
	assert_int_equal(free_buffer(fd, 0), 0);
	assert_filled(q, PAGE, 4);
	unmap(q, PAGE);
}

static void closing_the_file_leaves_the_mapping(void **state)
{
	int fd = open_session(0), other;
	uint8_t *p = map_buffer(fd, 0, SIZE), *q;

	(void)state;
	fill(p, SIZE, 5);
	close(fd);
	/* Nobody else gets this memory meanwhile */
	other = open_session(0);
	q = map_buffer(other, 0, SIZE);
	assert_all(q, SIZE, 0);
	memset(q, 0xff, SIZE);
	assert_filled(p, SIZE, 5);
	p[0] = 1;
	unmap(p, SIZE);
}

struct family {
	uint8_t *p;
	int fd, up, down;
};

static void child_shares(void *arg)
{
	struct family *f = arg;
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		f->p[i] += 1;
	tell(f->up, 'd');
}

static void a_forked_child_shares_the_memory(void **state)
{
	struct family f = { .fd = open_session(0) };

	(void)state;
	f.p = map_buffer(f.fd, 0, SIZE);
	f.up = open("/dev/null", O_WRONLY);
	memset(f.p, 7, SIZE);
	assert_child_well(child(child_shares, &f));
	assert_all(f.p, SIZE, 8);
	assert_int_equal(info(f.fd, 0).maps, 1);
}

static void child_lives_on(void *arg)
{
	struct family *f = arg;
	unsigned int i;

	close(f->fd);
	tell(f->up, 'r');
	child_check(told(f->down, 10000) == 'g');
	for (i = 0; i < SIZE; i++)
		child_check(f->p[i] == 0x11);
	memset(f->p, 0x22, SIZE);
	child_check(munmap(f->p, SIZE) == 0);
}

static void a_child_keeps_the_memory_when_the_parent_lets_go(void **state)
{
	struct family f = { .fd = open_session(0) };
	int up[2], down[2], other;
	uint8_t *q;
	pid_t pid;

	(void)state;
	make_pipe(up);
	make_pipe(down);
	f.up = up[1];
	f.down = down[0];
	f.p = map_buffer(f.fd, 0, SIZE);
	memset(f.p, 0x11, SIZE);
	pid = child(child_lives_on, &f);
	assert_int_equal(told(up[0], 5000), 'r');
	unmap(f.p, SIZE);
	close(f.fd);
	other = open_session(0);
	q = map_buffer(other, 0, SIZE);
	memset(q, 0x33, SIZE);
	tell(down[1], 'g');
	assert_child_well(pid);
	assert_all(q, SIZE, 0x33);
}

static void a_child_counts_as_a_mapping(void **state)
{
	struct family f = { .fd = open_session(0) };
	int up[2], down[2];
	pid_t pid;

	(void)state;
	make_pipe(up);
	make_pipe(down);
	f.up = up[1];
	f.down = down[0];
	f.p = map_buffer(f.fd, 0, SIZE);
	memset(f.p, 0x11, SIZE);
	pid = child(child_lives_on, &f);
	assert_int_equal(told(up[0], 5000), 'r');
	assert_int_equal(info(f.fd, 0).maps, 2);
	tell(down[1], 'g');
	assert_child_well(pid);
	assert_int_equal(info(f.fd, 0).maps, 1);
}

static void free_while_mapped_leaves_the_mapping(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, SIZE), *q;

	(void)state;
	fill(p, SIZE, 6);
	assert_int_equal(free_buffer(fd, 0), 0);
	assert_int_equal(call(fd, CED1401_IOC_BUF_INFO,
			      &(struct ced1401_buf_info){ 0 }), ENOENT);
	assert_filled(p, SIZE, 6);
	/* The number is free at once and stands for other memory */
	q = map_buffer(fd, 0, SIZE);
	assert_all(q, SIZE, 0);
	memset(q, 0xee, SIZE);
	assert_filled(p, SIZE, 6);
	unmap(p, SIZE);
	assert_all(q, SIZE, 0xee);
}

static void free_while_running_stops_the_transfer_first(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 64 * KIB), *copy = malloc(64 * KIB);
	struct ced1401_status s;
	uint32_t id;

	(void)state;
	/* Nothing streams: it runs without an end until it is stopped */
	id = start(fd, 0, CED1401_TO_HOST | CED1401_NOW, 0, 64 * KIB, 0);
	assert_true(info(fd, 0).flags & CED1401_BUF_BUSY);
	assert_int_equal(free_buffer(fd, 0), 0);
	s = status(fd, id);
	assert_int_equal(s.state, CED1401_STATE_FAILED);
	assert_int_equal(s.error, -ECANCELED);
	assert_true(s.events & CED1401_EVENT_END);
	memcpy(copy, p, 64 * KIB);
	say(fd, "XFIFO,0,H,4,100;");
	sleep_ms(100);
	assert_same(p, copy, 64 * KIB);
	free(copy);
}

static void free_stops_an_armed_transfer_too(void **state)
{
	int fd = open_session(0);
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, CED1401_TO_HOST | CED1401_ON_REQUEST, 0, PAGE, 2);
	assert_int_equal(status(fd, id).state, CED1401_STATE_ARMED);
	assert_int_equal(free_buffer(fd, 0), 0);
	assert_int_equal(status(fd, id).error, -ECANCELED);
	/* The area is free again */
	map_buffer(fd, 0, PAGE);
	start(fd, 0, CED1401_TO_HOST | CED1401_ON_REQUEST, 0, PAGE, 2);
}

static void closing_while_a_transfer_runs_stops_it(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 256 * KIB), *copy = malloc(256 * KIB);

	(void)state;
	start(fd, 0, CED1401_TO_HOST | CED1401_NOW, 0, 256 * KIB, 0);
	say(fd, "XFIFO,0 1,H,4,1000;");
	sleep_ms(50);
	close(fd);
	memcpy(copy, p, 256 * KIB);
	sleep_ms(200);
	assert_same(p, copy, 256 * KIB);
	unmap(p, 256 * KIB);
	free(copy);
}

static void a_transfer_goes_on_without_a_mapping(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, SIZE);
	uint32_t out, in;

	(void)state;
	fill(p, SIZE, 12);
	out = start(fd, 0, CED1401_TO_1401 | CED1401_ON_REQUEST, 0, SIZE, 0);
	unmap(p, SIZE);
	to_1401(fd, 0, 0, SIZE, 0);
	stop(fd, out);
	p = map_buffer(fd, 1, SIZE);
	in = start(fd, 1, CED1401_TO_HOST | CED1401_ON_REQUEST, 0, SIZE, 1);
	unmap(p, SIZE);
	to_host(fd, 1, 0, SIZE, 0);
	wait_blocks(fd, in, 1, 5000);
	p = map_buffer(fd, 1, SIZE);
	assert_filled(p, SIZE, 12);
}

static void a_dup_keeps_the_session(void **state)
{
	int fd = open_session(0), again = dup(fd);
	uint8_t *p = map_buffer(fd, 0, SIZE);

	(void)state;
	fill(p, SIZE, 13);
	unmap(p, SIZE);
	close(fd);
	p = map_buffer(again, 0, SIZE);
	assert_filled(p, SIZE, 13);
}

static void a_mapping_keeps_the_session_and_its_limit(void **state)
{
	uint8_t *p[8];
	unsigned int i;

	(void)state;
	/* Sessions that only a mapping keeps must not run out of anything */
	for (i = 0; i < LENGTH(p); i++) {
		int fd = open_session(0);

		p[i] = map_buffer(fd, 63, SIZE);
		memset(p[i], i, SIZE);
		close(fd);
	}
	for (i = 0; i < LENGTH(p); i++) {
		assert_all(p[i], SIZE, i);
		unmap(p[i], SIZE);
	}
}

static void buffers_come_and_go_a_thousand_times(void **state)
{
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		size_t size = PAGE << i % 5;
		uint8_t *p = map_buffer(fd, i % CED1401_BUFFERS, size);

		p[size - 1] = 1;
		if (i & 1)
			unmap(p, size);
		assert_int_equal(free_buffer(fd, i % CED1401_BUFFERS), 0);
		if (!(i & 1))
			unmap(p, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_contents_stay_while_the_number_is_held),
		TEST(half_a_mapping_can_be_unmapped),
		TEST(a_mapping_can_be_moved_and_shrunk),
		TEST(a_mapping_cannot_grow),
		TEST(a_mapping_can_be_doubled_by_mremap),
		TEST(closing_the_file_leaves_the_mapping),
		TEST(a_forked_child_shares_the_memory),
		TEST(a_child_keeps_the_memory_when_the_parent_lets_go),
		TEST(a_child_counts_as_a_mapping),
		TEST(free_while_mapped_leaves_the_mapping),
		TEST(free_while_running_stops_the_transfer_first),
		TEST(free_stops_an_armed_transfer_too),
		TEST(closing_while_a_transfer_runs_stops_it),
		TEST(a_transfer_goes_on_without_a_mapping),
		TEST(a_dup_keeps_the_session),
		TEST(a_mapping_keeps_the_session_and_its_limit),
		TEST(buffers_come_and_go_a_thousand_times),
	};

	return RUN(tests);
}
