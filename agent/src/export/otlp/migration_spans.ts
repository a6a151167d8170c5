// SPDX-License-Identifier: Apache-2.0
/** A migration of a device as a trace: one span for it, and in it one for each state that the device stayed in. */
import { createHash, randomBytes } from 'node:crypto';
import type { Device, Episode, Side } from '../../model/device.js';
import { stateName } from '../../model/fsm.js';
import type { MigrationResult, World } from '../../model/world.js';
import { type Span, span } from './messages.js';

/**
 * Both hosts know the VM and when the migration began, but no number of it: what begins in the same
 * span of time is taken for the same migration. Longer than two hosts need to both begin, shorter than
 * a VM stays anywhere.
 */
const WINDOW_NS = 600_000_000_000n;
/** Begun so near to a window's edge, the other host may be on its other side: the span links to that trace. */
const EDGE_NS = 30_000_000_000n;
/** States of an episode that are kept: a migration has seven. */
const MAX_STAYS = 64;

interface Stay {
  readonly state: string;
  /** Relative ns. */
  readonly from: number;
  readonly to: number;
}

const idOf = (vm: string, window: bigint) =>
  createHash('sha256').update(`${vm} ${window}`).digest().subarray(0, 16);

/** The trace of a VM's migration that began at this Unix time, ns; and others in which its other half may be. */
export function traceOf(vm: string, began: bigint): { id: Uint8Array; links: Uint8Array[] } {
  const window = began / WINDOW_NS;
  const into = began % WINDOW_NS;
  const beside = into < EDGE_NS ? [window - 1n] : into >= WINDOW_NS - EDGE_NS ? [window + 1n] : [];
  return { id: idOf(vm, window), links: beside.map((other) => idOf(vm, other)) };
}

export class MigrationSpans {
  private readonly stays = new WeakMap<Episode, Stay[]>();
  private world: World | undefined;

  /** Each span goes to `add`, encoded. */
  constructor(private readonly add: (span: Uint8Array) => void) {}

  watch(world: World): void {
    this.world = world;
  }

  visit(state: number, took: number, { episode, landedAt }: Device): void {
    if (!episode || landedAt < episode.startedAt) return; // RUNNING, before it
    const stays = this.stays.get(episode) ?? [];
    this.stays.set(episode, stays);
    if (stays.length < MAX_STAYS)
      stays.push({ state: stateName(state), from: landedAt, to: landedAt + took });
  }

  migration(side: Side, result: MigrationResult, d: Device): void {
    const { world } = this;
    const { episode } = d;
    if (!world || !episode || world.wallOffset === undefined) return;
    const origin = world.base + world.wallOffset;
    const unix = (relative: number) => origin + BigInt(Math.round(relative));
    const { id: traceId, links } = this.trace(this.vm(world, d), unix(episode.startedAt));
    const root = randomBytes(8);
    this.send({
      traceId,
      links,
      id: root,
      name: `migration ${side}`,
      from: unix(episode.startedAt),
      to: unix(world.now),
      status: result === 'failed' ? 'error' : 'unset',
      attributes: {
        'vfio.device': d.name,
        'vfio.driver': d.driver,
        'migwatch.vm': world.vmOf(d),
        'migwatch.side': side,
        'migwatch.result': result,
        'migwatch.records_lost': episode.lost,
        'migwatch.data_bytes': side === 'source' ? d.counts.bytesSaved : d.counts.bytesResumed,
      },
    });
    for (const { state, from, to } of this.stays.get(episode) ?? [])
      this.send({
        traceId,
        id: randomBytes(8),
        parent: root,
        name: state,
        from: unix(from),
        to: unix(to),
        attributes: { 'vfio.device': d.name },
      });
  }

  /** The trace that a finding about the device of this name belongs to, while it migrates. */
  traceId(name: string): Uint8Array | undefined {
    const { world } = this;
    if (!world || world.wallOffset === undefined) return undefined;
    for (const d of world.devices.values()) {
      const vm = this.vm(world, d);
      if (d.name === name && d.episode && vm)
        return traceOf(vm, world.base + world.wallOffset + BigInt(Math.round(d.episode.startedAt))).id;
    }
    return undefined;
  }

  /** Who its VM is, on any host; undefined where nobody can say. */
  private vm(world: World, d: Device): string | undefined {
    const vm = world.vms.get(d.tgid);
    return vm?.uuid || vm?.name || undefined;
  }

  /** A VM that nobody can name is not known elsewhere: its trace is its own. */
  private trace(vm: string | undefined, began: bigint) {
    return vm ? traceOf(vm, began) : { id: randomBytes(16), links: [] };
  }

  private send(s: Span): void {
    this.add(span(s));
  }
}
