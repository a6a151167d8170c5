// SPDX-License-Identifier: Apache-2.0
/** Which part of the time is shown, and where on the canvas. */
import { GUTTER } from './draw.js';

/** No closer than a microsecond over the whole width. */
const CLOSEST = 1000;

export class View {
  width = 800;
  height = 300;
  /** Pixels of the lanes above the first that is shown. */
  top = 0;

  constructor(end) {
    this.end = end;
    this.all();
  }

  /** All of it, with a margin in which the last pin can be seen. */
  all() {
    this.t0 = -this.end * 0.01;
    this.t1 = this.end * 1.01;
  }

  x = (t) => GUTTER + ((t - this.t0) / (this.t1 - this.t0)) * (this.width - GUTTER);
  t = (x) => this.t0 + ((x - GUTTER) / (this.width - GUTTER)) * (this.t1 - this.t0);

  /** What is at `x` stays there. */
  zoom(factor, x = (this.width + GUTTER) / 2) {
    const at = this.t(Math.max(GUTTER, x));
    const most = this.end * 1.02;
    const length = Math.min(most, Math.max(CLOSEST, (this.t1 - this.t0) * factor));
    const part = (at - this.t0) / (this.t1 - this.t0);
    this.t0 = at - part * length;
    this.t1 = this.t0 + length;
    this.pan(0);
  }

  /** By a part of what is shown; stays within the trace. */
  pan(part) {
    const length = this.t1 - this.t0;
    const least = -this.end * 0.01;
    const most = Math.max(least, this.end * 1.01 - length);
    this.t0 = Math.min(most, Math.max(least, this.t0 + part * length));
    this.t1 = this.t0 + length;
  }

  /** `t` in the middle, over at most so many ns. */
  show(t, length) {
    const shown = Math.max(CLOSEST, Math.min(length, this.t1 - this.t0));
    this.t0 = t - shown / 2;
    this.t1 = t + shown / 2;
    this.pan(0);
  }
}
