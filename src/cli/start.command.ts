import { fileURLToPath } from 'node:url';
import type { LocalSettings, StackInput } from '@edgepass/local';
import type { Settings } from '../settings/settings.js';
import { runCommand, WrongUse } from './command-line.js';
import { listenForParent, listenForStop } from './process-events.js';
import { describeStartFailure } from './start-failure.js';

/** The default of PORT. */
const DEFAULT_PORT = 3001;

/** The addresses of `--one-host`, where no setting names one. */
const ONE_HOST_ADDRESS = 'https://www.edgepass.localhost:3000';
const ONE_HOST = {
  APP_ORIGINS: ONE_HOST_ADDRESS,
  PUBLIC_URL: `${ONE_HOST_ADDRESS}/api`,
  CLOUDFRONT_DOMAIN: ONE_HOST_ADDRESS,
};

const USAGE = `Usage: edgepass start [--app URL] [--api URL] [--one-host] [--brief] [--container]

Runs the local stack over HTTPS until Ctrl-C: the demo page, the API, and an edge that stands in for
CloudFront + S3. Needs no settings; takes those of docs/settings.md from the environment and from .env in
the current folder. Only what lives on this machine by its address is started. Everything it makes lies in
DATA_DIR (./data).

  --app URL   your own dev server (http://localhost:5173) behind the page's HTTPS name, in place of the demo
  --api URL   your own backend (http://localhost:4000) behind the API's HTTPS name, in place of edgepass's
  --one-host  page, API and files behind one address, https://www.edgepass.localhost:3000, as behaviors of one
              distribution: no CORS anywhere. Addresses of your own: PUBLIC_URL with a path, all three at one host
  --brief     says only what to open
  --container listens on HOST=0.0.0.0 although the demo sign-in asks for no password, because a container has no
              other address; each part then answers to its own host name alone (docker-compose.yml)

Other ports stand in the addresses, not in PORT:
  APP_ORIGINS=https://app.edgepass.localhost:4100 PUBLIC_URL=https://api.edgepass.localhost:4101 \\
  CLOUDFRONT_DOMAIN=https://cdn.edgepass.localhost:4102 npm start

Example: npm start -- --app http://localhost:5173
`;

/** Runs the local stack. Gives the exit code: 0 stopped, 1 could not start or a part died, 2 wrong use. */
export function run(args: readonly string[]): Promise<number> {
  const options = {
    app: { type: 'string' },
    api: { type: 'string' },
    'one-host': { type: 'boolean' },
    brief: { type: 'boolean' },
    container: { type: 'boolean' },
  } as const;
  return runCommand({ name: 'start', usage: USAGE, options }, args, async (values) => {
    const flags = {
      app: readTarget('--app', values.app),
      api: readTarget('--api', values.api),
      isOneHost: values['one-host'] === true,
      isBrief: values.brief === true,
      isContainer: values.container === true,
    };
    // Before anything is started: a Ctrl-C in the first second must stop all of it, too.
    const stop = listenForStop();
    const parent = listenForParent(true);
    try {
      const input = await readInput(flags);
      if (input === null) return 1;
      const { runLocalStack } = await import('@edgepass/local');
      return await runLocalStack(input, Promise.race([stop.asked, parent.asked]));
    } catch (error) {
      process.stderr.write(`${describeStartFailure(error)}\n`);
      return 1;
    } finally {
      stop.release();
      parent.release();
    }
  });
}

interface Flags {
  readonly app: URL | null;
  readonly api: URL | null;
  readonly isOneHost: boolean;
  readonly isBrief: boolean;
  readonly isContainer: boolean;
}

