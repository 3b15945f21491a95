// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libced1401: the malloc, areas, and blocks to and from the 1401's memory.
 */
#define _GNU_SOURCE
#include <limits.h>

#include "helpers.h"

static void memory_is_like_mallocs(void **state)
{
	static const size_t sizes[] = { 1, 2, 4095, 4096, 4097, 65536, 100001 };
	ced1401_device *dev = open_1401(0);
	uint8_t *p[LENGTH(sizes)];
	unsigned int i, j;
	size_t at = 0;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		p[i] = ced1401_alloc(dev, sizes[i]);
		assert_non_null(p[i]);
		assert_all(p[i], sizes[i], 0);
		fill(p[i], sizes[i], i);
	}
	for (i = 0; i < LENGTH(sizes); i++) {
		int number = well(ced1401_buffer(dev, p[i], NULL));

		assert_filled(p[i], sizes[i], i);
		assert_int_equal(ced1401_buffer(dev, p[i] + sizes[i] - 1, &at),
				 number);
		assert_int_equal(at, sizes[i] - 1);
		/* The driver has it under that number */
		assert_in_range(info(ced1401_fd(dev), (unsigned int)number).size,
				sizes[i], sizes[i] + PAGE - 1);
		for (j = 0; j < i; j++)
			assert_int_not_equal(ced1401_buffer(dev, p[j], NULL), number);
	}
	assert_int_equal(ced1401_buffer(dev, &at, NULL), -EINVAL);
	assert_int_equal(ced1401_free(dev, p[2] + 1), -EINVAL);
	assert_int_equal(ced1401_free(dev, &at), -EINVAL);
	assert_int_equal(ced1401_free(dev, NULL), 0);
	for (i = 0; i < LENGTH(sizes); i++)
		well(ced1401_free(dev, p[i]));
	assert_int_equal(ced1401_free(dev, p[0]), -EINVAL);
	ced1401_close(dev);
}

static void memory_that_cannot_be_had(void **state)
{
	ced1401_device *dev = open_1401(0);
	void *p[CED1401_BUFFERS + 1];
	unsigned int i;

	(void)state;
	assert_null(ced1401_alloc(dev, 0));
	assert_int_equal(errno, EINVAL);
	assert_null(ced1401_alloc(dev, 4 * MIB + 1));
	assert_int_equal(errno, EINVAL);
	/* 4 MiB for a session, by default */
	p[0] = ced1401_alloc(dev, 2 * MIB);
	p[1] = ced1401_alloc(dev, 2 * MIB);
	assert_true(p[0] && p[1]);
	assert_null(ced1401_alloc(dev, 1));
	assert_int_equal(errno, EDQUOT);
	well(ced1401_free(dev, p[0]));
	well(ced1401_free(dev, p[1]));
	for (i = 0; i < CED1401_BUFFERS; i++) {
		p[i] = ced1401_alloc(dev, PAGE);
		assert_non_null(p[i]);
	}
	assert_null(ced1401_alloc(dev, PAGE));
	assert_int_equal(errno, ENOSPC);
	for (i = 0; i < CED1401_BUFFERS; i++)
		well(ced1401_free(dev, p[i]));
	p[0] = ced1401_alloc(dev, PAGE);
	assert_non_null(p[0]);
	ced1401_close(dev);
	well(ced1401_free(dev, p[0]));
}

static void memory_outlives_its_session(void **state)
{
	ced1401_device *dev = open_1401(0), *next;
	uint8_t *p = ced1401_alloc(dev, 50000), *q = ced1401_alloc(dev, 3);

	(void)state;
	fill(p, 50000, 7);
	well(ced1401_write_memory(dev, 0, p, 50000));
	ced1401_close(dev);
	/* The 1401 is free, and the memory is there still */
	next = open_1401(CED1401L_NONBLOCK);
	assert_filled(p, 50000, 7);
	p[0] ^= 1;
	well(ced1401_free(dev, q));
	fill(p, 50000, 8);
	assert_filled(p, 50000, 8);
	well(ced1401_free(dev, p));
	ced1401_close(next);
}

#define THREADS		8
#define ROUNDS		60
#define KEPT		5

