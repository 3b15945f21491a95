// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libced1401: sessions, commands and replies, the 1401's errors, single values.
 */
#define _GNU_SOURCE
#include <time.h>

#include "helpers.h"

/* ---------------------------------------------------------------- sessions */

static void what_cannot_be_opened_says_why(void **state)
{
	ced1401_device *dev = (ced1401_device *)-1;

	(void)state;
	assert_int_equal(ced1401_open_path("/dev/nothing-here", 0, &dev), -ENOENT);
	assert_null(dev);
	assert_int_equal(ced1401_open_path("/dev/null", 0, &dev), -ENOTTY);
	assert_int_equal(ced1401_open_path("/etc/passwd", CED1401L_READ_ONLY,
					   &dev), -ENOTTY);
	assert_int_equal(ced1401_open_path("/dev/mem", 0, &dev), -EACCES);
	assert_int_equal(ced1401_open_path("/dev/ced1401", 0x100, &dev), -EINVAL);
	assert_int_equal(ced1401_open_path(NULL, 0, &dev), -EINVAL);
	assert_int_equal(ced1401_open(0, 0, NULL), -EINVAL);
	assert_int_equal(ced1401_open(4, 0, &dev), -ENOENT);
	ced1401_close(NULL);
}

static unsigned int card_number(void)
{
	const char *number = strchr(device(), '_');

	return number ? (unsigned int)atoi(number + 1) : 0;
}

static void a_card_is_opened_by_its_number(void **state)
{
	ced1401_device *dev = NULL;
	struct ced1401_info info;
	uint32_t bytes = 0;

	(void)state;
	well(ced1401_open(card_number(), 0, &dev));
	well(ced1401_set_timeout(dev, (int)(30000 * slow())));
	well(ced1401_get_info(dev, &info));
	assert_string_equal(info.path, device());
	assert_int_equal(info.number, card_number());
	assert_int_equal(info.io, sysfs_number("io"));
	well(ced1401_memory_size(dev, &bytes));
	assert_int_equal(bytes, MIB);
	ced1401_close(dev);
	/* The flags come through */
	well(ced1401_open(card_number(), CED1401L_READ_ONLY, &dev));
	assert_int_equal(ced1401_claim(dev, 0), -EACCES);
	ced1401_close(dev);
}

static void a_card_tells_of_itself(void **state)
{
	ced1401_device *dev = open_1401(0), *reader;
	struct ced1401_info info;
	uint64_t before, after;

	(void)state;
	well(ced1401_get_info(dev, &info));
	assert_string_equal(info.path, device());
	assert_int_equal(info.number, card_number());
	assert_int_equal(info.io, sysfs_number("io"));
	assert_int_equal(info.irq, sysfs_number("irq"));
	assert_int_equal(info.dma, channel());
	assert_int_equal(info.type, 7);
	assert_string_equal(info.type_name, "Power1401");
	assert_string_equal(info.state, "idle");
	assert_int_equal(info.link, CED1401L_LINK_MINE | CED1401L_LINK_POWER |
				    CED1401L_LINK_CABLE);
	reader = open_1401(CED1401L_READ_ONLY);
	well(ced1401_get_info(reader, &info));
	assert_int_equal(info.link, CED1401L_LINK_OTHER | CED1401L_LINK_POWER |
				    CED1401L_LINK_CABLE);
	well(ced1401_statistic(reader, "resets", &before));
	well(ced1401_reset(dev));
	well(ced1401_statistic(reader, "resets", &after));
	assert_int_equal(after, before + 1);
	assert_int_equal(ced1401_statistic(dev, "nothing", &after), -ENOENT);
	assert_int_equal(ced1401_statistic(dev, "../io", &after), -ENOENT);
	ced1401_close(reader);
	ced1401_close(dev);
}

static void a_reader_may_only_look(void **state)
{
	ced1401_device *dev = open_1401(CED1401L_READ_ONLY);
	long value;

	(void)state;
	errno = 0;
	assert_null(ced1401_alloc(dev, 4096));
	assert_int_equal(errno, EACCES);
	assert_int_equal(ced1401_command(dev, "DAC,0 0"), -EACCES);
	assert_int_equal(ced1401_query(dev, &value, 1, "ADC,0"), -EACCES);
	assert_int_equal(ced1401_query_lines(dev, NULL, 0, "ADC,0"), -EACCES);
	assert_int_equal(ced1401_claim(dev, 0), -EACCES);
	assert_int_equal(ced1401_reset(dev), -EACCES);
	assert_int_equal(ced1401_release(dev), -EACCES);
	assert_int_equal(ced1401_self_test(dev, 1000, NULL), -EACCES);
	ced1401_close(dev);
}

