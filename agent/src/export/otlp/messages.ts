// SPDX-License-Identifier: Apache-2.0
/** OTLP's messages (opentelemetry-proto 1.x), as far as they are sent: field numbers and nothing else. */
import { Message } from '../proto.js';

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** How bad a log record is, in the numbers of the format. */
export const SEVERITY = { info: 9, warning: 13, critical: 17 } as const;
const STATUS = { unset: 0, ok: 1, error: 2 } as const;
const KIND_INTERNAL = 1;

function anyValue(value: string | number | boolean): Message {
  const message = new Message();
  if (typeof value === 'string') return message.text(1, value);
  if (typeof value === 'boolean') return message.int(2, value ? 1 : 0);
  return message.int(3, value);
}

/** Whole numbers only: nothing else is sent. */
function withAttributes(message: Message, field: number, attributes: Attributes): Message {
  for (const [key, value] of Object.entries(attributes))
    message.message(field, new Message().text(1, key).message(2, anyValue(value)));
  return message;
}

export interface LogRecord {
  /** Unix time, ns. */
  readonly at: bigint;
  readonly severity: keyof typeof SEVERITY;
  readonly body: string;
  readonly attributes: Attributes;
  /** The migration that it was found in. */
  readonly traceId?: Uint8Array | undefined;
}

export function logRecord({ at, severity, body, attributes, traceId }: LogRecord): Uint8Array {
  const message = new Message().fixed64(1, at).int(2, SEVERITY[severity]).text(3, severity.toUpperCase());
  withAttributes(message.message(5, anyValue(body)), 6, attributes);
  if (traceId) message.data(9, traceId);
  return message.content;
}

export interface Span {
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes. */
  readonly id: Uint8Array;
  /** undefined: a root. */
  readonly parent?: Uint8Array;
  readonly name: string;
  /** Unix time, ns. */
  readonly from: bigint;
  readonly to: bigint;
  readonly attributes: Attributes;
  readonly status?: keyof typeof STATUS;
  /** Traces that this may be a part of as well. */
  readonly links?: readonly Uint8Array[];
}

export function span(s: Span): Uint8Array {
  const message = new Message().data(1, s.traceId).data(2, s.id);
  if (s.parent) message.data(4, s.parent);
  message.text(5, s.name).int(6, KIND_INTERNAL).fixed64(7, s.from).fixed64(8, s.to);
  withAttributes(message, 9, s.attributes);
  for (const traceId of s.links ?? [])
    message.message(13, new Message().data(1, traceId).data(2, traceId.subarray(0, 8)));
  return message.message(15, new Message().int(3, STATUS[s.status ?? 'unset'])).content;
}

/** The body of a request: records or spans, all of them of this host. */
export function request(resource: Attributes, version: string, items: readonly Uint8Array[]): Uint8Array {
  const scope = new Message().message(1, new Message().text(1, 'migwatch').text(2, version));
  for (const item of items) scope.data(2, item);
  const ofHost = new Message().message(1, withAttributes(new Message(), 1, resource)).message(2, scope);
  return new Message().message(1, ofHost).content;
}
