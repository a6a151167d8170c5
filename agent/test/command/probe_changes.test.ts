// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProbeChanges } from '../../src/command/probe_changes.js';
import type { ProbeState } from '../../src/kernel/shim.js';

const probe = (name: string, status: ProbeState['status'], kind = 'fexit'): ProbeState => ({
  name,
  kind,
  status,
  required: true,
  module: 'mtty',
  reason: '',
});

test('the log has how many functions are watched, then only those that came and went', () => {
  const changes = new ProbeChanges();
  const ioctl = probe('vfio_device_fops_unl_ioctl', 'attached');
  const entry = probe('vfio_device_fops_unl_ioctl', 'attached', 'fentry');
  assert.deepEqual(changes.since([ioctl, entry, probe('mtty_save_read', 'waiting')]), {
    probes: 1,
    waiting_for_modules: 'mtty',
  });
  assert.deepEqual(changes.since([ioctl, entry, probe('mtty_save_read', 'attached')]), {
    probes: 2,
    attached: 'mtty_save_read',
    let_go: '',
    waiting_for_modules: '',
  });
  assert.deepEqual(changes.since([probe('mtty_save_read', 'attached')]), {
    probes: 1,
    attached: '',
    let_go: 'vfio_device_fops_unl_ioctl',
    waiting_for_modules: '',
  });
});
