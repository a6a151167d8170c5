// SPDX-License-Identifier: Apache-2.0

import { POLICY } from '../model/coverage.js';
import { HowKnownValue, ProbeStatusValue } from '../wire/events.gen.js';
import { broken, KEPT, rule, SILENT } from './rule.js';

const RINGS = ['crit', 'bulk'];

export const observabilityGap = rule({
  id: 'observability-gap',
  version: 1,
  statement:
    'The agent could not observe some interval or class of events, so that the absence of violations there is no evidence.',
  basis: 'no violation observed, with its coverage; never "compliant"',
  where: 'docs/contract.md, what cannot be seen',
  norm: 'N4',
  party: 'ops',
  severities: ['info', 'warning'],
  scope: 'host',
  needs: [],
  decides:
    'Records were lost; a probe that a fact needs cannot be attached, or was let go on request; a migratable device was open before the agent started, so that its past is unknown, and what could not be read at start is too. A loss during an episode of a device is a warning on that device.',
  benign: 'None: it is a statement about the agent.',
  action: 'Loss: enlarge the rings. Probe: `migwatch check` says why. Late start: nothing, it passes.',
  on: ['lost', 'probe', 'device'],
  judge(_w, e, d) {
    switch (e.kind) {
      case 'lost': {
        const evidence = { ring: RINGS[e.ring] ?? e.ring, count: e.count };
        return broken(`lost-${evidence.ring}`, d ? 'warning' : 'info', { evidence });
      }
      case 'probe':
        if (e.status === ProbeStatusValue.WAITING || e.probeKind === POLICY) return SILENT;
        if (e.status === ProbeStatusValue.ATTACHED || e.required !== 1) return KEPT;
        if (e.status === ProbeStatusValue.DETACHED) return broken('detached', 'info');
        return broken(`probe-${e.name}`, 'warning', { evidence: { probe: e.name, kind: e.probeKind } });
      case 'device':
        if (e.how === HowKnownValue.OPENED || e.hasMigOps !== 1) return KEPT;
        return broken(`late-${e.name}`, 'info', { evidence: { device: e.name } });
      default:
        return e satisfies never;
    }
  },
});
