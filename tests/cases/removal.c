// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The card and the module go, and come back, at the same moment as programs use
 * them: unbind and rmmod against everything. Runs as root, and loads the module by
 * itself, for two cards: at 0x300 (irq 5, channel 1) and 0x310 (irq 7, channel 5).
 */
#define _GNU_SOURCE
#include <glob.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "deeds.h"

#define DRIVER		"/sys/bus/platform/drivers/ced1401/"
#define COPY		"/tmp/ced1401_isa.ko"
#define PARAMETERS	"io=0x300,0x310 irq=5,7 dma=1,5"
#define MODULE		"ced1401_isa"
#define USER		14010		/* nobody's */

/* ---- the module ---- */

static int load(void)
{
	int fd = open(COPY, O_RDONLY | O_CLOEXEC);
	int error = syscall(SYS_finit_module, fd, PARAMETERS, 0) ? errno : 0;

	close(fd);
	return error;
}

/* 0, or an errno: EAGAIN is what the kernel says of a module in use */
static int unload(void)
{
	return syscall(SYS_delete_module, MODULE, O_NONBLOCK) ? errno : 0;
}

static bool is_loaded(void)
{
	return !access("/sys/module/" MODULE, F_OK);
}

/* A copy in the guest's own memory, without what only a debugger reads */
static void copy_module(void)
{
	char command[700], self[256] = "";
	struct utsname system_;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0 && !uname(&system_));
	*strrchr(self, '/') = 0;
	snprintf(command, sizeof(command),
		 "strip --strip-debug -o " COPY " %s/../../module/%s/" MODULE ".ko",
		 self, system_.release);
	if (system(command))
		fail_msg("%s", command);
}

/* Every user's: there is no udev here, and the node comes anew each time */
static void open_to_all(void)
{
	if (chmod(device(), 0666))
		fail_msg("%s: %s", device(), strerror(errno));
}

/* ---- the card ---- */

static int tell_driver(const char *what)
{
	char path[100];
	int fd, error;

	snprintf(path, sizeof(path), DRIVER "%s", what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	error = write(fd, "ced1401.0", 9) == 9 ? 0 : errno;
	close(fd);
	return error;
}

static void unbinds(struct round *r)
{
	int error = tell_driver("unbind");

	if (error)
		note(r, __LINE__, error);
}

static void bind_again(void)
{
	int error = tell_driver("bind");

	if (error)
		fail_msg("bind: %s", strerror(error));
}

static int loaded_begins(void **state)
{
	become_root();
	if (access(COPY, F_OK))
		copy_module();
	if (!is_loaded() && load())
		fail_msg("the module cannot be loaded: %s", strerror(errno));
	if (access(device(), F_OK))
		bind_again();
	open_to_all();
	return test_begins(state);
}

#define REMOVAL_TEST(f)	cmocka_unit_test_setup_teardown(f, loaded_begins, \
							test_ends)

/* ---- what else may be done meanwhile ---- */

static void opens(struct round *r)
{
	int fd = open(device(), O_RDWR | O_CLOEXEC);
	void *p;

	(void)r;
	if (fd < 0)
		return;
	p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		munmap(p, PAGE);
}

static void reads_all_of(const char *pattern)
{
	char text[4096];
	glob_t files;
	size_t i;
	int fd;

	if (glob(pattern, 0, NULL, &files))
		return;
	for (i = 0; i < files.gl_pathc; i++) {
		fd = open(files.gl_pathv[i], O_RDONLY | O_CLOEXEC);
		while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
			;
		close(fd);
	}
	globfree(&files);
}

static void reads_sysfs(struct round *r)
{
	(void)r;
	reads_all_of("/sys/class/misc/ced1401/[ids]*");
	reads_all_of("/sys/class/misc/ced1401/statistics/*");
}

static void reads_debugfs(struct round *r)
{
	(void)r;
	reads_all_of("/sys/kernel/debug/ced1401/0/*");
}

static deed *more[] = { opens, reads_sysfs, reads_debugfs };

/* ---- the tests ---- */

static void assert_aftermath(void)
{
	become_root();
	assert_nothing_left();
	open_to_all();
	become_user();
	assert_moves_whole();
	become_root();
	assert_nothing_left();
}

static void unbinding_with_each(void **state)
{
	const unsigned int rounds = rounds_of(10);
	unsigned int i, round, done = 0;
	uint64_t begun = now_ns();
	struct crowd c = { .round.gone_is_well = true };

	(void)state;
	alarm(0);
	crowd_begins(&c, 3);
	for (i = 0; i < DEEDS + LENGTH(more); i++) {
		for (round = 0; round < rounds; round++, done++) {
			deed *all[] = {
				i < DEEDS ? deeds[i] : more[i - DEEDS], unbinds,
				deeds[below(&c.chance, DEEDS)],
			};

			race(&c, all);
			bind_again();
		}
	}
	crowd_ends(&c);
	print_message("# %u rounds in %llu ms\n", done,
		      (unsigned long long)((now_ns() - begun) / MS));
	alarm(TEST_SECONDS);
	assert_aftermath();
}

