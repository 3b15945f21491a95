# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the scripts of tests/vm share. Source it; it sets:
#   top    the project folder
#   cache  where slow results are kept, outside the checkout
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ced1401
# modprobe and depmod live in /sbin, which an ordinary user's PATH lacks; and what is
# meant is Debian's python3, whatever comes first there
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
mkdir -p "$cache"

# die STATUS MESSAGE...
die()
{
	local status=$1
	shift
	printf '%s: %s\n' "${0#"$top"/}" "$*" >&2
	exit "$status"
}

# once PATH COMMAND...: make PATH in the cache unless it is there. COMMAND gets a
# temporary path as its last argument, and what it made there is renamed, so that
# a run that is killed leaves nothing half done. Two runs do not do it twice.
# Never call it in a condition: the shell would ignore errors in COMMAND.
once()
{
	local path=$1
	shift
	[[ ! -e $path ]] || return 0
	mkdir -p "$(dirname "$path")"
	(
		flock 9
		if [[ ! -e $path ]]; then
			rm -rf --one-file-system "$path.new"
			"$@" "$path.new"
			mv "$path.new" "$path"
		fi
	) 9> "$path.lock"
}

# quietly COMMAND...: its output only if it fails
quietly()
{
	local output
	output=$("$@" 2>&1) || { printf '%s\n' "$output" >&2; return 1; }
}

# as_root COMMAND...: for what an ordinary user may not
as_root()
{
	if ((EUID == 0)); then
		"$@"
	else
		sudo "$@"
	fi
}

# enter_root FOLDER UID:GID MOUNT... -- COMMAND...: in another Debian's root. A MOUNT is
# a file or folder of the machine's, FROM or FROM:TO, to be seen there. The mounts are
# seen by this command alone, and end with it, however it ends.
enter_root()
{
	# shellcheck disable=SC2016 # for the inner shell
	as_root unshare --mount sh -euc '
		root=$1 user=$2
		shift 2
		while [ "$1" != -- ]; do
			from=${1%%:*} to=$root${1#*:}
			if [ -d "$from" ]; then
				mkdir -p "$to"
			else
				[ -e "$to" ] || : > "$to"
			fi
			mount --bind "$from" "$to"
			shift
		done
		shift
		mount -t proc proc "$root/proc"
		exec chroot --userspec="$user" "$root" "$@"' - "$@"
}

# in_root FOLDER COMMAND...: in another Debian's root, as the caller, with the
# project folder at its own place
in_root()
{
	local root=$1
	shift
	enter_root "$root" "$(id -u):$(id -g)" "$top" -- "$@"
}

# fetch PACKAGE: download a Debian package to the current folder. The machine's own
# package lists may be missing or old, and an ordinary user cannot renew them: then
# apt gets lists of its own in the cache.
fetch()
{
	local own=(-o "Dir::State::Lists=$cache/apt/lists"
		   -o "Dir::Cache=$cache/apt")
	quietly apt-get download "$1" 2> /dev/null && return
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
	quietly apt-get "${own[@]}" update || :
	quietly apt-get "${own[@]}" download "$1"
}

# complaints < LOG: the kernel's complaints in a log, each with the lines after it
# that explain it; fails if there are none
complaints()
{
	local found
	found=$(grep -aE -A 25 -f <(grep -v -e '^#' -e '^$' \
		"$top/tests/vm/complaints")) || return 1
	head -n 120 <<< "$found"
}

# spoiled_flags < LOG: the first line of a log that shows flags which no processor has (bits
# 22 to 31 of EFLAGS are 0); fails if there is none. QEMU 7.2 makes them: its cmpxchg8b and
# cmpxchg16b compute the flags from the values of the instructions before, but as if the
# operation were an older one; so a value that was compared or subtracted becomes the flags,
# with the VM bit if it has bit 17 ("sub, cmpxchg8b, pushf" behind a "sahf, jmp" shows it
# to any program). An interrupt before the next instruction that sets flags then ends a
# 32-bit kernel with a double fault.
spoiled_flags()
{
	grep -aE -m 1 'EFLAGS: (00[4-9a-f]|0[1-9a-f]|[1-9a-f])[0-9a-f]*\s*$'
}
