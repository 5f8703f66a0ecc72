// `npm run build`: compiles every package and the service, what does not need each other side by side. With
// TypeScript 7, which takes a third of the time of TypeScript 6 for the same JavaScript.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a script to its end, with its output shown; rejects with its arguments where it fails. */
function run(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: repository, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`node ${args.join(' ')}: ${signal ?? `exit code ${code}`}`)),
    );
  });
}

const compile = (project) => run('node_modules/typescript-7/bin/tsc', '-p', project);

/** No file of a source that is gone. */
for (const folder of ['.', 'packages/client', 'packages/doctor', 'packages/edge', 'packages/local']) {
  rmSync(`${repository}${folder}/dist`, { recursive: true, force: true });
}

try {
  await Promise.all([compile('packages/edge'), compile('packages/client')]);
  await Promise.all([
    run('packages/release/declarations.mjs', 'packages/edge/dist', 'packages/client/dist'),
    run('packages/release/client-size.mjs'),
    compile('packages/local/demo'),
    Promise.all([compile('packages/local'), compile('packages/doctor')])
      .then(() =>
        Promise.all([
          run('packages/release/declarations.mjs', 'packages/doctor/dist'),
          run('packages/release/bundle-doctor.mjs'),
        ]),
      )
      .then(() => compile('tsconfig.build.json'))
      .then(() => run('packages/release/build-module.mjs')),
  ]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
