import { assembleSettings } from './assemble-settings.js';
import { checkTogether, defaultAuthMode, warnTogether, type Given } from './check-together.js';
import { ignoredDotEnv, readDotEnv, type DotEnv } from './dot-env.js';
import { nearName } from './near-name.js';
import { measure, showValue, type SettingsProblem } from './settings-problem.js';
import {
  SETTING_NAMES,
  SETTINGS_TABLE,
  type SettingName,
  type SettingRow,
  type SettingValues,
} from './settings-table.js';
import type { Settings } from './settings.js';

export { formatProblems, type SettingsProblem } from './settings-problem.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Each setting as far as it could be read; `null` where it is absent or wrong. */
export interface ReadValues {
  readonly environment: Settings['environment'];
  readonly values: SettingValues;
}

export type SettingsResult = { readonly read: ReadValues; readonly warnings: readonly string[] } & (
  | { readonly settings: Settings }
  | { readonly problems: readonly SettingsProblem[] }
);

export interface ReadSettingsOptions {
  /** The text of `.env` and where it lies; only looked at in development. */
  readonly dotEnv?: DotEnv | undefined;
  /** Allows the demo sign-in on an address that others reach: a container has no other, and publishes where it wants. */
  readonly isContainer?: boolean;
  /** Leaves the sign-in alone, which a backend of the user's own has: nothing of AUTH_* is asked for. */
  readonly signsInElsewhere?: boolean;
}

/**
 * The settings of this process, or every problem with them at once. Pure: no file, no clock.
 *
 * @param environment `process.env`; it wins over `.env`. An empty text counts as absent.
 */
export function readSettings(environment: Environment, options: ReadSettingsOptions = {}): SettingsResult {
  const mode = SETTINGS_TABLE.NODE_ENV.parse(environment.NODE_ENV || 'production', 'production');
  // The strictest rules until the mode is known.
  const nodeEnv = 'value' in mode ? mode.value : 'production';
  const dotEnv =
    nodeEnv === 'development' && options.dotEnv !== undefined
      ? readDotEnv(options.dotEnv)
      : { values: {}, problems: [] };

  const texts: Environment = { ...dotEnv.values, ...withoutEmpty(environment) };
  const { values, problems: faults } = parseAll(texts, nodeEnv);
  const isGiven = (name: SettingName): boolean => (texts[name] ?? '') !== '';
  const found = { environment: nodeEnv, values, isGiven };
  const given: Given = {
    ...found,
    authMode: options.signsInElsewhere === true ? 'elsewhere' : (values.AUTH_MODE ?? defaultAuthMode(found)),
    isContainer: options.isContainer === true,
  };

  const problems = inOrder([...faults, ...checkTogether(given), ...dotEnv.problems]);
  const isIgnored = nodeEnv === 'production' && options.dotEnv !== undefined;
  const warnings = [
    ...(isIgnored ? ignoredDotEnv(options.dotEnv) : []),
    ...nearNames(environment),
    ...warnTogether(given),
  ];
  const read = { environment: nodeEnv, values };
  return problems.length > 0
    ? { problems, warnings, read }
    : { settings: assembleSettings(given), warnings, read };
}

function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, text]) => text !== ''));
}

function parseAll(
  texts: Environment,
  environment: Settings['environment'],
): { values: SettingValues; problems: readonly SettingsProblem[] } {
  const read = SETTING_NAMES.map((name) => ({ name, ...parseOne(name, texts[name], environment) }));
  return {
    values: Object.fromEntries(read.map(({ name, value }) => [name, value])) as SettingValues,
    problems: read.flatMap(({ problems }) => problems),
  };
}

function parseOne(
  name: SettingName,
  text: string | undefined,
  environment: Settings['environment'],
): { value: unknown; problems: readonly SettingsProblem[] } {
  const row: SettingRow<unknown> = SETTINGS_TABLE[name];
  const effective = text || (environment === 'production' ? row.production : row.development);
  if (effective === null) return { value: null, problems: [] };
  const parsed = row.parse(effective, environment);
  if ('value' in parsed) return { value: parsed.value, problems: [] };
  const shown = row.secret === true ? measure(effective) : showValue(effective);
  const problems = parsed.faults.map((f) => ({
    setting: name,
    expected: f.expected ?? row.form,
    found: f.found ?? shown,
    todo: f.todo,
  }));
  return { value: null, problems };
}

/** As the settings stand in the documentation; `.env` lines that are no setting come last. */
export function inOrder(problems: readonly SettingsProblem[]): readonly SettingsProblem[] {
  const place = ({ setting }: SettingsProblem): number => {
    const index = SETTING_NAMES.indexOf(setting as SettingName);
    return index < 0 ? SETTING_NAMES.length : index;
  };
  return problems.toSorted((a, b) => place(a) - place(b));
}

/** Set by every login shell, and two edits from HOST. */
const NAMES_OF_THE_SYSTEM: ReadonlySet<string> = new Set(['HOME']);

/** Platforms inject names of their own, so only one that nearly is a setting is worth a word. */
function nearNames(environment: Environment): readonly string[] {
  return Object.keys(environment)
    .filter((name) => !Object.hasOwn(SETTINGS_TABLE, name) && !NAMES_OF_THE_SYSTEM.has(name))
    .flatMap((name) => {
      const meant = nearName(name, SETTING_NAMES);
      return meant === null ? [] : [`${name}: is not a setting and has no effect; ${meant} is`];
    });
}
