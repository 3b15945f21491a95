// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the buffers lie in the machine's memory, as root can see it: by debugfs,
 * /proc/kpageflags, /proc/kcore and the driver's trace events. The buffers are an
 * unprivileged user's.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <sys/mount.h>

#include "common.h"

#define DEBUGFS		"/sys/kernel/debug"
#define TRACEFS		"/sys/kernel/tracing"
#define ISA_END		0x1000000ull
#define KPF_RESERVED	32		/* linux/kernel-page-flags.h has it not */

struct place {
	unsigned int buffer;
	uint64_t phys, size, charged;
	unsigned int refs, maps;
};

/* A list in debugfs, of the card under test */
static const char *debug_file(const char *name)
{
	static char path[60];
	const char *number = strchr(strrchr(device(), '/'), '_');

	snprintf(path, sizeof(path), DEBUGFS "/ced1401/%s/%s",
		 number ? number + 1 : "0", name);
	return path;
}

/* As root from here on */
static FILE *open_debug_file(const char *name)
{
	FILE *file;

	become_root();
	if (access(DEBUGFS "/ced1401", F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	file = fopen(debug_file(name), "r");
	if (!file)
		fail_msg("%s: %s", debug_file(name), strerror(errno));
	return file;
}

/* This process's buffers, at most @room */
static unsigned int places(struct place *p, unsigned int room)
{
	FILE *file = open_debug_file("buffers");
	unsigned int n = 0;
	char line[200];

	while (n < room && fgets(line, sizeof(line), file)) {
		unsigned long long phys, size, charged;
		int pid;

		if (sscanf(line,
			   "pid=%d buffer=%u phys=%llx size=%llu charged=%llu refs=%u maps=%u",
			   &pid, &p[n].buffer, &phys, &size, &charged,
			   &p[n].refs, &p[n].maps) != 7)
			fail_msg("not understood: %s", line);
		p[n].phys = phys;
		p[n].size = size;
		p[n].charged = charged;
		n += pid == getpid();
	}
	fclose(file);
	return n;
}

static struct place place_of(unsigned int buffer)
{
	struct place p[CED1401_BUFFERS];
	unsigned int i, n = places(p, LENGTH(p));

	for (i = 0; i < n; i++) {
		if (p[i].buffer == buffer)
			return p[i];
	}
	fail_msg("buffer %u is not in %s", buffer, debug_file("buffers"));
	return p[0];
}

/* How many of the pages carry the mark */
static unsigned int reserved_pages(uint64_t phys, uint64_t size)
{
	int fd = open("/proc/kpageflags", O_RDONLY);
	unsigned int n = 0;
	uint64_t at, flags;

	assert_true(fd >= 0);
	for (at = phys / PAGE; at < (phys + size) / PAGE; at++) {
		assert_int_equal(pread(fd, &flags, 8, at * 8), 8);
		n += flags >> KPF_RESERVED & 1;
	}
	close(fd);
	return n;
}

static void every_buffer_lies_below_16_mib(void **state)
{
	static const size_t sizes[] = { 1, PAGE, 5000, 64 * KIB, 200 * KIB, MIB,
					2 * MIB };
	unsigned int i;
	int fd;

	(void)state;
	become_user();
	fd = open_session(0);
	for (i = 0; i < LENGTH(sizes); i++) {
		struct ced1401_buf_info b;
		struct place p;

		become_user();
		map_buffer(fd, i, sizes[i]);
		b = info(fd, i);
		p = place_of(i);
		assert_int_equal(p.phys % PAGE, 0);
		assert_true(p.phys > 0 && p.phys + p.charged <= ISA_END);
		assert_int_equal(p.size, b.size);
		assert_int_equal(p.charged, b.charged);
		assert_int_equal(p.maps, 1);
		if (sizes[i] == MIB)
			assert_int_equal(free_buffer(fd, i), 0);
	}
}

static void sixty_four_buffers_do_not_overlap(void **state)
{
	struct place p[CED1401_BUFFERS];
	unsigned int i, j, n;
	int fd;

	(void)state;
	become_user();
	fd = open_session(0);
	for (i = 0; i < CED1401_BUFFERS; i++)
		map_buffer(fd, i, 3 * PAGE);
	n = places(p, LENGTH(p));
	assert_int_equal(n, CED1401_BUFFERS);
	for (i = 0; i < n; i++) {
		assert_true(p[i].phys + p[i].charged <= ISA_END);
		for (j = 0; j < i; j++)
			assert_true(p[i].phys + p[i].charged <= p[j].phys ||
				    p[j].phys + p[j].charged <= p[i].phys);
	}
}

/* Kernels with this option BUG on the mark on such pages, and the driver leaves it */
static bool may_be_marked(void)
{
	return system("zgrep -qx CONFIG_DEBUG_VM_PGFLAGS=y /proc/config.gz 2> /dev/null") != 0;
}

static void pages_are_reserved_while_the_buffer_lives(void **state)
{
	static const size_t sizes[] = { PAGE, 64 * KIB, MIB };
	const uint64_t marked = may_be_marked();
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		struct place p;
		uint8_t *map;
		int fd;

		become_user();
		fd = open_session(0);
		map = map_buffer(fd, 0, sizes[i]);
		p = place_of(0);
		assert_int_equal(reserved_pages(p.phys, p.size),
				 p.size / PAGE * marked);
		/* While anything holds it, and no longer */
		assert_int_equal(free_buffer(fd, 0), 0);
		assert_int_equal(reserved_pages(p.phys, p.size),
				 p.size / PAGE * marked);
		close(fd);
		assert_int_equal(reserved_pages(p.phys, p.size),
				 p.size / PAGE * marked);
		unmap(map, sizes[i]);
		assert_int_equal(reserved_pages(p.phys, p.charged), 0);
	}
}

static void an_unmapped_buffer_stays_reserved_until_free(void **state)
{
	struct place p;
	int fd;

	(void)state;
	become_user();
	fd = open_session(0);
	unmap(map_buffer(fd, 0, 64 * KIB), 64 * KIB);
	p = place_of(0);
	assert_int_equal(p.maps, 0);
	assert_int_equal(reserved_pages(p.phys, p.size),
			 may_be_marked() ? 16 : 0);
	assert_int_equal(free_buffer(fd, 0), 0);
	assert_int_equal(reserved_pages(p.phys, p.charged), 0);
}

/*
 * The machine's memory by physical address: the part of /proc/kcore whose program
 * header says where it lies.
 */
static void read_physical(uint64_t phys, uint8_t *to, size_t n)
{
	ElfW(Ehdr) header;
	ElfW(Phdr) part;
	int fd = open("/proc/kcore", O_RDONLY);
	unsigned int i;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &header, sizeof(header), 0),
			 sizeof(header));
	for (i = 0; i < header.e_phnum; i++) {
		assert_int_equal(pread(fd, &part, sizeof(part),
				       header.e_phoff + i * sizeof(part)),
				 sizeof(part));
		if (part.p_type != PT_LOAD || part.p_paddr > phys ||
		    phys + n > part.p_paddr + part.p_memsz)
			continue;
		assert_int_equal(pread(fd, to, n, part.p_offset + phys -
				       part.p_paddr), n);
		close(fd);
		return;
	}
	fail_msg("/proc/kcore has nothing at 0x%llx",
		 (unsigned long long)phys);
}

