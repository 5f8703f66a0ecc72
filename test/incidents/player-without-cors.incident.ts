import { expect, it } from '@jest/globals';
import { APP } from './addresses.js';
import { blockedLine, BY_XHR, corsLineAfter, NO_ALLOW_ORIGIN, WILDCARD } from './browser-lines.js';
import { BUCKET_CORS_ANY, BUCKET_CORS_EXACT, CORS_S3_ORIGIN } from './policies.js';
import type { Stage } from './stage.js';
import { uploadVideo } from './sample-video.js';
import { openPlayer } from './video-js.js';

/** Incident c, the second article, with files that need cookies. */
export function playerWithoutCors(stage: () => Stage): void {
  it('c. HLS in video.js from a bucket without CORS; cured by bucket CORS that reaches the viewer: Origin forwarded, exact, and the old copies gone (R84, R94, R95)', async () => {
    const { cdn, app } = await stage().begin({}, { browserCache: 'off' });
    const url = uploadVideo(cdn);
    await stage().grant(app);
    const play = async () => {
      const player = await openPlayer(app.page, url);
      const outcome = await player.playPast(0.2);
      await player.remove();
      return outcome;
    };
    const blocked = (reason: string) => blockedLine(url, APP, reason, 'XMLHttpRequest');

    expect(await corsLineAfter(app.page, play)).toBe(blocked(NO_ALLOW_ORIGIN));
    // The player itself names no cause.
    expect(await play()).toEqual({ error: expect.not.stringContaining('CORS') });
    expect((await app.network.ended(url))[0]).toMatchObject({ status: 200 });

    const lines = await stage().runCommandOf('c');
    expect(lines[0]).toBe('HTTP/1.1 200 OK');
    expect(lines.filter((line) => line.startsWith('Access-Control-'))).toEqual([]);

    // The article's rule alone: S3 never learns of the page, so it says nothing.
    cdn.change({ bucketCors: BUCKET_CORS_ANY });
    await cdn.invalidate('/*');
    expect(await corsLineAfter(app.page, play)).toBe(blocked(NO_ALLOW_ORIGIN));
    // With it, S3 answers with the article's `*`, which is not for cookies.
    cdn.change({ bucketCors: BUCKET_CORS_ANY, originRequestPolicyId: CORS_S3_ORIGIN });
    await cdn.invalidate('/courses/*');
    expect(await corsLineAfter(app.page, play)).toBe(blocked(`${WILDCARD}${BY_XHR}`));

    cdn.change({ bucketCors: BUCKET_CORS_EXACT, originRequestPolicyId: CORS_S3_ORIGIN });
    expect(await corsLineAfter(app.page, play)).toBe(blocked(`${WILDCARD}${BY_XHR}`));
    await cdn.invalidate('/courses/algebra/*');
    expect(await play()).toBe('plays');
  });
}
