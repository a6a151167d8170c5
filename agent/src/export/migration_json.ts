// SPDX-License-Identifier: Apache-2.0
/** A joined migration as one JSON line: `kind` is `migration`; times are ns, those beyond 2^53 hex strings. */
import { contradiction, downtime } from '../join/downtime.js';
import { bytesOf, type Half, isExact } from '../join/half.js';
import type { JointVerdict } from '../join/judge.js';
import type { Migration } from '../join/pairing.js';
import { exact } from './violation_json.js';

const half = (h: Half) => ({
  host: h.host.origin.host,
  device: h.device,
  driver: h.driver,
  session: h.session.id,
  bytes: bytesOf(h),
  bytes_exact: isExact(h),
  states: h.steps.map(({ state, mono, wall }) => ({ state, at_ns: mono, wall_ns: wall })),
});

function timing(m: Migration) {
  const t = downtime(m);
  if (!t) return null;
  return {
    total_ns: t.total,
    error_ns: t.error ?? null,
    least_ns: t.least,
    source_ns: t.source,
    destination_ns: t.destination,
    waited_ns: t.waited,
    clocks_wrong_by_ns: contradiction(t),
  };
}

export function migrationJson(m: Migration, verdicts: readonly JointVerdict[]): string {
  const [{ source, by }] = m.pairs;
  const line = {
    kind: 'migration',
    vm: source.vm,
    uuid: source.uuid,
    joined_by: by,
    clocks: { shared: m.clocks.shared, error_ns: m.clocks.error ?? null },
    downtime: timing(m),
    devices: m.pairs.map((p) => ({
      source: half(p.source),
      destination: half(p.destination),
      certain: p.certain,
    })),
    verdicts: verdicts.map(({ rule, verdict, device, why }) => ({ rule, verdict, device, why })),
  };
  return JSON.stringify(line, exact);
}

export function aloneJson(h: Half): string {
  return JSON.stringify({ kind: 'half_migration', side: h.side, ...half(h) }, exact);
}
