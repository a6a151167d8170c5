// SPDX-License-Identifier: Apache-2.0
/** The command line: flags, their defaults and checks. Nothing else reads argv. */

import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { FORMATS, LEVELS, type LogFormat, type LogLevel } from './log.js';
import { DEFAULT_LIMITS, type Limits } from './rules/limits.js';
import { PROFILES, type Profile } from './rules/rule.js';
import { VERSION } from './version.js';

export const EXIT_USAGE = 2;

/** Wrong flag, value or file: the message says which and what was expected. Exit 2. */
export class UsageError extends Error {}

export interface JudgeConfig {
  readonly profile: Profile;
  readonly limits: Limits;
}

export interface RunConfig extends JudgeConfig {
  readonly listen: string;
  readonly violationsFile: string | undefined;
  readonly traceDir: string | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly critBytes: number;
  readonly bulkBytes: number;
}

export type ReplayFormat = 'text' | 'jsonl';

export type Command =
  | { readonly name: 'run'; readonly config: RunConfig }
  | { readonly name: 'check' }
  | { readonly name: 'rules'; readonly id: string | undefined }
  | {
      readonly name: 'replay';
      readonly trace: string;
      readonly format: ReplayFormat;
      readonly judge: JudgeConfig;
    }
  | { readonly name: 'print'; readonly trace: string; readonly judge: JudgeConfig };

const MIN_RING_KIB = 4;
const MAX_RING_KIB = 1 << 20;

/** Ring sizes must be powers of two and whole pages: the kernel refuses others with a bare EINVAL. */
function ringBytes(flag: string, kib: number): number {
  if (Number.isInteger(kib) && kib >= MIN_RING_KIB && kib <= MAX_RING_KIB && (kib & (kib - 1)) === 0)
    return kib * 1024;
  throw new UsageError(
    `--${flag}=${kib}: expected a power of two from ${MIN_RING_KIB} to ${MAX_RING_KIB} (KiB)`,
  );
}

function milliseconds(flag: string, ms: number): number {
  if (Number.isFinite(ms) && ms > 0) return ms * 1e6;
  throw new UsageError(`--${flag}=${ms}: expected a number of milliseconds above 0`);
}

const judgeFlags = <T>(y: Argv<T>) =>
  y
    .option('profile', {
      choices: PROFILES,
      default: 'uapi' as Profile,
      describe: 'uapi: the merged text; seed-strict: the original intent as well',
    })
    .option('blackout.budget-ms', {
      type: 'number',
      default: DEFAULT_LIMITS.blackoutBudget / 1e6,
      describe: "how long a guest's device may be out of work",
    });

const runFlags = <T>(y: Argv<T>) =>
  judgeFlags(y)
    .option('web.listen-address', {
      type: 'string',
      default: '127.0.0.1:9641',
      describe: 'where /metrics, the page and the API are served',
    })
    .option('violations.file', { type: 'string', describe: 'append one JSON line a violation' })
    .option('trace.dir', { type: 'string', describe: 'write every record to a file in this folder' })
    .option('log.level', { choices: LEVELS, default: 'info' as LogLevel })
    .option('log.format', { choices: FORMATS, default: 'logfmt' as LogFormat })
    .option('ring.crit-kib', { type: 'number', default: 1024, describe: 'ring for state changes, KiB' })
    .option('ring.bulk-kib', { type: 'number', default: 4096, describe: 'ring for accesses and data, KiB' });

interface JudgeArgs {
  profile: Profile;
  'blackout.budget-ms': number;
}

function judgeConfig(a: JudgeArgs): JudgeConfig {
  const blackoutBudget = milliseconds('blackout.budget-ms', a['blackout.budget-ms']);
  return { profile: a.profile, limits: { ...DEFAULT_LIMITS, blackoutBudget } };
}

/** Parses argv; throws UsageError. `--help` and `--version` print and end the process. */
export async function parseCommand(argv: readonly string[]): Promise<Command> {
  let command: Command | undefined;
  const set = (c: Command) => {
    command = c;
  };
  await yargs(hideBin([...argv]))
    .scriptName('migwatch')
    .usage('$0 <command>\n\nWatches VFIO live migration and says whether its contract was kept.')
    .parserConfiguration({ 'dot-notation': false, 'camel-case-expansion': false })
    .command(
      'run',
      'watch this host: metrics, log, page',
      (y) =>
        runFlags(y).example(
          '$0 run --violations.file=/var/log/migwatch/violations.jsonl',
          'watch, and keep what was found',
        ),
      (a) =>
        set({
          name: 'run',
          config: {
            ...judgeConfig(a),
            listen: a['web.listen-address'],
            violationsFile: a['violations.file'],
            traceDir: a['trace.dir'],
            logLevel: a['log.level'],
            logFormat: a['log.format'],
            critBytes: ringBytes('ring.crit-kib', a['ring.crit-kib']),
            bulkBytes: ringBytes('ring.bulk-kib', a['ring.bulk-kib']),
          },
        }),
    )
    .command(
      'check',
      'what this host can observe, fact by fact',
      (y) => y.example('$0 check', 'exit 0: all, 3: partly, 77: no privilege, 78: not at all'),
      () => set({ name: 'check' }),
    )
    .command(
      'replay <trace>',
      'judge a recorded trace',
      (y) =>
        judgeFlags(y)
          .positional('trace', { type: 'string', demandOption: true })
          .option('format', { choices: ['text', 'jsonl'] as const, default: 'text' as ReplayFormat })
          .example('$0 replay t.mwr --profile=seed-strict', 'what a stricter profile would have said'),
      (a) => set({ name: 'replay', trace: a.trace, format: a.format, judge: judgeConfig(a) }),
    )
    .command(
      'print <trace>',
      'the timeline as text, verdicts inline',
      (y) =>
        judgeFlags(y)
          .positional('trace', { type: 'string', demandOption: true })
          .example('$0 print t.mwr | less', 'one line an event'),
      (a) => set({ name: 'print', trace: a.trace, judge: judgeConfig(a) }),
    )
    .command(
      'rules [id]',
      'the rules; one rule explained',
      (y) => y.positional('id', { type: 'string' }).example('$0 rules stop-copy-not-drained', ''),
      (a) => set({ name: 'rules', id: a.id }),
    )
    .demandCommand(1, 1, 'a command is needed: run, check, replay, print or rules (--help shows them)')
    .strict()
    .recommendCommands()
    .version(VERSION)
    .wrap(100)
    .fail((message, err) => {
      throw err ?? new UsageError(message);
    })
    .parseAsync();
  if (!command) process.exit(0); // --help or --version has printed
  return command;
}
