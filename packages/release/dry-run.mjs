// npm run release:dry: packs every package that npm would get, installs them together in an empty folder as a
// stranger would, and tries each once; the CDK construct in another one, with its peers of 186 MB. Publishes nothing.
// Exit code 1 at the first thing that fails.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const manifestOf = (folder) => JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8'));
const run = (command, args, cwd) => execFileSync(command, args, { cwd, encoding: 'utf8' });

const folders = ['.', ...manifestOf('.').workspaces].filter((folder) => manifestOf(folder).private !== true);

/** What shows that a package works after its installation: arguments for Node, or a command of it. */
const TRIALS = {
  edgepass: [
    [
      'node',
      ['--input-type=module', '-e', "import { GrantsModule } from 'edgepass'; GrantsModule.forRoot.call"],
    ],
    ['node', ['--input-type=commonjs', '-e', "require('edgepass').GrantsModule.forRoot.call"]],
    ['npx', ['--no-install', 'edgepass', 'keys', '--help']],
  ],
  '@edgepass/client': [
    [
      'node',
      [
        '--input-type=module',
        '-e',
        "import { createEdgepassClient } from '@edgepass/client'; createEdgepassClient.call",
      ],
    ],
  ],
  '@edgepass/doctor': [
    ['npx', ['--no-install', 'edgepass-doctor', '--help']],
    ['npx', ['--no-install', 'edgepass', 'doctor', '--list']],
  ],
  '@edgepass/edge': [
    ['npx', ['--no-install', 'edgepass-edge', '--help']],
    ['npx', ['--no-install', 'edgepass', 'edge', '--help']],
  ],
};

const CDK = 'packages/cdk';
/** Writes the template of the example, made with what is installed. */
const SYNTHESISE = `
import { writeFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { PrivateFiles } from '@edgepass/cdk';
import { exampleTemplate } from ${JSON.stringify(pathToFileURL(join(repository, CDK, 'example.mjs')).href)};
writeFileSync('template.json', JSON.stringify(exampleTemplate({ PrivateFiles, App, Stack, Certificate })));
`;

const folder = mkdtempSync(join(tmpdir(), 'edgepass-release-'));
try {
  const tarballs = folders.map((packageFolder) => pack(packageFolder, folder));
  install(
    folder,
    tarballs.map(({ file }) => file),
  );
  console.log('installed together in an empty folder');
  for (const { name } of tarballs) {
    const trials = TRIALS[name];
    if (trials === undefined)
      throw new Error(`expected a trial of ${name} in packages/release/dry-run.mjs, found none`);
    for (const [command, args] of trials) run(command, args, folder);
    console.log(`${name}: ${trials.length} trials passed`);
  }
  tryCdk(join(folder, 'cdk'));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Makes the tarball of a package; gives its name and where it lies. */
function pack(packageFolder, target) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', target];
  const [packed] = JSON.parse(run('npm', args, join(repository, packageFolder)));
  const { name, version, entryCount, size, unpackedSize } = packed;
  console.log(
    `${name} ${version}: ${entryCount} files, ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked`,
  );
  return { name, file: join(target, packed.filename) };
}

/** Installs into an empty folder. */
function install(target, packages) {
  writeFileSync(join(target, 'package.json'), '{ "name": "stranger", "private": true }\n');
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
  run('npm', ['install', ...options, ...packages], target);
}

/** With the versions of its peers that template.json is of, the construct synthesises that template. */
function tryCdk(target) {
  mkdirSync(target);
  const { name, file } = pack(CDK, target);
  const { peerDependencies, devDependencies } = manifestOf(CDK);
  install(target, [file, ...Object.keys(peerDependencies).map((peer) => `${peer}@${devDependencies[peer]}`)]);
  run('node', ['--input-type=module', '-e', SYNTHESISE], target);
  const template = JSON.parse(readFileSync(join(target, 'template.json'), 'utf8'));
  const { Metadata: _fingerprint, ...expected } = JSON.parse(
    readFileSync(join(repository, CDK, 'template.json'), 'utf8'),
  );
  if (!isDeepStrictEqual(template, expected))
    throw new Error(`${name}: expected the template ${CDK}/template.json, found another`);
  console.log(`${name}: installed with its peers, and synthesises packages/cdk/template.json`);
}

function kilobytes(bytes) {
  return `${Math.round(bytes / 1000)} kB`;
}
