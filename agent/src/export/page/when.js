// SPDX-License-Identifier: Apache-2.0
import { element } from './dom.js';

/** Local time to the ms, or the host's uptime where the wall clock was not known yet. */
export function when(v) {
  const at = new Date(v.wall);
  if (v.wall === '' || Number.isNaN(at.getTime()))
    return element('span', {}, `uptime ${(Number(BigInt(v.at_ns)) / 1e9).toFixed(3)} s`);
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  const day = at.toLocaleDateString('sv-SE');
  return element(
    'time',
    { datetime: v.wall, title: v.wall },
    `${day} ${at.toLocaleTimeString('sv-SE')}.${ms}`,
  );
}
