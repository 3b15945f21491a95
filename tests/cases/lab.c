// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An experiment as laboratories wrote them, by the calls of CED's library alone:
 * sample without end into the 1401's memory, play beside it, both from one
 * trigger, and take what has come in pieces, behind the sampling. Every sample is
 * compared, with the recording that the ADC hears and with what the DAC plays.
 *
 * The cards have realtime=on,loop=0:2: input 2 sees DAC 0.
 */
#define _GNU_SOURCE
#include "common.h"

#include <linux/ced1401-ced.h>

#define CHANNELS	3u
#define RATE		20000u			/* conversions a second */
#define CLOCK		"HT,4,50"		/* at that, from the trigger on */
#define SPACE		180000u			/* of the 1401's memory: 4.5 s */
#define PIECE		18000u
#define PIECES		22u			/* more than two rounds */
#define TABLE		3001u			/* values; each channel sees each */
#define TABLE_AT	0x80000u		/* in the 1401's memory */
#define LOADED_AT	0x800000u		/* what CLOAD brought, for TOHOST */
#define WAIT_MS		10000

/* Areas */
enum { SAMPLES, VALUES, COMMAND };

static int ced(int fd, unsigned long request, unsigned long arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

static void send_string(int fd, const char *text)
{
	assert_int_equal(ced(fd, CEDIOC_SEND_STRING(strlen(text)),
			     (unsigned long)text), 0);
}

static void get_line(int fd, char line[64])
{
	uint64_t end = now_ns() + REPLY_MS * MS;
	int n;

	while (ced(fd, CEDIOC_LINES, 0) < 1) {
		if (now_ns() > end)
			fail_msg("no reply");
		sleep_ms(1);
	}
	n = ced(fd, CEDIOC_GET_STRING(64), (unsigned long)line);
	assert_in_range(n, 1, 64);
}

static int ask(int fd, const char *command)
{
	char line[64];

	send_string(fd, command);
	get_line(fd, line);
	return atoi(line);
}

static void set_area(int fd, unsigned int area, const void *p, uint32_t length)
{
	struct cedioc_desc desc = {
		.address = (uintptr_t)p, .length = length, .area = area,
	};

	assert_int_equal(ced(fd, CEDIOC_SET_AREA, (unsigned long)&desc), 0);
}

static void set_event(int fd, unsigned int area, bool to_host, uint32_t at)
{
	struct cedioc_event event = {
		.start = at, .length = 1, .area = area, .flags = to_host,
	};

	assert_int_equal(ced(fd, CEDIOC_SET_EVENT, (unsigned long)&event), 1);
}

/* A block of an area, until its last byte has moved */
static void move(int fd, bool to_host, unsigned int area, uint32_t address,
		 uint32_t size, uint32_t offset)
{
	char text[80];

	set_event(fd, area, to_host, offset + size - 1);
	snprintf(text, sizeof(text), "%s,%u,%u,%u,%u;",
		 to_host ? "TOHOST" : "TO1401", address, size, offset, area);
	send_string(fd, text);
	assert_int_equal(ced(fd, CEDIOC_WAIT_EVENT, area | WAIT_MS << 8), 0);
}

/* As the library loads a command: its bare name, ERR, and its file if need be */
static bool load(int fd, const char *name, const uint8_t *code, uint32_t size)
{
	char text[80];

	snprintf(text, sizeof(text), "%s;ERR;", name);
	switch (ask(fd, text)) {
	case 0:
		return false;
	case 255:
		break;
	default:
		fail_msg("%s: neither there nor unknown", name);
	}
	set_area(fd, COMMAND, code, size);
	snprintf(text, sizeof(text), "CLOAD,0,%u,%u;ERR;", size, COMMAND);
	assert_int_equal(ask(fd, text), 0);
	return true;
}

static int open_1401(void)
{
	int fd = open_session(0);

	assert_int_equal(ced(fd, CEDIOC_STATE, 0), ced(fd, CEDIOC_TYPE, 0));
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_KILL_IO, 0), 0);
	ask(fd, ";ERR;");
	return fd;
}

