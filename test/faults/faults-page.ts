/** The page docs/faults.md: a line for each row of the faults that ran, and the lines that stood there before. */

/** What a test said of itself while it ran. */
export interface Told {
  readonly test: string;
  readonly kind: 'injection' | 'evidence';
  readonly text: string;
}

/** A finished test, as jest tells of it. */
export interface FinishedTest {
  readonly fullName: string;
  readonly status: string;
  readonly seconds: number;
}

/** One line of the table. */
export interface FaultLine {
  readonly ids: string;
  readonly words: string;
  readonly injection: string;
  readonly evidence: string;
  readonly seconds: string;
  readonly date: string;
}

const ROW_ID = /\bF(?:0[1-9]|[1-5]\d|60)\b/g;

const HEAD = `<!-- Made by \`npm run faults\`. Do not edit. -->

# Faults

What happens when something breaks: each line is a test that makes the fault and checks what the service does. \`npm run faults\`
runs all of them and writes this page, \`npm run faults -- -t F08\` one row, and leaves the other lines as they stood. The
short ones are part of \`npm test\`. A line without figures says that everything its title states was checked. Rows need
\`strace\`, \`faketime\` or root where the second column says so, and are skipped, by name, where that is missing.
\`EDGEPASS_FAULT_KILLS=30\` shortens F05; \`EDGEPASS_FAULT_SEED\` repeats the instants of a run that names its seed.

| row | what must hold | how the fault is made | what came out | s | date |
| --- | -------------- | --------------------- | ------------- | --: | ---- |
`;

/** Rows that assume what edgepass does not have; the contract decides. */
const NOT_OURS: Readonly<Record<string, string>> = {
  F19: 'there is no `Idempotency-Key`: a grant whose answer was lost is asked for again and has a row of its own; that no cookie leaves without a row is F05, F06 and F13',
  F23: 'there is one version so far',
  F44: 'there is no watchdog in the process: whoever runs it asks `/health/live`, which a blocked event loop does not answer',
  F48: 'there is one audit log, in the database: without it nothing is granted (F07, F13)',
  F50: 'there is no `Idempotency-Key`',
  F51: 'the doctor that names the difference of two clocks does not exist yet; a token may be 30 s off',
  F53: 'the local edge has folders as origins',
  F54: 'the local edge has folders as origins',
  F58: 'the doctor does not exist yet',
  F60: 'there is no audit anchor outside the database',
};
const HIGHEST_ROW = 60;

/** The line of a test that is about a row and ran; `null` for any other. */
export function lineOf(test: FinishedTest, told: readonly Told[], date: string): FaultLine | null {
  const ids = [...new Set(test.fullName.match(ROW_ID))].toSorted().join(', ');
  if (ids === '' || !['passed', 'failed'].includes(test.status)) return null;
  const of = (kind: Told['kind']): string =>
    told
      .filter((one) => one.test === test.fullName && one.kind === kind)
      .map(({ text }) => text)
      .join('; ');
  const words = test.fullName
    .replaceAll(/\s*\([A-Z]\d+(?:, [A-Z]\d+)*\)|\b[A-Z]\d\d(?:, [A-Z]\d\d)*:? /g, '')
    .trim();
  return {
    ids,
    words,
    injection: of('injection'),
    evidence: test.status === 'failed' ? `**failed** ${of('evidence')}`.trim() : of('evidence') || 'holds',
    seconds: test.seconds.toFixed(1),
    date,
  };
}

/** The new page. `isWhole`: every row was run, so that a line of an older page is of a test that is gone. */
export function renewPage(page: string, ran: readonly FaultLine[], isWhole: boolean): string {
  const before = isWhole ? [] : readLines(page);
  const renewed = new Map([...before, ...ran].map((line) => [`${line.ids} ${line.words}`, line]));
  const lines = [...renewed.values()].toSorted((one, other) => one.ids.localeCompare(other.ids));
  return HEAD + lines.map((line) => `${formatLine(line)}\n`).join('') + rest(lines);
}

/** The rows of the list of faults that no test above is about. */
function rest(lines: readonly FaultLine[]): string {
  const tested = new Set(lines.flatMap(({ ids }) => ids.split(', ')));
  const rows = Array.from({ length: HIGHEST_ROW }, (_, index) => `F${String(index + 1).padStart(2, '0')}`);
  const untested = rows.filter((row) => !tested.has(row));
  const open = untested.filter((row) => NOT_OURS[row] === undefined);
  const reasons = untested.flatMap((row) =>
    NOT_OURS[row] === undefined ? [] : [`- ${row}: ${NOT_OURS[row]}.`],
  );
  const notYet = open.length === 0 ? [] : [`- ${open.join(', ')}: not tested.`];
  return ['', '## Rows without a line', '', ...reasons, ...notYet, ''].join('\n');
}

function readLines(page: string): readonly FaultLine[] {
  return page.split('\n').flatMap((text) => {
    if (!/^\| F\d\d/.test(text)) return [];
    const cells = text
      .slice(2, -2)
      .split(/(?<!\\) \| /)
      .map((cell) => cell.trim().replaceAll(String.raw`\|`, '|'));
    const [ids = '', words = '', injection = '', evidence = '', seconds = '', date = ''] = cells;
    return [{ ids, words, injection, evidence, seconds, date }];
  });
}

function formatLine({ ids, words, injection, evidence, seconds, date }: FaultLine): string {
  const cells = [ids, words, injection, evidence, seconds, date];
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll(/\s+/g, ' ') || '–').join(' | ')} |`;
}
