// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ioctls' bad arguments, each with its error, and what a read-only open may
 * do. What is refused changes nothing.
 */
#define _GNU_SOURCE
#include "common.h"

#define NOW_IN	(CED1401_TO_HOST | CED1401_NOW)
#define ASK_IN	(CED1401_TO_HOST | CED1401_ON_REQUEST)

/* Sizes and places, the same for 32- and 64-bit programs */
static void structures_have_one_layout(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct ced1401_alloc), 16);
	assert_int_equal(sizeof(struct ced1401_free), 8);
	assert_int_equal(sizeof(struct ced1401_buf_info), 32);
	assert_int_equal(sizeof(struct ced1401_start), 48);
	assert_int_equal(offsetof(struct ced1401_start, length), 16);
	assert_int_equal(offsetof(struct ced1401_start, threshold), 32);
	assert_int_equal(offsetof(struct ced1401_start, reserved), 40);
	assert_int_equal(sizeof(struct ced1401_stop), 32);
	assert_int_equal(sizeof(struct ced1401_status), 96);
	assert_int_equal(offsetof(struct ced1401_status, bytes), 16);
	assert_int_equal(offsetof(struct ced1401_status, blocks), 56);
	assert_int_equal(offsetof(struct ced1401_status, consumed), 80);
	assert_int_equal(offsetof(struct ced1401_status, reserved), 88);
	assert_int_equal(sizeof(struct ced1401_wait), 48);
	assert_int_equal(sizeof(struct ced1401_consume), 48);
	assert_int_equal(offsetof(struct ced1401_consume, overwritten), 16);
	assert_int_equal(CED1401_IOC_START, 0xc030cd04);
	assert_int_equal(CED1401_IOC_STATUS, 0xc060cd06);
	assert_int_equal(CED1401_IOC_RESET, 0xcd0a);
	assert_int_equal(CED1401_IOC_CONSUME, 0xc030cd0b);
	assert_int_equal(CED1401_IOC_KICK, 0xcd0c);
	assert_int_equal(sizeof(struct ced1401_slot_status), 128);
	assert_int_equal(offsetof(struct ced1401_slot_status, bytes), 16);
	assert_int_equal(offsetof(struct ced1401_slot_status, events), 64);
	assert_int_equal(offsetof(struct ced1401_slot_status, stalled), 68);
	assert_int_equal(offsetof(struct ced1401_slot_status, reserved), 80);
	assert_int_equal(sizeof(struct ced1401_status_page), 8192);
	assert_int_equal(sizeof(struct ced1401_slot_control), 64);
	assert_int_equal(sizeof(struct ced1401_control_page), 4096);
}

static void an_unknown_ioctl_is_enotty(void **state)
{
	int fd = open_session(0);
	uint8_t space[256] = { 0 };

	(void)state;
	assert_int_equal(call(fd, _IO(0xcd, 0), space), ENOTTY);
	assert_int_equal(call(fd, _IO(0xcd, 11), space), ENOTTY);
	assert_int_equal(call(fd, _IO(0xcd, 255), space), ENOTTY);
	assert_int_equal(call(fd, _IO(0xab, 1), space), ENOTTY);
	/* The size is part of the number */
	assert_int_equal(call(fd, _IOC(_IOC_READ | _IOC_WRITE, 0xcd, 4, 40),
			      space), ENOTTY);
	assert_int_equal(call(fd, _IOC(_IOC_WRITE, 0xcd, 4, 48), space),
			 ENOTTY);
}

static void a_bad_address_is_efault(void **state)
{
	static const unsigned long requests[] = {
		CED1401_IOC_ALLOC, CED1401_IOC_FREE, CED1401_IOC_BUF_INFO,
		CED1401_IOC_START, CED1401_IOC_STOP, CED1401_IOC_STATUS,
		CED1401_IOC_WAIT, CED1401_IOC_CONSUME,
	};
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(requests); i++) {
		assert_int_equal(call(fd, requests[i], NULL), EFAULT);
		assert_int_equal(call(fd, requests[i], (void *)-4096L), EFAULT);
	}
}

