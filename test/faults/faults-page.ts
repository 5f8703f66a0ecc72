/** The page docs/evidence/faults.md: a line for each fault that was made, and the lines that stood there before. */

/** What a test said about itself while it ran. */
export interface Remark {
  readonly test: string;
  readonly kind: 'injection' | 'evidence';
  readonly text: string;
}

/** A finished test, as jest reports it. */
export interface FinishedTest {
  readonly fullName: string;
  readonly status: string;
  readonly seconds: number;
}

/** One line of the page. */
export interface FaultLine {
  readonly ids: string;
  readonly words: string;
  readonly injection: string;
  readonly evidence: string;
  readonly seconds: string;
  readonly date: string;
}

const FAULT_ID = /\bN\d\d\b/g;

const HEAD = `<!-- Made by \`npm run faults\`. Do not edit. -->

# Faults: what came out

Each line is a test that makes a fault and checks what the service does. The numbers are those of
[rules.md](../rules.md#n-faults-made-on-purpose). \`npm run faults\` makes all of them and writes this page,
\`npm run faults -- -t N08\` makes one and leaves the other lines as they stood. The short ones are part of \`npm test\`.
"holds" means that everything the line says was checked. Some need \`strace\`, \`faketime\` or root, and are skipped, by
name, where that is missing. \`EDGEPASS_FAULT_POOLER=pgbouncer\` puts PgBouncer before PostgreSQL. \`EDGEPASS_FAULT_KILLS=30\` shortens N05; \`EDGEPASS_FAULT_SEED\` repeats the instants of a run
that names its seed.

Overload and connections are decided before Nest: \`src/http/front.ts\` has the order in which a request is looked at,
\`src/http/admission.ts\` which requests wait and which are refused with 503, \`src/http/listener.ts\` and
\`src/http/connections.ts\` how connections are accepted, and which one is closed where one is too many. Here N17, N18 and N43
are about them; the hostile inputs D01–D17 send too much on purpose ([hostile.md](hostile.md#d-transport-and-load)), and
\`npm run bench -- overload\` measures it ([performance.md](../performance.md)).

Made elsewhere: two versions on one PostgreSQL, in \`src/database/postgres/audit-partitions.spec.ts\` and by
\`npm run bench -- upgrade\`. Not made: a blocked event loop, which \`/health/live\` shows to a
supervisor by not answering; a backup from yesterday put back, of which nothing outside the database knows. There is no
idempotency key: a grant whose answer was lost is asked for again and has a row of its own.

`;

/** Ends the words of a line whose fault was made while PgBouncer stood in between (`EDGEPASS_FAULT_POOLER`). */
const THROUGH_POOLER = ' (through PgBouncer)';

/** The line of a test whose title names a fault and that ran; `null` for any other. */
export function lineOf(
  test: FinishedTest,
  remarks: readonly Remark[],
  date: string,
  isThroughPooler = false,
): FaultLine | null {
  const ids = [...new Set(test.fullName.match(FAULT_ID))].toSorted().join(', ');
  if (ids === '' || !['passed', 'failed'].includes(test.status)) return null;
  const of = (kind: Remark['kind']): string =>
    remarks
      .filter((one) => one.test === test.fullName && one.kind === kind)
      .map(({ text }) => text)
      .join('; ');
  const words = test.fullName
    .replaceAll(/\s*\([A-Z]\d+(?:, [A-Z]\d+)*\)|\b[A-Z]\d\d(?:, [A-Z]\d\d)*:? /g, '')
    .trim();
  return {
    ids,
    words: isThroughPooler ? `${words}${THROUGH_POOLER}` : words,
    injection: of('injection'),
    evidence: test.status === 'failed' ? `**failed** ${of('evidence')}`.trim() : of('evidence') || 'holds',
    seconds: test.seconds.toFixed(1),
    date,
  };
}

/**
 * The new page. `isWhole`: every fault was made, so that a line of an older page is of a test that is gone. Those
 * through a pooler are made by runs of their own.
 */
export function renewPage(page: string, ran: readonly FaultLine[], isWhole: boolean): string {
  const before = readLines(page).filter(({ words }) => !isWhole || words.endsWith(THROUGH_POOLER));
  const renewed = new Map([...before, ...ran].map((line) => [`${line.ids} ${line.words}`, line]));
  const lines = [...renewed.values()].toSorted((one, other) => one.ids.localeCompare(other.ids));
  return HEAD + lines.map((line) => `${formatLine(line)}\n`).join('');
}

const LINE =
  /^- \*\*(N\d\d(?:, N\d\d)*)\*\* (.*?)(?: · _made by_ (.*?))? · _came out_ (.*) · ([\d.]+) s, (\d{4}-\d\d-\d\d)$/;

function readLines(page: string): readonly FaultLine[] {
  return page.split('\n').flatMap((text) => {
    const [, ids = '', words = '', injection = '', evidence = '', seconds = '', date = ''] =
      LINE.exec(text) ?? [];
    return ids === '' ? [] : [{ ids, words, injection, evidence, seconds, date }];
  });
}

function formatLine({ ids, words, injection, evidence, seconds, date }: FaultLine): string {
  const how = injection === '' ? '' : ` · _made by_ ${injection}`;
  const line = `- **${ids}** ${words}${how} · _came out_ ${evidence} · ${seconds} s, ${date}`;
  return line.replaceAll(/\s+/g, ' ');
}
