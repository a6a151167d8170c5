// SPDX-License-Identifier: Apache-2.0
/**
 * The page in a real browser, before the agent's real judge and server. Run by tools/test when the lab has made
 * its traces; leaves a picture of each test in build/browser.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { scenario } from '../scenario.js';
import { openChromium, openTab, type Tab } from './chromium.js';
import { fleet, inFlight, misbehaving } from './scenes.js';
import { batchesOf, Stage } from './stage.js';

const LAB = 'build/lab/cases/misbehaving_client';
const PATIENCE = { timeout: 20_000 };

let browser: Browser;
before(async () => {
  browser = await openChromium();
});
after(() => browser.close());

/** A page on a stage; whatever happens to it, nothing may have gone wrong in it. */
async function show(
  stage: Stage,
  picture: string,
  act: (tab: Tab, url: string) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const url = await stage.open();
  const tab = await openTab(browser, { viewport: { width: 1280, height: 860 }, ...options });
  try {
    await tab.page.goto(url);
    await tab.page.locator('#link[data-link="up"]').waitFor(PATIENCE);
    await act(tab, url);
    await tab.page.screenshot({ path: `build/browser/${picture}.png` });
    assert.deepEqual(tab.wrong, []);
    assert.doesNotMatch(await text(tab, 'body'), /\bcompliant\b/i);
  } finally {
    await tab.page.close();
    await stage.close();
  }
}

/** Asked from outside: playwright's own way evaluates inside, which the page's policy forbids. */
async function until(tab: Tab, what: string): Promise<void> {
  const end = Date.now() + PATIENCE.timeout;
  while (!(await tab.page.evaluate(what))) {
    assert.ok(Date.now() < end, `not within ${PATIENCE.timeout} ms: ${what}`);
    await sleep(20);
  }
}

const text = async (tab: Tab, where: string) => (await tab.page.locator(where).textContent()) ?? '';

test('idle: says what is missing', async () => {
  const stage = new Stage();
  stage.feed(...scenario(''));
  await show(stage, 'idle', async (tab) => {
    assert.match(await text(tab, '#no-devices'), /^No VFIO device is open on this host\./);
    assert.match(await text(tab, '#no-flights'), /^None/);
    assert.match(
      await text(tab, '#verdict'),
      /^No violation observed\. \d+ of \d+ facts are completely observed/,
    );
  });
});

test('a migration in flight: phase, bytes, elapsed and stopped time', async () => {
  const stage = new Stage();
  stage.feed(...scenario(inFlight));
  await show(stage, 'in-flight', async (tab) => {
    await until(tab, `document.querySelectorAll('#flights li').length === 2`);
    assert.match(await text(tab, '#flights'), /copying the rest, stopped/);
    assert.match(await text(tab, '#flights'), /stopped for \d/);
    assert.match(await text(tab, '#flights'), /MiB saved/);
    assert.ok((await tab.page.locator('.lane rect[data-state="PRE_COPY"]').count()) > 0);
  });
});

test('a violation is on the page within a second of its event', async (t) => {
  const name = existsSync(LAB) && readdirSync(LAB).find((file) => /^migwatch-.*\d$/.test(file));
  const trace = name && `${LAB}/${name}`;
  const stage = new Stage();
  const found: number[] = [];
  stage.onViolation = () => found.push(Date.now());
  await show(stage, 'violation', async (tab) => {
    await tab.page.evaluate(`
      window.shown = {};
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const { dataset } of addedNodes) window.shown[dataset.key] ??= Date.now();
      }).observe(document.getElementById('violations'), { childList: true });`);
    if (trace) await stage.play(batchesOf(trace));
    else await stage.play(scenario(misbehaving));
    assert.ok(found.length > 0, 'the trace holds no violation');
    await until(tab, `document.getElementById('sum-critical').textContent !== '0'`);
    await until(tab, `document.querySelectorAll('.violation').length === ${Math.min(found.length, 8)}`);
    const shown = (await tab.page.evaluate('window.shown')) as Record<string, number>;
    const late = Math.max(...Object.entries(shown).map(([n, at]) => at - (found[Number(n)] ?? 0)));
    t.diagnostic(`${trace || 'a scenario'}: ${found.length} violations, the slowest shown after ${late} ms`);
    assert.ok(late < 1000, `${late} ms`);
    assert.match(await text(tab, '#verdict'), /violations? observed/);
    assert.ok((await tab.page.locator('.lane line').count()) > 0);
  });
});