static void the_mapping_is_that_memory_in_one_piece(void **state)
{
	const size_t size = 200 * KIB;
	uint8_t *p, *seen = malloc(size);
	int fd;

	(void)state;
	become_user();
	fd = open_session(0);
	p = map_buffer(fd, 0, size);
	fill(p, size, 16);
	read_physical(place_of(0).phys, seen, size);
	assert_filled(seen, size, 16);
	free(seen);
}

static void a_user_sees_no_physical_address(void **state)
{
	(void)state;
	become_user();
	open_session(0);
	become_root();
	assert_int_equal(access(debug_file("buffers"), R_OK), 0);
	become_user();
	assert_int_equal(access(debug_file("buffers"), R_OK), -1);
	become_root();
}

/* What root sees of a transfer is what its owner sees */
static void root_sees_the_transfers(void **state)
{
	const unsigned int flags = CED1401_TO_HOST | CED1401_ON_REQUEST;
	unsigned int slot, seen_flags, area, offset, length, at, blocks, refused, n = 0;
	unsigned long long bytes;
	char line[300];
	uint32_t id;
	FILE *file;
	int error, pid, fd;

	(void)state;
	become_user();
	fd = open_session(0);
	map_buffer(fd, 3, 2 * PAGE);
	id = start(fd, 3, flags, 1000, 5000, 6);
	to_host(fd, 6, 0, 700, 10);
	wait_blocks(fd, id, 1, 5000);
	file = open_debug_file("transfers");
	while (fgets(line, sizeof(line), file)) {
		unsigned int number;

		if (sscanf(line,
			   "pid=%d id=%u buffer=%u flags=%x area=%u offset=%u length=%u state=%u error=%d bytes=%llu blocks=%u refused=%u",
			   &pid, &number, &slot, &seen_flags, &area, &offset,
			   &length, &at, &error, &bytes, &blocks, &refused) != 12)
			fail_msg("not understood: %s", line);
		if (pid != getpid())
			continue;
		n++;
		assert_int_equal(number, id);
		assert_int_equal(slot, 3);
		assert_int_equal(seen_flags, flags);
		assert_int_equal(area, 6);
		assert_int_equal(offset, 1000);
		assert_int_equal(length, 5000);
		assert_int_equal(at, status(fd, id).state);
		assert_int_equal(error, 0);
		assert_int_equal(bytes, 700);
		assert_int_equal(blocks, 1);
		assert_int_equal(refused, 0);
	}
	fclose(file);
	assert_int_equal(n, 1);
}

