import type { Response } from 'supertest';

/** The raw `Set-Cookie` lines of an answer, in order. */
export function setCookieLines(response: Response): readonly string[] {
  const lines: unknown = response.headers['set-cookie'];
  return Array.isArray(lines) ? (lines as string[]) : [];
}

/** One `Set-Cookie` line taken apart: its value, and its attributes as written. */
export interface ReadCookie {
  readonly name: string;
  readonly value: string;
  readonly attributes: string;
}

export function readCookies(response: Response): readonly ReadCookie[] {
  return setCookieLines(response).map((line) => {
    const [pair = '', ...attributes] = line.split('; ');
    const at = pair.indexOf('=');
    return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes: attributes.join('; ') };
  });
}

/** The value that an answer gives a cookie; throws when it does not set it. */
export function cookieValue(response: Response, name: string): string {
  const found = readCookies(response).find((cookie) => cookie.name === name && cookie.value !== '');
  if (!found) throw new Error(`expected a cookie ${name}, found ${setCookieLines(response).length} lines`);
  return found.value;
}

/** The Cookie header of a browser that kept the named cookies of an answer. */
export function cookieHeader(response: Response, ...names: readonly string[]): string {
  return names.map((name) => `${name}=${cookieValue(response, name)}`).join('; ');
}

/** The bytes behind a CloudFront value: base64 with `+ = /` written as `- _ ~` (R4). */
export function decodeCloudFront(value: string): Buffer {
  return Buffer.from(value.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');
}

const HELD = /^(?:__Host-|__Secure-)?edgepass-held-/;

/** The Cookie header of a browser that read these answers in that order: our own cookies of held grants. */
export function heldHeader(...responses: readonly Response[]): string {
  const jar = new Map<string, string>();
  for (const { name, value } of responses.flatMap((response) => readCookies(response))) {
    if (!HELD.test(name)) continue;
    if (value === '') jar.delete(name);
    else jar.set(name, value);
  }
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

/** The Paths of the grants that such a Cookie header speaks of. */
export function heldPaths(header: string): readonly string[] {
  const pairs = header === '' ? [] : header.split('; ');
  return pairs.map((pair) => pair.slice(pair.lastIndexOf('|') + 1)).toSorted();
}
