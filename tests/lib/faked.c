// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libced1401 with a driver and a 1401 of the test's own (fake.h), on the host: what the
 * virtual card does not do, or would take minutes for.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fake.h"
#include "libced1401.h"

#define HANGS_S		60		/* of the host's: no test takes one */
#define RATE		20000u		/* frames a second, all of one channel */

static const unsigned int first[] = { 0 };
static ced1401_device *dev;

static int begins(void **state)
{
	(void)state;
	alarm(HANGS_S);
	fake_begin();
	return ced1401_open_path(FAKE_PATH, 0, &dev);
}

static int ends(void **state)
{
	(void)state;
	ced1401_close(dev);
	dev = NULL;
	return 0;
}

#define TEST(f)		cmocka_unit_test_setup_teardown(f, begins, ends)

static struct ced1401_stream_config config_of(int method)
{
	const struct ced1401_stream_config config = {
		.channels = first, .n_channels = 1, .method = method,
		.rate = RATE,
	};

	return config;
}

static ced1401_stream *begin_in(const struct ced1401_stream_config *config)
{
	ced1401_stream *s;

	assert_int_equal(ced1401_stream_in(dev, config, &s), 0);
	assert_int_equal(ced1401_stream_start(s), 0);
	return s;
}

static struct ced1401_stream_info info_of(ced1401_stream *s)
{
	struct ced1401_stream_info info;

	assert_int_equal(ced1401_stream_get_info(s, &info), 0);
	return info;
}

/* --------------------------------------------------------- news for another thread */

/* Which transfer's block breaks off while somebody sleeps, and that another hears of it */
static unsigned int breaks_off;

static void another_thread_is_told(void)
{
	if (!breaks_off)
		return;
	fake.transfers[breaks_off - 1].error = -EPIPE;
	breaks_off = 0;
	assert_int_equal(ced1401_process(dev, 0), 0);
}

/* The transfer goes on, and no STATUS tells it again: who sleeps must learn of it */
static void a_block_that_broke_off_wakes_all(void **state)
{
	struct ced1401_stream_config config = config_of(CED1401L_REQUEST);
	ced1401_stream *s = begin_in(&config);
	struct ced1401_piece piece;
	void *memory = ced1401_alloc(dev, 4096);
	int area = ced1401_area_set(dev, memory, 4096, CED1401L_TO_HOST);

	(void)state;
	assert_in_range(area, 0, CED1401_AREAS - 1);
	fake.waits = another_thread_is_told;
	breaks_off = 1;
	assert_int_equal(ced1401_stream_acquire(s, &piece, 0, -1), CED1401L_E_BLOCK);
	breaks_off = 2;
	assert_int_equal(ced1401_area_wait(dev, area, 1, -1, NULL), CED1401L_E_BLOCK);
	assert_false(fake.slept_for_ever);
	/* It was told, and the area is there still */
	assert_int_equal(ced1401_area_wait(dev, area, 1, 1000, NULL), -ETIMEDOUT);
	fake_area((unsigned int)area)->moved = 1;
	assert_int_equal(ced1401_area_wait(dev, area, 1, -1, NULL), 0);
	ced1401_stream_close(s);
	assert_int_equal(ced1401_area_clear(dev, area), 0);
	assert_int_equal(ced1401_free(dev, memory), 0);
}

/* ------------------------------------------------------------- what the 1401 lost */

static const char *stands;

static void tells_how_it_stands(const char *command)
{
	if (!strcmp(command, "XFIFO,?"))
		fake_reply("%s", stands);
}

/* More samples than 31 bits count; and what is no reply at all is no success */
static void losses_of_a_long_stream_are_told(void **state)
{
	static const char *const bad[] = { "12", "x,12", "1,2,3", "7,-1", "" };
	struct ced1401_stream_config config = config_of(CED1401L_FIFO);
	ced1401_stream *s;
	unsigned int i;

	(void)state;
	fake.obey = tells_how_it_stands;
	stands = "3000000000,12";
	s = begin_in(&config);
	assert_int_equal(ced1401_stream_ask(s), 0);
	assert_int_equal(info_of(s).lost_1401, 12);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		stands = bad[i];
		assert_int_equal(ced1401_stream_ask(s), -EBADMSG);
	}
	assert_int_equal(info_of(s).lost_1401, 12);
	stands = "4000000000,5000000000";
	assert_int_equal(ced1401_stream_stop(s), 0);
	assert_int_equal(info_of(s).lost_1401, 5000000000);
	ced1401_stream_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_block_that_broke_off_wakes_all),
		TEST(losses_of_a_long_stream_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
