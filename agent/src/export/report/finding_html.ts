// SPDX-License-Identifier: Apache-2.0
/** A finding in the report: the sentence that was broken, what was seen, and how the device came there. */
import type { Visit } from '../../model/device.js';
import type { Violation } from '../../rules/finding.js';
import { type Html, html, join } from './html.js';

const exact = (_key: string, value: unknown) =>
  typeof value === 'bigint' ? `0x${value.toString(16)}` : value;
const json = (value: unknown) => JSON.stringify(value, exact, 1);

function visits(history: readonly Visit[]): Html {
  const rows = history.map(
    (v) =>
      html`<tr><td>${(v.enter / 1e9).toFixed(6)}</td><td>${v.from} → ${v.requested}</td><td>${v.steps.join(', ')}</td><td>${v.ret === 0 ? 'ok' : v.ret}</td><td>${v.landed}</td><td>${((v.exit - v.enter) / 1e6).toFixed(3)} ms</td></tr>`,
  );
  return html`<table><thead><tr><th>s</th><th>SET_STATE</th><th>arcs</th><th>returned</th><th>then in</th><th>took</th></tr></thead><tbody>${join(rows)}</tbody></table>`;
}

/** The last events of the device, the newest last. */
function context(events: readonly unknown[]): Html {
  const lines = events.map((e) => JSON.stringify(e, exact)).join('\n');
  return html`<details><summary>The ${events.length} events before</summary><pre>${lines}</pre></details>`;
}

/** `base` is the time of the trace's first record; `n` the finding's number, from 0. */
export function findingHtml(v: Violation, count: number, n: number, base: bigint): Html {
  const at = Number(BigInt(v.at_ns) - base);
  const who = v.device || 'host';
  const again = count > 1 ? html` <span class="dim">${count} times</span>` : '';
  const peers = v.peers.map((p) => `${p.device} in ${p.state}`).join(', ');
  return html`<article id="finding-${n}" class="finding" data-at="${at}" data-lane="${who}" data-rule="${v.rule}" data-severity="${v.severity}" tabindex="0">
<h3><span class="severity" data-tone="${v.severity}">${v.severity}</span> ${v.rule} <span class="reason">${v.reason}</span></h3>
<p class="where"><time>${(at / 1e9).toFixed(6)} s</time> ${who}${v.device ? html` in <span data-state="${v.state}" class="chip">${v.state}</span>` : ''}${again}</p>
<blockquote>${v.statement}</blockquote>
<details class="evidence"><summary>Evidence</summary>
<p class="says"><b>${v.says ? 'The text:' : 'Follows from:'}</b> ${v.says ?? v.basis ?? ''}</p>
<p>${v.norm}, rule version ${v.rule_version}, profile ${v.profile}; the duty of: ${v.party}; confidence ${v.confidence}${v.advisory ? '; advisory' : ''}${v.wall ? `; ${v.wall}` : ''}${v.vm ? `; VM ${v.vm}` : ''}. State known by: ${v.state_known_by}. ${peers ? `Other devices of the VM: ${peers}.` : ''}</p>
<h4>Event</h4><pre>${json(v.event)}</pre>
${Object.keys(v.evidence).length ? html`<h4>Evidence beside it</h4><pre>${json(v.evidence)}</pre>` : ''}
${v.history.length ? html`<h4>How the device came there</h4>${visits(v.history as readonly Visit[])}` : ''}
${v.context.length ? context(v.context) : ''}
</details></article>`;
}
