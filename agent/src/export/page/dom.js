// SPDX-License-Identifier: Apache-2.0
/** Building and updating elements. Text only ever becomes a text node: names come from guests and drivers. */

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Writes only what differs, so that selection, focus and screen readers are left alone. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Makes the keyed children of `parent` those of `items`, in order; an item that is still there keeps
 * its element, with its focus and its opened details. Children without a key stay, in front.
 */
export function keyed(parent, items, keyOf, make, update = () => {}) {
  const wanted = new Set(items.map(keyOf));
  const there = new Map();
  for (const child of [...parent.children]) {
    const { key } = child.dataset;
    if (key === undefined) continue;
    if (wanted.has(key)) there.set(key, child);
    else child.remove(); // first, so that what stays need not be moved: a moved element loses the focus
  }
  let place = there.values().next().value ?? null;
  for (const item of items) {
    const key = keyOf(item);
    const child = there.get(key) ?? make(item);
    child.dataset.key = key;
    there.set(key, child);
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** @param {number} n bytes */
export function bytes(n) {
  let unit = 0;
  let value = n;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit ? value.toFixed(1) : value} ${UNITS[unit]}`;
}

/** @param {number} ns */
export function duration(ns) {
  const s = ns / 1e9;
  if (s < 1e-3) return `${Math.round(ns / 1e3)} µs`;
  if (s < 1) return `${Math.round(ns / 1e6)} ms`;
  if (s < 60) return `${s.toFixed(1)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}
