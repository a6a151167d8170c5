// SPDX-License-Identifier: Apache-2.0
/** Who a process that has a device open is, from its command line and its control group. */

export interface VmIdentity {
  readonly name: string;
  readonly uuid: string;
}

/** The values of an option, given as `-x V`, `--x V` or `--x=V`. */
function values(args: readonly string[], option: string): string[] {
  const flags = [`-${option}`, `--${option}`];
  const joined = `--${option}=`;
  return args.flatMap((arg, i) => {
    if (flags.includes(arg)) return args.slice(i + 1, i + 2);
    return arg.startsWith(joined) ? [arg.slice(joined.length)] : [];
  });
}

/** `a=1,b=x,,y`: QEMU doubles a comma that is meant. A first value without a key has `implied` for one. */
function keyValues(text: string, implied: string): Map<string, string> {
  const parts = text.match(/(?:[^,]|,,)+/g) ?? [];
  return new Map(
    parts.map((part, i) => {
      const at = part.indexOf('=');
      const [key, value] =
        at < 0 && i === 0 ? [implied, part] : [part.slice(0, Math.max(at, 0)), part.slice(at + 1)];
      return [key, value.replaceAll(',,', ',')];
    }),
  );
}

/** systemd writes characters that a unit's name cannot hold as \xNN. */
const unescaped = (name: string) =>
  name.replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));

/** libvirt's: machine-qemu\x2d3\x2dNAME.scope. Empty for any other group. */
export function domainOf(cgroup: string): string {
  const scope = /(?:^|\/)machine-([^/]*)\.scope(?:\/|$)/.exec(cgroup)?.[1] ?? '';
  return /^(?:qemu|ch)-\d+-(.+)$/.exec(unescaped(scope))?.[1] ?? '';
}

/** From /proc/PID/cmdline; QEMU's options, which other VMMs partly share. Empty where there is nothing. */
export function vmIdentity(cmdline: string, cgroup = ''): VmIdentity {
  const args = cmdline.split('\0');
  const name = keyValues(values(args, 'name').at(-1) ?? '', 'guest').get('guest');
  const platform = keyValues(values(args, 'platform').at(-1) ?? '', '').get('uuid'); // Cloud Hypervisor
  return { name: name || domainOf(cgroup), uuid: values(args, 'uuid').at(-1) ?? platform ?? '' };
}

/** The path of /proc/PID/cgroup in the unified hierarchy, or in systemd's own. */
export function cgroupPath(text: string): string {
  const path = /^0::(.*)$/m.exec(text)?.[1] ?? '';
  return path && path !== '/' ? path : (/^\d+:name=systemd:(.*)$/m.exec(text)?.[1] ?? path);
}
