/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user asks for: the command line and the configuration file.
 *
 * options.c holds one table of all options with their texts. --help, the completions
 * and the manual are made of it, or compared with it.
 */
#ifndef CED1401_TOOLS_OPTIONS_H
#define CED1401_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <libced1401.h>

#define MAX_INPUTS	32	/* ADC inputs of a 1401 */
#define MAX_DACS	8
#define MAX_ARGUMENTS	64	/* of a command, options aside */

/* The commands, a bit each: which of them an option belongs to */
#define CMD_INFO	0x001u
#define CMD_SEND	0x002u
#define CMD_CAPTURE	0x004u
#define CMD_STREAM	0x008u
#define CMD_PLAY	0x010u
#define CMD_SCOPE	0x020u
#define CMD_SELFTEST	0x040u
#define CMD_AREAS	0x080u
#define CMD_DAC		0x100u
#define CMD_DIG		0x200u

#define CMD_RECORDS	(CMD_CAPTURE | CMD_STREAM)
#define CMD_SAMPLES	(CMD_RECORDS | CMD_SCOPE)
#define CMD_ALL		0x3ffu

/* Options that do nothing without another, or that exclude each other: options.typed */
#define TYPED_LEVEL	0x1u
#define TYPED_INTERVAL	0x2u
#define TYPED_DACS	0x4u
#define TYPED_HOLD	0x8u
#define TYPED_DURATION	0x10u
#define TYPED_SAMPLES	0x20u

enum trigger {
	TRIGGER_NOW,		/* at once */
	TRIGGER_EXT,		/* a pulse of the trigger input */
	TRIGGER_LEVEL		/* an input crosses a level */
};

/**
 * struct options - everything that can be asked for
 * @command:	CMD_*: which command
 * @device:	number of the card or path, as given; NULL: 0
 * @config:	--config; NULL: the usual files
 * @json:	print JSON
 * @quiet:	no progress
 * @force:	replace files that exist
 * @inputs:	ADC inputs, in order
 * @n_inputs:	how many
 * @dacs:	DACs, in order; with @n_dacs 0: as many as the file has channels
 * @n_dacs:	how many
 * @input:	what each ADC input measures, by its number
 * @dac:	what each DAC drives, by its number
 * @rate:	frames a second; 0: not given
 * @seconds:	--duration; 0: not given
 * @samples:	--samples; 0: not given
 * @format:	"wav" ...; NULL: by the file's ending
 * @split:	seconds of each file; 0: one file
 * @plot:	picture to draw; NULL: none
 * @trigger:	what it begins with
 * @level:	the level's input, value (as given, and as a sample) and direction: that of
 *		its samples; scope: of its unit
 * @pre:	seconds before the trigger
 * @timeout:	seconds to wait for the trigger; 0: for ever
 * @play:	capture: the file to play meanwhile
 * @sweeps:	how many sweeps; 0: not given
 * @interval:	seconds from the start of a sweep to that of the next
 * @average:	average the sweeps
 * @method:	CED1401L_AUTO ...
 * @in_turn:	sample channels in turn
 * @markers:	lines of standard input are markers
 * @repeat:	play: how often; 0: for ever
 * @hold:	leave the outputs as they are
 * @timebase:	scope: seconds a division; 0: chosen
 * @range:	scope: units a division; 0: chosen
 * @size:	areas: bytes; 0: chosen
 * @typed:	TYPED_*: given on the command line. In a configuration they are for when they
 *		are wanted, here they are wanted
 * @arguments:	what is no option
 * @n_arguments: how many
 */
struct options {
	unsigned int command;
	const char *device;
	const char *config;
	bool json;
	bool quiet;
	bool force;
	unsigned int inputs[MAX_INPUTS];
	unsigned int n_inputs;
	unsigned int dacs[MAX_DACS];
	unsigned int n_dacs;
	struct ced1401_channel input[MAX_INPUTS];
	struct ced1401_channel dac[MAX_DACS];
	double rate;
	double seconds;
	uint64_t samples;
	const char *format;
	double split;
	const char *plot;
	enum trigger trigger;
	struct {
		bool given;
		unsigned int input;
		const char *text;
		int16_t sample;
		bool falling;
	} level;
	double pre;
	double timeout;
	const char *play;
	uint64_t sweeps;
	double interval;
	bool average;
	int method;
	bool in_turn;
	bool markers;
	uint64_t repeat;
	bool hold;
	double timebase;
	double range;
	uint64_t size;
	unsigned int typed;
	const char *arguments[MAX_ARGUMENTS];
	unsigned int n_arguments;
};

/* What completes an option's argument */
enum completes {
	WITH_NOTHING,
	WITH_WORDS,		/* one of struct option_text.words */
	WITH_FILE,
	WITH_DEVICE
};

/**
 * struct option_text - an option, as people read of it
 * @name:	without the two dashes
 * @key:	its letter, or a number above 255
 * @argument:	what its argument is called; NULL: it has none
 * @commands:	CMD_*: which commands have it
 * @with:	how a shell completes the argument
 * @words:	WITH_WORDS: separated by spaces
 * @text:	what --help says
 */
struct option_text {
	const char *name;
	int key;
	const char *argument;
	unsigned int commands;
	enum completes with;
	const char *words;
	const char *text;
};

extern const struct option_text option_texts[];	/* ends with name NULL */

/**
 * struct command - a command, as people read of it
 * @name:	"capture"
 * @bit:	CMD_*
 * @run:	does it; returns an exit code
 * @min:	arguments it wants at least
 * @max:	and at most
 * @with:	how a shell completes them
 * @words:	WITH_WORDS: separated by spaces
 * @arguments:	what they are called
 * @text:	what --help says, in a line
 * @more:	and in full
 */
struct command {
	const char *name;
	unsigned int bit;
	int (*run)(struct options *options);
	unsigned int min;
	unsigned int max;
	enum completes with;
	const char *words;
	const char *arguments;
	const char *text;
	const char *more;
};

extern const struct command commands[];		/* ends with name NULL */

/**
 * options_read - read the configuration files, then the command line
 * @options: set
 * @command: whose command line it is
 * @argc: of @argv
 * @argv: the command's own words; the first is its name
 *
 * Ends the program with EXIT_USAGE if something is wrong.
 */
void options_read(struct options *options, const struct command *command,
		  int argc, char **argv);

/**
 * config_read - read a configuration file
 * @options: channels are set in it
 * @path: the file
 * @must: it must be there
 * @setting: called for what stands in a section that is not a channel's
 * @user: for @setting
 *
 * Ends the program with EXIT_USAGE if something is wrong in it.
 */
void config_read(struct options *options, const char *path, bool must,
		 void (*setting)(void *user, const char *section,
				 const char *name, const char *value),
		 void *user);

/**
 * completion_print - print the completions for a shell
 * @shell: "bash", "zsh" or "fish"
 *
 * Return: EXIT_OK, or EXIT_USAGE: no such shell.
 */
int completion_print(const char *shell);

/**
 * manual_print - print each option of each command, a line each, for comparison
 *
 * COMMAND tab OPTION tab LETTER tab ARGUMENT tab TEXT. Return: EXIT_OK.
 */
int manual_print(void);

#endif
