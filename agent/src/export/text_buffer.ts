// SPDX-License-Identifier: Apache-2.0

const FIRST_BYTES = 64 << 10;
/** UTF-8 takes no more for a UTF-16 unit. */
const BYTES_A_CHAR = 3;

/**
 * A long text, written piece by piece as UTF-8 into memory that is used again. Joined as a string the megabytes of a
 * large host would be copied three times, each time into memory that is new to the process.
 */
export class TextBuffer {
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);
  private length = 0;

  clear(): void {
    this.length = 0;
  }

  add(text: string): void {
    const most = this.length + text.length * BYTES_A_CHAR;
    if (most > this.bytes.length) this.grow(most);
    this.length += this.bytes.write(text, this.length);
  }

  /** What has been written. The next text is written over it. */
  get written(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private grow(least: number): void {
    const bytes = Buffer.allocUnsafe(Math.max(least, this.bytes.length * 2));
    this.bytes.copy(bytes, 0, 0, this.length);
    this.bytes = bytes;
  }
}
