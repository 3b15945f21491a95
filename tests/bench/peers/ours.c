// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * This driver, measured as its peers are, so that one run in one guest has them all:
 *
 *  - a ring of 64 KiB, mapped, through which 8 MiB stream at 1 MHz and at 43.5 kHz
 *    stereo, the nearest to a sound card's rate; the program is woken for each eighth
 *    of it;
 *  - a block of 64 KiB from the 1401's memory into a mapped buffer, asked for by a
 *    command and waited for, 128 times.
 *
 * The card wants realtime=on: else there is no rate.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <linux/ced1401.h>

#include "peer.h"

#define TOTAL	(8 * MIB)

static int card;
static void *memory;

static void call(unsigned long request, void *argument, const char *what)
{
	if (ioctl(card, request, argument))
		give_up("ced1401: %s", what);
}

/* Each figure has a session of its own: an old one keeps its transfers, which cost */
static void open_session(const char *device)
{
	card = open(device, O_RDWR);
	if (card < 0)
		give_up("ced1401: no card");
	memory = mmap(NULL, BUFFER, PROT_READ, MAP_SHARED, card, CED1401_BUF_OFFSET(0));
	if (memory == MAP_FAILED)
		give_up("ced1401: mmap");
}

static void close_session(void)
{
	munmap(memory, BUFFER);
	close(card);
}

static void send_line(const char *line)
{
	size_t n = strlen(line);

	if (write(card, line, n) != (ssize_t)n)
		give_up("ced1401: %s", line);
}

/*
 * What is there is asked for, looked at in a real program, and then consumed. Tells how
 * much of it was overrun.
 */
static uint64_t consume_all(struct ced1401_consume *ring)
{
	ring->bytes = 0;
	call(CED1401_IOC_CONSUME, ring, "CONSUME");
	ring->bytes = ring->moved - ring->consumed;
	call(CED1401_IOC_CONSUME, ring, "CONSUME");
	return ring->overwritten;
}

/* Tells how many bytes were lost */
static uint64_t ring(const char *command, uint64_t total)
{
	struct ced1401_start start = {
		.flags = CED1401_TO_HOST | CED1401_NOW | CED1401_CIRCULAR,
		.length = BUFFER,
		.threshold = CHUNK,
	};
	struct pollfd news = { .fd = card, .events = POLLRDBAND };
	struct ced1401_consume ring = { 0 };
	struct ced1401_wait wait = { 0 };
	uint64_t lost = 0;

	call(CED1401_IOC_START, &start, "START");
	send_line(command);
	ring.id = start.id;
	while (ring.consumed < total) {
		if (poll(&news, 1, 10000) != 1)
			give_up("ced1401: poll");
		lost += consume_all(&ring);
	}
	/*
	 * The stream's end ends the ring: a STOP might come before it, and it would then
	 * end the next one. And while so much waits in this one, poll tells of it.
	 */
	send_line("XFIFO,K;");
	wait.id = start.id;
	call(CED1401_IOC_WAIT, &wait, "WAIT");
	return lost + consume_all(&ring);
}

static void stop(uint32_t id)
{
	struct ced1401_stop stop = { .id = id };

	call(CED1401_IOC_STOP, &stop, "STOP");
}

static void blocks(unsigned int n)
{
	struct ced1401_start start = {
		.flags = CED1401_TO_HOST | CED1401_ON_REQUEST,
		.length = BUFFER,
	};
	struct ced1401_wait wait = { 0 };

	call(CED1401_IOC_START, &start, "START");
	wait.id = start.id;
	while (n--) {
		wait.bytes += BUFFER;
		send_line("TOHOST,0,65536,0;");
		call(CED1401_IOC_WAIT, &wait, "WAIT");
	}
	stop(start.id);
}

/*
 * Under -icount on a very busy host a ring was overrun once. What was lost was not
 * delivered, so such a stream is no measurement: once more.
 */
static void measure_ring(const char *name, const char *command)
{
	struct measurement m;
	unsigned int tries;
	uint64_t lost;

	for (tries = 0; tries < 5; tries++) {
		ring(command, 4 * BUFFER);
		begin(&m);
		lost = ring(command, TOTAL);
		if (!lost) {
			end(&m, name, TOTAL);
			return;
		}
		printf("# %s: %llu bytes overrun: once more\n", name,
		       (unsigned long long)lost);
	}
	printf("# skipped: %s: overrun each time\n", name);
}

static void measure_blocks(const char *name)
{
	struct measurement m;

	blocks(4);
	begin(&m);
	blocks(TOTAL / BUFFER);
	end(&m, name, TOTAL);
}

int main(int argc, char **argv)
{
	const char *device = argc > 1 ? argv[1] : "/dev/ced1401";

	prepare();
	/* 4 MHz / 4 = 1 MHz, and 4 MHz / (4 * 23) = 43478 Hz */
	open_session(device);
	measure_ring("ced1401.ring.fast", "XFIFO,0,H,4,1;");
	close_session();
	open_session(device);
	measure_ring("ced1401.ring.audio", "XFIFO,0 1,H,4,23;");
	close_session();
	open_session(device);
	measure_blocks("ced1401.block");
	close_session();
	return 0;
}
