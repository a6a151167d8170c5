// SPDX-License-Identifier: Apache-2.0
/** The folder of all traces: what is in it, what must go to keep to its budget and to the disk's floor. */
import { lstatSync, readdirSync, rmdirSync, rmSync, statfsSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folders that are ours to remove: `migwatch-<utc>-<pid>` and, after them, `capture-<utc>-...`. */
const OURS = /^(migwatch|capture)-\d{8}T\d{6}/;
export const STREAM = /^stream_\d{6,}$/;

export interface DiskLimits {
  /** All traces and captures together, bytes. */
  readonly budgetBytes: number;
  /** What must stay free on the disk, bytes. */
  readonly freeBytes: number;
}

interface Segment {
  readonly path: string;
  readonly folder: string;
  readonly bytes: number;
  /** Captures go last: somebody may still want to look at them. */
  readonly order: string;
}

function segments(dir: string): Segment[] {
  const out: Segment[] = [];
  for (const folder of readdirSync(dir, { withFileTypes: true })) {
    if (!folder.isDirectory() || !OURS.test(folder.name)) continue;
    for (const file of readdirSync(join(dir, folder.name)).filter((f) => STREAM.test(f))) {
      const path = join(dir, folder.name, file);
      const rank = folder.name.startsWith('capture') ? 1 : 0;
      const order = `${rank} ${folder.name.replace(/^[a-z]+-/, '')} ${file}`;
      out.push({ path, folder: join(dir, folder.name), bytes: lstatSync(path).size, order });
    }
  }
  return out.sort((a, b) => (a.order < b.order ? -1 : 1));
}

/** A folder goes with its last segment, unless `inUse`: the next segment of a trace that is being written. */
function remove({ path, folder }: Segment, inUse: boolean): void {
  unlinkSync(path);
  if (inUse || readdirSync(folder).some((f) => STREAM.test(f))) return;
  rmSync(join(folder, 'metadata'), { force: true });
  try {
    rmdirSync(folder);
  } catch {
    // Somebody keeps a file of their own there.
  }
}

/** Bytes that may be written before the disk is at its floor. */
export function room(dir: string, limits: DiskLimits): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize - limits.freeBytes;
}

/**
 * Removes the oldest segments until `wanted` more bytes keep to the limits. The
 * segments of `keep` (those that are being written) stay, and their folders. Whether that was enough.
 */
export function makeRoom(
  dir: string,
  limits: DiskLimits,
  wanted: number,
  keep: ReadonlySet<string>,
): boolean {
  const all = segments(dir);
  let used = all.reduce((sum, s) => sum + s.bytes, 0);
  const folders = new Set([...keep].map(dirname));
  const enough = () => used + wanted <= limits.budgetBytes && room(dir, limits) >= wanted;
  for (const s of all) {
    if (enough()) return true;
    if (keep.has(s.path)) continue;
    remove(s, folders.has(s.folder));
    used -= s.bytes;
  }
  return enough();
}
