// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Single values in and out, and the trigger.
 */
#include <errno.h>
#include <stdio.h>

#include "internal.h"

int channel_text(const unsigned int *channels, unsigned int n, unsigned int limit,
		 char *text, size_t size)
{
	size_t at = 0;
	unsigned int i;

	if (!channels || !n || n > limit)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (channels[i] >= limit || at >= size)
			return -EINVAL;
		at += (size_t)snprintf(text + at, size - at, "%s%u",
				       i ? " " : "", channels[i]);
	}
	return at < size ? 0 : -EINVAL;
}

int ced1401_adc(ced1401_device *device, const unsigned int *channels,
		unsigned int n, int16_t *samples)
{
	long values[ADC_CHANNELS];
	char list[COMMAND_MAX / 2];
	unsigned int i;
	int ret = channel_text(channels, n, ADC_CHANNELS, list, sizeof(list));

	if (ret)
		return ret;
	ret = talk_ask(device, values, n, "ADC,%s;", list);
	if (ret)
		return ret;
	for (i = 0; i < n; i++)
		samples[i] = (int16_t)values[i];
	return 0;
}

int ced1401_dac(ced1401_device *device, const unsigned int *channels,
		unsigned int n, const int16_t *samples)
{
	char text[COMMAND_MAX];
	size_t at = 0;
	unsigned int i;

	if (!channels || !n || n > DAC_CHANNELS)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (channels[i] >= DAC_CHANNELS)
			return -EINVAL;
		at += (size_t)snprintf(text + at, sizeof(text) - at, ",%u %d",
				       channels[i], samples[i]);
	}
	return ced1401_command(device, "DAC%s;", text);
}

int ced1401_digital_in(ced1401_device *device, uint16_t *bits)
{
	long value;
	int ret = talk_ask(device, &value, 1, "DIG,I;");

	if (!ret)
		*bits = (uint16_t)value;
	return ret;
}

int ced1401_digital_out(ced1401_device *device, uint16_t bits, uint16_t mask)
{
	unsigned int i;
	int ret = 0;

	if (mask == 0xffff)
		return ced1401_command(device, "DIG,O,%u;", bits);
	for (i = 0; !ret && i < 16; i++) {
		if (mask >> i & 1)
			ret = ced1401_command(device, "DIG,O,%u,%u;",
					      bits >> i & 1, i);
	}
	return ret;
}

int ced1401_trigger_arm(ced1401_device *device)
{
	return ced1401_command(device, "EVENT,A;");
}

int ced1401_trigger_disarm(ced1401_device *device)
{
	return ced1401_command(device, "EVENT,K;");
}

int ced1401_trigger_count(ced1401_device *device)
{
	long count;
	int ret = talk_ask(device, &count, 1, "EVENT,?;");

	return ret ? ret : count < 0 ? -ENOENT : (int)count;
}

int ced1401_trigger_fire(ced1401_device *device)
{
	return ced1401_command(device, "EVENT,F;");
}

int ced1401_clocks_waiting(ced1401_device *device)
{
	long count;
	int ret = talk_ask(device, &count, 1, "CLKEVT,?;");

	return ret ? ret : (int)count;
}

int ced1401_clocks_start(ced1401_device *device)
{
	return ced1401_command(device, "CLKEVT,F;");
}