static void another_session_has_the_1401(void **state)
{
	ced1401_device *first = open_1401(0), *second, *third;
	uint64_t begun;
	long value;

	(void)state;
	well(ced1401_dac(first, (unsigned int[]){ 2 }, 1, (int16_t[]){ 77 }));
	well(ced1401_open_path(device(), CED1401L_NONBLOCK, &second));
	assert_int_equal(ced1401_query(second, &value, 1, "ADC,0"), -EBUSY);
	assert_int_equal(ced1401_claim(second, -1), -EBUSY);
	assert_int_equal(ced1401_reset(second), -EBUSY);
	well(ced1401_open_path(device(), 0, &third));
	well(ced1401_set_timeout(third, 300));
	begun = now_ns();
	assert_int_equal(ced1401_command(third, "DAC,0 1"), -EBUSY);
	assert_true(now_ns() - begun >= 300 * MS);
	assert_int_equal(ced1401_claim(third, 0), -EBUSY);
	/* What the first has is its own still */
	well(ced1401_query(first, &value, 1, "ADC,0"));
	well(ced1401_release(first));
	well(ced1401_claim(third, 0));
	well(ced1401_query(third, &value, 1, "ADC,0"));
	well(ced1401_set_timeout(first, 0));
	assert_int_equal(ced1401_query(first, &value, 1, "ADC,0"), -EBUSY);
	well(ced1401_set_timeout(first, (int)(30000 * slow())));
	ced1401_close(third);
	well(ced1401_query(second, &value, 1, "ADC,0"));
	ced1401_close(second);
	well(ced1401_query(first, &value, 1, "ADC,0"));
	ced1401_close(first);
}

static void *waits_for_its_turn(void *arg)
{
	ced1401_device *dev;
	uint32_t bytes = 0;
	int ret = ced1401_open_path(arg, 0, &dev);

	if (ret)
		return (void *)ced1401_strerror(ret);
	ced1401_set_timeout(dev, (int)(30000 * slow()));
	ret = ced1401_memory_size(dev, &bytes);
	ced1401_close(dev);
	return ret ? (void *)ced1401_strerror(ret) : bytes == MIB ? NULL :
	       (void *)"another size";
}

static void who_waits_gets_its_turn(void **state)
{
	ced1401_device *dev = open_1401(0);
	pthread_t thread = begin_thread(waits_for_its_turn, (void *)device());

	(void)state;
	sleep_ms(300);
	ced1401_close(dev);
	join_thread(thread);
}

/* -------------------------------------------------------- commands, replies */

static void commands_and_queries(void **state)
{
	ced1401_device *dev = open_1401(0);
	long v[4] = { -9, -9, -9, -9 };
	char line[40];

	(void)state;
	well(ced1401_command(dev, "DAC,%u %d", 1, -5));
	well(ced1401_command(dev, "DAC,0 1;DAC,1 2;"));
	well(ced1401_command(dev, "DAC,0 1\r"));
	well(ced1401_command(dev, "%s", ""));
	assert_int_equal(ced1401_query(dev, v, 4, "MEMTOP,?"), 3);
	assert_int_equal(v[0], MIB);
	assert_int_equal(v[1], MIB);
	assert_int_equal(v[2], 0);
	assert_int_equal(v[3], -9);
	assert_int_equal(ced1401_query(dev, NULL, 0, "memtop,?;"), 3);
	assert_int_equal(ced1401_query(dev, v, 1, "INFO,S,%d", 28), 1);
	assert_in_range(v[0], 1000, 99999);
	assert_int_equal(ced1401_query_line(dev, line, sizeof(line), "MEMTOP,?"),
			 17);
	assert_string_equal(line, "1048576,1048576,0");
	assert_int_equal(ced1401_query_line(dev, line, 5, "MEMTOP,?"), 17);
	assert_string_equal(line, "1048");
	assert_int_equal(ced1401_query_line(dev, NULL, 0, "MEMTOP,?"), 17);
	ced1401_close(dev);
}

/* What a program has that makes functions with a format of its own */
enum { COMMAND, QUERY, QUERY_LINE, QUERY_LINES, SEND };

