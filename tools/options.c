// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of a command, read with argp after the configuration files.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "tools.h"

#define MAX_OPTIONS	64
#define MAX_SETTINGS	256	/* of the configuration files, for this command */

/* What is being read, for the parser */
struct reading {
	struct options *options;
	const struct command *command;
	int settings;		/* words in front, out of the configuration */
};

static const char *const methods[] = {
	[CED1401L_AUTO] = "auto",
	[CED1401L_MEMORY] = "memory",
	[CED1401L_FIFO] = "fifo",
	[CED1401L_REQUEST] = "request",
};

static const char *const triggers[] = {
	[TRIGGER_NOW] = "now",
	[TRIGGER_EXT] = "ext",
	[TRIGGER_LEVEL] = "level",
};

/* The place of a word among others, or -1 */
static int place(const char *word, const char *const *words, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (!strcmp(word, words[i]))
			return i;
	}
	return -1;
}

/* N:VALUE[,falling]. The value is read when the inputs' units are known */
static bool read_level(struct options *o, const char *text)
{
	char *copy = strdup(text), *value, *direction, *end;
	unsigned long input;
	bool ok = false;

	if (!copy)
		return false;
	value = strchr(copy, ':');
	if (value) {
		*value++ = '\0';
		direction = strchr(value, ',');
		if (direction)
			*direction++ = '\0';
		input = strtoul(copy, &end, 10);
		ok = end != copy && !*end && input < MAX_INPUTS &&
			(!direction || !strcmp(direction, "falling") ||
			 !strcmp(direction, "rising"));
		o->level.input = (unsigned int)input;
		o->level.falling = direction && *direction == 'f';
		o->level.given = true;
		free((char *)o->level.text);
		o->level.text = strdup(value);
	}
	free(copy);
	return ok && o->level.text;
}

static bool read_positive(const char *text, double *seconds)
{
	return read_seconds(text, seconds) && *seconds > 0;
}

/* Those that are a number or a word of a kind; false: it is not */
static bool read_measure(struct options *o, int key, const char *arg)
{
	int n;

	switch (key) {
	case 'r':
		return read_rate(arg, &o->rate) && o->rate > 0;
	case 't':
		return read_positive(arg, &o->seconds);
	case 'n':
		return read_count(arg, &o->samples) && o->samples;
	case KEY_SPLIT:
		return read_positive(arg, &o->split);
	case KEY_PRE:
		return read_seconds(arg, &o->pre);
	case KEY_TIMEOUT:
		return read_positive(arg, &o->timeout);
	case KEY_INTERVAL:
		return read_positive(arg, &o->interval);
	case KEY_SWEEPS:
		return read_count(arg, &o->sweeps) && o->sweeps;
	case KEY_REPEAT:
		return read_count(arg, &o->repeat);
	case 'b':
		return read_positive(arg, &o->timebase);
	case 'g':
		return read_double(arg, &o->range) && o->range > 0;
	case 's':
		return read_size(arg, &o->size) && o->size;
	case 'c':
		n = read_list(arg, o->inputs, MAX_INPUTS);
		o->n_inputs = n > 0 ? (unsigned int)n : 0;
		return n > 0;
	case 'D':
		n = read_list(arg, o->dacs, MAX_DACS);
		o->n_dacs = n > 0 ? (unsigned int)n : 0;
		return n > 0;
	case 'l':
		return read_level(o, arg);
	case 'f':
		o->format = arg;
		return !!strstr(" wav edf csv raw ", arg) && strlen(arg) == 3;
	case KEY_TRIGGER:
		n = place(arg, triggers, TRIGGER_LEVEL + 1);
		o->trigger = (enum trigger)n;
		return n >= 0;
	case KEY_METHOD:
		n = place(arg, methods, CED1401L_REQUEST + 1);
		o->method = n;
		return n >= 0;
	}
	return false;
}

static const struct option_text *find_text(int key)
{
	const struct option_text *text;

	for (text = option_texts; text->name; text++) {
		if (text->key == key)
			return text;
	}
	return NULL;
}

static void end_of_arguments(const struct reading *r, struct argp_state *state)
{
	if (r->options->n_arguments < r->command->min)
		argp_error(state, "%s is missing", r->command->arguments);
}

static unsigned int typed_bit(int key)
{
	switch (key) {
	case 'l':
		return TYPED_LEVEL;
	case KEY_INTERVAL:
		return TYPED_INTERVAL;
	case 'D':
		return TYPED_DACS;
	case KEY_HOLD:
		return TYPED_HOLD;
	case 't':
		return TYPED_DURATION;
	case 'n':
		return TYPED_SAMPLES;
	}
	return 0;
}

