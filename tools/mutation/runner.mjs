// SPDX-License-Identifier: Apache-2.0
/**
 * Stryker's test runner "bundle": runs the bundled tests in this process, which takes milliseconds where a process
 * for each mutant would take a second. A mutant of what is evaluated at load gets the bundle loaded anew.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';

const BUNDLE = 'build/tests.cjs';
/** Tests that a mutant is tried by, at most: those that pass by the fewest other mutants, and so are about it. */
const TRIES = 40;
/** A test takes so many times the median: too slow to be asked about everything. */
const SLOW = 10;

/** What the instrumented code looks at: which mutant is on, whose coverage it counts. */
const stryker = {};
globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] = stryker;

class BundleRunner {
  #load;
  #tests;
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
    stryker.mutantCoverage = { static: {}, perTest: {} };
    const tests = [];
    for (const one of this.#fresh()) {
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
    const times = tests.map((t) => t.timeSpentMs).sort((a, b) => a - b);
    const limit = SLOW * (times[times.length >> 1] ?? 0);
    const slow = new Set(tests.filter((t) => t.timeSpentMs > limit).map((t) => t.id));
    const { perTest } = stryker.mutantCoverage;
    return {
      status: DryRunStatus.Complete,
      tests,
      mutantCoverage: { ...stryker.mutantCoverage, perTest: mostTelling(perTest, slow) },
    };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }) {
    stryker.hitCount = 0;
    stryker.hitLimit = hitLimit;
    const atLoad = mutantActivation === 'static';
    if (!atLoad) this.#tests ??= this.#fresh();
    stryker.activeMutant = activeMutant.id;
    try {
      const tests = atLoad ? this.#load() : this.#tests;
      return await this.#run(
        activeMutant.fileName,
        inOrder(tests, testFilter, this.#killers.get(activeMutant.fileName)),
      );
    } catch (err) {
      return killed('loading', err.message, 0); // the bundle itself does not load any more
    } finally {
      stryker.activeMutant = undefined;
      if (atLoad) this.#tests = undefined;
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

  #fresh() {
    stryker.activeMutant = undefined;
    return this.#load();
  }
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

/**
 * Of the tests that run a mutant the `TRIES` most specific, slow ones only where there are no others: no mutant
 * takes minutes, and what this leaves out can only lower the score.
 */
function mostTelling(perTest, slow) {
  const out = {};
  const tried = new Map();
  const size = ([, hits]) => Object.keys(hits).length;
  const bySize = Object.entries(perTest).sort((a, b) => size(a) - size(b));
  for (const [test, hits] of [
    ...bySize.filter(([id]) => !slow.has(id)),
    ...bySize.filter(([id]) => slow.has(id)),
  ]) {
    const most = slow.has(test) ? 1 : TRIES;
    out[test] = {};
    for (const [mutant, times] of Object.entries(hits)) {
      const n = tried.get(mutant) ?? 0;
      if (n >= most) continue;
      tried.set(mutant, n + 1);
      out[test][mutant] = times;
    }
  }
  return out;
}

function inOrder(tests, filter, first) {
  const wanted = filter && new Set(filter);
  const chosen = wanted ? tests.filter(({ id }) => wanted.has(id)) : tests;
  const at = chosen.findIndex(({ id }) => id === first);
  return at > 0 ? [chosen[at], ...chosen.slice(0, at), ...chosen.slice(at + 1)] : chosen;
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'bundle', BundleRunner)];
