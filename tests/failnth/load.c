// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tests/failnth: what happens with the driver itself, its first, second, ... n-th
 * allocation failing each time, until none was left to fail:
 *
 *	load bind DEVICE...	bind a device to the driver, which has it. What the kernel
 *				allocates by the way comes and goes, so that a failure can
 *				be passed over: each device is another chance
 *	load insmod FILE PARAMETER...
 *				load the module; counted from its init function on, which
 *				takes tests/failnth/tell
 *	load read FILE...	open and read a file
 *
 * After each failure there must be nothing left of it. Prints how many there were.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nth.h"
#include "tell/init.h"

#define DRIVER	"/sys/bus/platform/drivers/ced1401"
#define MODULE	"ced1401_isa"

static int nth_fd;
static unsigned int failures;

static int fail(unsigned int nth, const char *what, const char *name)
{
	printf("failure %u: %s %s (%s)\n", nth, what, name, strerror(errno));
	return 1;
}

static int write_to(const char *path, const char *text)
{
	ssize_t n = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -1;
	ret = write(fd, text, n) == n ? 0 : -1;
	close(fd);
	return ret;
}

/* As the lists of /proc name a card, at a line's end */
static char card[30] = "ced1401\n";

/* Whether a line of a file names the card */
static bool names_driver(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[300];
	bool found = false;

	while (file && fgets(line, sizeof(line), file))
		found |= !!strstr(line, card);
	if (file)
		fclose(file);
	return found;
}

/* Something that an unbound driver still has, or NULL */
static const char *left(void)
{
	static const char * const lists[] = {
		"/proc/ioports", "/proc/interrupts", "/proc/dma", "/proc/misc",
	};
	unsigned int i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (names_driver(lists[i]))
			return lists[i];
	return NULL;
}

/* Whether something failed in what has been done since nth_set() */
static bool has_failed(void)
{
	bool has = !nth_get(nth_fd);

	nth_set(nth_fd, 0);
	failures += has;
	return has;
}

static int try_device(const char *device)
{
	char driver[200];
	unsigned int nth;
	bool more;
	int ret;

	snprintf(driver, sizeof(driver), "/sys/bus/platform/devices/%s/driver",
		 device);
	if (strcmp(device, "ced1401.0"))
		snprintf(card, sizeof(card), "ced1401_%s\n", strchr(device, '.') + 1);
	else
		strcpy(card, "ced1401\n");
	if (write_to(DRIVER "/unbind", device))
		return fail(0, "cannot unbind", device);
	for (nth = 1, more = true; more; nth++) {
		nth_set(nth_fd, nth);
		ret = write_to(DRIVER "/bind", device);
		more = has_failed();
		if (ret && !more)
			return fail(nth, "cannot bind", device);
		if (ret && !access(driver, F_OK))
			return fail(nth, "an error, and yet bound:", device);
		if (ret && left())
			return fail(nth, "not given back:", left());
		if (ret)
			continue;
		/* Unbinding cannot fail */
		nth_set(nth_fd, nth);
		ret = write_to(DRIVER "/unbind", device);
		if (has_failed() && ret)
			ret = write_to(DRIVER "/unbind", device);
		if (ret || !access(driver, F_OK))
			return fail(nth, "cannot unbind", device);
		if (left())
			return fail(nth, "not given back:", left());
	}
	if (write_to(DRIVER "/bind", device))
		return fail(0, "cannot bind", device);
	return 0;
}

static int try_bind(char *argv[])
{
	int ret = 0;

	for (; *argv && !ret; argv++)
		ret = try_device(*argv);
	return ret;
}

static long init_module(const void *image, size_t size, const char *args)
{
	return syscall(SYS_init_module, image, size, args);
}

static int try_insmod(char *argv[])
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	char args[200] = "";
	unsigned int nth;
	struct stat s;
	void *image;
	bool more;
	long ret;
	int i;

	if (fd < 0 || fstat(fd, &s))
		return fail(0, "cannot read", argv[0]);
	image = mmap(NULL, s.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (image == MAP_FAILED)
		return fail(0, "cannot map", argv[0]);
	for (i = 1; argv[i]; i++) {
		strncat(args, argv[i], sizeof(args) - strlen(args) - 2);
		strcat(args, " ");
	}

	for (nth = 1, more = true; more; nth++) {
		nth_set(nth_fd, INIT_NTH(nth));
		ret = init_module(image, s.st_size, args);
		more = has_failed();
		if (ret && !more)
			return fail(nth, "cannot load", argv[0]);
		if (!ret && syscall(SYS_delete_module, MODULE, O_NONBLOCK))
			return fail(nth, "cannot unload", MODULE);
		if (left())
			return fail(nth, "not given back:", left());
		if (!access("/sys/module/" MODULE, F_OK) ||
		    !access(DRIVER, F_OK) ||
		    !access("/sys/kernel/debug/ced1401", F_OK))
			return fail(nth, "not gone from /sys:", MODULE);
	}
	return 0;
}

static int try_read(char *argv[])
{
	unsigned int nth;
	char text[4096];
	bool more;
	ssize_t n;
	int fd;

	for (; *argv; argv++) {
		for (nth = 1, more = true; more; nth++) {
			nth_set(nth_fd, nth);
			fd = open(*argv, O_RDONLY | O_CLOEXEC);
			n = fd < 0 ? -1 : read(fd, text, sizeof(text));
			more = has_failed();
			if (!more && n < 0)
				return fail(nth, "cannot read", *argv);
			if (fd >= 0)
				close(fd);
		}
	}
	return 0;
}

int main(int argc, char *argv[])
{
	int ret = 2;

	if (argc < 3)
		return 2;
	nth_fd = nth_open();
	if (!strcmp(argv[1], "bind"))
		ret = try_bind(argv + 2);
	else if (!strcmp(argv[1], "insmod"))
		ret = try_insmod(argv + 2);
	else if (!strcmp(argv[1], "read"))
		ret = try_read(argv + 2);
	nth_set(nth_fd, 0);
	printf("failures %u\n", failures);
	return ret;
}
