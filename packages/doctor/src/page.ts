import type { Check, Stage, Symptom } from './checks/check.js';
import { CHECKS, checkOf, SYMPTOMS } from './checks/catalogue.js';

/** A page of docs/doctor/: some stages of the way of a request, with a head and an introduction. */
interface Page {
  readonly file: string;
  readonly title: string;
  readonly introduction: string;
  readonly stages: readonly Stage[];
}

const PAGES: readonly Page[] = [
  {
    file: 'page-and-network.md',
    title: 'The page and the network',
    introduction:
      'What keeps a request from being made or answered at all. None of it is CORS, though a page cannot tell.',
    stages: ['page', 'network'],
  },
  {
    file: 'cookies-set.md',
    title: 'Cookies that are not stored',
    introduction:
      'The grant answers well, and the browser keeps its cookies from the CDN: by the hosts, or by an attribute.',
    stages: ['cookie-set'],
  },
  {
    file: 'cookies-sent.md',
    title: 'Cookies that are not sent',
    introduction:
      'The browser holds the cookies, and this way of loading leaves them out, or they are those of somebody else.',
    stages: ['viewer-changed', 'cookie-sent'],
  },
  {
    file: 'access.md',
    title: 'Access that is refused',
    introduction: 'The cookies arrived, and CloudFront or S3 refused.',
    stages: ['access'],
  },
  {
    file: 'cors.md',
    title: 'CORS and embedding',
    introduction:
      'The file is served, its preflight is asked, or the grant is answered, and a header keeps the page from it.',
    stages: ['preflight', 'cors', 'blocked', 'grant-answer'],
  },
  {
    file: 'symptoms.md',
    title: 'What is seen before a cause is shown',
    introduction:
      'Named alone only where the evidence shows no cause; then each lists the causes that are left.',
    stages: ['symptom'],
  },
];

/** What `--list` prints: a line for each cause. */
export function listOfChecks(): string {
  const all = [...CHECKS, ...SYMPTOMS];
  const width = Math.max(...all.map(({ id }) => id.length));
  const lines = all.map(
    ({ id, catalogue, title }) => `${id.padEnd(width)}  ${(catalogue[0] ?? '-').padEnd(3)}  ${title}`,
  );
  return `${lines.join('\n')}\n`;
}

/** The generated pages of docs/doctor/ by their names. */
export function causePages(): ReadonlyMap<string, string> {
  return new Map(PAGES.map((page) => [page.file, renderPage(page)]));
}

/** The table of docs/doctor.md that leads to them. */
export function causeTable(): string {
  const rows = PAGES.flatMap(({ file, stages }) =>
    checksOf(stages).map(
      ({ id, catalogue, title }) =>
        `| [${id}](doctor/${file}#${id}) | ${catalogue.join(', ') || '–'} | ${title.replaceAll('|', String.raw`\|`)} |`,
    ),
  );
  return ['| id | failure | cause |', '| --- | --- | --- |', ...rows].join('\n');
}

/** Where a cause is described, as a path with its section; the index for one that stands on no page. */
export function sectionOf(id: string): string {
  const stage = checkOf(id)?.stage;
  const page = PAGES.find(({ stages }) => stage !== undefined && stages.includes(stage));
  return page === undefined ? 'docs/doctor.md' : `docs/doctor/${page.file}#${id}`;
}

function checksOf(stages: readonly Stage[]): readonly (Check | Symptom)[] {
  return [...CHECKS, ...SYMPTOMS].filter(({ stage }) => stages.includes(stage));
}

function renderPage({ title, introduction, stages }: Page): string {
  const parts = checksOf(stages).map((check) =>
    [
      `## ${check.id}`,
      '',
      `**${escape(check.title)}**${check.catalogue.length === 0 ? '' : ` (${check.catalogue.join(', ')})`}`,
      '',
      `- Why: ${escape(check.why)}`,
      `- Shown by: ${escape(check.evidence)}`,
      `- Fix: ${linked(escape(check.fix))}`,
      `- Tells it apart: ${escape(check.toTellApart)}`,
      ...('couldBe' in check && check.couldBe.length > 0 ? [`- May be: ${check.couldBe.join(', ')}`] : []),
    ].join('\n'),
  );
  const head = `# ${title}\n\n${introduction} Generated from the checks of the doctor (\`npm run docs\`); how they work together: [doctor.md](../doctor.md). Numbers such as F3 and B6 stand in [rules.md](../rules.md).`;
  return `${[head, ...parts].join('\n\n')}\n`;
}

/** Angle brackets would be read as HTML, stars as emphasis. */
function escape(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('*', String.raw`\*`);
}

/** A page that a fix names, as a link from docs/doctor/. */
function linked(text: string): string {
  return text.replaceAll(/\bdocs\/([\w/-]+\.md(?:#[\w-]+)?)/g, '[$1](../$1)');
}
