// `npm run race -- --count 100000 [--database sqlite]`: two real API processes on one real PostgreSQL (or one
// on an SQLite file); rights are taken away while grants under them are on their way, until `count` grants
// have begun after the answer. `--seconds 900` is the longest it takes; `--at-once 16` rights at a time.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startApiProcesses } from '../support/api-process.ts';
import { runRaces } from './race.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '900' },
    database: { type: 'string', default: 'postgres' },
    'at-once': { type: 'string', default: '16' },
  },
});
const count = values.database === 'sqlite' ? 1 : 2;
const api = await startApiProcesses({
  repository: fileURLToPath(new URL('../..', import.meta.url)),
  database: values.database,
  count,
});

try {
  const begin = performance.now();
  const result = await runRaces({
    instances: api.urls,
    tokens: api.tokens,
    nowEpochSeconds: () => Math.floor(Date.now() / 1000),
    adminGroup: api.adminGroup,
    races: Math.ceil(Number(values.count) / count),
    longestSeconds: Number(values.seconds),
    atOnce: Number(values['at-once']),
  });
  const seconds = Math.round((performance.now() - begin) / 1000);
  console.log(JSON.stringify({ database: values.database, instances: count, seconds, ...result }, null, 2));
  const isKept = result.faults.length === 0 && result.late === 0 && result.missed === 0;
  console.log(isKept ? 'kept: no grant began after a revocation, none was missed' : 'BROKEN');
  process.exitCode = isKept ? 0 : 1;
} finally {
  api.stop();
}
