// Puts what tsc does not copy beside the compiled page: dist/demo is then complete.
import { cp, mkdir, readdir } from 'node:fs/promises';

const from = new URL('./', import.meta.url);
const to = new URL('../dist/demo/', import.meta.url);

await mkdir(to, { recursive: true });
for (const name of await readdir(from)) {
  if (/\.(html|css|svg)$/.test(name)) await cp(new URL(name, from), new URL(name, to));
}
