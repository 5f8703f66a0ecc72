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
