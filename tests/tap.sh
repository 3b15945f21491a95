# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Test Anything Protocol for test programs written in bash. Source it, call
# result (or pass, fail, skip) for each test and tap_end last.
tap_number=0
tap_failed=0
tap_log=$(mktemp)
echo "TAP version 13"

pass()
{
	echo "ok $((++tap_number)) - $1"
}

# fail NAME [FILE]: with what explains it, the file's or the standard input's text
fail()
{
	echo "not ok $((++tap_number)) - $1"
	tap_failed=$((tap_failed + 1))
	[[ ! ${2:-} ]] || sed 's/^/# /' "$2"
}

skip()
{
	echo "ok $((++tap_number)) - $1 # SKIP $2"
}

# result NAME COMMAND...: passes if COMMAND does; what it printed explains a failure.
# COMMAND may be a function; "set -e" does not hold in it, so it joins its steps
# with &&.
result()
{
	local name=$1
	shift
	if "$@" > "$tap_log" 2>&1 < /dev/null; then
		pass "$name"
	else
		fail "$name" "$tap_log"
	fi
}

tap_end()
{
	echo "1..$tap_number"
	rm -f "$tap_log"
	exit $((tap_failed > 0))
}
