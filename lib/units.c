// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Samples, volts and the units of what is measured. Pure.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>

#include "libced1401.h"

#define FULL_SCALE	5.0
#define STEPS		32768.0
#define ROUNDING	(1 / 1e9) /* what was full scale may be a little more after a computation */

double ced1401_to_volts(int16_t sample, double full_scale)
{
	return sample * full_scale / STEPS;
}

int ced1401_from_volts(double volts, double full_scale, int16_t *sample)
{
	double steps = volts / full_scale * STEPS;

	if (isnan(steps)) {
		*sample = 0;
		return -ERANGE;
	}
	*sample = (int16_t)lrint(fmin(fmax(steps, -STEPS), STEPS - 1));
	return fabs(steps) > STEPS * (1 + ROUNDING) ? -ERANGE : 0;
}

static double full_scale(const struct ced1401_channel *channel)
{
	return channel && channel->full_scale > 0 ? channel->full_scale :
						    FULL_SCALE;
}

static double scale(const struct ced1401_channel *channel)
{
	return channel->scale != 0 ? channel->scale : 1;
}

double ced1401_to_units(const struct ced1401_channel *channel, int16_t sample)
{
	double volts = ced1401_to_volts(sample, full_scale(channel));

	return channel ? volts * scale(channel) + channel->offset : volts;
}

int ced1401_from_units(const struct ced1401_channel *channel, double value,
		       int16_t *sample)
{
	if (channel)
		value = (value - channel->offset) / scale(channel);
	return ced1401_from_volts(value, full_scale(channel), sample);
}

void ced1401_frames_to_units(const struct ced1401_channel *channels,
			     unsigned int n_channels, const int16_t *samples,
			     size_t frames, double *values)
{
	size_t i;

	for (i = 0; i < frames * n_channels; i++)
		values[i] = ced1401_to_units(channels ? &channels[i % n_channels] :
							NULL, samples[i]);
}
