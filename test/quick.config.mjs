// `npm run test:quick` and `npm run test:watch`: every spec that needs neither the build nor a browser nor another
// process of ours: what stands beside a file, and what speaks HTTP to an application in the same process.
import base from '../jest.config.mjs';

/** These start a built command. */
const PROCESSES = ['edge.command.spec.ts'];

export default {
  ...base,
  rootDir: '..',
  // None of these waits for another process.
  maxWorkers: 2,
  testMatch: [
    '<rootDir>/{src,packages}/**/*.spec.ts',
    '<rootDir>/test/{client,demo,e2e,edge-tables}/*.spec.ts',
  ],
  testPathIgnorePatterns: ['/node_modules/', ...PROCESSES.map((name) => `/${name.replaceAll('.', '\\.')}$`)],
};
