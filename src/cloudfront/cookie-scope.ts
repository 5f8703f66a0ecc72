import type { CookieKind } from './set-cookie.js';

/** Where the cookies of this deployment live, and of which kind they are: one kind for all of them. */
export type CookieScope = CookieKind & {
  /** `null`: host-only, because API and CDN are one host. */
  readonly domain: string | null;
  readonly pathMode: 'prefix' | 'root';
  readonly scopesCookie: { readonly name: string; readonly path: `/${string}` };
};

/** One reason why the start must stop, in the form of the settings' own problems. */
export interface CookieScopeProblem {
  readonly setting: string;
  readonly expected: string;
  readonly found: string;
  readonly todo: string;
}

export interface CookieScopeInput {
  readonly appOrigins: readonly string[];
  readonly publicUrl: { readonly origin: string; readonly basePath: string };
  readonly cloudFrontUrl: string;
  readonly environment: 'production' | 'development' | 'test';
  readonly cookies: {
    readonly domain: string | null;
    readonly sameSite: 'Lax' | 'Strict' | 'None' | null;
    readonly secure: boolean | null;
    readonly partitioned: boolean | null;
    readonly path: 'prefix' | 'root';
  };
}

export type CookieScopeResult =
  | { readonly scope: CookieScope; readonly warnings: readonly string[] }
  | { readonly problems: readonly CookieScopeProblem[]; readonly warnings: readonly string[] };

export function deriveCookieScope(_input: CookieScopeInput): CookieScopeResult {
  throw new Error('being built');
}
