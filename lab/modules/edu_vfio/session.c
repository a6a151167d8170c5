// SPDX-License-Identifier: GPL-2.0-only
/* Data transfer sessions: what is read from and written to the data fd. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "edu_vfio.h"

#define EDU_MAGIC 0x65746174735f7565 /* "eu_state" */

static unsigned long state_size;
module_param(state_size, ulong, 0644);
MODULE_PARM_DESC(state_size,
		 "Bytes of a device's state: registers, then zeros (default: registers only)");

static bool odd_names;
module_param(odd_names, bool, 0644);
MODULE_PARM_DESC(odd_names,
		 "The data fd has functions whose names no monitor can know (default: N)");

u64 edu_record_size(void)
{
	return max_t(u64, READ_ONCE(state_size), sizeof(struct edu_record));
}

static void edu_session_put(struct edu_session *session)
{
	if (refcount_dec_and_test(&session->users))
		kfree(session);
}

/* The device's session, with a reference of the caller's own; a reset may end it meanwhile. */
static struct edu_session *edu_session_get(struct edu_device *edu)
{
	struct edu_session *session;

	mutex_lock(&edu->lock);
	session = edu->session;
	if (session)
		refcount_inc(&session->users);
	mutex_unlock(&edu->lock);
	return session;
}

void edu_session_end(struct edu_device *edu)
{
	struct edu_session *session;

	mutex_lock(&edu->lock);
	session = edu->session;
	edu->session = NULL;
	mutex_unlock(&edu->lock);
	if (session) {
		WRITE_ONCE(session->dead, true);
		edu_session_put(session);
	}
}

/* Bytes of the stream, from `from` on, that are one piece in memory or all padding. */
static u64 edu_piece(struct edu_session *session, u64 from, u64 *offset, u64 *which)
{
	*which = div64_u64_rem(from, session->record_size, offset);
	return (*offset < sizeof(struct edu_record) ? sizeof(struct edu_record)
						    : session->record_size) -
	       *offset;
}

static __always_inline ssize_t edu_read(struct file *file, char __user *to, size_t count)
{
	struct edu_session *session = file->private_data;
	u64 end, offset, which, piece;
	ssize_t done = 0;

	if (READ_ONCE(session->read_returns) != EDU_READ_NORMALLY)
		return READ_ONCE(session->read_returns);
	mutex_lock(&session->lock);
	end = session->records * session->record_size;
	if (READ_ONCE(session->dead))
		done = -ENODEV;
	else if (session->position == end && !session->final)
		done = -ENOMSG;
	while (done >= 0 && count && session->position < end) {
		piece = min_t(u64, count, edu_piece(session, session->position, &offset, &which));
		if (offset < sizeof(struct edu_record)
			    ? copy_to_user(to, (u8 *)&session->record[which] + offset, piece)
			    : clear_user(to, piece)) {
			done = -EFAULT;
			break;
		}
		to += piece;
		count -= piece;
		done += piece;
		session->position += piece;
	}
	mutex_unlock(&session->lock);
	return done;
}

static int edu_check_record(const struct edu_record *record)
{
	return le64_to_cpu(record->magic) == EDU_MAGIC &&
			       le64_to_cpu(record->size) >= sizeof(*record)
		       ? 0
		       : -EINVAL;
}

/* Takes as much as belongs together: (part of) the head of a record or of its padding. */
static ssize_t edu_take(struct edu_session *session, const char __user *from, size_t count)
{
	struct edu_record *incoming = &session->record[0];
	u64 piece, offset = session->position;
	int ret = 0;

	if (offset < sizeof(*incoming)) {
		piece = min_t(u64, count, sizeof(*incoming) - offset);
		if (copy_from_user((u8 *)incoming + offset, from, piece))
			return -EFAULT;
		if (offset + piece == sizeof(*incoming))
			ret = edu_check_record(incoming);
	} else {
		piece = min_t(u64, count, le64_to_cpu(incoming->size) - offset);
	}
	if (ret)
		return ret;
	session->position += piece;
	if (session->position >= sizeof(*incoming) &&
	    session->position == le64_to_cpu(incoming->size)) {
		session->record[1] = *incoming;
		session->records = 1;
		session->position = 0;
	}
	return piece;
}

static __always_inline ssize_t edu_write(struct file *file, const char __user *from, size_t count)
{
	struct edu_session *session = file->private_data;
	ssize_t piece, done = 0;

	mutex_lock(&session->lock);
	if (READ_ONCE(session->dead))
		done = -ENODEV;
	while (done >= 0 && done < count) {
		piece = edu_take(session, from + done, count - done);
		done = piece < 0 ? piece : done + piece;
	}
	mutex_unlock(&session->lock);
	return done;
}

