// `npm run whole`: every spec file that takes a sample in `npm test`, in full, and what is in no sample.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import base from '../jest.config.mjs';

const rootDir = fileURLToPath(new URL('..', import.meta.url));
const specs = globSync('{src,packages/*/src,test}/**/*.spec.ts', { cwd: rootDir });

export default {
  ...base,
  rootDir,
  testMatch: [
    '<rootDir>/test/**/*.whole.ts',
    ...specs
      .filter((file) =>
        /support\/whole\.js|\/refused-start\.js|\bonEitherDatabase\(/.test(
          readFileSync(`${rootDir}${file}`, 'utf8'),
        ),
      )
      .map((file) => `<rootDir>/${file}`),
  ],
};