static void write_trace(const char *name, const char *text)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), TRACEFS "/%s", name);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || (*text && write(fd, text, strlen(text)) < 0))
		fail_msg("%s: %s", path, strerror(errno));
	close(fd);
}

/* What the driver traced of @id's pieces; @from is the address of its first byte */
static void assert_pieces(uint32_t id, uint64_t from, uint32_t size)
{
	uint32_t page = wide() ? 128 * KIB : 64 * KIB, sum = 0;
	FILE *file = fopen(TRACEFS "/trace", "r");
	unsigned int pieces = 0;
	char line[300];

	assert_true(file);
	while (fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, "ced1401_piece_begin: ");
		unsigned int number, place, count;
		uint64_t begin;

		if (!at || sscanf(at, "%*s card=%*d id=%u at=%u count=%u",
				  &number, &place, &count) != 3 || number != id)
			continue;
		begin = from + place;
		assert_int_equal(place, sum);
		assert_int_not_equal(count, 0);
		pieces++;
		if (strstr(at, "bounce")) {
			/* Padded to a word, and not to the memory itself */
			assert_true(wide());
			sum += count < size - sum ? count : size - sum;
			continue;
		}
		if (begin / page != (begin + count - 1) / page)
			fail_msg("%u bytes from 0x%llx cross a DMA page", count,
				 (unsigned long long)begin);
		sum += count;
	}
	fclose(file);
	assert_int_equal(sum, size);
	assert_true(pieces >= size / page);
}

/*
 * QEMU's 8237, unlike the chip, does not wrap at a page's end, so data alone would
 * not show a piece that crosses one.
 */
static void no_piece_of_a_transfer_crosses_a_dma_page(void **state)
{
	static const uint32_t offsets[] = { 0, 2, 0x9000, 0x1fffe, 0x10001 };
	const uint32_t size = 300001;
	unsigned int i, j;
	uint8_t *p;
	int fd;

	(void)state;
	if (access(TRACEFS "/trace", F_OK))
		mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	write_trace("trace", "");
	write_trace("events/ced1401/enable", "1");
	fd = open_session(0);
	p = map_buffer(fd, 0, 512 * KIB);
	fill(p, 512 * KIB, 1);
	for (i = 0; i < LENGTH(offsets); i++) {
		for (j = 0; j < 2; j++) {
			uint32_t id = start(fd, 0, CED1401_ON_REQUEST |
					    (j ? CED1401_TO_HOST :
						 CED1401_TO_1401),
					    offsets[i], size, 0);

			if (j)
				to_host(fd, 0, 0, size, 0);
			else
				to_1401(fd, 0, 0, size, 0);
			wait_blocks(fd, id, 1, 5000);
			stop(fd, id);
			assert_pieces(id, place_of(0).phys + offsets[i], size);
		}
	}
	write_trace("events/ced1401/enable", "0");
	assert_filled(p, 512 * KIB, 1);
}

static void nothing_is_listed_when_all_is_closed(void **state)
{
	struct place p[CED1401_BUFFERS];

	(void)state;
	assert_int_equal(places(p, LENGTH(p)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_buffer_lies_below_16_mib),
		TEST(sixty_four_buffers_do_not_overlap),
		TEST(pages_are_reserved_while_the_buffer_lives),
		TEST(an_unmapped_buffer_stays_reserved_until_free),
		TEST(the_mapping_is_that_memory_in_one_piece),
		TEST(no_piece_of_a_transfer_crosses_a_dma_page),
		TEST(a_user_sees_no_physical_address),
		TEST(root_sees_the_transfers),
		TEST(nothing_is_listed_when_all_is_closed),
	};

	return RUN(tests);
}
