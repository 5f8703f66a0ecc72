import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { IS_WHOLE } from '../support/whole.js';
import { makePlace } from './stack.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));

interface Launch {
  readonly configurations: readonly {
    readonly name: string;
    readonly runtimeExecutable: string;
    readonly runtimeArgs: readonly string[];
  }[];
}

/**
 * What VS Code's debugger does in each process, by NODE_OPTIONS: it opens the inspector, says where, and lets the
 * program wait for it. Here only in the two that have the breakpoints: each script with a map takes a round trip.
 */
const bootloader = (folder: string): string => `
const { renameSync, writeFileSync } = require('node:fs');
const inspector = require('node:inspector');
const [, program = '', command] = process.argv;
const isDebugged = /jest\\.js$/.test(program) || (/edgepass\\.js$/.test(program) && command === 'api');
if (isDebugged) inspector.open(0, '127.0.0.1');
const file = ${JSON.stringify(folder)} + '/' + process.pid;
writeFileSync(file + '.tmp', inspector.url() ?? '');
renameSync(file + '.tmp', file);
if (isDebugged) inspector.waitForDebugger();
`;

let folder: string;
let processes: string;
beforeEach(() => {
  folder = temporaryFolder('breakpoints');
  processes = temporaryFolder('breakpoints-processes');
});
afterEach(killAll);

/** npm does not pass a signal on, and a process that stands at a breakpoint hears none. */
function killAll(): void {
  for (const pid of readdirSync(processes).toSorted()) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

/**
 * Starts a configuration of .vscode/launch.json under a debugger with one breakpoint.
 * @returns the line at which a process stops there, as its source map has it
 */
async function lineStoppedAt(
  name: string,
  { file, text, environment = {} }: { file: string; text: string; environment?: Record<string, string> },
): Promise<string> {
  const source = join(repository, file);
  const lines = readFileSync(source, 'utf8').split('\n');
  const wanted = lines.findIndex((line) => line.includes(text));
  const launch = JSON.parse(
    readFileSync(join(repository, '.vscode/launch.json'), 'utf8').replaceAll(/^\s*\/\/.*$/gm, ''),
  ) as Launch;
  const found = launch.configurations.find((configuration) => configuration.name === name);
  const boot = join(folder, 'bootloader.cjs');
  writeFileSync(boot, bootloader(processes));
  const breakpoint = startProcess(process.execPath, [
    join(repository, 'test/local/stop-at-breakpoint.ts'),
    processes,
    source,
    String(wanted),
  ]);
  const run = startProcess(
    found?.runtimeExecutable ?? '',
    (found?.runtimeArgs ?? []).map((argument) => argument.replace('${file}', source)),
    { cwd: repository, environment: { ...environment, NODE_OPTIONS: `--require ${boot}` } },
  );
  const stopped = await breakpoint.waitForLine('stopped at', 60_000);
  killAll();
  await run.stop('SIGKILL');
  return lines[Number(stopped.slice('stopped at '.length))]?.trim() ?? '';
}

describe('.vscode/launch.json', () => {
  it('stops at a breakpoint in a spec', async () => {
    const text = 'const result = readPrefix(text);';
    const file = 'src/cloudfront/policy.spec.ts';
    expect(await lineStoppedAt('Spec in the editor', { file, text })).toBe(text);
  }, 60_000);

  // The whole local stack, and a debugger that asks for every source map; test/local/start-script.spec.ts looks at the maps.
  if (!IS_WHOLE) return;
  it('stops at a breakpoint in the API, which is a process of the local stack', async () => {
    const place = await makePlace();
    const text = 'stops.parent.ready(api.url);';
    const file = 'src/cli/api.command.ts';
    const environment = { ...place.environment, DATA_DIR: place.dataDir };
    expect(await lineStoppedAt('Local stack (page, API, edge)', { file, text, environment })).toBe(text);
    place.remove();
  }, 60_000);
});
