// SPDX-License-Identifier: Apache-2.0
/** Debian's Chromium, headless, for tests of what people see. tools/setup installs it. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Root, in a container say, may not use Chromium's own sandbox; what it opens here is ours. */
const ARGS = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

export function openChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
}

/** A page and all that went wrong in it: errors, console warnings, what the content security policy refused. */
export interface Tab {
  readonly page: Page;
  readonly wrong: readonly string[];
}

export async function openTab(browser: Browser, options: BrowserContextOptions = {}): Promise<Tab> {
  const page = await browser.newPage(options);
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) wrong.push(message.text());
  });
  return { page, wrong };
}
