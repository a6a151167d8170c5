// SPDX-License-Identifier: Apache-2.0
import { problemOf, reportProblem } from './command/problem.js';
import { type Command, EXIT_USAGE, parseCommand, UsageError } from './config.js';
import { TraceError } from './trace/error.js';

const EXIT_FAILED = 1;

/** Each command loads what it needs only: `rules` needs neither a web server nor ffi. */
async function perform(c: Command): Promise<number> {
  switch (c.name) {
    case 'run':
      return (await import('./command/run.js')).runCommand(c.config);
    case 'config-check':
      return (await import('./command/config_check.js')).configCheckCommand(c.file, c.judge);
    case 'check':
      return (await import('./command/check.js')).checkCommand();
    case 'rules':
      return (await import('./command/rules.js')).rulesCommand(c.id, c.format);
    case 'replay':
      return (await import('./command/replay.js')).replayCommand(c.traces, c.format, c.judges, c.filter);
    case 'report':
      return (await import('./command/report.js')).reportCommand(c.trace, c.output, c.judges, c.filter);
    case 'export':
      return (await import('./command/export.js')).exportCommand(c.trace, c.to, c.output, c.judges, c.filter);
    case 'print':
      return (await import('./command/print.js')).printCommand(c.trace, c.follow, c.judges, c.filter);
    default:
      return c satisfies never;
  }
}

/** One line for the operator and the exit code; a stack trace only for what is a bug of ours. */
function failure(err: unknown): number {
  const problem = problemOf(err);
  if (problem) return reportProblem(problem);
  if (err instanceof UsageError || err instanceof TraceError || (err as Error)?.name === 'YError') {
    for (const line of (err as Error).message.split('\n')) process.stderr.write(`migwatch: ${line}\n`);
    return EXIT_USAGE;
  }
  const { syscall, message, code } = err as NodeJS.ErrnoException;
  if (code === 'EPIPE') return 0; // `migwatch print | head`: the reader left, which is no error
  if (syscall === 'write') {
    // Whatever writes to a file of its own names it; this was stdout.
    process.stderr.write(`migwatch: stdout: ${message}; what was written is not all\n`);
    return EXIT_USAGE;
  }
  process.stderr.write(`migwatch: internal error: ${err instanceof Error ? err.stack : String(err)}\n`);
  return EXIT_FAILED;
}

let command: Command | undefined;
process.stdout.on('error', (err: NodeJS.ErrnoException) => {
  // What a replay comes to is its exit code: it goes on, whoever reads.
  if (err.code !== 'EPIPE' || command?.name !== 'replay') process.exit(failure(err));
});

async function main(): Promise<number> {
  command = await parseCommand(process.argv);
  return perform(command);
}

process.exitCode = await main().catch(failure);
