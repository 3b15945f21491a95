// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ced1401 areas: the DMA memory, and a trial of each of the eight areas. A pattern goes
 * out of memory of the host to the 1401 and comes back into the same area, by DMA both
 * times.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

#define AREAS		8
#define DEFAULT_SIZE	65536
#define MAX_SIZE	1048576
#define PARAMETERS	"/sys/module/ced1401_isa/parameters/"
#define DEBUGFS		"/sys/kernel/debug/ced1401/"

/* How an area did */
struct trial {
	void *memory;
	int area;
	int ret;		/* 0, or the library's code */
	bool same;		/* what came back is what went */
	uint64_t out_ns;
	uint64_t in_ns;
};

static long parameter(const char *name)
{
	char path[96];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	file = fopen(path, "r");
	if (file) {
		if (fscanf(file, "%ld", &value) != 1)
			value = -1;
		fclose(file);
	}
	return value;
}

/* A pattern that no other area has */
static void fill(void *memory, size_t size, unsigned int seed)
{
	uint8_t *byte = memory;
	uint32_t x = 2463534242u + seed;

	while (size--) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		*byte++ = (uint8_t)x;
	}
}

static uint64_t wait_area(ced1401_device *device, struct trial *t, size_t size,
			  uint64_t since)
{
	uint64_t end = since;

	if (!t->ret)
		t->ret = ced1401_area_wait(device, t->area, size, 10000, &end);
	return end > since ? end - since : 0;
}

/* In one direction: an area, a command of the 1401 that uses it, and its end */
static uint64_t move(ced1401_device *device, struct trial *t, size_t size,
		     unsigned int direction)
{
	uint64_t begun, took = 0;
	int area = ced1401_area_set(device, t->memory, size, direction);

	if (area < 0) {
		t->ret = area;
		return 0;
	}
	t->area = area;
	begun = now_ns();
	t->ret = ced1401_command(device, "%s,0,%zu,0,%d",
				 direction == CED1401L_TO_1401 ? "TO1401" : "TOHOST", size,
				 t->area);
	took = wait_area(device, t, size, begun);
	ced1401_area_clear(device, t->area);
	return took;
}

static void try_area(ced1401_device *device, struct trial *t, size_t size,
		     unsigned int seed)
{
	void *pattern = must_alloc(1, size);

	fill(pattern, size, seed);
	memcpy(t->memory, pattern, size);
	t->out_ns = move(device, t, size, CED1401L_TO_1401);
	memset(t->memory, 0, size);
	if (!t->ret)
		t->in_ns = move(device, t, size, CED1401L_TO_HOST);
	t->same = !t->ret && !memcmp(pattern, t->memory, size);
	free(pattern);
}

/*
 * All eight: those that were tried are kept occupied, so that the library takes the
 * next. Return: 0, or why there is no memory at all.
 */
static int try_all(ced1401_device *device, struct trial *trials, size_t size)
{
	void *memory = ced1401_alloc(device, size);
	int held[AREAS];
	unsigned int i;

	if (!memory)
		return -errno;
	for (i = 0; i < AREAS; i++) {
		/* the library takes the highest that is free */
		trials[AREAS - 1 - i].memory = memory;
		try_area(device, &trials[AREAS - 1 - i], size, i + 1);
		held[i] = ced1401_area_set(device, memory, size, CED1401L_TO_HOST);
	}
	for (i = 0; i < AREAS; i++) {
		if (held[i] >= 0)
			ced1401_area_clear(device, held[i]);
	}
	return ced1401_free(device, memory);
}

/* --------------------------------------------------------------------- printing */

static double rate_of(size_t size, uint64_t ns)
{
	return ns ? (double)size * 1e9 / (double)ns : 0;
}

/* Only root may look there */
static void print_debugfs(unsigned int card, const char *name)
{
	char path[96], line[256];
	FILE *file;

	snprintf(path, sizeof(path), DEBUGFS "%u/%s", card, name);
	file = fopen(path, "r");
	if (!file)
		return;
	printf("%s of all programs:\n", name);
	while (fgets(line, sizeof(line), file))
		printf("  %s", line);
	fclose(file);
}

static void print_text(const struct trial *trials, size_t size, unsigned int card)
{
	char a[32], b[32];
	unsigned int i;

	printf("limits    %ld KiB of DMA memory for all, %ld for a user, %ld for a session\n",
	       parameter("limit_kb"), parameter("user_limit_kb"),
	       parameter("session_limit_kb"));
	for (i = 0; i < AREAS; i++) {
		const struct trial *t = &trials[i];

		if (t->ret)
			printf("area %d    %s\n", t->area, ced1401_strerror(t->ret));
		else
			printf("area %d    %zu bytes to the 1401 at %s/s and back at %s/s: %s\n",
			       t->area, size, format_bytes(rate_of(size, t->out_ns), a),
			       format_bytes(rate_of(size, t->in_ns), b),
			       t->same ? "the same" : "NOT the same");
	}
	print_debugfs(card, "buffers");
	print_debugfs(card, "transfers");
}

static void print_json(const struct trial *trials, size_t size)
{
	json_t *areas = json_array();
	unsigned int i;

	for (i = 0; i < AREAS; i++)
		json_array_append_new(areas,
				      json_pack("{s:i, s:b, s:s, s:f, s:f}",
						"area", trials[i].area,
						"same", (int)trials[i].same,
						"result", ced1401_strerror(trials[i].ret),
						"bytes_per_second_to_1401",
						rate_of(size, trials[i].out_ns),
						"bytes_per_second_to_host",
						rate_of(size, trials[i].in_ns)));
	json_out(json_pack("{s:i, s:i, s:i, s:I, s:o}", "limit_kb",
			   (int)parameter("limit_kb"), "user_limit_kb",
			   (int)parameter("user_limit_kb"), "session_limit_kb",
			   (int)parameter("session_limit_kb"), "size", (json_int_t)size,
			   "areas", areas));
}

int areas_run(struct options *o)
{
	size_t size = o->size ? (size_t)o->size : DEFAULT_SIZE;
	struct trial trials[AREAS] = { 0 };
	struct ced1401_info info;
	ced1401_device *device;
	int code = EXIT_OK, ret;
	unsigned int i;

	if (o->size > MAX_SIZE)
		die(EXIT_USAGE, "--size: an area has at most 1 MiB here, as the 1401's memory");
	device = device_open(o, 0);
	ret = ced1401_claim(device, 0);
	if (!ret)
		ret = ced1401_get_info(device, &info);
	if (ret) {
		code = failed(device, ret, "areas");
		ced1401_close(device);
		return code;
	}
	ret = try_all(device, trials, size);
	if (ret)
		code = failed(device, ret, "memory of %zu bytes", size);
	ced1401_close(device);
	if (ret)
		return code;
	if (o->json)
		print_json(trials, size);
	else
		print_text(trials, size, info.number);
	for (i = 0; i < AREAS && code == EXIT_OK; i++) {
		if (trials[i].ret)
			code = failed(NULL, trials[i].ret, "area %d", trials[i].area);
		else if (!trials[i].same)
			code = EXIT_1401;
	}
	return code;
}
