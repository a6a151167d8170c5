// SPDX-License-Identifier: Apache-2.0
import { doubles } from '../wire/doubles.js';

/** One data transfer session: what flowed over one data_fd. */
export class Session {
  bytesRead = 0;
  bytesWritten = 0;
  /** A read in STOP_COPY returned 0: the entire device state has been transferred. */
  eos = false;
  /** First read in STOP_COPY, relative ns; -1 before. The drain is from here to `eosAt`. */
  drainBeganAt = -1;
  eosAt = -1;
  /** When the device left the session's states, relative ns; -1 while it is in them. */
  endedAt = -1;
  released = false;
  /** When its last fd went, relative ns; -1 before. */
  releasedAt = -1;
  /** Last time that bytes moved, relative ns; -1 none. */
  lastDataAt = -1;
  /** What the last write() returned, and when; and the last that failed. */
  lastWriteRet = 0;
  lastWriteAt = -1;
  lastWriteError = 0;
  /** The session before it, if that still had its fd when this one began. */
  supersedes: Session | undefined;
  /** initial_bytes of the last PRECOPY_INFO, -1 if none was asked for; and what had been read by then. */
  initialBytes = -1;
  bytesReadAtInfo = 0;
  /** STOP_COPY was left for STOP before the end: dropped on the way back to RUNNING, or taken for the whole? */
  undrained = false;
  /** What flows over its fd is recorded, from the first byte on. */
  observed = true;

  constructor(
    readonly id: number,
    readonly direction: 'save' | 'resume',
    readonly openedAt: number,
    /** Records of it may be missing: counts are lower bounds and "no end seen" proves nothing. */
    public lossy: boolean,
  ) {}
}

doubles(
  new Session(0, 'save', 0, false),
  'bytesRead',
  'bytesWritten',
  'drainBeganAt',
  'eosAt',
  'endedAt',
  'releasedAt',
  'lastDataAt',
  'lastWriteRet',
  'lastWriteAt',
  'initialBytes',
  'bytesReadAtInfo',
);
