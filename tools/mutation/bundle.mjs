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

/** Says which file the tests after it are of. */
const marker = (file) => `import { inFile } from '${COLLECTOR}';\ninFile('${file}');`;

await build({
  stdin: {
    contents: [
      `export { tests } from '${COLLECTOR}';`,
      ...files.flatMap((file) => [`import 'marker:${file}';`, `import '${file}';`]),
    ].join('\n'),
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
      setup({ onLoad, onResolve, resolve }) {
        onResolve({ filter: /^node:test$/ }, () =>
          resolve(COLLECTOR, { kind: 'import-statement', resolveDir: '.' }),
        );
        onResolve({ filter: /^marker:/ }, ({ path }) => ({ path: path.slice(7), namespace: 'marker' }));
        onLoad({ filter: /.*/, namespace: 'marker' }, ({ path }) => ({
          contents: marker(path),
          resolveDir: '.',
        }));
      },
    },
  ],
});
