// SPDX-License-Identifier: Apache-2.0
/** Writes the generated documents below a folder: `make docs` to docs/, `make lint` elsewhere, to compare. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { indexMarkdown, ruleMarkdown } from '../src/command/rule_page.js';
import { configSchema } from '../src/config/keys.js';
import { JOINT_RULES, RULES } from '../src/rules/index.js';
import { manPage } from './man.js';
import { actionsMarkdown } from './matrix.js';
import { metricsMarkdown } from './metrics.js';

const files: Record<string, string> = {
  'actions.md': actionsMarkdown(),
  'metrics.md': metricsMarkdown(),
  'rules/README.md': indexMarkdown(),
  ...Object.fromEntries([...RULES, ...JOINT_RULES].map((r) => [`rules/${r.id}.md`, ruleMarkdown(r)])),
  'migwatch.8': manPage(),
  'config.schema.json': `${JSON.stringify(configSchema(), undefined, 2)}\n`,
};

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: main.js FOLDER');
for (const [name, text] of Object.entries(files)) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
