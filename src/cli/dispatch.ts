import { readFileSync } from 'node:fs';

/** What every `*.command.ts` exports. */
interface Command {
  /** One line for `edgepass --help`. */
  readonly summary: string;
  /** Gives the exit code: 0 fine, 1 a problem, 2 wrong use. Resolves when everything it started has stopped. */
  run(args: readonly string[]): Promise<number>;
}

/** Loaded only when asked for: `edgepass keys` waits for no web framework. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: () => import('./start.command.js'),
  api: () => import('./api.command.js'),
  edge: () => import('@edgepass/edge/command'),
  audit: () => import('./audit.command.js'),
  keys: () => import('./keys.command.js'),
  docs: () => import('./docs.command.js'),
};

/** Runs the command that the arguments name and gives its exit code. */
export async function dispatch(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    process.stderr.write(await overview());
    return 2;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(await overview());
    return 0;
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    process.stderr.write(
      `edgepass: there is no command ${JSON.stringify(name)}. The commands are ${known()}.\n`,
    );
    return 2;
  }
  const command = await load();
  return command.run(rest);
}

async function overview(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => `  ${name.padEnd(7)} ${(await load()).summary}`),
  );
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

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
