import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The version in the package's own package.json, which it finds by its own name wherever it is installed. */
export function version(): string {
  const manifest = createRequire(import.meta.url)('edgepass/package.json') as { version: string };
  return manifest.version;
}

/** When this file was compiled, or unpacked. */
export function builtAtEpochSeconds(): number {
  return Math.floor(statSync(fileURLToPath(import.meta.url)).mtimeMs / 1000);
}
