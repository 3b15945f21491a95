// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands and the options, with all that people read of them. --help, the
 * completions and --options print these two tables; nothing says it twice.
 */
#include <stddef.h>

#include "keys.h"
#include "tools.h"

const struct command commands[] = {
	{ "info", CMD_INFO, info_run, 0, 0, WITH_NOTHING, NULL, "",
	  "what card and 1401 there are, and how they stand",
	  "The driver's counters are since the module was loaded. The 1401 itself is "
	  "asked for its memory and commands only if no other program has it." },
	{ "send", CMD_SEND, send_run, 1, MAX_ARGUMENTS, WITH_NOTHING, NULL,
	  "COMMAND...",
	  "send commands to the 1401 and print its replies",
	  "Each COMMAND may hold several with ';' between them. If the 1401 reports an "
	  "error, it is told on standard error, and the rest is not sent. What the "
	  "commands began goes on afterwards, until another program has the 1401." },
	{ "capture", CMD_CAPTURE, capture_run, 1, 1, WITH_FILE, NULL, "FILE",
	  "sample for a time, into a file",
	  "FILE ends in .wav, .edf, .csv or .raw, and is that; '-' is standard output "
	  "(CSV or raw). Ctrl-C ends it early, and the file is whole. Where samples were "
	  "lost, the last one before is repeated, so that times are right; the losses are "
	  "told." },
	{ "stream", CMD_STREAM, stream_run, 1, 1, WITH_FILE, NULL, "FILE",
	  "sample without end, into a file",
	  "As capture, until Ctrl-C, or as long as --duration or --samples say." },
	{ "play", CMD_PLAY, play_run, 1, 1, WITH_FILE, NULL, "FILE",
	  "play a file on the DACs",
	  "FILE is one that capture wrote, or any WAV, EDF (in V, mV or uV) or CSV. Its "
	  "channels go to DACs 0, 1 ... or to those of --dacs. Afterwards the DACs go to "
	  "0 V, unless --hold is given." },
	{ "scope", CMD_SCOPE, scope_run, 0, 0, WITH_NOTHING, NULL, "",
	  "a live oscilloscope in the terminal",
	  "Press ? there for its keys." },
	{ "selftest", CMD_SELFTEST, selftest_run, 0, 0, WITH_NOTHING, NULL, "",
	  "have the 1401 test itself",
	  "The 1401 is reset: its outputs go to rest." },
	{ "areas", CMD_AREAS, areas_run, 0, 0, WITH_NOTHING, NULL, "",
	  "show the DMA memory, and try each of the eight areas",
	  "A pattern goes by DMA from memory of each area to the 1401 and back, and is "
	  "compared. Root also sees the buffers and transfers of all programs." },
	{ "dac", CMD_DAC, dac_run, 1, MAX_DACS, WITH_NOTHING, NULL, "DAC=VALUE...",
	  "set DACs",
	  "VALUE is in the DAC's unit, which is V unless --channel or the configuration "
	  "says otherwise: 1.5, or with a unit 1.5V, -20mV, or raw:12000 (-32768 to "
	  "32767). What is out of range is an error. All change at once; those that are "
	  "not named go to 0 V. They stay until another program has the 1401." },
	{ "dig", CMD_DIG, dig_run, 1, MAX_ARGUMENTS, WITH_WORDS, "in out",
	  "in|out [BITS]",
	  "read the digital inputs, set the digital outputs",
	  "'dig in' prints all inputs, 'dig in 3' one of them, 0 or 1. 'dig out 0x5' sets "
	  "all outputs, 'dig out 0=1 3=0' those alone, the others low. They stay until "
	  "another program has the 1401." },
	{ NULL, 0, NULL, 0, 0, WITH_NOTHING, NULL, NULL, NULL, NULL }
};

