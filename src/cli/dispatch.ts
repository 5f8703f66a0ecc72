import { fileURLToPath } from 'node:url';
import { version } from '../operation/build-info.js';

/** What every `*.command.ts` exports. */
interface Command {
  /** Gives the exit code: 0 fine, 1 a problem, 2 wrong use. Resolves when everything it started has stopped. */
  run(args: readonly string[]): Promise<number>;
}

interface CommandEntry {
  /** One line for `edgepass --help`. */
  readonly summary: string;
  /** Loads it, only when it is asked for: `edgepass keys` waits for no web framework. */
  load(): Promise<Command>;
  /** What to do where it is not installed. */
  readonly elsewhere: string;
}

/** The npm package `edgepass` is the module: the commands of the service are not in it. */
const IN_THE_SERVICE =
  'it is a command of the service, which the npm package does not contain; run it in a clone of the repository ' +
  '(npm ci && npm start) or in the container image';

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  start: {
    summary: 'the whole local stack over HTTPS: page, API and edge',
    load: () => import('./start.command.js'),
    elsewhere: IN_THE_SERVICE,
  },
  api: {
    summary: 'the API alone, from the environment: what a container runs',
    load: () => import('./api.command.js'),
    elsewhere: IN_THE_SERVICE,
  },
  edge: {
    summary: 'the local edge alone: stands in for CloudFront and S3',
    load: () => commandOf('@edgepass/edge'),
    elsewhere: 'install it: npm install --save-dev @edgepass/edge',
  },
  doctor: {
    summary: 'finds which layer refuses, and says the fix',
    load: loadDoctor,
    elsewhere: 'install it: npm install --save-dev @edgepass/doctor',
  },
  audit: {
    summary: 'exports the audit log as one JSON document a line',
    load: () => import('./audit.command.js'),
    elsewhere: IN_THE_SERVICE,
  },
  keys: {
    summary: 'makes a CloudFront key pair and prints the steps for the key group',
    load: () => import('./keys.command.js'),
    elsewhere: 'install edgepass again: a file is missing',
  },
  docs: {
    summary: 'writes the pages that are made from the code, or compares them (--check)',
    load: () => import('./docs.command.js'),
    elsewhere: IN_THE_SERVICE,
  },
};

/** What start-up would refuse of a file of settings, one line each. */
type SettingsCheck = (path: string, text: string) => Promise<readonly string[]>;

/** The doctor knows nothing of the service; started by it, it also says what start-up would refuse. */
async function loadDoctor(): Promise<Command> {
  const doctor = (await commandOf('@edgepass/doctor')) as {
    run(args: readonly string[], options: { readonly checkSettings: SettingsCheck }): Promise<number>;
  };
  const checkSettings: SettingsCheck = async (path, text) => {
    const { problemsAtStart } = await import('./api.command.js');
    return problemsAtStart(path, text);
  };
  return { run: (args) => doctor.run(args, { checkSettings }) };
}

/** The command of a package that may be absent. Typed by hand, so that this compiles without it. */
async function commandOf(packageName: string): Promise<Command> {
  return (await import(`${packageName}/command`)) as Command;
}

/** Runs the command that the arguments name and gives its exit code. */
export async function dispatch(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    process.stderr.write(overview());
    return 2;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(overview());
    return 0;
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    process.stderr.write(
      `edgepass: there is no command ${JSON.stringify(name)}. The commands are ${known()}.\n`,
    );
    return 2;
  }
  const command = await loaded(entry);
  if (command !== null) return command.run(rest);
  process.stderr.write(`edgepass ${name} is not installed here: ${entry.elsewhere}\n`);
  return 1;
}

/** The command, or `null` where it is not installed. A file that is missing inside of it is an error of its own. */
async function loaded(entry: CommandEntry): Promise<Command | null> {
  try {
    return await entry.load();
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') return false;
  return (
    // Node names what was not found and who asked for it: here, this very file.
    error.message.endsWith(`imported from ${fileURLToPath(import.meta.url)}`)
  );
}

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(7)} ${summary}`);
  return [
    'edgepass: CloudFront signed cookies that browsers keep.',
    '',
    'Usage: edgepass COMMAND [--help]',
    '',
    ...lines,
    '',
    'Example: edgepass start --app http://localhost:5173',
    '',
  ].join('\n');
}

function known(): string {
  const names = Object.keys(COMMANDS);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
