// `npm test`: every check and every test, once. Plain JavaScript, because it must be able to say on any
// Node that this Node is too old.
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(
  readFileSync(new URL('../packages/node/package.json', import.meta.url), 'utf8'),
);
const wanted = engines.node.replace('>=', '').split('.').map(Number);
const found = process.versions.node.split('.').map(Number);
const difference = wanted.map((part, index) => found[index] - part).find((part) => part !== 0) ?? 0;

if (difference < 0) {
  console.error(
    `npm test: expected Node ${engines.node}, found ${process.versions.node}: on Linux \`npm ci && npm test\` brings and uses its own; elsewhere install Node 24 (nvm use)`,
  );
  process.exitCode = 1;
} else {
  const { runEverything } = await import('./support/run-everything.ts');
  process.exitCode = await runEverything(process.argv.slice(2), process.env);
}
