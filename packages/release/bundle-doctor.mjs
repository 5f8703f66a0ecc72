// Puts the command of the doctor into a few files, dist/bundle: Node takes longer to find, read and link its forty modules
// than to run them. What is needed for one kind of evidence alone stays a file of its own. Runs in `npm run build`.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const dist = fileURLToPath(new URL('../doctor/dist', import.meta.url));

await build({
  absWorkingDir: dist,
  entryPoints: ['edgepass-doctor.js'],
  outdir: 'bundle',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.12',
  // They come with their own licenses and versions.
  packages: 'external',
  logLevel: 'warning',
});
