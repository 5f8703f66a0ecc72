// How large the browser client is in a page: everything it exports, bundled, minified and compressed with gzip.
// Prints one line; exit code 1 above the limit. Runs in `npm run build`.
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const MOST_BYTES = 4_000;
const entry = fileURLToPath(new URL('../client/dist/index.js', import.meta.url));

const { outputFiles } = await build({
  entryPoints: [entry],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
});
const bytes = gzipSync(outputFiles[0].contents).byteLength;
console.log(`@edgepass/client: ${bytes} bytes compressed (at most ${MOST_BYTES})`);
if (bytes > MOST_BYTES) process.exitCode = 1;
