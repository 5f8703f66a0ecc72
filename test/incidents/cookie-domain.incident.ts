import { expect, it } from '@jest/globals';
import { callApi, fetchFile } from '../browser/in-page.js';
import { grantCookies } from '../browser/jar.js';
import { runEdgepass } from '../support/processes.js';
import { pemOf, TEST_KEY, TEST_KEY_PAIR_ID } from '../support/api.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { API, API_ON_LOCALHOST, APP, CDN, PREFIX } from './addresses.js';
import { startArticleBackend } from './article-backend.js';
import { documentHolds } from './document.js';
import { blockedLine, corsLineAfter, NO_ALLOW_ORIGIN } from './browser-lines.js';
import { pagesWithCookies } from './policies.js';
import type { Stage } from './stage.js';

const SIGNED_COOKIES = ['CloudFront-Policy', 'CloudFront-Signature', 'CloudFront-Key-Pair-Id'];

/** Incident a, the first half of the first article. */
export function cookieDomain(stage: () => Stage): void {
  it('a. an API on localhost hands out cookies for the parent domain: the browser drops them, the CDN says 403, the console says CORS; cured by the same API on a name below that domain (B18, F3, R59)', async () => {
    const { browser } = stage();
    const { cdn, app } = await stage().begin(
      { responseHeadersPolicyId: 'pages', responseHeadersPolicies: { pages: pagesWithCookies() } },
      { browserCache: 'off' },
    );
    const url = cdn.upload(`${PREFIX}/default.png`, 'a picture');
    const backend = await startArticleBackend(stage().certificates);
    stage().serveApi('localhost', backend);
    stage().serveApi('api', backend);
    const ask = (api: string) => callApi(app.page, `${api}/grants/algebra`, { method: 'POST' });
    const load = () => fetchFile(app.page, url);
    const granted = { status: 201, body: { granted: true } };
    const blocked = blockedLine(url, APP, NO_ALLOW_ORIGIN);

    // To the page all is well.
    expect(await ask(API_ON_LOCALHOST)).toEqual(granted);
    for (const name of SIGNED_COOKIES) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { url: from, reasons } = await browser.evidence.refusedNamed(name);
      expect({ from, reasons }).toEqual({
        from: `${API_ON_LOCALHOST}/grants/algebra`,
        reasons: ['InvalidDomain'],
      });
    }
    expect(await grantCookies(browser)).toEqual([]);
    expect(await corsLineAfter(app.page, load)).toBe(blocked);
    expect(await ask(API_ON_LOCALHOST)).toEqual(granted);
    expect(await corsLineAfter(app.page, load)).toBe(blocked);

    const lines = await stage().runCommandOf('a');
    expect(lines.filter((line) => line.includes('; Domain=.junlog.dev;'))).toHaveLength(3);

    expect(await ask(API)).toEqual(granted);
    expect((await grantCookies(browser)).map(({ name, domain }) => `${name} ${domain}`)).toEqual(
      SIGNED_COOKIES.toSorted().map((name) => `${name} .junlog.dev`),
    );
    expect(await load()).toEqual({ status: 200, type: 'cors', text: 'a picture' });
    expect(await app.network.ended(url, 3)).toMatchObject([
      { status: 403, sent: [], corsError: 'MissingAllowOriginHeader' },
      { status: 403, sent: [] },
      { status: 200, sent: expect.arrayContaining(SIGNED_COOKIES) },
    ]);
  });

  it('a. our API refuses to start on localhost beside that CDN, and says which name it needs', async () => {
    const folder = temporaryFolder('localhost-api');
    const { code, stderr, stdout } = await runEdgepass(['api'], {
      cwd: folder,
      environment: {
        PUBLIC_URL: API_ON_LOCALHOST,
        APP_ORIGINS: APP,
        CLOUDFRONT_DOMAIN: CDN,
        CLOUDFRONT_KEY_PAIR_ID: TEST_KEY_PAIR_ID,
        CLOUDFRONT_PRIVATE_KEY: pemOf(TEST_KEY.privateKey),
        AUTH_SECRET: 'a secret of the incidents, thirty-two bytes or more',
        AUTH_ISSUER: 'https://issuer.example.com',
        AUTH_AUDIENCE: 'media',
        DATABASE_URL: 'sqlite:edgepass.sqlite',
        TRUSTED_PROXIES: '127.0.0.1',
        DATA_DIR: folder,
      },
    });
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'PUBLIC_URL: expected the API and the distribution on one host, or below one domain that is no public suffix; found the API localhost and the distribution dev.cloudfront.junlog.dev: they share no parent domain, so no cookie can reach both; open the API as local.junlog.dev, a name that leads to this machine, and set PUBLIC_URL to it\n',
    });
    expect(documentHolds(stderr.trim())).toBe(true);
  });
}
