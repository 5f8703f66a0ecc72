import { expect, it } from '@jest/globals';
import { fetchFile } from '../browser/in-page.js';
import { APP, PREFIX, SECOND_APP } from './addresses.js';
import { blockedLine, corsLineAfter, otherOrigin } from './browser-lines.js';
import {
  BUCKET_CORS_BOTH_APPS,
  CORS_S3_ORIGIN,
  CORS_WITH_PREFLIGHT,
  ORIGIN_IN_THE_KEY,
  pagesWithCookies,
} from './policies.js';
import type { OpenPage, Stage } from './stage.js';

/** Incident d: what the cure of incident b does as soon as a second app reads the same bucket. */
export function otherAppsCopy(stage: () => Stage): void {
  it('d. the copy that was fetched for one app is served to another; cured by a response headers policy with exact origins, or by Origin in the cache key (R85, R90, R91)', async () => {
    const wrong = {
      responseHeadersPolicyId: CORS_WITH_PREFLIGHT,
      originRequestPolicyId: CORS_S3_ORIGIN,
      bucketCors: BUCKET_CORS_BOTH_APPS,
    };
    const { cdn, app } = await stage().begin(wrong, { browserCache: 'off' });
    const url = cdn.upload(`${PREFIX}/default.png`, 'a picture');
    await stage().grant(app);
    const second = await stage().openPage(SECOND_APP, { browserCache: 'off' });
    const load = ({ page }: OpenPage) => fetchFile(page, url);
    const opened = { status: 200, type: 'cors', text: 'a picture' };
    const blockedInSecond = blockedLine(url, SECOND_APP, otherOrigin(APP));

    expect(await load(app)).toEqual(opened);
    expect(await corsLineAfter(second.page, () => load(second))).toBe(blockedInSecond);
    expect(await second.network.ended(url)).toMatchObject([
      {
        status: 200,
        fromBrowserCache: false,
        headers: { 'access-control-allow-origin': APP, 'x-cache': 'Hit from cloudfront' },
      },
    ]);
    expect(await stage().runCommandOf('d')).toEqual(
      expect.arrayContaining([`Access-Control-Allow-Origin: ${APP}`, 'X-Cache: Hit from cloudfront']),
    );
    // An invalidation cures nothing here: it only lets the other app be the first.
    await cdn.invalidate('/*');
    expect(await load(second)).toEqual(opened);
    expect(await corsLineAfter(app.page, () => load(app))).toBe(
      blockedLine(url, APP, otherOrigin(SECOND_APP)),
    );

    // R90, over the copy as it lies there.
    cdn.change({
      responseHeadersPolicyId: 'pages',
      responseHeadersPolicies: { pages: pagesWithCookies() },
    });
    expect([await load(app), await load(second)]).toEqual([opened, opened]);
    expect((await app.network.ended(url, 3)).at(-1)?.headers?.['x-cache']).toBe('Hit from cloudfront');

    cdn.change(wrong);
    expect(await corsLineAfter(app.page, () => load(app))).toBe(
      blockedLine(url, APP, otherOrigin(SECOND_APP)),
    );
    // R91: with another key the copy is not found any more.
    cdn.change({
      cachePolicyId: 'by-origin',
      cachePolicies: { 'by-origin': ORIGIN_IN_THE_KEY },
      bucketCors: BUCKET_CORS_BOTH_APPS,
    });
    expect([await load(app), await load(second)]).toEqual([opened, opened]);
    expect([await load(app), await load(second)]).toEqual([opened, opened]);
    const cacheOf = async (opened: OpenPage, count: number) =>
      (await opened.network.ended(url, count)).slice(-2).map(({ headers }) => headers?.['x-cache']);
    expect(await cacheOf(app, 6)).toEqual(['Miss from cloudfront', 'Hit from cloudfront']);
    expect(await cacheOf(second, 5)).toEqual(['Miss from cloudfront', 'Hit from cloudfront']);
  });
}
