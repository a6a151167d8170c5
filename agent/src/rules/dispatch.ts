// SPDX-License-Identifier: Apache-2.0
/** Whom to ask about which kind of event: arrays by the record's tag, made when the policy changes. */
import { FACTS, type Fact } from '../model/coverage.js';
import type { Device } from '../model/device.js';
import { type KernelEvent, TAG } from '../wire/events.gen.js';
import type { Limits } from './limits.js';
import type { Applied, Policy } from './policy.js';
import { KEPT, type Rule, type SILENT } from './rule.js';
import type { Tallies } from './tally.js';

/** Facts as a set of bits. */
export function factBits(facts: readonly Fact[]): number {
  return facts.reduce((bits, fact) => bits | (1 << FACTS.indexOf(fact)), 0);
}

/** A rule as it is asked. A class, so that all have one shape, whatever their rules look like. */
export class Asked {
  readonly judge: Rule['judge'];
  readonly limits: Limits;
  /** Facts that it needs, as bits. */
  readonly needs: number;

  constructor(
    readonly applied: Applied,
    /** Its number among the tallies. */
    readonly tally: number,
  ) {
    this.judge = applied.rule.judge;
    this.limits = applied.limits;
    this.needs = factBits(applied.rule.needs);
  }
}

/** Whom to ask about one kind of record. */
export class Asking {
  readonly all: Asked[] = [];
  /** Those that have to be asked even about an ordinary one, and those that then answer KEPT; the others are silent. */
  readonly always: Asked[] = [];
  readonly keptOrdinarily: Asked[] = [];
  hasOrdinary = false;
  /** Ordinary ones that are not in the tallies yet. */
  ordinary = 0;

  add(asked: Asked, ordinarily: typeof KEPT | typeof SILENT | undefined): void {
    this.all.push(asked);
    if (ordinarily === undefined) this.always.push(asked);
    else this.hasOrdinary = true;
    if (ordinarily === KEPT) this.keptOrdinarily.push(asked);
  }
}

/** By tag of the record; undefined where no rule asked. */
export type Table = readonly (Asking | undefined)[];

export class Dispatch {
  private readonly tables = new Map<readonly Applied[], Table>();
  private readonly common: Table;
  /** By device, where the policy does not treat all alike. */
  private readonly own = new WeakMap<Device, Table>();

  constructor(
    readonly policy: Policy,
    private readonly tallies: Tallies,
  ) {
    for (const { id } of policy.rules) tallies.numberOf(id);
    this.common = this.tableFor(policy.applied(undefined));
  }

  /** The common table, unless this device has one of its own. */
  of(e: KernelEvent, d: Device | undefined): Table {
    if (!this.policy.perDevice) return this.common;
    if (!d) return this.tableFor(this.policy.applied(e.kind === 'device' ? e : undefined));
    return this.ofDevice(d);
  }

  ofDevice(d: Device): Table {
    if (!this.policy.perDevice) return this.common;
    let table = this.own.get(d);
    if (!table) {
      table = this.tableFor(this.policy.applied(d));
      this.own.set(d, table);
    }
    return table;
  }

  /** Whatever is asked about some kind of record. */
  *everyAsking(): Generator<Asking> {
    for (const table of this.tables.values()) for (const asking of table) if (asking) yield asking;
  }

  /** The rule as it is applied to the device that a finding is about; undefined: off for it. */
  as(rule: Rule, d: Device): Applied | undefined {
    return this.policy.applied(d).find((a) => a.rule === rule);
  }

  private tableFor(rules: readonly Applied[]): Table {
    let table = this.tables.get(rules);
    if (!table) {
      table = this.tableOf(rules);
      this.tables.set(rules, table);
    }
    return table;
  }

  private tableOf(rules: readonly Applied[]): Table {
    const table: Asking[] = [];
    for (const applied of rules) {
      const { rule } = applied;
      const asked = new Asked(applied, this.tallies.numberOf(rule.id));
      for (const kind of rule.on) {
        table[TAG[kind]] ??= new Asking();
        table[TAG[kind]]?.add(asked, rule.ordinarily[kind]);
      }
    }
    return table;
  }
}
