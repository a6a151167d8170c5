// SPDX-License-Identifier: Apache-2.0
/** Names of VMs from command lines and control groups, odd ones among them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupName } from '../src/model/world.js';
import { cgroupPath, domainOf, vmIdentity } from '../src/vm_identity.js';
import { judged } from './run.js';

const UUID = '4dea22b3-1d52-d8f3-2516-782e98ab3fa0';
const of = (...args: string[]) => vmIdentity(`${args.join('\0')}\0`);

test('QEMU as libvirt starts it', () => {
  const vm = of(
    '/usr/bin/qemu-system-x86_64',
    '-name',
    'guest=web-1,debug-threads=on',
    '-object',
    '{"qom-type":"secret","id":"masterKey0","format":"raw","file":"/var/lib/libvirt/-name/x.aes"}',
    '-uuid',
    UUID,
    '-device',
    '{"driver":"vfio-pci","host":"0000:3b:00.2","id":"hostdev0"}',
  );
  assert.deepEqual(vm, { name: 'web-1', uuid: UUID });
});

test('QEMU by hand: the name alone, other keys first, both dashes, the last one', () => {
  assert.equal(of('qemu', '-name', 'web').name, 'web');
  assert.equal(of('qemu', '-name', 'web,process=x').name, 'web');
  assert.equal(of('qemu', '-name', 'process=x,guest=web').name, 'web');
  assert.equal(of('qemu', '--name', 'web', '--uuid', UUID).uuid, UUID);
  assert.equal(of('qemu', '-name', 'old', '-name', 'guest=new').name, 'new');
  assert.equal(of('qemu', '-name', 'debug-threads=on').name, '');
});

test('a doubled comma is a comma', () => {
  assert.equal(of('qemu', '-name', 'guest=a,,b=c,debug-threads=on').name, 'a,b=c');
  assert.equal(of('qemu', '-name', 'a,,b').name, 'a,b');
});

test('other VMMs, no name, no value, nothing', () => {
  const chv = of(
    'cloud-hypervisor',
    '--platform',
    `num_pci_segments=1,uuid=${UUID}`,
    '--device',
    'path=/sys/x',
  );
  assert.deepEqual(chv, { name: '', uuid: UUID });
  assert.equal(of('cloud-hypervisor', `--platform=uuid=${UUID}`).uuid, UUID);
  assert.equal(of('crosvm', 'run', '--name', 'arc', '--vfio', '/sys/x').name, 'arc');
  assert.deepEqual(of('qemu', '-m', '1G'), { name: '', uuid: '' });
  assert.deepEqual(of('qemu', '-name'), { name: '', uuid: '' });
  assert.deepEqual(vmIdentity(''), { name: '', uuid: '' });
});

const SCOPE = '/machine.slice/machine-qemu\\x2d3\\x2dweb\\x2d1.scope';

test('the domain from the scope that libvirt made, where the command line has no name', () => {
  assert.equal(domainOf(`${SCOPE}/libvirt/emulator`), 'web-1');
  assert.equal(domainOf(SCOPE), 'web-1');
  assert.equal(domainOf('/machine.slice/machine-lxc\\x2d3\\x2dbox.scope'), '');
  assert.equal(vmIdentity('qemu\0', SCOPE).name, 'web-1');
  assert.equal(vmIdentity('qemu\0-name\0other\0', SCOPE).name, 'other');
});

test('the unified hierarchy, or the one of systemd on hosts of the first kind', () => {
  assert.equal(cgroupPath(`0::${SCOPE}\n`), SCOPE);
  assert.equal(cgroupPath('12:pids:/a\n1:name=systemd:/user.slice\n0::/\n'), '/user.slice');
  assert.equal(cgroupPath('0::/\n'), '/');
  assert.equal(cgroupPath(''), '');
});

test('a pod or a service is a name, a session is none', () => {
  const pod =
    '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod4dea22b3_1d52_d8f3_2516_782e98ab3fa0.slice';
  assert.equal(groupName(`${pod}/cri-containerd-0123.scope`), `pod ${UUID}`);
  assert.equal(groupName(`/kubepods/besteffort/pod${UUID}/0123`), `pod ${UUID}`);
  assert.equal(groupName('/system.slice/dpdk.service'), 'dpdk');
  assert.equal(groupName('/user.slice/user-0.slice/session-3.scope'), '');
});

test('the vm label: the name, else the UUID, else the group', () => {
  const label = (lines: string) => {
    const { world } = judged(`${lines}\n0 dev1 opened pci x tgid=7`).judge;
    const [d] = world.devices.values();
    return d && world.vmOf(d);
  };
  const group = '0 cgroup /system.slice/dpdk.service tgid=7';
  assert.equal(label(`${group}\n0 vm web uuid=${UUID} tgid=7`), 'web');
  assert.equal(label(group), 'dpdk');
  assert.equal(label(''), '');
});
