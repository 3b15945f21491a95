// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stress-ng's stressor of device nodes does to the node all that its author could
 * think of, as an unprivileged user, while a program goes on with its transfers. What the
 * kernel says to it tests/vm/run sees.
 */
#define _GNU_SOURCE
#include "common.h"

#define SECONDS	"10"

static void stresses(void *arg)
{
	(void)arg;
	alarm(120);
	execlp("stress-ng", "stress-ng", "--quiet", "--dev", "2", "--dev-file",
	       device(), "--temp-path", "/tmp", "--timeout",
	       getenv("CED1401_FULL") ? "100" : SECONDS, NULL);
	dprintf(2, "stress-ng: %s\n", strerror(errno));
	_exit(1);
}

static bool still_runs(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT),
			 0);
	return !info.si_pid;
}

static void transfers_go_on_under_stress_ng(void **state)
{
	unsigned int transfers = 0;
	uint64_t begun = now_ns();
	pid_t pid;

	(void)state;
	alarm(230);
	pid = child(stresses, NULL);
	while (still_runs(pid)) {
		assert_moves_whole();
		transfers++;
	}
	assert_child_well(pid);
	print_message("# %u transfers there and back in %llu ms\n", transfers,
		      (unsigned long long)((now_ns() - begun) / MS));
	assert_true(transfers > 0);
	assert_true(now_ns() - begun > 5 * SECOND);
	assert_moves_whole();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(transfers_go_on_under_stress_ng),
	};

	return RUN(tests);
}
