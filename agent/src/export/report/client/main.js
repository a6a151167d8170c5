// SPDX-License-Identifier: Apache-2.0
/** The report's page: draws the lanes, and follows the pointer, the keys and the search. */
import { load } from './columns.js';
import { AXIS, draw } from './draw.js';
import { at } from './hover.js';
import { build, matching } from './lanes.js';
import { inLight, legend, palette } from './palette.js';
import { View } from './view.js';

const $ = (id) => document.getElementById(id);
/** Around a finding that one goes to, ns. */
const CLOSE_UP = 20e6;
/** A sheet of paper has room for so many lanes. */
const PAPER_LANES = 40;
const PAPER_WIDTH = 1400;

legend($('legend'));
const articles = [...document.querySelectorAll('.finding')];
const findings = articles.map((article) => {
  const { at: when, lane, rule, severity } = article.dataset;
  return { at: Number(when), lane, rule, severity, article };
});
const everything = build(await load($('data').textContent), findings);
let picture = everything;
let selected;
const view = new View(everything.end);
const canvas = $('canvas');
const total = () => picture.lanes.reduce((sum, lane) => sum + lane.height, AXIS);

let asked = false;
function redraw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    view.top = $('lanes').scrollTop;
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const ctx = canvas.getContext('2d', { alpha: false });
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(ctx, picture, view, palette(), selected);
    $('range').textContent = `${(view.t0 / 1e9).toFixed(6)} to ${(view.t1 / 1e9).toFixed(6)} s`;
    performance.mark('drawn');
  });
}

function layout() {
  const height = Math.min(total(), innerHeight * 0.62);
  view.width = $('lanes').clientWidth;
  view.height = height;
  canvas.style.width = `${view.width}px`;
  canvas.style.height = `${height}px`;
  $('spacer').style.height = `${Math.max(0, total() - height)}px`;
  redraw();
}

function select(finding, { focus = true, close = false } = {}) {
  selected?.article.classList.remove('selected');
  selected = finding;
  finding.article.classList.add('selected');
  if (close) view.show(finding.at, CLOSE_UP);
  else if (finding.at < view.t0 || finding.at > view.t1) view.show(finding.at, view.t1 - view.t0);
  let top = 0;
  for (const lane of picture.lanes) {
    if (lane.name === finding.lane) break;
    top += lane.height;
  }
  if (top < $('lanes').scrollTop || top > $('lanes').scrollTop + view.height - 80) $('lanes').scrollTop = top;
  if (focus) finding.article.focus();
  redraw();
}

function turn(by) {
  const shown = findings.filter((f) => !f.article.hidden);
  if (!shown.length) return;
  const now = shown.indexOf(selected);
  const next = now < 0 && by < 0 ? shown.length - 1 : (now + by + shown.length) % shown.length;
  select(shown[next], { focus: false });
  shown[next].article.querySelector('.evidence').open = true;
}

function search() {
  const word = $('search').value.trim().toLowerCase();
  picture = { ...everything, lanes: word ? matching(everything.lanes, word) : everything.lanes };
  for (const f of findings)
    f.article.hidden = word !== '' && !`${f.lane} ${f.rule}`.toLowerCase().includes(word);
  $('lanes').scrollTop = 0;
  layout();
}

const KEYS = {
  '+': () => view.zoom(0.6),
  '=': () => view.zoom(0.6),
  '-': () => view.zoom(1 / 0.6),
  0: () => view.all(),
  ArrowLeft: () => view.pan(-0.15),
  ArrowRight: () => view.pan(0.15),
  n: () => turn(1),
  p: () => turn(-1),
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input')) return;
  const article = event.target.closest?.('.finding');
  if (event.key === 'Enter' && event.target === article) {
    article.querySelector('.evidence').open = true;
    select(findings[articles.indexOf(article)], { focus: false, close: true });
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
  redraw();
});
$('in').onclick = KEYS['+'];
$('out').onclick = KEYS['-'];
$('all').onclick = KEYS[0];
$('next').onclick = KEYS.n;
$('previous').onclick = KEYS.p;
for (const button of document.querySelectorAll('.tools button')) button.addEventListener('click', redraw);
$('search').oninput = search;
for (const f of findings) f.article.addEventListener('focus', () => select(f, { focus: false }));

const lanes = $('lanes');
lanes.tabIndex = 0;
lanes.addEventListener('scroll', redraw);
lanes.addEventListener(
  'wheel',
  (event) => {
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    event.preventDefault();
    if (sideways) view.pan((event.deltaX || event.deltaY) / 1500);
    else view.zoom(1.0015 ** event.deltaY, event.offsetX);
    redraw();
  },
  { passive: false },
);

/** Where a drag began, and whether it has moved. */
let drag;
const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
lanes.addEventListener('pointerdown', (event) => {
  drag = { x: event.clientX, y: event.clientY, moved: false };
});
addEventListener('pointerup', () => {
  drag = undefined;
});
lanes.addEventListener('pointermove', (event) => {
  const tip = $('tip');
  if (drag) {
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    view.pan(-dx / view.width);
    lanes.scrollTop -= dy;
    drag = { x: event.clientX, y: event.clientY, moved: true };
    tip.hidden = true;
    redraw();
    return;
  }
  const { text, finding } = at(picture, view, ...place(event));
  lanes.style.cursor = finding ? 'pointer' : '';
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
});
lanes.addEventListener('pointerleave', () => {
  $('tip').hidden = true;
});
lanes.addEventListener('click', (event) => {
  const { finding } = at(picture, view, ...place(event));
  if (!finding) return;
  finding.article.querySelector('.evidence').open = true;
  select(finding);
});

/** The picture for paper: all of the time, the first lanes, light. */
function drawPaper() {
  const shown = { ...everything, lanes: everything.lanes.slice(0, PAPER_LANES) };
  const paper = $('paper');
  const sheet = new View(everything.end);
  sheet.width = PAPER_WIDTH;
  sheet.height = shown.lanes.reduce((sum, lane) => sum + lane.height, AXIS);
  [paper.width, paper.height] = [sheet.width * 2, sheet.height * 2];
  const ctx = paper.getContext('2d', { alpha: false });
  ctx.scale(2, 2);
  draw(ctx, shown, sheet, inLight(palette), undefined);
}

addEventListener('resize', layout);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
layout();
addEventListener('beforeprint', drawPaper);
// Whoever prints without that event being told of it finds a picture, too.
setTimeout(drawPaper, 300);