/* The next scan's frame of the recording */
static uint32_t scan(int fd)
{
	char line[64];
	int a, b;

	send_string(fd, "ADC,0 1;");
	get_line(fd, line);
	if (sscanf(line, "%d,%d", &a, &b) != 2)
		fail_msg("ADC replies \"%s\"", line);
	return frame_index((b & 0xffffu) << 16 | (a & 0xffff));
}

/**
 * struct experiment - what is known of it
 * @area:	the host's SPACE bytes, an image of the 1401's
 * @table:	what the DAC plays
 * @first:	the frame of the recording that its first scan saw
 * @total:	bytes sampled, as far as P has told
 * @taken:	bytes taken, and found right
 */
struct experiment {
	int fd;
	uint8_t *area;
	int16_t *table;
	uint32_t first;
	uint64_t total;
	uint64_t taken;
};

/* P tells the place in the round; it is asked more than once a round */
static void track(struct experiment *e)
{
	uint32_t at = ask(e->fd, "ADCMEM,P;");

	assert_in_range(at, 0, SPACE);
	e->total += (at + SPACE - e->total % SPACE) % SPACE;
}

static int16_t sample_due(const struct experiment *e, uint64_t k)
{
	const uint8_t *frame = recording() + FRAME *
			       ((e->first + k / CHANNELS) % FRAMES);
	unsigned int input = k % CHANNELS;

	/* Input 2 sees what the DAC shows at that very tick */
	if (input == 2)
		return e->table[k % TABLE];
	return frame[2 * input] | frame[2 * input + 1] << 8;
}

/* The next @n bytes, which lie in one round */
static void take(struct experiment *e, uint32_t n)
{
	uint32_t at = e->taken % SPACE, i;

	memset(e->area + at, 0, n);
	move(e->fd, true, SAMPLES, at, n, at);
	track(e);
	/* The sampling has not yet come round to it */
	assert_in_range(e->total - e->taken, n, SPACE - 1);
	for (i = 0; i < n; i += 2) {
		uint64_t k = (e->taken + i) / 2;
		int16_t due = sample_due(e, k), came;

		memcpy(&came, e->area + at + i, 2);
		if (came != due)
			fail_msg("sample %llu is %d, not %d",
				 (unsigned long long)k, came, due);
	}
	e->taken += n;
}

/* Whether the DACs' file holds @n values of the table, from its first, in order */
static bool was_played(const char *path, const int16_t *table, uint32_t n)
{
	FILE *file = fopen(path, "rb");
	long size, at, samples;
	bool found = false;
	int16_t *all;
	uint32_t i;

	if (!file)
		return false;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	all = malloc(size + 2);
	samples = fread(all, 2, size / 2, file);
	fclose(file);
	for (at = 0; !found && at + (long)n <= samples; at++) {
		for (i = 0; i < n && all[at + i] == table[i % TABLE]; i++)
			;
		found = i == n;
	}
	free(all);
	return found;
}

