// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A C++ program that uses libced1401, for any standard: throws, casts and all that C
 * would not take. tests/lib/run builds and runs it.
 */
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include <libced1401.h>

class session {
public:
	explicit session(const char *path) : device_(0)
	{
		const int ret = ced1401_open_path(path, CED1401L_NONBLOCK, &device_);

		if (ret < 0)
			throw std::runtime_error(ced1401_strerror(ret));
	}
	~session() { ced1401_close(device_); }
	ced1401_device *get() const { return device_; }

private:
	session(const session &);
	session &operator=(const session &);
	ced1401_device *device_;
};

static int count(void *user, ced1401_stream *, const ced1401_piece *piece, int)
{
	if (!piece)
		return 0;
	static_cast<std::vector<int16_t> *>(user)->push_back(piece->samples[0]);
	return static_cast<int>(piece->frames);
}

int main()
{
	ced1401_stream_callback *callback = count;
	std::vector<int16_t> samples;
	std::string what;

	try {
		const session s("/nowhere/ced1401");

		ced1401_command(s.get(), "DAC,0 %d", 1);
	} catch (const std::runtime_error &error) {
		what = error.what();
	}
	if (what.find("no such device") != 0 || callback(&samples, 0, 0, 0))
		return 1;
	std::printf("libced1401 %s: no device\n", ced1401_version());
	return 0;
}
