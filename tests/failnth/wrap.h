/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With ld's --wrap=NAME a program's calls of NAME come to __wrap_NAME, and the C library's
 * own function is __real_NAME.
 */
#ifndef TESTS_FAILNTH_WRAP_H
#define TESTS_FAILNTH_WRAP_H

#include <poll.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/uio.h>

int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __real_write(int fd, const void *from, size_t n);
int __real_ioctl(int fd, unsigned long request, ...);
int __real_poll(struct pollfd *fds, nfds_t n, int ms);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t size);
int __real_mprotect(void *at, size_t size, int prot);
int __real_madvise(void *at, size_t size, int advice);
void *__real_mremap(void *at, size_t size, size_t new_size, int flags, ...);
ssize_t __real_pread(int fd, void *to, size_t n, off_t at);
ssize_t __real_pwrite(int fd, const void *from, size_t n, off_t at);
ssize_t __real_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long locals, const struct iovec *remote,
				unsigned long remotes, unsigned long flags);
pid_t __real_fork(void);
int __real_sigaction(int number, const struct sigaction *action,
		     struct sigaction *old);
unsigned int __real_alarm(unsigned int seconds);

int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __wrap_write(int fd, const void *from, size_t n);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset);
int __wrap_munmap(void *at, size_t size);
int __wrap_mprotect(void *at, size_t size, int prot);
int __wrap_madvise(void *at, size_t size, int advice);
void *__wrap_mremap(void *at, size_t size, size_t new_size, int flags, ...);
ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *from, size_t n, off_t at);
ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long locals, const struct iovec *remote,
				unsigned long remotes, unsigned long flags);
int __wrap_sigaction(int number, const struct sigaction *action,
		     struct sigaction *old);
unsigned int __wrap_alarm(unsigned int seconds);
pid_t __wrap_fork(void);

#endif /* TESTS_FAILNTH_WRAP_H */
