// `npm run bench`: compiles the benchmarks and runs them one after the other; `-- grants` runs one of them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
const compiled = spawnSync(process.execPath, [tsc, '-p', 'bench/tsconfig.json'], {
  cwd: repository,
  stdio: 'inherit',
});

if (compiled.status === 0) {
  const { runBenchmarks } = await import('../dist/bench/benchmarks.js');
  process.exitCode = await runBenchmarks(process.argv.slice(2));
} else {
  process.exitCode = 1;
}
