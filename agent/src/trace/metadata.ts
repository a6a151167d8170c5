// SPDX-License-Identifier: Apache-2.0
/** The `metadata` file: TSDL text that says how to read the streams beside it, and where they were made. */
import { TraceError } from './error.js';
import { CONTEXT_TSDL, HEADER_TSDL } from './packet_head.js';

const DOMAIN = 'migwatch';

export interface TraceOrigin {
  /** Of the trace: every packet repeats it. */
  readonly uuid: string;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC when the trace was begun, ns. */
  readonly clockOffset: bigint;
  /** How far CLOCK_REALTIME may have been off then, ns; undefined: it was not synchronised. */
  readonly clockError?: bigint | undefined;
  /** What the environment says: host, kernel, boot_id, agent_version, wire, probes, ... */
  readonly env: Readonly<Record<string, string>>;
}

const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?')}"`;

/** The file's text; `events` is TSDL for the events themselves, with the types that it uses. */
export function metadataText(origin: TraceOrigin, events: string): string {
  const { uuid, clockOffset, clockError } = origin;
  const env = Object.entries({ domain: DOMAIN, ...origin.env });
  // Blocks that describe events come after the stream that they are part of.
  const [types, list] = [events.replace(/^event .*\n/gm, ''), events.match(/^event .*\n/gm)?.join('') ?? ''];
  return `/* CTF 1.8 */

${types}
trace {
	major = 1;
	minor = 8;
	uuid = "${uuid}";
	byte_order = le;
	packet.header := ${HEADER_TSDL};
};

env {
${env.map(([key, value]) => `	${key} = ${quoted(value)};`).join('\n')}
};

clock {
	name = monotonic;
	uuid = "${origin.env.boot_id ?? uuid}";
	description = "CLOCK_MONOTONIC";
	freq = 1000000000;${clockError === undefined ? '' : `\n	precision = ${clockError};`}
	offset = ${clockOffset};
	absolute = true;
};
typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := monotonic_ns;

stream {
	id = 0;
	packet.context := ${CONTEXT_TSDL};
	event.header := struct { monotonic_ns timestamp; u32 id; };
	event.context := struct { u32 miss; u32 tgid; u32 tid; u32 dev; u32 gen; };
};

${list}`;
}

const field = (text: string, pattern: RegExp) => pattern.exec(text)?.[1];

/** Reads back what metadataText() wrote; throws TraceError naming the file. */
export function parseMetadata(path: string, text: string): TraceOrigin {
  if (!text.startsWith('/* CTF 1.8'))
    throw new TraceError(`${path}: not a migwatch trace (no CTF 1.8 metadata)`);
  const head = field(text, /^trace \{\n([\s\S]*?)^\};$/m) ?? '';
  const uuid = field(head, /^\tuuid = "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})";$/m);
  const block = field(text, /^env \{\n([\s\S]*?)^\};$/m);
  if (!uuid || block === undefined)
    throw new TraceError(`${path}: not a migwatch trace (no uuid or env in its metadata)`);
  const env: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [, key = '', value = ''] of block.matchAll(/^\t([a-z_]+) = "((?:[^"\\\n]|\\.)*)";$/gm))
    env[key] = value.replace(/\\(.)/g, '$1');
  if (env.domain !== DOMAIN)
    throw new TraceError(`${path}: a CTF trace, but not migwatch's (domain ${env.domain ?? 'unknown'})`);
  const precision = field(text, /^\tprecision = (\d{1,18});$/m);
  return {
    uuid,
    clockOffset: BigInt(field(text, /^\toffset = (-?\d{1,19});$/m) ?? '0'),
    clockError: precision === undefined ? undefined : BigInt(precision),
    env,
  };
}
