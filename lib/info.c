// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is known of the card, through sysfs, and what the 1401 tells of itself.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "internal.h"

#define STANDARD_1401	4	/* the type that knows MEMTOP without '?' alone */
#define LIST_MAX	8192	/* characters of CLIST's reply */

/* A file in the device's folder of sysfs, without its newline */
static int read_attribute(ced1401_device *dev, const char *name, char *text,
			  size_t size)
{
	char path[128];
	struct stat stat;
	ssize_t n;
	int fd;

	if (fstat(dev->fd, &stat))
		return -errno;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/%s",
		 major(stat.st_rdev), minor(stat.st_rdev), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static int number_attribute(ced1401_device *dev, const char *name)
{
	char text[32];

	return read_attribute(dev, name, text, sizeof(text)) ? -1 :
	       (int)strtol(text, NULL, 0);
}

/* The card's number: the misc device's name ends in it, that of card 0 does not */
static unsigned int card_number(ced1401_device *dev)
{
	char line[256], *name = NULL, *number;

	/* DEVNAME= is one of the lines of uevent */
	struct stat stat;
	char path[128];
	unsigned int card = 0;
	FILE *file;

	if (fstat(dev->fd, &stat))
		return 0;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/uevent",
		 major(stat.st_rdev), minor(stat.st_rdev));
	file = fopen(path, "re");
	while (file && !name && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "DEVNAME=", 8))
			name = line;
	}
	number = name ? strrchr(name, '_') : NULL;
	if (number)
		card = (unsigned int)strtoul(number + 1, NULL, 10);
	if (file)
		fclose(file);
	return card;
}

static const char *type_name(int type)
{
	static const char *const names[] = {
		"standard 1401", "micro1401", "1401plus", "Power1401",
	};

	return type >= 4 && type <= 7 ? names[type - 4] : "unknown";
}

int ced1401_get_info(ced1401_device *device, struct ced1401_info *info)
{
	int ret = device_look(device);

	memset(info, 0, sizeof(*info));
	snprintf(info->path, sizeof(info->path), "%s", device->path);
	if (ret)
		return ret;
	pthread_mutex_lock(&device->lock);
	info->link = device->link;
	pthread_mutex_unlock(&device->lock);
	info->number = card_number(device);
	info->io = (unsigned int)number_attribute(device, "io");
	info->irq = number_attribute(device, "irq");
	info->dma = number_attribute(device, "dma");
	info->type = number_attribute(device, "type");
	info->type_name = type_name(info->type);
	if (read_attribute(device, "state", info->state, sizeof(info->state)))
		strcpy(info->state, "gone");
	return 0;
}

int ced1401_statistic(ced1401_device *device, const char *name, uint64_t *value)
{
	char path[64], text[32];
	int ret;

	/* A name, not a way to other files */
	if (!*name || strlen(name) > 32 || strpbrk(name, "/."))
		return -ENOENT;
	snprintf(path, sizeof(path), "statistics/%s", name);
	ret = read_attribute(device, path, text, sizeof(text));
	/* Its folder has gone with it, or is another's by now */
	if (device_look(device) == -ENODEV)
		return -ENODEV;
	if (!ret)
		*value = strtoull(text, NULL, 10);
	return ret;
}

int ced1401_memory_size(ced1401_device *device, uint32_t *bytes)
{
	long values[2];
	int ret;

	if (number_attribute(device, "type") == STANDARD_1401) {
		ret = talk_ask(device, values, 2, "MEMTOP;");
		if (!ret)
			*bytes = (uint32_t)(values[0] - values[1]);
	} else {
		ret = talk_ask(device, values, 1, "MEMTOP,?;");
		if (!ret)
			*bytes = (uint32_t)values[0];
	}
	return ret;
}

int ced1401_commands(ced1401_device *device, struct ced1401_command_name *list,
		     unsigned int max)
{
	struct ced1401_command_name name;
	char line[128];
	int ret, n = 0;

	ced1401_lock(device);
	/* In step first: the lines are read as they come */
	ret = ced1401_command(device, "%s", "");
	if (!ret)
		ret = ced1401_send(device, "CLIST;");
	while (!ret) {
		ret = ced1401_read_line(device, line, sizeof(line),
					device_timeout(device));
		if (ret < 0)
			break;
		ret = 0;
		/* The last one is a space */
		if (!strcmp(line, " "))
			break;
		if (!parse_command_name(line, &name)) {
			ret = -EBADMSG;
			break;
		}
		if ((unsigned int)n < max)
			list[n] = name;
		n++;
	}
	if (!ret)
		ret = ced1401_command(device, "%s", "");
	ced1401_unlock(device);
	return ret ? ret : n;
}

/* Whether it is known already; the answer in @there. The conversation is locked */
static bool is_known(const ced1401_device *dev, const char *name, bool *there)
{
	unsigned int i;

	for (i = 0; i < dev->known_n; i++) {
		if (!strcasecmp(dev->known[i].name, name)) {
			*there = dev->known[i].there;
			return true;
		}
	}
	return false;
}

/* By docs/protocol.md these act, or reply, without an argument, too */
static bool acts_bare(const char *name)
{
	static const char *const names[] = {
		"RESET", "CLEAR", "KILL", "ERR", "CLIST", "MEMTOP",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcasecmp(names[i], name))
			return true;
	}
	return false;
}

/* Whether CLIST names it: 1, 0, or a negative code */
static int is_listed(ced1401_device *device, const char *name)
{
	struct ced1401_command_name known;
	char lines[LIST_MAX], *line, *rest = lines;
	int ret = ced1401_query_lines(device, lines, sizeof(lines), "CLIST;");

	if (ret >= (int)sizeof(lines))
		return -EBADMSG;
	while (ret >= 0 && (line = strsep(&rest, "\n"))) {
		if (parse_command_name(line, &known) && !strcasecmp(known.name, name))
			return 1;
	}
	return ret < 0 ? ret : 0;
}

/* Whether the 1401 knows it: 1, 0, or a negative code */
static int ask_for(ced1401_device *device, const char *name)
{
	int ret;

	if (acts_bare(name))
		return is_listed(device, name);
	ret = ced1401_command(device, "%s", name);
	return ret == NOT_THERE ? 0 : ret ? ret : 1;
}

/* Letters that the 1401 takes for others, or does not take, make another name of it */
static bool is_name(const char *name, size_t room)
{
	size_t i;

	for (i = 0; name[i]; i++) {
		if (i + 1 == room || name[i] <= ' ' || name[i] > '~' ||
		    strchr(",;?", name[i]))
			return false;
	}
	return isalpha((unsigned char)*name);
}

int ced1401_has_command(ced1401_device *device, const char *name)
{
	bool there = false;
	unsigned int at;
	int ret = 0;

	if (!is_name(name, sizeof(device->known[0].name)))
		return -EINVAL;
	ced1401_lock(device);
	device_look(device);
	/* A reset forgets what was known; the 1401 is asked only then */
	ret = device->spoken == __atomic_load_n(&device->generation, __ATOMIC_ACQUIRE) &&
	      is_known(device, name, &there) ? 1 : 0;
	if (!ret) {
		ret = ask_for(device, name);
		there = ret > 0;
		if (ret >= 0) {
			at = device->known_n % COMMANDS_KNOWN;
			strcpy(device->known[at].name, name);
			device->known[at].there = there;
			if (device->known_n < COMMANDS_KNOWN)
				device->known_n++;
		}
	}
	ced1401_unlock(device);
	return ret < 0 ? ret : there;
}
