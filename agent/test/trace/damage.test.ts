// SPDX-License-Identifier: Apache-2.0
/** A trace is hostile input: what is wrong is said with its place, the rest is read, and loss is judged as loss. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HEAD_BYTES } from '../../src/trace/packet_head.js';
import { encode } from '../../src/wire/events.gen.js';
import { judgeBatches } from '../run.js';
import { scenario } from '../scenario.js';
import { folder, read, streams, write } from './recorded.js';

const TICK = 40;
const PER_PACKET = 10;
const COUNT = 100;
const ticks = () =>
  Array.from({ length: COUNT }, (_, n) =>
    encode('tick', { at: 5_000_000_000_000n + BigInt(n) * 1_000_000_000n }),
  );

/** A hundred ticks in packets of ten; `segmentBytes` may spread them over files. */
async function trace(t: TestContext, segmentBytes = 1 << 30): Promise<string> {
  const known = encode('vm', { tgid: 1 });
  const options = { packetBytes: TICK * PER_PACKET, segmentBytes, snapshot: () => known };
  return (await write(folder(t), ticks(), options)).folder;
}
const PACKET = HEAD_BYTES + TICK * PER_PACKET;
/** After the preamble, which is a packet of its own. */
const FIRST = HEAD_BYTES + 136;
const packetAt = (n: number) => FIRST + n * PACKET;

function change(file: string, edit: (bytes: Buffer) => Buffer | undefined): void {
  const bytes = readFileSync(file);
  writeFileSync(file, edit(bytes) ?? bytes);
}

async function changed(t: TestContext, edit: (bytes: Buffer) => Buffer | undefined) {
  const path = await trace(t);
  change(streams(path)[0] ?? '', edit);
  return read(path);
}

const times = (bytes: Buffer) => {
  const { judge } = judgeBatches([bytes]);
  return { events: judge.events, lost: judge.world.lost[0] ?? 0, undecodable: judge.undecodable };
};

test('a whole trace has nothing wrong with it', async (t) => {
  const { bytes, damages } = await read(await trace(t));
  assert.deepEqual(damages, []);
  assert.deepEqual(times(bytes), { events: COUNT + 1, lost: 0, undecodable: 0 });
});

test('a killed recorder loses what it had not written', async (t) => {
  for (const cut of [1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 3, PACKET - 1]) {
    const path = await trace(t);
    const [file = ''] = streams(path);
    truncateSync(file, packetAt(9) + cut);
    const { bytes, damages, source } = await read(path);
    assert.equal(times(bytes).events, COUNT - PER_PACKET + 1, `cut ${cut} bytes into the last packet`);
    assert.equal(damages.length, 1);
    assert.match(damages[0] ?? '', /the last .*(killed|cut)/);
    assert.deepEqual([source.damages[0]?.file, source.damages[0]?.offset], [file, packetAt(9)]);
  }
});

test('a flipped bit costs its packet, is named, and is judged as loss', async (t) => {
  for (const at of [HEAD_BYTES, HEAD_BYTES + 100, PACKET - 1, 40, 50, 0, 4, 80, HEAD_BYTES - 1]) {
    const { bytes, damages, source } = await changed(t, (b) => {
      b[packetAt(3) + at] = (b[packetAt(3) + at] ?? 0) ^ 0x10;
      return undefined;
    });
    assert.equal(source.missing, PER_PACKET, `byte ${at}`);
    assert.equal(damages.length, 1, damages.join());
    assert.equal(source.damages[0]?.offset, packetAt(3));
    const { events, lost } = times(bytes);
    assert.deepEqual([events, lost], [COUNT - PER_PACKET + 1 + 2, PER_PACKET], `byte ${at}`);
  }
});

test('the first packet may be the damaged one', async (t) => {
  const { bytes, source } = await changed(t, (b) => b.subarray(packetAt(1)));
  assert.equal(source.missing, PER_PACKET);
  assert.equal(times(bytes).lost, PER_PACKET);
});

test('packets that are missing, twice there or out of order are said', async (t) => {
  const piece = (b: Buffer, n: number) => b.subarray(packetAt(n), packetAt(n + 1));
  const missing = await changed(t, (b) =>
    Buffer.concat([b.subarray(0, packetAt(2)), b.subarray(packetAt(4))]),
  );
  assert.match(missing.damages.join(), /^packets 3 to 4 are missing$/);
  assert.equal(times(missing.bytes).lost, 2 * PER_PACKET);
  const twice = await changed(t, (b) =>
    Buffer.concat([b.subarray(0, packetAt(3)), piece(b, 2), b.subarray(packetAt(3))]),
  );
  assert.match(twice.damages.join(), /^packet 3 comes after packet 3: a duplicate/);
  assert.deepEqual(times(twice.bytes), { events: COUNT + 1, lost: 0, undecodable: 0 });
  const swapped = await changed(t, (b) =>
    Buffer.concat([b.subarray(0, packetAt(3)), piece(b, 4), piece(b, 3), b.subarray(packetAt(5))]),
  );
  assert.match(swapped.damages.join('\n'), /missing\n.*out of order/);
});