static int say_by_list(ced1401_device *dev, int how, long *v, char *text,
		       const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static int say_by_list(ced1401_device *dev, int how, long *v, char *text,
		       const char *format, ...)
{
	va_list args;
	int ret = -1;

	va_start(args, format);
	switch (how) {
	case COMMAND:
		ret = ced1401_vcommand(dev, format, args);
		break;
	case QUERY:
		ret = ced1401_vquery(dev, v, 3, format, args);
		break;
	case QUERY_LINE:
		ret = ced1401_vquery_line(dev, text, 40, format, args);
		break;
	case QUERY_LINES:
		ret = ced1401_vquery_lines(dev, text, 40, format, args);
		break;
	case SEND:
		ret = ced1401_vsend(dev, format, args);
	}
	va_end(args);
	return ret;
}

static void commands_and_queries_by_va_list(void **state)
{
	ced1401_device *dev = open_1401(0);
	long v[3] = { 0 };
	char text[40];

	(void)state;
	assert_int_equal(say_by_list(dev, COMMAND, NULL, NULL, "DAC,%u %d", 1, -5), 0);
	assert_int_equal(say_by_list(dev, COMMAND, NULL, NULL, "DAC,%u %d", 9, -5),
			 CED1401L_1401(2));
	assert_int_equal(say_by_list(dev, COMMAND, NULL, NULL, "%*s", 300, ""),
			 -EMSGSIZE);
	assert_int_equal(say_by_list(dev, QUERY, v, NULL, "%s,%c", "MEMTOP", '?'), 3);
	assert_int_equal(v[0], MIB);
	assert_int_equal(say_by_list(dev, QUERY_LINE, NULL, text, "%s,%c", "MEMTOP",
				     '?'), 17);
	assert_string_equal(text, "1048576,1048576,0");
	assert_int_equal(say_by_list(dev, QUERY_LINES, NULL, text, "%s,?;DIG,%c",
				     "MEMTOP", 'I'), 20);
	assert_string_equal(text, "1048576,1048576,0\n0\n");
	ced1401_lock(dev);
	assert_int_equal(say_by_list(dev, SEND, NULL, NULL, "%s,%c", "MEMTOP", '?'), 0);
	assert_int_equal(ced1401_read_line(dev, text, sizeof(text), -1), 17);
	ced1401_unlock(dev);
	assert_string_equal(text, "1048576,1048576,0");
	ced1401_close(dev);
}

/*
 * A reply that could as well be ERR's must be told from it, and the next reply must
 * not be one too late: DIG,I, whose value is known, stands behind each.
 */
static void a_reply_is_never_taken_for_an_error(void **state)
{
	static const char *const replies[] = { "ADCMEM,?;", "XFIFO,?;", "XPLAY,?;" };
	ced1401_device *dev = open_1401(0);
	unsigned int i;
	uint16_t bits;
	long v[2];

	(void)state;
	for (i = 0; i < LENGTH(replies); i++) {
		well(ced1401_query(dev, v, 2, "%s", replies[i]));
		assert_int_equal(v[0], 0);
		well(ced1401_digital_in(dev, &bits));
		assert_int_equal(bits, 0);
	}
	/* 12 samples taken of two channels, none lost: "12,0" looks like ERR's */
	for (i = 1; i <= 3; i++) {
		well(ced1401_command(dev, "XFIFO,%s,C,10000,%u;XFIFO,K",
				     i == 1 ? "0" : i == 2 ? "0 1" : "0 1 2", i));
		assert_int_equal(ced1401_query(dev, v, 2, "XFIFO,?"), 2);
		well(ced1401_digital_in(dev, &bits));
		assert_int_equal(bits, 0);
	}
	/* By a list of two inputs: 5,0 and such, as the recording has them */
	for (i = 0; i < 300; i++) {
		int16_t frame[2];
		uint64_t next = next_frame_heard(dev);

		well(ced1401_adc(dev, (unsigned int[]){ 5, 0 }, 2, frame));
		assert_int_equal(frame[0], 0);
		assert_int_equal(frame[1], heard(next, 0));
	}
	ced1401_close(dev);
}

/* Pairs of small numbers, which both kinds of replies can be */
static void small_pairs_are_replies_too(void **state)
{
	ced1401_device *dev = open_1401(0);
	unsigned int i, seen = 0;

	(void)state;
	for (i = 1; i < 256; i += 50) {
		int16_t value = (int16_t)i, frame[2];

		/* Input 2 sees DAC 0, on the cards that have a loop */
		well(ced1401_dac(dev, (unsigned int[]){ 0 }, 1, &value));
		well(ced1401_adc(dev, (unsigned int[]){ 2, 3 }, 2, frame));
		assert_true(frame[0] == value || frame[0] == 0);
		assert_int_equal(frame[1], 0);
		seen += frame[0] == value;
	}
	assert_true(seen == (is_clocked(dev) ? 6 : 0));
	ced1401_close(dev);
}

static void the_1401s_errors_are_results(void **state)
{
	ced1401_device *dev = open_1401(0);
	long v, detail = -1;
	char text[200];

	(void)state;
	assert_int_equal(ced1401_error_text(dev, text, sizeof(text), &detail), 0);
	assert_string_equal(text, "");
	assert_int_equal(ced1401_command(dev, "NOSUCH,1"), CED1401L_1401(255));
	assert_int_equal(ced1401_error_text(dev, text, sizeof(text), &detail), 255);
	assert_non_null(strstr(text, "no such command"));
	assert_non_null(strstr(text, "NOSUCH,1"));
	assert_int_equal(ced1401_query(dev, &v, 1, "NOSUCH"), CED1401L_1401(255));
	assert_int_equal(ced1401_query(dev, &v, 1, "ADC,99"), CED1401L_1401(2));
	assert_int_equal(ced1401_error_text(dev, text, sizeof(text), &detail), 2);
	assert_int_equal(detail, 1);
	assert_int_equal(ced1401_command(dev, "DAC,0"), CED1401L_1401(1));
	assert_int_equal(ced1401_command(dev, "TOHOST,2000000,1,0"),
			 CED1401L_1401(3));
	assert_int_equal(ced1401_command(dev, "ADCMEM,I,2,0,2,0,1,T,1,1"),
			 CED1401L_1401(5));
	/* An error is told once, and a reply is one still */
	well(ced1401_command(dev, "DAC,0 0"));
	assert_int_equal(ced1401_query(dev, &v, 1, "MEMTOP"), 2);
	/* Not a number at all */
	assert_int_equal(ced1401_query(dev, &v, 1, "CLIST"), -EBADMSG);
	assert_int_equal(ced1401_query(dev, &v, 1, "MEMTOP"), 2);
	assert_int_equal(v, MIB);
	ced1401_close(dev);
}

/* Of several commands any may be the one: none is left out, and none is blamed alone */
static void an_error_tells_all_that_was_sent(void **state)
{
	static const char *const sent[][2] = {
		{ "DAC,0 5;DAC,9 1", "in \"DAC,0 5;DAC,9 1\" (ERR: 2," },
		{ "DAC,9 1;", "in \"DAC,9 1\" (ERR: 2," },
		{ "DAC,0 5;DAC,9 1; ;", "in \"DAC,0 5;DAC,9 1\" (ERR: 2," },
		{ "NOSUCH;DAC,0 5", "in \"NOSUCH;DAC,0 5\" (ERR: 255," },
		/* A CR ends a command, too, and would end the line that tells of it */
		{ "DAC,0 5\rDAC,9 1\r", "in \"DAC,0 5;DAC,9 1\" (ERR: 2," },
	};
	ced1401_device *dev = open_1401(0);
	char text[400], lines[100], most[256];
	unsigned int i;
	long v;

	(void)state;
	for (i = 0; i < LENGTH(sent); i++) {
		assert_true(ced1401_command(dev, "%s", sent[i][0]) < 0);
		ced1401_error_text(dev, text, sizeof(text), NULL);
		if (!strstr(text, sent[i][1]))
			fail_msg("\"%s\": %s", sent[i][0], text);
	}
	assert_int_equal(ced1401_query(dev, &v, 1, "MEMTOP,?;FOO"),
			 CED1401L_1401(255));
	ced1401_error_text(dev, text, sizeof(text), NULL);
	assert_non_null(strstr(text, "no such command, in \"MEMTOP,?;FOO\" (ERR"));
	assert_int_equal(ced1401_query_lines(dev, lines, sizeof(lines),
					     "DIG,I;FOO;"), CED1401L_1401(255));
	ced1401_error_text(dev, text, sizeof(text), NULL);
	assert_non_null(strstr(text, "in \"DIG,I;FOO\" (ERR"));
	/* The longest that there is */
	memset(most, 'X', sizeof(most));
	most[255] = '\0';
	assert_int_equal(ced1401_command(dev, "%s", most), CED1401L_1401(255));
	ced1401_error_text(dev, text, sizeof(text), NULL);
	assert_non_null(strstr(text, most));
	ced1401_close(dev);
}

/* With patience without end, so that no time-out can be what ends a reply */
static void replies_of_several_lines(void **state)
{
	static const char *const asked[][2] = {
		{ "DAC,0 0", "" },
		{ "", "" },
		{ "DIG,I", "0\n" },
		{ "MEMTOP,?;DAC,0 0;DIG,I;", "1048576,1048576,0\n0\n" },
		/* Lines such as ERR's and the library's own */
		{ "XFIFO,?", "0,0\n" },
		{ "ERR;ERR;NOSUCH;ERR;ERR", "0,0\n0,0\n255,0\n0,0\n" },
		{ "NO1401;ERR;NO1401;ERR;ERR;ERR;ERR;ERR;ERR;ERR;ERR;ERR;ERR;ERR;"
		  "NO1401;ERR;ERR;NO1401;ERR;ERR;ERR;ERR",
		  "255,0\n255,0\n0,0\n0,0\n0,0\n0,0\n0,0\n0,0\n0,0\n0,0\n0,0\n0,0\n"
		  "255,0\n0,0\n255,0\n0,0\n0,0\n0,0\n" },
	};
	ced1401_device *dev = open_1401(0);
	char lines[1000];
	unsigned int i;

	(void)state;
	well(ced1401_set_timeout(dev, -1));
	for (i = 0; i < 5 * LENGTH(asked); i++) {
		const char *const *a = asked[i % LENGTH(asked)];

		assert_int_equal(ced1401_query_lines(dev, lines, sizeof(lines),
						     "%s", a[0]), strlen(a[1]));
		assert_string_equal(lines, a[1]);
	}
	/* What nobody read before is no part of it, and nothing is left behind */
	well(ced1401_send(dev, "MEMTOP,?;NOSUCH"));
	assert_int_equal(ced1401_query_lines(dev, lines, sizeof(lines), "DIG,I"), 2);
	assert_string_equal(lines, "0\n");
	assert_int_equal(ced1401_read_line(dev, lines, sizeof(lines), 0), -EAGAIN);
	ced1401_close(dev);
}

static void the_lines_of_a_command_that_fails(void **state)
{
	ced1401_device *dev = open_1401(0), *other;
	char lines[300];

	(void)state;
	assert_int_equal(ced1401_query_lines(dev, lines, sizeof(lines), "NOSUCH"),
			 CED1401L_1401(255));
	assert_string_equal(lines, "");
	assert_int_equal(ced1401_query_lines(dev, lines, sizeof(lines),
					     "MEMTOP,%c;ADC,99;DIG,I", '?'),
			 CED1401L_1401(2));
	assert_string_equal(lines, "1048576,1048576,0\n0\n");
	assert_int_equal(ced1401_error_text(dev, lines, sizeof(lines), NULL), 2);
	assert_int_equal(ced1401_query_lines(dev, lines, 5, "MEMTOP,?;DIG,I"), 20);
	assert_string_equal(lines, "1048");
	assert_int_equal(ced1401_query_lines(dev, NULL, 0, "MEMTOP,?;DIG,I"), 20);
	memset(lines, ' ', 256);
	lines[256] = '\0';
	assert_int_equal(ced1401_query_lines(dev, NULL, 0, "%s", lines), -EMSGSIZE);
	well(ced1401_open_path(device(), CED1401L_NONBLOCK, &other));
	strcpy(lines, "old");
	assert_int_equal(ced1401_query_lines(other, lines, sizeof(lines), "DIG,I"),
			 -EBUSY);
	assert_string_equal(lines, "");
	ced1401_close(other);
	assert_int_equal(ced1401_query_lines(dev, lines, sizeof(lines), "DIG,I"), 2);
	ced1401_close(dev);
}

static void a_command_that_is_too_long(void **state)
{
	ced1401_device *dev = open_1401(0);
	char text[300];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "DAC,0 0", 7);
	text[256] = 0;
	assert_int_equal(ced1401_command(dev, "%s", text), -EMSGSIZE);
	text[255] = 0;
	well(ced1401_command(dev, "%s", text));
	/* 255, whether the last one is a ';' or not */
	text[254] = ';';
	well(ced1401_command(dev, "%s", text));
	assert_int_equal(ced1401_query(dev, NULL, 0, "DIG,I%250s", ""), 1);
	assert_int_equal(ced1401_query_line(dev, NULL, 0, "DIG,I%249s;", ""), 1);
	assert_int_equal(ced1401_query_lines(dev, NULL, 0, "DIG,I%250s", ""), 2);
	text[255] = ';';
	assert_int_equal(ced1401_command(dev, "%s", text), -EMSGSIZE);
	ced1401_close(dev);
}

