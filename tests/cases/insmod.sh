#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Loading and unloading the module: no card, one of two, ports, interrupt or
# channel taken, wrong parameters, a hundred times over. Runs as root in a guest
# with two cards, at 0x300 (irq 5, channel 1) and 0x310 (irq 7, channel 5), a third at
# 0x320 (irq 10, channel 3) whose 1401 is off, a fourth at 0x330 (irq 11, channel 6)
# whose interrupts come late, and no module loaded. Prints TAP.
#
# The tests are called by name, which shellcheck does not see:
# shellcheck disable=SC2317
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# A copy in the guest's own memory, without what only a debugger reads: it is
# loaded hundreds of times
module=/tmp/ced1401_isa.ko
strip --strip-debug -o "$module" "$CED1401_MODULE"
PATH=$PATH:/usr/sbin:/sbin
loader=$top/build/tests/cases/loader
[[ $(uname -m) == x86_64 ]] || loader+=.32
cp "$loader" /tmp/loader

# load PARAMETERS...: what the kernel says to it is in $said
load()
{
	said=$(/tmp/loader "$module" "$@")
}

unload()
{
	/tmp/loader -r ced1401_isa
}

# Two cards, as they are
both=("io=0x300,0x310" "irq=5,7" "dma=1,5")

# fails MESSAGE: what went wrong, for the reader of the results
fails()
{
	echo "$*"
	return 1
}

present() { [[ -c /dev/$1 ]] || fails "/dev/$1 is missing: $said"; }
absent() { [[ ! -e /dev/$1 ]] || fails "/dev/$1 is there: $said"; }
says() { [[ $said == *"$1"* ]] || fails "not said: \"$1\", but: $said"; }

# answers DEVICE: its 1401 does
answers()
{
	local reply=''
	exec 3<> "/dev/$1"
	printf 'ERR;' >&3
	read -r -d $'\r' -t 10 reply <&3 || :
	exec 3>&-
	[[ $reply == 0,0 ]] || fails "/dev/$1 replies \"$reply\""
}

# gone: nothing of the driver is left in the machine's tables
gone()
{
	! grep -qi ced1401 /proc/ioports /proc/interrupts /proc/dma /proc/modules ||
		fails "left behind: $(grep -i ced1401 /proc/ioports \
			/proc/interrupts /proc/dma /proc/modules)"
}

# ---- the tests ---------------------------------------------------------------

the_defaults_are_0x300_irq_5_dma_1()
{
	load
	present ced1401
	answers ced1401
	grep -q ced1401 /proc/ioports
	grep ced1401 /proc/interrupts | grep -q ' 5:'
	grep -q '^ *1: *ced1401' /proc/dma
	unload
	gone
}

two_cards_answer()
{
	load "${both[@]}"
	answers ced1401
	answers ced1401_1
	unload
	gone
}

without_a_card_insmod_succeeds_and_one_line_says_why()
{
	load io=0x340
	absent ced1401
	says 0x340
	(($(wc -l <<< "$said") == 1)) || fails "more than one line: $said"
	! grep -q ced1401 /proc/ioports || fails "the ports are kept"
	unload
	gone
}

of_two_the_second_may_be_absent()
{
	load io=0x300,0x340 irq=5,7 dma=1,5
	answers ced1401
	absent ced1401_1
	says 0x340
	unload
	gone
}

of_two_the_first_may_be_absent()
{
	load io=0x340,0x310 irq=5,7 dma=1,5
	absent ced1401
	answers ced1401_1
	unload
	gone
}

ports_that_are_taken_are_named()
{
	load io=0x300,0x300 irq=5,7 dma=1,5
	answers ced1401
	absent ced1401_1
	says "ports 0x300-0x307 are taken"
	unload
	load io=0x3f8
	absent ced1401
	says "ports 0x3f8-0x3ff are taken"
	unload
	gone
}

an_interrupt_that_is_taken_is_named()
{
	load io=0x300,0x310 irq=5,5 dma=1,5
	answers ced1401
	absent ced1401_1
	says "interrupt 5 is taken"
	! grep -q ':.*0310' /proc/ioports || fails "the ports are kept"
	! grep -q '^ *5:' /proc/dma || fails "the channel is kept"
	unload
	gone
}

