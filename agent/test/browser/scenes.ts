// SPDX-License-Identifier: Apache-2.0
/** What pictures and tests of the page show, as scenario text. */

/** Two VMs on their way: one still runs, one of two devices is stopped and copies the rest. */
export const inFlight = `
0       web1   opened pci mlx5_vfio_pci container=1
0       web2   opened pci mlx5_vfio_pci container=1
0       db1    opened pci qat_vfio_pci container=2
0       idle1  opened pci mlx5_vfio_pci container=3
1s      vm web tgid=100
1s      vm db tgid=200
1s      vm idle tgid=300
30s     web1   set PRE_COPY
30.1s   web2   set PRE_COPY
31s     web1   data read 52428800
32s     web2   data read 50331648
60s     db1    set PRE_COPY
61s     db1    data read 10485760
90s     web1   set PRE_COPY_P2P
90.1s   web2   set PRE_COPY_P2P
91s     web1   set STOP_COPY
91.1s   web2   set STOP_COPY
91.5s   web1   data read 1048576
`;

/** A user that does in STOP_COPY what it must not. */
export const misbehaving = `
92s     bad1   opened pci mlx5_vfio_pci tgid=900
92s     vm bad tgid=900
92.1s   bad1   set STOP_COPY
92.2s   bad1   region write bar0+0x10 4
92.3s   bad1   irqs MSIX
92.4s   bad1   set STOP
92.5s   bad1   data release
93.5s   tick
`;

/** Many, in all phases. */
export function fleet(vms: number, each: number): string {
  const lines: string[] = [];
  let ms = 0;
  /** A line; each a little after the last, as one user does things. */
  const say = (from: number, what: string) => {
    ms = Math.max(ms + 2, from * 1000);
    lines.push(`${ms}ms ${what}`);
  };
  const all = Array.from({ length: vms * each }, (_, i) => {
    const vm = Math.floor(i / each);
    const letters = `vm${String.fromCharCode(97 + Math.floor(vm / 26), 97 + (vm % 26))}`;
    return { vm, name: `${letters}${(i % each) + 1}` };
  });
  for (const { vm, name } of all)
    say(0, `${name} opened pci mlx5_vfio_pci container=${vm + 1} tgid=${1000 + vm}`);
  for (let vm = 0; vm < vms; vm++) say(1, `vm vm${String(vm).padStart(2, '0')} tgid=${1000 + vm}`);
  const moving = all.filter(({ vm }) => vm % 4 === 1);
  const ending = moving.filter(({ vm }) => vm % 8 === 1);
  for (const { name } of moving) say(60, `${name} set PRE_COPY`);
  for (const { name } of moving) say(120, `${name} data read 20000000`);
  for (const { name } of ending) say(180, `${name} set PRE_COPY_P2P`);
  for (const { name } of ending) say(181, `${name} set STOP_COPY`);
  say(182, `${ending[0]?.name} region write bar0+0x10 4`);
  say(200, 'tick');
  return `${lines.join('\n')}\n`;
}
