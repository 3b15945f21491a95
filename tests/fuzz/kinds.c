// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kinds of arguments that calls have: the names that flags and choices have in
 * programs, numbers that lie at an end of something, and what is usual.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include <linux/ced1401.h>

#include "kinds.h"

#define NAMED(name, value)	{ #name, value }
#define END			{ NULL, 0 }
#define KIND(type, list, usual)	{ type, list, usual, LENGTH(usual) }

static const struct named open_flags[] = {
	NAMED(rw, O_RDWR), NAMED(wo, O_WRONLY), NAMED(nonblock, O_NONBLOCK),
	NAMED(append, O_APPEND), NAMED(trunc, O_TRUNC), NAMED(creat, O_CREAT),
	NAMED(direct, O_DIRECT), NAMED(async, O_ASYNC), NAMED(sync, O_SYNC),
	NAMED(path, O_PATH), NAMED(cloexec, O_CLOEXEC), END
};

static const struct named prots[] = {
	NAMED(read, PROT_READ), NAMED(write, PROT_WRITE), NAMED(exec, PROT_EXEC),
	NAMED(growsdown, PROT_GROWSDOWN), END
};

static const struct named map_flags[] = {
	NAMED(shared, MAP_SHARED), NAMED(private, MAP_PRIVATE),
	NAMED(fixed, MAP_FIXED), NAMED(populate, MAP_POPULATE),
	NAMED(locked, MAP_LOCKED), NAMED(sync, MAP_SYNC),
	NAMED(noreserve, MAP_NORESERVE), NAMED(growsdown, MAP_GROWSDOWN),
	NAMED(hugetlb, MAP_HUGETLB), END
};

static const struct named remap_flags[] = {
	NAMED(maymove, MREMAP_MAYMOVE), NAMED(fixed, MREMAP_FIXED),
	NAMED(dontunmap, 4), END
};

static const struct named advices[] = {
	NAMED(normal, MADV_NORMAL), NAMED(dontneed, MADV_DONTNEED),
	NAMED(dontfork, MADV_DONTFORK), NAMED(dofork, MADV_DOFORK),
	NAMED(dodump, MADV_DODUMP), NAMED(remove, MADV_REMOVE),
	NAMED(free, MADV_FREE), NAMED(mergeable, MADV_MERGEABLE),
	NAMED(hugepage, MADV_HUGEPAGE), NAMED(wipeonfork, MADV_WIPEONFORK),
	NAMED(cold, 20), NAMED(pageout, 21), NAMED(populate_read, 22),
	NAMED(populate_write, 23), END
};

static const struct named mem_calls[] = {
	NAMED(msync, MEM_SYNC), NAMED(mlock, MEM_LOCK),
	NAMED(munlock, MEM_UNLOCK), NAMED(mincore, MEM_INCORE),
	NAMED(vm_readv, MEM_READV), NAMED(vm_writev, MEM_WRITEV),
	NAMED(remap_pages, MEM_REMAP_PAGES), END
};

static const struct named io_calls[] = {
	NAMED(read, IO_READ), NAMED(write, IO_WRITE), NAMED(readv, IO_READV),
	NAMED(writev, IO_WRITEV), NAMED(pread, IO_PREAD),
	NAMED(pwrite, IO_PWRITE), NAMED(lseek, IO_LSEEK),
	NAMED(splice_in, IO_SPLICE_IN), NAMED(splice_out, IO_SPLICE_OUT),
	NAMED(sendfile, IO_SENDFILE), NAMED(fsync, IO_FSYNC),
	NAMED(ftruncate, IO_FTRUNCATE), END
};

static const struct named poll_calls[] = {
	NAMED(poll, POLL_POLL), NAMED(epoll, POLL_EPOLL),
	NAMED(select, POLL_SELECT), END
};

static const struct named poll_events[] = {
	NAMED(in, POLLIN), NAMED(out, POLLOUT), NAMED(pri, POLLPRI),
	NAMED(rdband, POLLRDBAND), NAMED(wrband, POLLWRBAND), END
};

