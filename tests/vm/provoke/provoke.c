// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the kernel complain, for tests/vm/selftest and tests/debug/selftest: it must
 * be shown that tests/vm/run sees every kind of complaint that a kernel can make.
 *
 * Write one of the names in the table below to /sys/kernel/debug/provoke. Some of
 * them end the writer. Load it in a guest only.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nmi.h>
#include <linux/platform_device.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/uaccess.h>

static struct dentry *provoke_file;
static char __user *user_buffer;	/* the writer's, for usercopy */

/* Write where the compiler cannot see that it is wrong */
static void write_to(unsigned long address)
{
	OPTIMIZER_HIDE_VAR(address);
	WRITE_ONCE(*(char *)address, 1);
}

static void provoke_warn(void)
{
	WARN_ON(1);
}

static void provoke_bug(void)
{
	BUG();
}

static void provoke_null(void)
{
	write_to(8);
}

static void provoke_page_fault(void)
{
	write_to(0xffffc00000000000UL);
}

static void provoke_protection(void)
{
	write_to(0xdead000000000000UL);
}

static void provoke_bad_page(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 4);

	if (!page)
		return;
	page->mapping = (void *)0x1400;
	__free_pages(page, 4);
}

static void provoke_atomic(void)
{
	preempt_disable();
	schedule_timeout_uninterruptible(1);
	/* The kernel has put the count right when it complained */
	if (preempt_count())
		preempt_enable();
}

