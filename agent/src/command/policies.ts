// SPDX-License-Identifier: Apache-2.0
import type { Judges } from '../config.js';
import { RULES } from '../rules/index.js';
import { Policy } from '../rules/policy.js';

/**
 * The policies of a replay. With one, all of the trace is judged by it. With
 * several, each is in force from where the trace says that it was.
 */
export class Policies {
  readonly first: Policy;
  private readonly known: ReadonlyMap<string, Policy>;
  /** Ids that the trace names and that were not given. */
  private readonly others = new Set<string>();
  private readonly named = new Set<string>();

  constructor(judges: Judges) {
    const policies = judges.map((judge) => new Policy({ ...judge, rules: RULES }));
    [this.first] = policies as [Policy, ...Policy[]];
    this.known = new Map(policies.map((policy) => [policy.id, policy]));
  }

  readonly policyOf = (id: string): Policy | undefined => {
    this.named.add(id);
    const policy = this.known.get(id);
    if (!policy) this.others.add(id);
    return this.known.size > 1 ? policy : undefined;
  };

  /** Why the findings may not be those of the agent that recorded it, or undefined. */
  difference(): string | undefined {
    const ids = (set: Iterable<string>) => [...set].join(', ');
    if (this.others.size > 0)
      return `recorded under policy ${ids(this.named)}; judged by ${ids(this.known.keys())}: findings may differ from those of then`;
    return undefined;
  }
}
