// SPDX-License-Identifier: Apache-2.0
/** One device: what it is, where it stands, what happened to it. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { bars, lines, type Row, rows } from '../panel.js';
import { device, increase, POINT, rate, sumBy } from '../promql.js';
import { states } from './devices.js';

const one = 'instance, device';
const legend = '{{device}} {{instance}}';

/** Bars of a counter, by device and one more label. */
const events = (id: number, title: string, good: string, metric: string, label?: string) =>
  bars({
    id,
    title,
    good,
    unit: units.Short,
    span: 8,
    queries: [
      {
        expr: sumBy(label ? `${one}, ${label}` : one, increase(device(metric), POINT)),
        legend: label ? `{{${label}}} ${legend}` : legend,
      },
    ],
  });

const info = rows(
  {
    id: 101,
    title: 'Devices',
    good: 'What the chosen devices are; good is a migration column with stop-copy and, for several devices in a VM, p2p.',
    unit: units.Short,
    span: 24,
    queries: [
      {
        expr: `max by (instance, device, driver, bus, iommu_group, vm, migration) (${device('migwatch_device_info', 'driver=~"$driver"')})`,
      },
    ],
  },
  ['instance', 'device', 'driver', 'bus', 'iommu_group', 'vm', 'migration'],
  ['open'],
);

const data = lines({
  id: 102,
  title: 'Migration data',
  good: 'Device state saved and resumed; good is a steady rate that falls to zero when the migration ends.',
  unit: units.BytesPerSecondIEC,
  span: 8,
  queries: [
    {
      expr: sumBy(`${one}, direction`, rate(device('migwatch_migration_data_bytes_total'))),
      legend: `{{direction}} ${legend}`,
    },
  ],
});

const mapped = lines({
  id: 103,
  title: 'Mapped for DMA',
  good: 'Memory that the device can reach; good is the memory of its guest, unchanged in STOP_COPY.',
  unit: units.BytesIEC,
  span: 8,
  queries: [{ expr: sumBy(one, device('migwatch_dma_mapped_bytes')), legend }],
});

const p2p = lines({
  id: 104,
  title: 'P2P mappings',
  good: "Live mappings of another device's BARs; good is none while that device is halted.",
  unit: units.Short,
  span: 8,
  alerts: ['MigwatchP2pWindow'],
  queries: [
    { expr: sumBy(`${one}, target`, device('migwatch_p2p_mappings')), legend: `{{target}} ← ${legend}` },
  ],
});

export const deviceRow: Row = {
  id: 100,
  title: 'Devices',
  panels: [
    info,
    states,
    events(
      105,
      'Violations',
      'Findings about the device; good is none.',
      'migwatch_device_violations_total',
      'severity',
    ),
    events(
      106,
      'Region accesses while not RUNNING',
      'Reads and writes through the device fd; good is those of the VMM in RESUMING only.',
      'migwatch_region_accesses_total',
      'region',
    ),
    events(
      107,
      'BAR faults while not RUNNING',
      'Page faults on mapped BARs; good is none.',
      'migwatch_mmio_faults_total',
      'region',
    ),
    events(
      108,
      'Interrupts while halted',
      'Interrupts in STOP, STOP_COPY or RESUMING; good is none.',
      'migwatch_interrupts_while_halted_total',
    ),
    events(
      109,
      'SET_IRQS',
      'Calls by IRQ index; good is none in STOP_COPY.',
      'migwatch_set_irqs_total',
      'index',
    ),
    events(
      110,
      'BAR mappings revoked',
      'Zaps of the CPU mappings; good is few, at resets and power changes.',
      'migwatch_mmio_zaps_total',
    ),
    events(
      111,
      'DMA map and unmap calls',
      'Calls on the container; good is none in STOP_COPY.',
      'migwatch_dma_map_operations_total',
      'operation',
    ),
    events(
      112,
      'Dirty page reports',
      'Good is a report each round of pre-copy and one after STOP_COPY was entered.',
      'migwatch_dirty_log_reports_total',
    ),
    events(
      113,
      'Resets',
      'By kind; good is one as the guest starts, and none during a migration.',
      'migwatch_resets_total',
      'kind',
    ),
    data,
    mapped,
    p2p,
  ],
};