static const struct named child_kinds[] = {
	NAMED(hold, CHILD_HOLD), NAMED(exit, CHILD_EXIT),
	NAMED(touch, CHILD_TOUCH), NAMED(close, CHILD_CLOSE),
	NAMED(unmap, CHILD_UNMAP), NAMED(write, CHILD_WRITE),
	NAMED(claim, CHILD_CLAIM), END
};

static const struct named signals[] = {
	NAMED(eintr, SIGNAL_EINTR), NAMED(restart, SIGNAL_RESTART),
	NAMED(stop, SIGNAL_STOP), NAMED(children, SIGNAL_CHILDREN),
	NAMED(die, SIGNAL_DIE), END
};

static const struct named no_yes[] = { NAMED(no, 0), NAMED(yes, 1), END };

static const struct named start_flags[] = {
	NAMED(to_host, CED1401_TO_HOST), NAMED(to_1401, CED1401_TO_1401),
	NAMED(now, CED1401_NOW), NAMED(on_request, CED1401_ON_REQUEST),
	NAMED(circular, CED1401_CIRCULAR), END
};

static const struct named plain_numbers[] = {
	NAMED(reset, 3), NAMED(get_char, 4), NAMED(send_char, 5),
	NAMED(chars, 6), NAMED(lines, 7), NAMED(unset_area, 12),
	NAMED(out_room, 14), NAMED(base, 15), NAMED(revision, 16),
	NAMED(kill_io, 18), NAMED(block_moves, 19), NAMED(state, 23),
	NAMED(grab, 25), NAMED(free, 26), NAMED(start_test, 31),
	NAMED(type, 33), NAMED(flags, 34), NAMED(full_reset, 41),
	NAMED(test_event, 46), END
};

static const struct named circ_calls[] = {
	NAMED(get, CIRC_GET), NAMED(free, CIRC_FREE), NAMED(all, CIRC_ALL), END
};

static const struct named directions[] = {
	NAMED(none, 0), NAMED(w, 1), NAMED(r, 2), NAMED(rw, 3), END
};

/* Numbers that lie at an end of something */
static const struct named counts[] = {
	{ "", 0 }, { "", 1 }, { "", 2 }, { "", 64 }, { "", 255 }, { "", 256 },
	{ "", 257 }, { "", 4096 }, { "", UINT64_MAX }, { "", INT32_MAX }, END
};

static const struct named sizes[] = {
	{ "", 0 }, { "", 1 }, { "", 2 }, { "", 4095 }, { "", 4096 },
	{ "", 4097 }, { "", 8192 }, { "", 0x10000 }, { "", 0x10000 },
	{ "", 0x10001 }, { "", 0x20000 }, { "", 0x21000 }, { "", 0x100000 },
	{ "", 0x100001 }, { "", 0x400000 }, { "", 0x400001 },
	{ "", UINT32_MAX }, { "", 1ull << 32 }, { "", UINT64_MAX },
	{ "", INT64_MAX }, { "", -4096ull }, END
};

static const struct named buffers[] = {
	{ "", 0 }, { "", 0 }, { "", 0 }, { "", 1 }, { "", 1 }, { "", 2 },
	{ "", 63 }, { "", 64 }, { "", 255 }, { "", UINT32_MAX }, END
};

static const struct named areas[] = {
	{ "", 0 }, { "", 0 }, { "", 0 }, { "", 1 }, { "", 1 }, { "", 2 },
	{ "", 7 }, { "", 8 }, { "", 255 }, { "", UINT32_MAX }, END
};

static const struct named times[] = {
	{ "", 0 }, { "", 1 }, { "", 1 }, { "", 5 }, { "", 20 }, END
};

static const struct named cards[] = {
	{ "", 0 }, { "", 0 }, { "", 0 }, { "", 1 }, { "", 1 }, { "", 2 }, END
};

static const struct named numbers[] = {
	{ "", 0 }, { "", 1 }, { "", 0x80 }, { "", INT32_MAX },
	{ "", UINT32_MAX }, { "", UINT64_MAX }, END
};

