// SPDX-License-Identifier: Apache-2.0
/** The dashboard "migwatch / Device": all that the agent exports of the chosen devices. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { board, choice } from './board.js';
import { deviceRow } from './rows/device.js';

export function device(): dashboard.Dashboard {
  return board({
    uid: 'migwatch-device',
    title: 'Device',
    description:
      'Single devices: their states, what touched them while they were halted, and their findings.',
    variables: [
      choice('instance', 'Instance', 'migwatch_build_info'),
      choice('driver', 'Driver', 'migwatch_device_info{instance=~"$instance"}').allValue('.*'),
      choice('device', 'Device', 'migwatch_device_info{instance=~"$instance", driver=~"$driver"}'),
    ],
    rows: [deviceRow],
  });
}
