// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers with units, as people write and read them, and times.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "tools.h"

struct unit {
	const char *name;
	double factor;
};

/* A number at the start of *@text, which is moved behind it */
static bool take_number(const char **text, double *value)
{
	char *end;

	/* no hexadecimal, no "nan" */
	if (!strchr("+-.0123456789", **text) || !**text ||
	    strncasecmp(*text + strspn(*text, "+-"), "0x", 2) == 0)
		return false;
	*value = strtod(*text, &end);
	if (end == *text || !isfinite(*value))
		return false;
	*text = end;
	return true;
}

/* One of @units, up to a digit or the end: its factor, or 0 */
static double take_unit(const char **text, const struct unit *units)
{
	size_t n = strcspn(*text, "+-.0123456789");

	for (; units->name; units++) {
		if (strlen(units->name) == n && !strncmp(*text, units->name, n)) {
			*text += n;
			return units->factor;
		}
	}
	return 0;
}

bool read_double(const char *text, double *value)
{
	return take_number(&text, value) && !*text;
}

bool read_seconds(const char *text, double *seconds)
{
	static const struct unit units[] = {
		{ "", 1 }, { "s", 1 }, { "ms", 0.001 }, { "us", 0.000001 },
		{ "min", 60 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { NULL, 0 }
	};

	*seconds = 0;
	do {
		double value, factor;

		if (!take_number(&text, &value) || value < 0)
			return false;
		factor = take_unit(&text, units);
		if (!factor)
			return false;
		*seconds += value * factor;
	} while (*text);
	return true;
}

bool read_rate(const char *text, double *hz)
{
	static const struct unit units[] = {
		{ "", 1 }, { "Hz", 1 }, { "k", 1e3 }, { "kHz", 1e3 }, { "M", 1e6 },
		{ "MHz", 1e6 }, { "mHz", 0.001 }, { NULL, 0 }
	};
	double factor;

	if (!take_number(&text, hz))
		return false;
	factor = take_unit(&text, units);
	*hz *= factor;
	return factor > 0 && !*text;
}

/* A whole number with one of the units; *@n is left alone if it is none */
static bool read_whole(const char *text, const struct unit *units, uint64_t *n)
{
	double value, factor;

	if (!take_number(&text, &value))
		return false;
	factor = take_unit(&text, units);
	value *= factor;
	if (factor <= 0 || *text || !(value >= 0 && value < 1e18) || value != floor(value))
		return false;
	*n = (uint64_t)value;
	return true;
}

bool read_count(const char *text, uint64_t *n)
{
	static const struct unit units[] = {
		{ "", 1 }, { "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { NULL, 0 }
	};

	return read_whole(text, units, n);
}

bool read_size(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 }, { "B", 1 }, { "k", 1024 }, { "K", 1024 }, { "KiB", 1024 },
		{ "M", 1 << 20 }, { "MiB", 1 << 20 }, { NULL, 0 }
	};

	return read_whole(text, units, bytes);
}

int read_list(const char *text, unsigned int *list, unsigned int limit)
{
	int n = 0;

	for (;;) {
		unsigned long first, last;
		char *end;

		if (!isdigit((unsigned char)*text))
			return -1;
		first = strtoul(text, &end, 10);
		last = first;
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (first >= limit || last >= limit || last < first)
			return -1;
		for (; first <= last; first++) {
			if (n == (int)limit)
				return -1;
			list[n++] = (unsigned int)first;
		}
		if (!*end)
			return n;
		if (*end != ',')
			return -1;
		text = end + 1;
	}
}

int read_value(const char *text, const struct ced1401_channel *channel,
	       int16_t *sample)
{
	static const struct unit volts[] = {
		{ "V", 1 }, { "mV", 0.001 }, { "uV", 0.000001 }, { "\xc2\xb5V", 0.000001 },
		{ NULL, 0 }
	};
	const char *unit = channel_unit(channel);
	double value, factor;

	if (!strncmp(text, "raw:", 4)) {
		if (!read_double(text + 4, &value) || value != floor(value))
			return -EINVAL;
		if (value < -32768 || value > 32767)
			return -ERANGE;
		*sample = (int16_t)value;
		return 0;
	}
	if (!take_number(&text, &value))
		return -EINVAL;
	/* the channel's own unit first: its "V" may be another place's */
	if (!*text || !strcmp(text, unit))
		return ced1401_from_units(channel, value, sample) ? -ERANGE : 0;
	factor = take_unit(&text, volts);
	if (!factor || *text)
		return -EINVAL;
	return ced1401_from_volts(value * factor, channel_full_scale(channel),
				  sample) ? -ERANGE : 0;
}

int to_ms(double seconds)
{
	double ms = ceil(seconds * 1000);

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

char *format_seconds(double seconds, char *text)
{
	if (seconds < 60) {
		snprintf(text, 32, seconds < 10 ? "%.3f s" : "%.1f s", seconds);
	} else {
		unsigned long long s = (unsigned long long)seconds;

		snprintf(text, 32, "%llu:%02u:%02u", s / 3600,
			 (unsigned int)(s / 60 % 60), (unsigned int)(s % 60));
	}
	return text;
}

char *format_rate(double hz, char *text)
{
	if (hz >= 1e6)
		snprintf(text, 32, "%.6g MHz", hz / 1e6);
	else if (hz >= 1e3)
		snprintf(text, 32, "%.6g kHz", hz / 1e3);
	else
		snprintf(text, 32, "%.6g Hz", hz);
	return text;
}

char *format_bytes(double bytes, char *text)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	unsigned int i = 0;

	while (bytes >= 1000 && i < 5) {
		bytes /= 1000;
		i++;
	}
	snprintf(text, 32, i && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, units[i]);
	return text;
}

char *format_utc(uint64_t ns, char *text)
{
	time_t seconds = (time_t)(ns / SECOND_NS);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, 32 - n, ".%06uZ", (unsigned int)(ns % SECOND_NS / 1000));
	return text;
}

bool parse_utc(const char *text, uint64_t *ns)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	double fraction = 0;
	time_t seconds;

	if (!rest)
		return false;
	if (*rest == '.')
		take_number(&rest, &fraction);
	seconds = timegm(&tm);
	*ns = (uint64_t)seconds * SECOND_NS + (uint64_t)llround(fraction * 1e9);
	return seconds >= 0 && !strcmp(rest, "Z");
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

uint64_t utc_ns(uint64_t monotonic)
{
	struct timespec t;
	uint64_t before, after, utc;
	int tries;

	/* both clocks at one moment: once more if something came between */
	for (tries = 0; tries < 5; tries++) {
		before = now_ns();
		clock_gettime(CLOCK_REALTIME, &t);
		after = now_ns();
		if (after - before < 20000)
			break;
	}
	utc = (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
	return utc - (before + (after - before) / 2) + monotonic;
}
