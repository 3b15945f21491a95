/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples channel 0 of a 1401 a thousand times, 1 ms apart, into memory of this
 * program's own, and prints the volts, a sample a line.
 *
 *	cc -I include/uapi -o capture FILE.c && ./capture
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/ced1401.h>

#define SAMPLES	1000
#define BYTES	(SAMPLES * sizeof(short))

static void check(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

/* Send a command to the 1401: what fits is taken, the rest waits. */
static void send(int fd, const char *command)
{
	size_t left = strlen(command);

	while (left) {
		ssize_t n = write(fd, command, left);

		check(n > 0, command);
		command += n;
		left -= (size_t)n;
	}
}

/* Receive a line of numbers and return the first. Lines end with CR. */
static int reply(int fd)
{
	char line[80];
	size_t n = 0;

	do
		check(n < sizeof(line) && read(fd, &line[n], 1) == 1, "read");
	while (line[n++] != '\r');
	line[n - 1] = '\0';
	return atoi(line);
}

int main(void)
{
	struct ced1401_start start;
	struct ced1401_status status;
	struct pollfd news;
	const short *sample;
	void *memory;
	int fd, i;

	fd = open("/dev/ced1401", O_RDWR);
	check(fd >= 0, "/dev/ced1401");

	/* The malloc: buffer 0 of this open file, where the DMA will write */
	memory = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, CED1401_BUF_OFFSET(0));
	check(memory != MAP_FAILED, "mmap");
	sample = (const short *)memory;

	/* Let the 1401 put blocks there: from now on the buffer is area 0 */
	memset(&start, 0, sizeof(start));
	start.buffer = 0;
	start.flags = CED1401_TO_HOST | CED1401_ON_REQUEST;
	start.length = BYTES;
	start.area = 0;
	check(!ioctl(fd, CED1401_IOC_START, &start), "START");

	/* 2000 bytes at address 0, channel 0, once, 4 MHz / 10 / 400 = 1 kHz */
	send(fd, "ADCMEM,I,2,0,2000,0,1,H,10,400;");
	do {
		poll(NULL, 0, 10);
		send(fd, "ADCMEM,?;");
		i = reply(fd);
	} while (i > 0);
	check(!i, "ADCMEM lost samples");

	/* Send 2000 bytes at address 0 to area 0, offset 0; then sleep */
	send(fd, "TOHOST,0,2000,0;");
	news.fd = fd;
	news.events = POLLPRI;
	do {
		check(poll(&news, 1, 10000) == 1, "poll");
		memset(&status, 0, sizeof(status));
		status.id = start.id;
		check(!ioctl(fd, CED1401_IOC_STATUS, &status), "STATUS");
	} while (!status.error && status.bytes < BYTES);
	errno = -status.error;
	check(!errno, "the transfer");

	for (i = 0; i < SAMPLES; i++)
		printf("%.5f\n", sample[i] * 5.0 / 32768);

	/* Give the 1401 up as it is; without this, closing would reset it */
	check(!ioctl(fd, CED1401_IOC_RELEASE), "RELEASE");
	return 0;
}