/** The settings as the local stack needs them; `null` when what is wrong with them has been printed. */
async function readInput({ app, api, isOneHost, isBrief, isContainer }: Flags): Promise<StackInput | null> {
  const environment = { ...process.env };
  const mode = environment['NODE_ENV'];
  if (mode !== undefined && mode !== '' && mode !== 'development') {
    process.stderr.write(
      `NODE_ENV: expected development or nothing, because this command makes throw-away keys; found ${JSON.stringify(mode)}; for a real service run edgepass api\n`,
    );
    return null;
  }
  environment['NODE_ENV'] = 'development';
  const [
    { formatProblems, readSettings },
    { readDotEnv, readDotEnvFile },
    { readPublicHalf, withStartProblems },
  ] = await Promise.all([
    import('../settings/read-settings.js'),
    import('../settings/dot-env.js'),
    import('../operation/deployment.js'),
  ]);
  const dotEnv = readDotEnvFile(process.cwd());
  if (isOneHost) {
    const named = { ...(dotEnv === undefined ? {} : readDotEnv(dotEnv).values), ...process.env };
    const isNamed = Object.keys(ONE_HOST).some((name) => (named[name] ?? '') !== '');
    if (!isNamed) Object.assign(environment, ONE_HOST);
  }
  // A backend of the user's own has its own sign-in.
  const result = readSettings(environment, { dotEnv, isContainer, signsInElsewhere: api !== null });
  for (const warning of result.warnings) process.stderr.write(`${warning}\n`);
  const found = 'problems' in result ? result.problems : [];
  // With --api the cookies are somebody else's, and so are the rules for them.
  const problems = api === null ? await withStartProblems(result.read, found) : found;
  if ('problems' in result || problems.length > 0) {
    process.stderr.write(`${formatProblems(problems)}\n`);
    return null;
  }
  const { settings } = result;
  const severalHosts = isOneHost ? sayOneHost(settings) : null;
  if (severalHosts !== null) {
    process.stderr.write(`${severalHosts}\n`);
    return null;
  }
  // The terminal is for a person: a line for each start and request would bury what matters.
  environment['LOG_LEVEL'] = settings.logLevel === 'info' && !isSet('LOG_LEVEL') ? 'warn' : settings.logLevel;
  return {
    settings: localSettings(settings, () => readPublicHalf(result.read)),
    app,
    api,
    isBrief,
    isContainer,
    command: fileURLToPath(new URL('./edgepass.js', import.meta.url)),
    apiInput: { environment, alreadySaid: result.warnings },
  };
}

/** What is wrong where `--one-host` is asked for and the settings name several addresses; `null` where they name one. */
function sayOneHost({ appOrigins, publicUrl, cloudFront }: Settings): string | null {
  if (publicUrl.origin === cloudFront.url && appOrigins.includes(cloudFront.url)) return null;
  return (
    '--one-host: expected APP_ORIGINS, PUBLIC_URL and CLOUDFRONT_DOMAIN at one address; ' +
    `found ${appOrigins.join(',')}, ${publicUrl.origin} and ${cloudFront.url}; ` +
    `leave all three away, or set APP_ORIGINS=${cloudFront.url} PUBLIC_URL=${cloudFront.url}/api`
  );
}

function localSettings(settings: Settings, readPublicHalf: LocalSettings['readPublicHalf']): LocalSettings {
  const { host, port } = settings.listen;
  const { url: cloudFrontUrl, privateKey } = settings.cloudFront;
  return {
    host: host === 'localhost' ? '127.0.0.1' : host,
    apiPort: port === DEFAULT_PORT && !isSet('PORT') ? null : port,
    publicUrl: settings.publicUrl,
    appOrigins: settings.appOrigins,
    trustedProxies: settings.trustedProxies,
    cloudFrontUrl,
    tls: settings.tls,
    signingKeyFile: privateKey?.kind === 'file' ? privateKey.path : null,
    readPublicHalf,
    dataDir: settings.dataDir,
    isDemo: settings.authentication.mode === 'demo',
    apiDocs: settings.apiDocs,
  };
}

function isSet(name: string): boolean {
  return (process.env[name] ?? '') !== '';
}

/** @throws WrongUse for what is no address of a server */
function readTarget(flag: string, text: string | undefined): URL | null {
  if (text === undefined) return null;
  const url = URL.parse(/^\d+$/.test(text) ? `http://localhost:${text}` : text);
  const isOrigin =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.pathname === '/' &&
    `${url.search}${url.hash}${url.username}${url.password}` === '';
  if (isOrigin) return url;
  throw new WrongUse(
    `${flag}: expected the address of a dev server such as http://localhost:5173, found ${JSON.stringify(text)}`,
  );
}
