import { basename } from 'node:path';
import { parseEnv } from 'node:util';
import { DEMO_ENTITLEMENTS } from '../entitlements/demo-entitlements.js';
import type { JsonLogger } from '../operation/json-logger.service.js';
import { loggedError } from '../http/problems/problem-log.js';
import type { RunningApi } from '../operation/start-api.js';
import type { Deployment } from '../operation/deployment.js';
import type { ReadSettingsOptions } from '../settings/read-settings.js';
import type { Settings } from '../settings/settings.js';
import { runCommand } from './command-line.js';
import {
  listenForParent,
  listenForReload,
  listenForStop,
  listenForUnexpectedErrors,
  refuseInspector,
  type Parent,
  type ReloadSignal,
} from './process-events.js';
import { describeStartFailure } from './start-failure.js';

const END_ANYWAY_MILLISECONDS = 500;

const USAGE = `Usage: edgepass api [--check] [--container] [--http]

Runs the API alone, from the settings in the environment (docs/settings.md), until SIGTERM or Ctrl-C.
With NODE_ENV=development they are also read from .env in the current folder. Settings that cannot work are
reported all at once, one line each, and it ends with exit code 1. SIGHUP reads the key file again
(docs/rotation.md).

  --check       only reads the settings and the files they name: exit code 0 if it would start with them
  --container   allows the demo sign-in (development only) on a HOST that others reach, because a container
                has no other; only requests for the host of PUBLIC_URL are then answered
  --http        speaks plain HTTP, also where TLS_CERT_FILE is set: what stands in front has the certificate
`;

/** Runs the API until it is asked to stop. Gives the exit code: 0 stopped, 1 could not start, 2 wrong use. */
export function run(args: readonly string[]): Promise<number> {
  const options = {
    check: { type: 'boolean' },
    container: { type: 'boolean' },
    http: { type: 'boolean' },
  } as const;
  return runCommand(
    { name: 'api', usage: USAGE, options },
    args,
    async ({ check = false, container = false, http = false }) => {
      const flags = { isContainer: container, isPlainHttp: http };
      if (check) return (await readAll(flags)) === null ? 1 : 0;
      const isProduction = !['development', 'test'].includes(process.env['NODE_ENV'] ?? '');
      // From the first moment: until something can be reloaded or stopped, Node would end the process.
      const releases = isProduction ? [refuseInspector((line) => process.stderr.write(`${line}\n`))] : [];
      const stop = listenForStop(['SIGINT', 'SIGTERM']);
      const parent = listenForParent(!isProduction);
      const reload = listenForReload();
      releases.push(
        () => stop.release(),
        () => parent.release(),
        () => reload.release(),
      );
      try {
        const read = await readAll(flags);
        return read === null ? 1 : await serveUntil({ asked: stop.asked, parent }, reload, read);
      } finally {
        for (const release of releases) release();
        endAnyway();
      }
    },
  );
}

interface Flags {
  readonly isContainer: boolean;
  readonly isPlainHttp: boolean;
}

interface Read {
  readonly settings: Settings;
  readonly deployment: Deployment;
}

/** The settings and the files they name; `null` when everything that is wrong with them has been printed. */
async function readAll({ isContainer, isPlainHttp }: Flags): Promise<Read | null> {
  const { readDotEnvFile } = await import('../settings/dot-env.js');
  const dotEnv = readDotEnvFile(process.cwd());
  const { warnings, ...result } = await readAtStart(process.env, { dotEnv, isContainer }, isPlainHttp);
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  if (!('problems' in result)) return result;
  process.stderr.write(`${result.problems}\n`);
  return null;
}

async function readAtStart(
  environment: NodeJS.ProcessEnv,
  options: ReadSettingsOptions,
  isPlainHttp: boolean,
): Promise<{ readonly warnings: readonly string[] } & (Read | { readonly problems: string })> {
  const [{ formatProblems, readSettings }, { loadDeployment, withStartProblems }] = await Promise.all([
    import('../settings/read-settings.js'),
    import('../operation/deployment.js'),
  ]);
  const result = readSettings(environment, options);
  const { warnings } = result;
  if ('problems' in result) {
    const problems = await withStartProblems(result.read, result.problems);
    return { warnings, problems: formatProblems(problems) };
  }
  const settings = isPlainHttp ? { ...result.settings, tls: null } : result.settings;
  try {
    return { warnings, settings, deployment: await loadDeployment(settings) };
  } catch (error) {
    return { warnings, problems: describeStartFailure(error) };
  }
}

/**
 * What start-up would refuse of settings in a file, one line each, by the code of start-up itself: for `edgepass doctor
 * --settings`. A `.env` is read as in development, any other file as the environment of production, unless NODE_ENV says
 * otherwise.
 */
export async function problemsAtStart(path: string, text: string): Promise<readonly string[]> {
  const isDotEnv = basename(path).startsWith('.env');
  const mode = process.env['NODE_ENV'] ?? (isDotEnv ? 'development' : 'production');
  const read =
    mode === 'development'
      ? await readAtStart({ NODE_ENV: mode }, { dotEnv: { text, path } }, false)
      : await readAtStart({ NODE_ENV: mode, ...parseEnv(text) }, {}, false);
  return 'problems' in read ? read.problems.split('\n') : [];
}

/** Who may ask this process to stop. */
interface Stops {
  /** The operator, by a signal. */
  readonly asked: Promise<unknown>;
  readonly parent: Parent;
}

async function serveUntil(
  stops: Stops,
  reload: ReloadSignal,
  { settings, deployment }: Read,
): Promise<number> {
  try {
    const [{ startApi }, { JsonLogger }] = await Promise.all([
      import('../operation/start-api.js'),
      import('../operation/json-logger.service.js'),
    ]);
    const logger = new JsonLogger(settings.logLevel);
    const isDemo = settings.authentication.mode === 'demo';
    const entitlements = isDemo ? DEMO_ENTITLEMENTS : [];
    const api = await startApi(settings, { deployment, entitlements, logger });
    reload.does(() => api.reloadSigningKey());
    stops.parent.ready(api.url);
    return await endWhen(stops, api, logger);
  } catch (error) {
    process.stderr.write(`${describeStartFailure(error)}\n`);
    return 1;
  }
}

/** Serves until it is asked to stop, or has met an uncaught exception; gives the exit code. */
async function endWhen({ asked, parent }: Stops, api: RunningApi, logger: JsonLogger): Promise<number> {
  let code = 0;
  const unexpected = listenForUnexpectedErrors((error) => {
    code = 1;
    logger.fatal({
      msg: 'an error that nobody caught; ending',
      reason: 'unexpected_error',
      error: loggedError(error),
    });
  });
  const ending = await Promise.race([
    parent.asked.then(
      ({ graceMilliseconds }) =>
        () =>
          api.close(graceMilliseconds),
    ),
    asked.then(() => () => api.drain()),
    unexpected.occurred.then(() => () => api.drain('unexpected_error')),
  ]);
  await ending();
  unexpected.release();
  return code;
}

/** A connection to a database that no longer answers must not hold a process that is done. */
function endAnyway(): void {
  setTimeout(() => process.exit(), END_ANYWAY_MILLISECONDS).unref();
}
