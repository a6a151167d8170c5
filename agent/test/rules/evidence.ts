// SPDX-License-Identifier: Apache-2.0
/** On what each broken case of the tables rests, by rule and answer. */
import { RULES } from '../../src/rules/index.js';
import { judged } from '../run.js';
import { ALL } from './cases/all.js';

export type Evidence = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Of one rule: norm, party and confidence beside the evidence. */
export function evidenceOf(id: string): Readonly<Record<string, unknown>> {
  const rules = RULES.filter((rule) => rule.id === id);
  const one = ([answer, text]: [string, string]) => {
    const v = judged(text, { rules }).violations.find((f) => `${f.reason} ${f.severity}` === answer);
    return [answer, v && { norm: v.norm, party: v.party, confidence: v.confidence, evidence: v.evidence }];
  };
  return Object.fromEntries(Object.entries(ALL[id]?.broken ?? {}).map(one));
}

export const HEAD = `// SPDX-License-Identifier: Apache-2.0
// Written by: node build/agent/test/rules/write_evidence.js > agent/test/rules/evidence.gen.ts; look at the difference before you commit it.
import type { Evidence } from './evidence.js';

export const EVIDENCE: Evidence = `;
