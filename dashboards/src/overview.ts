// SPDX-License-Identifier: Apache-2.0
/** The dashboard "migwatch / Migration overview": the chosen hosts, or one VM on both of its hosts. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { board, choice } from './board.js';
import { costRow } from './rows/cost.js';
import { devicesRow } from './rows/devices.js';
import { migrationsRow } from './rows/migrations.js';
import { sightRow } from './rows/sight.js';
import { summaryRow } from './rows/summary.js';
import { verdictsRow } from './rows/verdicts.js';

export function overview(): dashboard.Dashboard {
  return board({
    uid: 'migwatch-migration-overview',
    title: 'Migration overview',
    description:
      'VFIO live migration on the chosen hosts: was the contract kept, and could migwatch see it? Choose a VM to see its devices on both hosts.',
    variables: [
      choice('instance', 'Instance', 'migwatch_build_info'),
      choice('vm', 'VM', 'migwatch_device_info{instance=~"$instance"}').allValue('.*'),
      choice('device', 'Device', 'migwatch_device_info{instance=~"$instance", vm=~"$vm"}'),
    ],
    rows: [summaryRow, verdictsRow, devicesRow, migrationsRow, sightRow, costRow],
  });
}
