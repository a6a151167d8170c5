// SPDX-License-Identifier: Apache-2.0
/** The configuration file: what is read, and what a wrong one is told. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { parseSettings, readSettings } from '../../src/config/file.js';
import { configSchema } from '../../src/config/keys.js';
import { UsageError } from '../../src/config/usage.js';

const valid = new Ajv2020({ allErrors: true }).compile(configSchema());

/** Complaints of the reader, without the path; the published schema must agree that there are some. */
function complaints(text: string): string[] {
  try {
    parseSettings('f', text);
    return [];
  } catch (err) {
    assert.ok(err instanceof UsageError);
    return err.message.split('\n').map((line) => line.replace(/^f:/, ''));
  }
}

/** For text that is YAML. */
function both(text: string): string[] {
  const found = complaints(text);
  assert.equal(valid(parse(text)), found.length === 0, `schema and reader differ on: ${text}`);
  return found;
}

test('everything that may be set', () => {
  const text = `
    profile: seed-strict
    web: { listen-address: 127.0.0.1:9700 }
    ring: { crit-kib: 64 }
    limits: { blackout-budget: 1.5s, eps-cpu: 20us }
    p2p: { unroutable: [hisi_acc_vfio_pci, 0000:3b:00.2 0000:5e:00.1] }
    rules:
      set-irqs-in-resuming: off
      fsm-transition-stuck: { severity: info, limits: { transition-stuck: 10s } }
    devices:
      - { driver: mlx5-vfio-pci, rules: { p2p-window-open: on } }
      - { device: '0000:3b:*', limits: { eps-irq: 1m } }`;
  assert.deepEqual(both(text), []);
  const s = parseSettings('f', text);
  assert.deepEqual(s.flags, {
    profile: 'seed-strict',
    'web.listen-address': '127.0.0.1:9700',
    'ring.crit-kib': 64,
  });
  assert.deepEqual(s.overrides, {
    limits: { blackoutBudget: 1.5e9, epsCpu: 20e3 },
    rules: {
      'set-irqs-in-resuming': { on: false },
      'fsm-transition-stuck': { severity: 'info', limits: { transitionStuck: 10e9 } },
    },
  });
  const [driver, device] = s.devices;
  assert.deepEqual(driver?.rules, { 'p2p-window-open': { on: true } });
  assert.ok(driver?.matches({ name: 'x', driver: 'mlx5_vfio_pci' }));
  assert.ok(!driver?.matches({ name: 'x', driver: 'mlx5_vfio_pci2' }));
  assert.deepEqual(device?.limits, { epsIrq: 60e9 });
  assert.ok(device?.matches({ name: '0000:3b:00.2', driver: 'any' }));
  assert.ok(!device?.matches({ name: '0000:3c:00.2', driver: 'any' }));
  assert.ok(!device?.matches({ name: '10000:3b:00.2', driver: 'any' }), 'the whole name counts');
});

test('an empty file sets nothing', () => {
  for (const text of ['', '# nothing\n', '---\n', '{}'])
    assert.deepEqual(parseSettings('f', text).overrides, { limits: {}, rules: {} });
});

test('a value of the wrong kind: where, what was expected and what is there', () => {
  const cases: [string, string][] = [
    ['profile: strict', '1:10: expected uapi or seed-strict, found "strict"'],
    ['web:\n  listen-address: 9641', '2:19: expected a text that is not empty, found 9641'],
    ['web:\n  listen-address:', '2:18: expected a text that is not empty, found nothing'],
    ['ring: { crit-kib: 1.5 }', '1:19: expected a whole number, found 1.5'],
    ['limits:\n  eps-cpu: 5', '2:12: expected a duration such as 50us, 300ms, 5s, 30m or 1h, found 5'],
    ['limits:\n  eps-cpu: -5s', '2:12: expected a duration such as 50us, 300ms, 5s, 30m or 1h, found "-5s"'],
    [
      'p2p: { unroutable: [a b c] }',
      '1:21: expected a driver, or two device names with a space between, found "a b c"',
    ],
    ['limits: [1]', '1:9: expected a mapping, found a list'],
    ['rules:\n  irq-while-halted: maybe', '2:21: expected off or on, or a mapping, found "maybe"'],
    ['rules:\n  irq-while-halted: false', '2:21: expected off or on, or a mapping, found false'],
    ['rules:\n  irq-while-halted: [off]', '2:21: expected off or on, or a mapping, found a list'],
    [
      'rules: { irq-while-halted: { severity: loud } }',
      '1:40: expected info, warning or critical, found "loud"',
    ],
    ['devices: {}', '1:10: expected a list, found a mapping'],
    ['devices:\n  - rules: {}', '2:5: device or driver is missing'],
    ['devices:\n  - 7', '2:5: expected a mapping, found 7'],
    ['- 1', '1:1: expected a mapping, found a list'],
    ['hello', '1:1: expected a mapping, found "hello"'],
  ];
  for (const [text, message] of cases) assert.deepEqual(both(text), [message], text);
});