static void a_reply_that_does_not_come_times_out(void **state)
{
	ced1401_device *dev = open_1401(0);
	uint64_t begun;
	long v;

	(void)state;
	well(ced1401_set_timeout(dev, 400));
	begun = now_ns();
	/* It has none, and that is what is waited for */
	assert_int_equal(ced1401_query(dev, &v, 1, "DAC,0 0"), -ETIMEDOUT);
	assert_true(now_ns() - begun >= 400 * MS);
	well(ced1401_set_timeout(dev, (int)(30000 * slow())));
	assert_int_equal(ced1401_query(dev, &v, 1, "MEMTOP"), 2);
	assert_int_equal(v, MIB);
	assert_int_equal(ced1401_set_timeout(dev, -2), -EINVAL);
	ced1401_close(dev);
}

static void lines_that_nobody_read_do_no_harm(void **state)
{
	ced1401_device *dev = open_1401(0);
	char line[60];
	long v[3];

	(void)state;
	ced1401_lock(dev);
	well(ced1401_send(dev, "MEMTOP,?;DIG,I;NOSUCH;ADC,0"));
	assert_int_equal(ced1401_read_line(dev, line, sizeof(line), -1), 17);
	assert_string_equal(line, "1048576,1048576,0");
	ced1401_unlock(dev);
	assert_int_equal(ced1401_query(dev, v, 3, "MEMTOP"), 2);
	assert_int_equal(v[0], MIB);
	well(ced1401_send(dev, "NOSUCH;DIG,I"));
	well(ced1401_sync(dev));
	assert_int_equal(ced1401_read_line(dev, line, sizeof(line), 0), -EAGAIN);
	assert_int_equal(ced1401_read_line(dev, line, sizeof(line), 50),
			 -ETIMEDOUT);
	/* Half a command */
	well(ced1401_send(dev, "DAC,0\r"));
	well(ced1401_command(dev, "DAC,0 5"));
	ced1401_close(dev);
}

