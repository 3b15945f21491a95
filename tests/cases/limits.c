// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one user may have of what all share: DMA memory, open files, the kernel's own
 * memory, his turn with the 1401, lines of the kernel's log; and what happens when
 * there is no DMA memory left. Runs as root, to set the module's limits.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common.h"

#include <linux/ced1401-ced.h>

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

/* Another user of the device's group than become_user()'s */
static void become_another_user(void)
{
	become_user();
	if (setresuid(-1, 0, -1) || setresuid(14011, 14011, 0))
		fail_msg("no other user: %s", strerror(errno));
}

static void a_user_at_his_limit_leaves_the_rest_to_others(void **state)
{
	unsigned int n;
	int fd;

	(void)state;
	become_user();
	fd = open_session(0);
	assert_int_equal(map_of(fd, 0, 4 * MIB), 0);
	fd = open_session(0);
	for (n = 0; !map_of(fd, n, 128 * KIB); n++)
		;
	assert_int_equal(n, 16);
	become_root();
	become_another_user();
	assert_int_equal(map_of(open_session(0), 0, MIB), 0);
	become_root();
	assert_int_equal(map_of(open_session(0), 0, 512 * KIB), 0);
}

struct namesake {
	int up, down;
};

/* Root of a user namespace of his own, with ids that his login does not have */
static void is_somebody_else(void *arg)
{
	struct namesake *n = arg;
	int fd;

	become_user();
	if (unshare(CLONE_NEWUSER)) {
		tell(n->up, 'n');
		return;
	}
	tell(n->up, 'y');
	child_check(told(n->down, 20000) == 'm');
	child_check(setresuid(1, 1, 1) == 0);
	child_check(getuid() == 1);
	fd = open(device(), O_RDWR);
	child_check(fd >= 0);
	child_check(map_of(fd, 0, PAGE) == EDQUOT);
}

static void write_map(pid_t pid, const char *map)
{
	char path[60];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	file = fopen(path, "w");
	if (!file || fputs(map, file) < 0 || fclose(file))
		fail_msg("%s: %s", path, strerror(errno));
}

/* subuid(5) gives every user thousands of ids: they are no more users than he is */
static void a_user_of_many_ids_has_one_limit(void **state)
{
	struct namesake n;
	int up[2], down[2];
	char answer;
	pid_t pid;

	(void)state;
	set_limit("user_limit_kb", 1024);
	make_pipe(up);
	make_pipe(down);
	n.up = up[1];
	n.down = down[0];
	become_user();
	assert_int_equal(map_of(open_session(0), 0, MIB), 0);
	become_root();
	pid = child(is_somebody_else, &n);
	answer = told(up[0], 20000);
	if (answer == 'y') {
		write_map(pid, "0 14010 1\n1 100000 10\n");
		tell(down[1], 'm');
	} else {
		assert_int_equal(answer, 'n');
		print_message("# this kernel gives users no namespaces\n");
	}
	assert_child_well(pid);
	/* And he has one of a user */
	become_another_user();
	assert_int_equal(map_of(open_session(0), 0, MIB), 0);
}

/* ---- open files ---- */

#define SESSIONS	256		/* of one user: CED_USER_SESSIONS */

