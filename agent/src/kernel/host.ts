// SPDX-License-Identifier: Apache-2.0
/** Can this host be watched at all? Facts first, then what to do. */
import { existsSync, readFileSync } from 'node:fs';

export const EXIT_NO_PRIVILEGE = 77;
export const EXIT_UNSUPPORTED = 78;

export interface HostProblem {
  readonly exit: typeof EXIT_NO_PRIVILEGE | typeof EXIT_UNSUPPORTED;
  readonly what: string;
  readonly remedy: string;
}

const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

const readable = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

function privileged(): boolean {
  const caps = BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(readable('/proc/self/status'))?.[1] ?? '0'}`);
  const has = (bit: bigint) => ((caps >> bit) & 1n) === 1n;
  // CAP_SYS_ADMIN: the BTF of modules can only be had by id, which nothing less allows.
  return has(CAP_SYS_ADMIN) && has(CAP_BPF) && has(CAP_PERFMON);
}

/** The first thing that stands in the way, or undefined. */
export function hostProblem(platform: string = process.platform): HostProblem | undefined {
  if (platform !== 'linux')
    return {
      exit: EXIT_UNSUPPORTED,
      what: `this is ${platform}, not Linux`,
      remedy: 'run migwatch on the Linux host that has the VFIO devices; replay and print work anywhere',
    };
  if (!privileged())
    return {
      exit: EXIT_NO_PRIVILEGE,
      what: 'no privilege to load BPF programs (CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN are needed)',
      remedy: 'run as root, or grant the three capabilities in the service unit',
    };
  if (/\[confidentiality\]/.test(readable('/sys/kernel/security/lockdown')))
    return {
      exit: EXIT_UNSUPPORTED,
      what: 'the kernel is locked down (confidentiality): BPF may not read kernel memory',
      remedy: 'boot with lockdown=integrity or none; integrity (Secure Boot) is enough',
    };
  if (!existsSync('/sys/kernel/btf/vmlinux'))
    return {
      exit: EXIT_UNSUPPORTED,
      what: 'the kernel has no BTF (/sys/kernel/btf/vmlinux is missing)',
      remedy: 'use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as all current distributions ship',
    };
  return undefined;
}

/** VFIO is loaded and none of its functions can be attached to: not a host that migwatch knows. */
export function vfioProblem(
  probes: readonly { required: boolean; status: string; name: string; reason: string; module: string }[],
): HostProblem | undefined {
  const needed = probes.filter((p) => p.required && p.module === 'vfio');
  const missing = needed.filter((p) => p.status === 'unavailable');
  if (missing.length < needed.length || missing.length === 0) return undefined;
  return {
    exit: EXIT_UNSUPPORTED,
    what: `VFIO is loaded but none of its functions can be observed (${missing[0]?.name}: ${missing[0]?.reason})`,
    remedy: 'check /proc/kallsyms and /sys/kernel/btf/vfio; `migwatch check` lists every probe',
  };
}
