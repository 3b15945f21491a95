// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmap as the malloc of DMA buffers, and what it refuses.
 */
#define _GNU_SOURCE
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "common.h"

static void a_buffer_of_any_size_can_be_written_and_read(void **state)
{
	static const size_t sizes[] = {
		1, 4095, 4096, 4097, 65535, 65536, 65537, 131072, 1000000, MIB,
	};
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		uint8_t *p = map_buffer(fd, i, sizes[i]);

		fill(p, sizes[i], i);
		assert_filled(p, sizes[i], i);
		assert_int_equal(info(fd, i).size,
				 (sizes[i] + PAGE - 1) / PAGE * PAGE);
		unmap(p, sizes[i]);
		assert_int_equal(free_buffer(fd, i), 0);
	}
}

static void a_buffer_of_4_mib_can_be_mapped(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, CED1401_BUF_MAX);

	(void)state;
	assert_all(p, CED1401_BUF_MAX, 0);
	fill(p, CED1401_BUF_MAX, 4);
	assert_filled(p, CED1401_BUF_MAX, 4);
}

static void a_new_buffer_is_zeroed(void **state)
{
	static const size_t sizes[] = { PAGE, 16 * KIB, 128 * KIB, MIB };
	unsigned int i, round;

	(void)state;
	/* What was filled and freed is what the allocator hands out next */
	for (round = 0; round < 3; round++) {
		int fd = open_session(0);

		for (i = 0; i < LENGTH(sizes); i++) {
			uint8_t *p = map_buffer(fd, i, sizes[i]);

			assert_all(p, sizes[i], 0);
			memset(p, 0xa5, sizes[i]);
			unmap(p, sizes[i]);
		}
		close(fd);
	}
}

static void a_second_mapping_shows_the_same_memory(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 3, 32 * KIB);
	uint8_t *q = map_buffer(fd, 3, 32 * KIB);

	(void)state;
	assert_true(p != q);
	fill(p, 32 * KIB, 1);
	assert_filled(q, 32 * KIB, 1);
	q[100] = 77;
	assert_int_equal(p[100], 77);
}

static void a_mapping_may_begin_at_a_page_of_the_buffer(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, 8 * PAGE);
	uint8_t *q;

	(void)state;
	fill(p, 8 * PAGE, 2);
	q = map_at(fd, 0, 3 * PAGE, 5 * PAGE, RW);
	assert_same(q, p + 5 * PAGE, 3 * PAGE);
	q[0] ^= 0xff;
	assert_int_equal(p[5 * PAGE], q[0]);
}

static void a_mapping_beyond_the_buffer_is_refused(void **state)
{
	int fd = open_session(0);

	(void)state;
	map_buffer(fd, 0, 4 * PAGE);
	assert_int_equal(map_error(fd, 0, 5 * PAGE, RW, MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, PAGE, 4 * PAGE, RW, MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, 4 * PAGE, PAGE, RW, MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, 0xfff000, PAGE, RW, MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, 3 * PAGE, PAGE, RW, MAP_SHARED), 0);
}

static void the_allocating_mapping_begins_at_offset_0(void **state)
{
	int fd = open_session(0);

	(void)state;
	assert_int_equal(map_error(fd, PAGE, PAGE, RW, MAP_SHARED), EINVAL);
}

static void sizes_that_no_buffer_has_are_refused(void **state)
{
	int fd = open_session(0);

	(void)state;
	assert_int_equal(map_error(fd, 0, 0, RW, MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, 0, CED1401_BUF_MAX + 1, RW, MAP_SHARED),
			 EINVAL);
	assert_int_equal(map_error(fd, 0, 0x1000000, RW, MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, 0, 0x2000000, RW, MAP_SHARED), EINVAL);
}

static void offsets_that_name_no_buffer_are_refused(void **state)
{
	static const uint32_t offsets[] = {
		CED1401_BUF_OFFSET(64), CED1401_BUF_OFFSET(65), 0x7d000000,
		0x7e001000, 0x7f001000, 0x7ffff000,
	};
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(offsets); i++)
		assert_int_equal(map_error(fd, offsets[i], PAGE, RW,
					   MAP_SHARED), EINVAL);
	if (sizeof(off_t) > 4) {
		assert_int_equal(map_error(fd, 1ull << 32, PAGE, RW,
					   MAP_SHARED), EINVAL);
		assert_int_equal(map_error(fd, 1ull << 56, PAGE, RW,
					   MAP_SHARED), EINVAL);
	}
}