/* Nothing may be left behind by a call whose answer cannot be written */
static void an_answer_that_cannot_be_written_leaves_nothing(void **state)
{
	int fd = open_session(0);
	struct ced1401_start *s;
	struct ced1401_alloc *a;
	void *page = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	(void)state;
	assert_true(page != MAP_FAILED);
	map_buffer(fd, 0, PAGE);
	a = page;
	a->size = PAGE;
	mprotect(page, PAGE, PROT_READ);
	assert_int_equal(call(fd, CED1401_IOC_ALLOC, a), EFAULT);
	for (i = 1; i < CED1401_BUFFERS; i++) {
		struct ced1401_alloc b = { .size = PAGE };

		assert_int_equal(call(fd, CED1401_IOC_ALLOC, &b), 0);
	}
	mprotect(page, PAGE, RW);
	memset(page, 0, PAGE);
	s = page;
	s->flags = ASK_IN;
	s->length = 100;
	mprotect(page, PAGE, PROT_READ);
	assert_int_equal(call(fd, CED1401_IOC_START, s), EFAULT);
	assert_false(info(fd, 0).flags & CED1401_BUF_BUSY);
	start(fd, 0, ASK_IN, 0, 100, 0);
	mprotect(page, PAGE, RW);
	s->flags = CED1401_TO_HOST | CED1401_NOW;
	mprotect(page, PAGE, PROT_READ);
	assert_int_equal(call(fd, CED1401_IOC_START, s), EFAULT);
	assert_int_equal(status(fd, 0).link & CED1401_LINK_MINE, 0);
	munmap(page, PAGE);
}

/* A STOP stops in any case; but its caller has not heard how it ended */
static void what_could_not_be_told_is_still_news(void **state)
{
	int fd = open_session(0);
	struct ced1401_stop *s = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS,
				      -1, 0);
	struct ced1401_wait w;

	(void)state;
	assert_true(s != MAP_FAILED);
	map_buffer(fd, 0, PAGE);
	s->id = start(fd, 0, ASK_IN, 0, 100, 0);
	mprotect(s, PAGE, PROT_READ);
	assert_int_equal(call(fd, CED1401_IOC_STOP, s), EFAULT);
	assert_false(info(fd, 0).flags & CED1401_BUF_BUSY);
	assert_int_equal(wait_error(fd, 0, 0, 0, &w), 0);
	assert_int_equal(w.id, s->id);
	mprotect(s, PAGE, RW);
	assert_int_equal(call(fd, CED1401_IOC_STOP, s), 0);
	assert_int_equal(s->error, -ECANCELED);
	assert_int_equal(wait_error(fd, 0, 0, 0, &w), ENOENT);
	munmap(s, PAGE);
}

static void alloc_refuses_bad_arguments(void **state)
{
	static const struct ced1401_alloc bad[] = {
		{ .size = 0 },
		{ .size = CED1401_BUF_MAX + 1ull },
		{ .size = 1ull << 32 },
		{ .size = ~0ull },
		{ .size = PAGE, .reserved = 1 },
	};
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++) {
		struct ced1401_alloc a = bad[i];

		assert_int_equal(call(fd, CED1401_IOC_ALLOC, &a), EINVAL);
	}
}

static void free_refuses_bad_arguments(void **state)
{
	struct ced1401_free f = { .buffer = 0, .reserved = 1 };
	int fd = open_session(0);

	(void)state;
	map_buffer(fd, 0, PAGE);
	assert_int_equal(call(fd, CED1401_IOC_FREE, &f), EINVAL);
	assert_int_equal(free_buffer(fd, CED1401_BUFFERS), EINVAL);
	assert_int_equal(free_buffer(fd, 0xffffffff), EINVAL);
	assert_int_equal(free_buffer(fd, 5), ENOENT);
	assert_int_equal(free_buffer(fd, 0), 0);
	assert_int_equal(free_buffer(fd, 0), ENOENT);
}

