import { describe, expect, it } from '@jest/globals';
import { hlsConfig, videoJsOptions } from '../../packages/client/src/index.js';

const retry = hlsConfig().fragLoadPolicy.default.errorRetry;
const asked = (code: number | undefined, count: number, own = false): boolean =>
  retry.shouldRetry(retry, count, false, code === undefined ? undefined : { code }, own);

describe('player settings', () => {
  it('make hls.js send cookies with every request (B96)', () => {
    const xhr = { withCredentials: false };
    hlsConfig().xhrSetup(xhr);
    expect(xhr.withCredentials).toBe(true);
  });

  it.each([
    ['status 0, a refusal without CORS headers (B97)', 0],
    ['status 403, a refusal with CORS headers (B97)', 403],
  ])('make hls.js ask again after %s, six times', (_name, code) => {
    expect([0, 5, 6].map((count) => asked(code, count))).toEqual([true, true, false]);
  });

  it('leave every other failure to hls.js itself', () => {
    expect([asked(404, 0), asked(undefined, 0), asked(500, 0, true)]).toEqual([false, false, true]);
  });

  it('make video.js send cookies through VHS, without a crossorigin attribute (B96, B99)', () => {
    expect(videoJsOptions()).toEqual({ html5: { vhs: { withCredentials: true } } });
  });
});
