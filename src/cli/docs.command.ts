import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './command-line.js';
import { openApiFile } from './open-api-file.js';
import { errorsPage } from '../http/problems/errors-page.js';
import { dotEnvExample, settingsPage } from '../settings/settings-page.js';

const USAGE = `Usage: edgepass docs [--check] [--root FOLDER]

Writes .env.example and the generated pages of docs/ from the code.
--check  writes nothing; exit code 1 if a file differs
--root   the repository (default: the one this command was built in)
`;

/** One generated file: its path in the repository, and its whole text. */
interface GeneratedFile {
  readonly path: string;
  readonly render: () => string | Promise<string>;
}

const FILES: readonly GeneratedFile[] = [
  { path: '.env.example', render: dotEnvExample },
  { path: 'docs/settings.md', render: settingsPage },
  { path: 'docs/errors.md', render: errorsPage },
  { path: 'docs/openapi.json', render: openApiFile },
];

export function run(args: readonly string[]): Promise<number> {
  const options = {
    check: { type: 'boolean' },
    // Two folders up, from dist/cli and from src/cli alike.
    root: { type: 'string', default: fileURLToPath(new URL('../../', import.meta.url)) },
  } as const;
  return runCommand({ name: 'docs', usage: USAGE, options }, args, ({ check = false, root }) =>
    check ? compare(root) : write(root),
  );
}

async function write(root: string): Promise<number> {
  for (const { path, text } of await differing(root)) {
    writeFileSync(join(root, path), text);
    process.stdout.write(`${path} written\n`);
  }
  return 0;
}

async function compare(root: string): Promise<number> {
  const files = await differing(root);
  for (const { path } of files) {
    process.stderr.write(`${path}: differs from the code; run: npm run docs\n`);
  }
  return files.length > 0 ? 1 : 0;
}

async function differing(root: string): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const files = await Promise.all(FILES.map(async ({ path, render }) => ({ path, text: await render() })));
  return files.filter(({ path, text }) => {
    const there = join(root, path);
    return !existsSync(there) || readFileSync(there, 'utf8') !== text;
  });
}
