// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel module for tests/failnth: the kernel keeps silent about a failure that it
 * injects into an allocation with __GFP_NOWARN, such as that of a DMA buffer. While this
 * is loaded it tells of each, with the stack: see should_fail_ex() of
 * lib/fault-inject.c. x86-64 only, where the third argument is in RDX.
 */
#include <linux/fault-inject.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static int forget_nowarn(struct kprobe *probe, struct pt_regs *regs)
{
	regs->dx &= ~(unsigned long)FAULT_NOWARN;
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "should_fail_ex",
	.pre_handler = forget_nowarn,
};

static int __init tell_init(void)
{
	return register_kprobe(&probe);
}
module_init(tell_init);

static void __exit tell_exit(void)
{
	unregister_kprobe(&probe);
}
module_exit(tell_exit);

MODULE_DESCRIPTION("Tells of failures injected into quiet allocations");
MODULE_LICENSE("GPL");
