// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Common to the test programs of the driver; see common.h.
 */
#define _GNU_SOURCE
#include <glob.h>
#include <grp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "common.h"

#define CHILDREN	64
#define USER		14010	/* nobody's */
#define ANSWER		8192	/* the longest line of QEMU's monitor */

static pid_t children[CHILDREN];

/* ------------------------------------------------------------------ tests */

unsigned int slow(void)
{
	const char *times = getenv("CED1401_SLOW");

	return times ? atoi(times) : 1;
}

static void out_of_time(int signal_number)
{
	(void)signal_number;
	dprintf(2, "a call did not return in time\n");
}

int test_begins(void **state)
{
	/* Without SA_RESTART: what hangs ends with EINTR and fails its test */
	struct sigaction action = { .sa_handler = out_of_time };

	(void)state;
	sigaction(SIGALRM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm(TEST_SECONDS);
	return 0;
}

/* Every mapping of a device of the driver's goes, whoever made it */
static void unmap_all(void)
{
	char line[300], *at;
	FILE *maps;

	/* From the start again after each: the list changes underfoot */
	do {
		at = NULL;
		maps = fopen("/proc/self/maps", "r");
		while (maps && fgets(line, sizeof(line), maps)) {
			at = strstr(line, "/dev/ced1401");
			if (at)
				break;
		}
		if (maps)
			fclose(maps);
		if (at) {
			char *end;
			uintptr_t from = strtoull(line, &end, 16);
			uintptr_t to = strtoull(end + 1, NULL, 16);

			if (munmap((void *)from, to - from))
				return;
		}
	} while (at);
}

/* A test that failed in its middle leaves nothing to the next one */
int test_ends(void **state)
{
	unsigned int i;

	(void)state;
	alarm(0);
	unmap_all();
	become_root();
	for (i = 0; i < CHILDREN; i++) {
		if (children[i] > 0)
			kill_child(children[i]);
	}
	for (i = 3; i < 1024; i++)
		close(i);
	return 0;
}

/* --------------------------------------------------------------- sessions */

const char *device(void)
{
	const char *name = getenv("CED1401_DEVICE");

	return name ? name : "/dev/ced1401";
}

int open_session(int flags)
{
	int fd;

	if (!(flags & O_RDONLY_ONLY))
		flags |= O_RDWR;
	fd = open(device(), (flags & ~O_RDONLY_ONLY) | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s: %s", device(), strerror(errno));
	return fd;
}

void sysfs_text(const char *name, char *text, size_t room)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/misc/%s/%s",
		 strrchr(device(), '/') + 1, name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	if (!fgets(text, room, file))
		*text = '\0';
	text[strcspn(text, "\n")] = '\0';
	fclose(file);
}

long sysfs_number(const char *name)
{
	char text[40], *end;
	long value;

	sysfs_text(name, text, sizeof(text));
	value = strtol(text, &end, 0);
	return end > text ? value : -1;
}

void assert_state(const char *want)
{
	char text[40];

	sysfs_text("state", text, sizeof(text));
	assert_string_equal(text, want);
}

unsigned int channel(void)
{
	return sysfs_number("dma");
}

bool wide(void)
{
	return channel() > 3;
}

/* The port of that name, which no rule of udev gives a name in /dev */
static int open_monitor(void)
{
	char name[20], path[40] = "";
	glob_t ports;
	size_t i;
	int fd;

	if (glob("/sys/class/virtio-ports/*/name", 0, NULL, &ports))
		fail_msg("no port of QEMU's monitor");
	for (i = 0; i < ports.gl_pathc; i++) {
		FILE *file = fopen(ports.gl_pathv[i], "r");

		if (file && fscanf(file, "%19s", name) == 1 &&
		    !strcmp(name, "monitor"))
			sscanf(ports.gl_pathv[i],
			       "/sys/class/virtio-ports/%30[^/]", path);
		if (file)
			fclose(file);
	}
	globfree(&ports);
	snprintf(name, sizeof(name), "/dev/%.14s", path);
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s, QEMU's monitor: %s", name, strerror(errno));
	return fd;
}

/* What it answers is a JSON object a line; those of others are passed over */
static void ask_monitor(char answer[ANSWER], const char *command,
			const char *arguments)
{
	bool user = geteuid();
	unsigned long id = now_ns();
	char text[500], tag[40];
	size_t n;
	int fd;

	become_root();
	fd = open_monitor();
	n = snprintf(text, sizeof(text),
		     "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"%s\",\"id\":%lu,\"arguments\":{%s}}\n",
		     command, id, arguments);
	if (n >= sizeof(text) || write(fd, text, n) != (ssize_t)n)
		fail_msg("writing to QEMU's monitor: %s", strerror(errno));
	snprintf(tag, sizeof(tag), "\"id\": %lu", id);
	do {
		for (n = 0; n < ANSWER - 1; n++) {
			if (!(poll_for(fd, POLLIN, REPLY_MS) & POLLIN) ||
			    read(fd, answer + n, 1) != 1)
				fail_msg("QEMU's monitor does not answer");
			if (answer[n] == '\n')
				break;
		}
		answer[n] = 0;
	} while (!strstr(answer, tag));
	close(fd);
	if (user)
		become_user();
	if (!strstr(answer, "\"return\""))
		fail_msg("%s %s: %.300s", command, arguments, answer);
}

/* @value: JSON, or NULL to ask for it */
static void ask_property(char answer[ANSWER], const char *name,
			 const char *value)
{
	const char *card = strrchr(device(), '_');
	char arguments[300];

	snprintf(arguments, sizeof(arguments),
		 "\"path\":\"/machine/peripheral/card%s\",\"property\":\"%s\"%s%s",
		 card ? card + 1 : "0", name, value ? ",\"value\":" : "",
		 value ? value : "");
	ask_monitor(answer, value ? "qom-set" : "qom-get", arguments);
}

long card_property(const char *name)
{
	char answer[ANSWER];

	ask_property(answer, name, NULL);
	return strtol(strstr(answer, "\"return\": ") + strlen("\"return\": "),
		      NULL, 10);
}

void card_text(const char *name, char *text, size_t room)
{
	char answer[ANSWER], *from;

	ask_property(answer, name, NULL);
	from = strstr(answer, "\"return\": \"");
	if (!from)
		fail_msg("%s is no text: %.200s", name, answer);
	from += strlen("\"return\": \"");
	from[strcspn(from, "\"")] = 0;
	if (strlen(from) >= room)
		fail_msg("%s is longer than %zu", name, room);
	strcpy(text, from);
}

void set_card_property(const char *name, bool on)
{
	char answer[ANSWER];

	ask_property(answer, name, on ? "true" : "false");
}

void set_card_number(const char *name, unsigned long value)
{
	char answer[ANSWER], number[30];

	snprintf(number, sizeof(number), "%lu", value);
	ask_property(answer, name, number);
}

void set_card_text(const char *name, const char *text)
{
	char answer[ANSWER], quoted[100];

	snprintf(quoted, sizeof(quoted), "\"%s\"", text);
	ask_property(answer, name, quoted);
}

/* The machine's memory as it is, into a file of the host's that is the guest's too */
void save_memory(uint64_t phys, uint64_t size, const char *path)
{
	char answer[ANSWER], arguments[400];

	snprintf(arguments, sizeof(arguments),
		 "\"val\":%llu,\"size\":%llu,\"filename\":\"%s\"",
		 (unsigned long long)phys, (unsigned long long)size, path);
	ask_monitor(answer, "pmemsave", arguments);
}

/* Root's way back is the saved user id */
static bool can_be_root(void)
{
	uid_t real, effective, saved;

	getresuid(&real, &effective, &saved);
	return !saved;
}

void become_user(void)
{
	struct stat s;

	if (!can_be_root() || geteuid())
		return;
	if (stat(device(), &s))
		fail_msg("%s: %s", device(), strerror(errno));
	if (setgroups(1, &s.st_gid) || setresgid(s.st_gid, s.st_gid, 0) ||
	    setresuid(USER, USER, 0))
		fail_msg("no unprivileged user: %s", strerror(errno));
}

void become_root(void)
{
	if (!can_be_root())
		return;
	if (setresuid(0, 0, 0) || setresgid(0, 0, 0) || setgroups(0, NULL))
		fail_msg("no way back to root: %s", strerror(errno));
}

/* ---------------------------------------------------------------- buffers */

/*
 * A megabyte in one piece, below 16 MiB, is more than an old PC of 64 MB can be
 * sure to have. What needs that is skipped there.
 */
static bool too_big_for_this_machine(size_t size)
{
	return size >= MIB &&
	       sysconf(_SC_PHYS_PAGES) < (long)(128 * MIB / PAGE);
}

uint8_t *map_at(int fd, unsigned int buffer, size_t size, size_t from, int prot)
{
	off_t offset = CED1401_BUF_OFFSET(buffer) + from;
	void *p = mmap(NULL, size, prot, MAP_SHARED, fd, offset);

	if (p == MAP_FAILED && errno == ENOMEM &&
	    too_big_for_this_machine(size)) {
		print_message("# this machine has no %zu bytes of DMA memory\n",
			      size);
		skip();
	}
	if (p == MAP_FAILED)
		fail_msg("mapping %zu bytes of buffer %u: %s", size, buffer,
			 strerror(errno));
	return p;
}

uint8_t *map_buffer(int fd, unsigned int buffer, size_t size)
{
	return map_at(fd, buffer, size, 0, RW);
}

/* 0 if it can be mapped (and is unmapped again), else the errno */
int map_error(int fd, uint64_t offset, size_t size, int prot, int flags)
{
	void *p = mmap(NULL, size, prot, flags, fd, (off_t)offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, size);
	return 0;
}

void unmap(void *p, size_t size)
{
	if (munmap(p, size))
		fail_msg("munmap: %s", strerror(errno));
}

/* Byte i of the pattern: no period shorter than any buffer, nor a power of two */
static uint8_t pattern(size_t i, uint32_t seed)
{
	uint32_t x = (uint32_t)i * 2654435761u + seed * 40503u;

	return (x ^ x >> 15) >> 8;
}

void fill(uint8_t *p, size_t n, uint32_t seed)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = pattern(i, seed);
}

