// SPDX-License-Identifier: Apache-2.0
/** What an operator may decide, and that nothing else changes with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceOverrides, Overrides } from '../../src/rules/policy.js';
import { findings, judged, type Options } from '../run.js';

const COPYING = `
  0   dev1 opened pci mlx5_vfio_pci
  0   dev2 opened pci qat_vfio_pci
  1s  dev1 set STOP_COPY
  1100ms dev2 set STOP_COPY
  2s  dev1 region read bar0+0 4
  2s  dev2 region read bar0+0 4`;
const ID = 'mmio-rw-while-halted';

const on = (name: string, more: Overrides): DeviceOverrides => ({ ...more, matches: (s) => s.name === name });
const found = (options: Options) =>
  judged(COPYING, options)
    .violations.filter((v) => v.rule === ID)
    .map((v) => `${v.device} ${v.severity}`);

test('a rule that is off answers nothing at all', () => {
  const { judge, violations } = judged(COPYING, { overrides: { rules: { [ID]: { on: false } } } });
  assert.equal(judge.engine.tallies.has(ID), false);
  assert.equal(violations.filter((v) => v.rule === ID).length, 0);
  assert.ok(violations.length > 0, 'the others are judged as before');
});

test('off for one device: no finding, and not counted as kept', () => {
  const options = { devices: [on('dev1', { rules: { [ID]: { on: false } } })] };
  assert.deepEqual(found(options), ['dev2 critical']);
  assert.deepEqual(judged(COPYING, options).judge.engine.tallies.get(ID), { kept: 0, broken: 1, unknown: 0 });
});

test('on for one device only', () => {
  const options = {
    overrides: { rules: { [ID]: { on: false } } },
    devices: [on('dev2', { rules: { [ID]: { on: true } } })],
  };
  assert.deepEqual(found(options), ['dev2 critical']);
});

test('severity: the device before the rule, the later of two that match', () => {
  const severity = (severity: 'info' | 'warning' | 'critical') => ({ rules: { [ID]: { severity } } });
  const overrides = severity('warning');
  assert.deepEqual(found({ overrides }), ['dev1 warning', 'dev2 warning']);
  const devices = [on('dev1', severity('critical')), on('dev1', severity('info'))];
  assert.deepEqual(found({ overrides, devices }), ['dev1 info', 'dev2 warning']);
});

test('a figure may differ by rule and by device', () => {
  const soon = `
    0     dev1 opened pci mlx5_vfio_pci
    0     dev2 opened pci mlx5_vfio_pci
    1ms   dev1 set STOP_COPY took=1us
    1010us dev2 set STOP_COPY took=1us
    1101us dev1 region read bar0+0 4 tid=9
    1101us dev2 region read bar0+0 4 tid=9`;
  const read = (options: Options) =>
    judged(soon, options)
      .violations.filter((v) => v.rule === ID)
      .map((v) => v.device);
  const limits = { epsCpu: 1e6 };
  assert.deepEqual(read({}), ['dev1', 'dev2']);
  assert.deepEqual(read({ overrides: { rules: { [ID]: { limits } } } }), []);
  assert.deepEqual(read({ overrides: { rules: { 'irq-while-halted': { limits } } } }), ['dev1', 'dev2']);
  assert.deepEqual(read({ devices: [on('dev1', { limits })] }), ['dev2']);
});

test('a device is treated as its own from the record that introduces it', () => {
  const text = '0 dev1 found pci mlx5_vfio_pci\n0 dev2 found pci mlx5_vfio_pci';
  const devices = [on('dev1', { rules: { 'observability-gap': { on: false } } })];
  assert.deepEqual(findings(text, { devices }), ['observability-gap late-dev2 info']);
});

test('off for a device: neither asked of it nor reported on it, whoever gave rise to the finding', () => {
  const text = `
    0     vm1 opened pci mlx5_vfio_pci container=1
    0     vm2 opened pci mlx5_vfio_pci container=1
    0     container1 join 1
    0     container1 map 0x1000 0x1000
    0     container1 p2p vm2 bar0+0 0x1000 0x1000
    10ms  vm2 set STOP
    20ms  vm1 set STOP`;
  const p2p = (options: Options) => findings(text, options).filter((f) => f.startsWith('p2p-window-open'));
  assert.deepEqual(p2p({}), ['p2p-window-open from-vm1 warning']);
  const off = { rules: { 'p2p-window-open': { on: false } } };
  assert.deepEqual(p2p({ devices: [on('vm1', off)] }), []);
  assert.deepEqual(p2p({ devices: [on('vm2', off)] }), []);
});

test('a finding names the limits that it was judged with, those of its device', () => {
  const devices = [on('dev2', { limits: { epsCpu: 20e3 } })];
  const limits = judged(COPYING, { devices })
    .violations.filter((v) => v.rule === ID)
    .map((v) => v.limits);
  assert.deepEqual(limits, [{ 'eps-cpu': 50_000 }, { 'eps-cpu': 20_000 }]);
});
