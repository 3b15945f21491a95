// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ced1401.h>

#include "watch.h"

#define DEVICE_GID	1401		/* the guest's group "ced1401" */
#define CARDS		2		/* those whose 1401 is on */
#define BLOCK		100001u		/* bytes of the health check's block */
#define HEALTH_SECONDS	60
#define MAX_PATTERNS	100

static int kmsg = -1;
static regex_t patterns[MAX_PATTERNS];
static unsigned int n_patterns;
static char said[600];
static unsigned int user_id = 1401, group_id = 1401;

/**
 * now_ms() - milliseconds since some moment
 */
uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/**
 * set_user() - who programs are run as
 * @uid:	an unprivileged user
 * @gid:	and his group; that of the device is added
 */
void set_user(unsigned int uid, unsigned int gid)
{
	user_id = uid;
	group_id = gid;
}

/**
 * drop_rights() - become that user
 */
void drop_rights(void)
{
	gid_t groups[] = { DEVICE_GID };

	if (geteuid())
		return;
	if (setgroups(1, groups) || setresgid(group_id, group_id, group_id) ||
	    setresuid(user_id, user_id, user_id))
		_exit(122);
	/* So that a program can look into its own processes */
	prctl(PR_SET_DUMPABLE, 1);
}

/**
 * ended() - wait for the end of a child, and reap it
 * @pid:	the child
 * @ms:		how long, at the most
 */
bool ended(pid_t pid, unsigned int ms)
{
	uint64_t until = now_ms() + ms, now;
	int fd = syscall(SYS_pidfd_open, pid, 0);
	struct pollfd watch = { fd, POLLIN, 0 };

	for (now = now_ms(); now < until; now = now_ms())
		if (poll(&watch, 1, until - now) > 0)
			break;
	close(fd);
	return waitpid(pid, NULL, WNOHANG) == pid;
}

/* ---- the kernel's log ---- */

static void add_pattern(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (!*line || *line == '#')
		return;
	if (n_patterns == MAX_PATTERNS ||
	    regcomp(&patterns[n_patterns++], line, REG_EXTENDED | REG_NOSUB)) {
		fprintf(stderr, "fuzz: cannot look for %s\n", line);
		exit(2);
	}
}

/**
 * watch_begin() - from now on the kernel's log counts
 * @complaints:	tests/vm/complaints
 */
void watch_begin(const char *complaints)
{
	FILE *file = fopen(complaints, "re");
	char line[256];

	if (!file) {
		perror(complaints);
		exit(2);
	}
	while (fgets(line, sizeof(line), file))
		add_pattern(line);
	fclose(file);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0) {
		perror("/dev/kmsg");
		exit(2);
	}
	lseek(kmsg, 0, SEEK_END);
}

/**
 * watch_log() - whether the kernel has complained since the last call
 *
 * Return: the complaint, or NULL.
 */
const char *watch_log(void)
{
	char record[8192], *text;
	bool found = false;
	unsigned int i;
	ssize_t n;

	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		record[n < 0 ? 0 : n] = '\0';
		text = strchr(record, ';');
		for (i = 0; text && !found && i < n_patterns; i++) {
			if (regexec(&patterns[i], text + 1, 0, NULL, 0))
				continue;
			text[1 + strcspn(text + 1, "\n")] = '\0';
			snprintf(said, sizeof(said), "the kernel: %s", text + 1);
			found = true;
		}
	}
	return found ? said : NULL;
}

/* ---- what is left ---- */

static int references(void)
{
	FILE *file = fopen("/sys/module/ced1401_isa/refcnt", "re");
	int n = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &n) != 1)
		n = -1;
	fclose(file);
	return n;
}

/**
 * watch_references() - whether anything of a program is left, now that it has ended
 *
 * The last reference may be put by the kernel's own hand, a moment later.
 *
 * Return: what is left, or NULL.
 */
const char *watch_references(void)
{
	uint64_t until = now_ms() + HANG_SECONDS * 1000;
	int n;

	while ((n = references()) > 0 && now_ms() < until)
		usleep(1000);
	if (n <= 0)
		return NULL;
	snprintf(said, sizeof(said), "the module has %d references and no user", n);
	return said;
}

/* ---- does it still work? ---- */

static void check(bool good, const char *what)
{
	if (good)
		return;
	dprintf(1, "health: %s (errno %d)\n", what, errno);
	_exit(1);
}

static uint8_t *buffer(int fd, unsigned int number)
{
	uint8_t *p = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  CED1401_BUF_OFFSET(number));

	check(p != MAP_FAILED, "mmap");
	return p;
}

static uint32_t area(int fd, unsigned int number, unsigned int direction)
{
	struct ced1401_start start = {
		.buffer = number, .area = number, .length = BLOCK,
		.flags = direction | CED1401_ON_REQUEST,
	};

	check(!ioctl(fd, CED1401_IOC_START, &start), "START");
	return start.id;
}

static void move(int fd, const char *command, uint32_t id)
{
	struct ced1401_status status;
	char text[64];
	int n = snprintf(text, sizeof(text), "%s,0,%u,0,%u;", command, BLOCK,
			 command[2] == 'H');

	check(write(fd, text, n) == n, "write");
	do {
		memset(&status, 0, sizeof(status));
		status.id = id;
		usleep(1000);
		check(!ioctl(fd, CED1401_IOC_STATUS, &status), "STATUS");
		check(!status.error && !status.refused, "the block was not moved");
	} while (!status.blocks);
}

/* There and back: each byte is looked at */
static void transfer(unsigned int card, uint32_t seed)
{
	char name[32];
	uint8_t *out, *in;
	uint32_t to, from;
	unsigned int i;
	int fd;

	snprintf(name, sizeof(name), card ? "/dev/ced1401_%u" : "/dev/ced1401",
		 card);
	fd = open(name, O_RDWR | O_CLOEXEC);
	check(fd >= 0, name);
	check(!ioctl(fd, CED1401_IOC_CLAIM), "CLAIM");
	out = buffer(fd, 0);
	in = buffer(fd, 1);
	for (i = 0; i < BLOCK; i++) {
		check(!out[i] && !in[i], "a new buffer is not zero");
		out[i] = (i * 2654435761u + seed) >> 13;
	}
	to = area(fd, 0, CED1401_TO_1401);
	from = area(fd, 1, CED1401_TO_HOST);
	move(fd, "TO1401", to);
	move(fd, "TOHOST", from);
	check(!memcmp(in, out, BLOCK), "what came back is not what was sent");
	_exit(0);
}

/**
 * watch_health() - a session of its own moves a block there and back on each card
 *
 * Return: what is wrong, or NULL.
 */
const char *watch_health(void)
{
	static uint32_t seed;
	unsigned int card;
	siginfo_t info;
	pid_t pid;

	for (card = 0; card < CARDS; card++) {
		info = (siginfo_t){ 0 };
		seed += 77;
		pid = fork();
		if (!pid) {
			drop_rights();
			alarm(HEALTH_SECONDS);
			transfer(card, seed);
		}
		waitid(P_PID, pid, &info, WEXITED);
		if (info.si_code == CLD_EXITED && !info.si_status)
			continue;
		snprintf(said, sizeof(said),
			 "card %u does its work no more (status %d)", card,
			 info.si_status);
		return said;
	}
	return NULL;
}
