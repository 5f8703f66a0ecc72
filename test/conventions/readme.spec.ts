import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { PROBLEM_CODES } from '../../src/http/problems/problem-codes.js';
import { SETTING_NAMES } from '../../src/settings/settings-table.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** What stands in capitals with an underscore and is no setting. */
const NOT_OURS = ['NODE_EXTRA_CA_CERTS'];

describe('README.md', () => {
  test('says in its first sentence what this is, without a word of the trade, and soon how to run it', () => {
    const sentence = /^\*\*(edgepass [^*]+\.)\*\*$/m.exec(readme)?.[1] ?? '';
    expect(readme.indexOf(sentence)).toBeLessThan(20);
    expect(sentence).toContain('lets the right people open private files');
    expect(sentence).not.toMatch(/cookie|CORS|sign|prefix|policy/i);
    expect(readme.split('\n').findIndex((line) => line.includes('npm ci && npm start'))).toBeLessThan(45);
  });

  test('shows the module as the example mounts it', () => {
    const block = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
    expect(block.trim().split('\n').length).toBeLessThanOrEqual(15);
    expect(read('examples/own-backend/src/media/media.module.ts')).toContain(block);
  });

  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path);
  test.each([...new Set(links)])('links to %s, which exists', (path) => {
    expect(existsSync(join(root, path))).toBe(true);
  });

  const commands = [...readme.matchAll(/npm run ([a-z:-]+)/g)].map(([, name = '']) => name);
  test.each([...new Set(commands)])('names npm run %s, which exists', (name) => {
    expect(scripts).toHaveProperty([name]);
  });

  const settings = [...readme.matchAll(/`([A-Z]+_[A-Z_]+)(?:=[^`]*)?`/g)].map(([, name = '']) => name);
  test.each([...new Set(settings)].filter((name) => !NOT_OURS.includes(name)))(
    'names the setting %s, which exists',
    (name) => {
      expect(SETTING_NAMES).toContain(name);
    },
  );

  test('names the Debian packages that .ci/run installs', () => {
    const table = /declare -A package_of=\((.*)\)/.exec(read('.ci/run'))?.[1] ?? '';
    const installed = [...table.matchAll(/\[\w+\]=(?:"([^"]*)"|(\S+))/g)].flatMap(([, many, one]) =>
      (many ?? one ?? '').split(' '),
    );
    expect(installed.length).toBeGreaterThan(3);
    for (const name of installed) expect(readme).toContain(`\`${name}\``);
  });
});

test('every error code that the README names is one of the closed list', () => {
  const named = [...readme.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, code = '']) => code);
  expect(named.filter((code) => !(code in PROBLEM_CODES))).toEqual([]);
});
