// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs as text: written so that a person can read them, and read back as they
 * were written.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

static const char * const regions[REGIONS] = {
	"null", "anon", "edge", "rdonly", "shared", "arena", "kernel", "wild",
	"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7",
};

/**
 * region_name() - how a region is called
 * @region:	below REGIONS
 */
const char *region_name(unsigned int region)
{
	return regions[region];
}

/* ---- writing ---- */

static void print_number(FILE *to, uint64_t value)
{
	fprintf(to, value < 10 ? "%" PRIu64 : "0x%" PRIx64, value);
}

static void print_text(FILE *to, const char *text, size_t n)
{
	fputc('"', to);
	for (; n--; text++) {
		if (*text == '"' || *text == '\\' || !isprint((unsigned char)*text))
			fprintf(to, "\\x%02x", (unsigned char)*text);
		else
			fputc(*text, to);
	}
	fputc('"', to);
}

static void print_flags(FILE *to, const struct named *list, uint64_t value)
{
	const char *between = "";

	for (; list->name && value; list++) {
		if (!list->value || (value & list->value) != list->value)
			continue;
		fprintf(to, "%s%s", between, list->name);
		value &= ~list->value;
		between = "|";
	}
	if (value) {
		fputs(between, to);
		print_number(to, value);
	}
}

static void print_choice(FILE *to, const struct named *list, uint64_t value)
{
	for (; list->name; list++) {
		if (list->value == value) {
			fputs(list->name, to);
			return;
		}
	}
	print_number(to, value);
}

static void print_arg(FILE *to, const struct kind *kind, uint64_t value,
		      const char *text)
{
	switch (kind->type) {
	case ARG_NUMBER:
		print_number(to, value);
		break;
	case ARG_FLAGS:
		print_flags(to, kind->list, value);
		break;
	case ARG_CHOICE:
		print_choice(to, kind->list, value);
		break;
	case ARG_FILE:
		fprintf(to, "f%" PRIu64, value);
		break;
	case ARG_MAP:
		fprintf(to, "m%" PRIu64, value);
		break;
	case ARG_TRANSFER:
		if (value < TRANSFERS)
			fprintf(to, "t%" PRIu64, value);
		else
			print_number(to, value);
		break;
	case ARG_WHERE:
		fprintf(to, "%s:0x%" PRIx32, regions[value >> 32],
			(uint32_t)value);
		break;
	case ARG_TEXT:
		print_text(to, text, value);
		break;
	}
}

/* Slots are always named; of the others 0 goes without saying */
static bool is_slot(const struct kind *kind)
{
	return kind->type == ARG_FILE || kind->type == ARG_MAP ||
	       kind->type == ARG_TRANSFER;
}

static void print_call(FILE *to, const struct call *call)
{
	const struct arg_desc *arg = call->desc->arg;
	unsigned int i;

	fprintf(to, "%s%s", call->goes_on ? "& " : "", call->desc->name);
	for (i = 0; arg[i].name; i++) {
		if (!call->arg[i] && !is_slot(arg[i].kind))
			continue;
		fprintf(to, " %s=", arg[i].name);
		print_arg(to, arg[i].kind, call->arg[i], call->text);
	}
	fputc('\n', to);
}

/**
 * program_print() - write a program and the empty line that ends it
 * @program:	the program
 * @to:		where to
 */
void program_print(const struct program *program, FILE *to)
{
	unsigned int i;

	for (i = 0; i < program->n; i++)
		print_call(to, &program->call[i]);
	fputc('\n', to);
}

/* ---- reading ---- */

static bool read_number(const char *word, uint64_t *value)
{
	char *end;

	*value = strtoull(word, &end, 0);
	return end != word && !*end;
}

static bool read_named(const char *word, const struct named *list,
		       uint64_t *value)
{
	for (; list && list->name; list++) {
		if (!strcmp(list->name, word)) {
			*value = list->value;
			return true;
		}
	}
	return read_number(word, value);
}

static bool read_flags(char *word, const struct named *list, uint64_t *value)
{
	uint64_t part;
	char *name;

	*value = 0;
	while ((name = strsep(&word, "|"))) {
		if (!read_named(name, list, &part))
			return false;
		*value |= part;
	}
	return true;
}

