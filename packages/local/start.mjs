// `npm start`: compiles what has changed and runs `edgepass start`. With --watch (`npm run start:dev`) it does
// so again at each change of a source file or of .env. Plain JavaScript, because it makes the rest.
import { fork } from 'node:child_process';
import { watch } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compile, SOURCES } from './compile.mjs';

// Node keeps what it has compiled, for the processes of the stack as well: half a second at each start.
const { directory } = enableCompileCache(
  fileURLToPath(new URL('../../node_modules/.cache/edgepass', import.meta.url)),
);
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;

const command = fileURLToPath(new URL('../../dist/cli/edgepass.js', import.meta.url));
const args = process.argv.slice(2).filter((argument) => argument !== '--watch');
/** An editor that saves several files, or one in several steps, makes one change. */
const SETTLE_MILLISECONDS = 100;
/** The page asks for these files at each load, so nothing needs to start again. */
const OF_THE_PAGE = /^packages\/(?:client|local\/demo)\//;

if (process.argv.includes('--watch')) {
  await runAgainAtEachChange();
} else if ((await compiled()) !== null) {
  process.argv = [process.argv[0], command, 'start', ...args];
  await import(command);
} else {
  process.exitCode = 1;
}

/** The files that were compiled; `null` where one cannot be, which is then printed. */
async function compiled() {
  try {
    return await compile();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return null;
  }
}

async function runAgainAtEachChange() {
  let stack = (await compiled()) === null ? null : startStack(args);
  let settled;
  let isSettingChanged = false;
  let working = Promise.resolve();

  const work = async () => {
    const files = await compiled();
    if (files === null) return;
    const changed = files.filter((file) => !OF_THE_PAGE.test(file));
    if (isSettingChanged) changed.unshift('.env');
    isSettingChanged = false;
    if (changed.length === 0) {
      if (files.length > 0) process.stdout.write(`\nChanged, reload the page: ${files.join(', ')}\n`);
      return;
    }
    process.stdout.write(`\nChanged, starting again: ${changed.join(', ')}\n`);
    await stack?.stop();
    stack = startStack([...args, '--brief']);
  };
  const onChange = () => {
    clearTimeout(settled);
    settled = setTimeout(() => {
      working = working.then(work);
    }, SETTLE_MILLISECONDS);
  };
  const watchers = [
    ...SOURCES.map((folder) => watch(folder, { recursive: true }, onChange)),
    watch('.', (_event, name) => {
      if (name !== '.env') return;
      isSettingChanged = true;
      onChange();
    }),
  ];
  const stop = async () => {
    clearTimeout(settled);
    for (const watcher of watchers) watcher.close();
    await working;
    await stack?.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => void stop());
}

/** Runs `edgepass start`; one that ends by itself has said why, and the next change starts it again. */
function startStack(more) {
  // A process group of its own: Ctrl-C reaches this process alone, which then stops the stack.
  const child = fork(command, ['start', ...more], { detached: true });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    stop: async () => {
      if (child.connected) child.send({ type: 'stop' }, () => undefined);
      await ended;
    },
  };
}
