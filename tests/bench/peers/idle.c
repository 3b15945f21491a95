// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Beside the peers: what the guest executes while nobody wants anything of it, in ten
 * seconds of its time. Every stream has this in it, for as long as it took.
 */
#include "peer.h"

int main(void)
{
	struct measurement m;

	prepare();
	sleep(1);
	begin(&m);
	sleep(10);
	print_figure("idle", (double)(meter_whole() - m.count) / 10, "instructions/s");
	return 0;
}
