// SPDX-License-Identifier: Apache-2.0
/** What trace/ must be told of records, which it does not know: their sizes, their TSDL, and what loss looks like. */
import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import type { Origin } from './rules/finding.js';
import type { RecordFormat } from './trace/packet.js';
import type { Reading } from './trace/trace_source.js';
import { VERSION } from './version.js';
import { EvType, encode, RECORD_SIZES, RingValue, WIRE_HASH } from './wire/events.gen.js';
import { BACKDATED } from './wire/tsdl.gen.js';

const LOST_COUNT_AT = 40;

export const RECORD_FORMAT: RecordFormat = {
  sizes: RECORD_SIZES,
  backdated: BACKDATED,
  lostType: EvType.LOST,
  lostCountAt: LOST_COUNT_AT,
};

/** Through which ring the missing events came is not known: each may have lost them all. */
function lost(at: bigint, events: number): Uint8Array {
  const rings = [RingValue.CRIT, RingValue.BULK];
  return Buffer.concat(rings.map((ring) => encode('lost', { at, ring, count: events })));
}

export const READING: Reading = { wire: WIRE_HASH, format: RECORD_FORMAT, lost };

/** The environment of a trace that is made here and now; `probes` are those attached, `clockError` is in ns. */
export function originHere(
  probes: readonly string[],
  more: Readonly<Record<string, string>>,
  clockError?: bigint,
) {
  return {
    clockOffset: BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint(),
    clockError,
    env: {
      host: hostname(),
      kernel: release(),
      boot_id: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      agent_version: VERSION,
      wire: WIRE_HASH,
      probes: probes.join(','),
      ...more,
    },
  };
}

/** What a finding says of its origin, from the environment of the trace that its records are, or would be, in. */
export function madeOn(env: Readonly<Record<string, string>>): Origin {
  const { host = '', kernel = '', boot_id = '', agent_version = '' } = env;
  return { host, kernel_release: kernel, boot_id, agent_version };
}
