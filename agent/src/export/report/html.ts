// SPDX-License-Identifier: Apache-2.0
/** HTML in which every text is escaped: names and evidence come from a trace, which anybody may have written. */

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c);

/** A template whose values are escaped unless they are Html. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | number | Html)[]): Html {
  const filled = values.map((v) => (v instanceof Html ? v.text : escaped(String(v))));
  return new Html(parts.map((part, n) => part + (filled[n] ?? '')).join(''));
}

export const join = (parts: readonly Html[]): Html => new Html(parts.map((p) => p.text).join('\n'));
