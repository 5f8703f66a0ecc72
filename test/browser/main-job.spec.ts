import { afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { IS_WHOLE } from '../support/whole.js';
import { callApi, fetchFile, readableCookies, showImage, type ApiAnswer } from './in-page.js';
import { attributesOf, grantCookies, grantedPaths } from './jar.js';
import { startAnotherEdge, startEdgeWithClock, startStack, type LocalStack } from './local-stack.js';
import { logNetwork, type NetworkLog } from './network-log.js';
import { addPrivateFile, pictureText } from './private-file.js';
import { openSwitchboard, type Switchboard } from './switchboard.js';
import { argumentsOfTemplate } from './template-edge.js';

const CR_1 = "No 'Access-Control-Allow-Origin' header is present on the requested resource.";
const SIGNED_COOKIES = ['CloudFront-Policy', 'CloudFront-Signature', 'CloudFront-Key-Pair-Id'];
const REFUSED = { error: 'TypeError: Failed to fetch' };

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

/** A stack and a browser, which both distributions share. */
interface Shared {
  readonly stack: LocalStack;
  readonly edge: Switchboard;
  readonly browser: TestBrowser;
  readonly network: NetworkLog;
}

async function startShared(): Promise<Shared> {
  const stack = await startStack();
  const edge = await openSwitchboard(stack.ports.edge);
  const browser = await launchBrowser({
    trustedCaFile: stack.caFile,
    hostResolverRules: `MAP ${new URL(stack.cdnUrl).host} 127.0.0.1:${edge.port}`,
  });
  const network = await logNetwork(browser.context, browser.page);
  // A document of the page's origin that asks for nothing by itself.
  await browser.page.goto(`${stack.appUrl}/config.json`);
  return { stack, edge, browser, network };
}

let started: Promise<Shared> | null = null;

/** @param edgeArguments what stands behind the CDN's address, for `edgepass edge`; null: the edge of the stack */
const mainJob = (edgeArguments: ((stack: LocalStack) => readonly string[]) | null) => () => {
  let stack: LocalStack;
  let edge: Switchboard;
  let browser: TestBrowser;
  let network: NetworkLog;
  let edgePort: number;

  /** Another edge with the same distribution, whose clock is that much ahead. */
  const anotherEdge = (offsetSeconds: number): Promise<number> =>
    edgeArguments === null
      ? startEdgeWithClock(stack.distributionFolder, offsetSeconds)
      : startAnotherEdge(edgeArguments(stack), offsetSeconds);

  beforeAll(async () => {
    started ??= startShared();
    ({ stack, edge, browser, network } = await started);
    edgePort = edgeArguments === null ? stack.ports.edge : await anotherEdge(0);
    edge.leadTo(edgePort);
  });

  beforeEach(async () => {
    await browser.context.clearCookies();
  });

  afterEach(() => edge.leadTo(edgePort));

  /** The address of a new private file below the prefix. */
  const fileBelow = (prefix: string): string =>
    `${stack.cdnUrl}/${addPrivateFile(stack.mediaFolder, prefix)}`;
  const opened = (url: string): object => ({
    status: 200,
    type: 'cors',
    text: pictureText(new URL(url).pathname.slice(1)),
  });
  const signIn = (user: string): Promise<ApiAnswer> =>
    callApi(browser.page, `${stack.apiUrl}/demo/sign-in`, { body: { user } });
  const grant = (prefix: string, ttlSeconds = 900): Promise<ApiAnswer> =>
    callApi(browser.page, `${stack.apiUrl}/grants`, { body: { prefix, ttlSeconds } });
  const clear = (query = ''): Promise<ApiAnswer> =>
    callApi(browser.page, `${stack.apiUrl}/grants${query}`, { method: 'DELETE' });

  it('without access an <img> fails, and a fetch is a TypeError that the console calls CORS though the status is 403 (B77, Cr-1)', async () => {
    const url = fileBelow('courses/algebra');
    expect(await showImage(browser.page, url)).toBe('refused');
    const said = browser.page.waitForEvent('console', (line) => line.text().includes('CORS'));
    expect(await fetchFile(browser.page, url)).toEqual(REFUSED);
    expect((await said).text()).toBe(
      `Access to fetch at '${url}' from origin '${stack.appUrl}' has been blocked by CORS policy: ${CR_1}`,
    );
    expect(await network.ended(url, 2)).toMatchObject([
      { status: 403, corsError: null },
      { status: 403, error: 'net::ERR_FAILED', corsError: 'MissingAllowOriginHeader' },
    ]);
  });

  it('after a grant <img>, fetch with credentials and <img crossorigin="use-credentials"> load from the other host (B32)', async () => {
    await signIn('alice');
    expect(await grant('courses/algebra')).toMatchObject({
      status: 201,
      body: { prefix: 'courses/algebra', resource: `${stack.cdnUrl}/courses/algebra/*` },
    });
    const [plain, fetched, withCredentials] = [1, 2, 3].map(() => fileBelow('courses/algebra'));
    expect(await showImage(browser.page, plain ?? '')).toBe('shown');
    expect(await fetchFile(browser.page, fetched ?? '')).toEqual(opened(fetched ?? ''));
    expect(await showImage(browser.page, withCredentials ?? '', 'use-credentials')).toBe('shown');
  });

  it('a fetch without credentials and an anonymous image carry no cookies, so they stay refused (F1, F41)', async () => {
    await signIn('alice');
    await grant('courses/algebra');
    const [fetched, anonymous] = [1, 2].map(() => fileBelow('courses/algebra'));
    expect(await fetchFile(browser.page, fetched ?? '', { credentials: 'same-origin' })).toEqual(REFUSED);
    expect(await showImage(browser.page, anonymous ?? '', 'anonymous')).toBe('refused');
  });

  // `npm run whole` has the rest over the CDK's template too: test/infra compares what it decides with the template of infra/.
  if (edgeArguments !== null && !IS_WHOLE) return;

  it('a plain <img> first and a fetch of the same address later both work, because the copy that the browser keeps says Vary: Origin (B84, F33)', async () => {
    await signIn('alice');
    await grant('courses/algebra');
    const url = fileBelow('courses/algebra');
    expect(await showImage(browser.page, url)).toBe('shown');
    expect(await fetchFile(browser.page, url)).toEqual(opened(url));
    // The copy is kept indeed: without a cache the two could not meet (B1).
    expect(await fetchFile(browser.page, url)).toEqual(opened(url));
    const requests = await network.ended(url, 3);
    expect(requests.map(({ fromBrowserCache }) => fromBrowserCache)).toEqual([false, false, true]);
  });

  it('a second prefix keeps the first alive, each with cookies of its own Path', async () => {
    await signIn('alice');
    await grant('courses/algebra');
    await grant('users/alice');
    expect(await grantedPaths(browser)).toEqual(['/courses/algebra', '/users/alice']);
    const [first, second] = [fileBelow('courses/algebra'), fileBelow('users/alice')];
    expect(await fetchFile(browser.page, first)).toEqual(opened(first));
    expect(await fetchFile(browser.page, second)).toEqual(opened(second));
  });

  it.each(['courses/geometry', 'courses/algebra2', 'courses'])(
    'a grant of courses/algebra opens nothing below %s, and the browser does not even send the cookies there (B57)',
    async (prefix) => {
      await signIn('alice');
      await grant('courses/algebra');
      const url = fileBelow(prefix);
      expect(await fetchFile(browser.page, url)).toEqual(REFUSED);
      expect(await showImage(browser.page, url)).toBe('refused');
      expect((await network.ended(url, 2)).map(({ sent }) => sent)).toEqual([[], []]);
    },
  );

  it('a prefix that the viewer may not open is refused by the API, readably, and no cookie is set', async () => {
    await signIn('bob');
    expect(await grant('courses/algebra')).toMatchObject({ status: 403, body: { code: 'not_entitled' } });
    expect(await grantCookies(browser)).toEqual([]);
  });

  it('a grant inside a wider live one renews the wider one: one set of cookies, its Path, a later end (B60)', async () => {
    await signIn('alice');
    await grant('courses/algebra', 60);
    const before = await attributesOf(browser, '/courses/algebra');
    expect(await grant('courses/algebra/lesson-1', 900)).toMatchObject({
      status: 201,
      body: { prefix: 'courses/algebra' },
    });
    expect(await grantedPaths(browser)).toEqual(['/courses/algebra']);
    const after = await attributesOf(browser, '/courses/algebra');
    expect(after.expires - before.expires).toBeGreaterThan(800);
    const url = fileBelow('courses/algebra');
    expect(await fetchFile(browser.page, url)).toEqual(opened(url));
  });

  it('a grant above a narrower one clears the narrower cookies (B60)', async () => {
    await signIn('alice');
    await grant('courses/algebra/lesson-1');
    expect(await grantedPaths(browser)).toEqual(['/courses/algebra/lesson-1']);
    await grant('courses/algebra');
    expect(await grantedPaths(browser)).toEqual(['/courses/algebra']);
    const url = fileBelow('courses/algebra/lesson-1');
    expect(await fetchFile(browser.page, url)).toEqual(opened(url));
  });

  it('clearing takes every cookie away, and a file past the cache and a fresh one are refused (B61, B86)', async () => {
    await signIn('alice');
    await grant('courses/algebra');
    await grant('users/alice');
    const url = fileBelow('courses/algebra');
    expect(await fetchFile(browser.page, url)).toEqual(opened(url));
    expect((await clear()).status).toBe(204);
    expect(await grantCookies(browser)).toEqual([]);
    expect((await browser.cookies()).map(({ name }) => name)).toEqual(['edgepass_demo']);
    expect(await fetchFile(browser.page, url, { cache: 'no-store' })).toEqual(REFUSED);
    expect(await showImage(browser.page, fileBelow('courses/algebra'))).toBe('refused');
  });

  it('clearing one prefix leaves the other', async () => {
    await signIn('alice');
    await grant('courses/algebra');
    await grant('users/alice');
    expect((await clear('?prefix=courses/algebra')).status).toBe(204);
    expect(await grantedPaths(browser)).toEqual(['/users/alice']);
    expect(await fetchFile(browser.page, fileBelow('courses/algebra'))).toEqual(REFUSED);
    const url = fileBelow('users/alice');
    expect(await fetchFile(browser.page, url)).toEqual(opened(url));
  });

  it('clearing works without any access token', async () => {
    await signIn('alice');
    await grant('courses/algebra');
    await callApi(browser.page, `${stack.apiUrl}/demo/sign-in`, { method: 'DELETE' });
    expect((await callApi(browser.page, `${stack.apiUrl}/grants`)).status).toBe(401);
    expect((await clear()).status).toBe(204);
    expect(await browser.cookies()).toEqual([]);
  });

  it('a second viewer on the same browser loses what the first one held (F58)', async () => {
    await signIn('alice');
    await grant('courses/algebra');
    await signIn('bob');
    await grant('users/bob');
    expect(await grantedPaths(browser)).toEqual(['/users/bob']);
    expect(await fetchFile(browser.page, fileBelow('courses/algebra'))).toEqual(REFUSED);
    const url = fileBelow('users/bob');
    expect(await fetchFile(browser.page, url)).toEqual(opened(url));
  });

  it('the edge refuses a cookie whose policy has ended, though the browser still holds and sends it (B107)', async () => {
    await signIn('alice');
    await grant('courses/algebra', 60);
    const url = fileBelow('courses/algebra');
    expect(await fetchFile(browser.page, url)).toEqual(opened(url));
    edge.leadTo(await anotherEdge(61));
    expect(await fetchFile(browser.page, url, { cache: 'no-store' })).toEqual(REFUSED);
    const fresh = fileBelow('courses/algebra');
    expect(await showImage(browser.page, fresh)).toBe('refused');
    expect(await network.ended(fresh)).toMatchObject([{ status: 403, sent: SIGNED_COOKIES }]);
    expect(await grantedPaths(browser)).toEqual(['/courses/algebra']);
  });

  it('the jar holds the three cookies with exactly the attributes that are documented, until the policy ends (B42)', async () => {
    await signIn('alice');
    const { body } = await grant('courses/algebra', 300);
    const { expires, ...attributes } = await attributesOf(browser, '/courses/algebra');
    expect(attributes).toEqual({
      domain: '.edgepass.localhost',
      httpOnly: true,
      secure: true,
      session: false,
      sameSite: 'Lax',
    });
    const policyEndsAt = Date.parse((body as { expiresAt: string }).expiresAt) / 1000;
    expect(expires).toBeLessThanOrEqual(policyEndsAt + 1);
    expect(expires).toBeGreaterThanOrEqual(policyEndsAt - 1);
  });

  it('our own cookie is host-only on the API, and a script can read no cookie at all (B10, B70)', async () => {
    await signIn('alice');
    await grant('courses/algebra');
    const held = (await browser.cookies()).find(({ name }) => name.startsWith('__Host-edgepass-held-'));
    expect(held).toMatchObject({
      domain: 'api.edgepass.localhost',
      path: '/',
      httpOnly: true,
      secure: true,
      sameSite: 'Lax',
    });
    expect(held?.value).toMatch(/^1\|\d{10}\|\d{10}\|[\w-]{11}\|edgepass\.localhost\|\|\/courses\/algebra$/);
    expect(await readableCookies(browser.page)).toBe('');
    const url = fileBelow('courses/algebra');
    await fetchFile(browser.page, url);
    expect((await network.ended(url)).map(({ sent }) => sent)).toEqual([SIGNED_COOKIES]);
  });

  it('no Set-Cookie line of all these answers was refused by the browser (B3)', () => {
    expect(browser.evidence.refused).toEqual([]);
  });
};

const HOSTS = 'a page, its API and its CDN on three hosts';
describeWith(['chromium', 'certutil'], `${HOSTS}, with the distribution of npm start`, mainJob(null));
describeWith(
  ['chromium', 'certutil'],
  `${HOSTS}, with the template that @edgepass/cdk synthesises`,
  mainJob(argumentsOfTemplate),
);