a_channel_that_is_taken_is_named()
{
	load io=0x300,0x310 irq=5,7 dma=1,1
	answers ced1401
	absent ced1401_1
	says "DMA channel 1 is taken"
	unload
	gone
}

an_impossible_channel_is_refused()
{
	local channel
	for channel in 0 2 4 8 99 -1; do
		load "dma=$channel"
		absent ced1401
		says "dma=$channel"
		unload
	done
	gone
}

an_impossible_port_or_interrupt_is_refused()
{
	local parameters
	for parameters in io=0x10000 io=0xfffe io=0 irq=999 irq=-2; do
		load "$parameters"
		absent ced1401
		says ced1401
		unload
	done
	gone
}

a_second_card_without_a_channel_is_refused()
{
	load io=0x300,0x310
	answers ced1401
	absent ced1401_1
	unload
	gone
}

nonsense_for_a_number_fails_insmod()
{
	local parameters
	for parameters in io=lab dma=one irq=x io=1,2,3,4,5 nosuch=1; do
		# The kernel ignores a parameter that there is not, and says so
		if load "$parameters" 2> /dev/null; then
			unload
			[[ $parameters == nosuch=1 ]] ||
				fails "$parameters was accepted"
		fi
	done
	gone
}

# interrupts LINE: how many there have been, taken or not: /proc/interrupts of Linux 6.12 has
# no lines that are not
interrupts()
{
	echo $(($(tr , + < "/sys/kernel/irq/$1/per_cpu_count")))
}

# finds LINE PARAMETERS...: the driver does, of a card whose 1401 is on. The search's own
# interrupt comes once more at most: the kernel repeats what nobody has taken
finds()
{
	local line=$1 before more
	shift
	before=$(interrupts "$line")
	load irq=-1 "$@"
	present ced1401
	[[ $(< /sys/class/misc/ced1401/irq) == "$line" ]] || fails "not irq $line: $said"
	more=$(($(interrupts "$line") - before))
	((more <= 1)) || fails "$more interrupts of no cause on line $line"
	answers ced1401
	unload
}

irq_minus_1_finds_the_line()
{
	finds 5
	finds 7 io=0x310 dma=5
	gone
}

# As in a virtual machine, where the processor that takes it does not always run
irq_minus_1_finds_a_line_that_rises_late()
{
	finds 11 io=0x330 dma=6
	gone
}

irq_minus_1_wants_a_1401_that_is_on()
{
	load io=0x320 irq=-1 dma=3
	absent ced1401
	says "the interrupt line could not be found: switch the 1401 on or give irq="
	unload
	gone
}

rmmod_is_busy_while_a_file_is_open()
{
	load
	exec 4<> /dev/ced1401
	! unload 2> /dev/null || fails "unloaded under an open file"
	exec 4>&-
	unload
	gone
}

rmmod_is_busy_while_a_mapping_exists()
{
	local pid
	load
	local holder=$top/build/tests/cases/holder
	[[ $(uname -m) == x86_64 ]] || holder+=.32
	coproc "$holder"
	pid=$COPROC_PID
	read -r -t 60 <&"${COPROC[0]}"
	! unload 2> /dev/null || fails "unloaded under a mapping"
	# Nor does unbinding help, or harm
	echo ced1401.0 > /sys/bus/platform/drivers/ced1401/unbind
	! unload 2> /dev/null || fails "unloaded under a mapping"
	echo >&"${COPROC[1]}"
	wait "$pid"
	unload
	gone
}

sysfs_tells_what_the_card_is()
{
	local d=/sys/class/misc/ced1401 name
	load "${both[@]}"
	[[ $(< "$d/io") == 0x300 && $(< "$d/irq") == 5 && $(< "$d/dma") == 1 ]]
	[[ $(< "${d}_1/io") == 0x310 && $(< "${d}_1/irq") == 7 &&
	   $(< "${d}_1/dma") == 5 ]]
	[[ $(< "$d/type") == 7 ]]
	[[ $(< "$d/state") == idle ]]
	for name in interrupts blocks bytes_to_host bytes_to_1401 refused; do
		[[ $(< "$d/statistics/$name") == 0 ]] || fails "$name is not 0"
	done
	unload
}

it_is_known_as_ced1401()
{
	modinfo -F alias "$module" | grep -qx ced1401
	[[ $(modinfo -F license "$module") == GPL* ]]
	modinfo -F parm "$module" | grep -q '^limit_kb:'
}

