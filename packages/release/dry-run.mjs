// npm run release:dry: packs every package that npm would get, installs them together in an empty folder as a
// stranger would, and tries each once. Publishes nothing. Exit code 1 at the first thing that fails.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

const folder = mkdtempSync(join(tmpdir(), 'edgepass-release-'));
try {
  const tarballs = folders.map((packageFolder) => {
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const [packed] = JSON.parse(run('npm', args, join(repository, packageFolder)));
    const { name, version, entryCount, size, unpackedSize } = packed;
    console.log(
      `${name} ${version}: ${entryCount} files, ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked`,
    );
    return { name, file: `./${packed.filename}` };
  });
  writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "private": true }\n');
  const files = tarballs.map(({ file }) => file);
  run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', ...files],
    folder,
  );
  console.log('installed together in an empty folder');
  for (const { name } of tarballs) {
    const trials = TRIALS[name];
    if (trials === undefined)
      throw new Error(`expected a trial of ${name} in packages/release/dry-run.mjs, found none`);
    for (const [command, args] of trials) run(command, args, folder);
    console.log(`${name}: ${trials.length} trials passed`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function kilobytes(bytes) {
  return `${Math.round(bytes / 1000)} kB`;
}
