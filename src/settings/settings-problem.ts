/** What is wrong with one setting: one line for the operator. `found` never holds a secret or a part of one. */
export interface SettingsProblem {
  readonly setting: string;
  readonly expected: string;
  readonly found: string;
  readonly todo: string;
}

/** One line a problem: setting, what was expected, what was found, what to do. */
export function formatProblems(problems: readonly SettingsProblem[]): string {
  return problems.map((p) => `${p.setting}: expected ${p.expected}; found ${p.found}; ${p.todo}`).join('\n');
}

const LONGEST_VALUE_SHOWN = 120;

/**
 * How a value that is not secret by its setting stands in a message: quoted, on one line. Credentials in
 * an address, key material and long texts (a key in the wrong line) are only measured.
 */
export function showValue(value: string): string {
  const looksSecret = value.includes('PRIVATE KEY') || value.includes('@') || /[\r\n]/.test(value);
  if (looksSecret || value.length > LONGEST_VALUE_SHOWN) return measure(value);
  return `"${value.replace(/[^\x20-\x7e]|["\\]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}

/** How a secret stands in a message: `a text of 31 bytes`. */
export function measure(value: string): string {
  return `a text of ${Buffer.byteLength(value)} bytes`;
}
