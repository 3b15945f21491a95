// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of libced1401 needs no device: clocks, units, lines of the 1401, messages. On
 * the host, plain and sanitized.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "libced1401.h"
#include "parse.h"

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

/* ------------------------------------------------------------------ clocks */

static double hz_of(char letter)
{
	return letter == 'C' ? 1e6 : letter == 'H' ? 4e6 : 10e6;
}

/* The nearest that there is, by trying all that can matter */
static double nearest(double hz)
{
	static const char letters[] = { 'C', 'H', 'T' };
	double best = INFINITY;
	unsigned int i, pre;

	for (i = 0; i < LENGTH(letters); i++) {
		for (pre = 1; pre <= 65535; pre++) {
			double base = hz_of(letters[i]) / pre, count, got;

			for (count = floor(base / hz) - 1;
			     count <= floor(base / hz) + 2; count++) {
				if (count < 1 || count > 65535)
					continue;
				got = base / count;
				if (got <= 1e6 && fabs(got - hz) < best)
					best = fabs(got - hz);
			}
		}
	}
	return best;
}

static void a_clock_is_the_nearest_there_is(void **state)
{
	static const double rates[] = {
		1e6, 999999, 900000, 700000, 500000.5, 333333.3, 100000, 48000,
		44100, 32768, 20000, 11025, 8000, 1000, 999.99, 440, 100, 50,
		M_PI, 1, 0.1, 0.001, 0.000233,
	};
	struct ced1401_clock clock;
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(rates); i++) {
		memset(&clock, 0, sizeof(clock));
		assert_int_equal(ced1401_clock_choose(rates[i], &clock), 0);
		assert_non_null(strchr("CHT", clock.letter));
		assert_in_range(clock.pre, 1, 65535);
		assert_in_range(clock.count, 1, 65535);
		assert_true(clock.hz <= 1e6);
		assert_true(fabs(clock.hz - hz_of(clock.letter) / clock.pre /
				 clock.count) <= clock.hz / 1e12);
		if (fabs(clock.hz - rates[i]) > nearest(rates[i]) +
		    rates[i] / 1e12)
			fail_msg("%.17g Hz: %c,%u,%u is %.17g", rates[i],
				 clock.letter, clock.pre, clock.count, clock.hz);
	}
}

static void exact_rates_are_exact(void **state)
{
	static const double rates[] = { 1e6, 1e5, 20000, 12500, 1000, 1, 0.5 };
	struct ced1401_clock clock;
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(rates); i++) {
		assert_int_equal(ced1401_clock_choose(rates[i], &clock), 0);
		assert_true(clock.hz == rates[i]);
	}
	/* As make demo prints it */
	assert_int_equal(ced1401_clock_choose(48000, &clock), 0);
	assert_int_equal(clock.letter, 'T');
	assert_int_equal(clock.pre, 1);
	assert_int_equal(clock.count, 208);
}

static void rates_that_no_clock_has_are_refused(void **state)
{
	static const double rates[] = {
		0, -1, -1000, 1000001, 1e9, INFINITY, -INFINITY, NAN, 0.0002,
		DBL_MIN, DBL_MAX,
	};
	struct ced1401_clock clock = { .letter = 'x' };
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(rates); i++)
		assert_int_equal(ced1401_clock_choose(rates[i], &clock), -ERANGE);
	assert_int_equal(clock.letter, 'x');
}

/* ------------------------------------------------------------------- units */

static void every_sample_survives_volts_and_back(void **state)
{
	const struct ced1401_channel odd = {
		.scale = -3.7, .offset = 12.5, .full_scale = 10,
	};
	int16_t back;
	int i;

	(void)state;
	for (i = INT16_MIN; i <= INT16_MAX; i++) {
		int16_t sample = (int16_t)i;
		double value = ced1401_to_volts(sample, 5);

		assert_true(value == i * 5.0 / 32768);
		assert_int_equal(ced1401_from_volts(value, 5, &back), 0);
		assert_int_equal(back, i);
		value = ced1401_to_volts(sample, 10);
		assert_int_equal(ced1401_from_volts(value, 10, &back), 0);
		assert_int_equal(back, i);
		value = ced1401_to_units(&odd, sample);
		assert_int_equal(ced1401_from_units(&odd, value, &back), 0);
		assert_int_equal(back, i);
		value = ced1401_to_units(NULL, sample);
		assert_int_equal(ced1401_from_units(NULL, value, &back), 0);
		assert_int_equal(back, i);
	}
}

