// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening the device, and what to do when that fails.
 */
#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools.h"

#define MODULE		"/sys/module/ced1401_isa"
#define CARDS		4

/* The card's number that the user gave, or -1: it is a path */
static int number_of(const struct options *options)
{
	const char *text = options->device;

	if (!text)
		return 0;
	return strlen(text) == 1 && *text >= '0' && *text < '0' + CARDS ?
		*text - '0' : -1;
}

const char *device_name(const struct options *options)
{
	static const char *const names[CARDS] = {
		"/dev/ced1401", "/dev/ced1401_1", "/dev/ced1401_2", "/dev/ced1401_3"
	};
	int number = number_of(options);

	return number < 0 ? options->device : names[number];
}

static bool exists(const char *path)
{
	struct stat status;

	return !stat(path, &status);
}

/* A parameter of the module as it is loaded, into @text; returns it */
static char *parameter(const char *name, char *text, size_t size)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), MODULE "/parameters/%s", name);
	file = fopen(path, "r");
	if (!file || !fgets(text, (int)size, file))
		snprintf(text, size, "?");
	if (file)
		fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* Ports in hexadecimal, as on the command line of modprobe */
static char *hexadecimal(char *list, size_t size)
{
	char copy[64], *rest = copy, *number;
	size_t at = 0;

	snprintf(copy, sizeof(copy), "%s", list);
	while ((number = strsep(&rest, ",")) && at + 12 < size)
		at += (size_t)snprintf(list + at, size - at, "%s0x%lx", at ? "," : "",
				       strtoul(number, NULL, 0));
	return list;
}

/* No such device: which of the reasons is it? */
static void explain_missing(const char *name)
{
	char io[64], irq[64], dma[64];
	glob_t others;

	say("%s: there is no such device", name);
	if (!exists(MODULE)) {
		fputs("The driver's module is not loaded. As root, with the card's own values:\n"
		      "    modprobe ced1401 io=0x300 irq=5 dma=1\n"
		      "dmesg | grep ced1401 tells if it found the card.\n", stderr);
		return;
	}
	fprintf(stderr,
		"The module is loaded with io=%s irq=%s dma=%s; compare them with the switches on\n"
		"the card. dmesg | grep ced1401 tells why it did not find it.\n",
		hexadecimal(parameter("io", io, sizeof(io)), sizeof(io)),
		parameter("irq", irq, sizeof(irq)), parameter("dma", dma, sizeof(dma)));
	if (!glob("/dev/ced1401*", 0, NULL, &others)) {
		size_t i;

		fputs("There are:", stderr);
		for (i = 0; i < others.gl_pathc; i++)
			fprintf(stderr, " %s", others.gl_pathv[i]);
		fputs("\n", stderr);
		globfree(&others);
	}
}

/* Not permitted: which group does the device have, and who is the user? */
static void explain_forbidden(const char *name)
{
	const char *user = getenv("USER");
	struct stat status;
	struct group *group;

	say("%s: you may not open it", name);
	if (stat(name, &status))
		return;
	if (status.st_gid == 0) {
		fputs("Only root may. Give it to a group: README.md, \"Installing\", tells how, with\n"
		      "udev/60-ced1401.rules.\n", stderr);
		return;
	}
	group = getgrgid(status.st_gid);
	if (!group) {
		fprintf(stderr, "The group of the number %u may.\n",
			(unsigned int)status.st_gid);
		return;
	}
	fprintf(stderr, "The group %s may. As root: usermod --append --groups %s %s\nThen log in anew.\n",
		group->gr_name, group->gr_name, user && *user ? user : "NAME");
}

ced1401_device *device_open(const struct options *options, unsigned int flags)
{
	const char *name = device_name(options);
	ced1401_device *device = NULL;
	int number = number_of(options), ret;

	flags |= CED1401L_NONBLOCK;
	ret = number < 0 ? ced1401_open_path(name, flags, &device) :
		ced1401_open((unsigned int)number, flags, &device);
	switch (ret) {
	case 0:
		return device;
	case -ENOENT:
	case -ENXIO:
		explain_missing(name);
		break;
	case -EACCES:
	case -EPERM:
		explain_forbidden(name);
		break;
	case -ENOTTY:
		say("%s: this is no device of the driver ced1401", name);
		break;
	default:
		exit(failed(NULL, ret, "%s", name));
	}
	exit(EXIT_DEVICE);
}
