// SPDX-License-Identifier: Apache-2.0
/** `print --follow`: waits for what a trace may still get, until its writer has gone or nobody wants to any more. */
import { readdirSync, readlinkSync } from 'node:fs';
import { basename, resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tail } from '../trace/trace_source.js';

const LOOK_MS = 200;
/** Between two segments the writer has no file open: once is no proof. */
const MISSES = 5;

/** Has the process of the folder's name a file in it open? A folder whose name has none is written by nobody. */
function isWritten(folder: string): boolean {
  const pid = /^migwatch-\d{8}T\d{6}Z-(\d+)$/.exec(basename(folder))?.[1];
  if (pid === undefined) return false;
  const fds = `/proc/${pid}/fd`;
  try {
    return readdirSync(fds).some((fd) => target(`${fds}/${fd}`).startsWith(folder + sep));
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EACCES'; // it is there, and not ours to look into
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // closed meanwhile
  }
}

export function follow(folder: string, stopped: AbortSignal): Tail {
  const path = resolve(folder);
  let misses = 0;
  return async () => {
    misses = isWritten(path) ? 0 : misses + 1;
    if (stopped.aborted || misses > MISSES) return false;
    await sleep(LOOK_MS, undefined, { signal: stopped }).catch(() => {});
    return !stopped.aborted;
  };
}
