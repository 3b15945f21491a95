// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the processor caches a page of the caller's. An emulator does not cache, so that
 * no measurement in it would tell a mapping that is uncached. Never for use.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched.h>

#include "floor.h"

/* The entry of an address, which stays: the caller has locked it */
static pte_t *entry_of(struct mm_struct *mm, unsigned long address)
{
	pgd_t *pgd = pgd_offset(mm, address);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	if (pgd_none(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, address);
	if (p4d_none(*p4d))
		return NULL;
	pud = pud_offset(p4d, address);
	if (pud_none(*pud))
		return NULL;
	pmd = pmd_offset(pud, address);
	if (pmd_none(*pmd) || pmd_val(*pmd) & _PAGE_PSE)
		return NULL;
	return pte_offset_kernel(pmd, address);
}

static long pte_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret = -EFAULT;
	pte_t *pte;

	if (cmd != FLOOR_PTE || arg >= TASK_SIZE)
		return -EINVAL;
	mmap_read_lock(current->mm);
	pte = entry_of(current->mm, arg);
	if (pte && pte_present(*pte))
		ret = pte_flags(*pte) & (_PAGE_PWT | _PAGE_PCD | _PAGE_PAT |
					 _PAGE_USER | _PAGE_RW);
	mmap_read_unlock(current->mm);
	return ret;
}

static const struct file_operations pte_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = pte_ioctl,
};

static struct miscdevice pte_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pte-of-mine",
	.fops = &pte_fops,
};

module_misc_device(pte_misc);
MODULE_DESCRIPTION("How a page of the caller's is cached");
MODULE_LICENSE("GPL");
