import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The text of a file of the repository, by its path from the root. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

const CODE = '{src,packages,test,bench,examples}/**/*.{ts,tsx,mts,mjs,cjs,js,css,html}';
const SCRIPTS =
  '{findings/*.sh,examples/*/*.{yaml,conf,service},.ci/run,Dockerfile,*.mjs,.dependency-cruiser.cjs,docker-compose.yml,.env.example}';
const MADE = /(?:^|\/)(?:node_modules|dist|data|vectors|coverage)(?:\/|$)/;

/** Every page that a person reads, generated ones included. */
export function pages(): readonly string[] {
  return globSync(['*.md', 'docs/**/*.md', 'examples/*/README.md', 'packages/*/README.md'], {
    cwd: root,
    exclude: (path) => MADE.test(path),
  }).toSorted();
}

/** Everything that people write: code, tests, scripts and pages; nothing that was built or installed. */
export function writtenFiles(): readonly string[] {
  const code = globSync([CODE, SCRIPTS], { cwd: root, exclude: (path) => MADE.test(path) });
  return [...code, ...pages()].toSorted();
}
