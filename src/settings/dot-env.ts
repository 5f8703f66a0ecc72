import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { errorCode } from '../operation/error-code.js';
import { nearName } from './near-name.js';
import { measure, type SettingsProblem } from './settings-problem.js';
import { SETTING_NAMES } from './settings-table.js';

/** The text of `.env` and where it lies, for messages. */
export interface DotEnv {
  readonly text: string;
  readonly path: string;
  /** Node's code, where the file is there and this user may not read it. */
  readonly unreadable?: string;
}

/**
 * The `.env` of a folder, for `readSettings`, which decides whether it counts; `undefined` where there is
 * none. One that this user may not read is given with Node's code for it.
 */
export function readDotEnvFile(folder: string): DotEnv | undefined {
  const path = join(folder, '.env');
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { path, text: '', unreadable: errorCode(error) ?? 'unknown reason' };
  }
}

/** What `.env` says, and every line of it that is no setting: there, unlike in the environment, a typing error is a problem. */
export function readDotEnv({ text, path, unreadable }: DotEnv): {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly SettingsProblem[];
} {
  if (unreadable !== undefined) return { values: {}, problems: [unreadableProblem(path, unreadable)] };
  const { NODE_ENV: nodeEnv = '', ...values } = parseEnv(text) as Record<string, string>;
  const problems = Object.keys(values)
    .filter((name) => !(SETTING_NAMES as readonly string[]).includes(name))
    .map((name) => unknownName(name, lineOf(text, name), path));
  if (nodeEnv !== '') problems.push(nodeEnvProblem(path));
  return { values, problems: [...problems, ...linesWithoutName(text, path)] };
}

function unknownName(name: string, lineNumber: number, path: string): SettingsProblem {
  const meant = nearName(name, SETTING_NAMES);
  // A name that is none may be a line of a key that was pasted without quotes (K12: no 8 bytes of it).
  const isShown = /^[A-Z][A-Z0-9_]*$/.test(name) && (name.length < 8 || name.includes('_') || meant !== null);
  return {
    setting: isShown ? name : '.env',
    expected: 'a name of docs/settings.md',
    found: `an unknown name in ${path}, line ${lineNumber}`,
    todo: meant === null ? 'remove the line, or set it in the environment' : `write ${meant}`,
  };
}

function unreadableProblem(path: string, code: string): SettingsProblem {
  return {
    setting: '.env',
    expected: 'a file that this user may read',
    found: `${path} (${code})`,
    todo: 'correct its permissions, or remove it',
  };
}

/**
 * The warning for a `.env` that is filled in, or cannot be read, outside of development: it has no effect there.
 */
export function ignoredDotEnv({ text, path, unreadable }: DotEnv): readonly string[] {
  const isEmpty = unreadable === undefined && Object.values(parseEnv(text)).every((value) => value === '');
  if (isEmpty) return [];
  return [
    `.env: is read in development only, so ${path} has no effect; set its values in the environment, or start with node --env-file=.env`,
  ];
}

function nodeEnvProblem(path: string): SettingsProblem {
  return {
    setting: 'NODE_ENV',
    expected: 'it in the environment alone',
    found: `it in ${path}`,
    todo: 'remove the line; npm start and npm test set it themselves',
  };
}

function lineOf(text: string, name: string): number {
  return text.split('\n').findIndex((l) => l.replace(/^\s*(?:export\s+)?/, '').startsWith(name)) + 1;
}

/** Lines that the parser skips in silence: neither blank, nor a comment, nor inside of quotes, nor `NAME=`. */
function linesWithoutName(text: string, path: string): readonly SettingsProblem[] {
  const outsideOfQuotes = text.replace(/^[^#\r\n\u2028\u2029=]*=[ \t]*(["'`])[\s\S]*?\1/gm, (quoted) =>
    quoted.replace(/[^\n]+/g, '#'),
  );
  return outsideOfQuotes.split('\n').flatMap((l, index): SettingsProblem[] => {
    const isFine = /^\s*(?:#|$)/.test(l) || l.includes('=');
    if (isFine) return [];
    return [
      {
        setting: '.env',
        expected: 'NAME=value on each line',
        found: `${measure(l.trimEnd())} without = in ${path}, line ${index + 1}`,
        todo: 'write NAME=value; put quotes around a value of several lines',
      },
    ];
  });
}
