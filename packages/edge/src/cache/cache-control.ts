import { headerOf, type HeaderList } from '../header-list.js';

/** What an origin says of how long its answer may be kept. */
export interface OriginLifetime {
  /** `no-cache`, `no-store` or `private`. */
  readonly mustNotBeReused: boolean;
  /** `no-store` or `private`: not even to be asked about again. */
  readonly mustNotBeStored: boolean;
  /** From `s-maxage`, else `max-age`; null when neither is a number. */
  readonly maxAgeSeconds: number | null;
  /** From `Expires`, relative to now and at least 0; null without that header. */
  readonly expiresInSeconds: number | null;
}

/** Reads `Cache-Control` and `Expires` (R62); a date that is none has passed (RFC 9111 section 5.3). */
export function readOriginLifetime(headers: HeaderList, nowEpochSeconds: number): OriginLifetime {
  const directives = new Map<string, string>();
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== 'cache-control') continue;
    for (const part of value.split(',')) {
      const [directive = '', argument = ''] = part.split('=', 2).map((text) => text.trim());
      directives.set(directive.toLowerCase(), argument);
    }
  }
  const mustNotBeStored = directives.has('no-store') || directives.has('private');
  // With an argument, no-cache is about that header alone.
  const mustAskAgain = directives.get('no-cache') === '';
  const expires = headerOf(headers, 'Expires');
  return {
    mustNotBeStored,
    mustNotBeReused: mustNotBeStored || mustAskAgain,
    maxAgeSeconds: readSeconds(directives.get('s-maxage')) ?? readSeconds(directives.get('max-age')),
    expiresInSeconds: expires === undefined ? null : secondsUntil(expires, nowEpochSeconds),
  };
}

function readSeconds(text: string | undefined): number | null {
  const digits = text?.replaceAll('"', '');
  return digits !== undefined && /^[0-9]{1,10}$/.test(digits) ? Number(digits) : null;
}

function secondsUntil(httpDate: string, nowEpochSeconds: number): number {
  const milliseconds = httpDate.endsWith('GMT') ? Date.parse(httpDate) : Number.NaN;
  return Number.isNaN(milliseconds) ? 0 : Math.max(0, Math.floor(milliseconds / 1000) - nowEpochSeconds);
}