/* Bytes @from to @to of what was filled from @p on */
void assert_rest(const uint8_t *p, size_t from, size_t to, uint32_t seed)
{
	size_t i;

	for (i = from; i < to; i++) {
		if (p[i] != pattern(i, seed))
			fail_msg("byte %zu of %zu is 0x%02x, not 0x%02x", i, to,
				 p[i], pattern(i, seed));
	}
}

void assert_filled(const uint8_t *p, size_t n, uint32_t seed)
{
	assert_rest(p, 0, n, seed);
}

void assert_all(const uint8_t *p, size_t n, uint8_t value)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] != value)
			fail_msg("byte %zu of %zu is 0x%02x, not 0x%02x", i, n,
				 p[i], value);
	}
}

void assert_same(const uint8_t *p, const uint8_t *want, size_t n)
{
	size_t i = first_changed(p, want, n);

	if (i < n)
		fail_msg("byte %zu of %zu is 0x%02x, not 0x%02x", i, n, p[i],
			 want[i]);
}

/* @n if none has */
size_t first_changed(const uint8_t *p, const uint8_t *was, size_t n)
{
	size_t i;

	if (!memcmp(p, was, n))
		return n;
	for (i = 0; i < n; i++) {
		if (p[i] != was[i])
			break;
	}
	return i;
}

