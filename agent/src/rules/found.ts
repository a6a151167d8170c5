// SPDX-License-Identifier: Apache-2.0
import { plain } from '../wire/plain.js';
import { named, type Violation } from './finding.js';

/** A finding and how often it happened again. Its evidence, some 15 kB, is for the sinks to keep. */
export class Finding {
  readonly violation: Pick<Violation, 'rule' | 'reason' | 'severity' | 'device' | 'at_ns'>;
  count = 1;
  private last: Uint8Array | undefined;

  constructor(
    { rule, reason, severity, device, at_ns }: Violation,
    /** Time of the last one, relative ns. */
    public lastAt: number,
  ) {
    this.violation = { rule, reason, severity, device, at_ns };
  }

  /** Once more: at that time, shown by that record. Floods come this way, and hardly anybody asks what the last one was. */
  again(at: number, record: Uint8Array): void {
    this.count++;
    this.lastAt = at;
    this.last = record;
  }

  /** The last one's event; of the first one the violation has it. */
  get lastEvent(): Readonly<Record<string, unknown>> | undefined {
    const event = this.last && plain(this.last);
    return event && named(event);
  }
}