static void buf_info_refuses_bad_arguments(void **state)
{
	static const struct ced1401_buf_info bad[] = {
		{ .buffer = CED1401_BUFFERS },
		{ .buffer = 0xffffffff },
		{ .buffer = 0, .reserved = 1 },
	};
	int fd = open_session(0);
	struct ced1401_buf_info b = { .buffer = 1 };
	unsigned int i;

	(void)state;
	map_buffer(fd, 0, PAGE);
	for (i = 0; i < LENGTH(bad); i++) {
		struct ced1401_buf_info copy = bad[i];

		assert_int_equal(call(fd, CED1401_IOC_BUF_INFO, &copy), EINVAL);
	}
	assert_int_equal(call(fd, CED1401_IOC_BUF_INFO, &b), ENOENT);
}

static void start_refuses_bad_arguments(void **state)
{
	static const struct ced1401_start bad[] = {
		{ .flags = 0, .length = 1 },
		{ .flags = CED1401_TO_HOST, .length = 1 },
		{ .flags = CED1401_NOW, .length = 1 },
		{ .flags = CED1401_ON_REQUEST, .length = 1 },
		{ .flags = NOW_IN | CED1401_TO_1401, .length = 2 },
		{ .flags = NOW_IN | CED1401_ON_REQUEST, .length = 2 },
		{ .flags = ASK_IN | 0x04, .length = 1 },
		{ .flags = ASK_IN | 0x40, .length = 1 },
		{ .flags = ASK_IN | 0x80000000, .length = 1 },
		{ .flags = ASK_IN, .length = 0 },
		{ .flags = ASK_IN, .length = 2 * PAGE + 1 },
		{ .flags = ASK_IN, .offset = 1, .length = 2 * PAGE },
		{ .flags = ASK_IN, .offset = 2 * PAGE, .length = 1 },
		{ .flags = ASK_IN, .offset = ~0ull, .length = 2 },
		{ .flags = ASK_IN, .offset = 16, .length = ~0ull - 14 },
		{ .flags = ASK_IN, .offset = 1ull << 32, .length = 1 },
		{ .flags = ASK_IN, .length = 1ull << 32 },
		{ .flags = ASK_IN, .length = 1, .area = CED1401_AREAS },
		{ .flags = ASK_IN, .length = 1, .area = 0xffffffff },
		{ .flags = NOW_IN, .length = 2, .area = 1 },
		{ .flags = ASK_IN, .length = 1, .reserved = 1 },
		{ .flags = ASK_IN, .length = 1,
		  .reserved = 1ull << 63 },
		/* A threshold is for rings */
		{ .flags = ASK_IN, .length = 1, .threshold = 1 },
		{ .flags = ASK_IN, .length = 1, .buffer = CED1401_BUFFERS },
		{ .flags = ASK_IN, .length = 1, .buffer = 0xffffffff },
	};
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	map_buffer(fd, 0, 2 * PAGE);
	for (i = 0; i < LENGTH(bad); i++) {
		struct ced1401_start s = bad[i];
		int error = call(fd, CED1401_IOC_START, &s);

		if (error != EINVAL)
			fail_msg("argument %u gave %s", i, strerror(error));
	}
	assert_false(info(fd, 0).flags & CED1401_BUF_BUSY);
}

/* What a call wrote there may stand where the next one writes */
static void a_structure_can_be_used_again(void **state)
{
	struct ced1401_start s = { .flags = ASK_IN, .length = 10 };
	struct ced1401_buf_info b = { .buffer = 0 };
	int fd = open_session(0);
	uint32_t first;

	(void)state;
	map_buffer(fd, 0, PAGE);
	assert_int_equal(call(fd, CED1401_IOC_START, &s), 0);
	first = s.id;
	s.area = 1;
	assert_int_equal(call(fd, CED1401_IOC_START, &s), 0);
	assert_int_not_equal(s.id, first);
	assert_int_equal(call(fd, CED1401_IOC_BUF_INFO, &b), 0);
	assert_int_equal(call(fd, CED1401_IOC_BUF_INFO, &b), 0);
	assert_int_equal(b.flags, CED1401_BUF_ALLOCATED | CED1401_BUF_BUSY);
}

