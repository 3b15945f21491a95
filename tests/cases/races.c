// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything that a program can do with its session, at the same moment as
 * everything else, while a stream runs into the memory: in pairs, each with each,
 * then many at once, then in programs that are killed. Whatever the order was,
 * afterwards nobody has anything and all works.
 * Runs as root, to look at debugfs; the races are an unprivileged user's.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/prctl.h>

#include "deeds.h"

/* ---- the tests ---- */

/* Counters go up and never back, and no interrupt was without end */
static void assert_sane(long *resets_before)
{
	long now = sysfs_number("statistics/resets");

	assert_true(now > *resets_before);
	*resets_before = now;
	assert_int_equal(sysfs_number("statistics/storms"), 0);
	assert_true(sysfs_number("statistics/characters_out") > 0);
}

/* The user's account is empty: all of his limit can be had, and not a page more */
static void assert_nothing_charged(void)
{
	unsigned int n, session;
	int fd = -1;

	for (session = 0; session < 2; session++) {
		fd = open_session(0);
		for (n = 0; n < 48; n++)
			map_buffer(fd, n, 64 * KIB);
	}
	assert_int_equal(map_error(fd, CED1401_BUF_OFFSET(n), PAGE, RW,
				   MAP_SHARED), EDQUOT);
	test_ends(NULL);
	test_begins(NULL);
	become_user();
}

static void assert_aftermath(void)
{
	become_root();
	assert_nothing_left();
	become_user();
	assert_moves_whole();
	assert_nothing_charged();
	become_root();
	assert_nothing_left();
}

static void each_with_each(void **state)
{
	const unsigned int rounds = rounds_of(3);
	long resets_before = sysfs_number("statistics/resets");
	unsigned int i, j, round, done = 0;
	uint64_t begun = now_ns();
	struct crowd c = { 0 };

	(void)state;
	alarm(0);
	become_user();
	crowd_begins(&c, 2);
	for (i = 0; i < DEEDS; i++) {
		deed *one = deeds[i];

		for (j = 0; j <= i; j++) {
			deed *both[] = { one, deeds[j] };

			for (round = 0; round < rounds; round++, done++)
				race(&c, both);
		}
	}
	crowd_ends(&c);
	print_message("# %u rounds in %llu ms\n", done,
		      (unsigned long long)((now_ns() - begun) / MS));
	alarm(TEST_SECONDS);
	assert_aftermath();
	assert_sane(&resets_before);
}

static void many_at_once(void **state)
{
	const unsigned int rounds = rounds_of(300);
	long resets_before = sysfs_number("statistics/resets");
	uint64_t begun = now_ns();
	unsigned int round, i;
	struct crowd c = { 0 };
	deed *some[CROWD];

	(void)state;
	alarm(0);
	become_user();
	crowd_begins(&c, CROWD);
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < CROWD; i++)
			some[i] = deeds[below(&c.chance, DEEDS)];
		race(&c, some);
	}
	crowd_ends(&c);
	print_message("# %u rounds in %llu ms\n", round,
		      (unsigned long long)((now_ns() - begun) / MS));
	alarm(TEST_SECONDS);
	assert_aftermath();
	assert_sane(&resets_before);
}

/* One of a program's threads: whatever comes into its head, until it is killed */
static void *does_anything(void *arg)
{
	struct round *r = arg;
	uint32_t chance = (uintptr_t)&chance ^ (uint32_t)now_ns();

	for (;;)
		deeds[below(&chance, DEEDS)](r);
	return NULL;
}

static void anything_until_killed(void *arg)
{
	struct round r = { .odd = 0 };
	pthread_t threads[2];
	unsigned int i;

	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prepare(&r);
	/* The one who has the 1401 need not let go: then this one waits */
	r.fd = open(device(), O_RDWR);
	child_check(r.fd >= 0);
	ioctl(r.fd, CED1401_IOC_CLAIM);
	close(r.fd);
	while (!round_begins(&r)) {
		/* The 1401 was another's meanwhile */
		child_check(errno == EAGAIN || errno == EBUSY);
		round_ends(&r, 0);
		sched_yield();
	}
	fcntl(r.fd, F_SETFL, 0);
	fcntl(r.other, F_SETFL, 0);
	for (i = 0; i < LENGTH(threads); i++)
		pthread_create(&threads[i], NULL, does_anything, &r);
	does_anything(&r);
}

static void programs_are_killed_amid_anything(void **state)
{
	const unsigned int rounds = rounds_of(60);
	long resets_before = sysfs_number("statistics/resets");
	uint32_t chance = chance_seed();
	uint64_t begun = now_ns();
	unsigned int round, i;
	pid_t pids[3] = { 0 };

	(void)state;
	alarm(0);
	become_user();
	for (round = 0; round < rounds; round++) {
		i = below(&chance, LENGTH(pids));
		if (pids[i])
			kill_child(pids[i]);
		pids[i] = child(anything_until_killed, NULL);
		sleep_ms(below(&chance, 60));
	}
	for (i = 0; i < LENGTH(pids); i++) {
		if (pids[i])
			kill_child(pids[i]);
	}
	print_message("# %u killed in %llu ms\n", round,
		      (unsigned long long)((now_ns() - begun) / MS));
	alarm(TEST_SECONDS);
	assert_aftermath();
	assert_sane(&resets_before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_with_each),
		TEST(many_at_once),
		TEST(programs_are_killed_amid_anything),
	};

	return RUN(tests);
}
