// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What nobody needs to do with a file of the device or a mapping of a buffer, and
 * somebody will: each works or is refused, and the stream into that memory, the
 * other buffers and the next program never know.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "common.h"

#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define STREAM	"XFIFO,0 1,H,4,100;"
#define SIZE	(64 * KIB)

/* A session whose buffer 0 is full of a pattern while a stream runs into buffer 1 */
struct running {
	int fd;
	uint8_t *still, *ring;
	uint32_t id;
};

static void begin(struct running *r)
{
	r->fd = open_session(0);
	r->still = map_buffer(r->fd, 0, SIZE);
	r->ring = map_buffer(r->fd, 1, SIZE);
	fill(r->still, SIZE, 1401);
	r->id = start_ring(r->fd, 1, IN_NOW, 0, SIZE, 0, 0);
	say(r->fd, STREAM);
	wait_bytes(r->fd, r->id, 1000, REPLY_MS);
}

/* Nothing has become of the one, and the other still runs */
static void assert_untouched(struct running *r)
{
	uint64_t bytes = status(r->fd, r->id).bytes;

	assert_filled(r->still, SIZE, 1401);
	wait_bytes(r->fd, r->id, bytes + 1000, REPLY_MS);
}

static void end(struct running *r)
{
	assert_untouched(r);
	stop(r->fd, r->id);
	close(r->fd);
	munmap(r->still, SIZE);
	munmap(r->ring, SIZE);
	assert_moves_whole();
}

/* ---- the mapping ---- */

static void a_mapping_may_be_mapped_over(void **state)
{
	struct running r;
	unsigned int i;
	uint8_t *p;

	(void)state;
	begin(&r);
	for (i = 0; i < 100; i++) {
		/* The ring under its stream: by itself, by another, by nothing */
		p = mmap(r.ring, SIZE, RW, MAP_SHARED | MAP_FIXED, r.fd,
			 CED1401_BUF_OFFSET(1 + i % 2));
		assert_ptr_equal(p, r.ring);
		assert_int_equal(info(r.fd, 1).maps, i % 2 ? 0 : 1);
		p = mmap(r.ring + SIZE / 2, SIZE / 2, RW, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		assert_ptr_equal(p, r.ring + SIZE / 2);
		*p = 1;
	}
	end(&r);
}

static void advice_changes_nothing(void **state)
{
	/* By number, for not every C library has every name; 0 to 25 and beyond */
	static const int refused[] = {
		MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DOFORK,
		MADV_WIPEONFORK, MADV_DODUMP,
	};
	struct running r;
	unsigned int i;
	int advice;

	(void)state;
	begin(&r);
	for (i = 0; i < LENGTH(refused); i++)
		assert_int_equal(madvise(r.still, SIZE, refused[i]), -1);
	for (advice = 0; advice < 110; advice++) {
		if (advice == MADV_DONTFORK)
			continue;
		madvise(r.still, SIZE, advice);
		madvise(r.ring + PAGE, PAGE, advice);
	}
	assert_untouched(&r);
	end(&r);
}

static void has_no_mapping(void *arg)
{
	uint8_t *p = arg;

	signal(SIGSEGV, SIG_DFL);	/* cmocka has a handler */
	p[0] = 1;
}

static void a_mapping_may_stay_behind_at_fork(void **state)
{
	struct running r;
	int result;
	pid_t pid;

	(void)state;
	begin(&r);
	assert_int_equal(madvise(r.still, SIZE, MADV_DONTFORK), 0);
	pid = child(has_no_mapping, r.still);
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGSEGV);
	assert_int_equal(info(r.fd, 0).maps, 1);
	end(&r);
}

static void locking_changes_nothing(void **state)
{
	unsigned char in_core[SIZE / PAGE];
	struct running r;

	(void)state;
	begin(&r);
	mlock(r.still, SIZE);
	assert_int_equal(mincore(r.still, SIZE, in_core), 0);
	munlock(r.still, SIZE);
	mlock2(r.ring, SIZE, MLOCK_ONFAULT);
	munlock(r.ring + PAGE, PAGE);
	msync(r.ring, SIZE, MS_SYNC | MS_INVALIDATE);
	assert_int_equal(mprotect(r.ring, SIZE, PROT_NONE), 0);
	assert_untouched(&r);
	assert_int_equal(mprotect(r.ring, SIZE, RW), 0);
	assert_int_equal(mprotect(r.ring, SIZE, RW | PROT_EXEC), -1);
	assert_int_equal(mprotect(r.ring, SIZE, PROT_EXEC), -1);
	end(&r);
}