static void start_wants_a_buffer_with_memory(void **state)
{
	struct ced1401_alloc a = { .size = PAGE };
	int fd = open_session(0);

	(void)state;
	assert_int_equal(start_error(fd, 3, ASK_IN, 0, 1, 0, NULL), ENOENT);
	assert_int_equal(call(fd, CED1401_IOC_ALLOC, &a), 0);
	assert_int_equal(start_error(fd, a.buffer, ASK_IN, 0, 1, 0, NULL),
			 ENOENT);
}

static void an_area_in_use_is_busy(void **state)
{
	int fd = open_session(0), other = open_session(0);
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	map_buffer(other, 0, PAGE);
	id = start(fd, 0, ASK_IN, 0, 100, 3);
	assert_int_equal(start_error(fd, 0, ASK_IN, 200, 100, 3, NULL), EBUSY);
	/* Areas are each session's own */
	start(other, 0, ASK_IN, 0, 100, 3);
	stop(fd, id);
	start(fd, 0, ASK_IN, 0, 100, 3);
}

static void a_session_has_64_transfers(void **state)
{
	int fd = open_session(0);
	uint32_t ids[CED1401_TRANSFERS + 1];
	unsigned int i;

	(void)state;
	map_buffer(fd, 0, PAGE);
	for (i = 0; i < CED1401_TRANSFERS; i++)
		ids[i] = start(fd, 0, NOW_IN, 0, 2, 0);
	assert_int_equal(start_error(fd, 0, NOW_IN, 0, 2, 0, NULL), EBUSY);
	assert_int_equal(status(fd, ids[0]).state, CED1401_STATE_RUNNING);
	assert_int_equal(status(fd, ids[1]).state, CED1401_STATE_QUEUED);
	stop(fd, ids[10]);
	ids[CED1401_TRANSFERS] = start(fd, 0, NOW_IN, 0, 2, 0);
	for (i = 0; i <= CED1401_TRANSFERS; i++) {
		if (i != 10)
			stop(fd, ids[i]);
	}
}

static void the_last_64_transfers_can_be_asked_for(void **state)
{
	int fd = open_session(0);
	uint32_t ids[CED1401_TRANSFERS + 1];
	unsigned int i, j;

	(void)state;
	map_buffer(fd, 0, PAGE);
	for (i = 0; i <= CED1401_TRANSFERS; i++) {
		ids[i] = start(fd, 0, ASK_IN, 0, i + 1, 0);
		stop(fd, ids[i]);
		for (j = 0; j < i; j++)
			assert_int_not_equal(ids[j], ids[i]);
	}
	for (i = 1; i <= CED1401_TRANSFERS; i++)
		assert_int_equal(status(fd, ids[i]).length, i + 1);
	assert_int_equal(call(fd, CED1401_IOC_STATUS,
			      &(struct ced1401_status){ .id = ids[0] }),
			 ENOENT);
}

static void an_odd_now_transfer_needs_a_narrow_channel(void **state)
{
	int fd = open_session(0), error;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	error = start_error(fd, 0, NOW_IN, 0, 33, 0, &id);
	assert_int_equal(error, wide() ? EINVAL : 0);
	if (!error)
		stop(fd, id);
}

static void stop_refuses_bad_arguments(void **state)
{
	int fd = open_session(0), other = open_session(0);
	struct ced1401_stop s;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, ASK_IN, 0, 1, 0);
	s = (struct ced1401_stop){ .id = id, .reserved = 1 };
	assert_int_equal(call(fd, CED1401_IOC_STOP, &s), EINVAL);
	s = (struct ced1401_stop){ .id = id, .reserved2 = 1 };
	assert_int_equal(call(fd, CED1401_IOC_STOP, &s), EINVAL);
	s = (struct ced1401_stop){ .id = id + 1000 };
	assert_int_equal(call(fd, CED1401_IOC_STOP, &s), ENOENT);
	s = (struct ced1401_stop){ .id = 0 };
	assert_int_equal(call(fd, CED1401_IOC_STOP, &s), ENOENT);
	/* Nothing of one session can be stopped or seen from another */
	s = (struct ced1401_stop){ .id = id };
	assert_int_equal(call(other, CED1401_IOC_STOP, &s), ENOENT);
	assert_int_equal(call(other, CED1401_IOC_STATUS,
			      &(struct ced1401_status){ .id = id }), ENOENT);
	assert_int_equal(wait_error(other, id, 0, 0, NULL), ENOENT);
	assert_int_equal(status(fd, id).state, CED1401_STATE_ARMED);
}

