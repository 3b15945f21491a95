// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel module for tests/failnth.
 *
 * The kernel keeps silent about a failure that it injects into an allocation with
 * __GFP_NOWARN, such as that of a DMA buffer. While this is loaded it tells of each, with the
 * stack: see should_fail_ex() of lib/fault-inject.c. x86-64 only, where the third argument
 * is in RDX.
 *
 * And it has a thread that loads a module count from where the init function is called:
 * see init.h.
 */
#include <linux/fault-inject.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "init.h"

static int forget_nowarn(struct kprobe *probe, struct pt_regs *regs)
{
	regs->dx &= ~(unsigned long)FAULT_NOWARN;
	return 0;
}

static int drop_before(struct kprobe *probe, struct pt_regs *regs)
{
	if (current->fail_nth > INIT_BEFORE)
		current->fail_nth >>= INIT_BITS;
	return 0;
}

static struct kprobe probes[] = {
	{ .symbol_name = "should_fail_ex", .pre_handler = forget_nowarn },
	{ .symbol_name = "do_one_initcall", .pre_handler = drop_before },
};

static struct kprobe *both[] = { &probes[0], &probes[1] };

static int __init tell_init(void)
{
	return register_kprobes(both, ARRAY_SIZE(both));
}
module_init(tell_init);

static void __exit tell_exit(void)
{
	unregister_kprobes(both, ARRAY_SIZE(both));
}
module_exit(tell_exit);

MODULE_DESCRIPTION("Tells of failures injected into quiet allocations; counts from init");
MODULE_LICENSE("GPL");
