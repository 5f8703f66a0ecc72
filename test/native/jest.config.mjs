// `npm run native`: the lines of docs/native.md that need programs of their own, and those that need Node alone.
import { fileURLToPath } from 'node:url';
import base from '../../jest.config.mjs';

export default {
  ...base,
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  testMatch: ['<rootDir>/test/native/*.{spec,programs}.ts'],
  maxWorkers: 1,
};
