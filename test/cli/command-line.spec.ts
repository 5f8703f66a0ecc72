import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dispatch } from '../../src/cli/dispatch.js';
import { runEdgepass } from '../support/processes.js';
import { runHere, type EndedCommand } from '../support/run-here.js';
import { IS_WHOLE } from '../support/whole.js';

const DIST_CLI = join(import.meta.dirname, '../../dist/cli');

/** What `edgepass …` does once its Node is new enough, in this process; under `npm run whole` in one of its own. */
const edgepass = (args: readonly string[]): Promise<EndedCommand> =>
  IS_WHOLE ? runEdgepass(args) : runHere(dispatch, args);

describe('the command line', () => {
  it('lists its commands for --help', async () => {
    const { code, stdout, stderr } = await runEdgepass(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(
      stdout
        .split('\n')
        .map((line) => line.split(/\s+/)[1] ?? '')
        .slice(4, 11),
    ).toEqual(['start', 'api', 'edge', 'doctor', 'audit', 'keys', 'docs']);
  });

  it('says the same on stderr, as wrong use, without a command', async () => {
    const [bare, help] = [await edgepass([]), await edgepass(['--help'])];
    expect([bare.code, bare.stdout, bare.stderr]).toEqual([2, '', help.stdout]);
  });

  it('names the commands when there is none of that name', async () => {
    const { code, stdout, stderr } = await edgepass(['constructor']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      'edgepass: there is no command "constructor". The commands are start, api, edge, doctor, audit, keys and docs.\n',
    );
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(await runEdgepass(['--version'])).toEqual({
      code: 0,
      signal: null,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  it.each(['start', 'api', 'edge', 'audit', 'keys', 'docs'])(
    'edgepass %s --help shows its usage and starts nothing',
    async (name) => {
      const { code, stdout, stderr } = await edgepass([name, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout.split('\n')[0]).toEqual(expect.stringMatching(new RegExp(`^Usage: edgepass ${name}`)));
    },
  );

  it.each(['start', 'api', 'edge', 'audit', 'keys', 'docs'])(
    'edgepass %s refuses a flag that it does not have',
    async (name) => {
      const { code, stdout, stderr } = await edgepass([name, '--no-such-flag']);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain("'--no-such-flag'");
    },
  );
});

describe('on a Node that is too old', () => {
  let folder: string;
  beforeEach(() => {
    // The compiled entry alone, with a check that believes in a newer floor: this Node is then too old,
    // and neither dispatch.js nor node_modules are there to be loaded.
    folder = mkdtempSync(join(tmpdir(), 'edgepass-node-'));
    for (const part of ['cli', 'operation']) mkdirSync(join(folder, part));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    cpSync(join(DIST_CLI, 'edgepass.js'), join(folder, 'cli/edgepass.js'));
    const check = readFileSync(join(DIST_CLI, '../operation/node-version.js'), 'utf8');
    writeFileSync(join(folder, 'operation/node-version.js'), check.replace('[24, 15]', '[99, 0]'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  // Beside this one the real old Node of the machine, where there is one: the best witness.
  it.each([process.execPath, ...oldSystemNodes()])(
    '%s says so in one line and loads nothing else',
    (node) => {
      const { status, stdout, stderr } = spawnSync(node, [join(folder, 'cli/edgepass.js'), 'start']);
      const version = execFileSync(node, ['-p', 'process.versions.node']).toString().trim();
      expect([status, stdout.toString()]).toEqual([1, '']);
      expect(stderr.toString()).toBe(
        `edgepass needs Node 99.0 or newer and this is Node ${version}. In a clone, \`npm ci && npm start\` brings its own on Linux; elsewhere see https://nodejs.org.\n`,
      );
    },
  );
});

function oldSystemNodes(): readonly string[] {
  const path = '/usr/bin/node';
  const version = spawnSync(path, ['-p', 'process.versions.node']);
  return version.status === 0 && Number(version.stdout.toString().split('.')[0]) < 24 ? [path] : [];
}
