# SPDX-License-Identifier: GPL-2.0-or-later
# Draws the envelope that `wav envelope` wrote.
#
#   gnuplot -e "data='FILE'; channels=N; name='TITLE'; picture='FILE.png'" plot.gp
#
# An empty picture draws in the terminal, and there the first two channels only.
low(n)  = 2 * n + 2
high(n) = 2 * n + 3
set border 3
set tics out nomirror
set xlabel "seconds"
unset key
stats data using 1 nooutput
last = STATS_max > 0 ? STATS_max : 1
shown = channels
if (picture eq '') {
	set terminal dumb size 79, 18 noenhanced
	if (shown > 2) { shown = 2 }
	do for [n=0:shown-1] {
		set xrange [*:*]	# stats leaves out what a range does
		set yrange [*:*]
		stats data using (column(low(n))) nooutput
		bottom = STATS_min
		stats data using (column(high(n))) nooutput
		flat = bottom < STATS_max ? 0 : 0.1
		set yrange [bottom - flat:STATS_max + flat]
		set xrange [0:last]
		set title sprintf("%s, channel %d, volts", name, n)
		# A stroke within one character is not drawn, so its ends are
		plot data using 1:(column(low(n))):(0):(column(high(n))-column(low(n))) \
			with vectors nohead, \
			data using 1:(column(low(n))) with points pointtype "|", \
			data using 1:(column(high(n))) with points pointtype "|"
	}
} else {
	set terminal pngcairo noenhanced size 1000, 120 + 240 * shown
	set output picture
	set ylabel "volts"
	set style fill solid
	set multiplot layout shown, 1
	do for [n=0:shown-1] {
		set xrange [*:*]	# stats leaves out what a range does
		set yrange [*:*]
		stats data using (column(low(n))) nooutput
		bottom = STATS_min
		stats data using (column(high(n))) nooutput
		flat = bottom < STATS_max ? 0 : 0.1
		set yrange [bottom - flat:STATS_max + flat]
		set xrange [0:last]
		set title sprintf("%s, channel %d", name, n)
		plot data using 1:(column(low(n))):(0):(column(high(n))-column(low(n))) \
			with vectors nohead linewidth 1 linecolor rgb "#205080"
	}
	unset multiplot
}
