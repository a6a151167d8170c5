// SPDX-License-Identifier: Apache-2.0
/** Errors that VFIO and its drivers return, by name (include/uapi/asm-generic/errno*.h). */
const NAMES: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  4: 'EINTR',
  5: 'EIO',
  6: 'ENXIO',
  7: 'E2BIG',
  9: 'EBADF',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  19: 'ENODEV',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  25: 'ENOTTY',
  28: 'ENOSPC',
  29: 'ESPIPE',
  34: 'ERANGE',
  42: 'ENOMSG',
  61: 'ENODATA',
  62: 'ETIME',
  71: 'EPROTO',
  75: 'EOVERFLOW',
  95: 'EOPNOTSUPP',
  110: 'ETIMEDOUT',
  512: 'ERESTARTSYS',
  524: 'ENOTSUPP',
};

/** `ret` is a negative return value. */
export function errnoName(ret: number): string {
  return NAMES[-ret] ?? `error ${-ret}`;
}
