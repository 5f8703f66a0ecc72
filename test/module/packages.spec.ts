import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { temporaryFolder } from '../support/temporary-folder.js';
import { IS_WHOLE } from '../support/whole.js';
import { packInto, repository } from './packed-host.js';
import { commandLimitMilliseconds } from './stage.js';

/** A package that npm gets, and what `attw` (are the types wrong?) is asked to leave out. */
interface PublicPackage {
  readonly name: string;
  readonly folder: string;
  readonly leaveOut: readonly string[];
}

/** An ES module alone: CommonJS loads it with require() from Node 22.12 on, and older TypeScript warns. */
const ES_MODULE_ALONE = ['--ignore-rules', 'cjs-resolves-to-esm'];

/** What applications and pages import; `npm run whole` takes the others too, and asks `attw` about the types of all. */
const SAMPLE = ['edgepass', '@edgepass/client'];

const packages: readonly PublicPackage[] = [
  { name: 'edgepass', folder: '.', leaveOut: [] },
  { name: '@edgepass/client', folder: 'packages/client', leaveOut: ES_MODULE_ALONE },
  {
    name: '@edgepass/doctor',
    folder: 'packages/doctor',
    leaveOut: [...ES_MODULE_ALONE, '--profile', 'node16'],
  },
  // node10 knows no `exports`, so it cannot find `@edgepass/edge/command`, which `edgepass edge` alone loads.
  {
    name: '@edgepass/edge',
    folder: 'packages/edge',
    leaveOut: [...ES_MODULE_ALONE, '--profile', 'node16'],
  },
];

interface Manifest {
  readonly name: string;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8')) as Manifest;

describe.each(packages.filter(({ name }) => IS_WHOLE || SAMPLE.includes(name)))(
  'the package $name',
  ({ name, folder, leaveOut }) => {
    let tarball: string;
    beforeAll(async () => {
      tarball = await packInto(temporaryFolder('packed'), join(repository, folder));
    }, commandLimitMilliseconds);

    test('has the name, asks for Node 22.12 and runs nothing when it is installed', () => {
      const { name: own, engines, scripts } = manifestOf(folder);
      expect({ own, node: engines?.node }).toEqual({
        own: name,
        node: expect.stringMatching(/^>=22\.12(\.0)?$/),
      });
      expect(Object.keys(scripts ?? {}).filter((script) => /^(pre|post)?install$/.test(script))).toEqual([]);
    });

    test('has nothing that publint objects to', async () => {
      const packed = new Uint8Array(readFileSync(tarball)).buffer;
      // The folder of every tarball that npm makes.
      const { messages, pkg } = await publint({
        pkgDir: 'package',
        pack: { tarball: packed },
        strict: true,
      });
      expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
    });

    // A second of work for each; own-backend.spec.ts compiles a host with those of edgepass.
    if (!IS_WHOLE) return;
    test(
      'has types that every kind of module resolution finds and that say what is there',
      async () => {
        const { stdout, failed } = await attw([tarball, '--format', 'ascii', ...leaveOut]);
        expect({ failed, said: failed ? stdout : '' }).toEqual({ failed: false, said: '' });
      },
      commandLimitMilliseconds,
    );
  },
);

test('@edgepass/client has no dependencies', () => {
  expect(manifestOf('packages/client').dependencies).toBeUndefined();
});

function attw(args: readonly string[]): Promise<{ stdout: string; failed: boolean }> {
  const command = join(repository, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { maxBuffer: 16e6 }, (error, stdout, stderr) => {
      resolve({ stdout: stdout + stderr, failed: error !== null });
    });
  });
}
