// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the cost of an operation grows: with the sessions that are open, with 4 buffers
 * each; with the buffers of one session; and with those when each has had a transfer.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bench.h"

#define SIZE	4096
#define BYTES	64
#define STREAM	"XFIFO,0,H,10,400;"
#define NOW	(CED1401_TO_HOST | CED1401_NOW)

enum op { START_STOP, STATUS, MAP, AGAIN, POLL, WAKE, SERVED, OPS };

static const char *const names[OPS] = {
	"start", "status", "mmap", "again", "poll", "wake", "served",
};

static struct values cost[OPS];

static void start_stop(int fd)
{
	uint32_t before = meter(), id = start(fd, 0, NOW, BYTES);

	stop(fd, id);
	add(&cost[START_STOP], meter() - before);
}

static void ask_status(int fd)
{
	struct ced1401_status answer;
	uint32_t before, id = start(fd, 0, NOW, BYTES);

	before = meter();
	status(fd, id, &answer);
	add(&cost[STATUS], meter() - before);
	stop(fd, id);
}

static void map_new(int fd, unsigned int buffer)
{
	struct ced1401_free f = { .buffer = buffer };
	uint32_t before = meter();
	uint8_t *p = map_buffer(fd, buffer, SIZE);

	*p = 1;
	unmap_buffer(p);
	must(ioctl(fd, CED1401_IOC_FREE, &f), "FREE");
	add(&cost[MAP], meter() - before);
}

/* One mapping more of memory that is there: what the kernel takes for any mapping */
static void map_again(int fd)
{
	uint32_t before = meter();
	uint8_t *p = map_buffer(fd, 0, SIZE);

	*p = 1;
	unmap_buffer(p);
	add(&cost[AGAIN], meter() - before);
}

static void ask_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI };
	uint32_t before = meter();

	must(poll(&p, 1, 0), "poll");
	add(&cost[POLL], meter() - before);
}

static void wake(int fd)
{
	struct ced1401_status answer;
	uint32_t id = start(fd, 0, NOW, BYTES);

	wait_events(fd, POLLPRI);
	add(&cost[WAKE], meter() - meter_line());
	status(fd, id, &answer);
}

static void serve(int fd)
{
	uint32_t before, id = start(fd, 0, CED1401_TO_HOST | CED1401_ON_REQUEST, BYTES);
	struct ced1401_wait w = { .id = id, .bytes = BYTES };

	before = meter();
	send_line(fd, "TOHOST,0,64,0;");
	must(ioctl(fd, CED1401_IOC_WAIT, &w), "WAIT");
	add(&cost[SERVED], meter() - before);
	stop(fd, id);
}

static void figures(const char *by, unsigned int n)
{
	char name[60];
	int op;

	for (op = 0; op < OPS; op++) {
		snprintf(name, sizeof(name), "growth.%s.%s.%u", by, names[op], n);
		if (op == MAP || op == AGAIN)
			print_least(name, &cost[op]);
		else
			print_median(name, &cost[op]);
	}
}

/* The session that works is the last one that was opened */
static void with_sessions(unsigned int n)
{
	unsigned int i, k;
	int fds[64], fd;

	for (i = 0; i < n; i++) {
		fds[i] = open_card();
		for (k = 0; k < 4; k++)
			map_buffer(fds[i], k, SIZE);
	}
	fd = fds[n - 1];
	/* As many transfers as a session remembers, so that all have the same to search */
	for (i = 0; i < CED1401_TRANSFERS; i++)
		start_stop(fd);
	cost[START_STOP].n = 0;
	map_new(fd, 4);
	map_again(fd);
	cost[MAP].n = 0;
	cost[AGAIN].n = 0;
	for (i = 0; i < 100; i++) {
		start_stop(fd);
		ask_status(fd);
		map_new(fd, 4);
		map_again(fd);
		ask_poll(fd);
		serve(fd);
	}
	send_line(fd, STREAM);
	for (i = 0; i < 100; i++)
		wake(fd);
	send_line(fd, "XFIFO,K;");
	for (i = 0; i < n; i++)
		close_card(fds[i]);
	figures("sessions", n);
}

/* In a session of its own each time: what it has done before would add to its cost */
static void with_buffers(unsigned int n, bool used)
{
	unsigned int i, k, last = n == CED1401_BUFFERS ? n - 1 : n;
	uint8_t *p;
	int fd;

	for (i = 0; i < 25; i++) {
		fd = open_card();
		must(ioctl(fd, CED1401_IOC_CLAIM), "CLAIM");
		for (k = 0; k < n && k != last; k++)
			map_buffer(fd, k, SIZE);
		for (k = 0; used && k < n && k != last; k++)
			stop(fd, start(fd, k, NOW, BYTES));
		/* The first one finds what others have left behind */
		for (k = 0; k < 3; k++) {
			map_new(fd, last);
			map_again(fd);
			cost[MAP].n -= k < 2;
			cost[AGAIN].n -= k < 2;
		}
		if (n == CED1401_BUFFERS) {
			p = map_buffer(fd, last, SIZE);
			*p = 1;
			if (used)
				stop(fd, start(fd, last, NOW, BYTES));
		}
		ask_poll(fd);
		start_stop(fd);
		ask_status(fd);
		serve(fd);
		send_line(fd, STREAM);
		wake(fd);
		close_card(fd);
	}
	figures(used ? "used" : "buffers", n);
}

int main(void)
{
	static const unsigned int numbers[] = { 1, 8, 64 };
	unsigned int i;

	bench_begin();
	for (i = 0; i < 3; i++)
		with_sessions(numbers[i]);
	for (i = 0; i < 3; i++)
		with_buffers(numbers[i], false);
	for (i = 0; i < 3; i++)
		with_buffers(numbers[i], true);
	return 0;
}
