# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of what tests/vm/need wants of a machine: of one that has everything, but for
# the memory; and of how it gets what is missing. Source it, and call need_tests with an empty folder to work in; needs
# tests/tap.sh.
need=$(dirname "${BASH_SOURCE[0]}")/../vm/need

# needed MACHINE MB TARGET: TARGET can be made on a machine of this kind, with this memory
needed()
{
	printf 'MemTotal: %d kB\n' $(($2 * 1024)) > "$need_work/meminfo"
	printf '#!/bin/sh\necho %s\n' "$1" > "$need_work/uname"
	PATH=$need_work:$PATH bash "$need_work/need" "$3" bash
}

unneeded()
{
	! needed "$@" 2> "$need_work/told" && grep -q "needs $4" "$need_work/told"
}

# An apt that has no lists yet, to which g++ is a pattern that other packages match
new_machine()
{
	need_new=$need_work/new
	mkdir -p "$need_new"
	cat > "$need_new/apt-cache" <<-'END'
		#!/bin/sh
		[ -e "${0%/*}/lists" ] && name=$2 || name=libgcc-s1
		printf '%s:\n  Installed: (none)\n  Candidate: 1\n' "$name"
	END
	cat > "$need_new/apt-get" <<-'END'
		#!/bin/sh
		case " $* " in
		*' update ')	touch "${0%/*}/lists" ;;
		*)	[ ! -e "${0%/*}/lists" ] || touch "${0%/*}/installed" ;;
		esac
	END
	cat > "$need_new/dpkg-query" <<-'END'
		#!/bin/sh
		[ ! -e "${0%/*}/installed" ] || echo 'installed g++'
	END
	cat > "$need_new/sudo" <<-'END'
		#!/bin/sh
		[ "$1" = -n ] || exec "$@"
	END
	chmod +x "$need_new"/*
}

installs()
{
	rm -f "$need_new/lists" "$need_new/installed"
	XDG_CACHE_HOME=$need_work/cache PATH=$need_new:$PATH bash "$need" unit g++ 2>&1 || return 1
	[[ -e $need_new/installed ]]
}

# apt-get that ends well and installs nothing
tells_of_nothing()
{
	sed -i 's/touch .*installed"/:/' "$need_new/apt-get"
	! installs > "$need_work/told" && grep -q 'did not install g++' "$need_work/told"
}

need_tests()
{
	local target
	need_work=$1
	mkdir -p "$need_work"
	sed "s|/proc/meminfo|$need_work/meminfo|" "$need" > "$need_work/need"
	touch "$need_work/uname"
	chmod +x "$need_work/uname"
	for target in lib tools install deb html; do
		# As the kernel counts them
		result "a 32-bit PC of 1 GB can make $target" needed i686 990 "$target"
	done
	result "... of 256 MB cannot" unneeded i686 256 deb "500 MB of memory"
	result "... nor the virtual card" unneeded i686 990 card "an x86_64 machine"
	result "the demo wants 1.5 GB" unneeded x86_64 990 demo "1500 MB of memory"
	new_machine
	result "a machine whose apt has no lists yet gets g++" installs
	result "apt-get that installs nothing is told of" tells_of_nothing
}