/* What is 0 as a rule: offsets, reserved fields */
static const struct named zeros[] = {
	{ "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 },
	{ "", 0 }, { "", 0 }, { "", 1 }, { "", 0x1000 }, { "", 0xf000 },
	{ "", UINT64_MAX }, END
};

static const struct named magics[] = {
	{ "", 0xcd }, { "", 0xcd }, { "", 0xce }, { "", 0xce }, { "", 'T' }, END
};

static const uint64_t usual_open[] = { O_RDWR, O_RDWR, O_RDWR | O_NONBLOCK, 0 };

static const uint64_t usual_prot[] = { PROT_READ | PROT_WRITE, PROT_READ };

static const uint64_t usual_map[] = { MAP_SHARED };

static const uint64_t usual_remap[] = { MREMAP_MAYMOVE, 0 };

static const uint64_t usual_start[] = {
	CED1401_TO_HOST | CED1401_ON_REQUEST, CED1401_TO_1401 | CED1401_ON_REQUEST,
	CED1401_TO_HOST | CED1401_NOW, CED1401_TO_1401 | CED1401_NOW,
};

static const uint64_t usual_at[] = {
	WHERE(REGION_ANON, 0), WHERE(REGION_ANON, 0x100),
	WHERE(REGION_ANON, 0x1000), WHERE(REGION_SHARED, 0),
};

static const uint64_t usual_memory[] = {
	WHERE(REGION_ANON, 0), WHERE(REGION_ANON, 0x10000),
	WHERE(REGION_ANON, 0x40001), WHERE(REGION_MAP, 0),
	WHERE(REGION_MAP, 0x1000), WHERE(REGION_MAP + 1, 0),
	WHERE(REGION_SHARED, 0), WHERE(REGION_RDONLY, 0),
};

static const uint64_t usual_hint[] = { 0, 0, 0, WHERE(REGION_ARENA, 0) };

const struct kind FILE_ = { .type = ARG_FILE };
const struct kind MAP = { .type = ARG_MAP };
const struct kind TRANSFER = { .type = ARG_TRANSFER, .list = numbers };
const struct kind AT = KIND(ARG_WHERE, NULL, usual_at);
const struct kind MEMORY = KIND(ARG_WHERE, NULL, usual_memory);
const struct kind HINT = KIND(ARG_WHERE, NULL, usual_hint);
const struct kind TEXT = { .type = ARG_TEXT };
const struct kind OPEN_FLAGS = KIND(ARG_FLAGS, open_flags, usual_open);
const struct kind PROT = KIND(ARG_FLAGS, prots, usual_prot);
const struct kind MAP_FLAGS = KIND(ARG_FLAGS, map_flags, usual_map);
const struct kind REMAP_FLAGS = KIND(ARG_FLAGS, remap_flags, usual_remap);
const struct kind START_FLAGS = KIND(ARG_FLAGS, start_flags, usual_start);
const struct kind EVENTS = { .type = ARG_FLAGS, .list = poll_events };
const struct kind ADVICE = { .type = ARG_CHOICE, .list = advices };
const struct kind MEM_CALL = { .type = ARG_CHOICE, .list = mem_calls };
const struct kind IO_CALL = { .type = ARG_CHOICE, .list = io_calls };
const struct kind POLL_CALL = { .type = ARG_CHOICE, .list = poll_calls };
const struct kind CHILD = { .type = ARG_CHOICE, .list = child_kinds };
const struct kind SIGNAL = { .type = ARG_CHOICE, .list = signals };
const struct kind YES = { .type = ARG_CHOICE, .list = no_yes };
const struct kind PLAIN = { .type = ARG_CHOICE, .list = plain_numbers };
const struct kind CIRC = { .type = ARG_CHOICE, .list = circ_calls };
const struct kind DIR = { .type = ARG_CHOICE, .list = directions };
const struct kind CARD = { .type = ARG_NUMBER, .list = cards };
const struct kind COUNT = { .type = ARG_NUMBER, .list = counts };
const struct kind SIZE = { .type = ARG_NUMBER, .list = sizes };
const struct kind BUFFER = { .type = ARG_NUMBER, .list = buffers };
const struct kind AREA = { .type = ARG_NUMBER, .list = areas };
const struct kind MS = { .type = ARG_NUMBER, .list = times };
const struct kind NUMBER = { .type = ARG_NUMBER, .list = numbers };
const struct kind ZERO = { .type = ARG_NUMBER, .list = zeros };
const struct kind MAGIC = { .type = ARG_NUMBER, .list = magics };
