import { expect, it } from '@jest/globals';
import { fetchFile, showImage } from '../browser/in-page.js';
import { pictureText } from '../browser/private-file.js';
import { APP, PREFIX } from './addresses.js';
import { blockedLine, corsLineAfter, NO_ALLOW_ORIGIN } from './browser-lines.js';
import { pagesWithCookies } from './policies.js';
import type { Stage } from './stage.js';

/** Incident e: everything is right at the CDN, and the browser does not ask it. */
export function browserCopy(stage: () => Stage): void {
  it('e. a plain <img> leaves a copy without CORS headers in the browser, and a later fetch gets that one; cured by Vary: Origin (B84, F33)', async () => {
    const key = `${PREFIX}/default.svg`;
    const settings = (vary: boolean) => ({
      cacheControl: 'private, max-age=3600',
      responseHeadersPolicyId: 'pages',
      responseHeadersPolicies: { pages: pagesWithCookies({ vary }) },
    });
    const { cdn, app } = await stage().begin(settings(false), { browserCache: 'on' });
    const url = cdn.upload(key, pictureText(key));
    await stage().grant(app);
    const load = () => fetchFile(app.page, url);
    const opened = { status: 200, type: 'cors', text: pictureText(key) };
    let looks = 0;
    /** Whether each request for the picture left the browser: certain once a later one has been answered. */
    const leftBrowser = async (): Promise<readonly boolean[]> => {
      looks += 1;
      const later = cdn.upload(`${PREFIX}/later-${looks}.txt`, '');
      await fetchFile(app.page, later);
      await app.network.ended(later);
      return app.network.requests.filter((one) => one.url === url).map(({ sent }) => sent !== null);
    };
    const blocked = blockedLine(url, APP, NO_ALLOW_ORIGIN);

    expect(await showImage(app.page, url)).toBe('shown');
    expect(await corsLineAfter(app.page, load)).toBe(blocked);
    // The CDN was not even asked.
    expect(await leftBrowser()).toEqual([true, false]);

    const lines = await stage().runCommandOf('e');
    expect(lines).toContain(`Access-Control-Allow-Origin: ${APP}`);
    expect(lines.filter((line) => line.startsWith('Vary:'))).toEqual([]);

    // Nothing that is done at the CDN reaches the copy in this browser.
    cdn.change(settings(true));
    await cdn.invalidate('/*');
    expect(await corsLineAfter(app.page, load)).toBe(blocked);

    // Who comes for the first time after the cure is spared, and still has the file kept.
    await app.emptyBrowserCache();
    expect(await showImage(app.page, url)).toBe('shown');
    expect([await load(), await load()]).toEqual([opened, opened]);
    expect(await stage().runCommandOf('e')).toContain('Vary: Origin');
    expect(await leftBrowser()).toEqual([true, false, false, true, true, false]);

    // Without the <img> the distribution without Vary works too: the order makes the incident (B85).
    cdn.change(settings(false));
    await app.emptyBrowserCache();
    expect(await load()).toEqual(opened);
    await app.emptyBrowserCache();
    await showImage(app.page, url);
    expect(await corsLineAfter(app.page, load)).toBe(blocked);
    expect(await fetchFile(app.page, url, { cache: 'reload' })).toEqual(opened);
  });
}
