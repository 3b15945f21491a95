// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lines of the 1401, cut into numbers.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

#define ERROR_MAX	255

/* One number at *@at, which is moved behind it */
static bool number(const char **at, long long *value)
{
	const char *digits = *at;
	int base = 10;
	char *end;

	if (*digits == '$') {
		digits++;
		base = 16;
	}
	/* strtoll() would take spaces, a plus and 0x */
	if (!isxdigit((unsigned char)digits[*digits == '-']) ||
	    (base == 16 && *digits == '-'))
		return false;
	errno = 0;
	*value = strtoll(digits, &end, base);
	if (end == digits || errno || (*end && !strchr(", ", *end)))
		return false;
	*at = end;
	return true;
}

/* Over what is between numbers: was it a comma? */
static bool separator(const char **at)
{
	bool comma;

	*at += strspn(*at, " ");
	comma = **at == ',';
	*at += comma;
	*at += strspn(*at, " ");
	return comma;
}

int parse_numbers(const char *line, long *values, unsigned int max)
{
	unsigned int n = 0;
	bool comma = false;
	long long value;

	for (line += strspn(line, " "); *line; n++) {
		if (n == INT_MAX || !number(&line, &value) || (long)value != value)
			return -EBADMSG;
		if (n < max)
			values[n] = (long)value;
		comma = separator(&line);
	}
	return n && !comma ? (int)n : -EBADMSG;
}

int parse_counts(const char *line, uint64_t counts[2])
{
	long long values[2];

	line += strspn(line, " ");
	if (!number(&line, &values[0]) || !*line)
		return -EBADMSG;
	separator(&line);
	if (!number(&line, &values[1]) || line[strspn(line, " ")] ||
	    values[0] < 0 || values[1] < 0)
		return -EBADMSG;
	counts[0] = (uint64_t)values[0];
	counts[1] = (uint64_t)values[1];
	return 0;
}

bool parse_error(const char *line, long *error, long *detail)
{
	long values[2];

	if (parse_numbers(line, values, 2) != 2 || values[0] < 0 ||
	    values[0] > ERROR_MAX)
		return false;
	*error = values[0];
	*detail = values[1];
	return true;
}

bool parse_command_name(const char *line, struct ced1401_command_name *name)
{
	size_t n = strcspn(line, " ");
	char *end;

	if (!n || n >= sizeof(name->name) || !line[n])
		return false;
	memset(name, 0, sizeof(*name));
	memcpy(name->name, line, n);
	line += n + strspn(line + n, " ");
	if (!isdigit((unsigned char)*line))
		return false;
	name->major = (unsigned int)strtoul(line, &end, 10);
	if (*end != '.' || !isdigit((unsigned char)end[1]))
		return false;
	name->minor = (unsigned int)strtoul(end + 1, &end, 10);
	return !*end;
}
