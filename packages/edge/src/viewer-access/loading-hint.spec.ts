import { describe, expect, it } from '@jest/globals';
import { loadingHint } from './loading-hint.js';

const MISSING = 'key-pair-id-missing';
const sent = (mode: string, dest: string, more: Record<string, string> = {}) => ({
  method: 'GET',
  headers: { 'sec-fetch-mode': mode, 'sec-fetch-dest': dest, 'sec-fetch-site': 'same-site', ...more },
});

describe('what a refused request tells', () => {
  it.each([
    [
      'a font',
      sent('cors', 'font'),
      'a font, asked in CORS mode without credentials: docs/doctor/cookies-sent.md#font',
    ],
    [
      'an image with crossorigin',
      sent('cors', 'image'),
      'image with crossorigin and without credentials: docs/doctor/cookies-sent.md#crossorigin-anonymous',
    ],
    [
      'a track',
      sent('cors', 'track'),
      'a track of a video without crossorigin="use-credentials": docs/doctor/cookies-sent.md#track-without-crossorigin',
    ],
    [
      'a module',
      sent('cors', 'script'),
      'a module, or a script with crossorigin, without credentials: docs/loading/scripts.md#scripts-and-modules',
    ],
    [
      'a manifest',
      sent('cors', 'manifest'),
      'a manifest without crossorigin="use-credentials": docs/loading/scripts.md#preloads-and-the-manifest',
    ],
    [
      'fetch',
      sent('cors', 'empty'),
      'fetch without credentials, or no grant in this browser: docs/doctor/cookies-sent.md#request-without-credentials',
    ],
    [
      'fetch in no-cors mode',
      sent('no-cors', 'empty'),
      'fetch in no-cors mode: docs/doctor/cookies-sent.md#no-cors-fetch',
    ],
    [
      'a sandboxed frame',
      sent('no-cors', 'image', { origin: 'null', 'sec-fetch-site': 'cross-site' }),
      'from a sandboxed frame, or redirected by another origin: docs/doctor/cookies-sent.md#sandboxed-frame',
    ],
    [
      'another site',
      sent('no-cors', 'image', { 'sec-fetch-site': 'cross-site' }),
      'from a page of another site: docs/doctor/cookies-set.md#samesite-on-another-site',
    ],
    [
      'a plain image',
      sent('no-cors', 'image'),
      'no cookie for this address in this browser: ask for a grant, or look at its Path',
    ],
    ['curl', { method: 'GET', headers: {} }, null],
    [
      'a preflight',
      { method: 'OPTIONS', headers: { 'access-control-request-method': 'GET' } },
      'a preflight, which never carries cookies: docs/doctor/cors.md#preflight-refused',
    ],
  ])('by the headers of %s', (_what, request, hint) => {
    expect(loadingHint(request, MISSING)).toBe(hint);
  });

  it('by cookies that cover another folder', () => {
    expect(loadingHint(sent('cors', 'empty'), 'resource-does-not-cover-url')).toBe(
      'the cookies of another folder came',
    );
  });

  it('is nothing where another reason says it all', () => {
    expect(loadingHint(sent('cors', 'font'), 'expired')).toBeNull();
  });
});
