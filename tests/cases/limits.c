// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How much DMA memory a session, a user and all together may have, and what
 * happens when there is none left. Runs as root, to set the module's limits.
 */
#define _GNU_SOURCE
#include "common.h"

#define PARAMETERS	"/sys/module/ced1401_isa/parameters/"

static void set_limit(const char *name, unsigned int kib)
{
	char path[120];
	FILE *file;

	become_root();
	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	file = fopen(path, "w");
	if (!file || fprintf(file, "%u\n", kib) < 0 || fclose(file))
		fail_msg("%s: %s", path, strerror(errno));
}

static int limits_begin(void **state)
{
	become_root();
	set_limit("limit_kb", 8192);
	set_limit("user_limit_kb", 6144);
	set_limit("session_limit_kb", 4096);
	return test_begins(state);
}

#define LIMIT_TEST(f)	cmocka_unit_test_setup_teardown(f, limits_begin, \
							test_ends)

static int map_of(int fd, unsigned int buffer, size_t size)
{
	void *p = mmap(NULL, size, RW, MAP_SHARED, fd,
		       CED1401_BUF_OFFSET(buffer));

	return p == MAP_FAILED ? errno : 0;
}

/* Free pages of the zone below 16 MiB */
static long free_dma_pages(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	bool in_zone = false;
	long pages = -1;
	char line[200];

	while (file && pages < 0 && fgets(line, sizeof(line), file)) {
		if (strstr(line, "zone "))
			in_zone = strstr(line, "zone      DMA\n");
		else if (in_zone)
			sscanf(line, " pages free %ld", &pages);
	}
	if (file)
		fclose(file);
	assert_true(pages > 0);
	return pages;
}

static void a_session_has_a_limit(void **state)
{
	int fd;

	(void)state;
	become_user();
	fd = open_session(0);
	map_buffer(fd, 0, CED1401_BUF_MAX);
	assert_int_equal(map_of(fd, 1, PAGE), EDQUOT);
	/* Another session of the same user has its own */
	assert_int_equal(map_of(open_session(0), 0, PAGE), 0);
	/* A mapping keeps what FREE gives up */
	assert_int_equal(free_buffer(fd, 0), 0);
	assert_int_equal(map_of(fd, 1, PAGE), EDQUOT);
}

static void what_is_freed_can_be_had_again(void **state)
{
	unsigned int round;
	int fd;

	(void)state;
	become_user();
	fd = open_session(0);
	for (round = 0; round < 50; round++) {
		uint8_t *p = map_buffer(fd, 0, CED1401_BUF_MAX);

		assert_int_equal(map_of(fd, 1, PAGE), EDQUOT);
		p[round] = 1;
		unmap(p, CED1401_BUF_MAX);
		assert_int_equal(free_buffer(fd, 0), 0);
	}
}

static void limits_count_what_the_memory_really_costs(void **state)
{
	uint64_t charged = 0;
	unsigned int n;
	int fd, error = 0;

	(void)state;
	set_limit("session_limit_kb", 256);
	become_user();
	fd = open_session(0);
	for (n = 0; n < CED1401_BUFFERS; n++) {
		error = map_of(fd, n, 1);
		if (error)
			break;
		charged += info(fd, n).charged;
	}
	assert_int_equal(error, EDQUOT);
	assert_true(charged <= 256 * KIB);
	/* Not one more would have fitted */
	assert_true(charged + info(fd, 0).charged > 256 * KIB);
}

static void a_user_has_a_limit_over_all_sessions(void **state)
{
	int a, b;

	(void)state;
	set_limit("user_limit_kb", 1024);
	become_user();
	a = open_session(0);
	b = open_session(0);
	assert_int_equal(map_of(a, 0, 512 * KIB), 0);
	assert_int_equal(map_of(b, 0, 512 * KIB), 0);
	assert_int_equal(map_of(a, 1, PAGE), EDQUOT);
	assert_int_equal(map_of(b, 1, PAGE), EDQUOT);
	assert_int_equal(map_of(open_session(0), 0, PAGE), EDQUOT);
}

static void roots_sessions_have_no_users_limit(void **state)
{
	int fd;

	(void)state;
	set_limit("user_limit_kb", 1024);
	fd = open_session(0);
	assert_int_equal(map_of(fd, 0, 2 * MIB), 0);
	assert_int_equal(map_of(fd, 1, MIB), 0);
}

static void one_user_does_not_use_up_anothers_limit(void **state)
{
	int fd;

	(void)state;
	set_limit("user_limit_kb", 1024);
	fd = open_session(0);		/* root's */
	assert_int_equal(map_of(fd, 0, 2 * MIB), 0);
	become_user();
	fd = open_session(0);
	assert_int_equal(map_of(fd, 0, MIB), 0);
	assert_int_equal(map_of(fd, 1, PAGE), EDQUOT);
}

