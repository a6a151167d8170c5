// SPDX-License-Identifier: Apache-2.0
/** Writes each dashboard as JSON into the folder named by the only argument; the same sources give the same bytes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { overview } from './overview.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: main.js FOLDER, e.g. dashboards/grafana\n');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'migration-overview.json'), `${JSON.stringify(overview(), null, 2)}\n`);
