// SPDX-License-Identifier: Apache-2.0
/** The policies of a running agent: the one it started with, and those that SIGHUP brings. */
import type { JudgeConfig, RunConfig } from '../config.js';
import type { ReloadState } from '../export/host_series.js';
import type { Log } from '../log.js';
import { RULES } from '../rules/index.js';
import { Policy } from '../rules/policy.js';

export interface ReloadOptions {
  /** Reads flags and file again; rejects with what is wrong. */
  read(): Promise<RunConfig>;
  /** Names a policy in the stream: it is in force from that record on, live and in replay. */
  announce(id: string): void;
  /** A policy is about to be in force. */
  onPolicy(policy: Policy): void;
  now(): number;
  readonly log: Log;
}

export const policyFor = (judge: JudgeConfig): Policy => new Policy({ ...judge, rules: RULES });

export class Reloader implements ReloadState {
  successful = true;
  at: number;
  /** Announced in the stream and not yet met there by the judge, in order. */
  private readonly coming: Policy[] = [];
  private last: Promise<void> = Promise.resolve();

  constructor(
    private current: RunConfig,
    private readonly options: ReloadOptions,
  ) {
    this.at = options.now();
  }

  get config(): RunConfig {
    return this.current;
  }

  /** The judge has met the record of this policy. */
  readonly policyOf = (id: string): Policy | undefined =>
    this.coming[0]?.id === id ? this.coming.shift() : undefined;

  /** One after the other, so that of two the later wins. Never rejects: what is in force stays. */
  reload(): Promise<void> {
    this.last = this.last.then(() => this.once());
    return this.last;
  }

  private async once(): Promise<void> {
    const { log, now } = this.options;
    try {
      this.put(await this.options.read());
      this.successful = true;
      this.at = now();
    } catch (err) {
      this.successful = false;
      for (const error of (err as Error).message.split('\n'))
        log('error', 'configuration refused; the one before stays in force', { error });
    }
  }

  private put(next: RunConfig): void {
    const { log } = this.options;
    const restart = Object.keys({ ...this.current.flags, ...next.flags }).filter(
      (flag) => JSON.stringify(this.current.flags[flag]) !== JSON.stringify(next.flags[flag]),
    );
    if (restart.length)
      log('warn', 'set in the file, but in force only after a restart', { flags: restart.join(',') });
    const changed = next.judge.id !== this.current.judge.id;
    // Flags as they were: the next reload must still say what waits for a restart.
    this.current = { ...next, flags: this.current.flags };
    log('info', 'configuration read again', { file: next.file, policy: next.judge.id, changed });
    if (!changed) return;
    const policy = policyFor(next.judge);
    this.options.onPolicy(policy);
    this.coming.push(policy);
    this.options.announce(policy.id);
  }
}
