// SPDX-License-Identifier: Apache-2.0
/** Which folders are traces, which files are in them, and where they were made. Nothing in them is trusted. */
import { lstat, open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TraceError } from './error.js';
import { parseMetadata, type TraceOrigin } from './metadata.js';

const MAX_METADATA = 4 << 20;
const MAX_FILES = 100_000;

/** The files of a trace's streams, in order. */
export async function streamsIn(path: string): Promise<string[]> {
  const out: string[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (!entry.isFile() || entry.name === 'metadata' || entry.name.startsWith('.')) continue;
      if (out.push(entry.name) > MAX_FILES)
        throw new TraceError(`${path}: more than ${MAX_FILES} files: not one trace`);
    }
  } catch (err) {
    if (err instanceof TraceError) throw err;
    throw new TraceError(`${path}: ${(err as Error).message}`);
  }
  return out.sort();
}

/** The folders below that hold a trace each; `path` itself if it is one. */
export async function tracesIn(path: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (entry.name === 'metadata' && entry.isFile()) return [path];
      if (entry.isDirectory() && found.length < MAX_FILES && (await isTrace(join(path, entry.name))))
        found.push(join(path, entry.name));
    }
  } catch (err) {
    const { code, message } = err as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') throw new TraceError(`${path}: not a migwatch trace, which is a folder`);
    throw new TraceError(`${path}: ${message}`);
  }
  return found.sort();
}

/** Looked at, not opened: to open a FIFO waits until somebody writes. */
async function isTrace(path: string): Promise<boolean> {
  const file = await lstat(join(path, 'metadata')).catch(() => undefined);
  return file?.isFile() === true;
}

/** Throws TraceError if the folder is not there, holds no trace, or several. */
export async function theTraceIn(path: string): Promise<string> {
  const traces = await tracesIn(path);
  const [folder] = traces;
  if (folder === undefined) throw new TraceError(`${path}: not a migwatch trace (no metadata file)`);
  if (traces.length === 1) return folder;
  throw new TraceError(
    `${path}: holds ${traces.length} traces, name one of them: ${traces.slice(0, 5).join(' ')}`,
  );
}

export async function readOrigin(path: string): Promise<TraceOrigin> {
  const name = join(path, 'metadata');
  const file = await open(name).catch((err: Error) => {
    throw new TraceError(`${name}: ${err.message}`);
  });
  try {
    const { size } = await file.stat();
    if (size > MAX_METADATA) throw new TraceError(`${name}: ${size} bytes are too many for metadata`);
    return parseMetadata(name, await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

/** 0 where there is no such file. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
