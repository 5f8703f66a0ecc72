import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { hookOf, PACKED, packPackages } from './packed-packages.js';
import { sampled } from './whole.js';

/** What Node adds to the exports of a CommonJS package, as @peculiar/x509 is one. */
const OF_COMMONJS = ['__esModule', 'default', 'module.exports'];

/** An ES module, one that is a path in its package, CommonJS, and a package of Nest; `npm run whole` takes all. */
const SAMPLE = ['jose', 'kysely/migration', '@peculiar/asn1-schema', '@nestjs/common'];

test('a process that takes the packed packages finds the exports of the real ones', async () => {
  const packed = await packPackages();
  const names = sampled(
    Object.keys(packed).map((name) => [name]),
    SAMPLE,
  ).flat();
  const script = `const all = {};
    for (const name of ${JSON.stringify(names)}) all[name] = Object.keys(await import(name));
    console.log(JSON.stringify(all));`;
  const exportsOf = (...options: readonly string[]): Readonly<Record<string, readonly string[]>> => {
    const args = [...options, '--input-type=module', '--eval', script];
    const all = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Record<
      string,
      readonly string[]
    >;
    return Object.fromEntries(
      Object.entries(all).map(([name, found]) => [
        name,
        found.filter((one) => !OF_COMMONJS.includes(one)).toSorted(),
      ]),
    );
  };
  const real = exportsOf();
  expect(Object.keys(real)).toEqual(names);
  expect(exportsOf(`--import=${hookOf(packed)}`)).toEqual(real);
});

test('everything that our sources import of a packed package is packed', async () => {
  const root = join(import.meta.dirname, '../..');
  const files = globSync('{src,packages/*/src,test}/**/*.ts', { cwd: root });
  const imported = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/ from '([^']+)';$/gm)].map(([, name = '']) => name),
  );
  const names = new Set(imported.filter((name) => PACKED.test(name)));
  expect([...names].toSorted()).toEqual(Object.keys(await packPackages()));
});
