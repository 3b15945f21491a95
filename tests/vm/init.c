// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first process of the guest that tests/vm/run boots.
 *
 * It makes the host's root file system the guest's (read-only by 9p, with an
 * overlay in memory so that the guest may scribble), mounts the project folder
 * writable, loads the driver, runs one command, and tells the host how it ended.
 * It stands in for udev too: /dev/ced1401* get their group and links here, unless
 * the root is a whole system with a udev of its own.
 *
 * What to do comes in files of the 9p share "run", a folder that tests/vm/run
 * made for this one boot: config (lines "key=value"), argv and env (strings
 * ended by NUL). Its answers go there too: out and err, what the command wrote,
 * status, one line: "exit N", "signal N" or "error what went wrong", and coverage/,
 * which lines of the driver ran, if the kernel and the driver were built to know.
 * Files of a share, rather than a serial line, so that a host that reads slowly
 * never stalls the guest.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEVICE_GID	1401		/* the guest's group "ced1401" */
#define DEVICE_GROUP	"ced1401"

static int run_dir = -1;		/* the share "run" */
static int out_fd = -1, err_fd = -1;	/* its files out and err */
static int port_fd = -1;		/* the terminal, or the command's input */
static int uevent_fd = -1;
static pid_t child;

/* From the config file; strings are never NULL */
static struct {
	const char *project, *cwd, *module, *module_args, *module_tree;
	bool user, tty, merge, input, system;
	unsigned int uid, rows, cols;
} cfg = {
	.project = "", .cwd = "/", .module = "", .module_args = "",
	.module_tree = "",
};

static char *user_name = "root", *user_home = "/root";
static unsigned int user_gid;

static void write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		data += n;
		size -= n;
	}
}

/* A line for the kernel's log, so that it stands among the kernel's own */
static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
	char text[512];
	va_list ap;
	int fd, n;

	n = snprintf(text, sizeof(text), "<5>vm: ");
	va_start(ap, format);
	vsnprintf(text + n, sizeof(text) - n, format, ap);
	va_end(ap);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	write_all(fd, text, strlen(text));
	close(fd);
}

static void __attribute__((noreturn)) power_off(void)
{
	sync();
	/* QEMU runs with -no-reboot: a reboot needs no ACPI and ends it */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void report(const char *status)
{
	int fd = openat(run_dir, "status", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		return;
	write_all(fd, status, strlen(status));
	fsync(fd);
	close(fd);
}

static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *format, ...)
{
	char text[512];
	va_list ap;
	int n;

	n = snprintf(text, sizeof(text), "error ");
	va_start(ap, format);
	vsnprintf(text + n, sizeof(text) - n - 1, format, ap);
	va_end(ap);
	note("%s", text);
	strcat(text, "\n");
	if (run_dir >= 0)
		report(text);
	power_off();
}

static void make_dirs(const char *path)
{
	char *copy = strdup(path), *p;

	for (p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(copy, 0755);
		*p = '/';
	}
	mkdir(copy, 0755);
	free(copy);
}

static void do_mount(const char *what, const char *where, const char *type,
		     unsigned long flags, const char *options)
{
	if (mount(what, where, type, flags, options))
		fail("cannot mount %s (%s) at %s: %s", what, type, where,
		     strerror(errno));
}

/*
 * The largest messages of 5.10, but on a small machine what is easily found: the
 * kernel wants each message's memory in one piece.
 */
static void mount_share(const char *tag, const char *where, unsigned long flags,
			const char *cache)
{
	long mib = sysconf(_SC_PHYS_PAGES) / (1048576 / sysconf(_SC_PAGESIZE));
	char options[128];

	snprintf(options, sizeof(options),
		 "trans=virtio,version=9p2000.L,msize=%u,cache=%s",
		 mib < 128 ? 16384 : 512000, cache);
	do_mount(tag, where, "9p", flags, options);
}

/* A mount that not every kernel has */
static void try_mount(const char *type, const char *where)
{
	mount(type, where, type, 0, NULL);
}

/* ---- modules ---------------------------------------------------------- */

static int load_module(const char *path, const char *args)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -1;
	ret = syscall(SYS_finit_module, fd, args, 0);
	close(fd);
	return ret;
}