/* ------------------------------------------------------------- characters */

void say(int fd, const char *format, ...)
{
	char text[512];
	va_list args;
	size_t done = 0;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	while (done < (size_t)n) {
		ssize_t wrote = write(fd, text + done, n - done);

		if (wrote < 0 && errno == EAGAIN &&
		    poll_for(fd, POLLOUT, REPLY_MS))
			continue;
		if (wrote <= 0)
			fail_msg("writing \"%s\": %s", text, strerror(errno));
		done += wrote;
	}
}

/* One line, without its CR. False: none came in time */
bool hear(int fd, char *line, size_t room, int ms)
{
	uint64_t end = now_ns() + ms * MS;
	size_t n = 0;

	while (n < room - 1) {
		uint64_t now = now_ns();

		if (now >= end ||
		    !(poll_for(fd, POLLIN, (end - now) / MS + 1) & POLLIN))
			break;
		if (read(fd, line + n, 1) != 1)
			break;
		if (line[n] == '\r') {
			line[n] = 0;
			return true;
		}
		n++;
	}
	line[n] = 0;
	return false;
}

void expect(int fd, const char *command, const char *want)
{
	char line[300];

	say(fd, "%s", command);
	if (!hear(fd, line, sizeof(line), REPLY_MS))
		fail_msg("no reply to \"%s\", only \"%s\"", command, line);
	assert_string_equal(line, want);
}

