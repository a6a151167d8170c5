// SPDX-License-Identifier: Apache-2.0
/** Stryker's ignorer of what is written for people only: a rule's sentences, a limit's meaning, why a verdict is unknown. */
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** Fields of a RuleText that hold sentences. */
const SENTENCES = new Set(['statement', 'says', 'basis', 'where', 'decides', 'benign', 'action']);

const prose = {
  shouldIgnore(path) {
    if (path.isObjectProperty() && SENTENCES.has(path.node.key.name)) return 'a sentence';
    if (path.isCallExpression() && path.node.callee.name === 'unknown') return 'why a verdict is unknown';
    return undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'prose', prose)];
