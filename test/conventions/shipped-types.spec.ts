import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { citedRules } from './cited-rules.js';
import { read } from './project-files.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly workspaces?: readonly string[];
  readonly exports: Conditions;
}

type Conditions = Readonly<{ [condition: string]: string | Conditions }>;

const manifestOf = (folder: string) => JSON.parse(read(join(folder, 'package.json'))) as Manifest;

/** What npm would get. A person reads it in an editor who has installed the package, and who has no docs/rules.md. */
const PACKAGES = ['.', ...(manifestOf('.').workspaces ?? [])].filter(
  (folder) => manifestOf(folder).private !== true,
);

/** Every `types` of an `exports` field, however deep its conditions are. */
function typesOf(conditions: Conditions): readonly string[] {
  return Object.entries(conditions).flatMap(([name, value]) =>
    typeof value === 'string' ? (name === 'types' ? [value] : []) : typesOf(value),
  );
}

/** The declaration files of a package: those that its exports name, and what they import. */
function declarationsOf(folder: string): ReadonlyMap<string, string> {
  const entries = typesOf(manifestOf(folder).exports).map((path) => resolve(root, folder, path));
  const found = new Map<string, string>();
  for (let next = entries.pop(); next !== undefined; next = entries.pop()) {
    if (found.has(next)) continue;
    if (!existsSync(next)) throw new Error(`${relative(root, next)} is not there: run npm run build first`);
    const text = readFileSync(next, 'utf8');
    found.set(next, text);
    for (const [, path = '', common = ''] of text.matchAll(
      /(?:from|import\()\s*['"](\.[^'"]+)\.(c?)js['"]/g,
    )) {
      entries.push(resolve(dirname(next), `${path}.d.${common}ts`));
    }
  }
  return found;
}

describe('the types that are shipped', () => {
  test('are those of every package that is not private', () => {
    expect(PACKAGES).toEqual(expect.arrayContaining(['.', 'packages/client', 'packages/edge']));
  });

  test.each(PACKAGES)('of %s carry no number of docs/rules.md', (folder) => {
    const declarations = declarationsOf(folder);
    expect(declarations.size).toBeGreaterThan(3);
    const numbered = [...declarations].flatMap(([file, text]) =>
      citedRules(text).map((id) => `${id} in ${relative(root, file)}`),
    );
    expect(numbered).toEqual([]);
  });
});
