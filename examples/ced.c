/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same as capture.c, in the way of programs for CED's own library: sends
 * commands as strings, makes memory of its own an area of the 1401's, and waits for
 * the event that all of it has come. Prints the volts, a sample a line.
 *
 *	cc -I include/uapi -o ced FILE.c && ./ced [DEVICE]
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/ced1401-ced.h>

#define SAMPLES	1000
#define BYTES	(SAMPLES * sizeof(short))

/* CED's codes are their own: what they call -1008 is errno 1008 here */
static int check(int result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "%s: %d\n", what, -errno);
		exit(1);
	}
	return result;
}

static void send(int fd, const char *command)
{
	check(ioctl(fd, CEDIOC_SEND_STRING((unsigned int)strlen(command)), command),
	      command);
}

/* The next line's first number */
static int reply(int fd)
{
	char line[80];

	while (!check(ioctl(fd, CEDIOC_LINES), "lines"))
		poll(NULL, 0, 1);
	check(ioctl(fd, CEDIOC_GET_STRING(sizeof(line)), line), "get string");
	return atoi(line);
}

int main(int argc, char **argv)
{
	const char *device = argc > 1 ? argv[1] : "/dev/cedusb/0";
	struct cedioc_event event;
	struct cedioc_desc area;
	short *sample;
	int fd, i;

	fd = check(open(device, O_RDWR), device);
	check(ioctl(fd, CEDIOC_STATE), "the 1401");
	check(ioctl(fd, CEDIOC_RESET), "reset");
	check(ioctl(fd, CEDIOC_KILL_IO), "kill I/O");
	send(fd, ";ERR;");
	if (reply(fd))
		fprintf(stderr, "the 1401 had an error before\n");

	/* Any memory can be area 0; the driver pins it */
	sample = (short *)calloc(SAMPLES, sizeof(short));
	if (!sample)
		return 1;
	memset(&area, 0, sizeof(area));
	area.address = (intptr_t)sample;
	area.length = BYTES;
	check(ioctl(fd, CEDIOC_SET_AREA, &area), "set area");

	/* 2000 bytes at address 0, channel 0, once, 4 MHz / 10 / 400 = 1 kHz */
	send(fd, "ADCMEM,I,2,0,2000,0,1,H,10,400;");
	do {
		poll(NULL, 0, 10);
		send(fd, "ADCMEM,?;");
		i = reply(fd);
	} while (i > 0);
	if (i < 0)
		fprintf(stderr, "samples were missed\n");

	/* Tell when a block to the host has touched the last byte */
	memset(&event, 0, sizeof(event));
	event.start = BYTES - 1;
	event.length = 1;
	event.flags = 1;
	check(ioctl(fd, CEDIOC_SET_EVENT, &event), "set event");
	send(fd, "TOHOST,0,2000,0;");
	if (check(ioctl(fd, CEDIOC_WAIT_EVENT, 0 | 10000 << 8), "wait")) {
		fprintf(stderr, "nothing came within 10 s\n");
		return 1;
	}
	for (i = 0; i < SAMPLES; i++)
		printf("%.5f\n", sample[i] * 5.0 / 32768);

	check(ioctl(fd, CEDIOC_UNSET_AREA, 0), "unset area");
	free(sample);
	return 0;
}