static void experiment(uint8_t *area, int16_t *table, int fd)
{
	struct experiment e = { .fd = fd, .area = area, .table = table };
	const char *played = getenv("CED1401_PLAYED");
	uint32_t chance = now_ns() / 1000, i;
	uint64_t end;
	char text[100];

	if (!played)
		fail_msg("CED1401_PLAYED does not name the DACs' file");
	for (i = 0; i < TABLE; i++) {
		chance = next_frame(chance);
		table[i] = chance >> 16;
	}
	assert_false(load(fd, "ADCMEM", NULL, 0));
	assert_false(load(fd, "MEMDAC", NULL, 0));
	set_area(fd, SAMPLES, area, SPACE);
	set_area(fd, VALUES, table, 2 * TABLE);
	move(fd, false, VALUES, TABLE_AT, 2 * TABLE, 0);
	e.first = (scan(fd) + 1) % FRAMES;

	send_string(fd, "EVENT,A;");
	snprintf(text, sizeof(text), "ADCMEM,I,2,0,%u,0 1 2,0," CLOCK ";",
		 SPACE);
	send_string(fd, text);
	snprintf(text, sizeof(text), "MEMDAC,I,2,%u,%u,0,0," CLOCK ";",
		 TABLE_AT, 2 * TABLE);
	send_string(fd, text);
	assert_int_equal(ask(fd, "ERR;"), 0);
	assert_int_equal(ask(fd, "CLKEVT,?;"), 2);
	sleep_ms(50);
	track(&e);
	assert_int_equal(e.total, 0);

	send_string(fd, "EVENT,F;");
	assert_int_equal(ask(fd, "EVENT,?;"), 1);
	end = now_ns() + 40 * slow() * SECOND;
	while (e.taken < PIECES * PIECE) {
		track(&e);
		assert_in_range(e.total - e.taken, 0, SPACE - 1);
		if (e.total - e.taken >= PIECE)
			take(&e, PIECE);
		else
			sleep_ms(20);
		assert_true(now_ns() < end);
	}
	/* 1, not -1: no tick was missed, and both run still */
	assert_int_equal(ask(fd, "ADCMEM,?;"), 1);
	assert_int_equal(ask(fd, "MEMDAC,?;"), 1);
	send_string(fd, "ADCMEM,K;");
	send_string(fd, "MEMDAC,K;");
	assert_int_equal(ask(fd, "ADCMEM,?;"), 0);
	assert_int_equal(ask(fd, "MEMDAC,?;"), 0);
	track(&e);
	while (e.taken < e.total) {
		uint32_t n = SPACE - e.taken % SPACE;

		take(&e, n < e.total - e.taken ? n : e.total - e.taken);
	}
	assert_int_equal(ask(fd, "ERR;"), 0);
	/* The ADC made no scan that is not among them */
	i = (e.total / 2 + CHANNELS - 1) / CHANNELS;
	assert_int_equal(scan(fd), (e.first + i) % FRAMES);
	print_message("# %llu samples\n", (unsigned long long)e.total / 2);
	for (i = 0; i < 3; i++)
		assert_int_equal(ced(fd, CEDIOC_UNSET_AREA, i),
				 i == COMMAND ? -CEDERR_NOT_SET : 0);
	close(fd);
	/* The host writes the file when the DACs are at rest */
	end = now_ns() + 10 * slow() * SECOND;
	while (!was_played(played, table, e.total / 2)) {
		if (now_ns() > end)
			fail_msg("%s does not hold what was played", played);
		sleep_ms(300);
	}
}

static void an_experiment_in_memory_of_its_own(void **state)
{
	uint8_t *area = malloc(SPACE);
	int16_t *table = malloc(2 * TABLE);

	(void)state;
	experiment(area, table, open_1401());
	free(table);
	free(area);
}

static void an_experiment_in_a_dma_buffer(void **state)
{
	int fd = open_1401();
	uint8_t *area = map_buffer(fd, 0, 256 * KIB);

	(void)state;
	/* At an odd place, across DMA pages; the table behind it */
	experiment(area + 4097, (int16_t *)(area + 200 * KIB), fd);
}

static void a_command_that_is_not_there_is_loaded(void **state)
{
	uint8_t code[5000], back[5000];
	int fd = open_1401();

	(void)state;
	fill(code, sizeof(code), 9);
	assert_true(load(fd, "NOTTHERE", code, sizeof(code)));
	set_area(fd, SAMPLES, back, sizeof(back));
	memset(back, 0, sizeof(back));
	move(fd, true, SAMPLES, LOADED_AT, sizeof(back), 0);
	assert_filled(back, sizeof(back), 9);
	assert_int_equal(ask(fd, "CLOAD,?;"), 1);
	assert_int_equal(ask(fd, "KILL;ERR;"), 0);
	assert_int_equal(ask(fd, "CLOAD,?;"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_that_is_not_there_is_loaded),
		TEST(an_experiment_in_memory_of_its_own),
		TEST(an_experiment_in_a_dma_buffer),
	};

	return RUN(tests);
}
