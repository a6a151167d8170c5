// SPDX-License-Identifier: Apache-2.0
/**
 * Stryker's test runner "bundle": runs the bundled tests in this process, which takes milliseconds where a process
 * for each mutant would take a second. A mutant of what is evaluated at load gets the bundle loaded anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';

const BUNDLE = 'build/tests.cjs';
/** What the dry run learns of the tests: how long each takes and how many mutants it runs. */
const LEARNT = 'build/tests.json';
/** Tests that a mutant is tried by, at most. So none takes minutes; a test left out can only lower the score. */
const TRIES = 400;
/** A test that takes so many times the median is asked only about its own file, or what nothing else runs. */
const SLOW = 10;

/** What the instrumented code looks at: which mutant is on, whose coverage it counts. */
const stryker = {};
globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] = stryker;

class BundleRunner {
  #load;
  #tests;
  #learnt;
  /** Test that killed a mutant of a file last: the likeliest to kill the next. */
  #killers = new Map();

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    const file = resolve(BUNDLE);
    const code = compileFunction(readFileSync(file, 'utf8'), ['module', 'require'], { filename: file });
    this.#load = () => {
      const module = { exports: {} };
      code(module, createRequire(file));
      return module.exports.tests;
    };
  }

  async dryRun() {
    const mutantCoverage = { static: {}, perTest: {} };
    stryker.mutantCoverage = mutantCoverage;
    const tests = [];
    for (const one of this.#load()) {
      stryker.currentTestId = one.id;
      const began = performance.now();
      const failure = await failureOf(one);
      const result = { id: one.id, name: one.name, timeSpentMs: performance.now() - began };
      tests.push(
        failure === undefined
          ? { ...result, status: TestStatus.Success }
          : { ...result, status: TestStatus.Failed, failureMessage: failure },
      );
    }
    stryker.currentTestId = undefined;
    writeFileSync(LEARNT, JSON.stringify(learnt(tests, mutantCoverage.perTest)));
    return { status: DryRunStatus.Complete, tests, mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }) {
    stryker.hitCount = 0;
    stryker.hitLimit = hitLimit;
    const atLoad = mutantActivation === 'static';
    if (!atLoad) this.#tests ??= this.#load();
    stryker.activeMutant = activeMutant.id;
    try {
      const tests = atLoad ? this.#load() : this.#tests;
      return await this.#run(activeMutant.fileName, this.#choose(activeMutant.fileName, tests, testFilter));
    } catch (err) {
      return killed('loading', err.message, 0); // the bundle itself does not load any more
    } finally {
      stryker.activeMutant = undefined;
    }
  }

  async #run(fileName, tests) {
    let ran = 0;
    for (const one of tests) {
      ran++;
      const failure = await failureOf(one);
      if (failure === undefined) continue;
      this.#killers.set(fileName, one.id);
      if (stryker.hitCount > stryker.hitLimit)
        return { status: MutantRunStatus.Timeout, reason: 'it never ends' };
      return killed(one.id, failure, ran);
    }
    return { status: MutantRunStatus.Survived, nrOfTests: ran };
  }

  /** Tests about the file, then those of its room, then others, the most specific first; before all the likeliest. */
  #choose(fileName, tests, filter) {
    this.#learnt ??= JSON.parse(readFileSync(LEARNT, 'utf8'));
    const wanted = filter && new Set(filter);
    const covering = tests.filter(({ id }) => !wanted || wanted.has(id));
    const [subject, room] = [basename(fileName, '.ts'), basename(dirname(fileName))];
    const about = (t) => t.name.startsWith(`${subject}:`) || basename(t.file) === `${subject}.test.ts`;
    const quick = covering.filter((t) => about(t) || !this.#learnt[t.id].slow);
    if (quick.length === 0) return covering;
    const near = (t) => (about(t) ? 0 : basename(dirname(t.file)) === room ? 1 : 2);
    const size = (t) => this.#learnt[t.id].size;
    const ranked = quick.sort((a, b) => near(a) - near(b) || size(a) - size(b));
    const chosen = ranked.slice(0, TRIES);
    const last = this.#killers.get(fileName);
    return [...chosen.filter((t) => t.id === last), ...chosen.filter((t) => t.id !== last)];
  }
}

function learnt(tests, perTest) {
  const times = tests.map((t) => t.timeSpentMs).sort((a, b) => a - b);
  const limit = SLOW * (times[times.length >> 1] ?? 0);
  const about = ({ id, timeSpentMs }) => ({
    slow: timeSpentMs > limit,
    size: Object.keys(perTest[id] ?? {}).length,
  });
  return Object.fromEntries(tests.map((t) => [t.id, about(t)]));
}

const killed = (by, failureMessage, nrOfTests) => ({
  status: MutantRunStatus.Killed,
  killedBy: [by],
  failureMessage,
  nrOfTests,
});

async function failureOf({ run }) {
  try {
    await run();
    return undefined;
  } catch (err) {
    return String(err?.message ?? err);
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'bundle', BundleRunner)];