/* What the mounts need; the list is in the order of the dependencies */
static void load_boot_modules(void)
{
	FILE *list = fopen("/modules/order", "re");
	char line[256];

	if (!list)
		return;		/* a kernel that has all of it built in */
	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = '\0';
		if (load_module(line, "") && errno != EEXIST)
			note("%s: %s", line, strerror(errno));
	}
	fclose(list);
}

static void load_driver(void)
{
	if (!*cfg.module)
		return;
	if (load_module(cfg.module, cfg.module_args))
		fail("insmod %s %s: %s", cfg.module, cfg.module_args,
		     strerror(errno));
}

/* ---- in place of udev -------------------------------------------------- */

/* What udev/'s rule does on a real machine: group access, the library's link */
static void adopt_node(const char *name)
{
	char path[300], link[300], target[300];
	const char *number = "0";

	if (cfg.system || strncmp(name, "ced1401", 7))
		return;
	if (name[7] == '_')
		number = name + 8;
	else if (name[7])
		return;
	snprintf(path, sizeof(path), "/dev/%s", name);
	if (chown(path, 0, DEVICE_GID) || chmod(path, 0660))
		return;
	mkdir("/dev/cedusb", 0755);
	snprintf(link, sizeof(link), "/dev/cedusb/%s", number);
	snprintf(target, sizeof(target), "../%s", name);
	unlink(link);
	if (symlink(target, link))
		note("%s: %s", link, strerror(errno));
}

static void drop_node(const char *name)
{
	char link[300];

	if (cfg.system || strncmp(name, "ced1401", 7))
		return;
	snprintf(link, sizeof(link), "/dev/cedusb/%s",
		 name[7] == '_' ? name + 8 : "0");
	unlink(link);
}

static void adopt_nodes(void)
{
	DIR *dev = opendir("/dev");
	struct dirent *entry;

	if (!dev)
		return;
	while ((entry = readdir(dev)))
		adopt_node(entry->d_name);
	closedir(dev);
}

static void listen_uevents(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };

	uevent_fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			   NETLINK_KOBJECT_UEVENT);
	if (uevent_fd >= 0 &&
	    bind(uevent_fd, (struct sockaddr *)&address, sizeof(address))) {
		close(uevent_fd);
		uevent_fd = -1;
	}
}

static void handle_uevents(void)
{
	char message[8192];
	ssize_t n;

	while ((n = recv(uevent_fd, message, sizeof(message) - 1, 0)) > 0) {
		const char *p, *name = "";

		message[n] = '\0';
		for (p = message; p < message + n; p += strlen(p) + 1)
			if (!strncmp(p, "DEVNAME=", 8))
				name = p + 8;
		if (!strncmp(message, "add@", 4))
			adopt_node(name);
		else if (!strncmp(message, "remove@", 7))
			drop_node(name);
	}
}

/* ---- the file systems --------------------------------------------------- */

static void mount_root(void)
{
	struct stat st;

	mkdir("/lower", 0755);
	mkdir("/rw", 0755);
	mkdir("/new", 0755);
	mount_share("root", "/lower", MS_RDONLY, "loose");
	do_mount("rw", "/rw", "tmpfs", 0, "mode=0755");
	mkdir("/rw/upper", 0755);
	mkdir("/rw/work", 0755);
	/* The top of the merged tree has the upper folder's owner and mode */
	if (!stat("/lower", &st))
		chmod("/rw/upper", (st.st_mode & 07777) | 0555);
	do_mount("overlay", "/new", "overlay", 0,
		 "lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work");
}

