// The demo page in every state and layout under axe: `npm run whole`. `npm test` checks one state in one layout, in
// demo-page.spec.ts.
import { afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { startEdgeWithClock, startStack, type LocalStack } from './local-stack.js';
import { openSwitchboard, type Switchboard } from './switchboard.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { axeFindings } from './axe.js';
import { allImages, openDemo, signIn } from './demo-actions.js';
import { serveHttps } from './own-server.js';

// A browser beside all the other tests on two cores.
jest.setTimeout(60_000);

describeWith(['chromium', 'certutil'], 'axe finds nothing on the demo page', () => {
  let stack: LocalStack;
  let edge: Switchboard;
  let page: Page;

  beforeAll(async () => {
    stack = await startStack();
    edge = await openSwitchboard(stack.ports.edge);
    const browser = await launchBrowser({
      trustedCaFile: stack.caFile,
      hostResolverRules: `MAP ${new URL(stack.cdnUrl).host} 127.0.0.1:${edge.port}`,
    });
    page = browser.page;
    await openDemo(page, stack.appUrl);
  });
  afterEach(() => edge.leadTo(stack.ports.edge));

  const findings = (): Promise<readonly string[]> => axeFindings(page, 'wide', 'narrow', 'dark');
  it('while nobody is signed in', async () => {
    await allImages(page, 'refused');
    expect(await findings()).toEqual([]);
  });

  it('when a viewer was refused', async () => {
    await signIn(page, 'bob');
    await page.getByTestId('ask').click();
    await page.locator('#status[data-tone="bad"]').waitFor();
    expect(await findings()).toEqual([]);
  });

  it('when access was granted, with two prefixes held', async () => {
    await signIn(page, 'alice');
    for (const prefix of ['courses/algebra', 'users/alice']) {
      // oxlint-disable-next-line no-await-in-loop -- one form
      await page.getByTestId('prefix').selectOption(prefix);
      // oxlint-disable-next-line no-await-in-loop
      await page.getByTestId('ask').click();
      // oxlint-disable-next-line no-await-in-loop
      await page
        .getByTestId('held')
        .filter({ hasText: `Path=/${prefix}` })
        .waitFor();
    }
    await allImages(page, 'shown');
    expect(await findings()).toEqual([]);
  });

  it('when the edge was made wrong', async () => {
    await page.getByTestId('provoke').click();
    await page.locator('#incident[data-state="failing"]').waitFor();
    expect(await findings()).toEqual([]);
    await page.getByTestId('cure').click();
    await page.locator('#incident[data-state="cured"]').waitFor();
  });

  it('when the administrator decides', async () => {
    await signIn(page, 'carol');
    await page.locator('#decisions').waitFor();
    expect(await findings()).toEqual([]);
    await signIn(page, 'alice');
    await page.getByTestId('ask').click();
    await page.locator('#app[data-access="open"]').waitFor();
  });

  it('when access was cleared', async () => {
    await page.getByTestId('clear').click();
    await page.locator('#app[data-access="cleared"]').waitFor();
    await allImages(page, 'refused');
    expect(await findings()).toEqual([]);
  });

  it('when access has ended', async () => {
    await page.clock.install();
    await page.reload();
    await page.locator('#app[data-ready]').waitFor();
    await page.getByTestId('auto-renew').uncheck({ force: true });
    await page.getByTestId('ttl').selectOption('60');
    await page.getByTestId('prefix').selectOption('courses/algebra');
    await page.getByTestId('ask').click();
    await page.locator('#app[data-access="open"]').waitFor();
    edge.leadTo(await startEdgeWithClock(stack.distributionFolder, 61));
    await page.clock.fastForward(62_000);
    await page.locator('#app[data-access="expired"]').waitFor();
    await allImages(page, 'refused');
    await page.clock.resume();
    expect(await findings()).toEqual([]);
  });

  it('while the certificate is not trusted', async () => {
    edge.leadTo(await serveHttps(await makeTestCertificates(['cdn.edgepass.localhost'])));
    await page.reload();
    await page.getByTestId('certificate-warning').waitFor();
    expect(await findings()).toEqual([]);
  });
});