const struct option_text option_texts[] = {
	{ "device", 'd', "DEVICE", CMD_ALL, WITH_DEVICE, NULL,
	  "number of the card, 0 to 3, or its device; 0 is /dev/ced1401" },
	{ "config", KEY_CONFIG, "FILE", CMD_ALL, WITH_FILE, NULL,
	  "read this configuration instead of /etc/ced1401.conf and "
	  "~/.config/ced1401.conf" },
	{ "channels", 'c', "LIST", CMD_SAMPLES, WITH_NOTHING, NULL,
	  "ADC inputs, in this order: 0,1 or 0-3; 0 unless given" },
	{ "rate", 'r', "HZ", CMD_SAMPLES | CMD_PLAY, WITH_NOTHING, NULL,
	  "samples a second of each channel: 1000, 2.5k; 1000 unless given (play and "
	  "--play: the file's)" },
	{ "duration", 't', "TIME", CMD_RECORDS, WITH_NOTHING, NULL,
	  "how long: 10 (seconds), 500ms, 5min, 1h30min" },
	{ "samples", 'n', "COUNT", CMD_RECORDS, WITH_NOTHING, NULL,
	  "or how many samples of each channel" },
	{ "channel", 'C', "N:KEY=VALUE,...", CMD_SAMPLES | CMD_PLAY | CMD_DAC, WITH_NOTHING, NULL,
	  "what input N measures: name, unit, scale (units for each volt), offset (units "
	  "at 0 V), full-scale (volts; 5). dacN:... is what DAC N drives; play and dac mean "
	  "DACs without it. May be repeated" },
	{ "format", 'f', "FORMAT", CMD_RECORDS | CMD_PLAY,
	  WITH_WORDS, "wav edf csv raw",
	  "wav, edf, csv or raw, whatever the file's ending" },
	{ "force", 'F', NULL, CMD_RECORDS, WITH_NOTHING, NULL,
	  "replace files that exist" },
	{ "split", KEY_SPLIT, "TIME", CMD_RECORDS, WITH_NOTHING, NULL,
	  "begin a new file after this time: FILE becomes NAME-001.wav, NAME-002.wav ..." },
	{ "plot", KEY_PLOT, "FILE", CMD_RECORDS, WITH_FILE, NULL,
	  "draw what was sampled, with gnuplot: FILE ends in .png or .svg" },
	{ "trigger", KEY_TRIGGER, "EVENT", CMD_SAMPLES | CMD_PLAY,
	  WITH_WORDS, "now ext level",
	  "begin now, at a pulse of the trigger input (ext), or when an input crosses a "
	  "level; now unless given" },
	{ "level", 'l', "N:VALUE", CMD_SAMPLES | CMD_PLAY, WITH_NOTHING, NULL,
	  "for --trigger level: when input N rises to VALUE, which is in its unit, or has "
	  "one: 0:100mV. 0:100mV,falling: when it falls to it. scope: auto, unless "
	  "--trigger level is given" },
	{ "pre", KEY_PRE, "TIME", CMD_CAPTURE, WITH_NOTHING, NULL,
	  "with --trigger level: begin so long before it" },
	{ "timeout", KEY_TIMEOUT, "TIME", CMD_RECORDS | CMD_PLAY | CMD_SELFTEST, WITH_NOTHING, NULL,
	  "wait so long for the trigger (or the self-test's end), then give up" },
	{ "play", KEY_PLAY, "FILE", CMD_CAPTURE, WITH_FILE, NULL,
	  "play FILE on the DACs meanwhile; both begin at the same moment" },
	{ "dacs", 'D', "LIST", CMD_CAPTURE | CMD_PLAY, WITH_NOTHING, NULL,
	  "DACs for the file's channels; 0, 1 ... unless given" },
	{ "sweeps", KEY_SWEEPS, "N", CMD_CAPTURE, WITH_NOTHING, NULL,
	  "do it N times, each into a file of its own, NAME-001.wav ..." },
	{ "interval", KEY_INTERVAL, "TIME", CMD_CAPTURE, WITH_NOTHING, NULL,
	  "from the start of a sweep to that of the next, at least" },
	{ "average", KEY_AVERAGE, NULL, CMD_CAPTURE, WITH_NOTHING, NULL,
	  "write the average of all sweeps, one file" },
	{ "in-turn", KEY_IN_TURN, NULL, CMD_CAPTURE, WITH_NOTHING, NULL,
	  "sample the channels in turn, evenly spread over the time of a sample, rather "
	  "than at once; what is sampled must fit into the 1401's memory" },
	{ "method", KEY_METHOD, "METHOD", CMD_SAMPLES | CMD_PLAY,
	  WITH_WORDS, "auto memory fifo request",
	  "how samples move: auto, memory (the 1401's), fifo (the card's) or request "
	  "(blocks that the 1401 asks for)" },
	{ "markers", 'm', NULL, CMD_RECORDS, WITH_NOTHING, NULL,
	  "each line of standard input is a marker, at the moment when it comes" },
	{ "repeat", KEY_REPEAT, "N", CMD_PLAY, WITH_NOTHING, NULL,
	  "play it N times; 0: until Ctrl-C" },
	{ "hold", KEY_HOLD, NULL, CMD_PLAY | CMD_CAPTURE, WITH_NOTHING, NULL,
	  "leave the outputs as they are at the end, rather than at rest" },
	{ "time-base", 'b', "TIME", CMD_SCOPE, WITH_NOTHING, NULL,
	  "time of a division: 10ms" },
	{ "range", 'g', "VALUE", CMD_SCOPE, WITH_NOTHING, NULL,
	  "units of a division, of all channels" },
	{ "size", 's', "BYTES", CMD_AREAS, WITH_NOTHING, NULL,
	  "of each area: 64K, 1M; 64K unless given" },
	{ "json", 'j', NULL, CMD_ALL & ~CMD_SCOPE, WITH_NOTHING, NULL,
	  "print the result as JSON" },
	{ "quiet", 'q', NULL, CMD_ALL & ~CMD_SCOPE, WITH_NOTHING, NULL,
	  "no progress line" },
	{ NULL, 0, NULL, 0, WITH_NOTHING, NULL, NULL }
};
