// `npm run faults [-- -t N16]`: every fault, the long ones too; writes docs/evidence/faults.md.
import { fileURLToPath } from 'node:url';
import base from '../../jest.config.mjs';

// In full, what has a sample in `npm test`. Workers inherit it.
process.env.EDGEPASS_WHOLE = '1';

export default {
  ...base,
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  testMatch: [
    '<rootDir>/test/faults/**/*.{spec,fault}.ts',
    // Rows that stand beside what they are about.
    '<rootDir>/test/operation/*.spec.ts',
    '<rootDir>/test/race/race.spec.ts',
    '<rootDir>/src/database/{starting-together,postgres-pool}.spec.ts',
    '<rootDir>/src/authentication/remote-key-set.spec.ts',
  ],
  reporters: ['<rootDir>/test/faults/faults-reporter.mjs'],
  // A limit, not a wait; rows that take longer name their own.
  testTimeout: 120_000,
  // One after the other: what is measured must not depend on the neighbour.
  maxWorkers: 1,
  // What is lost, is lost on a disk.
  globals: { onDisk: true },
};
