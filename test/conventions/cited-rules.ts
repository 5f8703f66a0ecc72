/**
 * Lists of rules have numbers like R1, lists of test rows have two digits (P01): so `S3` and a key id `K1` are no
 * numbers. What stands in an escape, a path, the outline of an SVG (`d="M11 5"`, `M11.5`) or a longer word is none.
 */
const CITED =
  /(?<![\w%\\/#+=&.$-]|\bd=")(?:([RBFU])([1-9]\d{0,2}[a-z]?)|([PMTJSOCEAKDN])(\d\d))(?:[–-](?:\1|\3)?(\d{1,3}))?(?![\w"%]|\.\d)/g;

/** Bytes are written like this: `F4 90 80`. */
const BYTE_BEFORE = /(?<![\w])[\dA-F]{2} $/;
const BYTE_AFTER = /^ [\dA-F]{2}(?!\w)/;

interface Citation {
  readonly letter: string;
  readonly from: string;
  readonly to: string;
}

function citations(text: string): readonly Citation[] {
  return [...text.matchAll(CITED)]
    .filter((match) => !isByte(match))
    .map(([, rule, first, row, firstRow, last]) => {
      const from = first ?? firstRow ?? '';
      return { letter: rule ?? row ?? '', from, to: last ?? from };
    });
}

function isByte({ 0: match, index, input }: RegExpExecArray): boolean {
  if (!/^[\dA-F]{2}$/.test(match)) return false;
  return BYTE_BEFORE.test(input.slice(0, index)) || BYTE_AFTER.test(input.slice(index + match.length));
}

/** The numbers that are written in `text`, of a range such as `R94–R96` the two ends; each once. */
export function citedRules(text: string): readonly string[] {
  return [...new Set(citations(text).flatMap(({ letter, from, to }) => [letter + from, letter + to]))];
}

/** The same with every number that lies within a range. */
export function coveredRules(text: string): readonly string[] {
  const covered = citations(text).flatMap(({ letter, from, to }) =>
    Array.from({ length: Math.max(1, Number(to) - Number(from) + 1) }, (_, index) => {
      const number = String(Number(from) + index);
      return letter + number.padStart(from.length, '0');
    }),
  );
  return [...new Set(covered)];
}
