import { deriveCookieDomain } from './cookie-domain.js';
import { deriveCookieKind, transportFaults, type CookieAttributesInput } from './cookie-kind.js';
import type { CloudFrontFault } from '../fault.js';
import { readHost } from '../host.js';
import type { OwnCookies } from './held-grants.js';
import type { CookieKind, CookiePath } from './cookie-kind.js';

export type { CookieAttributesInput } from './cookie-kind.js';

/** Where the cookies of this deployment live, and of which kind they are: one kind for all of them. */
export type CookieAttributes = CookieKind & {
  /** `null`: host-only, because API and CDN are one host. */
  readonly domain: string | null;
  readonly pathMode: 'prefix' | 'root';
  /** Of our own cookies, which say what this browser holds. */
  readonly ownCookies: OwnCookies;
};

export type CookieAttributesResult = { readonly warnings: readonly string[] } & (
  | { readonly attributes: CookieAttributes }
  | { readonly faults: readonly CloudFrontFault[] }
);

/**
 * Derives from the addresses which attributes a browser needs so that it keeps the cookies and sends them to
 * the distribution; explicit settings are held to the same rules (B5–B31, B42).
 * Gives the attributes, or every reason why this deployment cannot work with the host name that would.
 */
export function deriveCookieAttributes(input: CookieAttributesInput): CookieAttributesResult {
  const hosts = {
    api: readHost(new URL(input.publicUrl.origin).hostname),
    cdn: readHost(new URL(input.cloudFrontUrl).hostname),
    names: input.names,
  };
  const domain = deriveCookieDomain(hosts, input.cookies.domain);
  const canShare = 'domain' in deriveCookieDomain(hosts, null);
  // Which app is foreign is a question of hosts that work: asked before, it misleads.
  const kind = canShare ? deriveCookieKind(input) : { faults: transportFaults(input) };
  if ('fault' in domain || 'faults' in kind) {
    const faults = [...('fault' in domain ? [domain.fault] : []), ...('faults' in kind ? kind.faults : [])];
    return { faults, warnings: [] };
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
