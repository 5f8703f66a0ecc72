import type { Settings } from './settings.js';
import { measure, showValue } from './settings-problem.js';

/** What is wrong with a text. `expected` and `found` are filled in from the setting's row where absent. */
export interface Fault {
  readonly expected?: string;
  readonly found?: string;
  readonly todo: string;
}

/** A setting's value in its final form, or everything that is wrong with its text. */
export type Parsed<T> = { readonly value: T } | { readonly faults: readonly Fault[] };

/** Reads the text of one setting. Some forms are legal outside of production only. */
export type Parse<T> = (text: string, environment: Settings['environment']) => Parsed<T>;

export const valid = <T>(value: T): Parsed<T> => ({ value });
export const fault = (todo: string, more: Omit<Fault, 'todo'> = {}): Parsed<never> => ({
  faults: [{ todo, ...more }],
});

/** Applies `parse` to each comma-separated entry; reports every wrong entry, keeps each value once. */
export function listOf<T>(parse: Parse<T>): Parse<readonly T[]> {
  return (text, environment) => {
    const entries = text.split(',').map((entry) => entry.trim());
    const parsed = entries.map((entry) => ({ entry, result: parseEntry(entry, parse, environment) }));
    const faults = parsed.flatMap(({ entry, result }) =>
      'faults' in result ? result.faults.map((f) => ({ ...f, found: f.found ?? showValue(entry) })) : [],
    );
    if (faults.length > 0) return { faults };
    return valid([...new Set(parsed.flatMap(({ result }) => ('value' in result ? [result.value] : [])))]);
  };
}

function parseEntry<T>(entry: string, parse: Parse<T>, environment: Settings['environment']): Parsed<T> {
  if (entry === '') return fault('remove the comma too many', { found: 'an empty entry' });
  return parse(entry, environment);
}

/** One of a few words, spelled exactly so. */
export function oneOf<const T extends string>(words: readonly T[]): Parse<T> {
  return (text) => {
    const word = words.find((w) => w === text);
    if (word !== undefined) return valid(word);
    const meant = words.find((w) => w.toLowerCase() === text.trim().toLowerCase());
    return fault(meant === undefined ? `write one of: ${words.join(', ')}` : `write ${meant}`);
  };
}

/** `true` or `false`. */
export const flag: Parse<boolean> = (text) => {
  if (text === 'true' || text === 'false') return valid(text === 'true');
  return fault('write true or false');
};

/** Digits and nothing else: `3600s`, `1e3`, ` 60` and `060` are refused, not guessed at (K15). */
export function wholeNumber(least: number, most: number): Parse<number> {
  return (text) => {
    if (!/^(?:0|[1-9]\d{0,14})$/.test(text)) return fault('write digits only, without a unit');
    const value = Number(text);
    return value >= least && value <= most ? valid(value) : fault(`write a number from ${least} to ${most}`);
  };
}

/** Any text on one line. */
export const line: Parse<string> = (text) => {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\x00-\x1f\x7f]/.test(text)
    ? fault('write it on one line, without control characters')
    : valid(text);
};

/** The path of a file or folder; for a pasted PEM text the fault says so. */
export const path: Parse<string> = (text, environment) =>
  text.includes('-----BEGIN')
    ? fault('give the path of the file, not its text', { found: measure(text) })
    : line(text, environment);
