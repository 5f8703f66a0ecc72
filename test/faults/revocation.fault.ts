import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { RaceResult } from '../race/race.js';
import { startProcess } from '../support/processes.js';
import { evidence, injectedBy } from './evidence.js';

const COUNT = 5_000;
const LONGEST_SECONDS = 120;

test(
  'N49 a right taken away on one instance: no grant that begins after the answer is given on either, and openGrants misses none',
  async () => {
    injectedBy('`npm run race`: two real processes on one PostgreSQL; long runs with `-- --count 100000`');
    const race = startProcess(process.execPath, [
      fileURLToPath(new URL('../race/run.mjs', import.meta.url)),
      `--count=${COUNT}`,
      `--seconds=${LONGEST_SECONDS}`,
    ]);
    const { code } = await race.ended;
    const text = race.stdout();
    const result = JSON.parse(text.slice(0, text.lastIndexOf('}') + 1)) as RaceResult;
    expect(result).toMatchObject({ late: 0, missed: 0, faults: [], afterwards: COUNT });
    expect(code).toBe(0);
    evidence(
      `${result.races} revocations, ${result.given} grants given and ${result.refused} refused under way; of ${result.afterwards} begun after the answer ${result.late} given; openGrants wrong ${result.missed} times (100,000: docs/audit-log.md)`,
    );
  },
  (LONGEST_SECONDS + 60) * 1_000,
);
