// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ced1401 dac and ced1401 dig: single values out and in.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

#define BITS	16

/* "0=1.5V": which DAC, and its sample; ends the program if it is wrong */
static void read_setting(const struct options *o, const char *text, unsigned int *dac,
			 int16_t *sample)
{
	const struct ced1401_channel *channel;
	char low[32], high[32];
	char *end;

	*dac = (unsigned int)strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != '=' || *dac >= MAX_DACS)
		die(EXIT_USAGE, "%s: give DAC=VALUE, with a DAC from 0 to 7: 0=1.5V", text);
	channel = &o->dac[*dac];
	switch (read_value(end + 1, channel, sample)) {
	case 0:
		return;
	case -ERANGE:
		snprintf(low, sizeof(low), "%.6g", channel_units(channel, -32768));
		snprintf(high, sizeof(high), "%.6g", channel_units(channel, 32767));
		die(EXIT_USAGE, "%s: out of range: DAC %u goes from %s to %s %s. Nothing was set",
		    text, *dac, low, high, channel_unit(channel));
	default:
		die(EXIT_USAGE, "%s: this is no value. Give a number, with V, mV or %s behind it, or raw:NUMBER",
		    text, channel_unit(channel));
	}
}

static json_t *setting_json(const struct options *o, unsigned int dac, int16_t sample)
{
	const struct ced1401_channel *channel = &o->dac[dac];

	return json_pack("{s:i, s:i, s:f, s:o, s:f}", "dac", (int)dac, "sample",
			 (int)sample, "value", channel_units(channel, sample), "unit",
			 json_text(channel_unit(channel)), "volts",
			 ced1401_to_volts(sample, channel_full_scale(channel)));
}

int dac_run(struct options *o)
{
	unsigned int dacs[MAX_DACS], i, k;
	int16_t samples[MAX_DACS];
	ced1401_device *device;
	json_t *all = NULL;
	int ret;

	for (i = 0; i < o->n_arguments; i++) {
		read_setting(o, o->arguments[i], &dacs[i], &samples[i]);
		for (k = 0; k < i; k++) {
			if (dacs[k] == dacs[i])
				die(EXIT_USAGE, "DAC %u is given twice", dacs[i]);
		}
	}
	device = device_open(o, 0);
	ret = ced1401_dac(device, dacs, o->n_arguments, samples);
	if (!ret)
		ret = ced1401_release(device);
	if (ret) {
		int code = failed(device, ret, "dac");

		ced1401_close(device);
		return code;
	}
	ced1401_close(device);
	if (!o->json)
		return EXIT_OK;
	all = json_array();
	for (i = 0; i < o->n_arguments; i++)
		json_array_append_new(all, setting_json(o, dacs[i], samples[i]));
	json_out(all);
	return EXIT_OK;
}

/* ------------------------------------------------------------------- digital */

static unsigned long read_number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (!isdigit((unsigned char)*text) || *end || value > max)
		die(EXIT_USAGE, "%s: give a number from 0 to %lu", text, max);
	return value;
}

static int read_inputs(struct options *o, ced1401_device *device)
{
	unsigned int i, one = 0;
	uint16_t bits;
	int ret;

	if (o->n_arguments == 2)
		one = (unsigned int)read_number(o->arguments[1], BITS - 1);
	ret = ced1401_digital_in(device, &bits);
	if (ret)
		return failed(device, ret, "dig in");
	if (o->n_arguments == 2 && o->json) {
		json_out(json_pack("{s:i, s:i}", "bit", (int)one, "value",
				   bits >> one & 1));
	} else if (o->n_arguments == 2) {
		printf("%d\n", bits >> one & 1);
	} else if (o->json) {
		json_t *array = json_array();

		for (i = 0; i < BITS; i++)
			json_array_append_new(array, json_integer(bits >> i & 1));
		json_out(json_pack("{s:i, s:o}", "value", (int)bits, "bits", array));
	} else {
		printf("0x%04x", bits);
		for (i = BITS; i--;)
			printf("%s%d", i % 4 == 3 ? " " : "", bits >> i & 1);
		putchar('\n');
	}
	return EXIT_OK;
}

/* "0x5", or "0=1" ...: the bits, and which of them are named */
static void read_outputs(const struct options *o, uint16_t *bits, uint16_t *mask)
{
	unsigned int i;

	*bits = 0;
	*mask = 0;
	if (o->n_arguments == 2 && !strchr(o->arguments[1], '=')) {
		*bits = (uint16_t)read_number(o->arguments[1], 0xffff);
		*mask = 0xffff;
		return;
	}
	for (i = 1; i < o->n_arguments; i++) {
		const char *value = strchr(o->arguments[i], '=');
		char number[8];
		unsigned long bit;

		if (!value || value - o->arguments[i] > 2 ||
		    (strcmp(value, "=0") && strcmp(value, "=1")))
			die(EXIT_USAGE, "%s: give BIT=0 or BIT=1, or one number for all outputs",
			    o->arguments[i]);
		snprintf(number, sizeof(number), "%.*s", (int)(value - o->arguments[i]),
			 o->arguments[i]);
		bit = read_number(number, BITS - 1);
		*mask = (uint16_t)(*mask | 1u << bit);
		if (value[1] == '1')
			*bits = (uint16_t)(*bits | 1u << bit);
		else
			*bits = (uint16_t)(*bits & ~(1u << bit));
	}
}

int dig_run(struct options *o)
{
	bool out = !strcmp(o->arguments[0], "out");
	ced1401_device *device;
	uint16_t bits, mask;
	int ret, code;

	if (!out && strcmp(o->arguments[0], "in"))
		die(EXIT_USAGE, "dig %s: give 'in' or 'out'", o->arguments[0]);
	if (out ? o->n_arguments < 2 : o->n_arguments > 2)
		die(EXIT_USAGE, out ? "dig out: which outputs? Give a number, or BIT=0 or BIT=1" :
		    "dig in: one input, or none for all");
	if (!out && o->n_arguments == 2)
		read_number(o->arguments[1], BITS - 1);
	if (out)
		read_outputs(o, &bits, &mask);
	device = device_open(o, 0);
	if (!out) {
		code = read_inputs(o, device);
	} else {
		ret = ced1401_digital_out(device, bits, mask);
		code = ret ? failed(device, ret, "dig out") : EXIT_OK;
		if (!ret && o->json)
			json_out(json_pack("{s:i, s:i}", "value", (int)bits, "mask",
					   (int)mask));
	}
	if (code == EXIT_OK)
		ced1401_release(device);
	ced1401_close(device);
	return code;
}
