import type { IncomingHttpHeaders } from 'node:http';

/** What identifies the current version of an object. */
export interface Validators {
  readonly entityTag: string;
  readonly lastModifiedEpochSeconds: number;
}

/** What the conditions of a GET or HEAD ask for, in the order of RFC 9110 section 13.2.2. */
export function evaluatePreconditions(
  headers: IncomingHttpHeaders,
  validators: Validators,
): 'proceed' | 'not-modified' | 'failed' {
  const { lastModifiedEpochSeconds } = validators;
  const ifMatch = headers['if-match'];
  const unmodifiedSince = readHttpDate(headers['if-unmodified-since']);
  if (ifMatch !== undefined) {
    if (!listHolds(ifMatch, validators.entityTag, 'strong')) return 'failed';
  } else if (unmodifiedSince !== null && lastModifiedEpochSeconds > unmodifiedSince) {
    return 'failed';
  }
  const ifNoneMatch = headers['if-none-match'];
  const modifiedSince = readHttpDate(headers['if-modified-since']);
  if (ifNoneMatch !== undefined) {
    if (listHolds(ifNoneMatch, validators.entityTag, 'weak')) return 'not-modified';
  } else if (modifiedSince !== null && lastModifiedEpochSeconds <= modifiedSince) {
    return 'not-modified';
  }
  return 'proceed';
}

/** Says whether a `Range` counts: without `If-Range`, or when that names the current version (E38). */
export function rangeIsCurrent(ifRange: string | undefined, validators: Validators): boolean {
  if (ifRange === undefined) return true;
  const value = ifRange.trim();
  return value.startsWith('"')
    ? value === validators.entityTag
    : readHttpDate(value) === validators.lastModifiedEpochSeconds;
}

/** The date of a `Last-Modified` header. */
export function toHttpDate(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toUTCString();
}

function readHttpDate(text: string | undefined): number | null {
  if (text === undefined || !/^[A-Za-z]/.test(text) || !text.endsWith('GMT')) return null;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? null : Math.floor(milliseconds / 1000);
}

function listHolds(header: string, entityTag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  // Our own tags hold no comma, so a plain split cannot make two tags of ours into one.
  return header.split(',').some((part) => {
    const tag = part.trim();
    return tag === entityTag || (comparison === 'weak' && tag === `W/${entityTag}`);
  });
}
