import { parseArgs } from 'node:util';
import { describeStartFailure } from './start-failure.js';
import { listenForStop } from './stop-signal.js';

export const summary = 'the API alone, from the environment: what a container runs';

const HELP = `Usage: edgepass api

Runs the API alone, from the settings in the environment (docs/settings.md), until SIGTERM or Ctrl-C.
With NODE_ENV=development also from .env in the current folder. Settings that cannot work are reported
all at once, one line each, and it ends with exit code 1.
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
  const stop = listenForStop();
  try {
    return await serveUntil(stop.asked);
  } finally {
    stop.release();
  }
}

async function serveUntil(asked: Promise<unknown>): Promise<number> {
  const [{ formatProblems, readSettings }, { readDotEnvFile }, { withStartProblems }] = await Promise.all([
    import('../settings/read-settings.js'),
    import('../settings/dot-env-file.js'),
    import('../start-problems.js'),
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
    const { startApi } = await import('../start-api.js');
    const api = await startApi(result.settings);
    await asked;
    await api.close();
    return 0;
  } catch (error) {
    process.stderr.write(`${await reason(error, listen)}\n`);
    return 1;
  }
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
