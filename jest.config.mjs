import { hookOf, packPackages } from './test/support/packed-packages.ts';

const packed = await packPackages();
// Workers inherit it; test/support/processes.ts hands it on.
process.env.EDGEPASS_TEST_PACKED = hookOf(packed);

export default {
  testEnvironment: '<rootDir>/test/support/environment.mjs',
  testMatch: ['<rootDir>/{src,packages,test}/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  // `.ts` first: the imports of our sources are looked for in this order.
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: {
    ...Object.fromEntries(Object.entries(packed).map(([name, file]) => [`^${name}$`, file])),
    '^@edgepass/edge$': '<rootDir>/packages/edge/src/index.ts',
    '^@edgepass/edge/command$': '<rootDir>/packages/edge/src/edge.command.ts',
    '^@edgepass/edge/reading$': '<rootDir>/packages/edge/src/reading.ts',
    '^@edgepass/edge/resource-match$': '<rootDir>/packages/edge/src/viewer-access/resource-match.ts',
    '^@edgepass/local$': '<rootDir>/packages/local/src/index.ts',
    '^@edgepass/doctor$': '<rootDir>/packages/doctor/src/index.ts',
    '^@edgepass/doctor/command$': '<rootDir>/packages/doctor/src/doctor.command.ts',
    '^@edgepass/client$': '<rootDir>/packages/client/src/index.ts',
    '^/client/index\\.js$': '<rootDir>/packages/client/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  globalSetup: '<rootDir>/test/support/postgres-server.ts',
  globalTeardown: '<rootDir>/test/support/postgres-stop.ts',
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/packages/.*/dist/', '<rootDir>/examples/'],
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts'],
  // A limit, not a wait: a test that starts a process needs it on a busy machine.
  testTimeout: 30_000,
  // One more than cores of a small machine: a worker often waits for a process, a browser or a limit. With four, what has a
  // limit in it failed in slow minutes, and nothing was faster.
  // They inherit the flags of `npm run jest`, by which V8 collects garbage less often. Collected on one thread
  // (--single-threaded-gc), it took a worker more than half a second at its end, and Jest called that a leak.
  maxWorkers: 3,
  workerIdleMemoryLimit: '1GB',
};