static void all_together_have_a_limit(void **state)
{
	int a, b;

	(void)state;
	set_limit("limit_kb", 2048);
	a = open_session(0);
	b = open_session(0);
	assert_int_equal(map_of(a, 0, MIB), 0);
	assert_int_equal(map_of(b, 0, MIB), 0);
	assert_int_equal(map_of(a, 1, PAGE), EDQUOT);
	become_user();
	assert_int_equal(map_of(open_session(0), 0, PAGE), EDQUOT);
}

static void a_mapping_without_a_file_still_counts(void **state)
{
	uint8_t *p;
	int fd;

	(void)state;
	set_limit("user_limit_kb", 1024);
	become_user();
	fd = open_session(0);
	p = map_buffer(fd, 0, MIB);
	close(fd);
	fd = open_session(0);
	assert_int_equal(map_of(fd, 0, PAGE), EDQUOT);
	unmap(p, MIB);
	assert_int_equal(map_of(fd, 0, PAGE), 0);
}

static void a_refused_mapping_costs_nothing(void **state)
{
	unsigned int i;
	int fd;

	(void)state;
	set_limit("session_limit_kb", 1024);
	become_user();
	fd = open_session(0);
	for (i = 0; i < 100; i++) {
		assert_int_equal(map_of(fd, i % 64, 2 * MIB), EDQUOT);
		assert_int_equal(map_error(fd, 0, PAGE, RW, MAP_PRIVATE),
				 EINVAL);
		assert_int_equal(map_error(fd, 0, PAGE, RW | PROT_EXEC,
					   MAP_SHARED), EPERM);
	}
	assert_int_equal(map_of(fd, 0, MIB), 0);
}

/* Takes all there is with ever smaller buffers; returns how much it was */
static uint64_t take_all(unsigned int *refusals)
{
	uint64_t taken = 0;
	size_t size = CED1401_BUF_MAX;
	unsigned int n = 0;
	int fd = open_session(0);

	while (size >= PAGE) {
		int error = map_of(fd, n, size);

		if (!error) {
			taken += size;
			if (++n < CED1401_BUFFERS)
				continue;
			fd = open_session(0);
			n = 0;
			continue;
		}
		assert_int_equal(error, ENOMEM);
		++*refusals;
		size /= 2;
	}
	return taken;
}

static void when_dma_memory_is_exhausted_mmap_says_enomem(void **state)
{
	unsigned int refusals = 0, i, round;
	long before = free_dma_pages();
	uint64_t taken[2];

	(void)state;
	set_limit("limit_kb", 65536);
	set_limit("user_limit_kb", 65536);
	set_limit("session_limit_kb", 65536);
	for (round = 0; round < 2; round++) {
		taken[round] = take_all(&refusals);
		assert_true(refusals > 0);
		assert_in_range(taken[round], MIB, 16 * MIB);
		/* test_ends() frees it all; and alarm() is off meanwhile */
		test_ends(NULL);
		test_begins(NULL);
	}
	/* Nothing was lost on the way */
	assert_true(taken[1] + 256 * KIB >= taken[0]);
	for (i = 0; i < 20 && free_dma_pages() < before - 16; i++)
		sleep_ms(100);
	assert_true(free_dma_pages() >= before - 16);
}

static void a_user_cannot_exhaust_it_with_the_limits_as_they_come(void **state)
{
	uint64_t taken = 0;
	unsigned int session, n;

	(void)state;
	become_user();
	for (session = 0; session < 4; session++) {
		int fd = open_session(0);

		for (n = 0; n < CED1401_BUFFERS; n++) {
			if (map_of(fd, n, 128 * KIB))
				break;
			taken += info(fd, n).charged;
		}
	}
	assert_true(taken <= 6144 * KIB);
	assert_true(taken >= 5 * MIB);
	become_root();
	/* Others still get some */
	assert_int_equal(map_of(open_session(0), 0, MIB), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIMIT_TEST(a_session_has_a_limit),
		LIMIT_TEST(what_is_freed_can_be_had_again),
		LIMIT_TEST(limits_count_what_the_memory_really_costs),
		LIMIT_TEST(a_user_has_a_limit_over_all_sessions),
		LIMIT_TEST(roots_sessions_have_no_users_limit),
		LIMIT_TEST(one_user_does_not_use_up_anothers_limit),
		LIMIT_TEST(all_together_have_a_limit),
		LIMIT_TEST(a_mapping_without_a_file_still_counts),
		LIMIT_TEST(a_refused_mapping_costs_nothing),
		LIMIT_TEST(when_dma_memory_is_exhausted_mmap_says_enomem),
		LIMIT_TEST(a_user_cannot_exhaust_it_with_the_limits_as_they_come),
	};

	return RUN(tests);
}
