// SPDX-License-Identifier: Apache-2.0
/** The thread that writes traces: it may wait for the disk, the thread that drains the kernel may not. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWriter, Setup, ToWriter } from './messages.js';
import { TraceFiles } from './trace_files.js';

const port = parentPort;
if (!port) throw new Error('worker.js is started by recorder.js');
const say = (message: FromWriter) => port.postMessage(message);
const traces = new Map<number, TraceFiles>();
const { dir, limits, format } = workerData as Setup;

function perform(m: Exclude<ToWriter, { op: 'sync' }>): void {
  if (m.op === 'open') {
    traces.set(m.trace, new TraceFiles({ dir, limits, format, open: () => [...traces.values()] }, m));
    return;
  }
  const trace = traces.get(m.trace);
  if (!trace) return;
  if (m.op === 'segment') trace.begin(m.reserve);
  else if (m.op === 'close') {
    traces.delete(m.trace);
    trace.close();
  } else if (trace.write(m.records, m.preamble, m.missing)) say({ op: 'worked', trace: m.trace });
}

port.on('message', (m: ToWriter) => {
  if (m.op === 'sync') return say({ op: 'synced' });
  try {
    perform(m);
  } catch (err) {
    const events = m.op === 'packet' ? (traces.get(m.trace)?.dropped ?? 0) : 0;
    say({ op: 'failed', trace: m.trace, events, error: (err as Error).message });
  }
  if (m.op === 'packet') say({ op: 'took', trace: m.trace, bytes: m.records.length });
});
