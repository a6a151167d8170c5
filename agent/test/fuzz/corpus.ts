// SPDX-License-Identifier: Apache-2.0
/** Inputs as text, to be committed: a line a file or piece, bytes in hex, with what a whole packet has in it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Input, type Piece, whole } from './inputs.js';

function line(piece: Piece): string {
  const packet = whole(piece);
  const what = packet ? `packet ${packet.seq} ${packet.ids.join()}` : 'bytes';
  return `${what} ${piece.bytes.toString('hex')}`;
}

export function text({ files, forged }: Input): string {
  const lines = files.flatMap(({ name, missing, pieces }) => [
    `file ${name}${missing ? ' missing' : ''}`,
    ...pieces.map(line),
  ]);
  return `${forged ? 'forged\n' : ''}${lines.join('\n')}\n`;
}

export function parse(from: string): Input {
  const input: Input = { files: [], forged: false };
  for (const line of from.trimEnd().split('\n')) {
    const [word, ...rest] = line.split(' ');
    const bytes = Buffer.from(rest.at(-1) ?? '', 'hex');
    const pieces: Piece[] = input.files.at(-1)?.pieces ?? [];
    const [first = '', second] = rest;
    if (word === 'forged') input.forged = true;
    else if (word === 'file') input.files.push({ name: first, pieces: [], missing: second !== undefined });
    else if (word === 'bytes') pieces.push({ bytes });
    else
      pieces.push({
        bytes,
        packet: { bytes, seq: Number(first), ids: second ? second.split(',').map(Number) : [] },
      });
  }
  return input;
}

/** Every input of the corpus, by the name of its file. */
export function corpus(folder: string): [string, Input][] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => [name, parse(readFileSync(join(folder, name), 'utf8'))]);
}
