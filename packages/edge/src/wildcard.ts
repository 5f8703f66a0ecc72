/** One position of a compiled pattern: a character code, or one of the two wildcards. */
const ANY_RUN = -1;
const ANY_ONE = -2;

/**
 * Says whether a whole text matches a pattern in which `*` stands for any run of characters, `?` for
 * exactly one (R18), and `\?` for a question mark (R25). Case matters. Two pointers, no regular
 * expression and no recursion: hostile patterns cost at most pattern × text steps (E08).
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  return matchesCompiled(compile(pattern), text);
}

/** The same for a pattern that is asked about often: what it says is read once. */
export function wildcardMatcher(pattern: string): (text: string) => boolean {
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  const beginning = pattern.slice(0, -1);
  if (pattern.endsWith('*') && !/[*?]/.test(beginning)) return (text) => text.startsWith(beginning);
  const compiled = compile(pattern);
  return (text) => matchesCompiled(compiled, text);
}

function compile(pattern: string): Int32Array {
  const positions = new Int32Array(pattern.length);
  let length = 0;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index];
    if (character === '*') {
      if (length === 0 || positions[length - 1] !== ANY_RUN) positions[length++] = ANY_RUN;
    } else if (character === '?') {
      positions[length++] = ANY_ONE;
    } else if (character === '\\' && pattern[index + 1] === '?') {
      index += 1;
      positions[length++] = '?'.charCodeAt(0);
    } else {
      positions[length++] = pattern.charCodeAt(index);
    }
  }
  return positions.subarray(0, length);
}

function matchesCompiled(pattern: Int32Array, text: string): boolean {
  let at = 0;
  let inText = 0;
  let lastRun = -1;
  let runEnd = 0;
  while (inText < text.length) {
    const wanted = pattern[at];
    if (wanted === ANY_RUN) {
      lastRun = at;
      runEnd = inText;
      at += 1;
    } else if (wanted !== undefined && (wanted === ANY_ONE || wanted === text.charCodeAt(inText))) {
      at += 1;
      inText += 1;
    } else if (lastRun >= 0) {
      at = lastRun + 1;
      runEnd += 1;
      inText = runEnd;
    } else {
      return false;
    }
  }
  while (pattern[at] === ANY_RUN) at += 1;
  return at === pattern.length;
}