test('noise between packets is skipped', async (t) => {
  const noise = Buffer.alloc(3 << 20, 0xc1);
  const { bytes, damages } = await changed(t, (b) =>
    Buffer.concat([b.subarray(0, packetAt(5)), noise, b.subarray(packetAt(5))]),
  );
  assert.deepEqual(damages, ['damaged packet: no packet begins here']);
  assert.equal(times(bytes).events, COUNT + 1);
});

test('a file that is all but endless is given up, not read to its end', async (t) => {
  const path = await trace(t);
  truncateSync(streams(path)[0] ?? '', 8 * 2 ** 40);
  const { bytes, damages } = await read(path);
  assert.equal(times(bytes).events, COUNT + 1);
  assert.match(
    damages.join('\n'),
    /^damaged packet: no packet begins here\nno packet in 256 MiB: the rest of the file is not read$/,
  );
});

test('a segment that is gone is loss; the next one says what was known', async (t) => {
  const path = await trace(t, 3 * TICK * PER_PACKET);
  const files = streams(path);
  assert.ok(files.length >= 3);
  rmSync(files[1] ?? '');
  const { bytes, damages } = await read(path);
  assert.match(damages.join(), /^packets \d+ to \d+ are missing$/);
  const { judge } = judgeBatches([bytes]);
  assert.ok((judge.world.lost[0] ?? 0) >= PER_PACKET);
});

test('the oldest segments may go: the first that is left says what was known', async (t) => {
  const path = await trace(t, 3 * TICK * PER_PACKET);
  rmSync(streams(path)[0] ?? '');
  const { damages, bytes } = await read(path);
  assert.deepEqual(damages, []);
  assert.equal(times(bytes).lost, 0);
});

test('what is no trace is refused in one line that names it', async (t) => {
  const dir = folder(t);
  await assert.rejects(read(join(dir, 'nowhere')), /nowhere: .*(ENOENT|no such)/i);
  await assert.rejects(read('/etc/passwd'), /passwd: not a migwatch trace/);
  await assert.rejects(read(dir), /not a migwatch trace \(no metadata file\)/);
  const path = await trace(t);
  const metadata = join(path, 'metadata');
  const text = readFileSync(metadata, 'utf8');
  const refused = async (changedText: string, why: RegExp) => {
    writeFileSync(metadata, changedText);
    await assert.rejects(read(path), why);
  };
  await refused('', /no CTF 1\.8 metadata/);
  await refused(text.replace(/^\tuuid.*$/m, ''), /no uuid or env/);
  await refused(text.replace('domain = "migwatch"', 'domain = "ust"'), /not migwatch's \(domain ust\)/);
  await refused(
    text.replace(/wire = "\w+"/, 'wire = "0123"'),
    /recorded with wire 0123, this agent reads \w+; use agent/,
  );
  await refused(`${text}${' '.repeat(5 << 20)}`, /too many for metadata/);
});

test('a FIFO that is called metadata is waited for by nobody', async (t) => {
  const path = await trace(t);
  const beside = join(path, '..', 'migwatch-2');
  mkdirSync(beside);
  spawnSync('mkfifo', [join(beside, 'metadata')]);
  assert.deepEqual((await read(join(path, '..'))).damages, []);
  await assert.rejects(read(beside), /not a migwatch trace \(no metadata file\)/);
});

test('packets of another trace are not judged', async (t) => {
  const [one, other] = [await trace(t), await trace(t)];
  copyFileSync(streams(other)[0] ?? '', streams(one)[0] ?? '');
  const { bytes, damages } = await read(one);
  assert.equal(bytes.length, 0);
  assert.match(damages.join(), /another trace/);
});

test('several traces in one folder are not mixed up', async (t) => {
  const path = await trace(t);
  mkdirSync(join(path, '..', 'migwatch-2'));
  copyFileSync(join(path, 'metadata'), join(path, '..', 'migwatch-2', 'metadata'));
  await assert.rejects(read(join(path, '..')), /holds 2 traces, name one/);
  assert.equal((await read(path)).damages.length, 0);
});

test('a scenario is judged the same after damage as after loss', async (t) => {
  const records = scenario(
    '0 dev1 opened pci x\n1s dev1 set STOP_COPY\n2s dev1 region write bar0+0 4\n9s tick',
  );
  const { folder: path } = await write(folder(t), records, { packetBytes: 512 });
  const [file = ''] = streams(path);
  const size = readFileSync(file).length;
  for (let at = 0; at < size; at += 97) {
    const whole = readFileSync(file);
    const bad = Buffer.from(whole);
    bad[at] = (bad[at] ?? 0) ^ 1;
    writeFileSync(file, bad);
    const { bytes, damages } = await read(path);
    writeFileSync(file, whole);
    assert.ok(damages.length > 0, `a flip at ${at} was not seen`);
    judgeBatches([bytes]);
  }
});
