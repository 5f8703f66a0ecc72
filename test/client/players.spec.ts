import { describe, expect, it } from '@jest/globals';
import { hlsConfig, videoJsOptions } from '../../packages/client/src/index.js';

const retry = hlsConfig().fragLoadPolicy.default.errorRetry;
const asked = (code: number | undefined, count: number, own = false): boolean =>
  retry.shouldRetry(retry, count, false, code === undefined ? undefined : { code }, own);

describe('player settings', () => {
  const withCookies = (url: string, cdn?: string): boolean => {
    const xhr = { withCredentials: false };
    hlsConfig(cdn === undefined ? {} : { cdn }).xhrSetup(xhr, url);
    return xhr.withCredentials;
  };

  it.each([
    ['https://cdn.example.com/a/index.m3u8', true],
    ['https://cdn.example.com:443/a/index.m3u8', true],
    ['https://cdn.example.com:8443/a/index.m3u8', false],
    ['https://clips.example.net/clip.m3u8', false],
    ['https://cdn.example.com.example.net/clip.m3u8', false],
  ])('make hls.js send cookies to the CDN alone: %s → %s', (url, sent) => {
    expect(withCookies(url, 'https://cdn.example.com/a')).toBe(sent);
  });

  it('make hls.js send cookies with every request where no CDN is named (B96)', () => {
    expect(withCookies('https://clips.example.net/clip.m3u8')).toBe(true);
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

  it('make video.js send cookies through VHS, and with text tracks and native playback (B96, B99)', () => {
    expect(videoJsOptions()).toEqual({
      crossOrigin: 'use-credentials',
      html5: { vhs: { withCredentials: true } },
    });
  });
});
