// `npm run loading [-- --write | --way ID,ID] [--engine chromium|firefox|webkitgtk]`: the ways of loading of ways.ts in real browsers,
// Chromium and Firefox ESR unless one is named; fails where one differs from measured.json. `--write` records what was seen;
// `npm run docs` then writes docs/loading.md.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ENGINES } from './page.ts';

const { values } = parseArgs({
  options: { write: { type: 'boolean' }, engine: { type: 'string' }, way: { type: 'string' } },
});

if (values.engine !== undefined && !ENGINES.includes(values.engine)) {
  console.error(`--engine: expected one of ${ENGINES.join(', ')}, found ${values.engine}`);
  process.exitCode = 2;
} else if (values.write === true && values.way !== undefined) {
  console.error(
    '--write: expected without --way, because the version and date that it records are those of every way',
  );
  process.exitCode = 2;
} else {
  const environment = {
    ...process.env,
    EDGEPASS_LOADING: values.engine ?? 'chromium,firefox',
    ...(values.way === undefined ? {} : { EDGEPASS_LOADING_WAYS: values.way }),
    ...(values.write === true ? { EDGEPASS_LOADING_WRITE: '1' } : {}),
  };
  const { status } = spawnSync('npm', ['run', '--silent', 'jest', '--', 'test/loading/loading.spec.ts'], {
    env: environment,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
