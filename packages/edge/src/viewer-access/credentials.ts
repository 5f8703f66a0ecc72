import type { Switches } from '../distribution/switches.js';

/** The parameters that make a request a signed-URL request (R41). */
const RESERVED_PARAMETERS = ['Expires', 'Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'] as const;

type CredentialName = (typeof RESERVED_PARAMETERS)[number];

/** Whether the policy came in a cookie or in the query of a signed URL. */
export type CredentialCarrier = 'cookie' | 'url';

/** What the viewer presents, undecoded. An empty value counts as absent (R51). */
export interface Credentials {
  readonly carrier: CredentialCarrier;
  readonly keyPairId: string | null;
  readonly signature: string | null;
  readonly policy: string | null;
  readonly expires: string | null;
  readonly hashAlgorithm: string | null;
  /** Names that came more than once: which one CloudFront reads is not documented (R44). */
  readonly duplicates: readonly string[];
}

/** One `name=value` of a query or of the `Cookie` header, in the order received. */
interface Pair {
  readonly name: string;
  readonly value: string;
}

/** Says whether the query makes this a signed-URL request, whatever the cookies say (R41, R42). */
export function isSignedUrl(query: string | null): boolean {
  return query !== null && queryPairs(query).some(({ name }) => isReserved(name));
}

/** Takes what the viewer presents: from the query of a signed URL, else from the cookies (R1, R2). */
export function readCredentials(
  query: string | null,
  cookieHeader: string | undefined,
  switches: Pick<Switches, 'duplicateCookies'>,
): Credentials {
  const isUrl = query !== null && isSignedUrl(query);
  const pairs = isUrl ? queryPairs(query) : cookiePairs(cookieHeader ?? '');
  const prefix = isUrl ? '' : 'CloudFront-';
  const duplicates: string[] = [];
  const read = (name: CredentialName): string | null => {
    const values = pairs.filter((pair) => pair.name === `${prefix}${name}`).map(({ value }) => value);
    if (values.length > 1) duplicates.push(`${prefix}${name}`);
    const chosen = switches.duplicateCookies === 'last' && !isUrl ? values.at(-1) : values[0];
    return chosen === undefined || chosen === '' ? null : chosen;
  };
  return {
    carrier: isUrl ? 'url' : 'cookie',
    keyPairId: read('Key-Pair-Id'),
    signature: read('Signature'),
    policy: read('Policy'),
    expires: read('Expires'),
    hashAlgorithm: read('Hash-Algorithm'),
    duplicates,
  };
}

/**
 * The query without the signing parameters, as the policy and the origin see it (R9, R21, R49). AWS names four
 * of them; `Hash-Algorithm` is taken out with them, since it says something about the signature alone.
 */
export function withoutReservedParameters(query: string | null): string | null {
  if (query === null || !isSignedUrl(query)) return query;
  const rest = query.split('&').filter((part) => !isReserved(toPair(part).name));
  return rest.length === 0 ? null : rest.join('&');
}

function isReserved(name: string): boolean {
  return (RESERVED_PARAMETERS as readonly string[]).includes(name);
}

function queryPairs(query: string): Pair[] {
  return query.split('&').map(toPair);
}

/** Names are case-sensitive (R6), values are taken as they came. */
function cookiePairs(header: string): Pair[] {
  return header.split(';').map((part) => toPair(trimBlanks(part)));
}

function toPair(text: string): Pair {
  const equals = text.indexOf('=');
  return equals === -1
    ? { name: text, value: '' }
    : { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && (text[start] === ' ' || text[start] === '\t')) start += 1;
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return text.slice(start, end);
}

/**
 * Decodes a value of CloudFront's own base64: `-`, `_`, `~` in the place of `+`, `=`, `/` (R4).
 * Null for anything else, ordinary base64 and blanks included. Missing padding is taken: what CloudFront does
 * is not documented, and nothing is ambiguous without it (R5).
 */
export function decodeCloudFrontBase64(value: string): Buffer | null {
  let end = value.length;
  while (end > 0 && value.length - end < 2 && value[end - 1] === '_') end -= 1;
  for (let index = 0; index < end; index += 1) {
    if (!isAlphabet(value.charCodeAt(index))) return null;
  }
  const padding = value.length - end;
  if (end === 0 || end % 4 === 1) return null;
  if (padding > 0 && value.length % 4 !== 0) return null;
  const ordinary = value.slice(0, end).replaceAll('-', '+').replaceAll('~', '/');
  return Buffer.from(ordinary, 'base64');
}

/** `A–Z a–z 0–9 - ~`. */
function isAlphabet(code: number): boolean {
  return (
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x7e
  );
}
