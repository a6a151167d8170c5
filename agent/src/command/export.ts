// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type ExportFormat, type Filter, type Judges, UsageError } from '../config.js';
import { PerfettoExport } from '../export/perfetto/perfetto.js';
import { judgeTrace, reportDamages, type Watcher } from './judge_trace.js';

/** What is written waits here until the batch has been judged; never more than that. */
class Outlet {
  private readonly stream: Writable;

  constructor(private readonly path: string | undefined) {
    this.stream = path === undefined ? process.stdout : createWriteStream(path);
    this.stream.on('error', () => {}); // close() and drained() reject with it
  }

  readonly write = (what: Uint8Array | string): void => {
    this.stream.write(what);
  };

  async drained(): Promise<void> {
    if (this.stream.errored) throw this.failure(this.stream.errored);
    if (this.stream.writableNeedDrain) await once(this.stream, 'drain').catch((err) => this.fail(err));
  }

  async close(): Promise<void> {
    if (this.path === undefined) return;
    this.stream.end();
    await finished(this.stream).catch((err) => this.fail(err));
  }

  private fail(err: Error): never {
    throw this.failure(err);
  }

  /** Of stdout it is for main() to say. */
  private failure(err: Error): Error {
    return this.path === undefined ? err : new UsageError(`--output=${this.path}: ${err.message}`);
  }
}

/** `migwatch export TRACE --to FORMAT [-o FILE]`; without a file, to stdout. */
export async function exportCommand(
  path: string,
  to: ExportFormat,
  output: string | undefined,
  judges: Judges,
  filter: Filter,
): Promise<number> {
  const outlet = new Outlet(output);
  let perfetto: PerfettoExport | undefined;
  // Findings come before the first call of after(): the world is known from before() on.
  const forPerfetto: Watcher = {
    before: (_e, judge) => {
      perfetto ??= new PerfettoExport(judge.world, outlet.write);
    },
    violation: (v) => perfetto?.violation(v),
    after: (e) => perfetto?.after(e),
  };
  const forJson: Watcher = { before: (e) => outlet.write(`${JSON.stringify(e.toJSON())}\n`) };
  const watcher = to === 'jsonl' ? forJson : forPerfetto;
  const outcome = await judgeTrace(path, judges, filter, { ...watcher, batch: () => outlet.drained() });
  perfetto?.finish();
  await outlet.close();
  reportDamages(outcome.damages);
  return 0;
}