static void the_list_of_commands(void **state)
{
	ced1401_device *dev = open_1401(0);
	struct ced1401_command_name list[64];
	char lines[2000], *at;
	int n, i, seen = 0;
	uint32_t bytes = 0;

	(void)state;
	n = well(ced1401_commands(dev, list, LENGTH(list)));
	assert_in_range(n, 15, LENGTH(list));
	/* CLIST as it is: a line for each, and one of a space */
	well(ced1401_query_lines(dev, lines, sizeof(lines), "CLIST"));
	for (i = 0, at = lines; i < n; i++) {
		assert_memory_equal(at, list[i].name, strlen(list[i].name));
		at = strchr(at, '\n') + 1;
	}
	assert_int_equal(at[0], ' ');
	assert_string_equal(at + 1, "\n");
	for (i = 0; i < n; i++)
		seen += !strcmp(list[i].name, "XFIFO") ||
			!strcmp(list[i].name, "RESET");
	assert_int_equal(seen, 2);
	assert_int_equal(ced1401_commands(dev, NULL, 0), n);
	assert_int_equal(ced1401_has_command(dev, "ADCMEM"), 1);
	assert_int_equal(ced1401_has_command(dev, "adcmem"), 1);
	assert_int_equal(ced1401_has_command(dev, "NOSUCH"), 0);
	assert_int_equal(ced1401_has_command(dev, "NOSUCH"), 0);
	assert_int_equal(ced1401_has_command(dev, "A;B"), -EINVAL);
	assert_int_equal(ced1401_has_command(dev, ""), -EINVAL);
	well(ced1401_memory_size(dev, &bytes));
	assert_int_equal(bytes, MIB);
	well(ced1401_command(dev, "DAC,0 0"));
	ced1401_close(dev);
}

