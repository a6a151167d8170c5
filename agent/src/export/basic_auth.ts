// SPDX-License-Identifier: Apache-2.0
/** HTTP basic authentication against bcrypt hashes. */
import { createHmac, randomBytes } from 'node:crypto';
import { Bcrypt } from './bcrypt.js';

/** Passwords waiting to be compared, at most: a flood of wrong ones must not keep a core busy for long. */
const MAX_QUEUED = 16;
/** Logins that are remembered; there are as many as users, and more only after reloads. */
const MAX_KNOWN = 1_000;

export type Answer = 'yes' | 'no' | 'busy';

/** User and password of an Authorization header. */
function credentials(header: string | undefined): { user: string; password: string } | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(header ?? '') ?? [];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

export class BasicAuth {
  private readonly bcrypt = new Bcrypt();
  /** Logins are remembered by their keyed hash: no password stays in memory, none can be found by timing. */
  private readonly key = randomBytes(32);
  private readonly known = new Set<string>();
  private readonly pending = new Map<string, Promise<boolean>>();

  /** A login that was right once costs no second comparison; a changed hash is another login. */
  async check(header: string | undefined, users: ReadonlyMap<string, string>): Promise<Answer> {
    const given = credentials(header);
    if (!given) return 'no';
    const hash = users.get(given.user);
    const login = this.digest(given.user, hash ?? '', given.password);
    if (this.known.has(login)) return 'yes';
    const same = this.pending.get(login);
    if (!same && this.bcrypt.queued >= MAX_QUEUED) return 'busy';
    return (await (same ?? this.compare(login, given.password, hash, users))) ? 'yes' : 'no';
  }

  close(): void {
    this.bcrypt.close();
  }

  private async compare(
    login: string,
    password: string,
    hash: string | undefined,
    users: ReadonlyMap<string, string>,
  ): Promise<boolean> {
    // A user that is not there takes as long as one that is.
    const [any = ''] = users.values();
    const answer = this.bcrypt.compare(password, hash ?? any).then((same) => same && hash !== undefined);
    this.pending.set(login, answer);
    try {
      const right = await answer;
      if (right && this.known.size >= MAX_KNOWN) this.known.clear();
      if (right) this.known.add(login);
      return right;
    } finally {
      this.pending.delete(login);
    }
  }

  private digest(...parts: readonly string[]): string {
    return createHmac('sha256', this.key).update(JSON.stringify(parts)).digest('base64');
  }
}
