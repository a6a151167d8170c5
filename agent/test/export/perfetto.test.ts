// SPDX-License-Identifier: Apache-2.0
/** What `export` writes, read back by a library that knows nothing of ours. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { scenario } from '../scenario.js';
import { folder, write } from '../trace/recorded.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const PROTO = fileURLToPath(new URL('../../../../agent/test/export/perfetto.proto', import.meta.url));

const STORY = `
  0     dev1 opened pci mlx5_vfio_pci container=1 group=7
  1ms   dev2 opened pci mlx5_vfio_pci
  5ms   container1 map 0x1000 65536
  10ms  dev1 log start
  20ms  dev1 set PRE_COPY
  30ms  dev1 data read 4096
  40ms  dev1 set STOP_COPY
  45ms  dev1 region write bar0+0x10 4
  50ms  dev1 data read 4096
  70ms  dev1 set STOP
  90ms  dev1 closed
  1000ms tick
`;

const migwatch = (...args: string[]) => {
  const done = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
};

interface Packet {
  readonly timestamp?: string;
  readonly trackDescriptor?: { readonly uuid: string; readonly name: string; readonly parentUuid?: string };
  readonly trackEvent?: {
    readonly type: string;
    readonly trackUuid: string;
    readonly name?: string;
    readonly counterValue?: string;
    readonly flowIds?: readonly string[];
    readonly terminatingFlowIds?: readonly string[];
  };
}

async function recorded(t: TestContext) {
  const dir = folder(t);
  return { dir, trace: (await write(dir, scenario(STORY))).folder };
}

async function exported(t: TestContext) {
  const { dir, trace } = await recorded(t);
  const file = join(dir, 'trace.pftrace');
  migwatch('export', trace, '--to', 'perfetto', '-o', file);
  const { root } = protobuf.parse(readFileSync(PROTO, 'utf8'));
  const type = root.lookupType('Trace');
  const decoded = type.toObject(type.decode(readFileSync(file)), { longs: String, enums: String });
  return { packets: decoded.packet as Packet[], printed: migwatch('print', trace) };
}

test('perfetto: time never goes back, slices are balanced, tracks are described before they are used', async (t) => {
  const { packets } = await exported(t);
  const known = new Set<string>();
  const depth = new Map<string, number>();
  let last = 0n;
  for (const { timestamp, trackDescriptor, trackEvent } of packets) {
    if (trackDescriptor) {
      assert.ok(!trackDescriptor.parentUuid || known.has(trackDescriptor.parentUuid));
      known.add(trackDescriptor.uuid);
    }
    if (!trackEvent) continue;
    assert.ok(BigInt(timestamp ?? 0) >= last);
    last = BigInt(timestamp ?? 0);
    assert.ok(known.has(trackEvent.trackUuid));
    const step = { TYPE_SLICE_BEGIN: 1, TYPE_SLICE_END: -1 }[trackEvent.type] ?? 0;
    const now = (depth.get(trackEvent.trackUuid) ?? 0) + step;
    assert.ok(now >= 0, 'an end without its begin');
    depth.set(trackEvent.trackUuid, now);
  }
  assert.deepEqual(new Set(depth.values()), new Set([0]));
});

test('perfetto: states last as print says, and every finding has an arrow from its cause', async (t) => {
  const { packets, printed } = await exported(t);
  const names = new Map(packets.flatMap(({ trackDescriptor: d }) => (d ? [[d.uuid, d]] : [])));
  const owner = (uuid: string) => names.get(names.get(uuid)?.parentUuid ?? '')?.name;
  const events = packets.flatMap(({ timestamp, trackEvent: e }) =>
    e ? [{ ...e, at: Number(timestamp) }] : [],
  );
  const on = (device: string, track: string) =>
    events.filter((e) => owner(e.trackUuid) === device && names.get(e.trackUuid)?.name === track);

  const landings = [...printed.matchAll(/^ *([\d.]+) +\* dev1 +(?:opened, (RUNNING)|SET_STATE (\w+) ok)/gm)];
  const closed = Number(/^ *([\d.]+) +dev1 +closed/m.exec(printed)?.[1]);
  const told = landings.map(([, at, opened, set], n) => {
    const until = Number(landings[n + 1]?.[1] ?? closed);
    return [opened ?? set, Math.round((until - Number(at)) * 1e6)];
  });
  const states = on('dev1', 'state');
  const begins = states.filter((e) => e.type === 'TYPE_SLICE_BEGIN');
  const ends = states.filter((e) => e.type === 'TYPE_SLICE_END');
  const drawn = begins.map((e, n) => [e.name, Math.round(((ends[n]?.at ?? 0) - e.at) / 1e3)]);
  assert.deepEqual(
    drawn.filter(([name]) => name !== 'unknown'),
    told,
  );
  assert.equal(told.length, 4);

  const findings = events.filter((e) => names.get(e.trackUuid)?.name === 'findings');
  assert.equal(findings.length, printed.match(/└─/g)?.length);
  const caused = new Set(events.flatMap((e) => e.flowIds ?? []));
  assert.ok(findings.every((e) => e.terminatingFlowIds?.every((id) => caused.has(id))));
  assert.ok(findings.every((e) => e.terminatingFlowIds?.length === 1));
  const mapped = on('container 1', 'bytes mapped').map((e) => e.counterValue);
  assert.equal(mapped[0], '65536');
  assert.deepEqual(
    on('dev1', 'bytes saved').map((e) => e.counterValue),
    ['4096', '8192'],
  );
});

test('jsonl: every record is a line of JSON', async (t) => {
  const { trace } = await recorded(t);
  const lines = migwatch('export', trace, '--to', 'jsonl').trimEnd().split('\n');
  const kinds = lines.map((line) => JSON.parse(line).kind);
  assert.equal(kinds.length, scenario(STORY).length);
  assert.ok(kinds.includes('region_write') && kinds.includes('tick'));
});