/* Its pages are nobody's to hold: the kernel would write there after they went */
static void its_pages_cannot_be_held(void **state)
{
	struct running r;
	struct iovec mine, its;
	uint8_t some[64];
	int direct;
	long n;

	(void)state;
	begin(&r);
	mine = (struct iovec){ .iov_base = some, .iov_len = sizeof(some) };
	its = (struct iovec){ .iov_base = r.still, .iov_len = sizeof(some) };
	assert_int_equal(process_vm_readv(getpid(), &mine, 1, &its, 1, 0), -1);
	assert_int_equal(process_vm_writev(getpid(), &mine, 1, &its, 1, 0), -1);
	/* A futex that processes share is known by its page */
	assert_int_equal(syscall(SYS_futex, r.still, FUTEX_WAKE, 1), -1);
	assert_int_equal(syscall(SYS_futex, r.still, FUTEX_WAKE_PRIVATE, 1), 0);
	/* From a disk at once, or by a copy, but not by half */
	direct = open("/proc/self/exe", O_RDONLY | O_DIRECT);
	n = direct < 0 ? -1 : read(direct, r.ring, PAGE);
	assert_true(n == -1 || n == PAGE);
	end(&r);
}

static void faults_cannot_be_taken_over(void **state)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK |
			   1 /* UFFD_USER_MODE_ONLY, of Linux 5.11 */);
	struct running r;

	(void)state;
	begin(&r);
	if (uffd < 0) {
		print_message("# this kernel has no userfaultfd for users\n");
	} else {
		assert_int_equal(ioctl(uffd, UFFDIO_API, &api), 0);
		range.range.start = (uintptr_t)r.still;
		range.range.len = SIZE;
		assert_int_equal(ioctl(uffd, UFFDIO_REGISTER, &range), -1);
		range.mode = UFFDIO_REGISTER_MODE_WP;
		assert_int_equal(ioctl(uffd, UFFDIO_REGISTER, &range), -1);
		close(uffd);
	}
	end(&r);
}

struct traced {
	int up;
	uint8_t *to_read;
};

static void is_traced(void *arg)
{
	struct traced *t = arg;

	child_check(!mprotect(t->to_read, SIZE, PROT_READ));
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	tell(t->up, 'r');
	for (;;)
		pause();
}

