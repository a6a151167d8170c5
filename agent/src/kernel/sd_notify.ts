// SPDX-License-Identifier: Apache-2.0
/**
 * sd_notify(3), of the libsystemd that is wherever systemd is. Node cannot send datagrams to a unix socket, and
 * what a child process sends is not from the main process, which NotifyAccess=main asks for.
 */
import ffi from 'ffi-napi';

/** Sends one state, e.g. `READY=1`. */
export type Notify = (state: string) => void;

/** undefined where no service manager listens; throws where libsystemd cannot be loaded. */
export function openNotify(env: NodeJS.ProcessEnv = process.env): Notify | undefined {
  if (!env.NOTIFY_SOCKET) return undefined;
  const { sd_notify } = ffi.Library('libsystemd.so.0', { sd_notify: ['int', ['int', 'string']] });
  return (state) => {
    sd_notify(0, state);
  };
}
