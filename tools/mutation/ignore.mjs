// SPDX-License-Identifier: Apache-2.0
/** Stryker's ignorer of what no verdict depends on: a rule's sentences, why a verdict is unknown, shortcuts. */
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** Fields of a RuleText that hold sentences. */
const SENTENCES = new Set(['statement', 'says', 'basis', 'where', 'decides', 'benign', 'action']);

const silent = {
  shouldIgnore(path) {
    if (path.isObjectProperty() && SENTENCES.has(path.node.key.name)) return 'a sentence';
    if (path.isObjectProperty() && path.node.key.name === 'ordinarily')
      return 'the same verdicts, only sooner';
    if (path.isCallExpression() && path.node.callee.name === 'unknown') return 'why a verdict is unknown';
    return undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'no-verdict', silent)];
