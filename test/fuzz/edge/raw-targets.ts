import { randomOf } from '../random.js';

/** What hostile targets are made of: names that exist, ways to leave a folder, and bytes that confuse. */
const PIECES = [
  '/',
  '/',
  '/',
  '//',
  '/./',
  '/../',
  '..',
  '.',
  '...',
  '%2e',
  '%2E%2e',
  '.%2e',
  '%2f',
  '%5c',
  '\\',
  '..\\',
  '%252e%252e',
  '%c0%ae',
  '%e0%80%ae',
  '%ff',
  '%00',
  '%0a',
  '%',
  '%2',
  '%zz',
  '%u002e',
  ';',
  ';x=1',
  '?',
  '?Policy=x',
  '?Signature=~&Key-Pair-Id=K',
  '#',
  '*',
  '~',
  '+',
  '%20',
  'é',
  '\u00c3\u00a9',
  '\u00ff',
  'public',
  'PUBLIC',
  'private',
  'p%72ivate',
  'hello.txt',
  'secret.txt',
  'outside.txt',
  'index.html',
  '.hidden',
  '.env',
  'link.txt',
  'link',
  'file-link.txt',
  'a',
  'media',
  'distribution',
  'edge.json',
  'etc/passwd',
  'proc/self/environ',
  'http://127.0.0.1',
  'CON',
  'x'.repeat(300),
] as const;

/** Bytes that no target may hold: few, since the parser ends the connection at the first of them. */
const BROKEN = [' ', '\t', '\0', '\r', '\n', '\r\n', '\u007f'] as const;

const FIRST = ['/', '/public/', '/private/', '/public/../', '//'] as const;
const FOREIGN = ['', '\\', 'http://', '*', '?', 'https://cdn.example.com/'] as const;

/** What is there and must not be had, and what may; each is asked for in many spellings. */
const ADDRESSES = [
  '/private/secret.txt',
  '/private/index.html',
  '/public/../private/secret.txt',
  '/../outside.txt',
  '/public/../../outside.txt',
  '/public/../../media2/outside.txt',
  '/../media/private/secret.txt',
  '/.env',
  '/.git/config',
  '/public/.hidden',
  '/public/link.txt',
  '/public/link/outside.txt',
  '/public/file-link.txt',
  '/public/environ',
  '/public/hello.txt',
  '/public/a',
  '/',
] as const;
const SLASHES = [
  '/',
  '/',
  '/',
  '%2f',
  '%2F',
  '//',
  '/./',
  '/%2e/',
  '/x/../',
  '%5c',
  '\\\\',
  '%252f',
  ';/',
] as const;
const DOTS = ['.', '.', '%2e', '%2E', '%252e', '%c0%ae', '%u002e'] as const;

/**
 * The raw request target of one place in the sequence of a seed, one character a byte. The same seed and
 * index give the same target on every machine.
 */
export function rawTarget(seed: number, index: number): string {
  const { next, pick } = randomOf(seed, index);
  const style = next();
  if (style < 0.05) return `/${randomBytes(next, Math.floor(next() * 60))}`;
  if (style > 0.6) return disguise(pick(ADDRESSES), next, pick);
  let target: string = style < 0.08 ? pick(FOREIGN) : pick(FIRST);
  const length = Math.floor(next() * 10);
  for (let piece = 0; piece < length; piece += 1) {
    target += next() < 0.01 ? pick(BROKEN) : pick(PIECES);
  }
  if (style > 0.599) target += 'a/'.repeat(Math.floor(next() * 5000));
  else if (style > 0.5) target = mutate(target, next);
  return target;
}

/** Spells an address in another way, which may or may not mean the same. */
function disguise(address: string, next: () => number, pick: <T>(from: readonly T[]) => T): string {
  const strength = next();
  const spelled = Array.from(address.slice(1), (character) => {
    if (next() > strength) return character;
    if (character === '/') return pick(SLASHES);
    if (character === '.') return pick(DOTS);
    return next() < 0.2 ? `%${character.charCodeAt(0).toString(16)}` : character;
  });
  const query = next() < 0.1 ? '?x=/../..' : '';
  return `/${spelled.join('')}${query}`;
}

/** Percent-encodes, doubles or drops single characters of a target. */
function mutate(target: string, next: () => number): string {
  return Array.from(target)
    .map((character) => {
      const chance = next();
      if (chance < 0.1) return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
      if (chance < 0.13) return character + character;
      return chance < 0.16 ? '' : character;
    })
    .join('');
}

function randomBytes(next: () => number, length: number): string {
  return Array.from({ length }, () => String.fromCharCode(Math.floor(next() * 256))).join('');
}
