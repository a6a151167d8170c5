// SPDX-License-Identifier: Apache-2.0
/** The dashboard "migwatch / Fleet": every host at once, from recorded sums only, so that it opens as fast for 10,000. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { board, choice } from './board.js';
import { fleetMigrationsRow } from './rows/fleet_migrations.js';
import { fleetSightRow } from './rows/fleet_sight.js';
import { fleetViolationsRow } from './rows/fleet_violations.js';

export function fleet(): dashboard.Dashboard {
  return board({
    uid: 'migwatch-fleet',
    title: 'Fleet',
    description: 'All hosts: what was broken, how migrations went, and how much of it could be seen.',
    variables: [choice('driver', 'Driver', 'driver_state:migwatch_device_state:sum')],
    rows: [fleetViolationsRow, fleetMigrationsRow, fleetSightRow],
  });
}
