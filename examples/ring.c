/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a stream of samples without end: channel 0 of a 1401 at 10 kHz, through a
 * ring of this program's own memory. Prints the volts, a sample a line, and says
 * what was missed if it was too slow.
 *
 *	cc -I include/uapi -o ring FILE.c && ./ring [SAMPLES [DEVICE]]
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

static void send(int fd, const char *command)
{
	size_t n = strlen(command);

	check(write(fd, command, n) == (ssize_t)n, command);
}

int main(int argc, char **argv)
{
	unsigned long long left = argc > 1 ? strtoull(argv[1], NULL, 10) : ~0ull;
	const char *device = argc > 2 ? argv[2] : "/dev/ced1401";
	static short copy[SAMPLES];
	struct ced1401_consume ring;
	struct ced1401_start start;
	struct pollfd news;
	const short *sample;
	void *memory;
	int fd;

	fd = open(device, O_RDWR);
	check(fd >= 0, device);
	memory = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, CED1401_BUF_OFFSET(0));
	check(memory != MAP_FAILED, "mmap");
	sample = (const short *)memory;

	/* From now on what the card's FIFO brings goes round in the ring */
	memset(&start, 0, sizeof(start));
	start.flags = CED1401_TO_HOST | CED1401_NOW | CED1401_CIRCULAR;
	start.length = BYTES;
	start.threshold = ENOUGH;
	check(!ioctl(fd, CED1401_IOC_START, &start), "START");
	send(fd, "XFIFO,0,H,4,100;");	/* channel 0, 4 MHz / 4 / 100 = 10 kHz */

	memset(&ring, 0, sizeof(ring));
	ring.id = start.id;
	news.fd = fd;
	news.events = POLLRDBAND;
	while (left) {
		unsigned long long first, n, lost, i;

		check(poll(&news, 1, 10000) == 1, "poll");

		/* How much is there: its end, in samples since START */
		ring.bytes = 0;
		check(!ioctl(fd, CED1401_IOC_CONSUME, &ring), "CONSUME");
		first = ring.consumed / sizeof(short);
		n = ring.moved / sizeof(short) - first;

		/* Copy first, then consume: that tells what of it was whole */
		for (i = n > SAMPLES ? n - SAMPLES : 0; i < n; i++)
			copy[(first + i) % SAMPLES] = sample[(first + i) % SAMPLES];
		ring.bytes = n * sizeof(short);
		check(!ioctl(fd, CED1401_IOC_CONSUME, &ring), "CONSUME");
		lost = (ring.overwritten + sizeof(short) - 1) / sizeof(short);
		if (lost)
			fprintf(stderr, "%llu samples missed\n", lost);

		for (i = lost; i < n && left; i++, left--)
			printf("%.5f\n", copy[(first + i) % SAMPLES] * 5.0 / 32768);
	}
	send(fd, "XFIFO,K;");
	return 0;
}
