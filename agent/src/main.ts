// SPDX-License-Identifier: Apache-2.0
import { problemOf, reportProblem } from './command/problem.js';
import { type Command, EXIT_USAGE, parseCommand, UsageError } from './config.js';
import { TraceError } from './trace/record_file.js';

const EXIT_FAILED = 1;

/** Each command loads what it needs only: `rules` needs neither a web server nor ffi. */
async function perform(c: Command): Promise<number> {
  switch (c.name) {
    case 'run':
      return (await import('./command/run.js')).runCommand(c.config);
    case 'check':
      return (await import('./command/check.js')).checkCommand();
    case 'rules':
      return (await import('./command/rules.js')).rulesCommand(c.id);
    case 'replay':
      return (await import('./command/replay.js')).replayCommand(c.trace, c.format, c.judge);
    case 'print':
      return (await import('./command/replay.js')).printCommand(c.trace, c.judge);
    default:
      return c satisfies never;
  }
}

/** One line for the operator and the exit code; a stack trace only for what is a bug of ours. */
function failure(err: unknown): number {
  const problem = problemOf(err);
  if (problem) return reportProblem(problem);
  if (err instanceof UsageError || err instanceof TraceError || (err as Error)?.name === 'YError') {
    process.stderr.write(`migwatch: ${(err as Error).message}\n`);
    return EXIT_USAGE;
  }
  process.stderr.write(`migwatch: internal error: ${err instanceof Error ? err.stack : String(err)}\n`);
  return EXIT_FAILED;
}

// `migwatch print | head`: the reader left, which is no error.
process.stdout.on('error', (err: NodeJS.ErrnoException) => {
  if (err.code === 'EPIPE') process.exit(0);
  throw err;
});

process.exitCode = await parseCommand(process.argv).then(perform).catch(failure);