/* An armed trigger, a clock that waits, and no line too many */
static void is_as_it_was(ced1401_device *dev)
{
	char line[40];

	assert_int_equal(ced1401_read_line(dev, line, sizeof(line), 0), -EAGAIN);
	assert_int_equal(ced1401_trigger_count(dev), 0);
	assert_int_equal(ced1401_clocks_waiting(dev), 1);
}

/* Some commands act without arguments, too: whatever name is asked for, nothing happens */
static void asking_for_a_command_does_nothing(void **state)
{
	static const char *const bare[] = {
		"RESET", "CLEAR", "KILL", "ERR", "CLIST", "MEMTOP",
		"reset", "Clear", "kill", "err", "cList", "memTop",
	};
	ced1401_device *dev = open_1401(0);
	struct ced1401_command_name list[64];
	unsigned int i;
	int n;

	(void)state;
	n = well(ced1401_commands(dev, list, LENGTH(list)));
	well(ced1401_trigger_arm(dev));
	well(ced1401_command(dev, "ADCMEM,I,2,0,200,0,1,HT,10,40"));
	for (i = 0; i < LENGTH(bare); i++) {
		assert_int_equal(ced1401_has_command(dev, bare[i]), 1);
		is_as_it_was(dev);
	}
	for (i = 0; i < (unsigned int)n && i < LENGTH(list); i++) {
		assert_int_equal(ced1401_has_command(dev, list[i].name), 1);
		is_as_it_was(dev);
	}
	/* The 1401 takes seven bits, and no line feed: that would be RESET */
	assert_int_equal(ced1401_has_command(dev, "RESE\xd4"), -EINVAL);
	assert_int_equal(ced1401_has_command(dev, "RES\nET"), -EINVAL);
	assert_int_equal(ced1401_has_command(dev, "ABCDEFGHIJKLMNOP"), -EINVAL);
	assert_int_equal(ced1401_has_command(dev, "ABCDEFGHIJKLMNO"), 0);
	is_as_it_was(dev);
	ced1401_close(dev);
}

