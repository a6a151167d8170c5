// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks vfio_mig_get_next_state() everything that a driver could ask it, and shows the answers in
 * debugfs: /sys/kernel/debug/vfio_fsm_table, a line "flags from to ret next" for each question.
 *
 * Two kinds of question are not asked:
 *  - from a state that the flags do not have, or from ERROR: the core warns, as no driver is there;
 *  - STOP_COPY to PRE_COPY or PRE_COPY_P2P: kernels without a26b499b757c never answer. What the
 *    core's table has for them is shown all the same, by the questions with all 32 flags set: with
 *    these every state counts as supported, even ERROR, and the core answers the entry as it is.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/vfio.h>

#define EVERY_FLAG (~0U)

static const u32 flag_sets[] = {
	VFIO_MIGRATION_STOP_COPY,
	VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P,
	VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY,
	VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY,
	EVERY_FLAG,
};

/* The core looks at nothing of it but its flags. */
static struct vfio_device stub;
static struct dentry *file;

static u32 flags_of(enum vfio_device_mig_state state)
{
	switch (state) {
	case VFIO_DEVICE_STATE_ERROR:
		return EVERY_FLAG;
	case VFIO_DEVICE_STATE_RUNNING_P2P:
		return VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P;
	case VFIO_DEVICE_STATE_PRE_COPY:
		return VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY;
	case VFIO_DEVICE_STATE_PRE_COPY_P2P:
		return VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY;
	default:
		return VFIO_MIGRATION_STOP_COPY;
	}
}

static bool spins(u32 flags, enum vfio_device_mig_state from, enum vfio_device_mig_state to)
{
	return flags != EVERY_FLAG && from == VFIO_DEVICE_STATE_STOP_COPY &&
	       (to == VFIO_DEVICE_STATE_PRE_COPY || to == VFIO_DEVICE_STATE_PRE_COPY_P2P);
}

static void ask(struct seq_file *out, enum vfio_device_mig_state from,
		enum vfio_device_mig_state to)
{
	enum vfio_device_mig_state next = VFIO_DEVICE_STATE_ERROR;
	u32 flags = stub.migration_flags;
	int ret;

	if ((flags_of(from) & flags) != flags_of(from))
		return;
	/* Refused before the loop that never ends. */
	if (spins(flags, from, to) && (flags_of(to) & flags) == flags_of(to))
		return;
	ret = vfio_mig_get_next_state(&stub, from, to, &next);
	seq_printf(out, "%u %u %u %d %u\n", flags, from, to, ret,
		   ret ? VFIO_DEVICE_STATE_ERROR : next);
}

static int fsm_table_show(struct seq_file *out, void *unused)
{
	unsigned int n, from, to;

	for (n = 0; n < ARRAY_SIZE(flag_sets); n++) {
		stub.migration_flags = flag_sets[n];
		for (from = 0; from <= VFIO_DEVICE_STATE_PRE_COPY_P2P; from++)
			/* One beyond the last state: the core has to refuse it. */
			for (to = 0; to <= VFIO_DEVICE_STATE_PRE_COPY_P2P + 1; to++)
				ask(out, from, to);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(fsm_table);

static int __init fsm_table_init(void)
{
	file = debugfs_create_file("vfio_fsm_table", 0400, NULL, NULL, &fsm_table_fops);
	return PTR_ERR_OR_ZERO(file);
}
module_init(fsm_table_init);

static void __exit fsm_table_exit(void)
{
	debugfs_remove(file);
}
module_exit(fsm_table_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("migwatch");
MODULE_DESCRIPTION("The answers of vfio_mig_get_next_state(), for tests");
