/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every test program of the driver needs: sessions, buffers, commands with
 * a time-out, patterns, and the ioctls as calls that assert.
 *
 * The device is /dev/ced1401, or what CED1401_DEVICE names.
 */
#ifndef TESTS_CASES_COMMON_H
#define TESTS_CASES_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/ced1401.h>

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))
#define KIB		1024u
#define MIB		(1024u * 1024u)
#define PAGE		4096u
#define MS		1000000ull	/* ns */
#define SECOND		(1000 * MS)
#define REPLY_MS	(20000 * slow())	/* the longest wait for a reply */
#define TEST_SECONDS	(60 * slow())	/* the longest that a test may take */

/*
 * How many times slower than Debian's the kernel is: $CED1401_SLOW, else 1. Bounds
 * of waits are multiplied by it, here or (wait_bytes(), is_asleep() ...) by the
 * callee.
 */
unsigned int slow(void);

#define RW		(PROT_READ | PROT_WRITE)

/* A test of the table: with a clock against hanging, and everything closed after */
#define TEST(f)		cmocka_unit_test_setup_teardown(f, test_begins, \
							test_ends)
#define RUN(tests)	cmocka_run_group_tests(tests, NULL, NULL)

int test_begins(void **state);
int test_ends(void **state);

/* Sessions */
const char *device(void);
int open_session(int flags);		/* O_RDWR is added unless O_RDONLY_ONLY */
#define O_RDONLY_ONLY	0x40000000
unsigned int channel(void);		/* the card's DMA channel, by sysfs */
bool wide(void);			/* a 16-bit channel */
/* Of /sys/class/misc/ced1401/ */
long sysfs_number(const char *name);
void sysfs_text(const char *name, char *text, size_t room);
void assert_state(const char *want);	/* what the 1401 does, in words */

/*
 * The 1401's other side: a property of the virtual card, asked of or given to
 * QEMU's monitor, which the guests "lab", "hostile" and "hostile16" have at a port. For a program
 * that was begun by root, whoever it is now.
 */
long card_property(const char *name);
void card_text(const char *name, char *text, size_t room);
void set_card_property(const char *name, bool on);
void set_card_number(const char *name, unsigned long value);
void set_card_text(const char *name, const char *text);
void save_memory(uint64_t phys, uint64_t size, const char *path);

/* Root for a part: become the unprivileged user of the device's group, and back */
void become_user(void);
void become_root(void);

/* Buffers */
uint8_t *map_at(int fd, unsigned int buffer, size_t size, size_t from,
		int prot);
uint8_t *map_buffer(int fd, unsigned int buffer, size_t size);
int map_error(int fd, uint64_t offset, size_t size, int prot, int flags);
void unmap(void *p, size_t size);
void fill(uint8_t *p, size_t n, uint32_t seed);
void assert_filled(const uint8_t *p, size_t n, uint32_t seed);
void assert_rest(const uint8_t *p, size_t from, size_t to, uint32_t seed);
void assert_all(const uint8_t *p, size_t n, uint8_t value);
void assert_same(const uint8_t *p, const uint8_t *want, size_t n);
size_t first_changed(const uint8_t *p, const uint8_t *was, size_t n);