void assert_well(int fd)
{
	expect(fd, "ERR;", "0,0");
}

void drain(int fd, int ms)
{
	char c[64];

	while (poll_for(fd, POLLIN, ms) & POLLIN) {
		if (read(fd, c, sizeof(c)) <= 0)
			break;
	}
}

/* ----------------------------------------------------------------- ioctls */

int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? errno : 0;
}

static void must(int error, const char *what)
{
	if (error)
		fail_msg("%s: %s", what, strerror(error));
}

int start_error(int fd, unsigned int buffer, unsigned int flags,
		uint64_t offset, uint64_t length, unsigned int area,
		uint32_t *id)
{
	struct ced1401_start s = {
		.buffer = buffer, .flags = flags, .offset = offset,
		.length = length, .area = area,
	};
	int error = call(fd, CED1401_IOC_START, &s);

	if (id)
		*id = s.id;
	return error;
}

uint32_t start(int fd, unsigned int buffer, unsigned int flags,
	       uint64_t offset, uint64_t length, unsigned int area)
{
	uint32_t id;

	must(start_error(fd, buffer, flags, offset, length, area, &id),
	     "START");
	assert_int_not_equal(id, 0);
	return id;
}

struct ced1401_stop stop(int fd, uint32_t id)
{
	struct ced1401_stop s = { .id = id };

	must(call(fd, CED1401_IOC_STOP, &s), "STOP");
	return s;
}

struct ced1401_status status(int fd, uint32_t id)
{
	struct ced1401_status s = { .id = id };

	must(call(fd, CED1401_IOC_STATUS, &s), "STATUS");
	return s;
}

struct ced1401_buf_info info(int fd, unsigned int buffer)
{
	struct ced1401_buf_info i = { .buffer = buffer };

	must(call(fd, CED1401_IOC_BUF_INFO, &i), "BUF_INFO");
	return i;
}

int wait_error(int fd, uint32_t id, uint64_t bytes, uint64_t deadline_ns,
	       struct ced1401_wait *wait)
{
	struct ced1401_wait w = {
		.id = id, .bytes = bytes, .deadline_ns = deadline_ns,
	};
	int error = call(fd, CED1401_IOC_WAIT, &w);

	if (wait)
		*wait = w;
	return error;
}

struct ced1401_wait wait_bytes(int fd, uint32_t id, uint64_t bytes, int ms)
{
	struct ced1401_wait w;

	must(wait_error(fd, id, bytes, now_ns() + ms * slow() * MS, &w), "WAIT");
	return w;
}

struct ced1401_wait wait_end(int fd, uint32_t id, int ms)
{
	return wait_bytes(fd, id, 0, ms);
}

/* Until @blocks blocks of @id have been moved since START */
void wait_blocks(int fd, uint32_t id, unsigned int blocks, int ms)
{
	uint64_t end = now_ns() + ms * slow() * MS;
	struct ced1401_status s;

	for (;;) {
		s = status(fd, id);
		if (s.blocks >= blocks)
			return;
		if (s.error)
			fail_msg("transfer %u: %s", id, strerror(-s.error));
		if (now_ns() > end)
			fail_msg("%u blocks of %u, %llu bytes, events 0x%x",
				 s.blocks, blocks, (unsigned long long)s.bytes,
				 s.events);
		poll_for(fd, POLLPRI, 200);
	}
}

