/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one file that knows kernel versions. The rest of the module is written for
 * the newest kernel.
 */
#ifndef _CED1401_COMPAT_H
#define _CED1401_COMPAT_H

#include <linux/freezer.h>
#include <linux/highmem.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/pm.h>
#include <linux/version.h>
#include <linux/wait.h>

/*
 * 6.8 has no SLAB any more. Its caches go up to 4 MiB: no buffer would have a block of
 * pages of its own.
 */
#if defined(CONFIG_SLAB) && !defined(CONFIG_SLUB)
#error "ced1401 needs a kernel with CONFIG_SLUB (CONFIG_SLAB=n)"
#endif

/*
 * 6.3: vma->vm_flags is written through functions. Named apart, since stable
 * kernels may have them too.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void ced_vm_flags_mod(struct vm_area_struct *vma,
				    unsigned long set, unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#else
static inline void ced_vm_flags_mod(struct vm_area_struct *vma,
				    vm_flags_t set, vm_flags_t clear)
{
	vm_flags_mod(vma, set, clear);
}
#endif

/* 6.11: remap_pfn_range() takes back what it has written when it fails */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
static inline void ced_unmap_failed(struct vm_area_struct *vma)
{
	zap_vma_ptes(vma, vma->vm_start, vma->vm_end - vma->vm_start);
}
#else
static inline void ced_unmap_failed(struct vm_area_struct *vma)
{
}
#endif

/* 6.13: hrtimers are set up in one call */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void ced_hrtimer_setup(struct hrtimer *timer,
				     enum hrtimer_restart (*function)(struct hrtimer *),
				     clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#else
#define ced_hrtimer_setup hrtimer_setup
#endif

/* 6.1: a sleep that only SIGKILL ends need not keep the machine from suspending */
#ifdef TASK_FREEZABLE
#define ced_wait_killable(wq, condition)				\
	wait_event_state(wq, condition, (TASK_KILLABLE | TASK_FREEZABLE))
#else
#define ced_wait_killable(wq, condition)				\
({									\
	int ced_ret;							\
									\
	freezer_do_not_count();						\
	ced_ret = wait_event_killable(wq, condition);			\
	freezer_count();						\
	ced_ret;							\
})
#endif

/* 5.17: where no suspend is configured its functions are dropped, without #ifdef */
#ifndef DEFINE_SIMPLE_DEV_PM_OPS
#define DEFINE_SIMPLE_DEV_PM_OPS SIMPLE_DEV_PM_OPS
#define pm_sleep_ptr(ptr)	(IS_ENABLED(CONFIG_PM_SLEEP) ? (ptr) : NULL)
#endif

/* 5.11: pages are mapped for the local CPU, in any context */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define kmap_local_page		kmap_atomic
#define kunmap_local		kunmap_atomic
#endif

#endif /* _CED1401_COMPAT_H */
