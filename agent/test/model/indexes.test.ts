// SPDX-License-Identifier: Apache-2.0
/** What Devices and Containers are asked for is what looking at all of them would give. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Containers } from '../../src/model/containers.js';
import { Device } from '../../src/model/device.js';
import { Devices } from '../../src/model/devices.js';
import { Container } from '../../src/model/world.js';

const small = fc.integer({ min: 1, max: 3 });
const device = (id: number, group: number, tgid: number) =>
  new Device(id, '', '', 'pci', 0, true, group, tgid, '', 0, 0, false);

test('devices are found by id, process and group', () => {
  // 1025 shares its place with 1.
  const ids = fc.constantFrom(1, 2, 1025, 2049);
  const acts = fc.record({ what: fc.nat(9), id: ids, group: small, tgid: small });
  fc.assert(
    fc.property(fc.array(acts, { maxLength: 30 }), (all) => {
      const devices = new Devices();
      for (const { what, id, group, tgid } of all) {
        if (what < 6) devices.set(id, device(id, group, tgid));
        else if (what < 9) devices.delete(id);
        else devices.clear();
        for (const n of [1, 2, 1025, 2049]) assert.equal(devices.find(n), devices.get(n));
        for (const n of [1, 2, 3]) {
          const those = (is: (d: Device) => boolean) => new Set([...devices.values()].filter(is));
          assert.deepEqual(
            new Set(devices.ofProcess(n)),
            those((d) => d.tgid === n),
          );
          assert.deepEqual(
            new Set(devices.ofGroup(n)),
            those((d) => d.group === n),
          );
        }
      }
    }),
  );
});

test('containers are found by whose BARs are mapped in them', () => {
  const acts = fc.record({ what: fc.nat(9), id: small, target: small, iova: small });
  fc.assert(
    fc.property(fc.array(acts, { maxLength: 30 }), (all) => {
      const containers = new Containers();
      for (const { what, id, target, iova } of all) {
        if (what < 2) containers.set(id, new Container(id));
        else if (what < 6) {
          containers.get(id)?.p2p.remove(iova, 1);
          containers.get(id)?.p2p.add({ iova, size: 1, target, pos: 0, at: 0 });
        } else if (what < 8) containers.get(id)?.p2p.remove(iova, 2);
        else if (what < 9) containers.delete(id);
        else containers.clear();
        for (const n of [1, 2, 3]) {
          const holders = [...containers.values()].filter((c) => c.p2p.of(n).size > 0);
          assert.deepEqual(new Set(containers.mapping(n)), new Set(holders));
        }
      }
    }),
  );
});
