// SPDX-License-Identifier: Apache-2.0
/** The report in a browser: drawn, without complaints, and to be used with pointer and keys. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { SyntheticHost } from '../../../bench/synthetic_host.js';
import { openChromium, openTab } from '../browser/chromium.js';
import { scenario } from '../scenario.js';
import { folder, MIB, write } from '../trace/recorded.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

const CLEAN = `
  0     dev1 opened pci mlx5_vfio_pci
  10ms  dev1 log start
  20ms  dev1 set PRE_COPY
  30ms  dev1 data read 4096
  40ms  dev1 set STOP_COPY
  50ms  dev1 data read 4096
  60ms  dev1 data read 0
  70ms  dev1 set STOP
  72ms  dev1 log report 0x0 0x1000
  75ms  dev1 log stop
  80ms  dev1 data release
  90ms  dev1 closed
  1000ms tick
`;
const BROKEN = CLEAN.replace('50ms ', '45ms  dev1 region write bar0+0x10 4\n  50ms ');

let browser: Promise<Browser> | undefined;
after(async () => (await browser)?.close());

/** A page that goes away with the test, which fails if the browser complained. */
async function openPage(t: TestContext, url: string, colorScheme: 'light' | 'dark' = 'light') {
  browser ??= openChromium();
  const tab = await openTab(await browser, { viewport: { width: 1400, height: 1000 }, colorScheme });
  t.after(async () => {
    await tab.page.close();
    assert.deepEqual(tab.wrong, []);
  });
  await tab.page.goto(url);
  return tab;
}

async function report(t: TestContext, records: Iterable<Uint8Array>): Promise<string> {
  const dir = folder(t);
  const { folder: trace } = await write(dir, records);
  const output = join(dir, 'report.html');
  const done = spawnSync(process.execPath, [MAIN, 'report', trace, '-o', output], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return output;
}

const drawn = (page: Page) =>
  page.waitForFunction(() => performance.getEntriesByName('drawn').length > 0).then((h) => h.dispose());
const rangeIs = (page: Page, filter: { hasText: string } | { hasNotText: string }) =>
  page.locator('#range').filter(filter).waitFor();
const range = (page: Page) => page.locator('#range').textContent().then(String);
/** How many colours there are on the canvas: an empty one has few. */
const colours = (page: Page) =>
  page.evaluate(`(() => {
    const { width, height } = document.getElementById('canvas');
    const { data } = document.getElementById('canvas').getContext('2d').getImageData(0, 0, width, height);
    return new Set(new Uint32Array(data.buffer)).size;
  })()`) as Promise<number>;

test('a clean migration: no violation observed, with coverage, and never "compliant"', async (t) => {
  const file = await report(t, scenario(CLEAN));
  const text = readFileSync(file, 'utf8');
  assert.doesNotMatch(text.replace(/<script[\s\S]*?<\/script>/g, ''), /compliant/i);
  const { page } = await openPage(t, pathToFileURL(file).href);
  await drawn(page);
  assert.equal(await page.locator('.verdict').textContent().then(String), 'no violation observed');
  assert.match(await page.locator('p.coverage').textContent().then(String), /Observed: \d+ of \d+ facts/);
  assert.equal(await page.locator('.finding[data-severity=critical]').count(), 0);
  assert.ok((await colours(page)) > 10);
});

test('a violation: its pin is clicked, its evidence opens; keys and search', async (t) => {
  const { page } = await openPage(t, pathToFileURL(await report(t, scenario(BROKEN))).href);
  await drawn(page);
  const all = await range(page);
  const finding = page.locator('.finding[data-rule=mmio-rw-while-halted]');
  const when = Number(await finding.getAttribute('data-at'));
  const [t0 = 0, t1 = 0] = all.split(' to ').map(Number.parseFloat);
  const box = await page.locator('#canvas').boundingBox();
  assert.ok(box);
  const gutter = 270;
  const x = gutter + ((when / 1e9 - t0) / (t1 - t0)) * (box.width - gutter);
  await page.mouse.click(box.x + x, box.y + 30);
  await page.locator('.finding.selected').waitFor();
  assert.equal(await finding.locator('.evidence').getAttribute('open'), '');
  assert.match(await finding.locator('blockquote').textContent().then(String), /must not read or write/);

  const changes = async (act: () => Promise<unknown>) => {
    const before = await range(page);
    await act();
    await rangeIs(page, { hasNotText: before });
  };
  await page.locator('#lanes').focus();
  await changes(() => page.keyboard.press('+'));
  await changes(() => page.keyboard.press('ArrowRight'));
  await changes(() => page.keyboard.press('-'));
  await page.keyboard.press('0');
  await rangeIs(page, { hasText: all });
  await page.locator('#lanes').hover({ position: { x: 600, y: 40 } });
  await changes(() => page.mouse.wheel(0, -400));
  await finding.focus();
  await changes(() => page.keyboard.press('Enter'));

  await page.locator('#search').fill('mmio-rw');
  assert.equal(await page.locator('.finding:visible').count(), 1);
  await page.locator('#search').fill('no such thing');
  assert.equal(await page.locator('.finding:visible').count(), 0);
});

test('findings are reached with Tab; names from a trace are text', async (t) => {
  const records = scenario(BROKEN).map((r) => {
    const copy = Buffer.from(r);
    for (let at = copy.indexOf('dev1'); at >= 0; at = copy.indexOf('dev1', at + 1)) copy.write('<b>1', at);
    return copy;
  });
  const { page } = await openPage(t, pathToFileURL(await report(t, records)).href, 'dark');
  await drawn(page);
  assert.match(await page.locator('.where').first().textContent().then(String), /<b>1/);
  await page.locator('#next').focus();
  for (let n = 0; n < 2; n++) await page.keyboard.press('Tab'); // over the lanes to the first finding
  assert.equal(await page.evaluate('document.activeElement.className'), 'finding selected');
});

test('on paper: light, the lanes as a picture, every finding', async (t) => {
  const file = await report(t, scenario(BROKEN));
  const { page } = await openPage(t, pathToFileURL(file).href, 'dark');
  await drawn(page);
  await page.evaluate("dispatchEvent(new Event('beforeprint'))");
  await page.emulateMedia({ media: 'print' });
  assert.ok(await page.locator('#paper').isVisible());
  assert.ok(await page.locator('#lanes').isHidden());
  const corner = await page.evaluate(`(() => [...document.getElementById('paper')
    .getContext('2d').getImageData(4, 4, 1, 1).data])()`);
  assert.deepEqual(corner, [255, 255, 255, 255]);
});

test('a million events: a few MiB, drawn, and zoomed without freezing', { timeout: 120_000 }, async (t) => {
  const host = new SyntheticHost({ vms: 24, devicesPerVm: 2, mappings: 100, active: 12, liars: 2 });
  const batches = function* () {
    while (host.made < 1e6) {
      const batch = new Uint8Array(MIB);
      yield batch.subarray(0, host.fill(batch));
    }
  };
  const file = await report(t, batches());
  assert.ok(statSync(file).size < 4 * MIB, `${statSync(file).size} bytes`);
  const { page } = await openPage(t, pathToFileURL(file).href);
  await drawn(page);
  const first = await page.evaluate(() => performance.getEntriesByName('drawn')[0]?.startTime ?? 0);
  t.diagnostic(`first paint after ${Math.round(first)} ms, ${statSync(file).size >> 10} KiB`);
  assert.ok((await colours(page)) > 20);
  const before = await range(page);
  await page.keyboard.press('+');
  await rangeIs(page, { hasNotText: before });
});
