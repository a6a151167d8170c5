// SPDX-License-Identifier: Apache-2.0
/** Type errors that must stay errors: this file is right if it compiles. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  Bytes,
  Iova,
  KernelEvent,
  KtimeNs,
  MigState,
  PidNr,
  SessionId,
  VdevId,
} from '../../src/wire/events.gen.js';
import { encode } from '../../src/wire/events.gen.js';

const iova: Iova = 0x1000;
const at: KtimeNs = 5;
const dev: VdevId = 1;

test('units and identities do not mix', () => {
  // @ts-expect-error an address is no length
  const bytes: Bytes = iova;
  // @ts-expect-error a time is no address
  const address: Iova = at;
  // @ts-expect-error a device is no session
  const session: SessionId = dev;
  // @ts-expect-error a device is no process
  const pid: PidNr = dev;
  // @ts-expect-error a length is no state
  const state: MigState = bytes;
  assert.deepEqual([bytes, address, session, pid, state], [0x1000, 5, 1, 1, 0x1000]);
});

test('plain numbers stay usable with units', () => {
  const sum: number = iova + 1;
  const same: Iova = 7;
  assert.deepEqual([sum, same], [0x1001, 7]);
});

test('a field of another kind of record does not exist', () => {
  const read = (e: KernelEvent): number => {
    // @ts-expect-error only data records have a session
    const any: unknown = e.session;
    return any === undefined && e.kind === 'tick' ? 0 : 1;
  };
  assert.equal(typeof read, 'function');
  // @ts-expect-error no record has this field
  encode('tick', { wal: 1 });
  // @ts-expect-error no such kind
  assert.throws(() => encode('tock', {}));
});

test('a switch over the kinds must name them all', () => {
  const name = (e: Extract<KernelEvent, { kind: 'tick' | 'lost' }>): string => {
    switch (e.kind) {
      case 'tick':
        return 'tick';
      default:
        // @ts-expect-error `lost` has not been dealt with
        e satisfies never;
        return 'other';
    }
  };
  assert.equal(typeof name, 'function');
});