/* Eight threads, one device: each gets the replies to its own questions */
#define THREADS		8
#define QUESTIONS	40

static void *asks(void *arg)
{
	ced1401_device *dev = arg;
	unsigned int i;
	long v[3];
	int ret;

	for (i = 0; i < QUESTIONS; i++) {
		switch (i % 4) {
		case 0:
			ret = ced1401_query(dev, v, 3, "MEMTOP,?");
			if (ret != 3 || v[0] != MIB)
				return (void *)"MEMTOP's reply is another's";
			break;
		case 1:
			ret = ced1401_query(dev, v, 3, "EVENT,?");
			if (ret != 1 || v[0] != -1)
				return (void *)"EVENT's reply is another's";
			break;
		case 2:
			if (ced1401_command(dev, "NOSUCH") != CED1401L_1401(255))
				return (void *)"the error is another's";
			break;
		default:
			if (ced1401_query(dev, v, 3, "CLKEVT,?") != 1 || v[0])
				return (void *)"CLKEVT's reply is another's";
		}
	}
	return NULL;
}

static void threads_do_not_mix_their_replies(void **state)
{
	ced1401_device *dev = open_1401(0);
	pthread_t threads[THREADS];
	unsigned int i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		threads[i] = begin_thread(asks, dev);
	for (i = 0; i < THREADS; i++)
		join_thread(threads[i]);
	ced1401_close(dev);
}

static void *resets_soon(void *arg)
{
	sleep_ms(300);
	return ced1401_reset(arg) ? (void *)"no reset" : NULL;
}

static void a_reset_ends_a_wait_for_a_reply(void **state)
{
	ced1401_device *dev = open_1401(0);
	pthread_t thread;
	long v;

	(void)state;
	well(ced1401_set_timeout(dev, -1));
	thread = begin_thread(resets_soon, dev);
	assert_int_equal(ced1401_query(dev, &v, 1, "DAC,0 0"), -ESHUTDOWN);
	join_thread(thread);
	assert_int_equal(ced1401_query(dev, &v, 1, "MEMTOP"), 2);
	ced1401_close(dev);
}

/* --------------------------------------------------- single values, trigger */