static void mount_system(void)
{
	static const char * const dirs[] = {
		"/new/proc", "/new/sys", "/new/dev", "/new/run", "/new/tmp",
	};
	unsigned int i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		mkdir(dirs[i], 0755);
	do_mount("proc", "/new/proc", "proc", 0, NULL);
	do_mount("sysfs", "/new/sys", "sysfs", 0, NULL);
	try_mount("debugfs", "/new/sys/kernel/debug");
	try_mount("tracefs", "/new/sys/kernel/tracing");
	try_mount("configfs", "/new/sys/kernel/config");
	do_mount("/dev", "/new/dev", NULL, MS_MOVE, NULL);
	mkdir("/new/dev/pts", 0755);
	mkdir("/new/dev/shm", 0755);
	do_mount("devpts", "/new/dev/pts", "devpts", 0, "mode=0620,ptmxmode=0666");
	do_mount("shm", "/new/dev/shm", "tmpfs", 0, "mode=1777");
	do_mount("run", "/new/run", "tmpfs", 0, "mode=0755");
	/*
	 * /tmp stays the host's, in the overlay: a program that was built there
	 * can be run. Root's daemons need not like it, but there are none.
	 */
	chmod("/new/tmp", 01777);
	if (symlink("/proc/self/fd", "/new/dev/fd") ||
	    symlink("/proc/self/fd/0", "/new/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/new/dev/stdout") ||
	    symlink("/proc/self/fd/2", "/new/dev/stderr"))
		note("/dev/fd: %s", strerror(errno));
}

/*
 * The user must be able to reach the project folder although its parents may be
 * private on the host. The overlay takes the changed modes; the host's stay.
 */
static void open_parents(void)
{
	char path[4096];
	struct stat st;
	char *p;

	snprintf(path, sizeof(path), "/new%s", cfg.project);
	for (p = path + 5; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (!stat(path, &st) && !(st.st_mode & 0001))
			chmod(path, (st.st_mode & 07777) | 0111);
		*p = '/';
	}
}

static void mount_project(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "/new%s", cfg.project);
	make_dirs(path);
	open_parents();
	mount_share("project", path, 0, "mmap");
}

/* modprobe in the guest finds the guest's kernel's own modules */
static void mount_module_tree(void)
{
	char path[4096], source[4096];
	const char *release = strrchr(cfg.module_tree, '/');

	if (!release)
		return;
	snprintf(source, sizeof(source), "/new%s", cfg.module_tree);
	snprintf(path, sizeof(path), "/new/lib/modules%s", release);
	make_dirs(path);
	if (mount(source, path, NULL, MS_BIND, NULL))
		note("%s: %s", path, strerror(errno));
}

static void enter_root(void)
{
	if (chdir("/new") || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		fail("cannot enter the root file system: %s", strerror(errno));
}

/* ---- the user ---------------------------------------------------------- */

static void append(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0) {
		note("%s: %s", path, strerror(errno));
		return;
	}
	write_all(fd, line, strlen(line));
	close(fd);
}

