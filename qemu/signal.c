// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The world outside the virtual 1401: what its ADC sees, where its DACs go.
 *
 * CED's: a sample is signed 16-bit, full scale +-5 V, and 12-bit models leave the
 * low four bits 0. The project's own: the models 4 to 6 have 12 bits, 7 has 16, and
 * their DACs have as many. 16 digital inputs, 16 digital outputs.
 *
 * The ADC sees a recording (16-bit PCM WAV): channel n of the file is its input n,
 * inputs beyond the file read 0. One scan of any number of channels uses up one
 * frame, nothing else does, and behind the last frame comes the first again. With
 * no recording, input k shows at scan s (both from 0)
 *
 *	lrint(16384 * sin(2 * pi * (((k + 1) * s) % 100) / 100))
 *
 * which is a sine of 2.5 V and (k + 1) * 10 Hz when scanned at 1 kHz. The machine's
 * reset starts again at scan 0; a reset of the 1401 does not concern the world.
 *
 * The DACs' file gets its channels and its rate from the first command that
 * plays: its columns are the DACs which that command lists, in its order. Later
 * commands add frames to the same columns: a DAC that they do not list keeps its
 * value, and one without a column is not recorded. A frame is written for each
 * clock at which something was played.
 *
 * An input that a loop connects with a DAC sees what that DAC shows at the moment of
 * the conversion, whatever a recording has there.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"

#include <math.h>
#include <sndfile.h>

#include "card.h"

#define SINE_PERIOD	100		/* scans in one turn of input 0 */
#define SINE_PEAK	16384		/* 2.5 V */
#define MASK_12_BITS	0xfff0
#define OUT_FRAMES	4096		/* written to the file in one go */
#define SYNC_FRAMES	65536		/* the header is never older than this */

/**
 * struct ced_signal - the two sides of the world
 * @mask:	the bits that this model's ADC and DACs have
 * @samples:	the recording, or NULL for sines
 * @channels:	its channels
 * @frames:	its frames
 * @frame:	the one that the scan under way sees
 * @next:	the one that the next scan sees
 * @sine:	one turn of the sine
 * @loop:	for each input, the DAC that it is connected with, or -1
 * @digin:	what the digital inputs see
 * @digout:	what the digital outputs show
 * @dac:	what the DACs show
 * @path:	where they are recorded, or NULL
 * @out:	the file, once something was played
 * @column:	the DACs in it
 * @columns:	how many they are
 * @pending:	frames that wait to be written
 * @pending_n:	how many they are
 * @unsynced:	frames written since the header was brought up to date
 */
struct ced_signal {
	uint16_t mask;
	int16_t *samples;
	unsigned int channels;
	uint64_t frames;
	uint64_t frame;
	uint64_t next;
	int16_t sine[SINE_PERIOD];

	int8_t loop[CED_ADC_CHANNELS];
	uint16_t digin;
	uint16_t digout;
	int16_t dac[CED_DAC_CHANNELS];
	char *path;
	SNDFILE *out;
	uint8_t column[CED_LIST_MAX];
	unsigned int columns;
	int16_t pending[OUT_FRAMES * CED_LIST_MAX];
	unsigned int pending_n;
	unsigned int unsynced;
};

/**
 * ced_signal_new - a world of sines, with nobody listening
 * @model:	the 1401's type, CEDCARD_TYPE_*
 */
struct ced_signal *ced_signal_new(unsigned int model)
{
	struct ced_signal *sig = g_new0(struct ced_signal, 1);
	int i;

	sig->mask = model == CEDCARD_TYPE_POWER ? 0xffff : MASK_12_BITS;
	for (i = 0; i < SINE_PERIOD; i++)
		sig->sine[i] = lrint(SINE_PEAK * sin(2 * M_PI * i / SINE_PERIOD));
	memset(sig->loop, -1, sizeof(sig->loop));
	sig->frames = SINE_PERIOD;	/* every input's turn divides it */
	return sig;
}

/**
 * ced_signal_free - close the files
 * @sig:	from ced_signal_new(), or NULL
 */
void ced_signal_free(struct ced_signal *sig)
{
	if (!sig)
		return;
	ced_signal_dac_sync(sig);
	if (sig->out)
		sf_close(sig->out);
	g_free(sig->samples);
	g_free(sig->path);
	g_free(sig);
}