# Pages free in the zone below 16 MiB
free_dma_pages()
{
	awk '/zone +DMA$/ { in_zone = 1 }
	     in_zone && /pages free/ { print $3; exit }' /proc/zoneinfo
}

free_kib()
{
	awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo
}

tables()
{
	cat /proc/ioports /proc/iomem /proc/dma
	awk 'NR > 1 { print $1, $NF }' /proc/interrupts
	ls /dev /sys/class/misc /sys/bus/platform/devices /sys/kernel/debug
}

# some_rounds N: load, use, unload
some_rounds()
{
	local i
	for ((i = 0; i < $1; i++)); do
		load "${both[@]}"
		if ((i % 5 == 0)); then
			answers ced1401
			answers ced1401_1
		elif ((i % 5 == 1)); then
			echo ced1401.1 > /sys/bus/platform/drivers/ced1401/unbind
		fi
		unload
	done
}

a_hundred_times_leave_nothing_behind()
{
	local before_tables before_dma before_kib dma kib
	local rounds=100
	# A kernel that watches takes seconds for each
	((${CED1401_SLOW:-1} == 1)) || rounds=25
	rounds=${CED1401_ROUNDS:-$rounds}
	some_rounds 5		# what the kernel keeps for later, it has now
	before_tables=$(tables) before_dma=$(free_dma_pages)
	before_kib=$(free_kib)
	some_rounds "$rounds"
	[[ $(tables) == "$before_tables" ]] ||
		fails "$(diff <(echo "$before_tables") <(tables))"
	gone
	dma=$(free_dma_pages) kib=$(free_kib)
	# KASAN keeps back what is freed; kmemleak, in the same kernel, looks for what is lost
	if [[ ! -e /sys/kernel/debug/kmemleak ]]; then
		# A page a round would be lost; a kernel may keep back a slab or two (Linux 7.2 does)
		((dma >= before_dma - 16)) ||
			fails "$((before_dma - dma)) pages of DMA memory are missing"
		# The module's own pages alone would be 100 KiB a round
		((kib >= before_kib - 50 * rounds)) ||
			fails "$((before_kib - kib)) KiB of memory are missing"
	fi
	echo "# free: DMA $before_dma then $dma pages, all $before_kib then $kib KiB"
}

# ---- and their run -----------------------------------------------------------

tests=(
	the_defaults_are_0x300_irq_5_dma_1
	two_cards_answer
	without_a_card_insmod_succeeds_and_one_line_says_why
	of_two_the_second_may_be_absent
	of_two_the_first_may_be_absent
	ports_that_are_taken_are_named
	an_interrupt_that_is_taken_is_named
	a_channel_that_is_taken_is_named
	an_impossible_channel_is_refused
	an_impossible_port_or_interrupt_is_refused
	a_second_card_without_a_channel_is_refused
	nonsense_for_a_number_fails_insmod
	irq_minus_1_finds_the_line
	irq_minus_1_finds_a_line_that_rises_late
	irq_minus_1_wants_a_1401_that_is_on
	rmmod_is_busy_while_a_file_is_open
	rmmod_is_busy_while_a_mapping_exists
	sysfs_tells_what_the_card_is
	it_is_known_as_ced1401
	a_hundred_times_leave_nothing_behind
)
# Of what may differ between kernels
core=(
	two_cards_answer
	without_a_card_insmod_succeeds_and_one_line_says_why
	irq_minus_1_finds_the_line
	rmmod_is_busy_while_a_file_is_open
	rmmod_is_busy_while_a_mapping_exists
)
[[ ! ${CED1401_CORE:-} ]] || tests=("${core[@]}")

echo "1..${#tests[@]}"
number=0 failed=0
for test in "${tests[@]}"; do
	number=$((number + 1))
	# Not in a condition: there the shell would go on after an error
	status=0
	set +e
	(set -e; said=''; "$test")
	status=$?
	set -e
	if ((status == 0)); then
		echo "ok $number - $test"
	else
		failed=$((failed + 1))
		echo "not ok $number - $test"
	fi
	[[ ! -e /sys/module/ced1401_isa ]] || rmmod ced1401_isa || :
done
exit $((failed > 0))
