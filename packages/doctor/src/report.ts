import { checkOf } from './checks/catalogue.js';
import { judged, type DecodedPolicy, type Diagnosis, type Finding } from './diagnose.js';
import { sectionOf } from './page.js';

const WIDTH = 100;

/** How parts of a report are set off; a terminal has colours, a pipe has none. */
export interface Style {
  bold(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
}

export const PLAIN: Style = { bold: same, red: same, yellow: same, green: same };
export const COLOURED: Style = {
  bold: (text) => `\u001B[1m${text}\u001B[22m`,
  red: (text) => `\u001B[31m${text}\u001B[39m`,
  yellow: (text) => `\u001B[33m${text}\u001B[39m`,
  green: (text) => `\u001B[32m${text}\u001B[39m`,
};

function same(text: string): string {
  return text;
}

/**
 * The report for a person: the cause first, short when all is well.
 *
 * @param only the one cause that was looked for; null: all of them
 */
export function report(diagnosis: Diagnosis, style: Style = PLAIN, only: string | null = null): string {
  const { rootCause, alsoPossible, findings, policies, notes } = diagnosis;
  const parts: string[][] = [];
  const failed = findings.filter(({ status }) => status === 'fail');
  if (rootCause !== null) {
    const { fix } = rootCause;
    parts.push([
      style.red(style.bold(wrap(rootCause.title, '', ''))),
      '',
      ...rootCause.seen.map((text) => wrap(text, '  seen  ', '        ')),
      wrap(rootCause.why, '  why   ', '        '),
      style.bold(wrap(fix.text, '  fix   ', '        ')),
      ...(fix.where === undefined ? [] : [wrap(fix.where, '  where ', '        ')]),
      ...(fix.command === undefined ? [] : [`  run   ${fix.command}`]),
      `  id    ${[rootCause.id, ...rootCause.catalogue].join(', ')}: ${sectionOf(rootCause.id)}`,
    ]);
  } else if (alsoPossible.length > 0) {
    const shown = failed.filter(({ id }) => checkOf(id) !== null);
    parts.push([
      style.yellow(style.bold('The evidence does not decide.')),
      '',
      ...shown.flatMap(({ id, seen }) => [
        wrap(checkOf(id)?.title ?? id, '  ', '  '),
        ...seen.map((text) => wrap(text, '  seen  ', '        ')),
        wrap(checkOf(id)?.toTellApart ?? '', '  look  ', '        '),
      ]),
    ]);
  } else if (failed.length > 0) {
    parts.push([
      style.yellow(style.bold('Something failed, and no cause is shown.')),
      '',
      ...failed.flatMap(listed),
    ]);
  } else if (only !== null) {
    const { title = only, evidence = '', toTellApart = '' } = checkOf(only) ?? {};
    const isJudged = judged(findings).length > 0;
    parts.push([
      style.yellow(isJudged ? 'This was looked for alone, and it is not so:' : 'This could not be judged:'),
      wrap(title, '  ', '  '),
      ...(isJudged
        ? []
        : [
            wrap(evidence, '  shown by  ', '            '),
            wrap(toTellApart, '  look at   ', '            '),
          ]),
    ]);
  } else if (judged(findings).length === 0) {
    parts.push([style.yellow('Nothing could be judged: no check found what it looks at.')]);
  } else {
    const looked = count(judged(findings).length, 'check');
    parts.push([style.green(`Nothing wrong was found: ${looked} looked at what was handed over.`)]);
  }
  if (alsoPossible.length > 0) {
    parts.push([
      rootCause === null ? 'It may be, the likeliest first:' : 'Behind it may be, the likeliest first:',
      ...alsoPossible
        .slice(0, 6)
        .flatMap(({ title, toTellApart, id, catalogue }) => [
          wrap(`${title} (${[id, ...catalogue].join(', ')})`, '  - ', '    '),
          wrap(`look at: ${toTellApart}`, '    ', '    '),
        ]),
      ...(alsoPossible.length > 6
        ? [`  and ${count(alsoPossible.length - 6, 'other')}: --json lists all`]
        : []),
    ]);
  }
  if (rootCause !== null) {
    const following = failed.filter(({ consequenceOf }) => consequenceOf !== null);
    if (following.length > 0) parts.push(['It follows from that:', ...following.flatMap(listed)]);
    const others = failed.filter(({ id, consequenceOf }) => consequenceOf === null && id !== rootCause.id);
    if (others.length > 0) parts.push(['Wrong as well:', ...others.flatMap(listed)]);
  }
  const warnings = findings.filter(({ status }) => status === 'warn');
  if (warnings.length > 0)
    parts.push([style.yellow('Works, and may fail for others or later:'), ...warnings.flatMap(listed)]);
  const brokenOff = findings.filter(({ status, seen }) => status === 'skip' && seen.length > 0);
  if (brokenOff.length > 0)
    parts.push([style.yellow('Could not be looked for:'), ...brokenOff.flatMap(listed)]);
  if (policies.length > 0)
    parts.push([
      'The signed policies, decoded (their signatures are not checked):',
      ...policies.map(policyLine),
    ]);
  if (notes.length > 0) parts.push(notes.map((note) => wrap(note, 'Note: ', '      ')));
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function listed({ id, catalogue, seen }: Finding): readonly string[] {
  const title = checkOf(id)?.title ?? id;
  const [first] = seen;
  return [
    wrap(`${title} (${[id, ...catalogue].join(', ')})`, '  - ', '    '),
    ...(first === undefined ? [] : [wrap(first, '    ', '    ')]),
  ];
}

function policyLine({ resource, endsAt, startsAt, address }: DecodedPolicy): string {
  const parts = [
    resource === null ? 'opens every file of every distribution that trusts its key' : `opens ${resource}`,
    ...(startsAt === null ? [] : [`from ${startsAt}`]),
    endsAt === null ? 'without an end, which CloudFront refuses' : `until ${endsAt}`,
    ...(address === null ? [] : [`for ${address} alone`]),
  ];
  return `  ${parts.join(', ')}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** Breaks a text between words. */
function wrap(text: string, first: string, rest: string): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
