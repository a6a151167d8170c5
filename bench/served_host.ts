// SPDX-License-Identifier: Apache-2.0
/** A small made-up host behind the agent's own judge and web server, until it is killed: served_host PORT [--lies] */

import { encode, ProbeStatusValue } from '../agent/src/wire/events.gen.js';
import { Stage } from '../agent/test/browser/stage.js';
import { SyntheticHost } from './synthetic_host.js';

const [port, flag] = process.argv.slice(2);
const BATCH = 40_000;
const EVERY_MS = 200;

const liars = flag === '--lies' ? 1 : 0;
const host = new SyntheticHost({ vms: 2, devicesPerVm: 2, mappings: 16, active: 2, liars });
const stage = new Stage();
const batch = Buffer.alloc(BATCH);
const receive = () => stage.feed(batch.subarray(0, host.fill(batch)));
receive();
// What a real host always has: a function that it lacks.
stage.feed(
  encode('probe', { name: 'qat_vf_save_read', probeKind: 'fexit', status: ProbeStatusValue.WAITING }),
);
console.log(await stage.open(`127.0.0.1:${port}`));
setInterval(receive, EVERY_MS);
