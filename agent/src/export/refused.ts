// SPDX-License-Identifier: Apache-2.0
/** What the web server turned away, by why. */
export interface Refused {
  /** Closed, or not accepted, for want of room. */
  connections: number;
  /** The client's certificate is not what the configuration asks for. */
  certificate: number;
  password: number;
  /** Too many passwords were being checked at the time. */
  busy: number;
}

export const nothingRefused = (): Refused => ({ connections: 0, certificate: 0, password: 0, busy: 0 });