/* Field number @field of the line of @path whose field @key reads @value */
static char *lookup(const char *path, int key, const char *value, int field)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, *found = NULL;
	size_t size = 0;

	while (file && !found && getline(&line, &size, file) > 0) {
		char *rest = line, *fields[7] = { 0 };
		int i;

		line[strcspn(line, "\n")] = '\0';
		for (i = 0; i < 7 && rest; i++)
			fields[i] = strsep(&rest, ":");
		if (fields[key] && fields[field] && !strcmp(fields[key], value))
			found = strdup(fields[field]);
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

static void make_user(void)
{
	char line[512], uid[16];
	char *name, *gid;

	snprintf(uid, sizeof(uid), "%u", cfg.uid);
	if (cfg.user) {
		name = lookup("/etc/passwd", 2, uid, 0);
		gid = lookup("/etc/passwd", 2, uid, 3);
		if (name && gid) {
			user_name = name;
			user_gid = strtoul(gid, NULL, 10);
			user_home = lookup("/etc/passwd", 2, uid, 5);
		} else {
			user_name = DEVICE_GROUP;
			user_gid = DEVICE_GID;
			user_home = "/home/" DEVICE_GROUP;
			snprintf(line, sizeof(line), "%s:x:%u:%u::%s:/bin/bash\n",
				 user_name, cfg.uid, user_gid, user_home);
			append("/etc/passwd", line);
		}
		if (!user_home || access(user_home, F_OK)) {
			user_home = "/home/" DEVICE_GROUP;
			make_dirs(user_home);
			if (chown(user_home, cfg.uid, user_gid))
				note("%s: %s", user_home, strerror(errno));
		}
	}
	if (!cfg.system && !lookup("/etc/group", 0, DEVICE_GROUP, 2)) {
		snprintf(line, sizeof(line), "%s:x:%u:%s\n", DEVICE_GROUP,
			 DEVICE_GID, cfg.user ? user_name : "");
		append("/etc/group", line);
	}
}

static void become_user(void)
{
	/* What kernels give since 5.16; before, it was 64 KiB */
	struct rlimit memlock = { 8 << 20, 8 << 20 };
	gid_t groups[2] = { user_gid, DEVICE_GID };

	setrlimit(RLIMIT_MEMLOCK, &memlock);
	if (!cfg.user)
		return;
	if (setgroups(2, groups) || setresgid(user_gid, user_gid, user_gid) ||
	    setresuid(cfg.uid, cfg.uid, cfg.uid)) {
		dprintf(2, "cannot become user %u: %s\n", cfg.uid,
			strerror(errno));
		_exit(125);
	}
}

/* ---- the command ------------------------------------------------------- */

static char *read_file(const char *name, size_t *size)
{
	int fd = openat(run_dir, name, O_RDONLY | O_CLOEXEC);
	char *data = NULL;
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return NULL;
	do {
		data = realloc(data, have + 65537);
		n = read(fd, data + have, 65536);
		if (n > 0)
			have += n;
	} while (n > 0);
	close(fd);
	data[have] = '\0';
	*size = have;
	return data;
}

/* A file of strings ended by NUL, as execve() wants them */
static char **read_strings(const char *name)
{
	size_t size = 0, n = 0;
	char *data = read_file(name, &size), *p;
	char **list = calloc(size + 1, sizeof(*list));

	for (p = data; p && p < data + size; p += strlen(p) + 1)
		list[n++] = p;
	return list;
}

static void read_config(void)
{
	size_t size;
	char *line, *rest = read_file("config", &size);

	if (!rest)
		fail("no config: %s", strerror(errno));
	while ((line = strsep(&rest, "\n"))) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(line, "project"))
			cfg.project = value;
		else if (!strcmp(line, "cwd"))
			cfg.cwd = value;
		else if (!strcmp(line, "module"))
			cfg.module = value;
		else if (!strcmp(line, "module_args"))
			cfg.module_args = value;
		else if (!strcmp(line, "module_tree"))
			cfg.module_tree = value;
		else if (!strcmp(line, "user"))
			cfg.user = atoi(value);
		else if (!strcmp(line, "uid"))
			cfg.uid = strtoul(value, NULL, 10);
		else if (!strcmp(line, "tty"))
			cfg.tty = atoi(value);
		else if (!strcmp(line, "merge"))
			cfg.merge = atoi(value);
		else if (!strcmp(line, "system"))
			cfg.system = atoi(value);
		else if (!strcmp(line, "input"))
			cfg.input = atoi(value);
		else if (!strcmp(line, "rows"))
			cfg.rows = strtoul(value, NULL, 10);
		else if (!strcmp(line, "cols"))
			cfg.cols = strtoul(value, NULL, 10);
	}
}

/*
 * The virtio port that carries the terminal, or the command's input: the only
 * one there is, named after its place among all virtio devices. The host's word
 * of it comes a moment after the device.
 */
static void open_port(void)
{
	glob_t found;
	int i;

	if (!cfg.tty && !cfg.input)
		return;
	for (i = 0; i < 500 && port_fd < 0; i++) {
		if (!glob("/dev/vport*p1", 0, NULL, &found))
			port_fd = open(found.gl_pathv[0], O_RDWR | O_CLOEXEC);
		globfree(&found);
		if (port_fd < 0)
			usleep(10000);
	}
	if (port_fd < 0)
		fail("no /dev/vport*p1: %s", strerror(errno));
}

static void set_environment(void)
{
	char **env = read_strings("env");

	clearenv();
	for (; *env; env++)
		putenv(*env);
	setenv("HOME", cfg.user ? user_home : "/root", 1);
	setenv("USER", user_name, 1);
	setenv("LOGNAME", user_name, 1);
}

