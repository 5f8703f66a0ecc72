import { deriveCookieDomain } from './cookie-domain.js';
import { deriveCookieKind, transportProblems } from './cookie-kind.js';
import type { CookieAttributesInput, CookieAttributesProblem } from './cookie-attributes-input.js';
import { readHost } from '../host.js';
import type { OwnCookies } from './held-grants.js';
import type { CookieKind, CookiePath } from './set-cookie.js';

export type { CookieAttributesInput, CookieAttributesProblem } from './cookie-attributes-input.js';

/** Where the cookies of this deployment live, and of which kind they are: one kind for all of them. */
export type CookieAttributes = CookieKind & {
  /** `null`: host-only, because API and CDN are one host. */
  readonly domain: string | null;
  readonly pathMode: 'prefix' | 'root';
  /** Of our own cookies, which say what this browser holds. */
  readonly ownCookies: OwnCookies;
};

export type CookieAttributesResult = { readonly warnings: readonly string[] } & (
  { readonly attributes: CookieAttributes } | { readonly problems: readonly CookieAttributesProblem[] }
);

/**
 * Derives from the addresses which attributes a browser needs so that it keeps the cookies and sends them to
 * the distribution; explicit settings are held to the same rules (B5–B31, B42).
 * Gives the attributes, or every reason why this deployment cannot work with the host name that would.
 */
export function deriveCookieAttributes(input: CookieAttributesInput): CookieAttributesResult {
  const api = readHost(new URL(input.publicUrl.origin).hostname);
  const cdn = readHost(new URL(input.cloudFrontUrl).hostname);
  const domain = deriveCookieDomain(api, cdn, input.cookies.domain);
  const canShare = 'domain' in deriveCookieDomain(api, cdn, null);
  // Which app is foreign is a question of hosts that work: asked before, it misleads.
  const kind = canShare ? deriveCookieKind(input) : { problems: transportProblems(input) };
  if ('problem' in domain || 'problems' in kind) {
    const problems = [
      ...('problem' in domain ? [domain.problem] : []),
      ...('problems' in kind ? kind.problems : []),
    ];
    return { problems, warnings: [] };
  }
  const attributes: CookieAttributes = {
    ...kind.kind,
    domain: domain.domain,
    pathMode: input.cookies.path,
    ownCookies: ownCookiesOf(kind.kind, input.publicUrl.basePath),
  };
  return { attributes, warnings: [...domain.warnings, ...kind.warnings] };
}

/** The strongest name prefix that the place allows: a browser takes `__Host-` only with Secure and Path=/. */
function ownCookiesOf(kind: CookieKind, basePath: string): OwnCookies {
  const path: CookiePath = basePath === '' ? '/' : `/${basePath.replace(/^\//, '')}`;
  if (!kind.secure) return { namePrefix: '', path };
  return { namePrefix: path === '/' ? '__Host-' : '__Secure-', path };
}
