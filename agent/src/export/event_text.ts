// SPDX-License-Identifier: Apache-2.0
/** What a record says, in the words of the field: for the timeline, reports and exports. */

import { POLICY } from '../model/coverage.js';
import { stateName } from '../model/fsm.js';
import { regionIndex, VM_FAULT_NOPAGE, VM_FAULT_SIGBUS } from '../model/touch.js';
import {
  type CloseEvent,
  type DataReadEvent,
  type DataWriteEvent,
  type DirtyLogEvent,
  DirtyOpValue,
  type DmaMapEvent,
  type DmaUnmapEvent,
  EvType,
  type FaultEvent,
  IrqKindValue,
  type KernelEvent,
  type MigSetRetEvent,
  ProbeStatusValue,
  type RegionReadEvent,
  type RegionWriteEvent,
  type RepeatsEvent,
  type ResetEvent,
  type SetIrqsEvent,
} from '../wire/events.gen.js';
import { errnoName } from './errno_name.js';
import { RINGS } from './host_series.js';
import { irqName, regionName, resetKind, zapCause } from './label_values.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Binary units, one decimal: `4.0 KiB`. */
export function formatBytes(n: number): string {
  let [value, unit] = [n, 0];
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

const hex = (n: number) => `0x${n.toString(16)}`;
const outcome = (ret: number) => (ret < 0 ? errnoName(ret) : 'ok');
/** Appended to what a call did only where it failed. */
const failure = (ret: number) => (ret < 0 ? `: ${errnoName(ret)}` : '');

function setReturned(e: MigSetRetEvent): string {
  const fd = e.session ? ` (data_fd ${e.dataFd}, session ${e.session})` : '';
  return `SET_STATE ${stateName(e.requested)} ${outcome(e.ret)}${fd}`;
}

function data(verb: string, e: DataReadEvent | DataWriteEvent): string {
  const moved = e.ret < 0 ? `${errnoName(e.ret)} for` : `${e.ret} of`;
  const end = verb === 'read' && e.ret === 0 && e.count > 0 ? ' (end of stream)' : '';
  return `data ${verb} ${moved} ${e.count}${end}, session ${e.session}`;
}

/** VFIO_IRQ_SET_*: what is done, and to what it is bound. */
const IRQ_FLAGS = ['none', 'bool', 'eventfd', 'mask', 'unmask', 'trigger'];

function setIrqs(e: SetIrqsEvent, bus: string): string {
  const flags = IRQ_FLAGS.filter((_, bit) => e.flags & (1 << bit)).join(' ');
  const what = `SET_IRQS ${irqName(e.index, bus)} start ${e.start} count ${e.count}`;
  return `${what}${flags && ` (${flags})`}${failure(e.ret)}`;
}

function mapping(verb: string, e: DmaMapEvent | DmaUnmapEvent): string {
  return `${verb} iova ${e.iovaHex} ${formatBytes(e.size)}${failure(e.ret)}`;
}

function access(verb: string, e: RegionReadEvent | RegionWriteEvent, bus: string): string {
  const region = regionIndex(e.pos);
  const offset = hex(e.pos % 2 ** 40);
  return `region ${regionName(region, bus)} ${verb} ${e.count} at ${offset}${failure(e.ret)}`;
}

const place = (pos: number, bus: string) => `${regionName(regionIndex(pos), bus)}+${hex(pos % 2 ** 40)}`;
const LOW_POWER: Record<number, string> = { 3: 'entered', 4: 'entered with wakeup', 5: 'left' };

function fault(e: FaultEvent, bus: string): string {
  const how = e.ret & VM_FAULT_SIGBUS ? 'refused' : e.ret & VM_FAULT_NOPAGE ? 'mapped' : 'retried';
  return `fault on BAR ${place(e.pos, bus)} ${how}, order ${e.order}${e.prefault ? ' (MAP_DMA, no touch)' : ''}`;
}

function reset(e: ResetEvent): string {
  const took = e.began > 0 && e.at >= e.began ? `, took ${((e.at - e.began) / 1e6).toFixed(3)} ms` : '';
  return `reset (${resetKind(e.resetKind)}) ${outcome(e.ret)}${took}`;
}

function dirtyLog(e: DirtyLogEvent): string {
  const tracker = e.container ? 'container' : 'device';
  const op = e.op === DirtyOpValue.START ? 'start' : e.op === DirtyOpValue.STOP ? 'stop' : 'report';
  const range = e.op === DirtyOpValue.REPORT ? ` iova ${e.iovaHex} ${formatBytes(e.size)}` : '';
  return `dirty log ${op} (${tracker})${range}${failure(e.ret)}`;
}

function close(e: CloseEvent): string {
  const how = e.exiting ? ` while its process exits (status ${hex(e.exitCode)})` : '';
  return `${e.last ? 'closed' : 'close, still open elsewhere'}${how}`;
}

/** What `part` of a repeats record means, by the kind of what is repeated. */
function partOf(e: RepeatsEvent, bus: string): string {
  switch (e.of) {
    case EvType.REGION_READ:
    case EvType.REGION_WRITE:
    case EvType.FAULT:
      return ` of region ${regionName(e.part, bus)}`;
    case EvType.DATA_READ:
    case EvType.DATA_WRITE:
      return `, session ${e.part}`;
    default:
      return '';
  }
}

function repeats(e: RepeatsEvent, bus: string): string {
  const over = ((e.last - e.first) / 1e6).toFixed(3);
  return `${e.count} more: ${kindName(e.of)}${partOf(e, bus)}, ${formatBytes(e.sum)} in ${over} ms`;
}

const AER: Record<number, string> = { 0: 'nonfatal', 1: 'fatal', 2: 'correctable' };
const IRQ_KIND: Record<number, string> = {
  [IrqKindValue.INTX]: 'INTx',
  [IrqKindValue.MSI]: 'MSI',
  [IrqKindValue.EVENTFD]: 'eventfd',
};
const CERTAINTY: Record<number, string> = { 1: 'verified', 2: 'inferred', 3: 'assumed' };
const certainty = (n: number) => ` (${CERTAINTY[n] ?? n})`;
const KIND_NAMES = new Map(Object.entries(EvType).map(([name, tag]) => [tag as number, name.toLowerCase()]));
const kindName = (tag: number) => KIND_NAMES.get(tag) ?? `kind ${tag}`;

function probeStatus(status: number): string {
  if (status === ProbeStatusValue.DETACHED) return 'detached on request';
  if (status === ProbeStatusValue.ATTACHED) return 'attached';
  if (status === ProbeStatusValue.READY) return 'ready, attached while a device is halted';
  return status === ProbeStatusValue.WAITING ? 'waiting for its module' : 'unavailable';
}

/** What happened, in words; `bus` tells how its regions and interrupts are called. */
export function eventText(e: KernelEvent, bus: string): string {
  switch (e.kind) {
    case 'device':
      return `known: ${e.driver} on ${e.bus}, group ${e.group}, process ${e.comm} (${e.tgid})`;
    case 'open':
      if (e.ret < 0) return `open failed: ${errnoName(e.ret)}`;
      return e.openCount === 1 ? 'opened, RUNNING' : `opened ${e.openCount} times now`;
    case 'close':
      return close(e);
    case 'mig_set':
      return `SET_STATE ${stateName(e.requested)} requested`;
    case 'mig_set_ret':
      return setReturned(e);
    case 'mig_get':
      return e.ret < 0 ? `GET_STATE ${errnoName(e.ret)}` : `GET_STATE ${stateName(e.state)}`;
    case 'mig_arc':
      return e.ret < 0
        ? `arc ${stateName(e.cur)} → ${stateName(e.requested)} refused: ${errnoName(e.ret)}`
        : `arc ${stateName(e.cur)} → ${stateName(e.next)}`;
    case 'data_read':
      return data('read', e);
    case 'data_write':
      return data('write', e);
    case 'data_release':
      return `data_fd released, session ${e.session}`;
    case 'set_irqs':
      return setIrqs(e, bus);
    case 'dma_map':
      return mapping('map', e);
    case 'dma_unmap':
      return mapping('unmap', e);
    case 'container':
      return `group ${e.group} ${e.attached ? 'joins' : 'leaves'}${failure(e.ret)}`;
    case 'region_read':
      return access('read', e, bus);
    case 'region_write':
      return access('write', e, bus);
    case 'config_write':
      return `config write ${e.count} at ${hex(e.offset)}: ${e.valueHex}${failure(e.ret)}`;
    case 'mmap':
      return `mmap region ${regionName(regionIndex(e.pos), bus)} ${formatBytes(e.size)}${failure(e.ret)}`;
    case 'fault':
      return fault(e, bus);
    case 'zap':
      return `BARs zapped (${zapCause(e.cause)})`;
    case 'memory_enable':
      return 'memory decoding forced on for MSI set-up';
    case 'ioeventfd':
      return `ioeventfd writes ${e.count} to ${place(e.pos, bus)}`;
    case 'irq':
      return `interrupt ${e.irq} (${IRQ_KIND[e.irqKind] ?? e.irqKind})`;
    case 'iommu_fault':
      return `IOMMU refused a ${e.write ? 'write' : 'read'} of ${e.bdf} to ${e.iovaHex}, reason ${hex(e.reason)}`;
    case 'low_power':
      return `low power ${LOW_POWER[e.feature] ?? e.feature}${failure(e.ret)}`;
    case 'precopy_info':
      return e.ret < 0
        ? `PRECOPY_INFO ${errnoName(e.ret)}`
        : `PRECOPY_INFO initial ${e.initialBytes}, dirty ${e.dirtyBytes}, session ${e.session}`;
    case 'p2p_map':
      if (e.miss) return `... may be a BAR, ${formatBytes(e.size)}: not to be looked up then`;
      return `... is BAR ${place(e.pos, 'pci')} of device #${e.target}, ${formatBytes(e.size)}`;
    case 'dma_remove':
      return `mapping gone: iova ${e.iovaHex} ${formatBytes(e.size)}`;
    case 'reset':
      return reset(e);
    case 'dirty_log':
      return dirtyLog(e);
    case 'v1_region':
      return `v1 migration region is region ${e.index}, ${formatBytes(e.size)}`;
    case 'v1_access':
      return `v1 region ${e.write ? 'write' : 'read'} ${e.count} at ${hex(e.offset)}: ${e.valueHex}${failure(e.ret)}`;
    case 'vcpu_entry':
      return `vCPU ${e.vcpu} entered the guest`;
    case 'aer':
      return `${AER[e.aerSeverity] ?? e.aerSeverity} PCIe error of ${e.bdf}, status ${hex(e.status)}`;
    case 'pin':
      return `${e.pinned ? 'pinned' : 'unpinned'} ${e.pages} pages at iova ${e.iovaHex}${failure(e.ret)}`;
    case 'dma_rw':
      return `driver ${e.write ? 'wrote' : 'read'} ${e.count} at iova ${e.iovaHex}${failure(e.ret)}`;
    case 'dirty_range':
      return `dirty log covers iova ${e.iovaHex} ${formatBytes(e.size)}`;
    case 'dirty_bits':
      return `${e.partial ? 'at least ' : ''}${e.bits} dirty pages, iova ${e.firstHex} to ${e.lastHex}`;
    case 'irq_bypass':
      return `interrupt ${e.irq} ${e.posted ? 'is posted to the guest' : 'comes to the host again'}`;
    case 'ioas':
      return `attached to IOAS or HWPT ${e.ptId} (container ${e.container})${failure(e.ret)}`;
    case 'repeats':
      return repeats(e, bus);
    case 'known_state':
      return `found in ${stateName(e.state)}${certainty(e.certainty)}`;
    case 'known_mapping':
      return `found mapped: iova ${e.iovaHex} ${formatBytes(e.size)}${certainty(e.certainty)}`;
    case 'known_irqs':
      return `found ${irqName(e.index, bus)} set up, ${e.count} vectors${certainty(e.certainty)}`;
    case 'msi_enable':
      return `${irqName(e.index, bus)} ${e.enabled ? 'enabled' : 'disabled'} in config space`;
    case 'snapshot':
      return `what was known follows, ${formatBytes(e.length)}`;
    case 'snap_text':
      return `known: ${e.text}`;
    case 'known_container':
      return `found ${e.complete ? '' : 'at least '}${e.mappings} mappings in container ${e.container}`;
    case 'data_fd':
      return `the data_fd of session ${e.session} is ${e.observed ? '' : 'not '}observed`;
    case 'cgroup':
      return `process ${e.tgid} runs in cgroup ${e.path}`;
    case 'lost':
      return `${e.count} records lost in ring ${RINGS[e.ring] ?? e.ring}`;
    case 'tick':
      return `tick, wall clock ${wallClock(e.wallNs)}`;
    case 'probe':
      if (e.probeKind === POLICY) return `from here on judged by policy ${e.name}`;
      return `probe ${e.probeKind} ${e.name} ${probeStatus(e.status)}`;
    case 'vm':
      return `vm ${e.name || '(no name)'} ${e.uuid} is process ${e.tgid}`;
    default:
      e satisfies never;
      return '';
  }
}

/** ISO 8601 to the ms; a time that no calendar holds is shown as it is. */
function wallClock(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n));
  return Number.isNaN(date.getTime()) ? `${ns} ns` : date.toISOString();
}
