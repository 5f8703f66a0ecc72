// Makes node_modules/.bin/node, which `npm run` and `npx` find first, point to the pinned Node where this
// machine's own is too old. npm 11 makes that link when it installs; npm 10, which comes with Node 20 and
// 22, removes it again together with the package of the other processor, because both would be .bin/node.
// Plain JavaScript for any Node.
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const repository = new URL('../../', import.meta.url);
const { engines } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const wanted = engines.node.replace('>=', '').split('.').map(Number);
const found = process.versions.node.split('.').map(Number);
const difference = wanted.map((part, index) => found[index] - part).find((part) => part !== 0) ?? 0;

if (difference < 0) {
  const name = `node-${process.platform}-${process.arch}`;
  if (existsSync(new URL(`node_modules/${name}/bin/node`, repository))) {
    const link = fileURLToPath(new URL('node_modules/.bin/node', repository));
    rmSync(link, { force: true });
    symlinkSync(`../${name}/bin/node`, link);
  } else {
    console.error(
      `edgepass: expected Node ${engines.node}, found ${process.versions.node}: ` +
        'on Linux run npm ci without --omit=optional, which brings one; elsewhere install Node 24 (nvm use)',
    );
    process.exitCode = 1;
  }
}