/* A program that comes and goes, or stays a while, and may have gone at any time */
static void uses_it_for_ever(void *arg)
{
	uint32_t chance = now_ns();
	struct round r = { .gone_is_well = true };
	unsigned int i;

	(void)arg;
	alarm(0);
	/* An unprivileged user: become_user() wants the node, which may be gone */
	child_check(!setresgid(USER, USER, USER) && !setresuid(USER, USER, USER));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prepare(&r);
	for (;;) {
		if (round_begins(&r)) {
			for (i = below(&chance, 20); i; i--)
				deeds[below(&chance, DEEDS)](&r);
		}
		round_ends(&r, below(&chance, 2));
		sleep_ms(below(&chance, 8));
	}
}

static void binding_again_and_again_under_programs(void **state)
{
	const unsigned int rounds = rounds_of(100);
	uint32_t chance = chance_seed();
	uint64_t begun = now_ns();
	unsigned int i, round;
	pid_t pids[3];

	(void)state;
	alarm(0);
	for (i = 0; i < LENGTH(pids); i++)
		pids[i] = child(uses_it_for_ever, NULL);
	for (round = 0; round < rounds; round++) {
		sleep_ms(below(&chance, 30));
		assert_int_equal(tell_driver("unbind"), 0);
		if (below(&chance, 2))
			sleep_ms(below(&chance, 5));
		bind_again();
		open_to_all();
		if (!below(&chance, 4)) {
			i = below(&chance, LENGTH(pids));
			kill_child(pids[i]);
			pids[i] = child(uses_it_for_ever, NULL);
		}
	}
	for (i = 0; i < LENGTH(pids); i++)
		kill_child(pids[i]);
	print_message("# %u rounds in %llu ms\n", round,
		      (unsigned long long)((now_ns() - begun) / MS));
	alarm(TEST_SECONDS);
	assert_aftermath();
}

static void unloading_is_refused_while_programs_use_it(void **state)
{
	const unsigned int rounds = rounds_of(60);
	unsigned int unloaded = 0, busy = 0, i;
	uint32_t chance = chance_seed();
	uint64_t begun = now_ns(), end = begun + 120 * slow() * SECOND;
	pid_t pids[2];
	int error;

	(void)state;
	alarm(0);
	for (i = 0; i < LENGTH(pids); i++)
		pids[i] = child(uses_it_for_ever, NULL);
	while (unloaded < rounds || !busy) {
		error = unload();
		if (!error) {
			unloaded++;
			assert_int_equal(load(), 0);
			open_to_all();
		} else {
			assert_int_equal(error, EAGAIN);
			busy++;
		}
		/* Between two uses there may be a moment, or not for long */
		if (now_ns() > end || !below(&chance, 10)) {
			i = below(&chance, LENGTH(pids));
			kill_child(pids[i]);
			pids[i] = child(uses_it_for_ever, NULL);
		}
		assert_true(now_ns() < end + 60 * slow() * SECOND);
	}
	for (i = 0; i < LENGTH(pids); i++)
		kill_child(pids[i]);
	print_message("# unloaded %u times, busy %u times, in %llu ms\n",
		      unloaded, busy,
		      (unsigned long long)((now_ns() - begun) / MS));
	/* The last one is dead: nothing is in the way any more */
	assert_int_equal(unload(), 0);
	assert_int_equal(load(), 0);
	alarm(TEST_SECONDS);
	assert_aftermath();
}

static void holds_everything(void *arg)
{
	struct round r = { .odd = 0 };

	prepare(&r);
	child_check(round_begins(&r));
	tell(*(int *)arg, 'h');
	pause();
}

static void nothing_is_in_the_way_once_all_is_closed(void **state)
{
	const unsigned int rounds = rounds_of(30);
	struct round r = { .odd = 0 };
	unsigned int round;
	int up[2];
	pid_t pid;

	(void)state;
	alarm(0);
	make_pipe(up);
	prepare(&r);
	for (round = 0; round < rounds; round++) {
		if (round % 3) {
			assert_true(round_begins(&r));
			assert_int_equal(unload(), EAGAIN);
			/* The mapping is the last, or the file */
			round_ends(&r, round & 1);
		} else {
			pid = child(holds_everything, &up[1]);
			assert_int_equal(told(up[0], 20000), 'h');
			assert_int_equal(unload(), EAGAIN);
			kill_child(pid);
		}
		assert_int_equal(unload(), 0);
		assert_int_equal(access(device(), F_OK), -1);
		assert_int_equal(load(), 0);
	}
	alarm(TEST_SECONDS);
	assert_aftermath();
	assert_int_equal(unload(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REMOVAL_TEST(unbinding_with_each),
		REMOVAL_TEST(binding_again_and_again_under_programs),
		REMOVAL_TEST(unloading_is_refused_while_programs_use_it),
		REMOVAL_TEST(nothing_is_in_the_way_once_all_is_closed),
	};

	return RUN(tests);
}
