// SPDX-License-Identifier: Apache-2.0
/** What systemd passes to a service, and what it is told. Without systemd all of it does nothing. */
import { type Notify, openNotify } from '../kernel/sd_notify.js';
import type { Log } from '../log.js';

const FIRST_SOCKET = 3;

/** The number of the listening socket that socket activation passed; undefined if there is none. Throws if there are several. */
export function activatedSocket(env: NodeJS.ProcessEnv = process.env): number | undefined {
  if (Number(env.LISTEN_PID) !== process.pid || !env.LISTEN_FDS) return undefined;
  if (env.LISTEN_FDS === '1') return FIRST_SOCKET;
  throw new Error(
    `${env.LISTEN_FDS} sockets were passed by systemd: migwatch.socket may have one ListenStream=`,
  );
}

/** How often the watchdog is to be told, ms: twice as often as it asks for; undefined: there is none. */
function watchdogMs(env: NodeJS.ProcessEnv): number | undefined {
  const micros = Number(env.WATCHDOG_USEC);
  const mine = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === process.pid;
  return mine && micros > 0 ? micros / 2000 : undefined;
}

export interface ServiceOptions {
  readonly notify: Notify | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** CLOCK_MONOTONIC, ms. */
  readonly now: () => number;
}

export class ServiceManager {
  private readonly every: number | undefined;
  private toldAt: number;

  constructor(private readonly options: ServiceOptions) {
    this.every = watchdogMs(options.env);
    this.toldAt = options.now();
  }

  /** For this process. */
  static open(log: Log): ServiceManager {
    const now = () => Number(process.hrtime.bigint() / 1_000_000n);
    let notify: Notify | undefined;
    try {
      notify = openNotify();
    } catch (err) {
      log('warn', 'systemd cannot be told anything: Type=notify will time out', {
        error: (err as Error).message,
      });
    }
    return new ServiceManager({ notify, env: process.env, now });
  }

  ready(status: string): void {
    this.tell('READY=1', `STATUS=${status}`);
  }

  reloading(): void {
    this.tell('RELOADING=1', `MONOTONIC_USEC=${this.options.now() * 1000}`);
  }

  stopping(): void {
    this.tell('STOPPING=1', 'STATUS=stopping');
  }

  /** To be called at each turn of the drain loop, and only there: a loop that hangs is what the watchdog is for. */
  turned(status: () => string): void {
    if (this.every === undefined || this.options.now() - this.toldAt < this.every) return;
    this.toldAt = this.options.now();
    this.tell('WATCHDOG=1', `STATUS=${status()}`);
  }

  private tell(...states: readonly string[]): void {
    this.options.notify?.(states.join('\n'));
  }
}
