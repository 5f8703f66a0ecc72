// npm run recipes [-- --long | --large]: installs the libraries of examples/recipes, which the repository itself does not
// need, and runs every recipe in the browsers of this machine; --long plays all players at once for three minutes, --large
// takes the libraries of examples/recipes/large.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const mode = ['long', 'large'].find((one) => process.argv.includes(`--${one}`)) ?? 'all';

function run(command, args, environment = {}, cwd = repository) {
  const { status } = spawnSync(command, args, {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) process.exit(status ?? 1);
}

const ci = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional'];
run('npm', ci, {}, `${repository}examples/recipes${mode === 'large' ? '/large' : ''}`);
const tests =
  mode === 'long' ? ['--config', 'test/recipes/long-play.config.mjs'] : ['test/recipes/recipes.spec.ts'];
run('npm', ['run', '--silent', 'jest', '--', ...tests], { EDGEPASS_RECIPES: mode });