static int open_or_error(void)
{
	int fd = open(device(), O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void a_user_has_so_many_files(void **state)
{
	struct rlimit many = { .rlim_cur = 4096, .rlim_max = 4096 };
	int fds[SESSIONS], i;
	uint8_t *p;

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
	become_user();
	for (i = 0; i < SESSIONS; i++) {
		fds[i] = open_or_error();
		assert_true(fds[i] >= 0);
	}
	assert_int_equal(open_or_error(), -EDQUOT);
	/* A mapping is as good as a file */
	p = map_buffer(fds[0], 0, PAGE);
	close(fds[0]);
	assert_int_equal(open_or_error(), -EDQUOT);
	unmap(p, PAGE);
	fds[0] = open_or_error();
	assert_true(fds[0] >= 0);
	assert_int_equal(open_or_error(), -EDQUOT);
	/* Nobody else has fewer for it, and root has no such limit */
	become_root();
	become_another_user();
	i = open_or_error();
	assert_true(i >= 0);
	close(i);
	become_root();
	i = open_or_error();
	assert_true(i >= 0);
	close(i);
	for (i = 0; i < SESSIONS; i++)
		close(fds[i]);
}

/* ---- the kernel's memory ---- */

#define CGROUP	"/tmp/ced1401-cgroup"
#define CROWDED	150			/* sessions, each with all its transfers */

static long number_in(const char *path)
{
	FILE *file = fopen(path, "r");
	long value = -1;

	if (!file || fscanf(file, "%ld", &value) != 1)
		value = -1;
	if (file)
		fclose(file);
	return value;
}

static bool write_to(const char *path, const char *what)
{
	FILE *file = fopen(path, "w");

	return file && fputs(what, file) >= 0 && !fclose(file);
}

static void takes_what_it_can(void *arg)
{
	struct ced1401_start s = {
		.flags = CED1401_TO_HOST | CED1401_ON_REQUEST, .length = 1,
	};
	struct ced1401_stop stop = { 0 };
	char pid[20];
	long before;
	int i, n;

	(void)arg;
	snprintf(pid, sizeof(pid), "%d", getpid());
	child_check(write_to(CGROUP "/user/cgroup.procs", pid));
	become_user();
	before = number_in(CGROUP "/user/memory.current");
	for (i = 0; i < CROWDED; i++) {
		int fd = open_or_error();

		child_check(fd >= 0);
		child_check(map_of(fd, 0, PAGE) == 0);
		for (n = 0; n < CED1401_TRANSFERS; n++) {
			child_check(ioctl(fd, CED1401_IOC_START, &s) == 0);
			stop.id = s.id;
			child_check(ioctl(fd, CED1401_IOC_STOP, &stop) == 0);
		}
	}
	/* A transfer is more than 128 bytes */
	child_check(number_in(CGROUP "/user/memory.current") - before >
		    CROWDED * CED1401_TRANSFERS * 128l);
}

static void what_the_kernel_remembers_is_the_users_memory(void **state)
{
	(void)state;
	mkdir(CGROUP, 0755);
	if (mount("cgroup2", CGROUP, "cgroup2", 0, NULL) ||
	    !write_to(CGROUP "/cgroup.subtree_control", "+memory")) {
		print_message("# this kernel has no memory cgroups\n");
	} else {
		mkdir(CGROUP "/user", 0755);
		assert_child_well(child(takes_what_it_can, NULL));
		rmdir(CGROUP "/user");
	}
	umount(CGROUP);
	rmdir(CGROUP);
}

/* ---- the queue ---- */

struct turn {
	int up;
	char name;
};

static void takes_a_turn(void *arg)
{
	struct turn *t = arg;
	int fd = open(device(), O_RDWR);

	child_check(fd >= 0);
	child_check(ioctl(fd, CED1401_IOC_CLAIM) == 0);
	tell(t->up, t->name);
	child_check(ioctl(fd, CED1401_IOC_RELEASE) == 0);
	/* Back to the end of the queue, at once */
	child_check(ioctl(fd, CED1401_IOC_CLAIM) == 0);
	tell(t->up, '.');
	_exit(0);
}

#define IN_LINE	20

/* However many one has, and however fast he comes again: each in its turn */
static void who_queues_often_does_not_push_in(void **state)
{
	struct turn t;
	pid_t pids[IN_LINE];
	int fd, up[2], i;

	(void)state;
	make_pipe(up);
	t.up = up[1];
	become_user();
	fd = open_session(0);
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), 0);
	for (i = 0; i < IN_LINE; i++) {
		become_root();
		/* One of them is another user */
		if (i == IN_LINE / 2)
			become_another_user();
		else
			become_user();
		t.name = 'a' + i;
		pids[i] = child(takes_a_turn, &t);
		assert_true(is_asleep(pids[i], 20000));
	}
	assert_int_equal(call(fd, CED1401_IOC_RELEASE, NULL), 0);
	for (i = 0; i < IN_LINE; i++)
		assert_int_equal(told(up[0], 20000), 'a' + i);
	for (i = 0; i < IN_LINE; i++)
		assert_child_well(pids[i]);
}

#define RESETTING	40

static void *resets_for_ever(void *arg)
{
	for (;;)
		ioctl(*(int *)arg, CED1401_IOC_RESET);
	return NULL;
}

static void resets_with_many_threads(void *arg)
{
	int fd = open(device(), O_RDWR), i;
	pthread_t thread;

	(void)arg;
	for (i = 0; i < RESETTING; i++)
		pthread_create(&thread, NULL, resets_for_ever, &fd);
	resets_for_ever(&fd);
}

/* How often this thread has gone to sleep by itself */
static long sleeps(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
	return usage.ru_nvcsw;
}