/* Characters */
void say(int fd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool hear(int fd, char *line, size_t room, int ms);
void expect(int fd, const char *command, const char *want);
void assert_well(int fd);		/* ERR replies 0,0 */
void drain(int fd, int ms);		/* read what comes within @ms */

/* The ioctls: call() gives 0 or an errno; the others assert that they succeed */
int call(int fd, unsigned long request, void *arg);
int start_error(int fd, unsigned int buffer, unsigned int flags,
		uint64_t offset, uint64_t length, unsigned int area,
		uint32_t *id);
uint32_t start(int fd, unsigned int buffer, unsigned int flags,
	       uint64_t offset, uint64_t length, unsigned int area);
struct ced1401_stop stop(int fd, uint32_t id);
struct ced1401_status status(int fd, uint32_t id);
struct ced1401_buf_info info(int fd, unsigned int buffer);
int wait_error(int fd, uint32_t id, uint64_t bytes, uint64_t deadline_ns,
	       struct ced1401_wait *wait);
struct ced1401_wait wait_bytes(int fd, uint32_t id, uint64_t bytes, int ms);
struct ced1401_wait wait_end(int fd, uint32_t id, int ms);
void wait_blocks(int fd, uint32_t id, unsigned int blocks, int ms);
int free_buffer(int fd, unsigned int buffer);

/* Rings: CIRCULAR is added to @flags */
int ring_error(int fd, unsigned int buffer, unsigned int flags, uint64_t offset,
	       uint64_t length, unsigned int area, uint64_t threshold,
	       uint32_t *id);
uint32_t start_ring(int fd, unsigned int buffer, unsigned int flags,
		    uint64_t offset, uint64_t length, unsigned int area,
		    uint64_t threshold);
int consume_error(int fd, uint32_t id, uint64_t bytes,
		  struct ced1401_consume *consume);
struct ced1401_consume consume(int fd, uint32_t id, uint64_t bytes);

/* Blocks by request, through area @area, which must be started */
void to_1401(int fd, unsigned int area, uint32_t address, uint32_t size,
	     uint32_t offset);
void to_host(int fd, unsigned int area, uint32_t address, uint32_t size,
	     uint32_t offset);

/* Time */
uint64_t now_ns(void);
void sleep_ms(unsigned int ms);

/*
 * What tests that leave things to chance share. The seed is CED1401_SEED, or the
 * time; it is printed, so that a run can be had again.
 */
uint32_t chance_seed(void);
uint32_t below(uint32_t *chance, uint32_t n);	/* 0 to @n - 1 */
unsigned int rounds_of(unsigned int n);	/* CED1401_ROUNDS per cent of @n, FULL ten times */

/*
 * After whatever befell the driver: nobody has anything, and all works. Root's.
 * debugfs tells of every buffer and transfer of the card, a line each: is there one in
 * @name, "buffers" or "transfers"?
 */
bool debugfs_line(const char *name, char *line, int room);
long pinned_pages(void);		/* -1: this kernel does not count */
void assert_nothing_left(void);		/* with all files closed */
void assert_moves_whole(void);		/* as the caller, with a file of its own */

/*
 * Children. A child says what went wrong by child_check() and its exit status; a
 * pipe or two tell how far it is.
 */
pid_t child(void (*body)(void *), void *arg);
void assert_child_well(pid_t pid);	/* it ends, and with status 0 */
void kill_child(pid_t pid);		/* SIGKILL, and reap it */
void tell(int pipe_fd, char c);
char told(int pipe_fd, int ms);		/* 0: nothing came */
void make_pipe(int ends[2]);
bool is_asleep(pid_t pid, int ms);	/* it sleeps within @ms */

#define child_check(what)						\
	do {								\
		if (!(what)) {						\
			dprintf(2, "child, %s:%d: %s (errno %d)\n",	\
				__FILE__, __LINE__, #what, errno);	\
			_exit(1);					\
		}							\
	} while (0)

/* poll(2) for one file: its revents */
int poll_for(int fd, int events, int ms);

/*
 * The samples of the recording that the guests' ADC hears: two channels which
 * together carry a 32-bit sequence, so that any stretch proves itself.
 */
#define FIRST_FRAME	1401u
#define FRAMES		300007u		/* not a power of two */
#define FRAME		4u		/* bytes */
uint32_t next_frame(uint32_t frame);
uint32_t frame_index(uint32_t frame);	/* its place in the recording */
const uint8_t *recording(void);		/* FRAMES * FRAME bytes */
void assert_heard(const uint8_t *p, size_t n, uint64_t from);
uint32_t next_scan(int fd);		/* the frame that the ADC sees next */
bool by_the_clock(int fd);		/* the card has realtime=on */
uint32_t assert_recording(const uint8_t *p, size_t n);

#endif /* TESTS_CASES_COMMON_H */