static void stop_tells_how_it_had_ended(void **state)
{
	int fd = open_session(0);
	struct ced1401_stop s;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, ASK_IN, 0, 100, 0);
	s = stop(fd, id);
	assert_int_equal(s.error, -ECANCELED);
	assert_int_equal(s.bytes, 0);
	assert_true(s.time_ns && s.time_ns <= now_ns());
	s = stop(fd, id);
	assert_int_equal(s.error, -ECANCELED);
}

static void status_refuses_bad_arguments(void **state)
{
	static const struct ced1401_status bad[] = {
		{ .reserved = 1 },
		{ .reserved = 1ull << 63 },
	};
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++) {
		struct ced1401_status s = bad[i];

		assert_int_equal(call(fd, CED1401_IOC_STATUS, &s), EINVAL);
	}
	assert_int_equal(call(fd, CED1401_IOC_STATUS,
			      &(struct ced1401_status){ .id = 1234567 }),
			 ENOENT);
}

static void status_tells_what_start_was_given(void **state)
{
	int fd = open_session(0);
	struct ced1401_status s;
	uint32_t id;

	(void)state;
	map_buffer(fd, 9, 2 * PAGE);
	id = start(fd, 9, CED1401_TO_1401 | CED1401_ON_REQUEST, 33, 1000, 5);
	s = status(fd, id);
	assert_int_equal(s.id, id);
	assert_int_equal(s.state, CED1401_STATE_ARMED);
	assert_int_equal(s.error, 0);
	assert_int_equal(s.events, 0);
	assert_int_equal(s.bytes, 0);
	assert_int_equal(s.position, 0);
	assert_int_equal(s.length, 1000);
	assert_int_equal(s.lost, 0);
	assert_int_equal(s.blocks, 0);
	assert_int_equal(s.refused, 0);
	assert_int_equal(s.buffer, 9);
	assert_int_equal(s.area, 5);
	assert_int_equal(s.flags, CED1401_TO_1401 | CED1401_ON_REQUEST);
	assert_int_equal(s.consumed, 0);
	assert_int_equal(s.reserved, 0);
}

static void status_of_id_0_is_the_session(void **state)
{
	int fd = open_session(0);
	struct ced1401_status s = status(fd, 0);

	(void)state;
	assert_int_equal(s.state, CED1401_STATE_NONE);
	assert_int_equal(s.link & (CED1401_LINK_POWER | CED1401_LINK_CABLE),
			 CED1401_LINK_POWER | CED1401_LINK_CABLE);
	assert_int_equal(s.link & (CED1401_LINK_MINE | CED1401_LINK_OTHER), 0);
}

static void wait_refuses_bad_arguments(void **state)
{
	int fd = open_session(0);
	struct ced1401_wait w = { .reserved = 1 };
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, ASK_IN, 0, 1, 0);
	w.id = id;
	w.deadline_ns = 1;
	assert_int_equal(call(fd, CED1401_IOC_WAIT, &w), EINVAL);
	assert_int_equal(wait_error(fd, id + 1000, 0, 1, NULL), ENOENT);
	stop(fd, id);
	/* Nothing is left to wait for */
	assert_int_equal(wait_error(fd, 0, 0, 1, NULL), ENOENT);
}

static void a_deadline_writes_nothing(void **state)
{
	int fd = open_session(0);
	struct ced1401_wait w;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, ASK_IN, 0, 1, 0);
	w = (struct ced1401_wait){
		.id = id, .deadline_ns = 1, .state = 0x11, .error = 0x22,
		.moved = 0x33, .time_ns = 0x44,
	};
	assert_int_equal(call(fd, CED1401_IOC_WAIT, &w), ETIMEDOUT);
	assert_int_equal(w.state, 0x11);
	assert_int_equal(w.error, 0x22);
	assert_int_equal(w.moved, 0x33);
	assert_int_equal(w.time_ns, 0x44);
}

