import { expect, it } from '@jest/globals';
import { fetchFile } from '../browser/in-page.js';
import { APP, PREFIX } from './addresses.js';
import { blockedLine, corsLineAfter, noCredentials, WILDCARD } from './browser-lines.js';
import { BUCKET_CORS_ANY, CORS_S3_ORIGIN, pagesWithCookies } from './policies.js';
import type { Stage } from './stage.js';

/** Incident g: a response headers policy that is right, and does nothing. */
export function overrideOff(stage: () => Stage): void {
  it('g. with override off any CORS header of the bucket silences the whole policy; cured by override on, with credentials (R76)', async () => {
    const withPolicy = (policy: object) => ({
      responseHeadersPolicyId: 'pages',
      responseHeadersPolicies: { pages: policy },
    });
    const bucket = { originRequestPolicyId: CORS_S3_ORIGIN, bucketCors: BUCKET_CORS_ANY };
    const policy = { originOverride: false };
    const { cdn, app } = await stage().begin(
      { ...bucket, ...withPolicy(pagesWithCookies(policy)) },
      { browserCache: 'off' },
    );
    const url = cdn.upload(`${PREFIX}/default.png`, 'a picture');
    await stage().grant(app);
    const load = () => fetchFile(app.page, url);

    expect(await corsLineAfter(app.page, load)).toBe(blockedLine(url, APP, WILDCARD));
    const [refused] = await app.network.ended(url);
    expect(refused?.status).toBe(200);
    expect(refused?.headers?.['access-control-allow-origin']).toBe('*');
    expect(refused?.headers).not.toHaveProperty('access-control-allow-credentials');

    const lines = await stage().runCommandOf('g');
    expect(lines).toContain('Access-Control-Allow-Origin: *');
    expect(lines.filter((line) => line.startsWith('Access-Control-Allow-Credentials'))).toEqual([]);

    // Half of the cure: the policy speaks now, but it does not allow credentials.
    cdn.change({ ...bucket, ...withPolicy(pagesWithCookies({ credentials: false })) });
    expect(await corsLineAfter(app.page, load)).toBe(blockedLine(url, APP, noCredentials('')));

    cdn.change({ ...bucket, ...withPolicy(pagesWithCookies()) });
    expect(await load()).toEqual({ status: 200, type: 'cors', text: 'a picture' });

    // The same policy without override works as long as the bucket is silent: it was the bucket's `*`.
    cdn.change(withPolicy(pagesWithCookies(policy)));
    await cdn.invalidate('/*');
    expect(await load()).toEqual({ status: 200, type: 'cors', text: 'a picture' });
    cdn.change({ ...bucket, ...withPolicy(pagesWithCookies(policy)) });
    await cdn.invalidate('/courses/*');
    expect(await corsLineAfter(app.page, load)).toBe(blockedLine(url, APP, WILDCARD));
  });
}
