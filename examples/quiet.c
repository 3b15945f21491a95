/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a stream of samples without a system call while there are some: channel 0 of a
 * 1401 at 10 kHz, in blocks that the 1401 asks for, so that none is lost. Prints the volts,
 * a sample a line, and at the end how often it called the driver.
 *
 *	cc -I include/uapi -o quiet FILE.c && ./quiet [SAMPLES [DEVICE]]
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/ced1401.h>

#define BYTES	65536u			/* of the ring: 3.3 s of samples */
#define SAMPLES	(BYTES / sizeof(short))
#define ENOUGH	(BYTES / 8)		/* sleep until so much is there */

static void check(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void *map(int fd, size_t size, int prot, unsigned int offset)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, fd, (off_t)offset);

	check(p != MAP_FAILED, "mmap");
	return p;
}

static void send(int fd, const char *command)
{
	size_t n = strlen(command);

	check(write(fd, command, n) == (ssize_t)n, command);
}

/* How the buffer's transfer stands: read again if the driver wrote meanwhile */
static struct ced1401_slot_status see(const struct ced1401_slot_status *slot)
{
	struct ced1401_slot_status seen;
	__u32 seq;

	do {
		seq = __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE);
		memcpy(&seen, slot, sizeof(seen));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (seq & 1 || __atomic_load_n(&slot->seq, __ATOMIC_RELAXED) != seq);
	return seen;
}

int main(int argc, char **argv)
{
	unsigned long long left = argc > 1 ? strtoull(argv[1], NULL, 10) : ~0ull;
	const char *device = argc > 2 ? argv[2] : "/dev/ced1401";
	const struct ced1401_status_page *status;
	struct ced1401_control_page *control;
	unsigned long long read = 0, calls = 0;
	struct ced1401_slot_status seen;
	struct ced1401_start start;
	struct pollfd news;
	const short *sample;
	int fd;

	fd = open(device, O_RDWR);
	check(fd >= 0, device);
	sample = (const short *)map(fd, BYTES, PROT_READ, CED1401_BUF_OFFSET(0));
	status = (const struct ced1401_status_page *)
		map(fd, CED1401_STATUS_SIZE, PROT_READ, CED1401_STATUS_OFFSET);
	control = (struct ced1401_control_page *)
		map(fd, CED1401_CONTROL_SIZE, PROT_READ | PROT_WRITE,
		    CED1401_CONTROL_OFFSET);

	/* The 1401 will ask for area 0, in blocks of 2000 bytes */
	memset(&start, 0, sizeof(start));
	start.flags = CED1401_TO_HOST | CED1401_ON_REQUEST | CED1401_CIRCULAR;
	start.length = BYTES;
	start.threshold = ENOUGH;
	check(!ioctl(fd, CED1401_IOC_START, &start), "START");
	send(fd, "XSTREAM,0,2000,0,H,4,100;");	/* 4 MHz / 4 / 100 = 10 kHz */

	news.fd = fd;
	news.events = POLLRDBAND;
	while (left) {
		unsigned long long there;

		seen = see(&status->slot[0]);
		check(seen.id == start.id && seen.state < CED1401_STATE_DONE,
		      "the stream has ended");
		there = seen.bytes / sizeof(short);
		if (read == there) {
			/* Only to sleep; a minute without samples is an error */
			check(poll(&news, 1, 60000) == 1, "poll");
			calls++;
			continue;
		}
		for (; read < there && left; read++, left--)
			printf("%.5f\n", sample[read % SAMPLES] * 5.0 / 32768);

		/* They are consumed: the low 32 bits of their bytes, behind the reads */
		__atomic_store_n(&control->slot[0].consumed,
				 (__u32)(read * sizeof(short)), __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (__atomic_load_n(&status->slot[0].stalled, __ATOMIC_RELAXED)) {
			/* A block waits for the room that there is now */
			check(!ioctl(fd, CED1401_IOC_KICK), "KICK");
			calls++;
		}
	}
	fprintf(stderr, "%llu samples, %llu system calls\n", read, calls);
	return 0;
}
