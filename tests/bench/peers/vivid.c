// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer of the benchmark: vivid, the kernel's virtual video camera, in its smallest
 * picture, 320 x 180 at the highest rate, captured into four mapped buffers.
 *
 * A thread of the kernel draws each picture. What it ran for is measured too: the
 * guest's clock runs by instructions, so that nanoseconds in the scheduler's book are
 * instructions.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>

#include "peer.h"

#define TOTAL	(8 * MIB)
#define BUFFERS	4

static int camera;
static struct v4l2_buffer buffers[BUFFERS];

static void call(unsigned long request, void *argument, const char *what)
{
	if (ioctl(camera, request, argument))
		give_up("vivid: %s", what);
}

/* Time that a thread has run, by the scheduler's book, ns */
static uint64_t time_of(int pid)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *book;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	book = fopen(path, "re");
	if (!book || fscanf(book, "%llu", &ns) != 1)
		give_up("vivid: %s", path);
	fclose(book);
	return ns;
}

/* The thread that draws: it lives as long as the stream */
static int painter(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int pid = 0;

	while (!pid && (entry = readdir(processes))) {
		char path[280], name[32] = "";
		FILE *comm;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		comm = fopen(path, "re");
		if (!comm)
			continue;
		if (fgets(name, sizeof(name), comm) && !strncmp(name, "vivid-", 6) &&
		    strstr(name, "-vid-cap"))
			pid = atoi(entry->d_name);
		fclose(comm);
	}
	closedir(processes);
	if (!pid) {
		errno = 0;
		give_up("vivid: no thread vivid-*-vid-cap");
	}
	return pid;
}

static void choose_picture(void)
{
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_streamparm rate = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

	format.fmt.pix.width = 320;
	format.fmt.pix.height = 180;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	call(VIDIOC_S_FMT, &format, "VIDIOC_S_FMT");
	rate.parm.capture.timeperframe.numerator = 1;
	rate.parm.capture.timeperframe.denominator = 1000;
	call(VIDIOC_S_PARM, &rate, "VIDIOC_S_PARM");
	printf("# vivid: %u x %u, %u bytes a picture, %u pictures in %u s\n",
	       format.fmt.pix.width, format.fmt.pix.height, format.fmt.pix.sizeimage,
	       rate.parm.capture.timeperframe.denominator,
	       rate.parm.capture.timeperframe.numerator);
}

static void get_buffers(void)
{
	struct v4l2_requestbuffers request = {
		.count = BUFFERS,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
	unsigned int i;

	call(VIDIOC_REQBUFS, &request, "VIDIOC_REQBUFS");
	for (i = 0; i < BUFFERS; i++) {
		struct v4l2_buffer *buffer = &buffers[i];
		void *memory;

		buffer->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
		buffer->memory = V4L2_MEMORY_MMAP;
		buffer->index = i;
		call(VIDIOC_QUERYBUF, buffer, "VIDIOC_QUERYBUF");
		memory = mmap(NULL, buffer->length, PROT_READ, MAP_SHARED, camera,
			      buffer->m.offset);
		if (memory == MAP_FAILED)
			give_up("vivid: mmap");
		call(VIDIOC_QBUF, buffer, "VIDIOC_QBUF");
	}
}

/* Take pictures, and give their buffers back, until so many bytes have come */
static uint64_t take(uint64_t total)
{
	uint64_t bytes = 0;

	while (bytes < total) {
		struct v4l2_buffer buffer = {
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
			.memory = V4L2_MEMORY_MMAP,
		};

		call(VIDIOC_DQBUF, &buffer, "VIDIOC_DQBUF");
		bytes += buffer.bytesused;
		call(VIDIOC_QBUF, &buffer, "VIDIOC_QBUF");
	}
	return bytes;
}

int main(int argc, char **argv)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, pid;
	struct measurement m;
	uint64_t drawn, bytes;

	camera = open(argc > 1 ? argv[1] : "/dev/video0", O_RDWR);
	if (camera < 0)
		give_up("vivid: no camera");
	choose_picture();
	get_buffers();
	prepare();
	call(VIDIOC_STREAMON, &type, "VIDIOC_STREAMON");
	pid = painter();
	take(MIB);
	drawn = time_of(pid);
	begin(&m);
	bytes = take(TOTAL);
	end(&m, "vivid.mmap", bytes);
	drawn = time_of(pid) - drawn;
	call(VIDIOC_STREAMOFF, &type, "VIDIOC_STREAMOFF");
	print_figure("vivid.painter", (double)drawn * MIB / (double)bytes,
		     "instructions/MiB");
	return 0;
}
