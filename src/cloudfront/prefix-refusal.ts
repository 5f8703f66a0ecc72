const ESCAPED_DIFFERENTLY = 'browsers and encodeURIComponent escape it differently';
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html, "Characters to avoid".
const AVOIDED = 'AWS advises against it in names of S3';

/** Why a visible ASCII character is refused. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['*', 'it is a wildcard of CloudFront'],
  ['?', 'the query of an address begins there'],
  ['#', 'the fragment of an address begins there'],
  ['%', 'it begins an escape'],
  ['+', 'S3 reads it as a blank'],
  ['\\', 'browsers read it as /'],
  [';', 'it ends the Path of a cookie'],
  [',', 'it splits lines of cookies'],
  ['{', '{user} is for entitlements, where it stands for the caller: write their id'],
  ...Array.from('&$[]|', (sign) => [sign, ESCAPED_DIFFERENTLY] as const),
  ...Array.from('"<>^`}', (sign) => [sign, AVOIDED] as const),
]);

/** The kinds of characters that are refused, with what they are, the first that fits. */
const KINDS: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/\p{Cc}/u, 'a control character'],
  [/\p{Cs}/u, 'half a character (a lone surrogate)'],
  [/\p{Cn}|\p{Co}/u, 'a character that Unicode has not assigned'],
  [/\p{Cf}|\p{Default_Ignorable_Code_Point}/u, 'an invisible character'],
  [/\p{Z}/u, 'a blank that is not the ordinary one (U+0020)'],
  [/./su, 'neither a letter nor a digit'],
];
const IS_INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}]/u;
const INVISIBLE_EVERYWHERE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** What is legal: a whole name, and one segment of it. */
export interface LegalNames {
  /** What the last segment names. */
  readonly of: 'folder' | 'file';
  readonly isName: (text: string) => boolean;
  readonly isSegment: (text: string) => boolean;
}

const EXAMPLES = {
  folder: 'the name of a folder, "courses/algebra", or "/"',
  file: 'the path of a file, "courses/algebra/lesson-1.mp4"',
} as const;

/**
 * What is wrong with a text that is no prefix: the segment, the character, and what to write instead.
 * Of the text it repeats one character, or a corrected text that is legal, and nothing else.
 */
export function whyInvalid(text: string, legal: LegalNames): string {
  if (text === '') return `Found an empty text. Write ${EXAMPLES[legal.of]}.`;
  return whyNotWritten(text, legal) ?? whyNotSegments(text.split('/'), legal);
}

/** A name in another form than its own: an address, an escaped form, a pattern, a path with slashes at its ends. */
function whyNotWritten(text: string, { isName, of }: LegalNames): string | null {
  let name = text;
  const found: string[] = [];
  const replace = (changed: string, fault: string): void => {
    if (changed !== name) found.push(fault);
    name = changed;
  };
  replace(name.replace(/^https?:\/\/[^/?#]*/, ''), `No address, only the path of the ${of}.`);
  // One file has no * at its end.
  if (of === 'folder') replace(withoutTrailing(name, '*'), 'No * at the end: edgepass adds it.');
  replace(
    name === '' ? '/' : `${name.slice(0, 1)}${withoutTrailing(name.slice(1), '/')}`,
    found.length > 0 ? '' : 'No / at the end.',
  );
  replace(name === '/' ? name : name.replace(/^\/+/, ''), found.length > 0 ? '' : 'No / at the beginning.');
  replace(unescaped(name), 'No escaped form, the name itself.');
  if (name === text || !isName(name)) return null;
  return `${found.find((fault) => fault !== '') ?? ''} Write "${name}".`;
}

/** Not by an expression like `/ +$/`, whose time grows with the square of a long run in the middle. */
function withoutTrailing(text: string, character: string): string {
  let end = text.length;
  while (text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}

function whyNotSegments(segments: readonly string[], { isName, isSegment, of }: LegalNames): string {
  const at = segments.findIndex((segment) => !isSegment(segment));
  const named = at === segments.length - 1 ? of : 'folder';
  const segment = segments[at] ?? '';
  const place = `Segment ${at + 1}`;
  if (segment === '') return `${place} is empty: exactly one / stands between two segments.`;
  if (segment.startsWith('.')) {
    return `${place} begins with ".": no segment may. Rename the ${named}${orAbove(segments.slice(0, at), isName)}.`;
  }
  if (/^ | $/.test(segment)) {
    const end = segment.startsWith(' ') ? 'begins' : 'ends';
    const trimmed = segments.map((each) => withoutTrailing(each, ' ').replace(/^ +/, '')).join('/');
    const instead = isName(trimmed) ? ` Write "${trimmed}".` : '';
    return `${place} ${end} with a blank (U+0020): browsers cut blanks off an address.${instead}`;
  }
  const characters = Array.from(segment);
  const index = characters.findIndex((character) => !isSegment(`x${character}x`));
  const character = characters[index] ?? '';
  const visible = segments.join('/').replace(INVISIBLE_EVERYWHERE, '').replace(/\p{Z}/gu, ' ');
  const instead = isName(visible)
    ? `Write "${visible}".`
    : `Rename the ${named}${orAbove(segments.slice(0, at), isName)}.`;
  return `${place} holds ${nameOf(character)} at character ${index + 1}: ${reasonOf(character)}. ${instead}`;
}

/** `, or ask for "courses", the folder above it`, where there is one with a legal name. */
function orAbove(segments: readonly string[], isName: LegalNames['isName']): string {
  const above = segments.join('/');
  return isName(above) ? `, or open "${above}", the folder above it` : '';
}

/** `"+" (U+002B)`; of what cannot be seen alone only the number. */
function nameOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return IS_INVISIBLE.test(character) ? `U+${code}` : `"${character}" (U+${code})`;
}

function reasonOf(character: string): string {
  return REASONS.get(character) ?? KINDS.find(([pattern]) => pattern.test(character))?.[1] ?? 'not a letter';
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
