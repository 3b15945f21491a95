# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the scripts of tests/fuzz share. Source it; it sets:
#   top, here, build   the project, tests/fuzz, and where the fuzzer is built
#   results            where findings go
#   guest              the command that boots a guest for it, but for what it runs
#   corpus             the files of programs that there are
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
here=$top/tests/fuzz
build=$top/build/tests/fuzz
results=$top/build/fuzz

kernel=${CED1401_KERNEL:-debug}
export CED1401_KERNEL=$kernel

# A narrow channel, a wide one that goes by the clock, and a 1401 that is off. The
# log is short, the serial line is slow; 6 shows what kmemleak found (tests/vm/init.c).
# shellcheck disable=SC2034,SC2054 # used by those who source this
guest=("$top/tests/vm/run" --kernel "$kernel" --append loglevel=6
       --card iobase=0x300,irq=5,dma=1
       --card iobase=0x310,irq=7,dma=5,realtime=on
       --card iobase=0x320,irq=10,dma=3,power=off)

# shellcheck disable=SC2034
mapfile -t corpus < <(find "$here/corpus" -type f ! -name '*.new' | sort -r)

# build_fuzzer: for 64 and 32 bits, if it is older than its sources
build_fuzzer()
{
	local bits out
	"$top/tests/vm/need" fuzz gcc gcc-multilib libc6-dev binutils >&2
	mkdir -p "$build" "$results"
	for bits in 64 32; do
		out=$build/fuzz.$bits
		[[ ! -e $out || "$(find "$here" "$top/include/uapi" \
			-name '*.[ch]' -newer "$out" -print -quit)" ]] || continue
		"${CC:-gcc}" "-m$bits" -static -pthread -std=gnu11 -O1 -g -Wall \
			-Wextra -Werror -D_GNU_SOURCE -I"$top/include/uapi" \
			-o "$out" "$here"/*.c
	done
}

# places_of_module: how many places of the module KCOV can tell of
places_of_module()
{
	local folder module
	folder=$("$top/tests/vm/kernel" "$kernel" | head -n 1)
	module=$top/build/module/$folder/ced1401_isa.ko
	objdump -r "$module" | grep -c '__sanitizer_cov_trace_pc' || :
}

# say_coverage PLACES...: files of places, together
say_coverage()
{
	local all hit
	all=$(places_of_module)
	hit=$(sort -u "$@" | wc -l)
	((all)) || { echo 'this kernel tells no coverage'; return; }
	awk -v hit="$hit" -v all="$all" 'BEGIN {
		printf "%d of the module'\''s %d places (%.1f%%)\n", hit, all,
		       100 * hit / all }'
}
