// SPDX-License-Identifier: Apache-2.0
/**
 * The timeline of `migwatch print`, one line an event:
 *
 *    12.345678    0000:3b:00.2  SET_STATE STOP_COPY requested
 *    12.345702    0000:3b:00.2  arc PRE_COPY → PRE_COPY_P2P
 *    12.350113  * 0000:3b:00.2  SET_STATE STOP_COPY ok (data_fd 42, session 3)
 *
 * Time is in seconds since the first record. `*` marks a device in a new state, `!` a failure or a loss.
 */

import type { World } from '../model/world.js';
import { has, type KernelEvent } from '../wire/events.gen.js';
import { eventText } from './event_text.js';

const NAME_WIDTH = 12;

/** Names come from the trace: one that holds a newline or an escape code must not reach the terminal. */
export const clean = (text: string) => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');

function marker(e: KernelEvent): string {
  if (e.kind === 'lost') return '!';
  if (e.kind === 'probe' || e.kind === 'tick') return ' ';
  if (has(e, 'ret') && e.ret < 0) return '!';
  const landed = e.kind === 'mig_set_ret' || e.kind === 'reset' || (e.kind === 'open' && e.openCount === 1);
  return landed ? '*' : ' ';
}

/** Whom the line is about: a device, a container, or the host. */
function subject(e: KernelEvent, w: World): string {
  if (e.kind === 'device') return e.name;
  if (e.dev) return w.devices.get(e.dev)?.name ?? `device #${e.dev}`;
  return has(e, 'container') && e.container ? `container ${e.container}` : '-';
}

/** `world` is the one before the event. */
export function formatEvent(e: KernelEvent, world: World): string {
  const time = (e.at / 1e9).toFixed(6).padStart(12);
  const bus = world.devices.get(e.dev)?.bus ?? 'pci';
  const who = clean(subject(e, world)).padEnd(NAME_WIDTH);
  return `${time}  ${marker(e)} ${who}  ${clean(eventText(e, bus))}`;
}
