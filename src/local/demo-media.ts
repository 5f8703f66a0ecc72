import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomically } from './atomic-file.js';
import { algebraIllustrations } from './illustrations/algebra.js';
import { geometryIllustrations } from './illustrations/geometry.js';
import { linearMap } from './illustrations/linear-algebra.js';
import { portrait } from './illustrations/portrait.js';

/** Eight seconds of HLS, made once (see its README); copied beside the compiled code by the build. */
const SAMPLE = join(import.meta.dirname, 'sample');
const SAMPLE_FILE = /\.(m3u8|mp4|m4s)$/;

/** The files that the demo page shows, as paths on the distribution. Served as `/config.json`. */
export const DEMO_SAMPLES = {
  prefix: 'courses/algebra',
  images: [1, 2, 3, 4, 5, 6].map((number) => `courses/algebra/images/${number}.svg`),
  video: 'courses/algebra/lesson-1/index.m3u8',
  /** In a folder whose name is Korean, with a blank. */
  korean: 'courses/선형 대수/images/1.svg',
  sibling: 'courses/geometry/images/1.svg',
} as const;

/**
 * Puts the demo's private files into DATA_DIR/media, which stands in for the bucket. A file that is there
 * with the right text is left alone, so that its ETag and date do not change at every start; other files
 * in the folder are the user's own and stay.
 * @returns the folder
 */
export function writeDemoMedia(dataDir: string): string {
  const folder = join(dataDir, 'media');
  const files = new Map<string, string>();
  for (const [index, svg] of algebraIllustrations().entries())
    files.set(`courses/algebra/images/${index + 1}.svg`, svg);
  for (const [index, svg] of geometryIllustrations().entries())
    files.set(`courses/geometry/images/${index + 1}.svg`, svg);
  files.set(DEMO_SAMPLES.korean, linearMap());
  for (const user of ['alice', 'bob', 'carol']) {
    files.set(`users/${user}/portrait.svg`, portrait(user));
    files.set(`users/${user}/notes.txt`, `Only ${user} can read this.\n`);
  }
  for (const [path, text] of files) {
    const file = join(folder, path);
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileAtomically(file, text);
  }
  for (const course of ['algebra', 'geometry']) copySample(join(folder, 'courses', course, 'lesson-1'));
  return folder;
}

function copySample(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(SAMPLE).filter((file) => SAMPLE_FILE.test(file))) {
    const target = join(folder, name);
    const original = join(SAMPLE, name);
    if (existsSync(target) && readFileSync(target).equals(readFileSync(original))) continue;
    // A playlist is small, but a half-copied one after a crash would be kept for ever if it were not compared.
    rmSync(target, { force: true });
    copyFileSync(original, target);
  }
}
