// `npm run whole`: every spec file that takes a sample in `npm test`, in full, and what is in no sample.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import base from '../jest.config.mjs';

const rootDir = fileURLToPath(new URL('..', import.meta.url));

/** What a spec file with a sample imports, from whatever folder, or calls: `.attacks.ts` of test/hostile have samples too. */
const HAS_A_SAMPLE = /\/(?:whole|refused-start|[\w-]+\.attacks)\.js'|\bonEitherDatabase\(/;
const specs = globSync('{src,packages/*/src,test}/**/*.spec.ts', { cwd: rootDir }).filter((file) =>
  HAS_A_SAMPLE.test(readFileSync(`${rootDir}${file}`, 'utf8')),
);

export default {
  ...base,
  rootDir,
  testMatch: ['<rootDir>/test/**/*.whole.ts', ...specs.map((file) => `<rootDir>/${file}`)],
};
