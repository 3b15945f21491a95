// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ced1401 info and ced1401 selftest.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

static const char *const counters[] = {
	"interrupts", "blocks", "bytes_to_host", "bytes_to_1401", "refused", "resets",
	"characters_in", "characters_out", "storms"
};

#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

/* What only the 1401 itself can tell */
struct inside {
	uint32_t memory;
	struct ced1401_command_name *commands;
	unsigned int n;
};

/*
 * Ask it, if nobody has it, nor left something that to ask would reset. Return: 0 or
 * the library's code
 */
static int look_inside(struct options *o, const struct ced1401_info *info,
		       struct inside *inside)
{
	ced1401_device *device;
	int ret;

	if (!(info->link & CED1401L_LINK_POWER) || !(info->link & CED1401L_LINK_CABLE))
		return -ENODEV;
	if (info->link & (CED1401L_LINK_OTHER | CED1401L_LINK_LEFT))
		return -EBUSY;
	device = device_open(o, 0);
	ret = ced1401_memory_size(device, &inside->memory);
	if (!ret)
		ret = ced1401_commands(device, NULL, 0);
	if (ret > 0) {
		inside->n = (unsigned int)ret;
		inside->commands = must_alloc(inside->n, sizeof(*inside->commands));
		ret = ced1401_commands(device, inside->commands, inside->n);
	}
	ced1401_close(device);
	return ret < 0 ? ret : 0;
}

static const char *link_text(unsigned int link)
{
	if (!(link & CED1401L_LINK_CABLE))
		return "its cable is not plugged in";
	if (!(link & CED1401L_LINK_POWER))
		return "it is switched off";
	if (link & CED1401L_LINK_OTHER)
		return "another program has it";
	if (link & CED1401L_LINK_LEFT)
		return "free, as a program left it: not asked for memory and commands";
	return "free";
}

static void print_text(const struct ced1401_info *info, const uint64_t *counts,
		       const struct inside *inside)
{
	unsigned int i;

	printf("device    %s, card %u: ports 0x%x-0x%x, interrupt %d, DMA channel %d\n",
	       info->path, info->number, info->io, info->io + 7, info->irq, info->dma);
	printf("1401      %s (type %d), %s; %s\n", info->type_name, info->type,
	       info->state, link_text(info->link));
	if (inside->n) {
		printf("memory    %u bytes\ncommands ", (unsigned int)inside->memory);
		for (i = 0; i < inside->n; i++)
			printf("%s %s %u.%u", i && i % 8 == 0 ? "\n         " : "",
			       inside->commands[i].name, inside->commands[i].major,
			       inside->commands[i].minor);
		putchar('\n');
	}
	printf("counters ");
	for (i = 0; i < COUNTERS; i++)
		printf("%s %s %llu", i && i % 4 == 0 ? "\n         " : "", counters[i],
		       (unsigned long long)counts[i]);
	putchar('\n');
}

static void print_json(const struct ced1401_info *info, const uint64_t *counts,
		       const struct inside *inside)
{
	json_t *statistics = json_object(), *commands = json_array(), *all;
	unsigned int i;
	char version[32];

	for (i = 0; i < COUNTERS; i++)
		json_object_set_new(statistics, counters[i],
				    json_integer((json_int_t)counts[i]));
	for (i = 0; i < inside->n; i++) {
		snprintf(version, sizeof(version), "%u.%u", inside->commands[i].major,
			 inside->commands[i].minor);
		json_array_append_new(commands,
				      json_pack("{s:o, s:s}", "name",
						json_text(inside->commands[i].name),
						"version", version));
	}
	all = json_pack("{s:o, s:i, s:i, s:i, s:i, s:i, s:s, s:s, s:b, s:b, s:b, s:b, s:o}",
			"device", json_text(info->path), "card", (int)info->number,
			"io", (int)info->io, "irq", info->irq, "dma", info->dma,
			"type", info->type, "type_name", info->type_name,
			"state", info->state,
			"power", !!(info->link & CED1401L_LINK_POWER),
			"cable", !!(info->link & CED1401L_LINK_CABLE),
			"in_use", !!(info->link & CED1401L_LINK_OTHER),
			"left", !!(info->link & CED1401L_LINK_LEFT),
			"statistics", statistics);
	if (inside->n) {
		json_object_set_new(all, "memory", json_integer(inside->memory));
		json_object_set(all, "commands", commands);
	}
	json_decref(commands);
	json_out(all);
}

int info_run(struct options *o)
{
	ced1401_device *device = device_open(o, CED1401L_READ_ONLY);
	struct inside inside = { 0 };
	struct ced1401_info info;
	uint64_t counts[COUNTERS];
	unsigned int i;
	int ret;

	ret = ced1401_get_info(device, &info);
	for (i = 0; i < COUNTERS && !ret; i++)
		ret = ced1401_statistic(device, counters[i], &counts[i]);
	if (ret) {
		int code = failed(device, ret, "%s", device_name(o));

		ced1401_close(device);
		return code;
	}
	ret = look_inside(o, &info, &inside);
	if (o->json)
		print_json(&info, counts, &inside);
	else
		print_text(&info, counts, &inside);
	free(inside.commands);
	ced1401_close(device);
	/* that it is off, or in use, is an answer; that it does not answer is not */
	if (ret && ret != -ENODEV && ret != -EBUSY)
		return failed(NULL, ret, "the 1401's memory and commands");
	return EXIT_OK;
}

int selftest_run(struct options *o)
{
	int timeout = o->timeout > 0 ? to_ms(o->timeout) : 30000, ret;
	ced1401_device *device = device_open(o, 0);
	struct ced1401_selftest result = { 0 };
	int code = EXIT_OK;

	ret = ced1401_self_test(device, timeout, &result);
	ced1401_close(device);
	if (ret && ret != CED1401L_E_SELFTEST)
		return failed(NULL, ret, "the self-test");
	if (ret)
		code = EXIT_1401;
	if (o->json)
		json_out(json_pack("{s:b, s:i, s:i, s:i}", "passed", !ret, "code",
				   result.code, "x", result.x, "y", result.y));
	else if (!ret)
		puts("the 1401 is well");
	else
		printf("the self-test failed: error %d, x %d, y %d\n"
		       "The 1401's manual explains it. Switch it off and on, and try again; check its cable.\n",
		       result.code, result.x, result.y);
	return code;
}