static void single_values(void **state)
{
	static const unsigned int all[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	static const int16_t values[] = {
		1, -1, 32767, -32768, 0, 1000, -1000, 5
	};
	ced1401_device *dev = open_1401(0);
	unsigned int list[32], i;
	int16_t samples[32];
	uint64_t first;
	uint16_t bits = 9;

	(void)state;
	first = next_frame_heard(dev);
	for (i = 0; i < LENGTH(list); i++)
		list[i] = i;
	well(ced1401_adc(dev, list, 2, samples));
	assert_sampled(samples, list, 2, 1, first);
	/* The longest reply that there is */
	well(ced1401_adc(dev, list, 32, samples));
	assert_int_equal(samples[0], heard(first + 1, 0));
	assert_int_equal(samples[1], heard(first + 1, 1));
	well(ced1401_dac(dev, all, 8, values));
	assert_int_equal(ced1401_adc(dev, list, 0, samples), -EINVAL);
	assert_int_equal(ced1401_adc(dev, list, 33, samples), -EINVAL);
	list[0] = 32;
	assert_int_equal(ced1401_adc(dev, list, 1, samples), -EINVAL);
	list[0] = 8;
	assert_int_equal(ced1401_dac(dev, list, 1, values), -EINVAL);
	assert_int_equal(ced1401_dac(dev, all, 9, values), -EINVAL);
	well(ced1401_digital_in(dev, &bits));
	assert_int_equal(bits, 0);
	well(ced1401_digital_out(dev, 0xa5a5, 0xffff));
	well(ced1401_digital_out(dev, 0x0002, 0x0003));
	ced1401_close(dev);
}

/*
 * A stream that nobody has memory for is given up at some moment, and leaves an error:
 * amid the replies by which the library finds back, too.
 */
static void errors_come_at_any_time(void **state)
{
	ced1401_device *dev = open_1401(0);
	unsigned int i;
	int ret;

	(void)state;
	for (i = 0; i < 60; i++) {
		well(ced1401_send(dev, "ERR;XSTREAM,6,%u,0,H,4,%u;", 200 + 100 * i,
				  4 + i % 7));
		ret = ced1401_query(dev, NULL, 0, "DIG,I");
		if (ret != 1 && ret != CED1401L_1401(10))
			fail_msg("round %u: %s (%d)", i, ced1401_strerror(ret), ret);
	}
	ced1401_close(dev);
}

static void the_trigger(void **state)
{
	ced1401_device *dev = open_1401(0);

	(void)state;
	assert_int_equal(ced1401_trigger_count(dev), -ENOENT);
	well(ced1401_trigger_arm(dev));
	assert_int_equal(ced1401_trigger_count(dev), 0);
	well(ced1401_trigger_fire(dev));
	well(ced1401_trigger_fire(dev));
	assert_int_equal(ced1401_trigger_count(dev), 2);
	assert_int_equal(ced1401_clocks_waiting(dev), 0);
	well(ced1401_command(dev, "ADCMEM,I,2,0,200,0,1,HT,10,40"));
	assert_int_equal(ced1401_clocks_waiting(dev), 1);
	well(ced1401_clocks_start(dev));
	assert_int_equal(ced1401_clocks_waiting(dev), 0);
	assert_int_equal(ced1401_trigger_count(dev), 2);
	well(ced1401_trigger_disarm(dev));
	assert_int_equal(ced1401_trigger_count(dev), -ENOENT);
	ced1401_close(dev);
}

static void a_self_test_that_is_well(void **state)
{
	struct ced1401_selftest result = { 1, 1, 1 };
	ced1401_device *dev = open_1401(0);
	long v;

	(void)state;
	well(ced1401_self_test(dev, (int)(30000 * slow()), &result));
	assert_int_equal(result.code, 0);
	assert_int_equal(ced1401_query(dev, &v, 1, "MEMTOP"), 2);
	assert_int_equal(ced1401_self_test(dev, 0, NULL), -ETIMEDOUT);
	assert_int_equal(ced1401_query(dev, &v, 1, "MEMTOP"), 2);
	ced1401_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_cannot_be_opened_says_why),
		TEST(a_card_is_opened_by_its_number),
		TEST(a_card_tells_of_itself),
		TEST(a_reader_may_only_look),
		TEST(another_session_has_the_1401),
		TEST(who_waits_gets_its_turn),
		TEST(commands_and_queries),
		TEST(commands_and_queries_by_va_list),
		TEST(a_reply_is_never_taken_for_an_error),
		TEST(small_pairs_are_replies_too),
		TEST(the_1401s_errors_are_results),
		TEST(an_error_tells_all_that_was_sent),
		TEST(replies_of_several_lines),
		TEST(the_lines_of_a_command_that_fails),
		TEST(a_command_that_is_too_long),
		TEST(a_reply_that_does_not_come_times_out),
		TEST(lines_that_nobody_read_do_no_harm),
		TEST(the_list_of_commands),
		TEST(asking_for_a_command_does_nothing),
		TEST(threads_do_not_mix_their_replies),
		TEST(a_reset_ends_a_wait_for_a_reply),
		TEST(single_values),
		TEST(errors_come_at_any_time),
		TEST(the_trigger),
		TEST(a_self_test_that_is_well),
	};

	return RUN(tests);
}
