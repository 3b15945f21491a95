// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Channels: what they measure or drive, by --channel and the configuration file.
 */
#include <ctype.h>
#include <ini.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

static const char *set_text(char *to, size_t size, const char *value, const char *wrong)
{
	const char *c;

	if (!*value || strlen(value) >= size)
		return wrong;
	for (c = value; *c; c++) {
		if (iscntrl((unsigned char)*c))
			return wrong;
	}
	strcpy(to, value);
	return NULL;
}

const char *channel_set(struct ced1401_channel *channel, const char *name,
			const char *value)
{
	double number;

	if (!strcmp(name, "name"))
		return set_text(channel->name, sizeof(channel->name), value,
				"a name has 1 to 63 bytes");
	if (!strcmp(name, "unit"))
		return set_text(channel->unit, sizeof(channel->unit), value,
				"a unit has 1 to 31 bytes");
	if (strcmp(name, "scale") && strcmp(name, "offset") && strcmp(name, "full-scale"))
		return "its keys are name, unit, scale, offset and full-scale";
	if (!read_double(value, &number))
		return "scale, offset and full-scale are numbers";
	if (!strcmp(name, "scale")) {
		if (number == 0)
			return "a scale is not 0";
		channel->scale = number;
	} else if (!strcmp(name, "offset")) {
		channel->offset = number;
	} else {
		if (number <= 0)
			return "full scale is more than 0 V";
		channel->full_scale = number;
	}
	return NULL;
}

/* Up to a comma that has no backslash, which *@text is moved behind */
static char *take_item(char **text)
{
	char *from = *text, *to = *text, *item = *text;

	while (*from && *from != ',') {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from++;
	}
	*text = *from ? from + 1 : from;
	*to = '\0';
	return item;
}

const char *channel_parse(char *text, unsigned int *number,
			  struct ced1401_channel *channel)
{
	const char *wrong;
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)*text))
		return "a number comes first: 0:name=EMG";
	n = strtoul(text, &end, 10);
	if (*end && *end != ':')
		return "a colon comes behind the number: 0:name=EMG";
	*number = (unsigned int)n;
	text = *end ? end + 1 : end;
	while (*text) {
		char *item = take_item(&text), *value = strchr(item, '=');

		if (!value)
			return "it is made of KEY=VALUE, with commas between: 0:name=EMG,unit=mV";
		*value++ = '\0';
		wrong = channel_set(channel, item, value);
		if (wrong)
			return wrong;
	}
	return NULL;
}

const char *channel_option(struct options *options, const char *text)
{
	bool dac = !strncmp(text, "dac", 3);
	struct ced1401_channel channel = { 0 }, *own;
	char *copy = strdup(text + (dac ? 3 : 0)), *again;
	const char *wrong;
	unsigned int number = 0;

	if (!copy)
		return "no memory";
	if (options->command & (CMD_PLAY | CMD_DAC))
		dac = true;
	wrong = channel_parse(copy, &number, &channel);
	free(copy);
	if (!wrong && number >= (dac ? MAX_DACS : MAX_INPUTS))
		wrong = dac ? "DACs are 0 to 7" : "inputs are 0 to 31";
	if (wrong)
		return wrong;
	/* what was said of it before stays, if it is not said now */
	own = dac ? &options->dac[number] : &options->input[number];
	again = strdup(text + (strncmp(text, "dac", 3) ? 0 : 3));
	if (!again)
		return "no memory";
	wrong = channel_parse(again, &number, own);
	free(again);
	return wrong;
}

/* With a backslash before what would end it; what does not fit is left out */
static size_t put_item(char *text, size_t size, size_t at, const char *key,
		       const char *value)
{
	at += (size_t)snprintf(text + at, size - at, "%s=", key);
	for (; *value && at + 3 < size; value++) {
		if (*value == ',' || *value == '\\')
			text[at++] = '\\';
		text[at++] = *value;
	}
	text[at] = '\0';
	return at;
}

