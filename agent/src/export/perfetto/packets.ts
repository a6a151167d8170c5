// SPDX-License-Identifier: Apache-2.0
/**
 * The packets of a Perfetto trace that we use, by the field numbers that Perfetto publishes
 * (protos/perfetto/trace/trace_packet.proto and track_event/*.proto); agent/test/export/perfetto.proto has the same.
 */
import { Message } from '../proto.js';

const TRACE_PACKET = 1;
const PACKET = { timestamp: 8, sequence: 10, event: 11, flags: 13, descriptor: 60 } as const;
const DESCRIPTOR = { uuid: 1, name: 2, parent: 5, counter: 8 } as const;
const COUNTER_UNIT = 3;
const EVENT = {
  annotation: 4,
  type: 9,
  track: 11,
  category: 22,
  name: 23,
  value: 30,
  flow: 47,
  ends: 48,
} as const;
const ANNOTATION = { text: 6, name: 10 } as const;

const SEQUENCE = 1;
/** SEQ_INCREMENTAL_STATE_CLEARED: nothing before this packet is needed to read it. */
const CLEARED = 1;

export const EventType = { BEGIN: 1, END: 2, INSTANT: 3, COUNTER: 4 } as const;
export const Unit = { COUNT: 2, BYTES: 3 } as const;

export interface EventFields {
  readonly name?: string;
  readonly category?: string;
  readonly value?: number;
  /** Flows that go on from here, and that end here. */
  readonly flows?: readonly number[];
  readonly ends?: readonly number[];
  readonly notes?: Readonly<Record<string, string>>;
}

const packet = (body: Message): Buffer => new Message().message(TRACE_PACKET, body).content;

export function track(uuid: number, name: string, parent?: number, unit?: number): Buffer {
  const descriptor = new Message().int(DESCRIPTOR.uuid, uuid).text(DESCRIPTOR.name, name);
  if (parent !== undefined) descriptor.int(DESCRIPTOR.parent, parent);
  if (unit !== undefined) descriptor.message(DESCRIPTOR.counter, new Message().int(COUNTER_UNIT, unit));
  const body = new Message().int(PACKET.sequence, SEQUENCE).int(PACKET.flags, CLEARED);
  return packet(body.message(PACKET.descriptor, descriptor));
}

/** `at` is CLOCK_MONOTONIC, ns. */
export function event(at: bigint, type: number, uuid: number, fields: EventFields = {}): Buffer {
  const e = new Message().int(EVENT.type, type).int(EVENT.track, uuid);
  if (fields.category !== undefined) e.text(EVENT.category, fields.category);
  if (fields.name !== undefined) e.text(EVENT.name, fields.name);
  if (fields.value !== undefined) e.int(EVENT.value, fields.value);
  for (const id of fields.flows ?? []) e.fixed64(EVENT.flow, BigInt(id));
  for (const id of fields.ends ?? []) e.fixed64(EVENT.ends, BigInt(id));
  for (const [name, text] of Object.entries(fields.notes ?? {}))
    e.message(EVENT.annotation, new Message().text(ANNOTATION.name, name).text(ANNOTATION.text, text));
  const body = new Message().int(PACKET.timestamp, at).int(PACKET.sequence, SEQUENCE);
  return packet(body.message(PACKET.event, e));
}