static void a_private_mapping_is_refused(void **state)
{
	int fd = open_session(0);

	(void)state;
	assert_int_equal(map_error(fd, 0, PAGE, RW, MAP_PRIVATE), EINVAL);
	assert_int_equal(map_error(fd, 0, PAGE, PROT_READ, MAP_PRIVATE),
			 EINVAL);
	/* And took nothing */
	assert_int_equal(call(fd, CED1401_IOC_BUF_INFO,
			      &(struct ced1401_buf_info){ 0 }), ENOENT);
}

static void an_executable_mapping_is_refused(void **state)
{
	int fd = open_session(0);

	(void)state;
	assert_int_equal(map_error(fd, 0, PAGE, RW | PROT_EXEC, MAP_SHARED),
			 EPERM);
	assert_int_equal(map_error(fd, 0, PAGE, PROT_EXEC, MAP_SHARED), EPERM);
}

static void a_mapping_never_becomes_executable(void **state)
{
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, PAGE);

	(void)state;
	assert_int_equal(mprotect(p, PAGE, RW | PROT_EXEC), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(mprotect(p, PAGE, PROT_READ), 0);
	assert_int_equal(mprotect(p, PAGE, RW), 0);
	p[0] = 1;
}

/* Old programs with an executable stack run with this personality */
static void read_implies_exec_maps_without_exec(void **state)
{
	int fd = open_session(0), old = personality(0xffffffff);
	void *p;

	(void)state;
	assert_true(old >= 0);
	assert_true(personality(old | READ_IMPLIES_EXEC) >= 0);
	p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	personality(old);
	assert_true(p != MAP_FAILED);
	*(volatile uint8_t *)p = 5;
	assert_int_equal(mprotect(p, PAGE, RW | PROT_EXEC), -1);
}

static void a_read_only_open_maps_for_reading_alone(void **state)
{
	int fd = open_session(O_RDONLY_ONLY);
	uint8_t *p;

	(void)state;
	assert_int_equal(map_error(fd, 0, PAGE, RW, MAP_SHARED), EACCES);
	assert_int_equal(map_error(fd, 0, PAGE, PROT_WRITE, MAP_SHARED),
			 EACCES);
	p = map_at(fd, 0, PAGE, 0, PROT_READ);
	assert_all(p, PAGE, 0);
	assert_int_equal(mprotect(p, PAGE, RW), -1);
	assert_int_equal(errno, EACCES);
}

static void a_write_to_a_read_only_mapping_is_a_fault(void **state)
{
	int fd = open_session(0), result;
	uint8_t *p = map_at(fd, 0, PAGE, 0, PROT_READ);
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile uint8_t *)p = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_true(WIFSIGNALED(result));
	assert_int_equal(WTERMSIG(result), SIGSEGV);
	assert_int_equal(p[0], 0);
}

static void buffers_are_distinct_memory(void **state)
{
	uint8_t *p[CED1401_BUFFERS];
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < CED1401_BUFFERS; i++) {
		p[i] = map_buffer(fd, i, PAGE);
		fill(p[i], PAGE, i);
	}
	for (i = 0; i < CED1401_BUFFERS; i++)
		assert_filled(p[i], PAGE, i);
}

static void another_session_has_other_memory(void **state)
{
	int a = open_session(0), b = open_session(0);
	uint8_t *p = map_buffer(a, 0, 2 * PAGE), *q;

	(void)state;
	fill(p, 2 * PAGE, 9);
	q = map_buffer(b, 0, 2 * PAGE);
	assert_all(q, 2 * PAGE, 0);
	memset(q, 0xff, 2 * PAGE);
	assert_filled(p, 2 * PAGE, 9);
}

static void buf_info_tells_size_charge_and_mappings(void **state)
{
	int fd = open_session(0);
	struct ced1401_buf_info i;
	uint8_t *p, *q;

	(void)state;
	p = map_buffer(fd, 7, 5000);
	i = info(fd, 7);
	assert_int_equal(i.buffer, 7);
	assert_int_equal(i.size, 8192);
	assert_true(i.charged >= 8192);
	assert_int_equal(i.charged % PAGE, 0);
	assert_int_equal(i.flags, CED1401_BUF_ALLOCATED);
	assert_int_equal(i.maps, 1);
	q = map_buffer(fd, 7, 5000);
	assert_int_equal(info(fd, 7).maps, 2);
	unmap(p, 8192);
	unmap(q, 8192);
	assert_int_equal(info(fd, 7).maps, 0);
}

