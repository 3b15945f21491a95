# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of what bench-check (tests/bench/figures.py) fails for. Source it, and call
# figures_tests with an empty folder to work in; needs tests/tap.sh.
judge=$(dirname "${BASH_SOURCE[0]}")/../bench/figures.py

# judged VALUE [READING [MMAP]]: a check of this cost against a million, documented as 26463;
# of reading, whose goal is 1.02; and of mmap with 64 buffers, which is 20000 with one, and has
# 15000 taken off both
judged()
{
	local what
	cat > "$figures_work/round/figures" <<-END
		figure map.driver.4KiB $1 instructions
		figure map.anon.4KiB 1000000 instructions
		figure read.ratio.8B ${2:-1} ratio
		figure growth.used.mmap.1 20000 instructions
		figure growth.used.again.1 15000 instructions
		figure growth.used.mmap.64 ${3:-20000} instructions
		figure growth.used.again.64 15000 instructions
	END
	for what in start status poll wake served; do
		printf 'figure growth.used.%s.%s 1000 instructions\n' "$what" 1 "$what" 64
	done >> "$figures_work/round/figures"
	/usr/bin/python3 "$judge" check "$figures_work" "$figures_work/document" |
		tee "$figures_work/tap"
	return "${PIPESTATUS[0]}"
}

# refused LINE VALUE [READING]: the check fails, by a line that has this
refused()
{
	local line=$1
	shift
	! judged "$@" && grep -q "^not ok.*$line" "$figures_work/tap"
}

figures_tests()
{
	figures_work=$1
	mkdir -p "$figures_work/round"
	cat > "$figures_work/document" <<-END
		| ratio | measured | against | is | at most | what |
		|---|---|---|---|---|---|
		| map.4KiB | 26463 | 1000000 | 0.0265 |  | a cost |
		| read.ratio.8B | 1 | 1 | 1.000 | 1.02 | reading |
		| growth.used.mmap | 4700 | 5000 | 0.940 | 1.1 | with 64 : with one |
	END
	printf '| growth.used.%s | 1000 | 1000 | 1.000 | 1.1 | with 64 : with one |\n' \
		start status poll wake served >> "$figures_work/document"
	result "bench-check: a ratio as documented passes" judged 26463
	result "bench-check: a small ratio 2.9 % worse passes" judged 27230
	result "bench-check: a small ratio 3.1 % worse fails" \
		refused "map.4KiB.*it was 0.0265" 27284
	result "bench-check: a difference has the noise of what was counted" judged 26463 1 20295
	result "bench-check: a difference that is worse by 3.1 % of that fails" \
		refused "growth.used.mmap.*it was 0.940" 26463 1 20340
	result "bench-check: a goal that is missed fails" \
		refused "read.ratio.*the goal is 1.02" 26463 1.025
	sed -i 's/1.02 |/1.02 missed |/' "$figures_work/document"
	result "bench-check: a goal that is known as missed passes" judged 26463 1.025
	sed -i /map/d "$figures_work/document"
	result "bench-check: a ratio that is not documented fails" \
		refused "map.4KiB.*does not stand in the document" 26463
}
