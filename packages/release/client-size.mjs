// How large the browser client is in a page: everything it exports, bundled, minified and compressed. The limit is for
// Brotli, which every current browser asks for over HTTPS; the size with gzip stands beside it.
// Prints one line; exit code 1 above the limit. Runs in `npm run build`.
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
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
const [{ contents }] = outputFiles;
const bytes = brotliCompressSync(contents).byteLength;
const withGzip = gzipSync(contents).byteLength;
console.log(
  `@edgepass/client: ${bytes} bytes compressed with Brotli (at most ${MOST_BYTES}), ${withGzip} with gzip`,
);
if (bytes > MOST_BYTES) process.exitCode = 1;