struct worker {
	ced1401_device *dev;
	uint32_t chance;
};

/* Buffers come and go; what one has, no other writes to */
static void *allocates(void *arg)
{
	struct worker *w = arg;
	uint8_t *p[KEPT] = { NULL };
	size_t size[KEPT] = { 0 };
	uint32_t seed[KEPT] = { 0 };
	unsigned int i, at;
	size_t k;

	for (i = 0; i < ROUNDS + KEPT; i++) {
		at = i % KEPT;
		if (p[at]) {
			for (k = 0; k < size[at]; k++) {
				if (p[at][k] != (uint8_t)(seed[at] + k * 7))
					return (void *)"memory of another's";
			}
			if (ced1401_free(w->dev, p[at]))
				return (void *)"free failed";
		}
		p[at] = NULL;
		if (i >= ROUNDS)
			continue;
		size[at] = 1 + below(&w->chance, 20000);
		seed[at] = below(&w->chance, 256);
		p[at] = ced1401_alloc(w->dev, size[at]);
		if (!p[at])
			return strerror(errno);
		for (k = 0; k < size[at]; k++) {
			if (p[at][k])
				return (void *)"memory that is not zeroed";
			p[at][k] = (uint8_t)(seed[at] + k * 7);
		}
	}
	return NULL;
}

static void threads_have_memory_of_their_own(void **state)
{
	ced1401_device *dev = open_1401(0);
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	uint32_t seed = chance_seed();
	unsigned int i;

	(void)state;
	for (i = 0; i < THREADS; i++) {
		workers[i].dev = dev;
		workers[i].chance = seed + i;
		threads[i] = begin_thread(allocates, &workers[i]);
	}
	for (i = 0; i < THREADS; i++)
		join_thread(threads[i]);
	ced1401_close(dev);
}

static void blocks_come_back_as_they_went(void **state)
{
	static const size_t sizes[] = { 1, 2, 999, 65537, 300001, 1048576 };
	ced1401_device *dev = open_1401(0);
	uint8_t *own = ced1401_alloc(dev, MIB), *in = ced1401_alloc(dev, MIB);
	uint8_t *other = malloc(MIB), *back = malloc(MIB);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		uint32_t at = (uint32_t)(MIB - sizes[i]);

		/* Directly one way, by a copy the other, and the reverse */
		fill(own, sizes[i], i);
		well(ced1401_write_memory(dev, at, own, sizes[i]));
		well(ced1401_read_memory(dev, at, back, sizes[i]));
		assert_filled(back, sizes[i], i);
		fill(other, sizes[i], i + 100);
		well(ced1401_write_memory(dev, at, other, sizes[i]));
		memset(in, 0, MIB);
		well(ced1401_read_memory(dev, at, in, sizes[i]));
		assert_filled(in, sizes[i], i + 100);
		assert_all(in + sizes[i], MIB - sizes[i], 0);
	}
	/* A part of the buffer, at an odd place */
	memset(in, 0, MIB);
	well(ced1401_read_memory(dev, 0, in + 4097, 10001));
	assert_filled(in + 4097, 10001, 100 + LENGTH(sizes) - 1);
	assert_all(in, 4097, 0);
	well(ced1401_read_memory(dev, 5, in, 0));
	assert_int_equal(ced1401_read_memory(dev, MIB - 1, in, 2),
			 CED1401L_1401(3));
	assert_int_equal(ced1401_write_memory(dev, 0xffffffff, in, 2),
			 CED1401L_1401(3));
	free(other);
	free(back);
	ced1401_close(dev);
	well(ced1401_free(dev, own));
	well(ced1401_free(dev, in));
}

