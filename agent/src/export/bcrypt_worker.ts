// SPDX-License-Identifier: Apache-2.0
/** Compares passwords with bcrypt hashes in a thread of its own: it takes 50 ms and more, in which the drain would wait. */
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

export interface Question {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

export interface Answer {
  readonly id: number;
  readonly same: boolean;
}

const port = parentPort;
port?.on('message', ({ id, password, hash }: Question) => {
  port.postMessage({ id, same: compareSync(password, hash) } satisfies Answer);
});
