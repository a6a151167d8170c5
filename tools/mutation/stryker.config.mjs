// SPDX-License-Identifier: Apache-2.0
/** What `make mutation` changes, what it runs, and how many of the changes the tests have to notice. */
export default {
  mutate: ['agent/src/model/**/*.ts', 'agent/src/rules/**/*.ts', '!agent/src/model/bounds.ts'],
  plugins: ['./tools/mutation/runner.mjs', './tools/mutation/ignore.mjs'],
  ignorers: ['no-verdict'],
  testRunner: 'bundle',
  coverageAnalysis: 'perTest',
  buildCommand: 'node tools/mutation/bundle.mjs',
  // Only what the bundle is made of goes into the sandbox.
  ignorePatterns: ['**', '!agent/**', '!tools/mutation/**', '!tsconfig.json', '!package.json'],
  tempDirName: 'build/mutation/sandbox',
  concurrency: 1,
  // A mutant that never ends is mostly told by how often its line is passed; this is for the rest, on a slow machine.
  timeoutMS: 5_000,
  dryRunTimeoutMinutes: 20,
  disableTypeChecks: true,
  reporters: ['clear-text', 'json', 'html', 'progress-append-only'],
  clearTextReporter: {
    allowColor: false,
    allowEmojis: false,
    logTests: false,
    reportTests: false,
    skipFull: false,
  },
  jsonReporter: { fileName: 'build/mutation/report.json' },
  htmlReporter: { fileName: 'build/mutation/report.html' },
  incrementalFile: 'build/mutation/incremental.json',
  thresholds: { high: 95, low: 85, break: 85 },
  allowConsoleColors: false,
};