int free_buffer(int fd, unsigned int buffer)
{
	struct ced1401_free f = { .buffer = buffer };

	return call(fd, CED1401_IOC_FREE, &f);
}

int ring_error(int fd, unsigned int buffer, unsigned int flags, uint64_t offset,
	       uint64_t length, unsigned int area, uint64_t threshold,
	       uint32_t *id)
{
	struct ced1401_start s = {
		.buffer = buffer, .flags = flags | CED1401_CIRCULAR,
		.offset = offset, .length = length, .area = area,
		.threshold = threshold,
	};
	int error = call(fd, CED1401_IOC_START, &s);

	if (id)
		*id = s.id;
	return error;
}

uint32_t start_ring(int fd, unsigned int buffer, unsigned int flags,
		    uint64_t offset, uint64_t length, unsigned int area,
		    uint64_t threshold)
{
	uint32_t id;

	must(ring_error(fd, buffer, flags, offset, length, area, threshold,
			&id), "START of a ring");
	assert_int_not_equal(id, 0);
	return id;
}

int consume_error(int fd, uint32_t id, uint64_t bytes,
		  struct ced1401_consume *consume)
{
	struct ced1401_consume c = { .id = id, .bytes = bytes };
	int error = call(fd, CED1401_IOC_CONSUME, &c);

	if (consume)
		*consume = c;
	return error;
}

struct ced1401_consume consume(int fd, uint32_t id, uint64_t bytes)
{
	struct ced1401_consume c;

	must(consume_error(fd, id, bytes, &c), "CONSUME");
	return c;
}

void to_1401(int fd, unsigned int area, uint32_t address, uint32_t size,
	     uint32_t offset)
{
	say(fd, "TO1401,%u,%u,%u,%u;", address, size, offset, area);
	assert_well(fd);
}

void to_host(int fd, unsigned int area, uint32_t address, uint32_t size,
	     uint32_t offset)
{
	say(fd, "TOHOST,%u,%u,%u,%u;", address, size, offset, area);
	assert_well(fd);
}

/* ------------------------------------------------------------------- time */

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

void sleep_ms(unsigned int ms)
{
	uint64_t end = now_ns() + ms * MS, now;

	while ((now = now_ns()) < end) {
		struct timespec t = {
			.tv_sec = (end - now) / SECOND,
			.tv_nsec = (end - now) % SECOND,
		};

		nanosleep(&t, NULL);
	}
}

int poll_for(int fd, int events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms) > 0 ? p.revents : 0;
}

/* --------------------------------------------------------------- children */

pid_t child(void (*body)(void *), void *arg)
{
	unsigned int i;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		fail_msg("fork: %s", strerror(errno));
	if (!pid) {
		signal(SIGALRM, SIG_DFL);
		alarm(TEST_SECONDS);
		memset(children, 0, sizeof(children));
		body(arg);
		_exit(0);
	}
	for (i = 0; i < CHILDREN && children[i]; i++)
		;
	if (i < CHILDREN)
		children[i] = pid;
	return pid;
}

static void forget_child(pid_t pid)
{
	unsigned int i;

	for (i = 0; i < CHILDREN; i++) {
		if (children[i] == pid)
			children[i] = 0;
	}
}

void assert_child_well(pid_t pid)
{
	int result = -1;

	if (waitpid(pid, &result, 0) != pid)
		fail_msg("the child does not end: %s", strerror(errno));
	forget_child(pid);
	if (WIFSIGNALED(result))
		fail_msg("the child died by signal %d", WTERMSIG(result));
	assert_int_equal(WEXITSTATUS(result), 0);
}

void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	forget_child(pid);
}

void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC))
		fail_msg("pipe: %s", strerror(errno));
}

