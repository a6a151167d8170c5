// SPDX-License-Identifier: Apache-2.0
/** How far a trace has been read, on a terminal's stderr and nowhere else. */
const WIDTH = 30;
const EVERY_MS = 100;
const CLEAR = '\r\x1b[K';

export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class Progress {
  private shown = false;
  private drawnAt = 0;
  private readonly began: number;

  constructor(
    private readonly total: number,
    private readonly terminal: Terminal,
    /** ms. */
    private readonly now: () => number,
  ) {
    this.began = now();
  }

  /** So many of the bytes have been judged, which were so many events. */
  at(done: number, events: number): void {
    const now = this.now();
    if (!this.terminal.isTTY || this.total === 0 || now - this.drawnAt < EVERY_MS) return;
    this.drawnAt = now;
    this.shown = true;
    const share = Math.min(1, done / this.total);
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
    const rate = events / Math.max(1, now - this.began) / 1000;
    this.terminal.write(`${CLEAR}[${bar}] ${Math.floor(share * 100)} %  ${rate.toFixed(1)} M events/s`);
  }

  /** Something else is about to be written. */
  clear(): void {
    if (this.shown) this.terminal.write(CLEAR);
    this.shown = false;
  }
}
