import { expect, it } from '@jest/globals';
import { fetchFile } from '../browser/in-page.js';
import { APP, PREFIX } from './addresses.js';
import { blockedLine, corsLineAfter, NO_ALLOW_ORIGIN, PREFLIGHT } from './browser-lines.js';
import { pagesWithCookies } from './policies.js';
import type { Stage } from './stage.js';

/** Incident f: one header too many. */
export function preflight(stage: () => Stage): void {
  it('f. a header of its own makes the browser ask first, and that question carries no cookie; cured by not sending the header (R46)', async () => {
    // All that a distribution can do for a preflight: OPTIONS is allowed, and the policy allows the header.
    const { cdn, app } = await stage().begin(
      {
        allowedMethods: ['HEAD', 'GET', 'OPTIONS'],
        responseHeadersPolicyId: 'pages',
        responseHeadersPolicies: { pages: pagesWithCookies() },
      },
      { browserCache: 'off' },
    );
    const url = cdn.upload(`${PREFIX}/default.png`, 'a picture');
    await stage().grant(app);
    const withHeader = () => fetchFile(app.page, url, { headers: { 'X-Requested-With': 'XMLHttpRequest' } });
    const blocked = blockedLine(url, APP, `${PREFLIGHT}${NO_ALLOW_ORIGIN}`);

    expect(await corsLineAfter(app.page, withHeader)).toBe(blocked);
    expect(await fetchFile(app.page, url)).toEqual({ status: 200, type: 'cors', text: 'a picture' });
    expect(await corsLineAfter(app.page, withHeader)).toBe(blocked);

    const lines = await stage().runCommandOf('f');
    expect(lines[0]).toBe('HTTP/1.1 403 Forbidden');
    expect(lines.filter((line) => line.startsWith('Access-Control-'))).toEqual([]);

    const asked = app.network.requests.filter((request) => request.url === url);
    expect(asked.filter(({ method }) => method === 'OPTIONS')).toMatchObject([
      { status: 403, sent: [] },
      { status: 403, sent: [] },
    ]);
  });
}