static long edu_vfio_precopy_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct edu_session *session = file->private_data;
	size_t minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct vfio_precopy_info info = {};
	long ret = 0;

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	mutex_lock(&session->lock);
	info.flags = 0;
	info.dirty_bytes = 0;
	info.initial_bytes = session->record_size - session->position;
	if (READ_ONCE(session->dead))
		ret = -ENODEV;
	else if (session->final)
		ret = -EINVAL;
	mutex_unlock(&session->lock);
	if (!ret && copy_to_user((void __user *)arg, &info, minsz))
		ret = -EFAULT;
	return ret;
}

static ssize_t edu_vfio_save_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	return edu_read(file, to, count);
}

static ssize_t edu_vfio_resume_write(struct file *file, const char __user *from, size_t count,
				     loff_t *pos)
{
	return edu_write(file, from, count);
}

static int edu_vfio_release_file(struct inode *inode, struct file *file)
{
	edu_session_put(file->private_data);
	return 0;
}

/* The same once more; no_icf: the compiler would make them one. */
#define ODD __attribute__((no_icf)) static

ODD ssize_t edu_odd_pull(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	return edu_read(file, to, count);
}

ODD ssize_t edu_odd_push(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	return edu_write(file, from, count);
}

ODD int edu_odd_end(struct inode *inode, struct file *file)
{
	edu_session_put(file->private_data);
	return 0;
}

static const struct file_operations edu_save_fops = {
	.owner = THIS_MODULE,
	.read = edu_vfio_save_read,
	.unlocked_ioctl = edu_vfio_precopy_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = edu_vfio_release_file,
};

static const struct file_operations edu_resume_fops = {
	.owner = THIS_MODULE,
	.write = edu_vfio_resume_write,
	.release = edu_vfio_release_file,
};

static const struct file_operations edu_odd_save_fops = {
	.owner = THIS_MODULE,
	.read = edu_odd_pull,
	.release = edu_odd_end,
};

static const struct file_operations edu_odd_resume_fops = {
	.owner = THIS_MODULE,
	.write = edu_odd_push,
	.release = edu_odd_end,
};

static const struct file_operations *edu_fops(bool saving)
{
	if (READ_ONCE(odd_names))
		return saving ? &edu_odd_save_fops : &edu_odd_resume_fops;
	return saving ? &edu_save_fops : &edu_resume_fops;
}

struct file *edu_session_open(struct edu_device *edu, bool saving)
{
	struct edu_session *session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!session)
		return ERR_PTR(-ENOMEM);
	refcount_set(&session->users, 1);
	mutex_init(&session->lock);
	session->record_size = edu_record_size();
	file = anon_inode_getfile("edu_vfio_mig", edu_fops(saving), session,
				  saving ? O_RDONLY : O_WRONLY);
	if (IS_ERR(file)) {
		kfree(session);
		return file;
	}
	stream_open(file->f_inode, file);
	edu_session_end(edu);
	refcount_inc(&session->users);
	mutex_lock(&edu->lock);
	session->read_returns = edu->switches.read_returns;
	edu->session = session;
	mutex_unlock(&edu->lock);
	return file;
}

/* Adds the device's state, as it is now, to what can be read. */
int edu_session_snapshot(struct edu_device *edu, bool final)
{
	struct edu_session *session = edu_session_get(edu);
	struct edu_record record = {.magic = cpu_to_le64(EDU_MAGIC)};

	if (!session)
		return -ENODEV;
	edu_save_registers(edu, &record.registers);
	mutex_lock(&session->lock);
	record.size = cpu_to_le64(session->record_size);
	if (session->records < ARRAY_SIZE(session->record))
		session->record[session->records++] = record;
	session->final = final;
	mutex_unlock(&session->lock);
	edu_session_put(session);
	return 0;
}

/* Gives the device the state that was written; of none at all, `accept_empty_resume` decides. */
int edu_session_load(struct edu_device *edu)
{
	struct edu_session *session = edu_session_get(edu);
	struct edu_registers registers;
	bool partial, complete;

	if (!session)
		return -ENODEV;
	mutex_lock(&session->lock);
	partial = session->position;
	complete = session->records;
	registers = session->record[1].registers;
	mutex_unlock(&session->lock);
	edu_session_put(session);
	if (partial || (!complete && !edu->switches.accept_empty_resume))
		return -EINVAL;
	if (complete)
		edu_load_registers(edu, &registers);
	return 0;
}