static bool read_slot(const char *word, char letter, unsigned int n,
		      uint64_t *value)
{
	return word[0] == letter && read_number(word + 1, value) && *value < n;
}

static bool read_where(char *word, uint64_t *value)
{
	char *offset = strchr(word, ':');
	unsigned int i;

	if (!offset)
		return false;
	*offset++ = '\0';
	for (i = 0; i < REGIONS; i++) {
		if (strcmp(regions[i], word))
			continue;
		if (!read_number(offset, value) || *value > UINT32_MAX)
			return false;
		*value = WHERE(i, *value);
		return true;
	}
	return false;
}

/* The text between its quotes, @end its last one */
static bool read_text(const char *from, const char *end, struct call *call,
		      uint64_t *length)
{
	unsigned int n = 0, c;

	for (; from < end; from++) {
		c = (unsigned char)*from;
		if (c == '\\') {
			if (sscanf(from, "\\x%2x", &c) != 1)
				return false;
			from += 3;
		}
		if (n == MAX_TEXT)
			return false;
		call->text[n++] = c;
	}
	*length = n;
	return true;
}

static bool read_value(const struct kind *kind, char *word, struct call *call,
		       uint64_t *value)
{
	switch (kind->type) {
	case ARG_NUMBER:
		return read_number(word, value);
	case ARG_FLAGS:
		return read_flags(word, kind->list, value);
	case ARG_CHOICE:
		return read_named(word, kind->list, value);
	case ARG_FILE:
		return read_slot(word, 'f', FILES, value);
	case ARG_MAP:
		return read_slot(word, 'm', MAPS, value);
	case ARG_TRANSFER:
		return read_slot(word, 't', TRANSFERS, value) ||
		       read_number(word, value);
	case ARG_WHERE:
		return read_where(word, value);
	case ARG_TEXT:
		return word[0] == '"' && strlen(word) > 1 &&
		       read_text(word + 1, word + strlen(word) - 1, call, value);
	}
	return false;
}

static bool read_arg(struct call *call, char *word)
{
	const struct arg_desc *arg = call->desc->arg;
	char *value = strchr(word, '=');
	unsigned int i;

	if (!value)
		return false;
	*value++ = '\0';
	for (i = 0; arg[i].name; i++)
		if (!strcmp(arg[i].name, word))
			return read_value(arg[i].kind, value, call,
					  &call->arg[i]);
	return false;
}

/* The next word; a space within quotes is part of it */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t\n"), *p;
	bool quoted = false;

	if (!*word)
		return NULL;
	for (p = word; *p && (quoted || !isspace((unsigned char)*p)); p++)
		quoted ^= *p == '"';
	*rest = *p ? p + 1 : p;
	*p = '\0';
	return word;
}

static const struct call_desc *find_call(const char *name)
{
	unsigned int i;

	for (i = 0; i < n_calls; i++)
		if (!strcmp(calls[i].name, name))
			return &calls[i];
	return NULL;
}

static bool read_call(struct call *call, char *line)
{
	char *word = next_word(&line);

	memset(call, 0, sizeof(*call));
	if (word && !strcmp(word, "&")) {
		call->goes_on = true;
		word = next_word(&line);
	}
	call->desc = word ? find_call(word) : NULL;
	if (!call->desc)
		return false;
	while ((word = next_word(&line)))
		if (!read_arg(call, word))
			return false;
	return true;
}

static bool is_empty(const char *line)
{
	return !line[strspn(line, " \t\n")];
}

/**
 * program_read() - read the next program
 * @program:	where to
 * @from:	a file of programs, each ended by an empty line or the end
 * @name:	the file's, for what is said of a line that is wrong
 * @line:	the number of the last line read, kept from call to call
 *
 * Return: 1, 0 at the end, -1: a line is wrong, and was named.
 */
int program_read(struct program *program, FILE *from, const char *name,
		 unsigned int *line)
{
	char text[4096];

	program->n = 0;
	while (fgets(text, sizeof(text), from)) {
		++*line;
		if (text[0] == '#')
			continue;
		if (is_empty(text)) {
			if (program->n)
				return 1;
			continue;
		}
		if (program->n == MAX_CALLS ||
		    !read_call(&program->call[program->n++], text)) {
			fprintf(stderr, "%s:%u: no call, or one too many\n",
				name, *line);
			return -1;
		}
	}
	return program->n ? 1 : 0;
}
