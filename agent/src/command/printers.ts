// SPDX-License-Identifier: Apache-2.0
/** `replay --format`: what a finding, a migration and the end come to on stdout. */
import type { ReplayFormat } from '../config.js';
import { type JunitCase, type JunitSuite, junitXml } from '../export/junit.js';
import { aloneJson, migrationJson } from '../export/migration_json.js';
import { aloneText, migrationText } from '../export/migration_text.js';
import { violationJson } from '../export/violation_json.js';
import type { Half } from '../join/half.js';
import type { JointVerdict } from '../join/judge.js';
import type { Migration } from '../join/pairing.js';
import type { Violation } from '../rules/finding.js';
import { notAssessable, type Outcome } from './judge_trace.js';
import { violationLine } from './verdict.js';

/** Each answers what is to be written now. */
export interface Printer {
  trace(path: string, host: string): string;
  violation(v: Violation, capture?: string): string;
  /** The trace has been judged. */
  outcome(o: Outcome): string;
  /** With the findings that both sides of it together came to. */
  migration(m: Migration, verdicts: readonly JointVerdict[]): string;
  alone(h: Half): string;
  end(): string;
}

const nothing = () => '';

/** `several`: there is more than one trace, so that each is named, and what was found in it stands below. */
const text = (several: boolean): Printer => {
  const indent = several ? '  ' : '';
  const violation = (v: Violation) => `${indent}${violationLine(v)}\n`;
  return {
    trace: (path, host) => (several ? `${host || 'unknown host'}: ${path}\n` : ''),
    violation,
    outcome: nothing,
    migration: (m, verdicts) => `${migrationText(m, verdicts)}\n${found(verdicts).map(violation).join('')}`,
    alone: (h) => `${aloneText(h)}\n`,
    end: nothing,
  };
};

const found = (verdicts: readonly JointVerdict[]) =>
  verdicts.map((v) => v.violation).filter((v) => v !== undefined);

const jsonLine = (v: Violation, capture?: string) => `${violationJson(v, capture)}\n`;

const JSONL: Printer = {
  trace: nothing,
  violation: jsonLine,
  outcome: nothing,
  migration: (m, verdicts) =>
    `${migrationJson(m, verdicts)}\n${found(verdicts)
      .map((v) => jsonLine(v))
      .join('')}`,
  alone: (h) => `${aloneJson(h)}\n`,
  end: nothing,
};

/** XML has its counts at the beginning: all of it is written at the end. */
class Junit implements Printer {
  private readonly suites: JunitSuite[] = [];
  private path = '';
  private violations: Violation[] = [];

  constructor(private readonly profile: string) {}

  trace(path: string): string {
    this.path = path;
    return '';
  }

  violation(v: Violation): string {
    this.violations.push(v);
    return '';
  }

  outcome(o: Outcome): string {
    const { judge, origin } = o;
    const violations = this.violations.splice(0);
    const cases = [...judge.engine.tallies].map(([rule, { kept, broken, unknown }]): JunitCase => {
      const own = violations.filter((v) => v.rule === rule);
      const silent = unknown > 0 ? `unknown ${unknown} times` : 'nothing came up that it judges';
      return kept + broken > 0 ? { rule, violations: own } : { rule, violations: own, skipped: silent };
    });
    const began = new Date(Number((judge.world.base + origin.clockOffset) / 1_000_000n));
    this.suites.push({
      name: this.path,
      profile: this.profile,
      host: origin.env.host ?? '',
      began: Number.isNaN(began.getTime()) ? '' : began.toISOString(),
      seconds: judge.world.now / 1e9,
      cases,
      error: notAssessable(o),
    });
    return '';
  }

  migration(m: Migration, verdicts: readonly JointVerdict[]): string {
    const [{ source, destination }] = m.pairs;
    const cases = verdicts.map(
      ({ rule, verdict, why, violation }): JunitCase => ({
        rule,
        violations: violation ? [violation] : [],
        ...(verdict === 'unknown' && { skipped: why ?? verdict }),
      }),
    );
    this.suites.push({
      name: `${source.vm}: ${source.host.origin.host} to ${destination.host.origin.host}`,
      profile: this.profile,
      host: destination.host.origin.host,
      began: '',
      seconds: 0,
      cases,
    });
    return '';
  }

  alone(): string {
    return '';
  }

  end(): string {
    return junitXml(this.suites);
  }
}

export function printerFor(format: ReplayFormat, profile: string, several: boolean): Printer {
  if (format === 'junit') return new Junit(profile);
  return format === 'jsonl' ? JSONL : text(several);
}
