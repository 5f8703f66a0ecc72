import { whyInvalid } from './prefix-refusal.js';

/**
 * The name of a folder of the distribution, as people write it and as S3 holds it, or `/`, the whole
 * distribution. {@link escapedPrefix} gives the form that browsers send.
 */
export type Prefix = string & { readonly __prefix: unique symbol };

/** The prefix that everything lies below. */
export const WHOLE_DISTRIBUTION = '/' as Prefix;

/** Why a value is no prefix; each is also a problem code of the API. */
export type PrefixFault = 'prefix_invalid' | 'prefix_too_long' | 'prefix_too_deep';

/** A value that is no prefix. */
export interface PrefixRefusal {
  readonly fault: PrefixFault;
  /** For the person who wrote it: the segment, the character, and what to write instead. Sentences. */
  readonly detail: string;
}

/** In bytes of the escaped form. */
export const PREFIX_MAX_BYTES = 512;
export const PREFIX_MAX_SEGMENTS = 16;

// What every browser and `encodeURI` escape alike, as UTF-8 in upper-case hex, and S3 reads back as it was
// written. Invisible characters (Unicode's Default_Ignorable_Code_Point) are letters or marks by category,
// but two names that nobody can tell apart are a trap. Everything else is not in the list, so it is refused.
const CHARACTER = "[[\\p{L}\\p{M}\\p{N} _~\\-.:@=\\(\\)'!]--\\p{Default_Ignorable_Code_Point}]";
// A dot that begins a segment is `.` or `..` to browsers, and a hidden file to many servers. Blanks at the
// ends of an address are cut off by browsers (https://url.spec.whatwg.org/#concept-basic-url-parser).
const SEGMENT = `(?![ .])${CHARACTER}+(?<! )`;
const CANONICAL = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`, 'v');

/**
 * The one rule for prefixes: a value is already canonical or it is refused, never repaired.
 * Takes anything; gives the prefix, or the fault and what to write instead.
 * @example
 * readPrefix('courses/선형 대수'); // { prefix: 'courses/선형 대수' }
 * readPrefix('courses/algebra/*'); // { fault: 'prefix_invalid', detail: 'No * at the end: …' }
 */
export function readPrefix(value: unknown): { readonly prefix: Prefix } | PrefixRefusal {
  if (isPrefix(value)) return { prefix: value };
  const fault = faultOf(value) ?? 'prefix_invalid';
  return { fault, detail: DETAILS[fault](value) };
}

/**
 * The rule for the path of one file: what {@link readPrefix} takes, but for `/`. An entitlement of a folder
 * above it covers it, and so does one of the path itself.
 * Takes anything; gives the path, or what to write instead, in sentences.
 * @example
 * readFilePath('courses/algebra/lesson-1.mp4'); // { path: 'courses/algebra/lesson-1.mp4' }
 */
export function readFilePath(value: unknown): { readonly path: Prefix } | { readonly detail: string } {
  if (isPrefix(value) && value !== '/') return { path: value };
  if (typeof value !== 'string') {
    return { detail: 'Expected the path of a file as a text: "courses/algebra/lesson-1.mp4".' };
  }
  const fault = faultOf(value);
  if (fault === 'prefix_too_long' || fault === 'prefix_too_deep') return { detail: DETAILS[fault](value) };
  const isFile = (text: string): boolean => text !== '/' && isCanonical(text);
  return { detail: whyInvalid(value, { of: 'file', isName: isFile, isSegment: isFile }) };
}

/** A segment that is no legal one and stands for one that is not known yet: `{user}` in entitlements. */
export interface Placeholder {
  readonly segment: string;
  /** Whether it stands in a text where it may not. */
  readonly isMisplaced: (text: string) => boolean;
}

/** A legal segment in the place of a placeholder: lets the one rule judge the text. */
const STAND_IN = 'u';

/** {@link readPrefix} for a text that may hold a placeholder in its place. */
export function readPrefixWith(
  placeholder: Placeholder,
  value: string,
): { readonly prefix: string } | PrefixRefusal {
  const isPlaceholder = (segment: string): boolean => segment === placeholder.segment;
  const faultWith = (text: string): PrefixFault | null =>
    placeholder.isMisplaced(text)
      ? 'prefix_invalid'
      : faultOf(
          text
            .split('/')
            .map((segment) => (isPlaceholder(segment) ? STAND_IN : segment))
            .join('/'),
        );
  const fault = faultWith(value);
  if (fault === null) return { prefix: value };
  if (fault !== 'prefix_invalid') return { fault, detail: DETAILS[fault](value) };
  const legal = {
    of: 'folder' as const,
    isName: (text: string) => faultWith(text) === null,
    isSegment: (text: string) => isPlaceholder(text) || isCanonical(text),
  };
  return { fault, detail: whyInvalid(value, legal) };
}

/** Whether a value is a prefix: {@link readPrefix} without the reason. */
export function isPrefix(value: unknown): value is Prefix {
  return faultOf(value) === null;
}

function faultOf(value: unknown): PrefixFault | null {
  if (typeof value !== 'string') return 'prefix_invalid';
  // The escaped form is never shorter than the UTF-8 text: this bounds the work that a long text makes.
  if (Buffer.byteLength(value, 'utf8') > PREFIX_MAX_BYTES) return 'prefix_too_long';
  if (!isCanonical(value)) return 'prefix_invalid';
  if (encodeURI(value).length > PREFIX_MAX_BYTES) return 'prefix_too_long';
  return value !== '/' && value.split('/').length > PREFIX_MAX_SEGMENTS ? 'prefix_too_deep' : null;
}

const DETAILS: Readonly<Record<PrefixFault, (value: unknown) => string>> = {
  prefix_invalid: (value) =>
    typeof value === 'string'
      ? whyInvalid(value, { of: 'folder', isName: isCanonical, isSegment: isCanonical })
      : 'Expected the name of a folder as a text: "courses/algebra".',
  prefix_too_long: () =>
    `At most ${PREFIX_MAX_BYTES} bytes of its escaped form: an ASCII letter has 1, a blank 3, a letter of another script 6 to 12.`,
  prefix_too_deep: () => `At most ${PREFIX_MAX_SEGMENTS} segments: open a folder above it.`,
};

/**
 * A prefix as browsers, the policy's Resource and the Path of cookies write it: UTF-8, percent-encoded with
 * upper-case hex, `: @ =` and the other signs as they are. ASCII only, at most 512 bytes.
 * @example escapedPrefix('courses/선형 대수') // 'courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98'
 */
export function escapedPrefix(prefix: Prefix): string {
  // Of what a prefix may hold, encodeURI escapes what the URL parser escapes in a path, and nothing else.
  return encodeURI(prefix);
}

/** Reads an escaped form back; `null` for any text that {@link escapedPrefix} does not write. */
export function readEscapedPrefix(escaped: string): Prefix | null {
  const name = unescaped(escaped);
  return isPrefix(name) && escapedPrefix(name) === escaped ? name : null;
}

/**
 * Takes a prefix; gives itself, then every shorter one on segment boundaries, and `/` last.
 * @example ancestorsOf(prefix) // ['courses/algebra', 'courses', '/']
 */
export function ancestorsOf(prefix: Prefix): readonly Prefix[] {
  if (prefix === '/') return [prefix];
  const segments = prefix.split('/');
  const ancestors = segments.map((_, dropped) => segments.slice(0, segments.length - dropped).join('/'));
  return [...ancestors, '/'] as Prefix[];
}

/** Whether the wider prefix is the narrower one or an ancestor of it, on segment boundaries, byte for byte. */
export function covers(wider: Prefix, narrower: string): boolean {
  return wider === '/' || wider === narrower || narrower.startsWith(`${wider}/`);
}

/** Whether a file lies in a folder, or in one below it. */
export function liesIn(path: Prefix, folder: Prefix): boolean {
  return path !== folder && covers(folder, path);
}

/** The path of a prefix as browsers and CloudFront write it: `/courses/algebra`, or `/`. */
export function pathOf(prefix: Prefix): `/${string}` {
  return prefix === '/' ? '/' : `/${escapedPrefix(prefix)}`;
}

/** A prefix that reads like another one, and is other bytes and so another folder. */
export interface OtherUnicodeForm {
  readonly form: 'NFC' | 'NFD';
  readonly prefix: Prefix;
}

/**
 * The composed and the decomposed form (NFC, NFD) of a prefix, without itself. Keyboards write names
 * composed; many file systems and tools of macOS hand them on decomposed.
 */
export function otherUnicodeForms(prefix: Prefix): readonly OtherUnicodeForm[] {
  return (['NFC', 'NFD'] as const).flatMap((form) => {
    const other = prefix.normalize(form);
    return other !== prefix && isPrefix(other) ? [{ form, prefix: other }] : [];
  });
}

function isCanonical(text: string): boolean {
  return text === '/' || CANONICAL.test(text);
}

function unescaped(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Reads a path as {@link pathOf} writes it back; `null` for any other text. */
export function prefixOfPath(path: string): Prefix | null {
  const prefix = readEscapedPrefix(path === '/' ? path : path.slice(1));
  return prefix !== null && pathOf(prefix) === path ? prefix : null;
}
