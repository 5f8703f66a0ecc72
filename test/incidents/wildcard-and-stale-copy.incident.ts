import { expect, it } from '@jest/globals';
import { fetchFile } from '../browser/in-page.js';
import { APP, PREFIX } from './addresses.js';
import { blockedLine, corsLineAfter, WILDCARD } from './browser-lines.js';
import { BUCKET_CORS_EXACT, CORS_S3_ORIGIN, CORS_WITH_PREFLIGHT } from './policies.js';
import type { Stage } from './stage.js';

/** Incident b, the second half of the first article. */
export function wildcardAndStaleCopy(stage: () => Stage): void {
  it('b. CachingOptimized and CORS-With-Preflight: 200 and *, which credentials forbid; cured by CORS-S3Origin and exact bucket CORS, but not before the invalidation (R66, R84, R85)', async () => {
    const wrong = { responseHeadersPolicyId: CORS_WITH_PREFLIGHT };
    const right = { ...wrong, originRequestPolicyId: CORS_S3_ORIGIN, bucketCors: BUCKET_CORS_EXACT };
    const { cdn, app } = await stage().begin(wrong, { browserCache: 'off' });
    const url = cdn.upload(`${PREFIX}/default.png`, 'a picture');
    await stage().grant(app);
    const load = () => fetchFile(app.page, url);
    const blocked = blockedLine(url, APP, WILDCARD);

    expect(await corsLineAfter(app.page, load)).toBe(blocked);
    cdn.change(right);
    expect(await corsLineAfter(app.page, load)).toBe(blocked);
    expect(await stage().runCommandOf('b')).toEqual(
      expect.arrayContaining(['Access-Control-Allow-Origin: *', 'X-Cache: Hit from cloudfront']),
    );
    await cdn.invalidate('/*');
    expect(await load()).toEqual({ status: 200, type: 'cors', text: 'a picture' });

    const allowed = (origin: string, cache: 'Miss' | 'Hit') => ({
      status: 200,
      headers: { 'access-control-allow-origin': origin, 'x-cache': `${cache} from cloudfront` },
    });
    expect(await app.network.ended(url, 3)).toMatchObject([
      allowed('*', 'Miss'),
      allowed('*', 'Hit'),
      allowed(APP, 'Miss'),
    ]);
    // The other way round: the wildcard alone, without the copy, is enough to break it.
    cdn.change(wrong);
    await cdn.invalidate('/courses/*');
    expect(await corsLineAfter(app.page, load)).toBe(blocked);
  });
}
