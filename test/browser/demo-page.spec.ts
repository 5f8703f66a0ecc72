import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { axeFindings } from './axe.js';
import { allImages, ask, inState, openDemo, saidWith, signIn } from './demo-actions.js';
import { serveForged } from './forged.js';
import { playPast } from './in-page.js';
import { grantCookies, grantedPaths } from './jar.js';
import { startStack, type LocalStack } from './local-stack.js';
import { logNetwork, type NetworkLog } from './network-log.js';
import { serveHttps } from './own-server.js';
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
    const stranger = await makeTestCertificates([new URL(stack.cdnUrl).hostname]);
    edge = await openSwitchboard(await serveHttps(stranger));
    const names = ['example.com', 'forged.edgepass.localhost'];
    browser = await launchBrowser({
      trustedCaFile: stack.caFile,
      hostResolverRules: [
        `MAP ${new URL(stack.cdnUrl).host} 127.0.0.1:${edge.port}`,
        ...(await Promise.all(names.map((name) => serveForged(stack, name)))),
      ].join(', '),
    });
    page = browser.page;
    // The video then waits for a click: to decode it beside every test takes a third of a processor.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    network = await logNetwork(browser.context, page);
    // A page that does not work at all fails here, once.
    await openDemo(page, stack.appUrl);
  });

  describe('with a CDN whose certificate this browser does not trust', () => {
    it('the page names the host and the file to trust (F48)', async () => {
      const warning = page.getByTestId('certificate-warning');
      await warning.waitFor();
      expect(await warning.getByRole('link').getAttribute('href')).toBe(`${stack.cdnUrl}/`);
      expect(await warning.locator('code').textContent()).toContain(stack.caFile);
      expect(browser.consoleLines.join('\n')).toContain('net::ERR_CERT_AUTHORITY_INVALID');
    });

    it('the warning goes once the host answers with a trusted one', async () => {
      edge.leadTo(stack.ports.edge);
      await page.getByTestId('check-again').click();
      await page.getByTestId('certificate-warning').waitFor({ state: 'hidden' });
      expect(await page.getByTestId('certificate-warning').isHidden()).toBe(true);
    });
  });

  describe('while nobody is signed in', () => {
    it('without access every file is refused, and the page says so', async () => {
      await allImages(page, 'refused');
      await inState(page, 'sibling', 'refused').waitFor({ state: 'attached' });
      await inState(page, 'video', 'refused').waitFor({ state: 'attached' });
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
      await signIn(page, 'carol');
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
      await signIn(page, 'alice');
      await ask(page, 'courses/algebra');
      await allImages(page, 'shown');
    });

    it('a grant shows the images and plays the video: hls.js decodes frames of segments that came with cookies', async () => {
      await inState(page, 'sibling', 'refused').waitFor({ state: 'attached' });
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

    it('the captions come from the CDN with the cookies', async () => {
      expect(await network.ended(`${stack.cdnUrl}/courses/algebra/lesson-1/captions.vtt`)).toMatchObject([
        { status: 200, sent: ['CloudFront-Policy', 'CloudFront-Signature', 'CloudFront-Key-Pair-Id'] },
      ]);
      expect(await page.evaluate('document.querySelector("#video").textTracks[0].cues.length')).toBe(3);
    });

    it('the map is made of tiles that came with cookies', async () => {
      await inState(page, 'map', 'shown').waitFor();
      const tile = network.requests.find(({ url }) => url.endsWith('/courses/algebra/map/1/0/0.webp'));
      expect(await network.ended(tile?.url ?? '')).toMatchObject([
        { status: 200, sent: ['CloudFront-Policy', 'CloudFront-Signature', 'CloudFront-Key-Pair-Id'] },
      ]);
    });

    it('the text is set in the private font', async () => {
      await inState(page, 'board', 'shown').waitFor();
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
      await ask(page, 'users/alice');
      await inState(page, 'portrait', 'shown').waitFor();
      await allImages(page, 'shown');
      expect(await grantedPaths(browser)).toEqual(['/courses/algebra', '/users/alice']);
      expect(await page.getByTestId('held').locator('.held-grant').count()).toBe(2);
    });

    it('a CDN without CORS headers is named with its cure, and is cured', async () => {
      await page.getByTestId('incident-kind').selectOption('no-cors');
      await page.getByTestId('provoke').click();
      await page.locator('#incident[data-state="failing"]').waitFor();
      const finds = page.getByTestId('incident-finds');
      await finds.filter({ hasText: 'The CDN' }).waitFor();
      const facts = ['learns', 'finds', 'change'].map((name) => page.getByTestId(`incident-${name}`));
      expect(await Promise.all(facts.map((fact) => fact.textContent()))).toEqual([
        'TypeError: Failed to fetch, and nothing else',
        'The CDN serves the file without any CORS header for this page.',
        `Let a response headers policy on the behavior list exactly ${stack.appUrl}, credentials allowed, origin override on.`,
      ]);
      await page.getByTestId('cure').click();
      await page.locator('#incident[data-state="cured"]').waitFor();
      expect(await page.getByTestId('incident-learns').textContent()).toBe('Status 200, and the file');
    });

    it('a reload keeps the access, because the cookies stayed', async () => {
      await page.reload();
      await allImages(page, 'shown');
      expect(await page.getByTestId('access').textContent()).toBe('open');
      expect(await page.locator('#app').getAttribute('data-viewer')).toBe('alice');
    });

    it('clearing access empties the jar, and every file is refused again', async () => {
      await page.getByTestId('clear').click();
      await inState(page, 'proof', 'refused').waitFor();
      await allImages(page, 'refused');
      for (const one of ['video', 'map', 'board']) {
        // oxlint-disable-next-line no-await-in-loop -- one page
        await inState(page, one, 'refused').waitFor({ state: 'attached' });
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
      await inState(page, 'korean', 'refused').waitFor({ state: 'attached' });
      await ask(page, 'courses/선형 대수');
      await inState(page, 'korean', 'shown').waitFor();
      await inState(page, 'sibling', 'refused').waitFor({ state: 'attached' });
      expect(await grantedPaths(browser)).toEqual(['/courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98']);
      expect(await page.getByTestId('held').textContent()).toContain(
        'Path=/courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98',
      );
    });

    it('a second viewer who signs in finds nothing of the first one, and reads that it is cleared', async () => {
      await signIn(page, 'bob');
      await inState(page, 'korean', 'refused').waitFor({ state: 'attached' });
      expect(await saidWith(page, 'Hello Bob.')).toBe(
        'Hello Bob. What Alice held in this browser is cleared.',
      );
      expect(await grantCookies(browser)).toEqual([]);
    });

    it('a viewer who may not open a prefix reads in a sentence what they may open', async () => {
      await page.getByTestId('ask').click();
      await page.locator('#status[data-tone="bad"]').waitFor();
      expect(await saidWith(page, 'Bob may open only /users/bob.')).toBe('Bob may open only /users/bob.');
      expect(await grantCookies(browser)).toEqual([]);
    });

    it('says nothing of cleared cookies where the viewer before had none', async () => {
      await signIn(page, 'alice');
      expect(await saidWith(page, 'Hello Alice.')).toBe('Hello Alice.');
    });
  });

  it('what carol gives bob, he may open', async () => {
    await signIn(page, 'carol');
    await page.locator('#decisions').waitFor();
    await page.getByTestId('right-subject').selectOption('user:bob');
    await page.getByTestId('right-prefix').selectOption('courses/algebra');
    await page.getByTestId('give').click();
    expect(await saidWith(page, 'from now on')).toBe('Bob may open /courses/algebra from now on.');
    await signIn(page, 'bob');
    await page.locator('#decisions').waitFor({ state: 'hidden' });
    await ask(page, 'courses/algebra');
    await allImages(page, 'shown');
    expect(await grantedPaths(browser)).toEqual(['/courses/algebra']);
  });

  describe("a thief of the authority's key", () => {
    it('can vouch for a name below edgepass.localhost', async () => {
      const tab = await browser.newPage();
      await tab.goto('https://forged.edgepass.localhost');
      expect(await tab.title()).toBe('a page of my own');
      await tab.close();
    });

    it('cannot vouch for example.com: Chromium refuses the certificate', async () => {
      await expect(page.goto('https://example.com')).rejects.toThrow('net::ERR_CERT_INVALID');
    });
  });

  describe('after all of that', () => {
    it('no script of the page failed, and no cookie was refused', () => {
      expect(browser.pageErrors).toEqual([]);
      expect(browser.evidence.refused).toEqual([]);
    });
  });
});
