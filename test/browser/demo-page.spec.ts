import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { until } from '../support/operated-api.js';
import { describeWith } from '../support/required-tool.js';
import { axeFindings } from './axe.js';
import { playPast } from './in-page.js';
import { grantCookies, grantedPaths } from './jar.js';
import { startEdgeWithClock, startStack, type LocalStack } from './local-stack.js';
import { logNetwork, type NetworkLog } from './network-log.js';
import { openSwitchboard, type Switchboard } from './switchboard.js';

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(['chromium', 'certutil'], 'the demo page on the real stack', () => {
  let stack: LocalStack;
  let edge: Switchboard;
  let browser: TestBrowser;
  let page: Page;
  let network: NetworkLog;

  beforeAll(async () => {
    stack = await startStack();
    edge = await openSwitchboard(stack.ports.edge);
    browser = await launchBrowser({
      trustedCaFile: stack.caFile,
      hostResolverRules: `MAP ${new URL(stack.cdnUrl).host} 127.0.0.1:${edge.port}`,
    });
    page = browser.page;
    // The video then waits for a click: to decode it beside every test takes a third of a processor.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    network = await logNetwork(browser.context, page);
    // A page that does not work at all fails here, once.
    await page.goto(stack.appUrl);
    await page.locator('#app[data-ready]').waitFor();
  });

  const forget = async (): Promise<void> => {
    await browser.context.clearCookies();
    // The page remembers who was signed in.
    await page.evaluate('localStorage.clear()');
  };
  /** The page as somebody sees it who was never there. */
  const open = async (): Promise<void> => {
    await forget();
    await page.goto(stack.appUrl);
    await page.locator('#app[data-ready]').waitFor();
  };

  afterEach(() => edge.leadTo(stack.ports.edge));

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

  describe('while nobody is signed in', () => {
    it('without access every file is refused, and the page says so', async () => {
      await allImages('refused');
      await inState('sibling', 'refused').waitFor({ state: 'attached' });
      await inState('video', 'refused').waitFor({ state: 'attached' });
      expect(await page.getByTestId('access').textContent()).toBe('no access');
      expect(await page.getByTestId('certificate-warning').isHidden()).toBe(true);
    });

    it('draws Set-Cookie from the API to the browser, and the cookies from the browser to the edge', async () => {
      const parts = await page.locator('.route > li').allTextContents();
      const [api, cdn] = [new URL(stack.apiUrl).host, new URL(stack.cdnUrl).host];
      expect(parts.map((text) => text.replaceAll(/\s+/g, ' ').trim())).toEqual([
        `The API decides and signs ${api}`,
        'POST /grants Set-Cookie',
        `This browser keeps the cookies ${new URL(stack.appUrl).host}`,
        'GET a file, Cookie the file, or 403',
        `The edge of the CDN checks every file ${cdn}`,
      ]);
    });

    it('axe finds nothing', async () => {
      expect(await axeFindings(page, 'wide')).toEqual([]);
    });

    it('offers to sign out only while somebody is signed in', async () => {
      expect(await page.getByTestId('sign-out').isVisible()).toBe(false);
      await signIn('carol');
      expect(await page.getByTestId('sign-out').isVisible()).toBe(true);
      await page.getByTestId('sign-out').click();
      await page.locator('#app[data-viewer=""]').waitFor();
      expect(await page.getByTestId('sign-out').isVisible()).toBe(false);
    });
  });

  // One after the other on one page.
  describe('with a grant', () => {
    beforeAll(async () => {
      await page.emulateMedia({ reducedMotion: 'no-preference' });
      await signIn('alice');
      await ask('courses/algebra');
      await allImages('shown');
    });

    it('a grant shows the images and plays the video: hls.js decodes frames of segments that came with cookies', async () => {
      await inState('sibling', 'refused').waitFor({ state: 'attached' });
      expect(await playPast(page, 1)).toBeGreaterThan(10);
      const segments = network.requests.filter(({ url }) => url.endsWith('.m4s'));
      expect(segments.length).toBeGreaterThan(0);
      expect(await network.ended(segments[0]?.url ?? '')).toMatchObject([
        { status: 200, sent: ['CloudFront-Policy', 'CloudFront-Signature', 'CloudFront-Key-Pair-Id'] },
      ]);
      expect(segments[0]?.url).toMatch(`${stack.cdnUrl}/courses/algebra/lesson-1/segment-`);
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.evaluate('document.querySelector("#video").pause()');
    });

    it('the map is made of tiles that came with cookies', async () => {
      await inState('map', 'shown').waitFor();
      const tile = network.requests.find(({ url }) => url.endsWith('/courses/algebra/map/1/0/0.webp'));
      expect(await network.ended(tile?.url ?? '')).toMatchObject([
        { status: 200, sent: ['CloudFront-Policy', 'CloudFront-Signature', 'CloudFront-Key-Pair-Id'] },
      ]);
    });

    it('the text is set in the private font', async () => {
      await inState('board', 'shown').waitFor();
      const families = '[...document.fonts].map(({ family, status }) => `${family} ${status}`)';
      expect(await page.evaluate(families)).toEqual(['Private handwriting loaded']);
      expect(await page.locator('#font-words').textContent()).toBe('Set in the private font.');
    });

    it('shows the grant at the top of its calls, with the files in one line for each way they were asked', async () => {
      const log = page.getByTestId('log');
      await log.locator('[data-via="<img>"][data-status="shown"][data-count="6"]').waitFor();
      const calls = await log
        .locator('li')
        .evaluateAll((lines) =>
          lines.map((line) =>
            (line.querySelector('.call-what')?.textContent ?? '').replaceAll(/\s+/g, ' ').trim(),
          ),
        );
      expect(calls.slice(0, 5)).toContain('POST /grants');
    });

    it('a second prefix opens the portrait and keeps the images', async () => {
      await ask('users/alice');
      await inState('portrait', 'shown').waitFor();
      await allImages('shown');
      expect(await grantedPaths(browser)).toEqual(['/courses/algebra', '/users/alice']);
      expect(await page.getByTestId('held').locator('.held-grant').count()).toBe(2);
    });

    it('a reload keeps the access, because the cookies stayed', async () => {
      await page.reload();
      await allImages('shown');
      expect(await page.getByTestId('access').textContent()).toBe('open');
      expect(await page.locator('#app').getAttribute('data-viewer')).toBe('alice');
    });

    it('clearing access empties the jar, and every file is refused again', async () => {
      await page.getByTestId('clear').click();
      await inState('proof', 'refused').waitFor();
      await allImages('refused');
      for (const one of ['video', 'map', 'board']) {
        // oxlint-disable-next-line no-await-in-loop -- one page
        await inState(one, 'refused').waitFor({ state: 'attached' });
      }
      expect(await page.locator('#font-words').textContent()).toBe(
        'The font was refused: these are letters of this machine.',
      );
      expect(await grantCookies(browser)).toEqual([]);
      expect(await page.getByTestId('proof').textContent()).toBe(
        '/courses/algebra/images/1.svg: TypeError: Failed to fetch. The edge said 403; the page may not read that.',
      );
    });

    it('a course with a Korean name opens by its name, and its cookies stand at the escaped Path', async () => {
      await inState('korean', 'refused').waitFor({ state: 'attached' });
      await ask('courses/선형 대수');
      await inState('korean', 'shown').waitFor();
      await inState('sibling', 'refused').waitFor({ state: 'attached' });
      expect(await grantedPaths(browser)).toEqual(['/courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98']);
      expect(await page.getByTestId('held').textContent()).toContain(
        'Path=/courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98',
      );
    });

    it('a second viewer who signs in finds nothing of the first one, and reads that it is cleared', async () => {
      await signIn('bob');
      await inState('korean', 'refused').waitFor({ state: 'attached' });
      expect(await saidWith('Hello Bob.')).toBe('Hello Bob. What Alice held in this browser is cleared.');
      expect(await grantCookies(browser)).toEqual([]);
    });

    it('a viewer who may not open a prefix reads in a sentence what they may open', async () => {
      await page.getByTestId('ask').click();
      await page.locator('#status[data-tone="bad"]').waitFor();
      expect(await saidWith('Bob may open only /users/bob.')).toBe('Bob may open only /users/bob.');
      expect(await grantCookies(browser)).toEqual([]);
    });

    it('says nothing of cleared cookies where the viewer before had none', async () => {
      await signIn('alice');
      expect(await saidWith('Hello Alice.')).toBe('Hello Alice.');
    });

    it('brings the files into view on a small screen when access was granted', async () => {
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

  describe('after all of that', () => {
    it('no script of the page failed, and no cookie was refused', () => {
      expect(browser.pageErrors).toEqual([]);
      expect(browser.evidence.refused).toEqual([]);
    });
  });
});
