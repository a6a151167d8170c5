// SPDX-License-Identifier: Apache-2.0
/** YAML text read by a shape; whatever does not fit is a complaint with its line and column. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';
import { DURATION_EXPECTED, parseDuration } from './duration.js';
import type { AnyKeys, List, Mapping, Shape, Text, WordOr } from './shape.js';

export interface Complaint {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** What a value of the file came to: durations as ns, the rest as written. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

/** Keys that are too many to list in a message. */
const MANY = 12;

const NOTHING: Value = {};

const or = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** Distance of two words in edits, for "did you mean". */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function unknownKey(key: string, keys: readonly string[]): string {
  const [near] = keys.filter((k) => edits(k, key) <= 3).sort((a, b) => edits(a, key) - edits(b, key));
  const hint = near
    ? `did you mean ${near}?`
    : keys.length > MANY
      ? 'see docs/config.schema.json'
      : `expected ${or(keys)}`;
  return `unknown key ${key}; ${hint}`;
}

const expected = (shape: Shape): string => {
  switch (shape.kind) {
    case 'choice':
      return or(shape.values);
    case 'duration':
      return DURATION_EXPECTED;
    case 'text':
      return shape.form?.expected ?? 'a text that is not empty';
    case 'integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'list':
      return 'a list';
    case 'mapping':
    case 'map':
      return 'a mapping';
    case 'word-or':
      return `${or(shape.words)}, or a mapping`;
    default:
      return shape satisfies never;
  }
};

class Reader {
  readonly complaints: Complaint[] = [];

  constructor(
    private readonly doc: Document,
    private readonly lines: LineCounter,
  ) {}

  complain(at: number, message: string): undefined {
    const { line, col } = this.lines.linePos(at);
    this.complaints.push({ line: Math.max(line, 1), column: Math.max(col, 1), message });
    return undefined;
  }

  /** `at` is where the complaint goes if there is no node. */
  read(shape: Shape, given: unknown, at: number): Value | undefined {
    const node = isAlias(given) ? given.resolve(this.doc) : isNode(given) ? given : undefined;
    const place = (isNode(given) && given.range?.[0]) || at;
    if (shape.kind === 'mapping' && isMap(node)) return this.mapping(shape, node.items, place);
    if (shape.kind === 'map' && isMap(node)) return this.anyKeys(shape, node.items, place);
    if (shape.kind === 'list' && isSeq(node)) return this.list(shape, node.items, place);
    if (shape.kind === 'word-or') return this.wordOr(shape, node, place);
    const value = isScalar(node) ? scalar(shape, node.value) : undefined;
    const seen = shape.kind === 'text' && shape.secret ? '' : found(node);
    return value ?? this.complain(place, `expected ${expected(shape)}${seen}`);
  }

  private mapping(shape: Mapping, items: readonly Pair[], at: number): Value {
    const out: Record<string, Value> = {};
    const keys = Object.keys(shape.keys);
    for (const { key, value } of items) {
      const name = isScalar(key) ? String(key.value) : '';
      const place = (isNode(key) && key.range?.[0]) || at;
      const inner = Object.hasOwn(shape.keys, name) ? shape.keys[name] : undefined;
      const read = inner ? this.read(inner, value, place) : this.complain(place, unknownKey(name, keys));
      if (read !== undefined) out[name] = read;
    }
    if (shape.anyOf && !shape.anyOf.some((key) => items.some((i) => isScalar(i.key) && i.key.value === key)))
      this.complain(at, `${or(shape.anyOf)} is missing`);
    return out;
  }

  private anyKeys(shape: AnyKeys, items: readonly Pair[], at: number): Value {
    const read = items.map(({ key, value }) => {
      const place = (isNode(key) && key.range?.[0]) || at;
      return [isScalar(key) ? String(key.value) : '', this.read(shape.of, value, place)] as const;
    });
    return Object.fromEntries(read.filter((pair): pair is [string, Value] => pair[1] !== undefined));
  }

  private list(shape: List, items: readonly unknown[], at: number): Value {
    return items.map((item) => this.read(shape.of, item, at)).filter((v) => v !== undefined);
  }

  private wordOr(shape: WordOr, node: Node | undefined, at: number): Value | undefined {
    if (isMap(node)) return this.mapping(shape.mapping, node.items, at);
    if (isScalar(node) && shape.words.includes(String(node.value))) return String(node.value);
    return this.complain(at, `expected ${expected(shape)}${found(node)}`);
  }
}

function found(node: Node | undefined): string {
  if (isMap(node)) return ', found a mapping';
  if (isSeq(node)) return ', found a list';
  return isScalar(node) && node.value !== null ? `, found ${JSON.stringify(node.value)}` : ', found nothing';
}

const hasForm = ({ form }: Text, value: string) => !form || new RegExp(form.pattern).test(value);

function scalar(shape: Shape, value: unknown): Value | undefined {
  switch (shape.kind) {
    case 'choice':
      return typeof value === 'string' && shape.values.includes(value) ? value : undefined;
    case 'duration':
      return typeof value === 'string' ? parseDuration(value) : undefined;
    case 'text':
      return typeof value === 'string' && value !== '' && hasForm(shape, value) ? value : undefined;
    case 'integer':
      return Number.isSafeInteger(value) ? (value as number) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    default:
      return undefined;
  }
}

/** Reads YAML by a mapping's shape. An empty document is an empty mapping. */
export function readYaml(text: string, shape: Mapping): { value: Value; complaints: readonly Complaint[] } {
  const lines = new LineCounter();
  // 1.2: `off` and `on` are words, not booleans.
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
  const reader = new Reader(doc, lines);
  for (const { pos, message } of [...doc.errors, ...doc.warnings])
    reader.complain(pos[0], message.split('\n')[0] ?? message);
  if (reader.complaints.length > 0) return { value: NOTHING, complaints: reader.complaints };
  const empty = doc.contents === null || (isScalar(doc.contents) && doc.contents.value === null);
  const value = empty ? NOTHING : (reader.read(shape, doc.contents, 0) ?? NOTHING);
  return { value, complaints: reader.complaints };
}
