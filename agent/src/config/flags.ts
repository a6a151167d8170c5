// SPDX-License-Identifier: Apache-2.0
/**
 * The flags by command, with their defaults. What `run` takes is also a key of
 * the configuration file: `--web.listen-address` is `listen-address` in `web`.
 */
import type { Options } from 'yargs';
import { FORMATS, LEVELS, type LogFormat, type LogLevel } from '../log.js';
import { DEFAULT_LIMITS } from '../rules/limits.js';
import { PROFILES, type Profile } from '../rules/rule.js';

/** Of every command that judges. */
export const JUDGE_FLAGS = {
  'config.file': { type: 'string', describe: 'settings in YAML; flags win over it; read again at SIGHUP' },
  profile: {
    choices: PROFILES,
    default: 'uapi' as Profile,
    describe: 'uapi: the merged text; seed-strict: the original intent as well',
  },
  'blackout.budget-ms': {
    type: 'number',
    describe: "how long a guest's device may be out of work",
    defaultDescription: String(DEFAULT_LIMITS.blackoutBudget / 1e6),
  },
} as const satisfies Record<string, Options>;

export const RUN_FLAGS = {
  'web.listen-address': {
    type: 'string',
    default: '127.0.0.1:9641',
    describe: 'where /metrics, the page and the API are served',
  },
  'web.config.file': {
    type: 'string',
    describe:
      'TLS, passwords and headers, in the format of the Prometheus exporters; read again when it changes',
  },
  'web.systemd-socket': {
    type: 'boolean',
    default: false,
    describe: 'serve on the socket that systemd passes, in place of --web.listen-address',
  },
  'web.enable-lifecycle': {
    type: 'boolean',
    default: false,
    describe: 'POST /-/reload reads --config.file again, as SIGHUP does',
  },
  'web.max-series': {
    type: 'number',
    default: 100_000,
    describe: 'series of a scrape, at most; devices beyond it are left out and counted',
  },
  'violations.file': { type: 'string', describe: 'append one JSON line a violation' },
  'violations.max-mib': {
    type: 'number',
    default: 256,
    describe: 'begin a new --violations.file at this size, MiB, and keep the one before as FILE.1; 0: never',
  },
  'otlp.endpoint': {
    type: 'string',
    describe:
      'collector for violations (logs) and migrations (traces) by OTLP/HTTP, e.g. http://127.0.0.1:4318',
  },
  'otlp.queue': { type: 'number', default: 4096, describe: 'log records, and spans, that wait, at most' },
  'trace.dir': { type: 'string', describe: 'write every record to a trace in this folder' },
  'trace.packet-kib': { type: 'number', default: 1024, describe: 'size of a full packet, KiB' },
  'trace.segment-mib': { type: 'number', default: 64, describe: 'a new file after so many MiB' },
  'trace.segment-minutes': { type: 'number', default: 60, describe: 'a new file after so many minutes' },
  'trace.budget-mib': {
    type: 'number',
    default: 4096,
    describe: 'all traces and captures together, MiB; the oldest go',
  },
  'trace.free-mib': { type: 'number', default: 256, describe: 'leave so much of the disk free, MiB' },
  'flight.dir': { type: 'string', describe: 'folder for captures; default: that of --trace.dir' },
  'flight.memory-mib': { type: 'number', default: 64, describe: 'memory for what was, MiB; 0: no captures' },
  'flight.pre-seconds': { type: 'number', default: 30, describe: 'how far back a capture goes' },
  'flight.post-seconds': { type: 'number', default: 10, describe: 'how long it goes on after a finding' },
  'flight.cap-seconds': { type: 'number', default: 60, describe: 'how long it may go on altogether' },
  'flight.every-seconds': {
    type: 'number',
    default: 300,
    describe: 'a rule and device are captured once in this time',
  },
  'log.level': { choices: LEVELS, default: 'info' as LogLevel },
  'log.format': { choices: FORMATS, default: 'logfmt' as LogFormat },
  'ring.crit-kib': { type: 'number', default: 1024, describe: 'ring for state changes, KiB' },
  'ring.bulk-kib': { type: 'number', default: 4096, describe: 'ring for accesses and data, KiB' },
  'limit.per-kind': {
    type: 'number',
    default: 64,
    describe: 'events of a kind, device and state that have a record each; later ones are counted',
  },
  'limit.devices': { type: 'number', default: 1024, describe: 'devices open at a time' },
  'limit.sessions': { type: 'number', default: 4096, describe: 'data_fds open at a time' },
} as const satisfies Record<string, Options>;

/** Of the commands that read a trace: what is shown. All rules and devices are judged in any case. */
export const FILTER_FLAGS = {
  rules: { type: 'string', describe: 'only findings of these rules: ID,ID,…' },
  device: { type: 'string', describe: 'only this device: a BDF or mdev UUID, * and ? stand for others' },
  from: {
    type: 'string',
    describe: 'only from here on: seconds as print shows them, or 2026-11-23T03:00:00Z',
  },
  until: { type: 'string', describe: 'only until here' },
} as const satisfies Record<string, Options>;