static void volts_beyond_full_scale_are_an_error(void **state)
{
	int16_t sample = 1;

	(void)state;
	assert_int_equal(ced1401_from_volts(5, 5, &sample), 0);
	assert_int_equal(sample, 32767);
	assert_int_equal(ced1401_from_volts(-5, 5, &sample), 0);
	assert_int_equal(sample, -32768);
	assert_int_equal(ced1401_from_volts(5.0001, 5, &sample), -ERANGE);
	assert_int_equal(sample, 32767);
	assert_int_equal(ced1401_from_volts(-5.0001, 5, &sample), -ERANGE);
	assert_int_equal(sample, -32768);
	assert_int_equal(ced1401_from_volts(9.9, 10, &sample), 0);
	assert_int_equal(ced1401_from_volts(INFINITY, 5, &sample), -ERANGE);
	assert_int_equal(sample, 32767);
	assert_int_equal(ced1401_from_volts(NAN, 5, &sample), -ERANGE);
	assert_int_equal(sample, 0);
}

static void units_are_scale_and_offset_of_volts(void **state)
{
	const struct ced1401_channel channels[2] = {
		{ .unit = "mV", .scale = 1000 },
		{ .unit = "N", .scale = 20, .offset = -4, .full_scale = 10 },
	};
	const int16_t samples[6] = { 0, 0, 16384, 16384, -32768, -32768 };
	double values[6];

	(void)state;
	ced1401_frames_to_units(channels, 2, samples, 3, values);
	assert_true(values[0] == 0 && values[1] == -4);
	assert_true(values[2] == 2500 && values[3] == 96);
	assert_true(values[4] == -5000 && values[5] == -204);
	ced1401_frames_to_units(NULL, 2, samples, 3, values);
	assert_true(values[2] == 2.5 && values[5] == -5);
	/* What was not filled in is volts of 5 V */
	assert_true(ced1401_to_units(&(struct ced1401_channel){ .scale = 0 },
				     16384) == 2.5);
}

/* ------------------------------------------------------------------- lines */

static void numbers_are_found(void **state)
{
	long v[4] = { 9, 9, 9, 9 };

	(void)state;
	assert_int_equal(parse_numbers("12", v, 4), 1);
	assert_int_equal(v[0], 12);
	assert_int_equal(parse_numbers("-32768,32767", v, 4), 2);
	assert_int_equal(v[0], -32768);
	assert_int_equal(v[1], 32767);
	assert_int_equal(parse_numbers("  1 2  3 , 4 ", v, 4), 4);
	assert_int_equal(v[3], 4);
	assert_int_equal(parse_numbers("$1F,$aB", v, 4), 2);
	assert_int_equal(v[0], 0x1f);
	assert_int_equal(v[1], 0xab);
	/* More than there is room for are counted */
	v[1] = 7;
	assert_int_equal(parse_numbers("1,2,3,4,5", v, 1), 5);
	assert_int_equal(v[0], 1);
	assert_int_equal(v[1], 7);
	assert_int_equal(parse_numbers("1,2", NULL, 0), 2);
}

static void what_is_no_number_is_refused(void **state)
{
	static const char *const lines[] = {
		"", " ", "x", "1x", "1,x", "1,,2", "1,", ",1", "0x10", "+1", "--1",
		"$", "$-1", "$g", "1.5", "- 1", "99999999999999999999999", "1;2",
		"a", "f",
	};
	unsigned int i;
	long v[4];

	(void)state;
	for (i = 0; i < LENGTH(lines); i++) {
		if (parse_numbers(lines[i], v, 4) != -EBADMSG)
			fail_msg("\"%s\" was taken", lines[i]);
	}
}