test('an unknown key, and the one that may have been meant', () => {
  assert.deepEqual(both('profil: uapi'), ['1:1: unknown key profil; did you mean profile?']);
  assert.deepEqual(both('limits:\n  blackout-buget: 1s'), [
    '2:3: unknown key blackout-buget; did you mean blackout-budget?',
  ]);
  assert.deepEqual(both('rules:\n  irq-while-haltd: off'), [
    '2:3: unknown key irq-while-haltd; did you mean irq-while-halted?',
  ]);
  assert.match(both('rules: { nope-nope-nope: off }')[0] ?? '', /^1:10: unknown key .*schema/);
  assert.deepEqual(both('__proto__: 1').length, 1);
});

test('a limit that the rule does not read is refused, not ignored', () => {
  assert.deepEqual(both('rules: { irq-while-halted: { limits: { eps-cpu: 1s } } }'), [
    '1:40: unknown key eps-cpu; did you mean eps-irq?',
  ]);
});

test('every mistake is told, up to ten', () => {
  const wrong = Array.from({ length: 12 }, (_, n) => `key${n}number: 1`).join('\n');
  const told = complaints(wrong);
  assert.equal(told.length, 11);
  assert.equal(told.at(-1), ' and 2 more');
});

test('what is no YAML, or not one document', () => {
  const first = (text: string) => complaints(text)[0] ?? '';
  assert.match(first('web: {listen-address: a'), /^1:\d+: /);
  assert.match(first('a:\n\tb: 1'), /^2:1: .*[Tt]ab/);
  assert.match(first('profile: uapi\nprofile: uapi'), /^2:1: .*unique/);
  assert.match(first('profile: uapi\n---\nprofile: uapi'), /^2:1: .*document/);
  assert.match(first('profile: *nobody'), /^1:10: /);
  assert.match(first('profile: !!wrong uapi'), /^1:10: .*tag/);
  assert.match(first('profile: "uapi'), /^1:\d+: .*quote/);
});

test('anchors are followed; one that holds itself ends', () => {
  const text = `
    devices:
      - { device: a, limits: &slow { eps-irq: 1s } }
      - { device: b, limits: *slow }`;
  assert.deepEqual(
    parseSettings('f', text).devices.map((d) => d.limits),
    [{ epsIrq: 1e9 }, { epsIrq: 1e9 }],
  );
  assert.equal(complaints('devices: &d [*d]').length, 1);
});

test('a file that cannot be read as text', () => {
  const dir = mkdtempSync(join(tmpdir(), 'migwatch-'));
  const file = (name: string, bytes: Uint8Array) => {
    const path = join(dir, name);
    writeFileSync(path, bytes);
    return path;
  };
  assert.throws(() => readSettings(join(dir, 'none')), /--config\.file=.*none: ENOENT/);
  assert.throws(() => readSettings(dir), /EISDIR/);
  assert.throws(() => readSettings(file('latin', Buffer.from([0x23, 0xe9, 0x0a]))), /latin: not UTF-8/);
  assert.throws(() => readSettings(file('large', Buffer.alloc((1 << 20) + 1, 0x23))), /large: larger than/);
});