static void consume_counts_what_the_program_has_used(void **state)
{
	int fd = open_session(0);
	struct ced1401_consume c;
	unsigned int i;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start_ring(fd, 0, ASK_IN, 0, 1000, 0, 0);
	assert_int_equal(consume_error(fd, id, 1, NULL), EINVAL);
	to_host(fd, 0, 0, 600, 0);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(wait_bytes(fd, id, 600, 5000).moved, 600);
		c = consume(fd, id, 200);
		assert_int_equal(c.moved, 600);
		assert_int_equal(c.consumed, 200 * i);
		assert_int_equal(c.overwritten, 0);
	}
	assert_int_equal(consume_error(fd, id, 1, NULL), EINVAL);
	assert_int_equal(consume_error(fd, id + 1000, 0, NULL), ENOENT);
	stop(fd, id);
}

static void a_read_only_open_may_look_but_not_act(void **state)
{
	int fd = open_session(O_RDONLY_ONLY | O_NONBLOCK);
	struct ced1401_alloc a = { .size = PAGE };
	struct ced1401_stop s = { .id = 1 };
	char c;

	(void)state;
	map_at(fd, 0, PAGE, 0, PROT_READ);
	assert_int_equal(call(fd, CED1401_IOC_ALLOC, &a), EACCES);
	assert_int_equal(start_error(fd, 0, ASK_IN, 0, 1, 0, NULL), EACCES);
	assert_int_equal(start_error(fd, 0, NOW_IN, 0, 2, 0, NULL), EACCES);
	assert_int_equal(call(fd, CED1401_IOC_STOP, &s), EACCES);
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), EACCES);
	assert_int_equal(call(fd, CED1401_IOC_RELEASE, NULL), EACCES);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), EACCES);
	assert_int_equal(write(fd, ";", 1), -1);
	assert_int_equal(errno, EBADF);

	assert_int_equal(status(fd, 0).state, CED1401_STATE_NONE);
	assert_int_equal(wait_error(fd, 0, 0, 1, NULL), ENOENT);
	assert_int_equal(info(fd, 0).size, PAGE);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(poll_for(fd, POLLIN, 0), 0);
	assert_int_equal(free_buffer(fd, 0), 0);
}

static void claims_take_no_argument(void **state)
{
	int fd = open_session(0);

	(void)state;
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, (void *)1), 0);
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), 0);
	assert_int_equal(call(fd, CED1401_IOC_RELEASE, (void *)1), 0);
}

static void the_device_cannot_be_sought(void **state)
{
	int fd = open_session(0);

	(void)state;
	assert_int_equal(lseek(fd, 0, SEEK_SET), -1);
	assert_int_equal(errno, ESPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(structures_have_one_layout),
		TEST(an_unknown_ioctl_is_enotty),
		TEST(a_bad_address_is_efault),
		TEST(an_answer_that_cannot_be_written_leaves_nothing),
		TEST(what_could_not_be_told_is_still_news),
		TEST(alloc_refuses_bad_arguments),
		TEST(free_refuses_bad_arguments),
		TEST(buf_info_refuses_bad_arguments),
		TEST(start_refuses_bad_arguments),
		TEST(a_structure_can_be_used_again),
		TEST(start_wants_a_buffer_with_memory),
		TEST(an_area_in_use_is_busy),
		TEST(a_session_has_64_transfers),
		TEST(the_last_64_transfers_can_be_asked_for),
		TEST(an_odd_now_transfer_needs_a_narrow_channel),
		TEST(stop_refuses_bad_arguments),
		TEST(stop_tells_how_it_had_ended),
		TEST(status_refuses_bad_arguments),
		TEST(status_tells_what_start_was_given),
		TEST(status_of_id_0_is_the_session),
		TEST(wait_refuses_bad_arguments),
		TEST(a_deadline_writes_nothing),
		TEST(consume_counts_what_the_program_has_used),
		TEST(a_read_only_open_may_look_but_not_act),
		TEST(claims_take_no_argument),
		TEST(the_device_cannot_be_sought),
	};

	return RUN(tests);
}
