// SPDX-License-Identifier: Apache-2.0
/** What systemd is told, and what it says of the units. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { activatedSocket, ServiceManager } from '../../src/command/service_manager.js';
import { openNotify } from '../../src/kernel/sd_notify.js';

const dir = mkdtempSync(join(tmpdir(), 'migwatch-'));
after(() => rmSync(dir, { recursive: true }));

const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(sys.argv[1])
print("bound", flush=True)
text, ancillary, *_ = s.recvmsg(4096, 1024)
print(text.decode().replace("\\n", " "), int.from_bytes(ancillary[0][2][:4], "little"), flush=True)
`;

test('a state goes to the socket, from the main process itself', {
  skip: !existsSync('/run/systemd') && !libsystemd(),
}, async () => {
  const path = join(dir, 'notify');
  const listener = spawn('python3', ['-c', LISTENER, path]);
  const lines = createInterface(listener.stdout)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'bound');
  process.env.NOTIFY_SOCKET = path;
  const notify = openNotify();
  notify?.('READY=1\nSTATUS=here');
  delete process.env.NOTIFY_SOCKET;
  assert.equal((await lines.next()).value, `READY=1 STATUS=here ${process.pid}`);
  if (listener.exitCode === null) await once(listener, 'close');
});

function libsystemd(): boolean {
  return spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' }).stdout.includes('libsystemd.so.0');
}

function manager(env: NodeJS.ProcessEnv) {
  const told: string[] = [];
  const clock = { ms: 0 };
  const options = { notify: (state: string) => told.push(state), env, now: () => clock.ms };
  return { service: new ServiceManager(options), told, clock };
}

test('the watchdog hears of turns of the loop, twice as often as it asks for, and of nothing else', () => {
  const { service, told, clock } = manager({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.pid) });
  for (; clock.ms < 45_000; clock.ms += 1000) service.turned(() => `at ${clock.ms}`);
  assert.deepEqual(told, ['WATCHDOG=1\nSTATUS=at 15000', 'WATCHDOG=1\nSTATUS=at 30000']);
  clock.ms += 60_000;
  assert.equal(told.length, 2);
});

test('a watchdog of another process, or none, is not told', () => {
  for (const env of [{}, { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' }, { WATCHDOG_USEC: 'x' }]) {
    const { service, told, clock } = manager(env);
    clock.ms = 1e6;
    service.turned(() => '');
    assert.deepEqual(told, []);
  }
});

test('start, reload, stop', () => {
  const { service, told, clock } = manager({});
  service.ready('watching');
  clock.ms = 5;
  service.reloading();
  service.stopping();
  assert.deepEqual(told, [
    'READY=1\nSTATUS=watching',
    'RELOADING=1\nMONOTONIC_USEC=5000',
    'STOPPING=1\nSTATUS=stopping',
  ]);
});

test('one passed socket is used, if it is for this process', () => {
  const pid = String(process.pid);
  assert.equal(activatedSocket({ LISTEN_PID: pid, LISTEN_FDS: '1' }), 3);
  assert.equal(activatedSocket({ LISTEN_PID: '1', LISTEN_FDS: '1' }), undefined);
  assert.equal(activatedSocket({}), undefined);
  assert.throws(() => activatedSocket({ LISTEN_PID: pid, LISTEN_FDS: '2' }), /2 sockets.*one ListenStream/);
});

const ANALYZE = '/usr/bin/systemd-analyze';

test('systemd finds nothing wrong with the units', { skip: !existsSync(ANALYZE) }, () => {
  const service = readFileSync('packaging/migwatch.service', 'utf8');
  // The command itself is not installed here.
  writeFileSync(join(dir, 'migwatch.service'), service.replace('/usr/bin/migwatch', '/bin/true'));
  copyFileSync('packaging/migwatch.socket', join(dir, 'migwatch.socket'));
  for (const unit of ['migwatch.service', 'migwatch.socket']) {
    const { stderr, status } = spawnSync(ANALYZE, ['verify', '--man=no', join(dir, unit)], {
      encoding: 'utf8',
    });
    const ours = stderr.split('\n').filter((line) => line.includes('migwatch'));
    assert.deepEqual([ours, status], [[], 0], unit);
  }
});
