// SPDX-License-Identifier: Apache-2.0
/** `make picture`: docs/page.png, the page over the scenarios of its tests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { scenario } from '../scenario.js';
import { openChromium, openTab } from './chromium.js';
import { inFlight, misbehaving } from './scenes.js';
import { Stage } from './stage.js';

/** Until everything has been drawn, and a bit of time has passed on the lanes. */
const SETTLED_MS = 2_500;

const stage = new Stage();
stage.feed(...scenario(`${inFlight}${misbehaving}`));
const url = await stage.open();
const browser = await openChromium();
try {
  const { page } = await openTab(browser, { viewport: { width: 1180, height: 1100 } });
  await page.goto(url);
  await page.locator('.violation').first().waitFor();
  await sleep(SETTLED_MS);
  await page.screenshot({ path: 'docs/page.png' });
} finally {
  await browser.close();
  await stage.close();
}
