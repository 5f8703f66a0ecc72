/**
 * Lists of rules have numbers like R1, lists of test rows have two digits (P01); so `S3` and a key id `K1` are no numbers.
 * What stands in an escape, a path or a longer word is none either.
 */
const CITED =
  /(?<![\w%\\/#+=&.$-])(?:([RBFU])([1-9]\d{0,2})|([PMTJSOCEAKDN])(\d\d))(?:[–-](?:\1|\3)?(\d{1,3}))?(?![\w"%])/g;

interface Citation {
  readonly letter: string;
  readonly from: string;
  readonly to: string;
}

function citations(text: string): readonly Citation[] {
  return [...text.matchAll(CITED)].map(([, rule, first, row, firstRow, last]) => {
    const from = first ?? firstRow ?? '';
    return { letter: rule ?? row ?? '', from, to: last ?? from };
  });
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
