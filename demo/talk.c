// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/ced1401.h>

#include "talk.h"

#define PATIENCE_MS	20000	/* how long a 1401 that works may be silent */

void fail(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("demo: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* Sleep until the driver has what we wait for. */
static void await(int fd, short events, const char *what)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do {
		n = poll(&p, 1, PATIENCE_MS);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		fail("poll: %s", strerror(errno));
	if (!n)
		fail("nothing from the 1401 for %d s: %s", PATIENCE_MS / 1000, what);
	if (p.revents & POLLHUP)
		fail("the card is gone: %s", what);
	if ((p.revents & POLLERR) && !(events & POLLPRI))
		fail("the 1401 was switched off or unplugged: %s", what);
}

void talk_send(int fd, const char *format, ...)
{
	char command[256];
	size_t sent = 0;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(command))
		fail("a command is longer than 255 characters");
	while (sent < (size_t)length) {
		ssize_t n = write(fd, command + sent, (size_t)length - sent);

		if (n > 0)
			sent += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			await(fd, POLLOUT, command);
		else if (n < 0 && errno != EINTR)
			fail("cannot send \"%s\": %s", command, strerror(errno));
	}
}

void talk_line(int fd, char *line, size_t size)
{
	size_t length = 0;

	for (;;) {
		char c;
		ssize_t n;

		await(fd, POLLIN, "waiting for a reply");
		n = read(fd, &c, 1);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			fail("cannot read a reply: %s", strerror(errno));
		if (!n)
			fail("the reply ended in the middle");
		if (c == '\r')
			break;
		if (c != '\n' && length + 1 < size)
			line[length++] = c;
	}
	line[length] = '\0';
}

long talk_ask(int fd, const char *command)
{
	char line[128], *end;
	long value;

	talk_send(fd, "%s", command);
	talk_line(fd, line, sizeof(line));
	value = strtol(line, &end, 10);
	if (end == line)
		fail("\"%s\" was answered by \"%s\"", command, line);
	return value;
}

void talk_check(int fd, const char *what)
{
	char line[128];
	int first = -1, second = -1;

	talk_send(fd, "ERR;");
	talk_line(fd, line, sizeof(line));
	if (sscanf(line, "%d%*[ ,]%d", &first, &second) != 2 || first || second)
		fail("%s: the 1401 reports error %s", what, line);
}

void talk_finish(int fd, const char *command)
{
	char question[32];
	long state;

	snprintf(question, sizeof(question), "%s,?;", command);
	for (;;) {
		state = talk_ask(fd, question);
		if (state < 0)
			fail("%s missed samples", command);
		if (!state)
			break;
		poll(NULL, 0, 1);
	}
	talk_check(fd, command);
}

void talk_block(int fd, unsigned int id, unsigned long long total)
{
	struct ced1401_status status;

	for (;;) {
		await(fd, POLLPRI, "a block should have moved");
		memset(&status, 0, sizeof(status));
		status.id = id;
		if (ioctl(fd, CED1401_IOC_STATUS, &status) < 0)
			fail("CED1401_IOC_STATUS: %s", strerror(errno));
		if (status.error)
			fail("the transfer failed: %s", strerror(-status.error));
		if (status.events & CED1401_EVENT_OFFLINE)
			fail("the 1401 was switched off or unplugged");
		if (status.refused)
			fail("the driver refused the 1401's request");
		if (status.bytes > total)
			fail("%llu bytes moved instead of %llu",
			     (unsigned long long)status.bytes, total);
		if ((status.events & CED1401_EVENT_BLOCK) && status.bytes == total)
			return;
	}
}
