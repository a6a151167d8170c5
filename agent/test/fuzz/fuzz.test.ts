// SPDX-License-Identifier: Apache-2.0
/** The reader keeps its promises: some damaged traces of each kind, and every one that ever broke one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TraceError } from '../../src/trace/error.js';
import { parseMetadata } from '../../src/trace/metadata.js';
import { scenario } from '../scenario.js';
import { folder, write } from '../trace/recorded.js';
import { corpus, parse, text } from './corpus.js';
import { base, mutate, Random } from './inputs.js';
import { trouble } from './reader.js';

const FUZZ = fileURLToPath(new URL('./trace.js', import.meta.url));
const CORPUS = fileURLToPath(new URL('../../../../agent/test/fuzz/corpus', import.meta.url));

test('damaged traces: no hang, no crash, what is whole comes, what is not is told', () => {
  // A process of its own: the test runner's hooks make every promise ten times as dear. `make fuzz` takes other seeds.
  const { status, stdout } = spawnSync(process.execPath, [FUZZ, '30000', '1'], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^seed 1\n30000 inputs in .*, no promise broken/);
});

test('the corpus', async () => {
  const inputs = corpus(CORPUS);
  assert.ok(inputs.length > 0);
  for (const [name, input] of inputs) assert.equal(await trouble(input), undefined, name);
});

test('an input comes back from its text', async () => {
  const random = new Random(1);
  for (let n = 0; n < 100; n++) {
    const input = mutate(base(random), random);
    assert.equal(text(parse(text(input))), text(input));
  }
});

test('metadata that was tampered with is refused in words, or read', async (t) => {
  const { folder: path } = await write(folder(t), scenario('0 tick'));
  const random = new Random(7);
  const whole = readFileSync(join(path, 'metadata'), 'latin1');
  for (let n = 0; n < 2_000; n++) {
    const at = random.below(whole.length);
    const tampered = [
      whole.slice(0, at) + String.fromCharCode(random.below(256)) + whole.slice(at + 1),
      whole.slice(0, at),
      whole.slice(0, at) + whole.slice(random.below(whole.length)),
    ];
    try {
      parseMetadata('metadata', random.pick(tampered));
    } catch (err) {
      assert.ok(err instanceof TraceError, String(err));
    }
  }
});
