import { parseEnv } from 'node:util';
import { isSameSite, sharedCookieDomain } from '../browser/site.js';
import { bareLoad, type Evidence, type Load } from './evidence.js';

/** What an edgepass configuration says, as far as cookies and the CDN are concerned. */
export interface SettingsResult {
  readonly evidence: Partial<Evidence>;
  readonly keyPairId: string | null;
}

/**
 * Reads settings of edgepass (docs/settings.md) and works out the cookies that its API would set for each page. What
 * start-up refuses, `edgepass api --check` says in full; here it becomes the same facts as any other backend's answers.
 *
 * @param text lines NAME=VALUE, as in .env
 * @returns null when neither the API nor the CDN is named
 */
export function readSettings(text: string): SettingsResult | null {
  const values = parseEnv(text);
  const api = addressOf(values['PUBLIC_URL']);
  const cdn = addressOf(values['CLOUDFRONT_DOMAIN']);
  if (api === null || cdn === null) return null;
  const pages = (values['APP_ORIGINS'] ?? '')
    .split(',')
    .map((page) => page.trim())
    .filter((page) => URL.canParse(page));
  const isOneHost = api.hostname === cdn.hostname;
  const shared = isOneHost ? null : sharedCookieDomain(api.hostname, cdn.hostname);
  const isCrossSite = pages.some(
    (page) => !isSameSite(page, api.href, true) || !isSameSite(page, cdn.href, true),
  );
  const sameSite = values['COOKIE_SAME_SITE'] ?? (isCrossSite ? 'None' : 'Lax');
  const isSecure = (values['COOKIE_SECURE'] ?? 'true') !== 'false';
  const isPartitioned = (values['COOKIE_PARTITIONED'] ?? (isCrossSite ? 'true' : 'false')) === 'true';
  const domain = values['COOKIE_DOMAIN'] ?? shared ?? (isOneHost ? null : cdn.hostname);
  const attributes = [
    ...(domain === null ? [] : [`Domain=${domain}`]),
    'Path=/folder',
    ...(isSecure ? ['Secure'] : []),
    'HttpOnly',
    `SameSite=${sameSite}`,
    ...(isPartitioned ? ['Partitioned'] : []),
  ].join('; ');
  const loads = pages.map((page): Load => ({
    ...bareLoad(
      'settings',
      `the settings, for the page ${page}`,
      new URL('grants', `${api.href.replace(/\/$/, '')}/`).href,
    ),
    method: 'POST',
    page,
    mode: 'cors',
    dest: 'empty',
    status: 201,
    headers: [
      ...['CloudFront-Policy', 'CloudFront-Signature', 'CloudFront-Key-Pair-Id'].map(
        (name) => ['Set-Cookie', `${name}=settings; ${attributes}`] as const,
      ),
      ['Access-Control-Allow-Origin', page],
      ['Access-Control-Allow-Credentials', 'true'],
    ],
    failed: false,
  }));
  return {
    evidence: { target: cdn.href, loads, sources: ['settings'] },
    keyPairId: values['CLOUDFRONT_KEY_PAIR_ID'] ?? null,
  };
}

function addressOf(text: string | undefined): URL | null {
  if (text === undefined || text === '') return null;
  const full = text.includes('://') ? text : `https://${text}`;
  return URL.canParse(full) ? new URL(full) : null;
}
