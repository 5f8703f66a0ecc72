import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openApiFile } from './open-api-file.js';
import { errorsPage } from '../http/problems/errors-page.js';
import { dotEnvExample, settingsPage } from '../settings/settings-page.js';

export const summary = 'writes the pages that are made from the code, or compares them (--check)';

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

export async function run(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === null) return 2;
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  let differing = 0;
  for (const file of FILES) {
    const text = await file.render();
    const path = join(options.root, file.path);
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    differing += 1;
    if (options.check) process.stderr.write(`${file.path}: differs from the code; run: npm run docs\n`);
    else {
      writeFileSync(path, text);
      process.stdout.write(`${file.path} written\n`);
    }
  }
  return options.check && differing > 0 ? 1 : 0;
}

function readOptions(args: readonly string[]): { check: boolean; help: boolean; root: string } | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        // Two folders up, from dist/cli and from src/cli alike.
        root: { type: 'string', default: fileURLToPath(new URL('../../', import.meta.url)) },
      },
    });
    return values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return null;
  }
}
