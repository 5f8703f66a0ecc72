import { createRequire } from 'node:module';

/** The version in the package's own package.json, which it finds by its own name wherever it is installed. */
export function version(): string {
  const manifest = createRequire(import.meta.url)('edgepass/package.json') as { version: string };
  return manifest.version;
}