void tell(int pipe_fd, char c)
{
	if (write(pipe_fd, &c, 1) != 1)
		dprintf(2, "nobody at the pipe's other end\n");
}

char told(int pipe_fd, int ms)
{
	char c;

	if (!(poll_for(pipe_fd, POLLIN, ms) & POLLIN) ||
	    read(pipe_fd, &c, 1) != 1)
		return 0;
	return c;
}

/*
 * Asleep in a call for 50 ms on end: nothing that a test waits for in a child
 * (a claim, a read) sleeps shorter.
 */
bool is_asleep(pid_t pid, int ms)
{
	unsigned int asleep = 0;
	char path[40], state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (ms *= slow(); ms > 0 && asleep < 5; ms -= 10) {
		state = '?';
		file = fopen(path, "r");
		if (!file)
			return false;
		if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			state = '?';
		fclose(file);
		asleep = state == 'S' || state == 'D' ? asleep + 1 : 0;
		sleep_ms(10);
	}
	return asleep == 5;
}

/* ---------------------------------------------------------------- chance */

static unsigned long number_of(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

uint32_t chance_seed(void)
{
	uint32_t seed = number_of("CED1401_SEED", (uint32_t)now_ns());

	print_message("# CED1401_SEED=%u\n", seed);
	return seed;
}

uint32_t below(uint32_t *chance, uint32_t n)
{
	*chance = next_frame(*chance);
	return (*chance >> 8) % n;
}

unsigned int rounds_of(unsigned int n)
{
	unsigned long percent = number_of("CED1401_ROUNDS",
					  getenv("CED1401_FULL") ? 1000 : 100);

	return (n * percent + 99) / 100;
}

/* ------------------------------------------------------------- aftermath */

long pinned_pages(void)
{
	long acquired = -1, released = 0, value;
	char name[80];
	FILE *file = fopen("/proc/vmstat", "r");

	while (file && fscanf(file, "%79s %ld", name, &value) == 2) {
		if (!strcmp(name, "nr_foll_pin_acquired"))
			acquired = value;
		else if (!strcmp(name, "nr_foll_pin_released"))
			released = value;
	}
	if (file)
		fclose(file);
	return acquired < 0 ? -1 : acquired - released;
}

bool debugfs_line(const char *name, char *line, int room)
{
	const char *card = strrchr(device(), '_');
	char path[80];
	FILE *file;
	bool has;

	snprintf(path, sizeof(path), "/sys/kernel/debug/ced1401/%s/%s",
		 card ? card + 1 : "0", name);
	if (access(path, F_OK))
		mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	has = fgets(line, room, file);
	fclose(file);
	return has;
}

/* A child's child, which nobody can wait for, may still be ending */
static void await_no_line(const char *name)
{
	uint64_t end = now_ns() + 10 * slow() * SECOND;
	char line[300];

	while (debugfs_line(name, line, sizeof(line))) {
		if (now_ns() > end)
			fail_msg("left in %s: %s", name, line);
		sleep_ms(20);
	}
}

void assert_nothing_left(void)
{
	/* What is given back is counted late: see ced.c */
	uint64_t end = now_ns() + 60 * SECOND;

	await_no_line("buffers");
	await_no_line("transfers");
	while (pinned_pages() > 0) {
		if (now_ns() > end)
			fail_msg("%ld pages are pinned", pinned_pages());
		sleep_ms(100);
	}
}

void assert_moves_whole(void)
{
	const size_t size = 100001;
	int fd = open_session(O_NONBLOCK);
	uint8_t *out = map_buffer(fd, 0, size), *in = map_buffer(fd, 1, size);
	uint32_t id;

	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	assert_well(fd);
	assert_all(in, size, 0);
	fill(out, size, 1401);
	start(fd, 0, CED1401_TO_1401 | CED1401_ON_REQUEST, 0, size, 0);
	id = start(fd, 1, CED1401_TO_HOST | CED1401_ON_REQUEST, 0, size, 1);
	to_1401(fd, 0, 0, size, 0);
	to_host(fd, 1, 0, size, 0);
	wait_blocks(fd, id, 1, REPLY_MS);
	assert_filled(in, size, 1401);
	unmap(in, size);
	unmap(out, size);
	close(fd);
}

/* -------------------------------------------------------------- recording */

/* A full-period generator of 32 bits: no stretch of it repeats */
uint32_t next_frame(uint32_t frame)
{
	return frame * 1664525u + 1013904223u;
}

/*
 * @n bytes that begin with a whole frame, each frame the successor of the one
 * before; the last may be cut short. Behind the recording's last frame comes its
 * first again. Returns the last whole frame.
 */
uint32_t assert_recording(const uint8_t *p, size_t n)
{
	uint32_t frame = 0, want = 0;
	size_t i, part;

	for (i = 0; i < n; i += 4) {
		part = n - i < 4 ? n - i : 4;
		if (i)
			want = next_frame(frame);
		else
			memcpy(&want, p, part);
		if (memcmp(p + i, &want, part)) {
			want = FIRST_FRAME;
			if (memcmp(p + i, &want, part))
				fail_msg("frame %zu of %zu does not follow the one before",
					 i / 4, n / 4);
		}
		if (part == 4)
			frame = want;
	}
	return frame;
}

/*
 * How often next_frame() leads from FIRST_FRAME to @frame, bit by bit: as many of
 * the low bits of a state as are right tell as many of the number's.
 */
uint32_t frame_index(uint32_t frame)
{
	uint32_t at = FIRST_FRAME, bit, index = 0;
	uint32_t times = 1664525u, plus = 1013904223u;

	for (bit = 1; at != frame; bit <<= 1) {
		if ((at ^ frame) & bit) {
			at = at * times + plus;
			index |= bit;
		}
		plus *= times + 1;
		times *= times;
	}
	if (index >= FRAMES)
		fail_msg("0x%08x is no frame of the recording", frame);
	return index;
}

const uint8_t *recording(void)
{
	static uint32_t *all;
	uint32_t i;

	if (!all) {
		all = malloc(FRAMES * FRAME);
		if (!all)
			fail_msg("no memory");
		all[0] = FIRST_FRAME;
		for (i = 1; i < FRAMES; i++)
			all[i] = next_frame(all[i - 1]);
	}
	return (const uint8_t *)all;
}

/* @n bytes are what the ADC heard from byte @from on, however often round */
void assert_heard(const uint8_t *p, size_t n, uint64_t from)
{
	const size_t all = FRAMES * FRAME;
	size_t at = from % all, done, part, i;

	for (done = 0; done < n; done += part, at = 0) {
		part = n - done < all - at ? n - done : all - at;
		i = first_changed(p + done, recording() + at, part);
		if (i < part)
			fail_msg("byte %zu of %zu, %llu of the recording, is 0x%02x, not 0x%02x",
				 done + i, n, (unsigned long long)at + i,
				 p[done + i], recording()[at + i]);
	}
}

/* One scan tells which the next one is */
uint32_t next_scan(int fd)
{
	unsigned int low, high;
	char line[40];
	int a, b;

	say(fd, "ADC,0 1;");
	if (!hear(fd, line, sizeof(line), REPLY_MS) ||
	    sscanf(line, "%d,%d", &a, &b) != 2)
		fail_msg("ADC replies \"%s\"", line);
	low = a & 0xffff;
	high = b & 0xffff;
	return (frame_index(high << 16 | low) + 1) % FRAMES;
}

/* Without a clock of its own the card fills its FIFO at once */
bool by_the_clock(int fd)
{
	char line[40];
	long taken;

	say(fd, "XFIFO,0 1,C,100,100;XFIFO,?;XFIFO,K;");
	if (!hear(fd, line, sizeof(line), REPLY_MS))
		fail_msg("XFIFO does not reply");
	taken = strtol(line, NULL, 10);
	if (call(fd, CED1401_IOC_RESET, NULL))
		fail_msg("RESET: %s", strerror(errno));
	return taken < 1000;
}