static void a_tracer_sees_what_the_traced_may(void **state)
{
	long word, seen;
	struct running r;
	struct traced t;
	int up[2];
	pid_t pid;

	(void)state;
	begin(&r);
	make_pipe(up);
	t.up = up[1];
	t.to_read = r.still;
	pid = child(is_traced, &t);
	assert_int_equal(told(up[0], REPLY_MS), 'r');
	assert_int_equal(ptrace(PTRACE_ATTACH, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	memcpy(&word, r.still + PAGE - sizeof(word) / 2, sizeof(word));
	seen = ptrace(PTRACE_PEEKDATA, pid,
		      r.still + PAGE - sizeof(word) / 2, NULL);
	assert_memory_equal(&seen, &word, sizeof(word));
	assert_int_equal(ptrace(PTRACE_POKEDATA, pid, r.still, ~word), -1);
	assert_int_equal(ptrace(PTRACE_POKEDATA, pid, r.ring, word), 0);
	kill_child(pid);
	end(&r);
}

/* ---- io_uring ---- */

struct uring {
	int fd;
	struct io_uring_params params;
	uint8_t *rings;
	struct io_uring_sqe *entries;
};

static bool uring_begins(struct uring *u)
{
	memset(&u->params, 0, sizeof(u->params));
	u->fd = syscall(SYS_io_uring_setup, 8, &u->params);
	if (u->fd < 0 || !(u->params.features & IORING_FEAT_SINGLE_MMAP)) {
		print_message("# this kernel has no io_uring for users\n");
		return false;
	}
	u->rings = mmap(NULL, PAGE, RW, MAP_SHARED, u->fd, IORING_OFF_SQ_RING);
	u->entries = mmap(NULL, PAGE, RW, MAP_SHARED, u->fd, IORING_OFF_SQES);
	assert_true(u->rings != MAP_FAILED && u->entries != MAP_FAILED);
	return true;
}

static uint32_t *uring_word(struct uring *u, uint32_t at)
{
	return (uint32_t *)(u->rings + at);
}

static void uring_submit(struct uring *u, unsigned int op, int fd, void *p,
			 unsigned int n)
{
	uint32_t tail = *uring_word(u, u->params.sq_off.tail);
	uint32_t at = tail & *uring_word(u, u->params.sq_off.ring_mask);

	memset(&u->entries[at], 0, sizeof(u->entries[at]));
	u->entries[at].opcode = op;
	u->entries[at].fd = fd;
	u->entries[at].addr = (uintptr_t)p;
	u->entries[at].len = n;
	u->entries[at].off = -1;
	uring_word(u, u->params.sq_off.array)[at] = at;
	__atomic_store_n(uring_word(u, u->params.sq_off.tail), tail + 1,
			 __ATOMIC_RELEASE);
	assert_int_equal(syscall(SYS_io_uring_enter, u->fd, 1, 0, 0, NULL, 0),
			 1);
}

static int uring_result(struct uring *u)
{
	uint32_t head = *uring_word(u, u->params.cq_off.head);
	struct io_uring_cqe *all = (void *)(u->rings + u->params.cq_off.cqes);
	int result;

	assert_int_equal(syscall(SYS_io_uring_enter, u->fd, 0, 1,
				 IORING_ENTER_GETEVENTS, NULL, 0), 0);
	result = all[head & *uring_word(u, u->params.cq_off.ring_mask)].res;
	__atomic_store_n(uring_word(u, u->params.cq_off.head), head + 1,
			 __ATOMIC_RELEASE);
	return result;
}

static void io_uring_moves_through_it_by_copy(void **state)
{
	struct running r;
	struct iovec its;
	struct uring u;
	int ends[2];

	(void)state;
	begin(&r);
	if (uring_begins(&u)) {
		its = (struct iovec){ .iov_base = r.still, .iov_len = SIZE };
		/* Registered memory is pinned memory */
		assert_int_equal(syscall(SYS_io_uring_register, u.fd,
					 IORING_REGISTER_BUFFERS, &its, 1), -1);
		make_pipe(ends);
		uring_submit(&u, IORING_OP_WRITE, ends[1], r.still, PAGE);
		assert_int_equal(uring_result(&u), PAGE);
		uring_submit(&u, IORING_OP_READ, ends[0], r.still, PAGE);
		assert_int_equal(uring_result(&u), PAGE);
		close(u.fd);
	}
	end(&r);
}

static void io_uring_reads_and_writes_characters(void **state)
{
	int fd = open_session(0);
	struct uring u;
	char line[8];

	(void)state;
	if (!uring_begins(&u))
		return;
	assert_well(fd);
	/* The reader is there before there is anything to read */
	memset(line, 0, sizeof(line));
	uring_submit(&u, IORING_OP_READ, fd, line, 1);
	sleep_ms(50);
	say(fd, "ERR;");
	assert_int_equal(uring_result(&u), 1);
	assert_int_equal(line[0], '0');
	drain(fd, 100);
	uring_submit(&u, IORING_OP_WRITE, fd, "ERR;", 4);
	assert_int_equal(uring_result(&u), 4);
	assert_true(hear(fd, line, sizeof(line), REPLY_MS));
	assert_string_equal(line, "0,0");
	/* One that never comes to its end, closed before it */
	uring_submit(&u, IORING_OP_READ, fd, line, 1);
	uring_submit(&u, IORING_OP_POLL_ADD, fd, NULL, 0);
	close(fd);
	close(u.fd);
	munmap(u.rings, PAGE);
	munmap(u.entries, PAGE);
	assert_moves_whole();
}

/* ---- the file ---- */

static void there_is_no_place_in_it(void **state)
{
	struct running r;
	char c = ';';
	struct iovec one = { .iov_base = &c, .iov_len = 1 };

	(void)state;
	begin(&r);
	assert_int_equal(pread(r.fd, &c, 1, 0), -1);
	assert_int_equal(errno, ESPIPE);
	assert_int_equal(pwrite(r.fd, &c, 1, 5), -1);
	assert_int_equal(errno, ESPIPE);
	assert_int_equal(preadv2(r.fd, &one, 1, 7, 0), -1);
	assert_int_equal(lseek(r.fd, 1, SEEK_END), -1);
	assert_int_equal(ftruncate(r.fd, 0), -1);
	assert_int_equal(fallocate(r.fd, 0, 0, PAGE), -1);
	fsync(r.fd);
	posix_fadvise(r.fd, 0, PAGE, POSIX_FADV_DONTNEED);
	end(&r);
}

static void vectors_are_as_good_as_one_piece(void **state)
{
	int fd = open_session(0);
	char a[1], b[1], c[2] = "";
	struct iovec in[] = { { a, 1 }, { b, 0 }, { b, 1 }, { c, 2 } };
	struct iovec out[] = { { "ER", 2 }, { NULL, 0 }, { "R;", 2 } };

	(void)state;
	assert_int_equal(readv(fd, in, 0), 0);
	assert_int_equal(writev(fd, in, 0), 0);
	assert_int_equal(read(fd, NULL, 0), 0);
	assert_int_equal(writev(fd, out, LENGTH(out)), 4);
	while (!poll_for(fd, POLLIN, 100))
		;
	sleep_ms(200);
	assert_int_equal(readv(fd, in, LENGTH(in)), 4);
	assert_true(a[0] == '0' && b[0] == ',' && c[0] == '0' && c[1] == '\r');
}

static void pages_do_not_flow_through_it(void **state)
{
	int file = open("/proc/self/exe", O_RDONLY), ends[2];
	struct running r;

	(void)state;
	begin(&r);
	make_pipe(ends);
	tell(ends[1], ';');
	assert_int_equal(splice(r.fd, NULL, ends[1], NULL, 1, 0), -1);
	assert_int_equal(splice(ends[0], NULL, r.fd, NULL, 1, 0), -1);
	assert_int_equal(sendfile(r.fd, file, NULL, 1), -1);
	assert_int_equal(copy_file_range(file, NULL, r.fd, NULL, 1, 0), -1);
	end(&r);
}

static void the_way_it_was_opened_counts(void **state)
{
	struct ced1401_status s = { .id = 0 };
	struct running r;
	char c = ';';
	int fd;

	(void)state;
	begin(&r);
	fd = open(device(), O_PATH);
	assert_int_equal(call(fd, CED1401_IOC_STATUS, &s), EBADF);
	assert_int_equal(map_error(fd, 0, PAGE, PROT_READ, MAP_SHARED), EBADF);
	close(fd);
	fd = open(device(), O_WRONLY | O_NONBLOCK);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(map_error(fd, 0, PAGE, RW, MAP_SHARED), EACCES);
	assert_int_equal(write(fd, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
	/* For ioctls alone: neither to read nor to write */
	fd = open(device(), O_WRONLY | O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(write(fd, &c, 1), -1);
	assert_int_equal(map_error(fd, 0, PAGE, PROT_READ, MAP_SHARED), EACCES);
	assert_int_equal(call(fd, CED1401_IOC_STATUS, &s), 0);
	assert_int_equal(call(fd, CED1401_IOC_CLAIM, NULL), EACCES);
	close(fd);
	assert_int_equal(open(device(), O_RDWR | O_DIRECT), -1);
	assert_int_equal(open(device(), O_RDWR | O_DIRECTORY), -1);
	fd = open(device(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0);
	assert_true(fd >= 0);
	close(fd);
	end(&r);
}

static void its_flags_can_change(void **state)
{
	struct running r;
	char c;
	int other;

	(void)state;
	begin(&r);
	assert_int_equal(fcntl(r.fd, F_SETFL, O_NONBLOCK), 0);
	drain(r.fd, 0);
	assert_int_equal(read(r.fd, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fcntl(r.fd, F_SETFL, O_NONBLOCK | O_APPEND | O_ASYNC),
			 0);
	assert_int_equal(fcntl(r.fd, F_SETOWN, getpid()), 0);
	fcntl(r.fd, F_SETSIG, SIGRTMIN);
	fcntl(r.fd, F_SETLEASE, F_RDLCK);
	fcntl(r.fd, F_SETPIPE_SZ, PAGE);
	assert_int_equal(flock(r.fd, LOCK_EX | LOCK_NB), 0);
	other = open_session(O_NONBLOCK);
	/* A lock is between programs: the driver does not look */
	assert_int_equal(call(other, CED1401_IOC_CLAIM, NULL), EAGAIN);
	close(other);
	assert_int_equal(fcntl(r.fd, F_SETFL, 0), 0);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_mapping_may_be_mapped_over),
		TEST(advice_changes_nothing),
		TEST(a_mapping_may_stay_behind_at_fork),
		TEST(locking_changes_nothing),
		TEST(its_pages_cannot_be_held),
		TEST(faults_cannot_be_taken_over),
		TEST(a_tracer_sees_what_the_traced_may),
		TEST(io_uring_moves_through_it_by_copy),
		TEST(io_uring_reads_and_writes_characters),
		TEST(there_is_no_place_in_it),
		TEST(vectors_are_as_good_as_one_piece),
		TEST(pages_do_not_flow_through_it),
		TEST(the_way_it_was_opened_counts),
		TEST(its_flags_can_change),
	};

	return RUN(tests);
}