static void areas_for_commands_of_ones_own(void **state)
{
	static const int wrong[] = { -1, -ENOSPC, 8, INT_MIN, INT_MAX };
	ced1401_device *dev = open_1401(0);
	uint8_t *p = ced1401_alloc(dev, 200000);
	uint64_t when = 0, begun = now_ns();
	int out, in, area[8], i;

	(void)state;
	fill(p, 1000, 3);
	out = well(ced1401_area_set(dev, p, 1000, CED1401L_TO_1401));
	in = well(ced1401_area_set(dev, p + 1001, 100000, CED1401L_TO_HOST));
	assert_int_not_equal(out, in);
	well(ced1401_command(dev, "TO1401,500,1000,0,%d", out));
	well(ced1401_area_wait(dev, out, 1000, -1, &when));
	assert_in_range(when, begun, now_ns());
	assert_int_equal(ced1401_area_wait(dev, in, 1, 50, NULL), -ETIMEDOUT);
	assert_int_equal(ced1401_area_wait(dev, in, 1, 0, NULL), -ETIMEDOUT);
	well(ced1401_command(dev, "TOHOST,500,1000,77,%d", in));
	well(ced1401_area_wait(dev, in, 1000, 0, NULL));
	assert_filled(p + 1001 + 77, 1000, 3);
	/* Nothing else of it was touched, and beyond the area nothing can be */
	assert_all(p + 1000, 78, 0);
	assert_all(p + 1001 + 1077, 90000, 0);
	assert_int_equal(ced1401_command(dev, "TOHOST,0,2,99999,%d", in),
			 CED1401L_1401(10));
	assert_int_equal(ced1401_area_wait(dev, in, 1001, -1, NULL),
			 CED1401L_E_BLOCK);
	/* Told once; and to the other direction it is no use either */
	assert_int_equal(ced1401_area_wait(dev, in, 1001, 20, NULL), -ETIMEDOUT);
	assert_int_equal(ced1401_command(dev, "TO1401,0,2,0,%d", in),
			 CED1401L_1401(10));
	well(ced1401_area_clear(dev, in));
	assert_int_equal(ced1401_area_clear(dev, in), -EINVAL);
	assert_int_equal(ced1401_area_wait(dev, in, 1, 0, NULL), -EINVAL);
	/* Numbers that are none, as the error of ced1401_area_set() is */
	for (i = 0; i < (int)LENGTH(wrong); i++)
		assert_int_equal(ced1401_area_wait(dev, wrong[i], 1, 0, NULL),
				 -EINVAL);
	assert_int_equal(ced1401_area_clear(dev, 8), -EINVAL);
	assert_int_equal(ced1401_area_clear(dev, -1), -EINVAL);
	assert_int_equal(ced1401_area_set(dev, p, 200001, CED1401L_TO_HOST),
			 -EINVAL);
	assert_int_equal(ced1401_area_set(dev, p, 100, 3), -EINVAL);
	assert_int_equal(ced1401_area_set(dev, &out, 4, CED1401L_TO_HOST), -EINVAL);
	for (i = 0; i < 7; i++)
		area[i] = well(ced1401_area_set(dev, p, 10, CED1401L_TO_HOST));
	assert_int_equal(ced1401_area_set(dev, p, 10, CED1401L_TO_HOST), -ENOSPC);
	for (i = 0; i < 7; i++)
		well(ced1401_area_clear(dev, area[i]));
	/* A reset ends them */
	well(ced1401_reset(dev));
	assert_int_equal(ced1401_area_wait(dev, out, 5000, -1, NULL), -ESHUTDOWN);
	ced1401_close(dev);
	well(ced1401_free(dev, p));
}

static void free_stops_what_uses_the_memory(void **state)
{
	ced1401_device *dev = open_1401(0);
	uint8_t *p = ced1401_alloc(dev, 5000);
	int area = well(ced1401_area_set(dev, p, 5000, CED1401L_TO_HOST));

	(void)state;
	well(ced1401_free(dev, p));
	assert_int_equal(ced1401_area_wait(dev, area, 1, -1, NULL), -ESHUTDOWN);
	assert_int_equal(ced1401_command(dev, "TOHOST,0,2,0,%d", area),
			 CED1401L_1401(10));
	ced1401_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_is_like_mallocs),
		TEST(memory_that_cannot_be_had),
		TEST(memory_outlives_its_session),
		TEST(threads_have_memory_of_their_own),
		TEST(blocks_come_back_as_they_went),
		TEST(areas_for_commands_of_ones_own),
		TEST(free_stops_what_uses_the_memory),
	};

	return RUN(tests);
}