/* One of them on the command line: the other, of the configuration, does not count */
static void choose_typed(struct options *o)
{
	if ((o->typed & (TYPED_DURATION | TYPED_SAMPLES)) == TYPED_DURATION)
		o->samples = 0;
	if ((o->typed & (TYPED_DURATION | TYPED_SAMPLES)) == TYPED_SAMPLES)
		o->seconds = 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const struct reading *r = state->input;
	struct options *o = r->options;
	const char *wrong;

	/* behind the program's name and the settings, each of which is one word */
	if (state->next > r->settings + 1)
		o->typed |= typed_bit(key);
	switch (key) {
	case ARGP_KEY_ARG:
		if (o->n_arguments >= r->command->max)
			argp_error(state, "%s: one argument too many", arg);
		o->arguments[o->n_arguments++] = arg;
		return 0;
	case ARGP_KEY_END:
		end_of_arguments(r, state);
		choose_typed(o);
		return 0;
	case 'd':
		o->device = arg;
		return 0;
	case KEY_CONFIG:
		return 0;	/* was read before */
	case 'j':
		o->json = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'F':
		o->force = true;
		return 0;
	case 'm':
		o->markers = true;
		return 0;
	case KEY_HOLD:
		o->hold = true;
		return 0;
	case KEY_AVERAGE:
		o->average = true;
		return 0;
	case KEY_IN_TURN:
		o->in_turn = true;
		return 0;
	case KEY_PLOT:
		o->plot = arg;
		return 0;
	case KEY_PLAY:
		o->play = arg;
		return 0;
	case 'C':
		wrong = channel_option(o, arg);
		if (wrong)
			argp_error(state, "--channel %s: %s", arg, wrong);
		return 0;
	}
	if (!find_text(key))
		return ARGP_ERR_UNKNOWN;
	if (!read_measure(o, key, arg))
		argp_error(state, "--%s %s: this is none; %s", find_text(key)->name,
			   arg, find_text(key)->text);
	return 0;
}

/* The settings of the configuration that concern a command, as options */
struct settings {
	const struct command *command;
	const char *path;
	char *words[MAX_SETTINGS];
	int n;
	int before;		/* of them, of the files before */
};

/* What is among the first @n settings of this name does not count any more */
static void forget(struct settings *s, const char *name, int n)
{
	size_t length = strlen(name);
	int i;

	for (i = n - 1; i >= 0; i--) {
		const char *word = s->words[i] + 2;

		if (strncmp(word, name, length) || (word[length] && word[length] != '='))
			continue;
		free(s->words[i]);
		s->n--;
		if (i < s->before)
			s->before--;
		memmove(s->words + i, s->words + i + 1, (size_t)(s->n - i) * sizeof(*s->words));
	}
}

static void take_setting(void *user, const char *section, const char *name,
			 const char *value)
{
	struct settings *s = user;
	const struct option_text *text;
	const struct command *command;
	char *word = NULL;
	int n;

	for (command = commands; command->name; command++) {
		if (!strcmp(section, command->name))
			break;
	}
	if (!command->name && strcmp(section, "all"))
		die(EXIT_USAGE, "%s: no section [%s]; there are [adc N], [dac N], [all] and [COMMAND]",
		    s->path, section);
	for (text = option_texts; text->name; text++) {
		if (!strcmp(name, text->name))
			break;
	}
	if (!text->name || text->key == KEY_CONFIG || text->key == 'C' ||
	    (command->name && !(text->commands & command->bit)))
		die(EXIT_USAGE, "%s: there is no %s in [%s]: names are those of the command's options",
		    s->path, name, section);
	/* [all] is for the commands that have the option */
	if ((command->name && command != s->command) ||
	    !(text->commands & s->command->bit))
		return;
	if (!text->argument && !strcmp(value, "no")) {
		forget(s, name, s->n);
		return;
	}
	/* a later file chooses anew between the two that exclude each other */
	if (text->key == 't')
		forget(s, "samples", s->before);
	else if (text->key == 'n')
		forget(s, "duration", s->before);
	if (!text->argument && strcmp(value, "yes"))
		die(EXIT_USAGE, "%s: [%s]: %s is yes or no", s->path, section, name);
	n = text->argument ? asprintf(&word, "--%s=%s", name, value) :
		asprintf(&word, "--%s", name);
	if (n < 0 || s->n == MAX_SETTINGS)
		die(EXIT_FAILED, "%s: too many settings", s->path);
	s->words[s->n++] = word;
}

