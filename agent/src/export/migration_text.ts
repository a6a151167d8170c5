// SPDX-License-Identifier: Apache-2.0
/**
 * A migration that was joined from the traces of both hosts, for people:
 *
 *   migration of vm web-1: alpha → beta, joined by UUID
 *     clocks agree within 1.900 ms
 *     downtime 812.300 ms ± 1.900 ms (source 501.200, between 20.100, destination 291.000)
 *     0000:3b:00.2 saved 4194304 bytes, 0000:5e:00.1 loaded 4194304 bytes
 *          0.000  PRE_COPY
 *          0.012                  RESUMING
 */
import { between, type Clocks } from '../join/clocks.js';
import { contradiction, type Downtime, downtime } from '../join/downtime.js';
import { bytesOf, type Half, isExact } from '../join/half.js';
import type { JointVerdict } from '../join/judge.js';
import type { Migration, Pair } from '../join/pairing.js';
import { clean } from './timeline.js';

const COLUMN = 16;

const ms = (ns: number) => (ns / 1e6).toFixed(3);

function clocksText({ shared, error }: Clocks): string {
  if (shared) return 'one clock: both traces are of the same boot';
  if (error !== undefined) return `clocks agree within ${ms(error)} ms`;
  return 'clocks are not known to agree: a host was not synchronised when its trace began';
}

function downtimeText(t: Downtime): string {
  const parts = `source ${ms(t.source)}, destination ${ms(t.destination)}`;
  const wrong = contradiction(t);
  if (t.error === undefined || wrong > 0) {
    const by = wrong > 0 ? `, which cannot be: they are ${ms(wrong)} ms apart or more` : '';
    return `downtime at least ${ms(t.least)} ms (${parts}); by the clocks ${ms(t.total)} ms${by}`;
  }
  const sure = t.error > 0 ? ` ± ${ms(t.error)} ms` : '';
  return `downtime ${ms(t.total)} ms${sure} (source ${ms(t.source)}, between ${ms(t.total - t.least)}, destination ${ms(t.destination)})`;
}

const count = (h: Half) => `${isExact(h) ? '' : 'at least '}${bytesOf(h)} bytes`;

/** How much later the destination's times are shown, so that no byte is loaded before it was saved, ns. */
function shiftOf({ clocks }: Migration, { source: s, destination: d }: Pair): number {
  if (!s.lastData || !d.lastData) return 0;
  const ahead = between(clocks, d.lastData, s.lastData);
  return clocks.error === undefined || ahead > clocks.error ? ahead : 0;
}

/** States of both sides, in order, each in its column. */
function sideBySide(m: Migration, pair: Pair): string[] {
  const { source, destination } = pair;
  const shift = shiftOf(m, pair);
  const later = between(m.clocks, source.began, destination.began) + shift;
  // On one host its own clock counts: the wall clock may be set meanwhile.
  const column = ({ began, steps }: Half, after: number, indent: string) =>
    steps.map((s) => ({ at: after + Number(s.mono - began.mono), text: indent + s.state }));
  const rows = [...column(source, 0, ''), ...column(destination, later, ' '.repeat(COLUMN))];
  rows.sort((a, b) => a.at - b.at);
  const told =
    shift === 0
      ? []
      : [`    (times of ${clean(destination.host.origin.host)} are shown ${ms(shift)} ms later)`];
  return [...told, ...rows.map(({ at, text }) => `    ${(at / 1e9).toFixed(6).padStart(12)}  ${text}`)];
}

/** Of a host or VM: names come from the trace. */
function title({ pairs: [first] }: Migration): string {
  const { source: s, destination: d, by } = first;
  const name = clean(s.vm || d.vm);
  const how = by === 'uuid' ? 'UUID' : 'equal byte counts at the same time';
  return `migration of vm ${name || '(no name)'}: ${clean(s.host.origin.host)} → ${clean(d.host.origin.host)}, joined by ${how}`;
}

function pairText(m: Migration, pair: Pair): string[] {
  const { source: s, destination: d, certain } = pair;
  const doubt = certain ? '' : ' (another pairing is possible)';
  return [
    `  ${clean(s.device)} saved ${count(s)}, ${clean(d.device)} loaded ${count(d)}${doubt}`,
    ...sideBySide(m, pair),
  ];
}

/** Without its findings, which are told as others are. */
export function migrationText(m: Migration, verdicts: readonly JointVerdict[]): string {
  const time = downtime(m);
  const open = verdicts.filter((v) => v.verdict === 'unknown');
  return [
    title(m),
    `  ${clocksText(m.clocks)}`,
    `  ${time ? downtimeText(time) : 'downtime not known: the destination was not seen to run again'}`,
    ...m.pairs.flatMap((pair) => pairText(m, pair)),
    ...open.map((v) => `  ${v.rule}: unknown: ${v.why}`),
  ].join('\n');
}

/** A half whose other side is in no trace. */
export function aloneText(h: Half): string {
  const verb = h.side === 'source' ? 'saved' : 'loaded';
  return `${h.side} only: ${clean(h.device)} on ${clean(h.host.origin.host)} ${verb} ${count(h)}; its other side is in none of these traces`;
}
