// SPDX-License-Identifier: Apache-2.0
/** The command line: flags, their defaults and checks. Nothing else reads argv. */

import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import type { Settings } from './config/file.js';
import { FILTER_FLAGS, JUDGE_FLAGS, RUN_FLAGS } from './config/flags.js';
import { type Instant, parseInstant } from './config/instant.js';
import { type JudgeArgs, type JudgeConfig, judgeConfig } from './config/judging.js';
import { type RunConfig, runConfig } from './config/run_config.js';
import { UsageError } from './config/usage.js';
import type { Profile } from './rules/rule.js';
import { VERSION } from './version.js';

export type { JudgeConfig } from './config/judging.js';
export type { FlightConfig, RunConfig, TraceConfig } from './config/run_config.js';
export { EXIT_USAGE, UsageError } from './config/usage.js';

/** Which findings are shown. */
export interface Filter {
  readonly rules: readonly string[] | undefined;
  readonly device: string | undefined;
  /** The part of the trace that is shown. */
  readonly from: Instant | undefined;
  readonly until: Instant | undefined;
}

/** One for each --config.file, or one without; the first is in force at the start. */
export type Judges = readonly [JudgeConfig, ...JudgeConfig[]];

export const REPLAY_FORMATS = ['text', 'jsonl', 'junit'] as const;
export type ReplayFormat = (typeof REPLAY_FORMATS)[number];
export const EXPORT_FORMATS = ['perfetto', 'jsonl'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
export const RULES_FORMATS = ['text', 'json', 'markdown'] as const;
export type RulesFormat = (typeof RULES_FORMATS)[number];

export type Command =
  | { readonly name: 'run'; readonly config: RunConfig }
  | { readonly name: 'config-check'; readonly file: string | undefined; readonly judge: JudgeConfig }
  | { readonly name: 'check' }
  | { readonly name: 'rules'; readonly id: string | undefined; readonly format: RulesFormat }
  | {
      readonly name: 'replay';
      /** Of one host, or of several. */
      readonly traces: readonly string[];
      readonly format: ReplayFormat;
      readonly judges: Judges;
      readonly filter: Filter;
    }
  | {
      readonly name: 'report';
      readonly trace: string;
      readonly output: string;
      readonly judges: Judges;
      readonly filter: Filter;
    }
  | {
      readonly name: 'export';
      readonly trace: string;
      readonly to: ExportFormat;
      readonly output: string | undefined;
      readonly judges: Judges;
      readonly filter: Filter;
    }
  | {
      readonly name: 'print';
      readonly trace: string;
      /** Go on while it is being written. */
      readonly follow: boolean;
      readonly judges: Judges;
      readonly filter: Filter;
    };

/** Values of the file stand between the flags and their defaults. */
const fromFile = (settings: Settings | undefined, flags: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(settings?.flags ?? {}).filter(([flag]) => flag in flags));

const judgeFlags = <T>(y: Argv<T>, settings: Settings | undefined) =>
  y.options(JUDGE_FLAGS).config(fromFile(settings, JUDGE_FLAGS));

const runFlags = <T>(y: Argv<T>, settings: Settings | undefined) =>
  judgeFlags(y, settings)
    .options(RUN_FLAGS)
    .config(fromFile(settings, RUN_FLAGS))
    .option('config.check', { type: 'boolean', default: false, describe: 'only check --config.file' });

const traceFlags = <T>(y: Argv<T>, settings: Settings | undefined) =>
  judgeFlags(y, settings).options(FILTER_FLAGS).positional('trace', { type: 'string', demandOption: true });

const tracesFlags = <T>(y: Argv<T>, settings: Settings | undefined) =>
  judgeFlags(y, settings)
    .options(FILTER_FLAGS)
    .positional('trace', { type: 'string', array: true, demandOption: true });

const filter = (a: Readonly<Record<'rules' | 'device' | 'from' | 'until', string | undefined>>): Filter => ({
  rules: a.rules?.split(',').map((id) => id.trim()),
  device: a.device,
  from: parseInstant('from', a.from),
  until: parseInstant('until', a.until),
});

const PARSER = { 'dot-notation': false, 'camel-case-expansion': false };

/** What must be known before the command line can be read as a whole. */
interface Given {
  readonly files: readonly Settings[];
  readonly profile: Profile | undefined;
}

/** The files that --config.file names; the other flags are looked at afterwards. */
async function settingsFor(argv: readonly string[]): Promise<Given> {
  const { 'config.file': path, profile } = yargs(hideBin([...argv]))
    .parserConfiguration(PARSER)
    .option('config.file', { type: 'string' })
    .help(false)
    .version(false)
    .exitProcess(false)
    .parseSync();
  const own = profile as Profile | undefined;
  if (path === undefined) return { files: [], profile: own };
  const paths: readonly unknown[] = Array.isArray(path) ? path : [path];
  const { readSettings } = await import('./config/file.js');
  const files = paths.map((one) => {
    if (typeof one !== 'string' || !one) throw new UsageError('--config.file: expected the path of a file');
    return readSettings(one);
  });
  return { files, profile: own };
}

type RunCommandArgs = Awaited<ReturnType<ReturnType<typeof runFlags>['parseAsync']>>;

function runCommand(a: RunCommandArgs, settings: Settings | undefined, listen: string | undefined): Command {
  const judge = judgeConfig(a, settings);
  const file = a['config.file'];
  if (Array.isArray(file)) throw new UsageError('--config.file: a running agent has one file');
  if (a['config.check']) return { name: 'config-check', file, judge };
  return { name: 'run', config: runConfig(a, { judge, file, listen }) };
}

/** Whether the flag itself stands on the command line: its default does not count. */
const asked = (argv: readonly string[], flag: string) =>
  argv.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`));

/** Parses argv; throws UsageError. `--help` and `--version` print and end the process. */
export async function parseCommand(argv: readonly string[]): Promise<Command> {
  let command: Command | undefined;
  const set = (c: Command) => {
    command = c;
  };
  const { files, profile } = await settingsFor(argv);
  const [settings] = files;
  const judges = (a: JudgeArgs): Judges => [
    judgeConfig(a, settings),
    ...files.slice(1).map((file) => {
      const standard = (file.flags.profile as Profile | undefined) ?? 'uapi';
      return judgeConfig({ ...a, profile: profile ?? standard }, file);
    }),
  ];
  await yargs(hideBin([...argv]))
    .scriptName('migwatch')
    .usage('$0 <command>\n\nWatches VFIO live migration and says whether its contract was kept.')
    .parserConfiguration(PARSER)
    .command(
      'run',
      'watch this host: metrics, log, page',
      (y) =>
        runFlags(y, settings).example(
          '$0 run --violations.file=/var/log/migwatch/violations.jsonl',
          'watch, and keep what was found',
        ),
      (a) => set(runCommand(a, settings, a['web.listen-address'])),
    )
    .command(
      'record',
      'watch this host and write a trace; serves nothing unless --web.listen-address is given',
      (y) =>
        runFlags(y, settings)
          .demandOption('trace.dir')
          .example('$0 record --trace.dir=/var/lib/migwatch', 'until SIGINT or SIGTERM'),
      (a) =>
        set(runCommand(a, settings, asked(argv, 'web.listen-address') ? a['web.listen-address'] : undefined)),
    )
    .command(
      'check',
      'what this host can observe, fact by fact',
      (y) => y.example('$0 check', 'exit 0: all, 3: partly, 77: no privilege, 78: not at all'),
      () => set({ name: 'check' }),
    )
    .command(
      'replay <trace..>',
      'judge a recorded trace; those of several hosts together',
      (y) =>
        tracesFlags(y, settings)
          .option('format', { choices: REPLAY_FORMATS, default: 'text' as ReplayFormat })
          .example('$0 replay TRACE --profile=seed-strict', 'what a stricter profile would have said')
          .example('$0 replay SOURCE DESTINATION', 'both sides of a migration, joined'),
      (a) =>
        set({
          name: 'replay',
          traces: a.trace,
          format: a.format,
          judges: judges(a),
          filter: filter(a),
        }),
    )
    .command(
      'print <trace>',
      'the timeline as text, verdicts inline',
      (y) =>
        traceFlags(y, settings)
          .option('follow', {
            alias: 'f',
            type: 'boolean',
            default: false,
            describe: 'go on while the trace is being written, until Ctrl-C or its end',
          })
          .example('$0 print TRACE | less', 'one line an event')
          .example('$0 print TRACE --from=12.5 --until=13', 'half a second of it'),
      (a) => set({ name: 'print', trace: a.trace, follow: a.follow, judges: judges(a), filter: filter(a) }),
    )
    .command(
      'report <trace>',
      'one HTML page that needs nothing else: lanes of devices, findings, evidence',
      (y) =>
        traceFlags(y, settings)
          .option('output', { alias: 'o', type: 'string', demandOption: true, describe: 'the file to write' })
          .example('$0 report TRACE -o report.html', 'to look at, to send, to print'),
      (a) => set({ name: 'report', trace: a.trace, output: a.output, judges: judges(a), filter: filter(a) }),
    )
    .command(
      'export <trace>',
      'a trace for other tools: Perfetto, or a JSON line a record',
      (y) =>
        traceFlags(y, settings)
          .option('to', { choices: EXPORT_FORMATS, demandOption: true })
          .option('output', { alias: 'o', type: 'string', describe: 'the file to write; default: stdout' })
          .example(
            '$0 export TRACE --to perfetto -o trace.pftrace',
            'open it with Perfetto or trace_processor',
          ),
      (a) =>
        set({
          name: 'export',
          trace: a.trace,
          to: a.to,
          output: a.output,
          judges: judges(a),
          filter: filter(a),
        }),
    )
    .command(
      'rules [id]',
      'the rules; one rule explained',
      (y) =>
        y
          .positional('id', { type: 'string' })
          .option('format', { choices: RULES_FORMATS, default: 'text' as RulesFormat })
          .example('$0 rules stop-copy-not-drained', 'what it enforces, and how it decides'),
      (a) => set({ name: 'rules', id: a.id, format: a.format }),
    )
    .demandCommand(
      1,
      1,
      'a command is needed: run, record, check, replay, print, report, export or rules (--help shows them)',
    )
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
