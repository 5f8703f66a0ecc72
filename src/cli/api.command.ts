import { parseArgs } from 'node:util';
import type { JsonLogger } from '../operation/json-logger.service.js';
import { loggedError } from '../http/problems/problem-log.js';
import type { RunningApi } from '../operation/start-api.js';
import { describeStartFailure } from './start-failure.js';
import { listenForReload, type ReloadSignal } from './reload-signal.js';
import { listenForStop } from './stop-signal.js';
import { listenForUnexpectedErrors } from './unexpected-error.js';

export const summary = 'the API alone, from the environment: what a container runs';

const END_ANYWAY_MILLISECONDS = 500;

const HELP = `Usage: edgepass api

Runs the API alone, from the settings in the environment (docs/settings.md), until SIGTERM or Ctrl-C.
With NODE_ENV=development they are also read from .env in the current folder. Settings that cannot work are
reported all at once, one line each, and it ends with exit code 1. SIGHUP reads the key file again
(docs/rotation.md).
`;

/** Runs the API until it is told to stop. Gives the exit code: 0 stopped, 1 could not start, 2 wrong use. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...args], options: { help: { type: 'boolean', short: 'h' } } });
    if (values.help === true) {
      process.stdout.write(HELP);
      return 0;
    }
  } catch (error) {
    process.stderr.write(`edgepass api: ${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  const stop = listenForStop(['SIGINT', 'SIGTERM']);
  // From the first moment: until something can be reloaded, Node would end the process for it.
  const reload = listenForReload();
  try {
    return await serveUntil(stop.asked, reload);
  } finally {
    reload.release();
    stop.release();
    endAnyway();
  }
}

async function serveUntil(asked: Promise<unknown>, reload: ReloadSignal): Promise<number> {
  const [{ formatProblems, readSettings }, { readDotEnvFile }, { withStartProblems }] = await Promise.all([
    import('../settings/read-settings.js'),
    import('../settings/dot-env-file.js'),
    import('../operation/start-problems.js'),
  ]);
  const dotEnv = readDotEnvFile(process.cwd());
  const result = readSettings(process.env, dotEnv === undefined ? {} : { dotEnv });
  for (const warning of result.warnings) process.stderr.write(`${warning}\n`);
  const problems = await withStartProblems(result.read, 'problems' in result ? result.problems : []);
  if ('problems' in result || problems.length > 0) {
    process.stderr.write(`${formatProblems(problems)}\n`);
    return 1;
  }
  const { listen } = result.settings;
  try {
    const [{ startApi }, { JsonLogger }] = await Promise.all([
      import('../operation/start-api.js'),
      import('../operation/json-logger.service.js'),
    ]);
    const logger = new JsonLogger(result.settings.logLevel);
    const api = await startApi(result.settings, { logger });
    reload.does(() => api.reloadSigningKey());
    return await drainWhen(asked, api, logger);
  } catch (error) {
    process.stderr.write(`${await reason(error, listen)}\n`);
    return 1;
  }
}

/** Serves until it is asked to stop, or has met an error that nobody caught; gives the exit code. */
async function drainWhen(asked: Promise<unknown>, api: RunningApi, logger: JsonLogger): Promise<number> {
  let code = 0;
  const unexpected = listenForUnexpectedErrors((error) => {
    code = 1;
    logger.fatal({
      msg: 'an error that nobody caught; ending',
      reason: 'unexpected_error',
      error: loggedError(error),
    });
  });
  await Promise.race([asked, unexpected.occurred]);
  await api.drain(code === 0 ? undefined : 'unexpected_error');
  unexpected.release();
  return code;
}

/** A connection to a database that no longer answers must not hold a process that is done. */
function endAnyway(): void {
  setTimeout(() => process.exit(), END_ANYWAY_MILLISECONDS).unref();
}

async function reason(error: unknown, listen: { host: string; port: number }): Promise<string> {
  const [{ portProblem }, { systemCode }] = await Promise.all([
    import('../local/free-ports.js'),
    import('../local/local-problem.js'),
  ]);
  const code = systemCode(error);
  return ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND'].includes(code)
    ? portProblem('PORT', listen.host, listen.port, code)
    : describeStartFailure(error);
}
