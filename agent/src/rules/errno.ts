// SPDX-License-Identifier: Apache-2.0
/** Return values that rules tell apart (include/uapi/asm-generic/errno*.h, include/linux/errno.h). */
export const EINTR = -4;
export const EIO = -5;
export const EFAULT = -14;
export const ENODEV = -19;
export const EINVAL = -22;
export const ENFILE = -23;
export const EMFILE = -24;
export const ENOTTY = -25;
export const ENOMSG = -42;
export const EOPNOTSUPP = -95;
export const ERESTARTSYS = -512;

/** A signal cut the call short: it may be made again, and nothing was decided. */
export const interrupted = (ret: number): boolean => ret === EINTR || ret === ERESTARTSYS;
