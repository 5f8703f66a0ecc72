import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PREFIX } from './addresses.js';
import type { Cdn } from './cdn.js';

const SAMPLE = fileURLToPath(new URL('../../packages/local/media/lesson-1/', import.meta.url));

/** Uploads the demo's eight seconds of HLS, four segments of two seconds; gives the address of the playlist. */
export function uploadVideo(cdn: Cdn): string {
  for (const name of readdirSync(SAMPLE).filter((file) => /\.(mp4|m4s)$/.test(file))) {
    cdn.upload(`${PREFIX}/lesson-1/${name}`, readFileSync(`${SAMPLE}${name}`));
  }
  return cdn.upload(`${PREFIX}/lesson-1/index.m3u8`, readFileSync(`${SAMPLE}index.m3u8`));
}
