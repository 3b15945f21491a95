// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Completions for bash, zsh and fish, and the list that the manual is compared with:
 * all made of the tables of commands and options.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tools.h"

/* What every command has of argp */
static const char common[] = "--help --usage --version";

static bool has(const struct command *command, const struct option_text *text)
{
	return text->commands & command->bit;
}

/* A text in single quotes, as all three shells take it; zsh's own signs escaped */
static void put_quoted(const char *text, const char *escape)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr(escape, *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
	putchar('\'');
}

/* The first clause of a text: what a list of completions has room for */
static void put_short(const char *text, const char *escape)
{
	char buffer[80];
	size_t n = strcspn(text, ";:");

	if (n >= sizeof(buffer))
		n = sizeof(buffer) - 1;
	memcpy(buffer, text, n);
	buffer[n] = '\0';
	put_quoted(buffer, escape);
}

/* ------------------------------------------------------------------ bash */

static void bash_argument(enum completes with, const char *words)
{
	switch (with) {
	case WITH_WORDS:
		printf("words='%s'", words);
		break;
	case WITH_FILE:
		printf("files=yes");
		break;
	case WITH_DEVICE:
		printf("words=$(compgen -G '/dev/ced1401*')");
		break;
	case WITH_NOTHING:
		printf(":");
		break;
	}
	puts(" ;;");
}

static void bash_command(const struct command *command)
{
	const struct option_text *text;

	printf("\t%s)\n\t\tcase $previous in\n", command->name);
	for (text = option_texts; text->name; text++) {
		if (!has(command, text) || !text->argument)
			continue;
		printf("\t\t--%s", text->name);
		if (isalpha(text->key))
			printf(" | -%c", text->key);
		printf(") ");
		bash_argument(text->with, text->words);
	}
	printf("\t\t*)\n\t\t\tif [[ $current == -* ]]; then\n\t\t\t\twords='%s", common);
	for (text = option_texts; text->name; text++) {
		if (has(command, text))
			printf(" --%s", text->name);
	}
	printf("'\n\t\t\telse\n\t\t\t\t");
	switch (command->with) {
	case WITH_FILE:
		puts("files=yes");
		break;
	case WITH_WORDS:
		printf("words='%s'\n", command->words);
		break;
	default:
		puts(":");
	}
	puts("\t\t\tfi ;;\n\t\tesac ;;");
}

static void print_bash(void)
{
	const struct command *command;

	puts("# bash completion for ced1401, made by: ced1401 --completion bash\n"
	     "_ced1401()\n{\n"
	     "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tlocal words='' files='' line\n"
	     "\t# bash takes --name=value apart\n"
	     "\t[[ $current != '=' ]] || current=''\n"
	     "\t[[ $previous != '=' ]] || previous=${COMP_WORDS[COMP_CWORD-2]}\n"
	     "\tCOMPREPLY=()\n"
	     "\tcase $((COMP_CWORD == 1)),${COMP_WORDS[1]} in");
	printf("\t1,*)\n\t\twords='");
	for (command = commands; command->name; command++)
		printf("%s ", command->name);
	printf("--completion %s' ;;\n\tesac\n", common);
	puts("\t((COMP_CWORD == 1)) || case ${COMP_WORDS[1]} in\n"
	     "\t--completion) words='bash zsh fish' ;;");
	for (command = commands; command->name; command++)
		bash_command(command);
	puts("\tesac\n"
	     "\tif [[ $files ]]; then\n"
	     "\t\tcompopt -o filenames 2> /dev/null\n"
	     "\t\twhile IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(compgen -f -- \"$current\")\n"
	     "\telse\n"
	     "\t\twhile IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(compgen -W \"$words\" -- \"$current\")\n"
	     "\tfi\n"
	     "}\n"
	     "complete -F _ced1401 ced1401");
}

/* ------------------------------------------------------------------- zsh */

#define ZSH_SIGNS "[]:\\"

static void zsh_action(enum completes with, const char *words)
{
	switch (with) {
	case WITH_WORDS:
		printf("(%s)", words);
		break;
	case WITH_FILE:
		printf("_files");
		break;
	case WITH_DEVICE:
		printf("_files -g \"/dev/ced1401*\"");
		break;
	case WITH_NOTHING:
		break;
	}
}

static void zsh_option(const struct option_text *text)
{
	char doc[96];
	size_t n = strcspn(text->text, ";:");

	n = n < 79 ? n : 79;
	snprintf(doc, sizeof(doc), "%.*s", (int)n, text->text);
	printf("\t\t\t");
	if (isalpha(text->key))
		printf("'(-%c --%s)'{-%c%s,--%s%s}", text->key, text->name, text->key,
		       text->argument ? "+" : "", text->name, text->argument ? "=" : "");
	else
		printf("'--%s%s'", text->name, text->argument ? "=" : "");
	printf("'[");
	fflush(stdout);
	for (n = 0; doc[n]; n++) {
		if (doc[n] == '\'')
			fputs("'\\''", stdout);
		else if (strchr(ZSH_SIGNS, doc[n]))
			printf("\\%c", doc[n]);
		else
			putchar(doc[n]);
	}
	putchar(']');
	if (text->argument) {
		printf(":%s:", text->with == WITH_WORDS ? text->name : "value");
		zsh_action(text->with, text->words);
	}
	puts("' \\");
}

