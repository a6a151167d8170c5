// SPDX-License-Identifier: Apache-2.0
/** Traces of several hosts: what was seen of migrations in each, and what their two sides come to together. */
import { type Filter, type Judges, UsageError } from '../config.js';
import { type Half, Halves, type Host } from '../join/half.js';
import { type JointVerdict, judgeMigration } from '../join/judge.js';
import { join } from '../join/pairing.js';
import type { Judge } from '../judge.js';
import { ALL_RULES } from '../rules/index.js';
import { Policy } from '../rules/policy.js';
import type { TraceOrigin } from '../trace/metadata.js';
import { madeOn } from '../trace_format.js';
import type { KernelEvent } from '../wire/events.gen.js';
import { shown } from './filter.js';
import type { Printer } from './printers.js';

function hostOf({ env, uuid, clockOffset, clockError }: TraceOrigin): Host {
  const origin = madeOn(env);
  const error = clockError === undefined ? undefined : Number(clockError);
  const boot_id = origin.boot_id || uuid;
  return { origin: { ...origin, boot_id }, clockOffset, clockError: error };
}

export class Hosts {
  private readonly traces = new Set<string>();
  private readonly found: Half[] = [];
  private current: Halves | undefined;

  /** Another trace begins. */
  open(path: string, origin: TraceOrigin, judge: Judge): void {
    if (this.traces.has(origin.uuid)) throw new UsageError(`${path}: this trace is named twice`);
    this.traces.add(origin.uuid);
    this.current = new Halves(hostOf(origin), judge.world);
  }

  readonly after = (e: KernelEvent): void => this.current?.after(e);

  close(path: string): void {
    const { current } = this;
    current?.finish();
    this.found.push(...(current?.found ?? []));
    if (current?.left)
      process.stderr.write(`migwatch: ${path}: ${current.left} more data sessions than can be joined\n`);
  }

  /** Prints what they have in common; how many violations that came to. */
  join(judges: Judges, filter: Filter, printer: Printer): number {
    const policy = new Policy({ ...judges[0], rules: ALL_RULES });
    const show = shown(filter);
    const { migrations, alone } = join(this.found);
    let violations = 0;
    for (const m of migrations) {
      if (!m.pairs.some((p) => show.device(p.source.device) || show.device(p.destination.device))) continue;
      const isShown = ({ violation: v }: JointVerdict) => v === undefined || show.violation(v);
      const verdicts = judgeMigration(m, policy).filter(isShown);
      violations += verdicts.filter((v) => v.violation).length;
      process.stdout.write(printer.migration(m, verdicts));
    }
    for (const half of alone) if (show.device(half.device)) process.stdout.write(printer.alone(half));
    process.stderr.write(
      `${migrations.length} migrations joined, ${alone.length} halves without their other\n`,
    );
    return violations;
  }
}