static void provoke_refcount(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static void provoke_list(void)
{
	static LIST_HEAD(head);
	static struct list_head entry;

	list_add(&entry, &head);
	head.next = &head;
	list_add(&entry, &head);
	list_add(&entry, &head);
}

static void provoke_slab(void)
{
	struct kmem_cache *cache;
	char *object;

	cache = kmem_cache_create("provoke", 64, 0, SLAB_RED_ZONE | SLAB_POISON |
				  SLAB_CONSISTENCY_CHECKS, NULL);
	if (!cache)
		return;
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	if (object) {
		write_to((unsigned long)object + 64);
		kmem_cache_free(cache, object);
	}
	kmem_cache_destroy(cache);
}

static void provoke_usercopy(void)
{
	void *object = kmalloc(64, GFP_KERNEL);
	size_t size = 4096;

	/* Or the compiler finds it, or leaves the check of a constant size out */
	OPTIMIZER_HIDE_VAR(object);
	OPTIMIZER_HIDE_VAR(size);
	if (object && copy_to_user(user_buffer, object, size))
		pr_info("provoke: the copy failed\n");
	kfree(object);
}

static void provoke_allocation(void)
{
	struct page *pages[64];
	int i, n;

	for (n = 0; n < 64; n++) {
		pages[n] = alloc_pages(GFP_ATOMIC | GFP_DMA, 10);
		if (!pages[n])
			break;
	}
	for (i = 0; i < n; i++)
		__free_pages(pages[i], 10);
}

static void provoke_hung_task(void)
{
	schedule_timeout_uninterruptible(8 * HZ);
}

/* Long enough for a watchdog of 2 s and an RCU stall timeout of 3 s */
static void provoke_lockup(void)
{
	unsigned long end = jiffies + 9 * HZ;

	preempt_disable();
	while (time_before(jiffies, end))
		cpu_relax();
	preempt_enable();
}

#define SPARE_IRQ	7

static irqreturn_t not_mine(int irq, void *data)
{
	return IRQ_NONE;
}

static void raise_many(struct irq_work *work)
{
	int i;

	for (i = 0; i < 100001; i++)
		generic_handle_irq(SPARE_IRQ);
}

/*
 * The kernel complains when nearly all of 100000 interrupts were nobody's, with
 * less than 100 ms between any two. So they come in one go, in interrupt context;
 * and more than once, as an emulated CPU may itself be held up that long.
 */
static void provoke_nobody_cared(void)
{
	struct irq_work work;
	int i;

	if (request_irq(SPARE_IRQ, not_mine, 0, "provoke", not_mine))
		return;
	init_irq_work(&work, raise_many);
	for (i = 0; i < 4; i++) {
		irq_work_queue(&work);
		irq_work_sync(&work);
	}
	free_irq(SPARE_IRQ, not_mine);
}

static void provoke_panic(void)
{
	panic("provoke");
}

/* ---- what only the kernels of tests/vm/debug-kernel see --------------------- */

static void provoke_out_of_bounds(void)
{
	char *object = kmalloc(64, GFP_KERNEL);

	if (object)
		write_to((unsigned long)object + 64);
	kfree(object);
}

static void provoke_use_after_free(void)
{
	char *object = kmalloc(64, GFP_KERNEL);

	kfree(object);
	if (object)
		write_to((unsigned long)object);
}

static void provoke_leak(void)
{
	int i;

	/* More than one: a stale pointer on a stack may hide the last */
	for (i = 0; i < 8; i++) {
		char *object = kmalloc(1401, GFP_KERNEL);

		if (object)
			write_to((unsigned long)object);
	}
}

static void provoke_lock_order(void)
{
	static DEFINE_MUTEX(one);
	static DEFINE_MUTEX(other);

	mutex_lock(&one);
	mutex_lock(&other);
	mutex_unlock(&other);
	mutex_unlock(&one);
	mutex_lock(&other);
	mutex_lock(&one);
	mutex_unlock(&one);
	mutex_unlock(&other);
}

static void provoke_sleep(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

static void provoke_shift(void)
{
	unsigned int bits = 1401;

	OPTIMIZER_HIDE_VAR(bits);
	pr_info("provoke: %d\n", 1 << bits);
}

static void timer_function(struct timer_list *timer)
{
}

static void provoke_active_timer(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, timer_function, 0);
	mod_timer(timer, jiffies + 600 * HZ);
	kfree(timer);	/* which the kernel, having said so, takes out first */
}

static void provoke_dma_size(void)
{
	struct platform_device *device;
	void *memory = kmalloc(4096, GFP_KERNEL);
	dma_addr_t dma;

	device = platform_device_register_simple("provoke", -1, NULL, 0);
	if (!memory || IS_ERR(device))
		return;
	dma = dma_map_single(&device->dev, memory, 4096, DMA_TO_DEVICE);
	if (!dma_mapping_error(&device->dev, dma))
		dma_unmap_single(&device->dev, dma, 2048, DMA_TO_DEVICE);
	platform_device_unregister(device);
	kfree(memory);
}

static unsigned int raced;

static int race(void *unused)
{
	unsigned long end = jiffies + 2 * HZ;

	while (time_before(jiffies, end)) {
		raced++;
		cond_resched();
	}
	return 0;
}

/* The writer and a thread of the kernel's, without a lock */
static void provoke_data_race(void)
{
	struct task_struct *other = kthread_create(race, NULL, "provoke");

	if (IS_ERR(other))
		return;
	get_task_struct(other);
	wake_up_process(other);
	race(NULL);
	kthread_stop(other);
	put_task_struct(other);
}

static const struct {
	const char *name;
	void (*provoke)(void);
} complaints[] = {
	{ "warn", provoke_warn },
	{ "bug", provoke_bug },
	{ "null", provoke_null },
	{ "page-fault", provoke_page_fault },
	{ "protection", provoke_protection },
	{ "bad-page", provoke_bad_page },
	{ "atomic", provoke_atomic },
	{ "refcount", provoke_refcount },
	{ "list", provoke_list },
	{ "slab", provoke_slab },
	{ "usercopy", provoke_usercopy },
	{ "allocation", provoke_allocation },
	{ "hung-task", provoke_hung_task },
	{ "lockup", provoke_lockup },
	{ "nobody-cared", provoke_nobody_cared },
	{ "panic", provoke_panic },
	{ "out-of-bounds", provoke_out_of_bounds },
	{ "use-after-free", provoke_use_after_free },
	{ "leak", provoke_leak },
	{ "lock-order", provoke_lock_order },
	{ "sleep", provoke_sleep },
	{ "shift", provoke_shift },
	{ "active-timer", provoke_active_timer },
	{ "dma-size", provoke_dma_size },
	{ "data-race", provoke_data_race },
};

static ssize_t provoke_write(struct file *file, const char __user *data,
			     size_t size, loff_t *position)
{
	char name[32];
	int i;

	if (!size || size >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, data, size))
		return -EFAULT;
	name[size] = '\0';
	user_buffer = (char __user *)data;
	for (i = 0; i < ARRAY_SIZE(complaints); i++) {
		if (sysfs_streq(name, complaints[i].name)) {
			complaints[i].provoke();
			return size;
		}
	}
	return -EINVAL;
}

static const struct file_operations provoke_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = provoke_write,
};

static int __init provoke_init(void)
{
	provoke_file = debugfs_create_file_unsafe("provoke", 0200, NULL, NULL,
						  &provoke_fops);
	return PTR_ERR_OR_ZERO(provoke_file);
}
module_init(provoke_init);

static void __exit provoke_exit(void)
{
	debugfs_remove(provoke_file);
}
module_exit(provoke_exit);

MODULE_DESCRIPTION("Makes the kernel complain, to test tests/vm/run");
MODULE_LICENSE("GPL");