static void print_zsh(void)
{
	const struct command *command;
	const struct option_text *text;

	puts("#compdef ced1401\n"
	     "# zsh completion for ced1401, made by: ced1401 --completion zsh\n"
	     "_ced1401() {\n"
	     "\tlocal -a commands\n"
	     "\tif ((CURRENT == 2)); then\n"
	     "\t\tcommands=(");
	for (command = commands; command->name; command++) {
		printf("\t\t\t%s:", command->name);
		put_short(command->text, ":");
		putchar('\n');
	}
	puts("\t\t)\n"
	     "\t\t_describe command commands\n"
	     "\t\t_arguments '--completion=[print the completions]:shell:(bash zsh fish)' \\\n"
	     "\t\t\t'--help[help]' '--version[version]'\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tlocal command=$words[2]\n"
	     "\tshift words\n"
	     "\t((CURRENT--))\n"
	     "\tcase $command in");
	for (command = commands; command->name; command++) {
		printf("\t%s)\n\t\t_arguments -s \\\n", command->name);
		for (text = option_texts; text->name; text++) {
			if (has(command, text))
				zsh_option(text);
		}
		printf("\t\t\t'--help[help]' '--usage[usage]' '--version[version]'");
		if (command->max) {
			printf(" '*:%s:", command->with == WITH_FILE ? "file" : "argument");
			zsh_action(command->with, command->words);
			putchar('\'');
		}
		puts(" ;;");
	}
	puts("\tesac\n"
	     "}\n"
	     "if [[ $funcstack[1] == _ced1401 ]]; then\n"
	     "\t_ced1401 \"$@\"\n"
	     "else\n"
	     "\tcompdef _ced1401 ced1401\n"
	     "fi");
}

/* ------------------------------------------------------------------ fish */

static void fish_option(const struct command *command, const struct option_text *text)
{
	printf("complete -c ced1401 -n '__fish_seen_subcommand_from %s' -l %s",
	       command->name, text->name);
	if (isalpha(text->key))
		printf(" -s %c", text->key);
	switch (text->with) {
	case WITH_WORDS:
		printf(" -x -a '%s'", text->words);
		break;
	case WITH_FILE:
		printf(" -r -F");
		break;
	case WITH_DEVICE:
		printf(" -x -a '(ls /dev/ced1401* 2>/dev/null)'");
		break;
	case WITH_NOTHING:
		printf(text->argument ? " -x" : " -f");
		break;
	}
	printf(" -d ");
	put_short(text->text, "\\");
	putchar('\n');
}

static void print_fish(void)
{
	const struct command *command;
	const struct option_text *text;

	puts("# fish completion for ced1401, made by: ced1401 --completion fish");
	puts("complete -c ced1401 -f");
	puts("complete -c ced1401 -l help -d help");
	puts("complete -c ced1401 -l version -d version");
	puts("complete -c ced1401 -n __fish_use_subcommand -l completion -x -a 'bash zsh fish' -d 'print the completions'");
	for (command = commands; command->name; command++) {
		printf("complete -c ced1401 -n __fish_use_subcommand -a %s -d ",
		       command->name);
		put_short(command->text, "\\");
		putchar('\n');
		if (command->with == WITH_FILE)
			printf("complete -c ced1401 -n '__fish_seen_subcommand_from %s' -F\n",
			       command->name);
		if (command->with == WITH_WORDS)
			printf("complete -c ced1401 -n '__fish_seen_subcommand_from %s' -a '%s'\n",
			       command->name, command->words);
		for (text = option_texts; text->name; text++) {
			if (has(command, text))
				fish_option(command, text);
		}
	}
}

int completion_print(const char *shell)
{
	if (!strcmp(shell, "bash")) {
		print_bash();
	} else if (!strcmp(shell, "zsh")) {
		print_zsh();
	} else if (!strcmp(shell, "fish")) {
		print_fish();
	} else {
		say("there are completions for bash, zsh and fish, none for %s", shell);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int manual_print(void)
{
	const struct command *command;
	const struct option_text *text;

	for (command = commands; command->name; command++) {
		printf("%s\t\t\t%s\t%s\n", command->name, command->arguments, command->text);
		for (text = option_texts; text->name; text++) {
			char letter[2] = { isalpha(text->key) ? (char)text->key : '\0' };

			if (has(command, text))
				printf("%s\t--%s\t%s\t%s\t%s\n", command->name, text->name,
				       letter, text->argument ? text->argument : "",
				       text->text);
		}
	}
	return EXIT_OK;
}
