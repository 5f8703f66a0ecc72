// `npm run distributions -- FOLDER`: tries every distribution below FOLDER (`*.json` as they lie, `*.jsonl` with one
// object a line) on the local edge, with a folder or a server behind each origin, and prints what came of it.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: npm run distributions -- FOLDER');
  process.exit(2);
}
const jest = ['run', '--silent', 'jest', '--', 'test/real-distributions', '--runInBand'];
const { status } = spawnSync('npm', jest, {
  stdio: 'inherit',
  env: { ...process.env, EDGEPASS_DISTRIBUTIONS: resolve(folder) },
});
process.exitCode = status ?? 1;
