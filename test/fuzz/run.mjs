// `npm run fuzz:edge -- --count 1000000 --seed 7`: compiles the edge and sends it raw targets.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const compiled = spawnSync(process.execPath, [tsc, '-p', 'test/fuzz/tsconfig.json'], {
  cwd: repository,
  stdio: 'inherit',
});

if (compiled.status === 0) {
  const { runFuzzCommand } = await import('../../dist/fuzz/test/fuzz/fuzz-command.js');
  process.exitCode = await runFuzzCommand(process.argv.slice(2));
} else {
  process.exitCode = 1;
}