/* Of a stream that runs for hours: a long of 32 bits would not hold it */
static void counts_are_of_64_bits(void **state)
{
	static const char *const bad[] = {
		"", "1", "1,", ",1", "1,2,3", "1 2,", "-1,2", "1,-2", "x,1", "1,x",
		"1,2x", "9223372036854775808,1", "1,9223372036854775808",
	};
	uint64_t counts[2] = { 0, 0 };
	unsigned int i;
	long v[2];

	(void)state;
	assert_int_equal(parse_counts("3000000000,6", counts), 0);
	assert_true(counts[0] == 3000000000u && counts[1] == 6);
	assert_int_equal(parse_counts(" 9223372036854775807 , 5000000000 ", counts), 0);
	assert_true(counts[0] == INT64_MAX && counts[1] == 5000000000u);
	assert_int_equal(parse_counts("7 0", counts), 0);
	assert_true(counts[0] == 7 && counts[1] == 0);
	for (i = 0; i < LENGTH(bad); i++) {
		if (parse_counts(bad[i], counts) != -EBADMSG)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_true(counts[0] == 7 && counts[1] == 0);
	/* What a long does not hold is refused, not cut */
	assert_int_equal(parse_numbers("2147483647,-2147483648", v, 2), 2);
	assert_true(v[0] == 2147483647 && v[1] == -2147483647 - 1);
	assert_int_equal(parse_numbers("4294967297", v, 2),
			 sizeof(long) > 4 ? 1 : -EBADMSG);
}

static void lines_of_err_are_known(void **state)
{
	long e = -1, d = -1;

	(void)state;
	assert_true(parse_error("0,0", &e, &d));
	assert_true(parse_error("255,0", &e, &d));
	assert_int_equal(e, 255);
	assert_true(parse_error("10 131072", &e, &d));
	assert_int_equal(e, 10);
	assert_int_equal(d, 131072);
	assert_false(parse_error("256,0", &e, &d));
	assert_false(parse_error("-1,0", &e, &d));
	assert_false(parse_error("1", &e, &d));
	assert_false(parse_error("1,2,3", &e, &d));
	assert_false(parse_error("", &e, &d));
	assert_false(parse_error("one,two", &e, &d));
}

static void lines_of_clist_are_cut(void **state)
{
	static const char *const bad[] = {
		" ", "", "ADC", "ADC 1", "ADC x.1", "ADC 1.", "ADC 1.x", "ADC 1.0x",
		" 1.0", "ANAMETHATISTOOLONG 1.0",
	};
	struct ced1401_command_name name;
	unsigned int i;

	(void)state;
	assert_true(parse_command_name("ADCMEM 1.23", &name));
	assert_string_equal(name.name, "ADCMEM");
	assert_int_equal(name.major, 1);
	assert_int_equal(name.minor, 23);
	for (i = 0; i < LENGTH(bad); i++) {
		if (parse_command_name(bad[i], &name))
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

/* ---------------------------------------------------------------- messages */

static void every_result_has_a_sentence_of_its_own(void **state)
{
	static const int codes[] = {
		-EBUSY, -ENODEV, -ETIMEDOUT, -EAGAIN, -EBADMSG, -EACCES,
		-ENOENT, -ENOTTY, -ESHUTDOWN, -EDQUOT, -ENOMEM, -ENOSPC,
		-EMSGSIZE, -ERANGE, -EINVAL, -EALREADY, -EINTR, -ECANCELED, -EIO,
		-EFAULT, CED1401L_E_MISSED, CED1401L_E_LOST, CED1401L_E_1401_FULL,
		CED1401L_E_SELFTEST, CED1401L_E_BLOCK, CED1401L_E_FIFO, CED1401L_E_WAITS,
		CED1401L_1401(1), CED1401L_1401(2), CED1401L_1401(3),
		CED1401L_1401(4), CED1401L_1401(5), CED1401L_1401(10),
		CED1401L_1401(11), CED1401L_1401(12), CED1401L_1401(255),
	};
	unsigned int i, j;

	(void)state;
	for (i = 0; i < LENGTH(codes); i++) {
		const char *text = ced1401_strerror(codes[i]);

		assert_true(strlen(text) > 8);
		assert_null(strstr(text, "unknown"));
		assert_int_not_equal(text[strlen(text) - 1], '.');
		for (j = 0; j < i; j++)
			assert_string_not_equal(text, ced1401_strerror(codes[j]));
	}
	assert_string_equal(ced1401_strerror(0), "no error");
	assert_string_equal(ced1401_strerror(17), "no error");
	assert_non_null(strstr(ced1401_strerror(CED1401L_1401(77)), "1401"));
	assert_string_equal(ced1401_strerror(-3999), "an unknown error");
	assert_string_equal(ced1401_strerror(-1999999), "an unknown error");
	assert_string_equal(ced1401_strerror(INT32_MIN), "an unknown error");
}

static void the_version_is_that_of_the_house(void **state)
{
	(void)state;
	assert_string_equal(ced1401_version(), CED1401_VERSION);
	assert_non_null(strchr(ced1401_version(), '.'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_is_the_nearest_there_is),
		cmocka_unit_test(exact_rates_are_exact),
		cmocka_unit_test(rates_that_no_clock_has_are_refused),
		cmocka_unit_test(every_sample_survives_volts_and_back),
		cmocka_unit_test(volts_beyond_full_scale_are_an_error),
		cmocka_unit_test(units_are_scale_and_offset_of_volts),
		cmocka_unit_test(numbers_are_found),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(counts_are_of_64_bits),
		cmocka_unit_test(lines_of_err_are_known),
		cmocka_unit_test(lines_of_clist_are_cut),
		cmocka_unit_test(every_result_has_a_sentence_of_its_own),
		cmocka_unit_test(the_version_is_that_of_the_house),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
