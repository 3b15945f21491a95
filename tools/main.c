// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ced1401: the CED 1401 from the command line.
 */
#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

#ifndef VERSION
#error "VERSION comes from the file of this name: see the Makefile"
#endif

enum { KEY_COMPLETION = 0x200, KEY_OPTIONS };

const char *argp_program_version = PROGRAM " " VERSION;

static const struct argp_option table[] = {
	{ .name = "completion", .key = KEY_COMPLETION, .arg = "SHELL",
	  .doc = "print the completions for bash, zsh or fish" },
	{ .name = "options", .key = KEY_OPTIONS, .flags = OPTION_HIDDEN,
	  .doc = "print all options of all commands, for comparison" },
	{ 0 }
};

static const char codes[] =
	"Exit status: 0 all is well; 1 something failed; 2 wrong usage; 3 no device, no "
	"permission, or the 1401 is off; 4 another program has the 1401; 5 the 1401 "
	"reported an error or failed its test; 6 samples or markers were lost; 7 a "
	"file could not be written or read; 8 nothing came in time; 130 stopped by Ctrl-C before the "
	"end, with whole files.";

static const struct command *find_command(const char *name)
{
	const struct command *command;

	for (command = commands; command->name; command++) {
		if (!strcmp(command->name, name))
			return command;
	}
	return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	int *first = state->input;

	switch (key) {
	case KEY_COMPLETION:
		exit(completion_print(arg));
	case KEY_OPTIONS:
		exit(manual_print());
	case ARGP_KEY_ARG:
		if (!find_command(arg))
			argp_error(state, "there is no command %s", arg);
		/* The rest is the command's */
		*first = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a COMMAND is missing");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* The commands in the text of --help */
static char *make_doc(void)
{
	const struct command *command;
	char *doc = NULL;
	size_t size;
	FILE *out = open_memstream(&doc, &size);

	if (!out)
		die(EXIT_FAILED, "no memory");
	fputs("Sample, play and control with a CED 1401.\n\nCommands:\n", out);
	for (command = commands; command->name; command++)
		fprintf(out, "  %-9s %s\n", command->name, command->text);
	fprintf(out, "\n" PROGRAM " COMMAND --help tells the options of each.\v%s", codes);
	if (fclose(out))
		die(EXIT_FAILED, "no memory");
	return doc;
}

int main(int argc, char **argv)
{
	static struct options options;	/* large */
	struct argp argp = { .options = table, .parser = parse,
		.args_doc = "COMMAND [OPTION...] [ARGUMENT...]" };
	int first = 0, code;
	char *doc;

	/* Names in UTF-8, but numbers with a point, whatever the language */
	setlocale(LC_CTYPE, "");
	argp_err_exit_status = EXIT_USAGE;
	doc = make_doc();
	argp.doc = doc;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &first);
	free(doc);
	options_read(&options, find_command(argv[first]), argc - first, argv + first);
	code = find_command(argv[first])->run(&options);
	if (fflush(stdout) || ferror(stdout)) {
		say("standard output: it could not be written");
		code = code ? code : EXIT_FILE;
	}
	return code;
}
