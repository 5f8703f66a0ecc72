import { readDotEnvFile } from '../settings/dot-env-file.js';
import { formatProblems, readSettings } from '../settings/read-settings.js';
import type { Settings } from '../settings/settings.js';

/**
 * The database of a service whose other settings may be elsewhere (its keys above all): from the environment,
 * in development also from the `.env` of a folder. A text is the line that says what is wrong with it.
 */
export function databaseOf(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Settings['database'] | string {
  const result = readSettings(environment, { dotEnv: readDotEnvFile(folder) });
  if ('settings' in result) return result.settings.database;
  if (result.read.values.DATABASE_URL !== null) return result.read.values.DATABASE_URL;
  return formatProblems(result.problems.filter(({ setting }) => setting === 'DATABASE_URL'));
}