static bool is_pcm16_wav(const SF_INFO *info)
{
	int type = info->format & SF_FORMAT_TYPEMASK;

	return (type == SF_FORMAT_WAV || type == SF_FORMAT_WAVEX) &&
	       (info->format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16;
}

static bool read_recording(struct ced_signal *sig, SNDFILE *in, const SF_INFO *info)
{
	sig->samples = g_try_malloc_n(info->frames,
				      info->channels * sizeof(*sig->samples));
	if (!sig->samples)
		return false;
	sig->channels = info->channels;
	sig->frames = sf_readf_short(in, sig->samples, info->frames);
	return sig->frames > 0;
}

/**
 * ced_signal_open_adc - let the ADC see a recording
 * @sig:	from ced_signal_new()
 * @path:	a WAV file, 16-bit PCM, at least one frame
 * @errp:	why not
 *
 * Return: whether it was read.
 */
bool ced_signal_open_adc(struct ced_signal *sig, const char *path, Error **errp)
{
	SF_INFO info = { 0 };
	SNDFILE *in = sf_open(path, SFM_READ, &info);
	bool ok = false;

	if (!in) {
		error_setg(errp, "adc=%s: %s", path, sf_strerror(NULL));
		return false;
	}
	if (!is_pcm16_wav(&info))
		error_setg(errp, "adc=%s: not a WAV file of 16-bit PCM", path);
	else if (info.frames < 1 || !read_recording(sig, in, &info))
		error_setg(errp, "adc=%s: no samples can be read from it", path);
	else
		ok = true;
	sf_close(in);
	return ok;
}

/**
 * ced_signal_open_dac - record the DACs
 * @sig:	from ced_signal_new()
 * @path:	the file that the first command which plays makes
 * @errp:	why not
 *
 * An older file of that name is gone from here on, so that it cannot be taken for
 * what was played.
 *
 * Return: whether the file can be written.
 */
bool ced_signal_open_dac(struct ced_signal *sig, const char *path, Error **errp)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	struct stat st;

	if (fd < 0) {
		error_setg_errno(errp, errno, "dac=%s", path);
		return false;
	}
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		unlink(path);
	close(fd);
	sig->path = g_strdup(path);
	return true;
}

/* One DAC:ADC of a loop */
static bool connect_loop(struct ced_signal *sig, const char *pair)
{
	unsigned int dac, adc;
	char end;

	if (sscanf(pair, "%2u:%2u%c", &dac, &adc, &end) != 2 ||
	    dac >= CED_DAC_CHANNELS || adc >= CED_ADC_CHANNELS)
		return false;
	sig->loop[adc] = dac;
	return true;
}

/**
 * ced_signal_set_loop - connect inputs with DACs
 * @sig:	from ced_signal_new()
 * @loop:	DAC:ADC, several of them with a + between
 * @errp:	why not
 *
 * Return: whether it was understood.
 */
bool ced_signal_set_loop(struct ced_signal *sig, const char *loop, Error **errp)
{
	char **pairs = g_strsplit(loop, "+", -1);
	bool ok = pairs[0];
	unsigned int i;

	for (i = 0; ok && pairs[i]; i++)
		ok = connect_loop(sig, pairs[i]);
	g_strfreev(pairs);
	if (!ok)
		error_setg(errp, "loop=%s: must be DAC:ADC, 0 to %u and 0 to %u, several with +",
			   loop, CED_DAC_CHANNELS - 1, CED_ADC_CHANNELS - 1);
	return ok;
}

/**
 * ced_signal_rewind - the next scan is scan 0
 * @sig:	from ced_signal_new()
 */
void ced_signal_rewind(struct ced_signal *sig)
{
	sig->frame = 0;
	sig->next = 0;
}

/**
 * ced_signal_scan - begin a scan: go on to the next frame
 * @sig:	from ced_signal_new()
 */
void ced_signal_scan(struct ced_signal *sig)
{
	sig->frame = sig->next;
	sig->next = sig->next + 1 < sig->frames ? sig->next + 1 : 0;
}

/**
 * ced_signal_adc - convert one input in the scan under way
 * @sig:	from ced_signal_new()
 * @channel:	the input
 */
int16_t ced_signal_adc(const struct ced_signal *sig, unsigned int channel)
{
	int16_t v = 0;

	if (sig->loop[channel] >= 0)
		v = sig->dac[sig->loop[channel]];
	else if (!sig->samples)
		v = sig->sine[(channel + 1) * sig->frame % SINE_PERIOD];
	else if (channel < sig->channels)
		v = sig->samples[sig->frame * sig->channels + channel];
	return (int16_t)(v & sig->mask);
}

