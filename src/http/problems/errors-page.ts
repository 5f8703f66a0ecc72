import { PROBLEM_CODES, type ProblemCode } from './problem-codes.js';
import { PROBLEM_PAGES } from './problem-pages.js';

/** The text of `docs/errors.md`: the closed list of codes, with a section each. */
export function errorsPage(): string {
  const codes = Object.keys(PROBLEM_CODES) as ProblemCode[];
  const statuses = [...new Set(codes.map((code) => PROBLEM_CODES[code].status))];
  const isOf = (status: number) => (code: ProblemCode) => PROBLEM_CODES[code].status === status;
  return [
    '<!-- Made by `npm run docs` from src/http/problems/problem-codes.ts and problem-pages.ts. Do not edit. -->',
    '# Error codes',
    'A refusal or failure is a problem document (RFC 9457, `application/problem+json`) with a stable `code`. A code always has the same status. Codes are never renamed; `title` and `detail` are for people and may change.',
    ['```json', EXAMPLE, '```'].join('\n'),
    '`instance` names the request; the log has the same id, with a `reason` that the answer does not give. 429 and 503 carry `Retry-After`. Every answer carries `Cache-Control: no-store`.',
    statuses.map((status) => `${status}: ${codes.filter(isOf(status)).map(link).join(' · ')}`).join('\\\n'),
    ...codes.map(section),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

const EXAMPLE = `{
  "type": "urn:edgepass:error:not_entitled",
  "title": "${PROBLEM_CODES.not_entitled.title}",
  "status": ${PROBLEM_CODES.not_entitled.status},
  "code": "not_entitled",
  "instance": "urn:uuid:3f0d6a52-8d0b-4d8e-9a1e-0b6c7f0f8f10"
}`;

function link(code: ProblemCode): string {
  return `[\`${code}\`](#${code})`;
}

/** One paragraph a code, a line for each reader: the whole list stays on one page. */
function section(code: ProblemCode): string {
  const { meaning, caller, operator } = PROBLEM_PAGES[code];
  const { status, title } = PROBLEM_CODES[code];
  const lines = [
    `**${status} ${title}.** ${meaning}`,
    `Caller: ${caller}`,
    ...(operator === null ? [] : [`Operator: ${operator}`]),
  ];
  return `## ${code}\n\n${lines.join('\\\n')}`;
}
