// SPDX-License-Identifier: Apache-2.0
/** Which facts a host's probes give, through which of them, and why not all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverage, FACTS, type Fact, seesStream } from '../../src/model/coverage.js';
import { judged } from '../run.js';

function row(fact: Fact, text: string, preamble = true) {
  const { probes, devices } = judged(text, { preamble }).judge.world;
  const found = coverage(probes, devices.values()).find((c) => c.fact === fact);
  return found && [found.level, found.probes.join(', '), found.why];
}

test('where everything is attached, all is complete but what can never be', () => {
  const { probes, devices } = judged('0 dev1 opened pci mlx5_vfio_pci').judge.world;
  const levels = coverage(probes, devices.values());
  assert.deepEqual(
    levels.map(({ fact }) => fact),
    FACTS,
  );
  const partial = levels.filter(({ level }) => level !== 'complete').map(({ fact, level }) => [fact, level]);
  assert.deepEqual(partial, [
    ['vcpu-entry', 'partial'],
    ['mdev-interrupts', 'partial'],
    ['irq-bypass', 'partial'],
    ['iommu-fault', 'partial'],
    ['iommufd', 'partial'],
  ]);
  for (const { fact, level, why, probes: used } of levels) {
    assert.equal(why === '', level === 'complete', fact);
    assert.ok(used.length > 0, fact);
  }
});

test('a fact of several hooks: those that are attached, and those that cannot be', () => {
  const [open, close] = ['fexit vfio_df_open', 'fentry vfio_df_close'];
  const probes = (one: string, other: string) => `0 probe ${open} ${one}\n0 probe ${close} ${other}`;
  const openClose = (one: string, other: string) => row('open-close', probes(one, other), false);
  assert.deepEqual(openClose('attached', 'attached'), ['complete', `${open}, ${close}`, '']);
  assert.deepEqual(openClose('attached', 'unavailable'), ['partial', open, `not attachable: ${close}`]);
  assert.deepEqual(openClose('unavailable', 'detached'), ['none', '', `not attachable: ${open}, ${close}`]);
  // Of a module that is not loaded nothing can happen yet.
  assert.deepEqual(openClose('waiting', 'attached'), ['complete', close, '']);
  assert.deepEqual(row('open-close', '', false), ['none', '', `not attachable: ${open}, ${close}`]);
});

test('the data stream: per driver, of those that migrate', () => {
  const stream = (text: string) => row('data-stream', text);
  assert.deepEqual(stream('0 dev1 opened pci mlx5-vfio-pci'), ['complete', 'data mlx5_vfio_pci', '']);
  const two = '0 dev1 opened pci mlx5_vfio_pci\n0 dev2 opened pci odd';
  const why = 'data_fd of these drivers is not observed: odd';
  assert.deepEqual(stream(two), ['partial', 'data mlx5_vfio_pci', why]);
  assert.deepEqual(stream('0 dev2 opened pci odd'), ['none', '', why]);
  assert.deepEqual(stream('0 dev2 opened pci odd flags=none'), ['complete', '', '']);
  const v1 = '0 dev1 opened mdev vendor flags=none\n1ms dev1 v1 region';
  assert.deepEqual(stream(v1), ['complete', 'fexit vfio_device_fops_read', '']);
});

test('a stream is seen where its driver is watched and its fd has been from the start', () => {
  const sees = (text: string) => {
    const { probes, devices } = judged(text).judge.world;
    return [...devices.values()].map((d) => seesStream(probes, d));
  };
  assert.deepEqual(sees('0 dev1 opened pci mlx5_vfio_pci\n0 dev2 opened pci odd'), [true, false]);
  const saving = '0 dev1 opened pci mlx5_vfio_pci\n1s dev1 set PRE_COPY';
  assert.deepEqual(sees(`${saving}\n1100ms dev1 data-fd observed`), [true]);
  assert.deepEqual(sees(`${saving}\n1100ms dev1 data-fd unseen`), [false]);
});

test('IOMMU faults come from the kernel log, or not at all', () => {
  const from = (text: string) => row('iommu-fault', text, false);
  const [log, hook] = ['0 probe log /dev/kmsg attached', '0 probe raw_tp io_page_fault attached'];
  const limit = 'from the kernel log (Intel, AMD), which is rate-limited: a lower bound';
  assert.deepEqual(from(log), ['partial', 'log /dev/kmsg', limit]);
  assert.deepEqual(from(`${log}\n${hook}`), ['partial', 'log /dev/kmsg, raw_tp io_page_fault', limit]);
  assert.deepEqual(from(`${log}\n0 probe fexit dmar_fault attached`), [
    'partial',
    'log /dev/kmsg, fexit dmar_fault',
    limit,
  ]);
  assert.deepEqual(from(''), ['none', '', 'the kernel log cannot be read (CAP_SYSLOG)']);
});

test('what a host may have or not: one hook of each group will do, also one that is attached on need', () => {
  const facts: [Fact, string[], string][] = [
    ['vcpu-entry', ['raw_tp kvm_entry'], 'kvm is not loaded'],
    ['mdev-interrupts', ['fentry eventfd_signal'], 'eventfd_signal cannot be attached to'],
    [
      'irq-bypass',
      ['tp kvm_pi_irte_update', 'fentry kvm_arch_irq_bypass_add_producer'],
      'kvm is not loaded, or has no posted interrupts',
    ],
    [
      'iommufd',
      ['fexit iommufd_ioas_map', 'fexit iommufd_ioas_unmap', 'fexit iommufd_hwpt_alloc'],
      'iommufd is not loaded, or the kernel has none',
    ],
  ];
  for (const [fact, hooks, absent] of facts) {
    assert.deepEqual(row(fact, '', false), ['none', '', absent]);
    for (const status of ['attached', 'ready']) {
      const text = hooks.map((hook) => `0 probe ${hook} ${status}`).join('\n');
      const [level, used, why] = row(fact, text, false) ?? [];
      assert.deepEqual([level, used, why !== ''], ['partial', hooks.join(', '), true], fact);
    }
  }
  assert.equal(row('iommufd', '0 probe fexit iommufd_ioas_map attached', false)?.[0], 'none');
});