/* There is one reset at a time, and who would wait for it sleeps: who closes does not */
static void closing_does_not_wait_for_anothers_resets(void **state)
{
	const unsigned int closed = 200;
	unsigned int i;
	long before, slept;
	pid_t pid;

	(void)state;
	become_user();
	pid = child(resets_with_many_threads, NULL);
	before = sysfs_number("statistics/resets");
	while (sysfs_number("statistics/resets") < before + 2 * RESETTING)
		sleep_ms(10);
	before = sleeps();
	for (i = 0; i < closed; i++)
		close(open_session(0));
	slept = sleeps() - before;
	kill_child(pid);
	print_message("# slept %ld times while %u files were closed\n", slept,
		      closed);
	assert_true(slept < (long)closed / 2);
}

/* ---- the log ---- */

#define BAD_CALLS	100000

/* The lines that the kernel has said since @log was opened or asked */
static unsigned int lines_of(int log)
{
	unsigned int lines = 0;
	char line[1024];

	for (;;) {
		ssize_t n = read(log, line, sizeof(line));

		if (n > 0)
			lines++;
		else if (n < 0 && errno == EPIPE)
			lines += 1000;	/* more than the log holds */
		else
			return lines;
	}
}

static void call_badly(int fd, uint32_t *chance)
{
	static const unsigned long requests[] = {
		CED1401_IOC_ALLOC, CED1401_IOC_FREE, CED1401_IOC_BUF_INFO,
		CED1401_IOC_START, CED1401_IOC_STOP, CED1401_IOC_STATUS,
		CED1401_IOC_CONSUME, CEDIOC_SET_AREA, CEDIOC_SET_CIRCULAR,
		CEDIOC_SET_EVENT, CEDIOC_GET_CIRC, CEDIOC_FREE_CIRC,
		CEDIOC_UNSET_AREA, CEDIOC_TEST_EVENT, CEDIOC_CHECK_TEST,
		CEDIOC_GET_STRING(3), CEDIOC_DEBUG_FIRST, _IO(0xcd, 99),
	};
	uint32_t words[24];
	unsigned int i;

	for (i = 0; i < LENGTH(words); i++)
		words[i] = below(chance, 2) ? below(chance, 8) :
					      next_frame(*chance);
	switch (below(chance, 8)) {
	case 0:
		map_error(fd, words[0], words[1] % (8 * MIB),
			  words[2] & 7, words[3] & 1 ? MAP_SHARED : MAP_PRIVATE);
		break;
	case 1:
		ioctl(fd, requests[words[0] % LENGTH(requests)], 1401ul);
		break;
	case 2:
		/* Requests that are refused, and no requests */
		i = write(fd, "TOHOST,0,9,0,5;NOSUCH;", words[0] % 22);
		i += read(fd, words, sizeof(words));
		break;
	default:
		ioctl(fd, requests[words[0] % LENGTH(requests)], words);
	}
}

static void errors_do_not_fill_the_log(void **state)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK), fd;
	uint32_t chance = chance_seed();
	unsigned int i, lines;

	(void)state;
	assert_true(log >= 0);
	assert_int_equal(lseek(log, 0, SEEK_END), 0);
	lines_of(log);
	alarm(230);
	become_user();
	fd = open_session(O_NONBLOCK);
	for (i = 0; i < BAD_CALLS; i++)
		call_badly(fd, &chance);
	lines = lines_of(log);
	print_message("# %u calls, %u lines\n", i, lines);
	assert_true(lines < 10);
}

/* FREE of the memory under it is an area's end: no room for the next million */
static void areas_of_freed_buffers_leave_nothing(void **state)
{
	struct cedioc_desc desc = { .area = 0, .length = PAGE };
	int fd = open_session(0);
	char line[300] = "";
	unsigned int i;
	uint8_t *p;

	(void)state;
	for (i = 0; i < 300; i++) {
		p = map_buffer(fd, 0, PAGE);
		desc.address = (uintptr_t)p;
		assert_int_equal(ioctl(fd, CEDIOC_SET_AREA, &desc), 0);
		assert_int_equal(free_buffer(fd, 0), 0);
		unmap(p, PAGE);
	}
	if (debugfs_line("transfers", line, sizeof(line)))
		fail_msg("left in transfers: %s", line);
	assert_int_equal(call(fd, CEDIOC_UNSET_AREA, NULL), CEDERR_NOT_SET);
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
		LIMIT_TEST(a_user_at_his_limit_leaves_the_rest_to_others),
		LIMIT_TEST(areas_of_freed_buffers_leave_nothing),
		LIMIT_TEST(a_user_of_many_ids_has_one_limit),
		LIMIT_TEST(a_user_has_so_many_files),
		LIMIT_TEST(what_the_kernel_remembers_is_the_users_memory),
		LIMIT_TEST(who_queues_often_does_not_push_in),
		LIMIT_TEST(closing_does_not_wait_for_anothers_resets),
		LIMIT_TEST(errors_do_not_fill_the_log),
	};

	return RUN(tests);
}