test('by keyboard: skip link, a violation opens with Enter, Esc closes it and gives the focus back', async () => {
  const stage = new Stage();
  stage.feed(...scenario(misbehaving));
  await show(stage, 'detail', async (tab) => {
    const { keyboard } = tab.page;
    await until(tab, `document.querySelectorAll('.violation').length > 0`);
    await keyboard.press('Tab');
    assert.equal(await tab.page.evaluate('document.activeElement.className'), 'skip');
    await keyboard.press('Enter');
    assert.equal(await tab.page.evaluate('document.activeElement.id'), 'devices');
    await tab.page.locator('header a').focus();
    await keyboard.press('Tab');
    const first = `document.activeElement === document.querySelector('.violation')`;
    assert.equal(await tab.page.evaluate(first), true);
    await keyboard.press('Enter');
    await until(tab, `document.querySelector('#detail[open] blockquote') !== null`);
    assert.match(
      await text(tab, '#detail-body'),
      /What the contract says[\s\S]*What to do[\s\S]*What was seen/,
    );
    await tab.page.screenshot({ path: 'build/browser/detail-open.png' });
    const opened = tab.page.context().waitForEvent('page', PATIENCE);
    await tab.page.locator('#detail a[href^="rules/"]').click();
    const rule = await opened;
    await rule.locator('body', { hasText: 'statement' }).waitFor(PATIENCE);
    await rule.close();
    await keyboard.press('Escape');
    assert.equal(await tab.page.locator('#detail').isVisible(), false);
    assert.equal(await tab.page.evaluate(first), true);
  });
});

test('256 devices: all are there, found by words, and drawing them leaves the page responsive', async (t) => {
  const stage = new Stage();
  stage.feed(...scenario(fleet(32, 8)));
  await show(stage, 'fleet', async (tab) => {
    await until(tab, `document.querySelectorAll('#vms tbody tr').length === 256 + 32`);
    const frames = (await tab.page.evaluate(`new Promise((done) => {
      let last = performance.now();
      const took = [];
      const step = (at) => { took.push(at - last); last = at; took.length < 240 ? requestAnimationFrame(step) : done(took); };
      requestAnimationFrame(step);
    })`)) as number[];
    // It draws each second, four times in these. One long frame may be the machine's, busy with something else.
    const [longest = 0, second = 0] = frames.sort((a, b) => b - a);
    t.diagnostic(
      `the longest frames of ${frames.length} took ${longest.toFixed(0)} and ${second.toFixed(0)} ms`,
    );
    assert.ok(second < 500, `${second} ms`);
    await tab.page.locator('#find').fill('vm07 STOP');
    await until(tab, `document.querySelectorAll('#vms tbody').length <= 1`);
    await tab.page.locator('#find').fill('');
  });
});

test('dark, and narrow: nothing sticks out', async () => {
  for (const [name, width] of [
    ['dark', 1280],
    ['narrow', 360],
  ] as const) {
    const stage = new Stage();
    stage.feed(...scenario(`${inFlight}${misbehaving}`));
    const options = {
      viewport: { width, height: 860 },
      colorScheme: name === 'dark' ? 'dark' : 'light',
    } as const;
    await show(
      stage,
      name,
      async (tab) => {
        await until(tab, `document.querySelectorAll('.violation').length > 0`);
        assert.ok(((await tab.page.evaluate('document.documentElement.scrollWidth')) as number) <= width);
        await tab.page.screenshot({ path: `build/browser/${name}-all.png`, fullPage: true });
      },
      options,
    );
  }
});

test('the agent goes away and comes back: the page says so, and follows again', async () => {
  const first = new Stage();
  const url = await first.open();
  const tab = await openTab(browser);
  await tab.page.goto(url);
  await tab.page.locator('#link[data-link="up"]').waitFor(PATIENCE);
  await first.close();
  await tab.page.locator('#link[data-link="down"]').waitFor(PATIENCE);
  const second = new Stage();
  second.feed(...scenario(inFlight));
  await second.open(new URL(url).host);
  await tab.page.locator('#link[data-link="up"]').waitFor(PATIENCE);
  await until(tab, `document.querySelectorAll('#flights li').length === 2`);
  for (const wrong of tab.wrong) assert.match(wrong, /ERR_|Failed to load resource/);
  await tab.page.close();
  await second.close();
});