static void stop_recording(struct ced_signal *sig)
{
	error_report("dac=%s: %s: no more is recorded", sig->path,
		     sf_strerror(sig->out));
	if (sig->out)
		sf_close(sig->out);
	sig->out = NULL;
	g_free(sig->path);
	sig->path = NULL;
	sig->pending_n = 0;
}

/**
 * ced_signal_dac_begin - a command begins to play
 * @sig:	from ced_signal_new()
 * @channels:	the DACs that it lists, each below CED_DAC_CHANNELS
 * @n:		how many, 1 to CED_LIST_MAX
 * @rate:	its clock, Hz
 */
void ced_signal_dac_begin(struct ced_signal *sig, const uint8_t *channels,
			  unsigned int n, unsigned int rate)
{
	SF_INFO info = {
		.samplerate = MAX(rate, 1),
		.channels = n,
		.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16,
	};

	if (!sig->path || sig->out)
		return;
	sig->out = sf_open(sig->path, SFM_WRITE, &info);
	if (!sig->out) {
		stop_recording(sig);
		return;
	}
	memcpy(sig->column, channels, n);
	sig->columns = n;
	ced_signal_dac_sync(sig);
}

/**
 * ced_signal_dac_set - set one DAC
 * @sig:	from ced_signal_new()
 * @channel:	the DAC
 * @value:	what it shows from now on
 */
void ced_signal_dac_set(struct ced_signal *sig, unsigned int channel, int16_t value)
{
	sig->dac[channel] = value & sig->mask;
}

/**
 * ced_signal_dac - what a DAC shows
 * @sig:	from ced_signal_new()
 * @channel:	the DAC
 */
int16_t ced_signal_dac(const struct ced_signal *sig, unsigned int channel)
{
	return sig->dac[channel];
}

/**
 * ced_signal_digin - what the digital inputs see
 * @sig:	from ced_signal_new()
 */
uint16_t ced_signal_digin(const struct ced_signal *sig)
{
	return sig->digin;
}

/**
 * ced_signal_set_digin - what the digital inputs see from now on
 * @sig:	from ced_signal_new()
 * @value:	a bit each
 */
void ced_signal_set_digin(struct ced_signal *sig, uint16_t value)
{
	sig->digin = value;
}

/**
 * ced_signal_digout - what the digital outputs show
 * @sig:	from ced_signal_new()
 */
uint16_t ced_signal_digout(const struct ced_signal *sig)
{
	return sig->digout;
}

/**
 * ced_signal_set_digout - what the digital outputs show from now on
 * @sig:	from ced_signal_new()
 * @value:	a bit each
 */
void ced_signal_set_digout(struct ced_signal *sig, uint16_t value)
{
	sig->digout = value;
}

static void write_pending(struct ced_signal *sig)
{
	if (sig->pending_n && sig->out &&
	    sf_writef_short(sig->out, sig->pending, sig->pending_n) != sig->pending_n)
		stop_recording(sig);
	sig->unsynced += sig->pending_n;
	sig->pending_n = 0;
}

/**
 * ced_signal_dac_frame - a clock has come: record what the DACs show
 * @sig:	from ced_signal_new()
 */
void ced_signal_dac_frame(struct ced_signal *sig)
{
	int16_t *frame = sig->pending + sig->pending_n * sig->columns;
	unsigned int i;

	if (!sig->out)
		return;
	for (i = 0; i < sig->columns; i++)
		frame[i] = sig->dac[sig->column[i]];
	if (++sig->pending_n == OUT_FRAMES)
		write_pending(sig);
	if (sig->unsynced >= SYNC_FRAMES)
		ced_signal_dac_sync(sig);
}

/**
 * ced_signal_dac_sync - make the file whole as it is, its header included
 * @sig:	from ced_signal_new()
 *
 * So that nothing is missing from it if QEMU is killed next.
 */
void ced_signal_dac_sync(struct ced_signal *sig)
{
	write_pending(sig);
	sig->unsynced = 0;
	if (sig->out)
		sf_command(sig->out, SFC_UPDATE_HEADER_NOW, NULL, 0);
}

/**
 * ced_signal_rest - all DACs to 0 V, all digital outputs low
 * @sig:	from ced_signal_new()
 */
void ced_signal_rest(struct ced_signal *sig)
{
	ced_signal_dac_sync(sig);
	memset(sig->dac, 0, sizeof(sig->dac));
	sig->digout = 0;
}