static void __attribute__((noreturn)) run_command(int in, int out, int err)
{
	char **argv = read_strings("argv");
	int code;

	setsid();
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (cfg.tty)
		ioctl(0, TIOCSCTTY, 0);
	set_environment();
	become_user();
	if (chdir(cfg.cwd)) {
		dprintf(2, "tests/vm/run: %s in the guest: %s\n", cfg.cwd,
			strerror(errno));
		_exit(125);
	}
	execvp(argv[0], argv);
	/* As the shell says it */
	code = errno == ENOENT ? 127 : 126;
	dprintf(2, "tests/vm/run: %s: %s\n", argv[0], strerror(errno));
	_exit(code);
}

static int open_output(const char *name)
{
	int fd = openat(run_dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		fail("cannot write %s: %s", name, strerror(errno));
	return fd;
}

/* The command may reopen its own /dev/stdout: the pipe must belong to it */
static void make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC))
		fail("pipe: %s", strerror(errno));
	if (fchown(fds[0], cfg.uid, user_gid) ||
	    fchown(fds[1], cfg.uid, user_gid))
		note("pipe: %s", strerror(errno));
}

/* Copy what is there; false at the end of the stream */
static bool copy(int from, int to)
{
	char buffer[4096];	/* what a pipe that is ready takes at once */
	ssize_t n = read(from, buffer, sizeof(buffer));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	write_all(to, buffer, n);
	return true;
}

static void set_window(int pty)
{
	struct winsize size = { .ws_row = cfg.rows, .ws_col = cfg.cols };

	ioctl(pty, TIOCSWINSZ, &size);
}

/* The host writes "winsize" when its window changes */
static void follow_window(int pty)
{
	unsigned int rows, cols;
	size_t size;
	char *text = read_file("winsize", &size);

	if (text && sscanf(text, "%u %u", &rows, &cols) == 2 &&
	    (rows != cfg.rows || cols != cfg.cols)) {
		cfg.rows = rows;
		cfg.cols = cols;
		set_window(pty);
	}
	free(text);
}

/* Reap whoever died; true once the command itself has */
static bool reap(int *status)
{
	bool over = false;
	int s;
	pid_t pid;

	while ((pid = waitpid(-1, &s, WNOHANG)) > 0) {
		if (pid == child) {
			*status = s;
			over = true;
		}
	}
	return over;
}

/* poll() skips what is negative */
enum { PORT_CLOSED = -1, PORT_FULL = -2 };

static bool takes(int fd)
{
	struct pollfd watch = { fd, POLLOUT, 0 };

	return poll(&watch, 1, 0) > 0;
}

enum { WATCH_UEVENT, WATCH_OUT, WATCH_ERR, WATCH_PORT, WATCHES };

/*
 * Pass the streams on until the command has ended and all that it wrote is
 * delivered. Its children that live on do not hold this up.
 */
static int serve(int out, int err, int *in)
{
	struct pollfd watch[WATCHES] = {
		[WATCH_UEVENT] = { uevent_fd, POLLIN, 0 },
		[WATCH_OUT] = { out, POLLIN, 0 },
		[WATCH_ERR] = { err, POLLIN, 0 },
		[WATCH_PORT] = { port_fd < 0 ? PORT_CLOSED : PORT_FULL, POLLIN, 0 },
	};
	bool over = false;
	int status = 0, n;

	for (;;) {
		/* A command that does not read must not stop its own output */
		if (watch[WATCH_PORT].fd != PORT_CLOSED)
			watch[WATCH_PORT].fd = takes(*in) ? port_fd : PORT_FULL;
		/* SIGCHLD interrupts the wait; the timeout closes the race */
		n = poll(watch, WATCHES, over ? 0 : 50);
		if (n > 0 && watch[WATCH_UEVENT].revents)
			handle_uevents();
		if (n > 0 && watch[WATCH_OUT].revents &&
		    !copy(out, cfg.tty ? port_fd : out_fd))
			watch[WATCH_OUT].fd = -1;
		if (n > 0 && watch[WATCH_ERR].revents && !copy(err, err_fd))
			watch[WATCH_ERR].fd = -1;
		if (n > 0 && watch[WATCH_PORT].revents && !over &&
		    !copy(port_fd, *in)) {
			watch[WATCH_PORT].fd = PORT_CLOSED;
			if (!cfg.tty) {
				close(*in);
				*in = -1;
			}
		}
		if (over && n <= 0)
			return status;
		if (over)
			continue;
		if (cfg.tty)
			follow_window(out);
		over = reap(&status);
		if (over)
			watch[WATCH_PORT].fd = PORT_CLOSED;
	}
}

