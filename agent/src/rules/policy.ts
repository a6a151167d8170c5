// SPDX-License-Identifier: Apache-2.0
/** What an operator decided: which rules are judged, how strictly, for which devices. */
import type { Limits } from './limits.js';
import type { Profile, Rule, Severity } from './rule.js';

/** A decision about one rule; what it does not name stays as it was. */
export interface Override {
  readonly on?: boolean;
  /** Takes the place of whatever severity the rule gives its findings. */
  readonly severity?: Severity;
  readonly limits?: Partial<Limits>;
}

export interface Overrides {
  /** For all rules. */
  readonly limits?: Partial<Limits>;
  /** By rule id. */
  readonly rules?: Readonly<Record<string, Override>>;
}

/** What is known of a device before it is in the world. */
export interface Subject {
  readonly name: string;
  readonly driver: string;
}

export interface DeviceOverrides extends Overrides {
  matches(s: Subject): boolean;
}

/** A rule as it is judged for some devices. */
export interface Applied {
  readonly rule: Rule;
  readonly limits: Limits;
  readonly severity: Severity | undefined;
}

export interface PolicyOptions {
  /** Names the policy in traces. */
  readonly id?: string;
  readonly profile: Profile;
  /** The catalogue. */
  readonly rules: readonly Rule[];
  readonly limits: Limits;
  readonly overrides?: Overrides;
  /** In order: of two that match a device, the later wins where both speak. */
  readonly devices?: readonly DeviceOverrides[];
}

function apply(rule: Rule, limits: Limits, layers: readonly Overrides[]): Applied | undefined {
  let on = true;
  let severity: Severity | undefined;
  let own = limits;
  for (const layer of layers) {
    const override = layer.rules?.[rule.id];
    on = override?.on ?? on;
    severity = override?.severity ?? severity;
    if (layer.limits || override?.limits) own = { ...own, ...layer.limits, ...override?.limits };
  }
  return on ? { rule, limits: own, severity } : undefined;
}

export class Policy {
  readonly id: string;
  readonly profile: Profile;
  /** Rules that are judged for some device at least, with every severity that their findings may have. */
  readonly rules: readonly Pick<Rule, 'id' | 'severities'>[];
  private readonly devices: readonly DeviceOverrides[];
  /** By which of `devices` match, one bit each. */
  private readonly classes = new Map<string, readonly Applied[]>();

  constructor(private readonly options: PolicyOptions) {
    this.id = options.id ?? '';
    this.profile = options.profile;
    this.devices = options.devices ?? [];
    this.rules = options.rules.filter((rule) => this.everOn(rule)).map((rule) => this.counters(rule));
  }

  /** Does it treat some devices otherwise than others? */
  get perDevice(): boolean {
    return this.devices.length > 0;
  }

  /** The rules for a device, or for the host. The same array for devices that are treated alike. */
  applied(s: Subject | undefined): readonly Applied[] {
    const matching = s ? this.devices.filter((d) => d.matches(s)) : [];
    const key = this.devices.map((d) => (matching.includes(d) ? '1' : '0')).join('');
    let rules = this.classes.get(key);
    if (!rules) {
      const layers = [this.options.overrides ?? {}, ...matching];
      const { rules: catalogue, limits } = this.options;
      rules = catalogue.map((r) => apply(r, limits, layers)).filter((a) => a !== undefined);
      this.classes.set(key, rules);
    }
    return rules;
  }

  /** Whether any layer leaves it on: which layers meet in one device is not known yet. */
  private everOn(rule: Rule): boolean {
    if (this.options.overrides?.rules?.[rule.id]?.on !== false) return true;
    return this.devices.some((d) => d.rules?.[rule.id]?.on === true);
  }

  private counters(rule: Rule): Pick<Rule, 'id' | 'severities'> {
    const general = this.options.overrides?.rules?.[rule.id]?.severity;
    const own = this.devices.map((d) => d.rules?.[rule.id]?.severity).filter((s) => s !== undefined);
    const severities = new Set([...(general ? [general] : rule.severities), ...own]);
    return { id: rule.id, severities: [...severities] };
  }
}
