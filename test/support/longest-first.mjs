// Jest begins with the largest files where it knows no times yet, as on a fresh clone. The longest ones of
// ours are not large: they wait for processes, installations and browsers, and the last of them would be
// waited for by an idle processor.
import Sequencer from '@jest/test-sequencer';

/**
 * What takes longer than eight seconds beside others, the longest first. What sends a service more than it can serve
 * comes last: it does not run beside the linter, which starts when the tests do.
 */
const LONGEST = [
  'test/operation/stopping.spec.ts',
  'test/browser/demo-page.spec.ts',
  'test/doctor/real-browsers.spec.ts',
  'src/database/postgres/audit-partitions.spec.ts',
  'test/faults/postgres-readiness.spec.ts',
  'test/hostile/tokens.spec.ts',
  'test/module/own-backend.spec.ts',
  'src/database/postgres/pgbouncer.spec.ts',
  'test/e2e/limits.spec.ts',
  'test/hostile/canaries.spec.ts',
  'test/hostile/in-process.spec.ts',
  'test/hostile/load.spec.ts',
];

export default class LongestFirst extends Sequencer {
  async sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's own method, not an array's
    const sorted = await super.sort(tests);
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

function rankOf({ path }) {
  const at = LONGEST.findIndex((file) => path.endsWith(file));
  return at === -1 ? LONGEST.length : at;
}