static int run_on_terminal(void)
{
	int pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int tty, in = pty;

	if (pty < 0 || grantpt(pty) || unlockpt(pty))
		fail("no terminal: %s", strerror(errno));
	set_window(pty);
	tty = open(ptsname(pty), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0 || fchown(tty, cfg.uid, user_gid))
		fail("no terminal: %s", strerror(errno));
	child = fork();
	if (!child)
		run_command(tty, tty, tty);
	close(tty);
	return serve(pty, -1, &in);
}

static int run_on_pipes(void)
{
	int in[2] = { -1, -1 }, out[2], err[2] = { -1, -1 };

	out_fd = open_output("out");
	make_pipe(out);
	if (!cfg.merge) {
		err_fd = open_output("err");
		make_pipe(err);
	}
	if (cfg.input)
		make_pipe(in);
	else
		in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	child = fork();
	if (!child)
		run_command(in[0], out[1], cfg.merge ? out[1] : err[1]);
	close(in[0]);
	close(out[1]);
	if (!cfg.merge)
		close(err[1]);
	return serve(out[0], err[0], &in[1]);
}

/* ---- the end ----------------------------------------------------------- */

/* kmemleak believes a leak only when two scans agree, 5 s apart */
static void check_leaks(void)
{
	static const char path[] = "/sys/kernel/debug/kmemleak";
	char line[512];
	FILE *leaks;
	int i;

	if (access(path, F_OK))
		return;
	for (i = 0; i < 2; i++) {
		append(path, "scan");
		sleep(i ? 0 : 5);
	}
	leaks = fopen(path, "re");
	while (leaks && fgets(line, sizeof(line), leaks)) {
		line[strcspn(line, "\n")] = '\0';
		note("kmemleak: %s", line);
	}
	if (leaks)
		fclose(leaks);
}

static void save_file(const char *from, const char *to)
{
	char buffer[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = openat(run_dir, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			 0644);
	ssize_t n;

	if (in < 0 || out < 0)
		fail("cannot save %s as %s: %s", from, to, strerror(errno));
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		write_all(out, buffer, n);
	close(in);
	close(out);
}

static int save_counts(const char *path, const struct stat *st, int type,
		       struct FTW *place)
{
	char to[300];

	(void)st;
	if (type != FTW_F || !strstr(path, ".gcda"))
		return 0;
	mkdirat(run_dir, "coverage", 0755);
	snprintf(to, sizeof(to), "coverage/%.255s", path + place->base);
	save_file(path, to);
	return 0;
}

/*
 * Which lines of the driver ran, if it was built to count them. The kernel keeps
 * the counts of a module that was unloaded. Only the driver is built so, hence no
 * two files have the same name.
 */
static void save_coverage(void)
{
	nftw("/sys/kernel/debug/gcov", save_counts, 8, FTW_PHYS | FTW_MOUNT);
}

static void forget_leaks(void)
{
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		append("/sys/kernel/debug/kmemleak", "clear");
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

static void on_child(int signal)
{
	(void)signal;
}

int main(void)
{
	char line[64];
	int status;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, on_child);
	umask(022);
	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/host", 0755);
	load_boot_modules();
	mount_share("run", "/host", 0, "none");
	run_dir = open("/host", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run_dir < 0)
		fail("/host: %s", strerror(errno));
	note("the host is reached");
	read_config();

	mount_root();
	mount_system();
	mount_project();
	mount_module_tree();
	enter_root();
	if (sethostname("ced1401-guest", 13))
		note("hostname: %s", strerror(errno));
	raise_loopback();
	make_user();
	open_port();

	forget_leaks();
	listen_uevents();
	load_driver();
	adopt_nodes();
	note("ready");

	status = cfg.tty ? run_on_terminal() : run_on_pipes();
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	check_leaks();
	save_coverage();
	if (WIFSIGNALED(status))
		snprintf(line, sizeof(line), "signal %d\n", WTERMSIG(status));
	else
		snprintf(line, sizeof(line), "exit %d\n", WEXITSTATUS(status));
	note("the command ended: %s", line);
	report(line);
	power_off();
}
