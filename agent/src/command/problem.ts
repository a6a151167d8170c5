// SPDX-License-Identifier: Apache-2.0
import { EXIT_NO_PRIVILEGE, EXIT_UNSUPPORTED, type HostProblem } from '../kernel/host.js';
import { ShimError } from '../kernel/shim_error.js';

/** Prints what is wrong with this host and what to do; returns the exit code. */
export function reportProblem(p: HostProblem): number {
  process.stderr.write(`migwatch: ${p.what}\nmigwatch: ${p.remedy}\n`);
  return p.exit;
}

/** What a failing bpf() call says about the host, or undefined if it says nothing. */
export function problemOf(err: unknown): HostProblem | undefined {
  if (!(err instanceof ShimError)) return undefined;
  const what = `${err.operation}: ${err.message}`;
  if (err.code === 'EPERM' || err.code === 'EACCES')
    return {
      exit: EXIT_NO_PRIVILEGE,
      what,
      remedy: 'run as root, and see kernel.unprivileged_bpf_disabled and LSM denials',
    };
  if (err.operation === 'open' || err.operation === 'attach')
    return { exit: EXIT_UNSUPPORTED, what, remedy: '`migwatch check` shows what this kernel offers' };
  return undefined;
}
