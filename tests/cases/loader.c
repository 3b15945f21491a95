// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * insmod and rmmod in one small program, for insmod.sh, which loads and unloads some
 * hundreds of times: kmod's own take a few times as long to start as to do it.
 *
 *	loader FILE [PARAMETER...]	load it, and print what the kernel's log said
 *					of ced1401 meanwhile
 *	loader -r NAME			unload it
 *
 * Exit status 1, and errno's text, if the kernel refuses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

/* The log's records from here on: "6,339,5140900,-;text", and what else is known of it */
static void print_log(int log)
{
	char record[8192];
	ssize_t n;

	while ((n = read(log, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		char *text;

		if (n < 0)
			continue;
		record[n] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (strstr(text, "ced1401"))
			puts(text + 1);
	}
}

static int load(char *argv[])
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int file = open(argv[1], O_RDONLY | O_CLOEXEC);
	char parameters[1024] = "";
	char *end = parameters;
	int i, ret = 0;

	if (log < 0 || lseek(log, 0, SEEK_END) < 0)
		return failed("/dev/kmsg");
	if (file < 0)
		return failed(argv[1]);
	for (i = 2; argv[i]; i++) {
		if (end - parameters + strlen(argv[i]) + 2 > sizeof(parameters)) {
			errno = E2BIG;
			return failed(argv[i]);
		}
		end = stpcpy(stpcpy(end, argv[i]), " ");
	}
	if (syscall(SYS_finit_module, file, parameters, 0))
		ret = failed(argv[1]);
	print_log(log);
	return ret;
}

int main(int argc, char *argv[])
{
	if (argc == 3 && !strcmp(argv[1], "-r")) {
		/* As rmmod does: it does not wait for who uses it */
		if (syscall(SYS_delete_module, argv[2], O_NONBLOCK))
			return failed(argv[2]);
		return 0;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: loader FILE [PARAMETER...] | -r NAME\n");
		return 2;
	}
	return load(argv);
}
