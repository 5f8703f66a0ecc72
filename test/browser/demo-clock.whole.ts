// What the demo page does when access ends, and on a small screen: `npm run whole`. demo-page.spec.ts has the rest.
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { until } from '../support/operated-api.js';
import { describeWith } from '../support/required-tool.js';
import { grantedPaths } from './jar.js';
import { startEdgeWithClock, startStack, type LocalStack } from './local-stack.js';
import { openSwitchboard, type Switchboard } from './switchboard.js';

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(['chromium', 'certutil'], 'the demo page on the real stack, as time goes by', () => {
  let stack: LocalStack;
  let edge: Switchboard;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    stack = await startStack();
    edge = await openSwitchboard(stack.ports.edge);
    browser = await launchBrowser({
      trustedCaFile: stack.caFile,
      hostResolverRules: `MAP ${new URL(stack.cdnUrl).host} 127.0.0.1:${edge.port}`,
    });
    page = browser.page;
    // The video then waits for a click, and takes no processor.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await open();
  });
  afterEach(() => edge.leadTo(stack.ports.edge));

  const forget = async (): Promise<void> => {
    await browser.context.clearCookies();
    // The page remembers who was signed in.
    await page.evaluate('localStorage.clear()');
  };
  const open = async (): Promise<void> => {
    await page.goto(stack.appUrl);
    await page.locator('#app[data-ready]').waitFor();
  };
  const inState = (testId: string, state: string): Locator =>
    page.locator(`[data-testid="${testId}"][data-state="${state}"]`);
  const allImages = (state: string): Promise<void> =>
    inState('image', state).nth(5).waitFor({ state: 'attached' });
  const signIn = async (user: string): Promise<void> => {
    await page.getByTestId(`sign-in-${user}`).click();
    await page.locator(`#app[data-viewer="${user}"]`).waitFor();
  };
  const ask = async (prefix: string): Promise<void> => {
    await page.getByTestId('prefix').selectOption(prefix);
    await page.getByTestId('ask').click();
    await page
      .getByTestId('status')
      .filter({ hasText: `everything below /${prefix} ` })
      .waitFor();
  };
  /** All that the page says of the last action, once that sentence is in it. */
  const saidWith = async (sentence: string): Promise<string | null> => {
    const status = page.getByTestId('status');
    await status.filter({ hasText: sentence }).waitFor();
    return status.textContent();
  };

  describe('on a small screen', () => {
    it('brings the files into view on a small screen when access was granted', async () => {
      await signIn('alice');
      await page.setViewportSize({ width: 390, height: 844 });
      await page.evaluate('scrollTo(0, 0)');
      const top = 'document.querySelector("#stage").getBoundingClientRect().top';
      expect(await page.evaluate(top)).toBeGreaterThan(844 / 2);
      await ask('courses/algebra');
      // Not by waitForFunction: the page's Content-Security-Policy refuses what that evaluates.
      await until(async () => (await page.evaluate<number>(top)) < 844 / 2);
      expect(await page.evaluate(top)).toBeLessThan(844 / 2);
      await page.setViewportSize({ width: 1280, height: 720 });
    });
  });

  describe('in front of an edge whose clock is an hour ahead', () => {
    let anHourAhead: number;

    beforeAll(async () => {
      anHourAhead = await startEdgeWithClock(stack.distributionFolder, 3_600);
      await forget();
      await open();
      await signIn('alice');
      await ask('courses/algebra');
      await allImages('shown');
    });

    it('when the policy has ended the edge refuses, with the cookies still in the jar', async () => {
      edge.leadTo(anHourAhead);
      await page.getByTestId('try-again').click();
      await inState('proof', 'refused').waitFor();
      expect(await grantedPaths(browser)).toEqual(['/courses/algebra']);
    });

    it('a granted image that fails is diagnosed: the page shows what the API found', async () => {
      // The browser is led to an edge whose clock is ahead; the API asks the one that is right.
      edge.leadTo(anHourAhead);
      await page.getByTestId('prefix').selectOption('users/alice');
      await page.getByTestId('ask').click();
      const found = page.getByTestId('status').filter({
        hasText:
          /^The edge answers well to the cookies that you would get now, and this browser holds a grant for the file\./,
      });
      await found.waitFor();
      await inState('portrait', 'refused').waitFor({ state: 'attached' });
      expect(await found.isVisible()).toBe(true);
      const asked = page.getByTestId('log').locator('li', { hasText: 'POST /diagnoses' });
      expect(await asked.locator('.call-status').allTextContents()).toEqual(['API 200']);
    });

    it('access that is not renewed ends on the page when it ends at the edge', async () => {
      await forget();
      await page.goto('about:blank');
      // A clock that the test moves: it cannot be taken out of a page again, so this is another one.
      page = await browser.newPage();
      await page.clock.install();
      await page.goto(stack.appUrl);
      await page.locator('#app[data-ready]').waitFor();
      await signIn('alice');
      await page.getByTestId('auto-renew').uncheck({ force: true });
      await page.getByTestId('ttl').selectOption('60');
      await ask('courses/algebra');
      await allImages('shown');
      edge.leadTo(anHourAhead);
      await page.clock.fastForward(62_000);
      await page.locator('#app[data-access="expired"]').waitFor();
      await allImages('refused');
      await inState('video', 'refused').waitFor({ state: 'attached' });
      expect(await saidWith('has ended')).toBe('The access to /courses/algebra has ended.');
      expect(await grantedPaths(browser)).toEqual(['/courses/algebra']);
    });
  });

  it('no script of the page failed, and no cookie was refused', () => {
    expect(browser.pageErrors).toEqual([]);
    expect(browser.evidence.refused).toEqual([]);
  });
});