static void alloc_reserves_a_number_that_no_other_gets(void **state)
{
	bool seen[CED1401_BUFFERS] = { false };
	struct ced1401_alloc a = { .size = PAGE };
	int fd = open_session(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < CED1401_BUFFERS; i++) {
		a = (struct ced1401_alloc){ .size = PAGE };
		assert_int_equal(call(fd, CED1401_IOC_ALLOC, &a), 0);
		assert_in_range(a.buffer, 0, CED1401_BUFFERS - 1);
		assert_false(seen[a.buffer]);
		seen[a.buffer] = true;
		/* Reserved, yet without memory */
		assert_int_equal(info(fd, a.buffer).flags, 0);
		assert_int_equal(info(fd, a.buffer).charged, 0);
	}
	a = (struct ced1401_alloc){ .size = PAGE };
	assert_int_equal(call(fd, CED1401_IOC_ALLOC, &a), ENOSPC);
	assert_int_equal(free_buffer(fd, 33), 0);
	assert_int_equal(call(fd, CED1401_IOC_ALLOC, &a), 0);
	assert_int_equal(a.buffer, 33);
}

static void a_reserved_number_maps_up_to_its_size(void **state)
{
	struct ced1401_alloc a = { .size = 3 * PAGE };
	int fd = open_session(0);

	(void)state;
	assert_int_equal(call(fd, CED1401_IOC_ALLOC, &a), 0);
	assert_int_equal(map_error(fd, CED1401_BUF_OFFSET(a.buffer), 4 * PAGE,
				   RW, MAP_SHARED), EINVAL);
	fill(map_buffer(fd, a.buffer, 3 * PAGE), 3 * PAGE, 1);
	assert_true(info(fd, a.buffer).flags & CED1401_BUF_ALLOCATED);
}

static void alloc_passes_over_numbers_in_use(void **state)
{
	struct ced1401_alloc a = { .size = PAGE };
	int fd = open_session(0);

	(void)state;
	map_buffer(fd, 0, PAGE);
	map_buffer(fd, 1, PAGE);
	assert_int_equal(call(fd, CED1401_IOC_ALLOC, &a), 0);
	assert_true(a.buffer > 1);
}

static void a_debugger_reads_and_writes_through_proc_mem(void **state)
{
	int fd = open_session(0), mem = open("/proc/self/mem", O_RDWR);
	uint8_t *p = map_buffer(fd, 0, 3 * PAGE), got[2 * PAGE];
	uint8_t *end = p + 2 * PAGE;
	uint8_t value = 0x5a;
	ssize_t n;

	(void)state;
	assert_true(mem >= 0);
	fill(p, 2 * PAGE, 6);
	assert_int_equal(pread64(mem, got, sizeof(got), (uintptr_t)p),
			 2 * PAGE);
	assert_filled(got, sizeof(got), 6);
	assert_int_equal(pread64(mem, got, 100, (uintptr_t)p + PAGE - 50), 100);
	assert_same(got, p + PAGE - 50, 100);
	assert_int_equal(pwrite64(mem, &value, 1, (uintptr_t)p + 5000), 1);
	assert_int_equal(p[5000], value);
	/* Not a byte behind the mapping */
	unmap(end, PAGE);
	n = pread64(mem, got, 100, (uintptr_t)end - 10);
	assert_true(n <= 10);
}

static void a_debugger_does_not_write_to_a_read_only_mapping(void **state)
{
	int fd = open_session(0), mem = open("/proc/self/mem", O_RDWR);
	uint8_t *p = map_at(fd, 0, PAGE, 0, PROT_READ), value = 1;

	(void)state;
	assert_true(mem >= 0);
	assert_true(pwrite(mem, &value, 1, (uintptr_t)p) != 1);
	assert_int_equal(p[0], 0);
}

/* What would pin or lend the pages to others must fail, not work by half */
static void the_pages_cannot_be_taken_by_other_ways(void **state)
{
	struct iovec remote, local;
	int fd = open_session(0), ends[2];
	uint8_t *p = map_buffer(fd, 0, PAGE), got[16];

	(void)state;
	make_pipe(ends);
	remote = (struct iovec){ .iov_base = p, .iov_len = 16 };
	local = (struct iovec){ .iov_base = got, .iov_len = 16 };
	assert_int_equal(process_vm_readv(getpid(), &local, 1, &remote, 1, 0),
			 -1);
	assert_int_equal(vmsplice(ends[1], &remote, 1, 0), -1);
	assert_int_equal(madvise(p, PAGE, MADV_DOFORK), -1);
}

static void the_buffer_can_be_given_to_system_calls(void **state)
{
	int fd = open_session(0), ends[2];
	uint8_t *p = map_buffer(fd, 0, 2 * PAGE);

	(void)state;
	make_pipe(ends);
	fill(p, PAGE, 8);
	assert_int_equal(write(ends[1], p, PAGE), PAGE);
	assert_int_equal(read(ends[0], p + PAGE, PAGE), PAGE);
	assert_filled(p + PAGE, PAGE, 8);
}

struct shown {
	int up;
	int fd;
};

