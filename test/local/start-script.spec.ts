import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { startProcess, type RunningProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = [
  'src',
  'packages/client/src',
  'packages/doctor/src',
  'packages/edge/src',
  'packages/local/src',
  'packages/local/demo',
];

/** Says that it runs, and how it was called, until it is asked to stop. */
const COMMAND = `import { greeting } from './greeting.js';
interface Message { readonly type: string }
process.stdout.write(greeting + process.argv.slice(2).join(' ') + '\\n');
process.on('message', (message: Message) => {
  if (message.type === 'stop') process.disconnect();
});
`;

/** A clone of the repository that is as small as one can be. */
let clone: string;

beforeEach(() => {
  clone = temporaryFolder('start-script');
  for (const folder of SOURCES) mkdirSync(join(clone, folder), { recursive: true });
  for (const script of ['compile.mjs', 'start.mjs']) {
    cpSync(join(repository, 'packages/local', script), join(clone, 'packages/local', script));
  }
  symlinkSync(join(repository, 'node_modules'), join(clone, 'node_modules'));
  write('package.json', '{ "type": "module" }');
  write('src/cli/edgepass.ts', COMMAND);
  write('src/cli/greeting.ts', "export const greeting: string = 'one ';\n");
  write('src/cli/edgepass.spec.ts', "throw new Error('a test');\n");
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text);
}

function start(args: readonly string[]): RunningProcess {
  return startProcess(process.execPath, ['packages/local/start.mjs', ...args], { cwd: clone });
}

describe('npm start', () => {
  it('compiles every source but the tests, with a map to it, and runs the command', async () => {
    const run = start(['--app', 'http://localhost:5173']);
    await run.ended;
    expect(run.stdout()).toBe('one start --app http://localhost:5173\n');
    expect(existsSync(join(clone, 'dist/cli/edgepass.spec.js'))).toBe(false);
    const map = JSON.parse(readFileSync(join(clone, 'dist/cli/greeting.js.map'), 'utf8')) as {
      sources: string[];
    };
    expect(map.sources).toEqual(['../../src/cli/greeting.ts']);
    expect(readFileSync(join(clone, 'dist/cli/greeting.js'), 'utf8')).toContain(
      '//# sourceMappingURL=greeting.js.map',
    );
  });

  it('compiles again what is newer than its output, and nothing else', async () => {
    await start([]).ended;
    write('dist/cli/greeting.js', "export const greeting = 'kept ';\n");
    const second = start([]);
    await second.ended;
    expect(second.stdout()).toBe('kept start\n');
    const [now, soon] = [Date.now() / 1000, Date.now() / 1000 + 60];
    utimesSync(join(clone, 'dist/cli/greeting.js'), now, now);
    utimesSync(join(clone, 'src/cli/greeting.ts'), soon, soon);
    const third = start([]);
    await third.ended;
    expect(third.stdout()).toBe('one start\n');
  });

  it('shows what cannot be compiled, and starts nothing', async () => {
    write('src/cli/greeting.ts', 'export const greeting = ;\n');
    const run = start([]);
    expect(await run.ended).toEqual({ code: 1, signal: null });
    expect(run.stdout()).toBe('');
    expect(run.stderr()).toContain('Expression expected');
    expect(run.stderr()).toContain('src/cli/greeting.ts:1:1');
  });
});

describe('npm run start:dev', () => {
  it('starts again at a change of a source or of .env, and says why', async () => {
    const run = start(['--watch', '--app', '5173']);
    await run.waitForLine('one start --app 5173');
    write('src/cli/greeting.ts', "export const greeting: string = 'two ';\n");
    await run.waitForLine('two start --app 5173 --brief');
    expect(run.stdout()).toContain('\nChanged, starting again: src/cli/greeting.ts\n');
    write('.env', 'LOG_LEVEL=debug\n');
    await run.waitForLine('Changed, starting again: .env');
    expect(await run.stop()).toEqual({ code: 0, signal: null });
  });

  it('leaves what runs alone while a change cannot be compiled', async () => {
    const run = start(['--watch']);
    await run.waitForLine('one start');
    write('src/cli/greeting.ts', 'export const greeting = ;\n');
    await run.waitForLine('Expression expected');
    write('src/cli/greeting.ts', "export const greeting = 'mended ';\n");
    await run.waitForLine('mended start --brief');
    await run.stop();
    expect(run.stdout().match(/start/g)).toHaveLength(3);
  });

  it('does not start again for what the page asks for at each load', async () => {
    const run = start(['--watch']);
    await run.waitForLine('one start');
    write('packages/local/demo/main.ts', 'export const page: number = 1;\n');
    await run.waitForLine('Changed, reload the page: packages/local/demo/main.ts');
    await run.stop();
    expect(run.stdout()).not.toContain('starting again');
  });
});