void channel_text(unsigned int number, const struct ced1401_channel *channel,
		  char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "%u:", number);

	at = put_item(text, size, at, "name", channel_name(number, channel));
	text[at++] = ',';
	at = put_item(text, size, at, "unit", channel_unit(channel));
	snprintf(text + at, size - at, ",scale=%.15g,offset=%.15g,full-scale=%.15g",
		 channel_scale(channel), channel->offset, channel_full_scale(channel));
}

const char *channel_name(unsigned int number, const struct ced1401_channel *channel)
{
	static char names[MAX_INPUTS][16];

	if (*channel->name)
		return channel->name;
	snprintf(names[number % MAX_INPUTS], sizeof(names[0]), "channel %u", number);
	return names[number % MAX_INPUTS];
}

const char *channel_unit(const struct ced1401_channel *channel)
{
	return *channel->unit ? channel->unit : "V";
}

double channel_scale(const struct ced1401_channel *channel)
{
	return channel->scale != 0 ? channel->scale : 1;
}

double channel_full_scale(const struct ced1401_channel *channel)
{
	return channel->full_scale > 0 ? channel->full_scale : 5;
}

double channel_units(const struct ced1401_channel *channel, double sample)
{
	return sample * channel_full_scale(channel) / 32768 * channel_scale(channel) +
		channel->offset;
}

/* ------------------------------------------------- the configuration file */

/* What reads a file */
struct reader {
	struct options *options;
	const char *path;
	void (*setting)(void *user, const char *section, const char *name,
			const char *value);
	void *user;
};

static int take(void *user, const char *section, const char *name,
		const char *value)
{
	struct reader *r = user;
	struct ced1401_channel *channels = NULL;
	unsigned int number, limit = 0;
	const char *wrong;
	char rest;

	if (!strncmp(section, "adc ", 4)) {
		channels = r->options->input;
		limit = MAX_INPUTS;
	} else if (!strncmp(section, "dac ", 4)) {
		channels = r->options->dac;
		limit = MAX_DACS;
	}
	if (!channels) {
		r->setting(r->user, section, name, value);
		return 1;
	}
	if (sscanf(section + 4, "%u%c", &number, &rest) != 1 || number >= limit)
		die(EXIT_USAGE, "%s: [%s]: inputs are 0 to 31, DACs 0 to 7", r->path,
		    section);
	wrong = channel_set(&channels[number], name, value);
	if (wrong)
		die(EXIT_USAGE, "%s: [%s]: %s = %s: %s", r->path, section, name, value,
		    wrong);
	return 1;
}

/* The lines of a file, for inih */
struct lines {
	const char *path;
	FILE *file;
	char *text;
	size_t room;
	unsigned int number;
};

/*
 * The next line, as fgets() would have it, without the blanks before it: inih takes an
 * indented line for more of the value before. What is too long for its line it would cut.
 */
static char *next_line(char *to, int size, void *from)
{
	struct lines *lines = from;
	const char *start;
	ssize_t length = getline(&lines->text, &lines->room, lines->file);

	if (length < 0)
		return NULL;
	lines->number++;
	lines->text[strcspn(lines->text, "\r\n")] = '\0';
	start = lines->text + strspn(lines->text, " \t");
	if (strlen(start) + 2 > (size_t)size)
		die(EXIT_USAGE, "%s, line %u: it is longer than %d characters", lines->path,
		    lines->number, size - 2);
	snprintf(to, (size_t)size, "%s\n", start);
	return to;
}

void config_read(struct options *options, const char *path, bool must,
		 void (*setting)(void *user, const char *section,
				 const char *name, const char *value),
		 void *user)
{
	struct reader reader = { .options = options, .path = path,
		.setting = setting, .user = user };
	struct lines lines = { .path = path, .file = fopen(path, "r") };
	int ret;

	if (!lines.file) {
		if (must)
			die(EXIT_USAGE, "%s: %m", path);
		return;
	}
	ret = ini_parse_stream(next_line, &lines, take, &reader);
	if (ferror(lines.file))
		die(EXIT_USAGE, "%s: it cannot be read", path);
	fclose(lines.file);
	free(lines.text);
	if (ret)
		die(EXIT_USAGE, "%s, line %d: this is no [SECTION] and no NAME = VALUE",
		    path, ret);
}
