import { expect, it } from '@jest/globals';
import { fetchFile } from '../browser/in-page.js';
import { APP, PREFIX } from './addresses.js';
import { blockedLine, corsLineAfter, nextCorsLine, NO_ALLOW_ORIGIN } from './browser-lines.js';
import { pagesWithCookies } from './policies.js';
import { uploadVideo } from './sample-video.js';
import { beginDownload } from './slow-download.js';
import type { Stage } from './stage.js';
import { openPlayer } from './video-js.js';

/** More than the browser and the sockets between hold of an answer that nobody reads. */
const LARGE_BYTES = 64 * 1024 * 1024;
const TTL_SECONDS = 60;
const SEGMENT_SECONDS = 2;

/** Incident h: access ends while a video plays. */
export function expiredInTheMiddle(stage: () => Stage): void {
  it('h. access ends in the middle of a video: what is arriving arrives, the next Range and the next segment are refused; cured by renewing (R48, F26)', async () => {
    const { cdn, app } = await stage().begin(
      { responseHeadersPolicyId: 'pages', responseHeadersPolicies: { pages: pagesWithCookies() } },
      { browserCache: 'off' },
    );
    const playlist = uploadVideo(cdn);
    const large = cdn.upload(`${PREFIX}/lesson.mov`, Buffer.alloc(LARGE_BYTES));
    const loadRange = () => fetchFile(app.page, large, { headers: { Range: `bytes=${LARGE_BYTES - 10}-` } });
    const lastBytes = { status: 206, type: 'cors', text: '\0'.repeat(10) };

    await stage().grant(app, TTL_SECONDS);
    expect(await loadRange()).toEqual(lastBytes);
    const download = await beginDownload(app.page, large);
    const player = await openPlayer(app.page, playlist);
    expect(await player.playPast(0.2)).toBe('plays');
    const refused = nextCorsLine(app.page, 'segment');
    stage().passTime(TTL_SECONDS);

    // The player shows what it has, and comes no further, however often it asks.
    const [, segment = ''] = /at '(.*segment-[123]\.m4s)' from/.exec(await refused) ?? [];
    const blocked = blockedLine(segment, APP, NO_ALLOW_ORIGIN, 'XMLHttpRequest');
    expect([await refused, await nextCorsLine(app.page, 'segment')]).toEqual([blocked, blocked]);
    expect(await app.network.ended(segment, 2)).toMatchObject([{ status: 403 }, { status: 403 }]);
    const readyUntil = SEGMENT_SECONDS * Number(/segment-(\d)/.exec(segment)?.[1]);
    expect(await player.position()).toBeLessThanOrEqual(readyUntil + 0.1);
    expect(await corsLineAfter(app.page, loadRange, large)).toBe(blockedLine(large, APP, NO_ALLOW_ORIGIN));
    expect((await stage().runCommandOf('h'))[0]).toBe('HTTP/1.1 403 Forbidden');
    // What was asked for before the end arrives whole, however late it is read.
    const stillArriving = Promise.resolve('still arriving');
    expect(await Promise.race([app.network.ended(large, 2), stillArriving])).toBe('still arriving');
    expect(await download.finish()).toBe(LARGE_BYTES);

    await stage().grant(app);
    expect(await loadRange()).toEqual(lastBytes);
    expect(await player.playPast(readyUntil + 0.2)).toBe('plays');
    await player.remove();
  });
}
