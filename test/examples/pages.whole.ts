import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { playPast } from '../browser/in-page.js';
import { grantCookies } from '../browser/jar.js';
import { startStack, type LocalStack } from '../browser/local-stack.js';
import { packInto, repository, run } from '../module/packed-host.js';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { freePort } from '../support/free-port.js';
import { startProcess } from '../support/processes.js';
import { describeWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { serveFolder } from './serve-folder.js';

// A browser beside all the other tests on two cores; what is installed comes from npm's registry.
jest.setTimeout(180_000);

/** A copy of an example with the client as it is published. */
async function copyWithClient(name: string): Promise<{ readonly folder: string; readonly tarball: string }> {
  const folder = temporaryFolder(name);
  // Not what a developer's own run of the example has left there.
  const filter = (path: string): boolean => !/node_modules|dist$|\.tgz$/.test(path.slice(repository.length));
  cpSync(join(repository, 'examples', name), folder, { recursive: true, filter });
  return { folder, tarball: await packInto(folder, join(repository, 'packages/client')) };
}

/** The stack with an example in the place of its page, and Chromium on it. */
async function open(devServer: string): Promise<{ stack: LocalStack; browser: TestBrowser }> {
  const stack = await startStack({ args: ['--app', devServer] });
  const browser = await launchBrowser({ trustedCaFile: stack.caFile });
  const addresses = new URLSearchParams({ api: stack.apiUrl, cdn: stack.cdnUrl });
  await browser.page.goto(`${stack.appUrl}/?${addresses}`);
  return { stack, browser };
}

const says = (page: Page, text: string | RegExp): Promise<void> =>
  page.getByRole('status').filter({ hasText: text }).waitFor();

describeWith(['chromium', 'certutil'], 'examples/plain-page with the packed client', () => {
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    const { folder, tarball } = await copyWithClient('plain-page');
    const client = join(folder, 'node_modules/@edgepass/client');
    mkdirSync(client, { recursive: true });
    await run('tar', ['-xzf', tarball, '-C', client, '--strip-components=1'], folder);
    ({ browser } = await open(await serveFolder(folder)));
    ({ page } = browser);
  });

  it('shows the image of the course once it is open', async () => {
    await page.getByRole('button', { name: 'Open the course' }).click();
    await says(page, 'The course is open.');
    const width =
      'document.querySelector("#picture").decode().then(() => document.querySelector("#picture").naturalWidth)';
    expect(await page.evaluate(width)).toBeGreaterThan(0);
  });

  it('holds no cookie when the course is closed', async () => {
    await page.getByRole('button', { name: 'Close it' }).click();
    await says(page, 'The course is closed.');
    expect(await grantCookies(browser)).toEqual([]);
  });

  it('says why bob may not open it', async () => {
    await page.getByRole('combobox').selectOption('bob');
    await page.getByRole('button', { name: 'Open the course' }).click();
    await says(page, /^You may not open this course: /);
    expect(browser.pageErrors).toEqual([]);
  });
});

// Vite and React are installed from the registry: `npm run examples`.
if (process.env['EDGEPASS_EXAMPLES'] === 'all') {
  describeWith(['chromium', 'certutil'], 'examples/react-vite with the packed client', () => {
    let browser: TestBrowser;
    let page: Page;

    beforeAll(async () => {
      const { folder } = await copyWithClient('react-vite');
      await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], folder);
      await run('npm', ['run', 'build'], folder);
      const port = await freePort();
      const vite = join(folder, 'node_modules/vite/bin/vite.js');
      const preview = startProcess(process.execPath, [vite, 'preview', '--port', String(port)], {
        cwd: folder,
      });
      await preview.waitForLine('Local:');
      ({ browser } = await open(`http://localhost:${port}`));
      ({ page } = browser);
    });

    it('plays the lesson for alice', async () => {
      await page.getByRole('button', { name: 'Sign in as alice' }).click();
      await page.locator('video').waitFor();
      expect(await playPast(page, 1)).toBeGreaterThan(10);
    });

    it('stops and says why when bob signs in, and the cookies of alice are gone', async () => {
      await page.getByRole('button', { name: 'Sign in as bob' }).click();
      await says(page, /^You may not open this course: /);
      expect(await page.locator('video').count()).toBe(0);
      expect(await grantCookies(browser)).toEqual([]);
      expect(browser.pageErrors).toEqual([]);
    });
  });
}
