import { parseArgs } from 'node:util';
import { describeStartFailure } from './start-failure.js';
import { listenForStop } from './process-events.js';

/** The default of PORT (contract section 2). */
const DEFAULT_PORT = 3001;

const HELP = `Usage: edgepass start [--app URL] [--api URL]

Runs the local stack over HTTPS until Ctrl-C: the demo page, the API, and an edge that stands in for
CloudFront + S3. Needs no settings; takes those of docs/settings.md from the environment and from .env in
the current folder. Only what lives on this machine by its address is started. Everything it makes lies in
DATA_DIR (./data).

  --app URL   your own dev server (http://localhost:5173) behind the page's HTTPS name, in place of the demo
  --api URL   your own backend (http://localhost:4000) behind the API's HTTPS name, in place of edgepass's

Example: npm start -- --app http://localhost:5173
`;

/** Runs the local stack. Gives the exit code: 0 stopped, 1 could not start or a part died, 2 wrong use. */
export async function run(args: readonly string[]): Promise<number> {
  const flags = readFlags(args);
  if (typeof flags === 'string') {
    process.stderr.write(`edgepass start: ${flags}\n\n${HELP}`);
    return 2;
  }
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  // Before anything is started: a Ctrl-C in the first second must stop all of it, too.
  const stop = listenForStop();
  try {
    return await runUntil(stop.asked, flags);
  } catch (error) {
    process.stderr.write(`${describeStartFailure(error)}\n`);
    return 1;
  } finally {
    stop.release();
  }
}

interface Flags {
  readonly help: boolean;
  readonly app: URL | null;
  readonly api: URL | null;
}

async function runUntil(asked: Promise<string>, { app, api }: Flags): Promise<number> {
  const environment = { ...process.env };
  const mode = environment['NODE_ENV'];
  if (mode !== undefined && mode !== '' && mode !== 'development') {
    process.stderr.write(
      `NODE_ENV: expected development or nothing, because this command makes throw-away keys; found ${JSON.stringify(mode)}; for a real service run edgepass api\n`,
    );
    return 1;
  }
  environment['NODE_ENV'] = 'development';
  const [
    { formatProblems, readSettings },
    { readDotEnvFile },
    { withStartProblems },
    { startLocalStack },
    { welcome },
    { systemClock },
  ] = await Promise.all([
    import('../settings/read-settings.js'),
    import('../settings/dot-env.js'),
    import('../operation/start-problems.js'),
    import('../local/local-stack.js'),
    import('../local/welcome.js'),
    import('../operation/clock.js'),
  ]);
  const dotEnv = readDotEnvFile(process.cwd());
  const result = readSettings(environment, dotEnv === undefined ? {} : { dotEnv });
  for (const warning of result.warnings) process.stderr.write(`${warning}\n`);
  const found = 'problems' in result ? result.problems : [];
  // With --api the cookies are somebody else's, and so are the rules for them.
  const problems = api === null ? await withStartProblems(result.read, found) : found;
  if ('problems' in result || problems.length > 0) {
    process.stderr.write(`${formatProblems(problems)}\n`);
    return 1;
  }
  // The terminal is for a person: a line of JSON for each start and request would bury what matters.
  const logLevel =
    result.settings.logLevel === 'info' && !isSet('LOG_LEVEL') ? 'warn' : result.settings.logLevel;
  const settings = { ...result.settings, logLevel };
  const stack = await startLocalStack({
    settings,
    apiPort: settings.listen.port === DEFAULT_PORT && !isSet('PORT') ? null : settings.listen.port,
    app,
    api,
    clock: systemClock,
  });
  try {
    process.stdout.write(welcome(stack, settings, { app, api }));
    const end = await Promise.race([asked.then(() => null), stack.failed]);
    if (end === null) return 0;
    process.stderr.write(`${end}\n`);
    return 1;
  } finally {
    await stack.stop();
  }
}

function isSet(name: string): boolean {
  return (process.env[name] ?? '') !== '';
}

function readFlags(args: readonly string[]): Flags | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { app: { type: 'string' }, api: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    const app = values.app === undefined ? null : readTarget('--app', values.app);
    if (typeof app === 'string') return app;
    const api = values.api === undefined ? null : readTarget('--api', values.api);
    if (typeof api === 'string') return api;
    return { help: values.help === true, app, api };
  } catch (error) {
    return (error as Error).message;
  }
}

function readTarget(flag: string, text: string): URL | string {
  const url = URL.parse(/^\d+$/.test(text) ? `http://localhost:${text}` : text);
  const isOrigin =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.pathname === '/' &&
    `${url.search}${url.hash}${url.username}${url.password}` === '';
  return isOrigin
    ? url
    : `${flag}: expected the address of a dev server such as http://localhost:5173, found ${JSON.stringify(text)}`;
}
