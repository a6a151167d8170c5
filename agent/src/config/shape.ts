// SPDX-License-Identifier: Apache-2.0
/**
 * What a configuration file may hold, as data: the reader checks a file by it
 * and the published JSON Schema is made from it, so that they cannot differ.
 */
import { DURATION } from './duration.js';

interface Described {
  readonly means?: string;
}

/** One of some words. */
export interface Choice extends Described {
  readonly kind: 'choice';
  readonly values: readonly string[];
  readonly default?: string;
}

/** A duration; read as ns. */
export interface Duration extends Described {
  readonly kind: 'duration';
  readonly default?: string;
}

export interface Text extends Described {
  readonly kind: 'text';
  /** A regular expression that all of it matches, and in words what is expected. */
  readonly form?: { readonly pattern: string; readonly expected: string };
  /** A complaint does not repeat it. */
  readonly secret?: boolean;
  readonly default?: string;
}

export interface Whole extends Described {
  readonly kind: 'integer';
  readonly default?: number;
}

export interface Bool extends Described {
  readonly kind: 'boolean';
  readonly default?: boolean;
}

/** A mapping with these keys and no others. */
export interface Mapping extends Described {
  readonly kind: 'mapping';
  readonly keys: Readonly<Record<string, Shape>>;
  /** One of these must be there. */
  readonly anyOf?: readonly string[];
  /** For what the schema has once and refers to. */
  readonly name?: string;
}

export interface List extends Described {
  readonly kind: 'list';
  readonly of: Shape;
}

/** A mapping with any keys. */
export interface AnyKeys extends Described {
  readonly kind: 'map';
  readonly of: Shape;
}

/** A word, or else a mapping. */
export interface WordOr extends Described {
  readonly kind: 'word-or';
  readonly words: readonly string[];
  readonly mapping: Mapping;
}

export type Shape = Choice | Duration | Text | Whole | Bool | Mapping | AnyKeys | List | WordOr;

type Json = Readonly<Record<string, unknown>>;
/** Named parts, filled as they are met. */
type Defs = Record<string, unknown>;

function bare(shape: Shape, defs: Defs): Json {
  switch (shape.kind) {
    case 'choice':
      return { enum: shape.values };
    case 'duration':
      return { type: 'string', pattern: DURATION };
    case 'text':
      return { type: 'string', minLength: 1, ...(shape.form && { pattern: shape.form.pattern }) };
    case 'integer':
      return { type: 'integer' };
    case 'boolean':
      return { type: 'boolean' };
    case 'list':
      return { type: 'array', items: schemaOf(shape.of, defs) };
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(shape.of, defs) };
    case 'word-or':
      return { oneOf: [{ enum: shape.words }, schemaOf(shape.mapping, defs)] };
    case 'mapping': {
      const properties = Object.fromEntries(
        Object.entries(shape.keys).map(([k, s]) => [k, schemaOf(s, defs)]),
      );
      const required = shape.anyOf && { anyOf: shape.anyOf.map((key) => ({ required: [key] })) };
      return { type: 'object', properties, additionalProperties: false, ...required };
    }
    default:
      return shape satisfies never;
  }
}

/** The JSON Schema (draft 2020-12) of what `shape` allows. */
export function schemaOf(shape: Shape, defs: Defs): Json {
  const description = shape.means === undefined ? {} : { description: shape.means };
  const standard = 'default' in shape && shape.default !== undefined ? { default: shape.default } : {};
  const schema = { ...bare(shape, defs), ...description, ...standard };
  if (shape.kind !== 'mapping' || shape.name === undefined) return schema;
  defs[shape.name] = schema;
  return { $ref: `#/$defs/${shape.name}` };
}