static void read_configs(struct options *o, struct settings *s)
{
	const char *home = getenv("XDG_CONFIG_HOME"), *rest = "/ced1401.conf";
	char *path = NULL;

	if (o->config) {
		s->path = o->config;
		config_read(o, o->config, true, take_setting, s);
		return;
	}
	s->path = "/etc/ced1401.conf";
	config_read(o, s->path, false, take_setting, s);
	if (!home || !*home) {
		home = getenv("HOME");
		rest = "/.config/ced1401.conf";
	}
	if (!home || !*home)
		return;
	if (asprintf(&path, "%s%s", home, rest) < 0)
		die(EXIT_FAILED, "no memory");
	s->path = path;
	s->before = s->n;
	config_read(o, path, false, take_setting, s);
	free(path);
}

/* argp's own table: the options that the command has */
static struct argp_option *make_table(const struct command *command)
{
	static struct argp_option table[MAX_OPTIONS];
	const struct option_text *text;
	int n = 0;

	for (text = option_texts; text->name; text++) {
		if (text->commands & command->bit)
			table[n++] = (struct argp_option) {
				.name = text->name,
				.key = text->key,
				.arg = text->argument,
				.doc = text->text,
			};
	}
	table[n] = (struct argp_option) { 0 };
	return table;
}

static error_t parse_config(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	if (key == KEY_CONFIG)
		o->config = arg;
	return 0;
}

/*
 * The file that --config names, before anything else is read. argp looks for it, for it
 * also knows "--conf"; what is wrong with the line is told later, and the words' order,
 * which it changes, stays.
 */
static void find_config(struct options *o, const struct argp *all, int argc, char **argv)
{
	const struct argp argp = { .options = all->options, .parser = parse_config };
	char **words = must_alloc((size_t)argc + 1, sizeof(*words));

	memcpy(words, argv, (size_t)argc * sizeof(*words));
	argp_parse(&argp, argc, words, ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT, NULL, o);
	free(words);
}

static void check_level(struct options *o)
{
	int16_t sample;
	int ret;

	if (o->trigger == TRIGGER_LEVEL && !o->level.given)
		die(EXIT_USAGE, "--trigger level needs --level N:VALUE");
	if (o->typed & TYPED_LEVEL && o->trigger != TRIGGER_LEVEL &&
	    o->command != CMD_SCOPE)
		die(EXIT_USAGE, "--level goes with --trigger level");
	if (!o->level.given)
		return;
	ret = read_value(o->level.text, &o->input[o->level.input], &sample);
	if (ret == -ERANGE)
		die(EXIT_USAGE, "--level %u:%s: input %u cannot have this value",
		    o->level.input, o->level.text, o->level.input);
	if (ret)
		die(EXIT_USAGE, "--level %u:%s: this is no value; give a number, with V, mV or the input's unit behind it",
		    o->level.input, o->level.text);
	o->level.sample = sample;
	/* scope compares in the input's unit, all others samples: these fall as it rises */
	if (o->command != CMD_SCOPE && channel_scale(&o->input[o->level.input]) < 0)
		o->level.falling = !o->level.falling;
}

void options_read(struct options *options, const struct command *command,
		  int argc, char **argv)
{
	struct reading reading = { .options = options, .command = command };
	struct settings *settings = must_alloc(1, sizeof(*settings));
	struct argp argp = { .parser = parse };
	char **all, *doc = NULL, *name = NULL;
	int n;

	memset(options, 0, sizeof(*options));
	options->command = command->bit;
	options->repeat = 1;
	settings->command = command;
	if (asprintf(&name, PROGRAM " %s", command->name) < 0 ||
	    asprintf(&doc, "%s\v%s", command->text, command->more) < 0)
		die(EXIT_FAILED, "no memory");
	*doc = (char)(*doc - 'a' + 'A');
	argp.options = make_table(command);
	argp.args_doc = command->arguments;
	argp.doc = doc;
	find_config(options, &argp, argc, argv);
	read_configs(options, settings);
	n = settings->n;
	reading.settings = n;
	all = must_alloc((size_t)(n + argc) + 1, sizeof(*all));
	all[0] = name;
	memcpy(all + 1, settings->words, (size_t)n * sizeof(*all));
	memcpy(all + 1 + n, argv + 1, (size_t)(argc - 1) * sizeof(*all));
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, n + argc, all, 0, NULL, &reading);
	if (!options->n_inputs)
		options->n_inputs = 1;
	check_level(options);
	/* the words live as long as the program: options point into them */
	free(settings);
	free(all);
	free(doc);
}
