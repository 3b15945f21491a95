# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of what tests/vm/need wants of a machine: of one that has everything, but for
# the memory. Source it, and call need_tests with an empty folder to work in; needs
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
}
