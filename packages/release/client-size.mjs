// How large the browser client is in a page: everything it exports, bundled, minified and compressed. 4 kB hold with Brotli,
// which every current browser asks for over HTTPS; gzip makes it a little larger, and has a limit of its own.
// Prints one line; exit code 1 above a limit. Runs in `npm run build`.
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const MOST_BYTES = { brotli: 4_000, gzip: 4_200 };
const entry = fileURLToPath(new URL('../client/dist/index.js', import.meta.url));

const { outputFiles } = await build({
  entryPoints: [entry],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
});
const [{ contents }] = outputFiles;
const brotli = brotliCompressSync(contents).byteLength;
const gzip = gzipSync(contents).byteLength;
console.log(
  `@edgepass/client: ${brotli} bytes with Brotli (at most ${MOST_BYTES.brotli}), ${gzip} with gzip (at most ${MOST_BYTES.gzip})`,
);
if (brotli > MOST_BYTES.brotli || gzip > MOST_BYTES.gzip) process.exitCode = 1;
