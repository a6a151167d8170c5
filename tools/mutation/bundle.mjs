// SPDX-License-Identifier: Apache-2.0
/** Stryker's build: the tests of the rules and the model, with all that they use, as one script. */
import { readdirSync } from 'node:fs';
import { build } from 'esbuild';

const FOLDERS = ['agent/test/rules', 'agent/test/model', 'agent/test/docs'];
/** Takes a minute: it fills the model to its ceilings. So bounds.ts is not mutated either. */
const SLOW = 'bounds.test.ts';
const COLLECTOR = './tools/mutation/node_test.mjs';

const files = FOLDERS.flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts') && name !== SLOW)
    .sort()
    .map((name) => `./${folder}/${name}`),
);

await build({
  stdin: {
    contents: [`export { tests } from '${COLLECTOR}';`, ...files.map((file) => `import '${file}';`)].join(
      '\n',
    ),
    resolveDir: '.',
  },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  outfile: 'build/tests.cjs',
  logLevel: 'warning',
  plugins: [
    {
      name: 'collect-tests',
      setup: ({ onResolve, resolve }) =>
        onResolve({ filter: /^node:test$/ }, () =>
          resolve(COLLECTOR, { kind: 'import-statement', resolveDir: '.' }),
        ),
    },
  ],
});
