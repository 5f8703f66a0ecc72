import type { Random } from '../random.js';
import type { Schema } from '../../support/open-api.js';

/** Stands in everything hostile: a refusal that holds it repeats its input. */
export const MARKER = 'fz7c1d9e';

/** Values that the service takes, by the name of a member; any other member is filled from its schema. */
const TAKEN: Readonly<Record<string, readonly unknown[]>> = {
  prefix: ['open', 'open/a', 'open/b', 'courses/algebra', 'courses', 'users/v1', '/', 'a/b/c/d'],
  ttlSeconds: [60, 900, 3600],
  subject: ['everyone', 'user:v1', 'user:v2', 'group:class', 'user:é', 'group:admins'],
  startsAt: ['2026-01-01T00:00:00Z'],
  endsAt: ['2999-01-01T00:00:00Z', '2999-01-01T00:00:00+02:00'],
  limit: ['1', '2', '200'],
  cursor: [Buffer.from('019aa0c0-7b1e-7cc0-b6f5-6d2f0f4a9d10').toString('base64url')],
  path: ['open/file.mp4', 'courses/algebra/1.mp4'],
  url: [
    '/open/file.mp4',
    '/open/a/b/c.m4s?x=1&y=',
    '/open/%C3%A9%20%2B.svg',
    '/courses/algebra/1.mp4',
    '/courses/algebra/',
    '/users/v1/a.jpg',
    '/private/a/index.m3u8',
    '/',
  ].map((path) => `https://cdn.media.example.com${path}`),
};

const HOSTILE_TEXTS = [
  '', ' ', '/', '//', '..', 'a/../b', '/a', 'a/', '*', 'a?', 'a\\b', '%2e%2e', 'a%00', '\u0000', 'a\r\nSet-Cookie: x=1', '\ufeff',
  'é', 'e\u0301', '．．', '😀', '\ud800', '{user}', 'users/{user}', '{user}/{user}', '__proto__', 'constructor', 'a"b', "a' OR '1'='1",
  '; DROP TABLE grants', '<script>', '${jndi:ldap://x}', 'user:', 'group:', 'everyone ', 'user:\u0000', 'null', 'true', '1e3', '-1',
  '9999999999999999999', '2026-02-30T00:00:00Z', '2026-01-01', '9999-12-31T23:59:60Z', '0000-00-00T00:00:00Z',
  'https://cdn.media.example.com@evil.example/', 'x'.repeat(512), 'x'.repeat(513), 'x/'.repeat(20), 'x'.repeat(9000),
] as const; // oxfmt-ignore

const HOSTILE_VALUES: readonly unknown[] = [
  null, true, false, 0, -0, -1, 59, 60, 61, 3600, 3601, 0.5, 1e21, 2 ** 53, -(2 ** 63), [], [[]], ['open'], {}, { a: { b: {} } },
]; // oxfmt-ignore

/** A text that should be refused, or is at the edge of it. */
export function hostileText(random: Random): string {
  const { pick, chance, below } = random;
  if (chance(0.2)) return Array.from({ length: below(30) }, () => String.fromCharCode(below(0x250))).join('');
  if (chance(0.2)) return `open/${pick(HOSTILE_TEXTS)}`;
  return chance(0.5) ? `${pick(HOSTILE_TEXTS)}${MARKER}` : pick(HOSTILE_TEXTS);
}

/** A value of any type that should be refused, or is at the edge of it. */
export function hostileValue(random: Random): unknown {
  return random.chance(0.6) ? hostileText(random) : random.pick(HOSTILE_VALUES);
}

/** What the document and the rules of the members allow. */
export function takenValue(name: string, schema: Schema, random: Random): unknown {
  const known = TAKEN[name];
  if (known !== undefined) return random.pick(known);
  if (schema.example !== undefined) return schema.example;
  return { integer: 1, number: 1, boolean: true, array: [], object: {} }[schema.type ?? ''] ?? 'a';
}

/** A body that the document allows: every required member, and some of the others. */
export function takenBody(schema: Schema, random: Random): Record<string, unknown> {
  const required = new Set(schema.required);
  const members = Object.entries(schema.properties ?? {}).filter(
    ([name]) => required.has(name) || random.chance(0.4),
  );
  return Object.fromEntries(members.map(([name, of]) => [name, takenValue(name, of, random)]));
}
