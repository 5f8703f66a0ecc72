// What the panels of the demo page say: `npm run whole`. demo-page.spec.ts has one of the failures, and a right that carol gives.
import { beforeAll, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { axeFindings } from './axe.js';
import { openDemo, signIn } from './demo-actions.js';
import { startStack, type LocalStack } from './local-stack.js';

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

const WILDCARD = {
  finds: 'The CDN answers Access-Control-Allow-Origin: * to a request with cookies.',
  change:
    'Name the exact origin of the page, allow credentials and let the policy override the origin; then invalidate what was cached.',
};
const NO_HEADER = {
  finds: 'The CDN serves the file without any CORS header for this page.',
  change: (page: string) =>
    `Let a response headers policy on the behavior list exactly ${page}, credentials allowed, origin override on.`,
};

/** What the page offers to make wrong, and what it must then say. */
const INCIDENTS = [
  { id: 'wildcard', ...WILDCARD },
  { id: 'stale-copy', ...WILDCARD },
  { id: 'another-origin', ...NO_HEADER },
  { id: 'no-cors', ...NO_HEADER },
  {
    id: 'another-key',
    finds: 'The signature does not fit the public key that CloudFront has under this key pair id.',
    change:
      'Compare the fingerprint of the public key in CloudFront with that of the key that signs: docs/rotation.md#which-key-cloudfront-holds. If they are the same: sign the very text that CloudFront-Policy holds, and send CloudFront-Hash-Algorithm where SHA-256 was used.',
  },
] as const;

describeWith(['chromium', 'certutil'], 'the panels of the demo page', () => {
  let stack: LocalStack;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    stack = await startStack();
    browser = await launchBrowser({ trustedCaFile: stack.caFile });
    page = browser.page;
    // The video then waits for a click, and takes no processor.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openDemo(page, stack.appUrl);
  });

  const ask = async (): Promise<void> => {
    await page.getByTestId('prefix').selectOption('courses/algebra');
    await page.getByTestId('ask').click();
  };
  const say = async (text: string): Promise<void> => {
    await page.getByTestId('status').filter({ hasText: text }).waitFor();
  };
  const fact = (name: string): Promise<string | null> => page.getByTestId(`incident-${name}`).textContent();

  it('nothing can be made wrong before there is access', async () => {
    expect(await page.getByTestId('provoke').isDisabled()).toBe(true);
    expect(await fact('note')).toBe(
      'Ask for access to the course first: without cookies every file is refused anyway.',
    );
  });

  it('the grant stands above the files that it opened, and names its cookies', async () => {
    await signIn(page, 'alice');
    await ask();
    const log = page.getByTestId('log');
    await log.locator('[data-via="<img>"][data-status="shown"][data-count="6"]').waitFor();
    const first = log.locator('li').first();
    expect(await first.locator('.call-what').textContent()).toMatch(/^\s*POST\s+\/grants/);
    expect(await first.locator('.call-meaning').textContent()).toBe(
      'Granted and recorded. Set-Cookie: CloudFront-Policy, CloudFront-Signature and CloudFront-Key-Pair-Id, which the browser keeps for the CDN.',
    );
  });

  it('the document opens as a page of its own', async () => {
    const url = `${stack.cdnUrl}/courses/algebra/documents/notes.pdf`;
    expect(await page.getByTestId('document').getAttribute('href')).toBe(url);
    const tab = await browser.context.newPage();
    // Without a PDF viewer a browser saves the file, which ends the navigation.
    const [answer] = await Promise.all([
      tab.waitForEvent('response', (response) => response.url() === url),
      tab.goto(url).catch(() => null),
    ]);
    expect([answer.status(), answer.headers()['content-type']]).toEqual([200, 'application/pdf']);
    await tab.close();
  });

  it.each(INCIDENTS)('$id fails, is named with its cure, and is cured', async ({ id, finds, change }) => {
    await page.getByTestId('incident-kind').selectOption(id);
    await page.getByTestId('provoke').click();
    await page
      .getByTestId('incident-note')
      .filter({ hasText: 'Made so on this machine; apply the cure when you have read it.' })
      .waitFor();
    expect(await page.getByTestId('incident').getAttribute('data-state')).toBe('failing');
    expect([await fact('learns'), await fact('finds'), await fact('change')]).toEqual([
      'TypeError: Failed to fetch, and nothing else',
      finds,
      typeof change === 'string' ? change : change(stack.appUrl),
    ]);
    await page.getByTestId('cure').click();
    await page.getByTestId('incident-note').filter({ hasText: 'Cured by' }).waitFor();
    expect([await page.getByTestId('incident').getAttribute('data-state'), await fact('learns')]).toEqual([
      'cured',
      'Status 200, and the file',
    ]);
  });

  it('a page on which axe finds nothing while the edge is wrong mends it when it is closed and opened again', async () => {
    await page.getByTestId('incident-kind').selectOption('wildcard');
    await page.getByTestId('provoke').click();
    await page.locator('#incident[data-state="failing"]').waitFor();
    expect(await axeFindings(page, 'narrow')).toEqual([]);
    await openDemo(page, stack.appUrl);
    await page.getByTestId('try-again').click();
    await page.locator('[data-testid="proof"][data-state="shown"]').waitFor();
    expect(await page.getByTestId('proof').textContent()).toBe(
      '/courses/algebra/images/1.svg opened: status 200.',
    );
  });

  it('nobody but carol decides who may open what', async () => {
    expect(await page.locator('#decisions').isHidden()).toBe(true);
    await signIn(page, 'carol');
    await page.locator('#decisions').waitFor();
    expect(await page.getByTestId('rights').locator('.right-words').allTextContents()).toEqual([
      'Alice may open /courses/algebra',
      'Alice may open /courses/선형 대수',
      'Everyone who signed in may open /users/{user}',
    ]);
  });

  it('axe finds nothing where carol decides', async () => {
    expect(await axeFindings(page, 'dark')).toEqual([]);
  });

  it('what carol gives bob, he may open', async () => {
    await page.getByTestId('right-subject').selectOption('user:bob');
    await page.getByTestId('right-prefix').selectOption('courses/algebra');
    await page.getByTestId('give').click();
    await say('Bob may open /courses/algebra from now on.');
    await signIn(page, 'bob');
    await ask();
    await say('Granted: this browser may open everything below /courses/algebra now.');
    expect(await page.getByTestId('access').textContent()).toBe('open');
  });

  it('what carol takes away he gets no more, and the page says until when he still holds it', async () => {
    await signIn(page, 'carol');
    const row = page.getByTestId('rights').locator('li', { hasText: 'Bob may open /courses/algebra' });
    await row.getByTestId('take').click();
    await say('Bob gets no further access to /courses/algebra.');
    expect(await page.getByTestId('status').textContent()).toMatch(
      /^Bob gets no further access to \/courses\/algebra\. Cookies that were given before open it until \d\d:\d\d:\d\d: keep lifetimes short\.$/,
    );
    await signIn(page, 'bob');
    await ask();
    await say('Bob may open only /users/bob.');
  });

  it('no script of the page failed', () => {
    expect(browser.pageErrors).toEqual([]);
  });
});
