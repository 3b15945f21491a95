# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes one TAP stream of what many cmocka programs printed. Source it, call
# tap_results for each program, and tap_end last.
#
# shellcheck source=../tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

# tap_results NAME FILE STATUS: a program's standard output and error, and how it
# ended. One that crashed, or printed fewer results than it planned, has failed, and so has
# one that ended with an error though all passed: a sanitizer's, of leaks for one.
# cmocka explains a failure behind its result, but what the test itself says
# comes before: both are printed behind.
tap_results()
{
	local name=$1 file=$2 status=$3 planned=0 seen=0 bad=0 line said=()
	while IFS= read -r line || [[ $line ]]; do
		case $line in
		1..*)
			planned=${line#1..} ;;
		"ok "*)
			seen=$((seen + 1)) said=()
			pass "$name: ${line#ok * - }" ;;
		"not ok "*)
			seen=$((seen + 1)) bad=$((bad + 1))
			fail "$name: ${line#not ok * - }"
			((!${#said[@]})) || printf '# %s\n' "${said[@]}"
			said=() ;;
		TAP\ version* | "# ok"* | "# not ok"* | "")
			;;
		\#*)
			echo "$line" ;;
		*)
			said+=("$line") ;;
		esac
	done < "$file"
	# cmocka's exit status is the number of failures
	if ((planned == 0 || seen != planned || status > 123 || (status && !bad))); then
		fail "$name: ended after $seen of $planned tests, status $status"
		((!${#said[@]})) || printf '# %s\n' "${said[@]}"
	fi
}
