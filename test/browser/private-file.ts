import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Without Cache-Control a browser keeps a file for a tenth of its age (RFC 9111 4.2.2), so files of this age
 * are cached for months, as they are in a bucket; new ones would hide every mistake about caching (B84).
 */
const AGE_SECONDS = 10 * 365 * 86_400;
let made = 0;

/** Puts a picture of its own below `prefix` into the folder behind the edge; gives its path on the CDN. Never the same path twice. */
export function addPrivateFile(mediaFolder: string, prefix: string): string {
  made += 1;
  const path = `${prefix}/of-a-test-${made}.svg`;
  const file = join(mediaFolder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, pictureText(path));
  const changedAt = Date.now() / 1000 - AGE_SECONDS;
  utimesSync(file, changedAt, changedAt);
  return path;
}

/** What stands in that picture. */
export function pictureText(path: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><title>${path}</title><rect width="8" height="8"/></svg>`;
}
