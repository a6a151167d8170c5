// SPDX-License-Identifier: Apache-2.0
import { type JudgeConfig, UsageError } from '../config.js';

/** `migwatch run --config.check`: the file has been read and found good by now. */
export function configCheckCommand(file: string | undefined, judge: JudgeConfig): number {
  if (file === undefined) throw new UsageError('--config.check: needs --config.file');
  process.stdout.write(`${file}: good (policy ${judge.id}, profile ${judge.profile})\n`);
  return 0;
}