static void show_a_buffer(void *arg)
{
	struct shown *s = arg;
	uint8_t *p = map_buffer(s->fd, 0, 16 * KIB);

	fill(p, 16 * KIB, 1401);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	dprintf(s->up, "%p\n", (void *)p);
	for (;;)
		pause();
}

static void gdb_reads_the_samples(void **state)
{
	struct shown s = { .fd = open_session(0) };
	char address[32] = "", file[] = "/tmp/ced1401-gdb-XXXXXX";
	char command[300];
	uint8_t *got;
	int ends[2], out;
	pid_t pid;

	(void)state;
	if (system("command -v gdb >/dev/null"))
		fail_msg("gdb is not installed");
	make_pipe(ends);
	s.up = ends[1];
	pid = child(show_a_buffer, &s);
	assert_true(poll_for(ends[0], POLLIN, 5000) & POLLIN);
	assert_true(read(ends[0], address, sizeof(address) - 1) > 1);
	address[strcspn(address, "\n")] = 0;
	out = mkstemp(file);
	assert_true(out >= 0);
	snprintf(command, sizeof(command),
		 "gdb -nx -batch -iex 'set auto-load off' -p %d -ex 'dump binary memory %s %s %s+%u' >/dev/null 2>%s.log",
		 pid, file, address, address, 16 * KIB, file);
	alarm(0);
	assert_int_equal(system(command), 0);
	got = malloc(16 * KIB);
	assert_int_equal(read(out, got, 16 * KIB), 16 * KIB);
	assert_filled(got, 16 * KIB, 1401);
	free(got);
	unlink(file);
	strcat(file, ".log");
	unlink(file);
	kill_child(pid);
}

static uint32_t *map_control(int fd)
{
	uint32_t *control = mmap(NULL, CED1401_CONTROL_SIZE, RW, MAP_SHARED, fd,
				 CED1401_CONTROL_OFFSET);

	assert_true(control != MAP_FAILED);
	return control;
}

/*
 * What they are for is tested by shared.c; that they can fail to be made, here: a session
 * for each failure, since it makes them once
 */
static void the_shared_pages_are_the_sessions(void **state)
{
	uint32_t *status, *control;
	unsigned int i;
	int fd;

	(void)state;
	for (i = 0; i < 16; i++) {
		fd = open_session(0);
		control = map_control(fd);
		assert_int_equal(control[0], 0);
		control[0] = 1401;
		unmap(control, CED1401_CONTROL_SIZE);
		control = map_control(fd);
		assert_int_equal(control[0], 1401);
		unmap(control, CED1401_CONTROL_SIZE);
		assert_int_equal(close(fd), 0);
	}
	fd = open_session(0);
	control = map_control(fd);
	status = mmap(NULL, CED1401_STATUS_SIZE, PROT_READ, MAP_SHARED, fd,
		      CED1401_STATUS_OFFSET);
	assert_true(status != MAP_FAILED);
	assert_int_equal(status[0], 0);
	assert_int_equal(control[0], 0);
	unmap(status, CED1401_STATUS_SIZE);
	unmap(control, CED1401_CONTROL_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_buffer_of_any_size_can_be_written_and_read),
		TEST(a_buffer_of_4_mib_can_be_mapped),
		TEST(a_new_buffer_is_zeroed),
		TEST(a_second_mapping_shows_the_same_memory),
		TEST(a_mapping_may_begin_at_a_page_of_the_buffer),
		TEST(a_mapping_beyond_the_buffer_is_refused),
		TEST(the_allocating_mapping_begins_at_offset_0),
		TEST(sizes_that_no_buffer_has_are_refused),
		TEST(offsets_that_name_no_buffer_are_refused),
		TEST(a_private_mapping_is_refused),
		TEST(an_executable_mapping_is_refused),
		TEST(a_mapping_never_becomes_executable),
		TEST(read_implies_exec_maps_without_exec),
		TEST(a_read_only_open_maps_for_reading_alone),
		TEST(a_write_to_a_read_only_mapping_is_a_fault),
		TEST(buffers_are_distinct_memory),
		TEST(another_session_has_other_memory),
		TEST(buf_info_tells_size_charge_and_mappings),
		TEST(alloc_reserves_a_number_that_no_other_gets),
		TEST(a_reserved_number_maps_up_to_its_size),
		TEST(alloc_passes_over_numbers_in_use),
		TEST(a_debugger_reads_and_writes_through_proc_mem),
		TEST(a_debugger_does_not_write_to_a_read_only_mapping),
		TEST(the_pages_cannot_be_taken_by_other_ways),
		TEST(the_buffer_can_be_given_to_system_calls),
		TEST(gdb_reads_the_samples),
		TEST(the_shared_pages_are_the_sessions),
	};

	return RUN(tests);
}
