import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { run } from '../../src/cli/api.command.js';
import { SETTING_NAMES } from '../../src/settings/settings-table.js';
import { keyFile, OPERATED_SECRET } from '../support/operated-api.js';
import { runTimed } from '../support/processes.js';
import { runHere } from '../support/run-here.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { AUDIENCE, ISSUER } from '../support/token-issuer.js';
import { IS_WHOLE } from '../support/whole.js';
import { APP_ORIGIN, CDN_URL } from './stage.js';

/** How a start ended that must not come about. */
export interface RefusedStart {
  readonly code: number | null;
  /** Without those in which other programs had the processors; `null` where no process was started. */
  readonly seconds: number | null;
  /** The settings that a line complains of, one for each line. */
  readonly settings: readonly string[];
  readonly output: string;
}

/** The promise to operators: a start that cannot work says so within this. */
const PROMISED_SECONDS = 3;

let base: Promise<Readonly<Record<string, string>>> | undefined;

/** A deployment that would start. */
async function environment(): Promise<Readonly<Record<string, string>>> {
  const folder = temporaryFolder('refused');
  return {
    PUBLIC_URL: 'https://api.example.com',
    APP_ORIGINS: APP_ORIGIN,
    CLOUDFRONT_DOMAIN: CDN_URL,
    CLOUDFRONT_PRIVATE_KEY_FILE: keyFile(folder),
    AUTH_SECRET: OPERATED_SECRET,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    DATABASE_URL: `sqlite:${join(folder, 'edgepass.sqlite')}`,
    DATA_DIR: join(folder, 'data'),
  };
}

/** The settings of a deployment that starts. */
export function whatStarts(): Promise<Readonly<Record<string, string>>> {
  base ??= environment();
  return base;
}

/** The first one of a spec file is a process; under `npm run whole` every one is. */
let isProcess = true;

/**
 * Runs `edgepass api` in production with these changes to its end; `undefined` takes a setting away. Where no process is
 * needed this process runs what `edgepass api --check` runs, which refuses as a start does (test/cli/api.spec.ts).
 */
export async function startWith(
  changes: Readonly<Record<string, string | undefined>>,
  asProcess = isProcess || changes['NODE_OPTIONS'] !== undefined,
): Promise<RefusedStart & { readonly environment: Readonly<Record<string, string | undefined>> }> {
  isProcess = IS_WHOLE;
  const whole = { ...(await whatStarts()), ...changes };
  const { code, stdout, stderr, seconds } = asProcess
    ? await runTimed(['api'], { environment: whole })
    : { ...(await runHere(run, ['--check'], whole)), seconds: null };
  const output = `${stdout}${stderr}`;
  const complaints = output.split('\n').filter((line) => line.includes(': expected '));
  return {
    code,
    seconds,
    settings: complaints.map((line) => line.split(':')[0] ?? ''),
    output,
    environment: whole,
  };
}

/**
 * The promise to operators: exit code 1 within 3 s, one line that names the setting, and no secret. Gives
 * the output, for what the line must say besides.
 */
export async function expectRefused(
  setting: string,
  changes: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { code, seconds, settings, output, environment } = await startWith(changes);
  expect({ code, settings }).toEqual({ code: 1, settings: [setting] });
  expect(SETTING_NAMES).toContain(setting);
  if (seconds !== null) expect(seconds).toBeLessThan(PROMISED_SECONDS);
  const keyPath = environment['CLOUDFRONT_PRIVATE_KEY_FILE'];
  const key = keyPath === undefined ? '' : readText(keyPath);
  const secrets = [
    environment['AUTH_SECRET'],
    environment['CLOUDFRONT_PRIVATE_KEY'],
    ...key.split('\n').filter((line) => line.length > 20 && !/--|^Key-Pair-Id:/.test(line)),
  ];
  for (const secret of secrets)
    if (secret !== undefined && secret !== '') expect(output).not.toContain(secret);
  return output;
}

/** Rows of keys point at what cannot be read, or would never end. */
function readText(path: string): string {
  try {
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}
