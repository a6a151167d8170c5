// SPDX-License-Identifier: Apache-2.0
import { hostProblem, vfioProblem } from '../kernel/host.js';
import { KernelLog } from '../kernel/kmsg.js';
import { type ProbeState, Shim } from '../kernel/shim.js';
import { coverage, type FactCoverage, type Probe } from '../model/coverage.js';
import { MW_ABI, ProbeStatusValue, RECORD_SIZES } from '../wire/events.gen.js';
import { reportProblem } from './problem.js';

const EXIT_PARTIAL = 3;
const MIN_RING = 4096;

/** The kernel log as a source of facts, as LiveSource reports it. */
function kernelLog(): ProbeState {
  const source = { name: '/dev/kmsg', kind: 'log', required: false, module: '', reason: '' };
  try {
    new KernelLog().close();
    return { ...source, status: 'attached' };
  } catch {
    return { ...source, status: 'unavailable' };
  }
}

/** What the model would learn from the probe records of a live stream. */
function asModel(probes: readonly ProbeState[]): Map<string, Probe> {
  const status = {
    attached: ProbeStatusValue.ATTACHED,
    waiting: ProbeStatusValue.WAITING,
    ready: ProbeStatusValue.READY,
    detached: ProbeStatusValue.DETACHED,
    unavailable: ProbeStatusValue.UNAVAILABLE,
    unknown: ProbeStatusValue.UNAVAILABLE,
  } as const;
  return new Map(
    probes.map((p) => [
      `${p.kind} ${p.name}`,
      {
        name: p.name,
        kind: p.kind,
        status: status[p.status],
      },
    ]),
  );
}

function line(c: FactCoverage, waiting: ReadonlySet<string>): string {
  const note = c.why || (c.probes.length === 0 ? [...waiting].map((m) => `${m} is not loaded`)[0] : '') || '';
  return `${c.fact.padEnd(16)} ${c.level.padEnd(9)} ${c.probes.join(', ')}${note ? `  (${note})` : ''}\n`;
}

/** `migwatch check`: every fact, how far it can be observed and through what. Attaches, looks, lets go. */
export async function checkCommand(): Promise<number> {
  const problem = hostProblem();
  if (problem) return reportProblem(problem);
  const shim = new Shim(MW_ABI, RECORD_SIZES);
  try {
    shim.open({ critBytes: MIN_RING, bulkBytes: MIN_RING, perKind: 1, maxDevices: 1, maxSessions: 1 });
    await shim.attach();
    const probes = shim.probes();
    const unsupported = vfioProblem(probes);
    if (unsupported) return reportProblem(unsupported);
    const waiting = new Set(probes.filter((p) => p.status === 'waiting' && p.required).map((p) => p.module));
    const facts = coverage(asModel([...probes, kernelLog()]), []);
    for (const c of facts) process.stdout.write(line(c, waiting));
    return facts.every((c) => c.level === 'complete') && waiting.size === 0 ? 0 : EXIT_PARTIAL;
  } finally {
    shim.close();
  }
}
