// `npm run fuzz:edge -- --count 1000000 --seed 7` and its like: compiles what is fuzzed and runs the command
// of that name.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const compiled = spawnSync(process.execPath, [tsc, '-p', 'test/fuzz/tsconfig.json'], {
  cwd: repository,
  stdio: 'inherit',
});

const COMMANDS = {
  edge: async () => (await load('edge/edge-command.js')).runEdgeCommand,
  origin: async () => (await load('edge/edge-command.js')).runOriginCommand,
  properties: async () => (await load('properties/properties-command.js')).runPropertiesCommand,
  http: async () => (await load('http/http-command.js')).runHttpCommand,
};
const [name, ...args] = process.argv.slice(2);

if (compiled.status === 0) {
  try {
    const run = await COMMANDS[name]();
    process.exitCode = await run(args);
  } catch (error) {
    console.error(`fuzz:${name}: ${error.message}`);
    process.exitCode = error instanceof TypeError ? 2 : 1;
  }
} else {
  process.exitCode = 1;
}

function load(file) {
  return import(new URL(`../../dist/fuzz/test/fuzz/${file}`, import.meta.url));
}
