// SPDX-License-Identifier: Apache-2.0
/** Writes dashboards and rules below the folder named by the only argument; the same sources give the same bytes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RULE_FILES } from './alerts/files.js';
import { device } from './device.js';
import { fleet } from './fleet.js';
import { overview } from './overview.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: main.js FOLDER, e.g. dashboards\n');
  process.exit(2);
}
const write = (room: string, files: Record<string, string>) => {
  mkdirSync(join(folder, room), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, room, name), text);
};
const json = (document: object) => `${JSON.stringify(document, null, 2)}\n`;
write('grafana', {
  'fleet.json': json(fleet()),
  'migration-overview.json': json(overview()),
  'device.json': json(device()),
});
write('prometheus', RULE_FILES);
