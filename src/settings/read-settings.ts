import type { Settings } from './settings.js';
import type { SettingsProblem } from './settings-problem.js';

export { formatProblems, type SettingsProblem } from './settings-problem.js';

export type SettingsResult =
  | { readonly settings: Settings; readonly warnings: readonly string[] }
  | { readonly problems: readonly SettingsProblem[]; readonly warnings: readonly string[] };

export interface ReadSettingsOptions {
  /** The text of `.env` and where it lies; only looked at in development. */
  readonly dotEnv?: { readonly text: string; readonly path: string };
}

/**
 * The settings of this process, or every problem with them at once. Pure: no file, no clock.
 *
 * @param environment `process.env`; it wins over `.env`
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  options: ReadSettingsOptions = {},
): SettingsResult {
  throw new Error(`settings are not read yet (${Object.keys(environment).length}, ${options.dotEnv?.path})`);
}
