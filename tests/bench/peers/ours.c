// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * This driver, measured as its peers are, so that one run in one guest has them all:
 *
 *  - a ring of 64 KiB, mapped, through which 8 MiB stream at 1 MHz and at 43.5 kHz
 *    stereo, the nearest to a sound card's rate; the program is woken for each eighth
 *    of it, and reads and consumes by the status and the control page;
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
static const volatile struct ced1401_status_page *status;
static volatile struct ced1401_control_page *control;

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
	status = mmap(NULL, CED1401_STATUS_SIZE, PROT_READ, MAP_SHARED, card,
		      CED1401_STATUS_OFFSET);
	control = mmap(NULL, CED1401_CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		       card, CED1401_CONTROL_OFFSET);
	if (memory == MAP_FAILED || status == MAP_FAILED || control == MAP_FAILED)
		give_up("ced1401: mmap");
}

static void close_session(void)
{
	munmap(memory, BUFFER);
	munmap((void *)status, CED1401_STATUS_SIZE);
	munmap((void *)control, CED1401_CONTROL_SIZE);
	close(card);
}

static void send_line(const char *line)
{
	size_t n = strlen(line);

	if (write(card, line, n) != (ssize_t)n)
		give_up("ced1401: %s", line);
}

/*
 * How much has come, as the status page shows it: what is new would be looked at in a real
 * program. Then it is said to be consumed.
 */
static uint64_t consume_all(void)
{
	uint64_t bytes;
	uint32_t seq;

	do {
		seq = __atomic_load_n(&status->slot[0].seq, __ATOMIC_ACQUIRE);
		bytes = status->slot[0].bytes;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (seq & 1 || status->slot[0].seq != seq);
	__atomic_store_n(&control->slot[0].consumed, (uint32_t)bytes, __ATOMIC_RELEASE);
	return bytes;
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
	struct ced1401_status end = { 0 };
	struct ced1401_wait wait = { 0 };

	call(CED1401_IOC_START, &start, "START");
	send_line(command);
	do {
		if (poll(&news, 1, 10000) != 1)
			give_up("ced1401: poll");
	} while (consume_all() < total);
	/*
	 * The stream's end ends the ring: a STOP might come before it, and it would then
	 * end the next one. And while so much waits in this one, poll tells of it.
	 */
	send_line("XFIFO,K;");
	wait.id = start.id;
	call(CED1401_IOC_WAIT, &wait, "WAIT");
	consume_all();
	end.id = start.id;
	call(CED1401_IOC_STATUS, &end, "STATUS");
	return end.lost;
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
