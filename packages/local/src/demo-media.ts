import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** Private files as somebody might have them: three courses, three users, a video, a map. */
const MEDIA = join(import.meta.dirname, '../media');

/** Handwriting, under the SIL Open Font License. */
const FONT = '@fontsource/architects-daughter/files/architects-daughter-latin-400-normal.woff2';

/** The files that the demo page shows, as paths on the distribution. Served as `/config.json`. */
export const DEMO_SAMPLES = {
  prefix: 'courses/algebra',
  images: [1, 2, 3, 4, 5, 6].map((number) => `courses/algebra/images/${number}.svg`),
  video: 'courses/algebra/lesson-1/index.m3u8',
  captions: 'courses/algebra/lesson-1/captions.vtt',
  document: 'courses/algebra/documents/notes.pdf',
  font: 'courses/algebra/fonts/handwriting.woff2',
  /** With what a tile layer fills in. */
  map: 'courses/algebra/map/{z}/{x}/{y}.webp',
  /** In a folder whose name is Korean, with a blank. */
  korean: 'courses/선형 대수/images/1.svg',
  sibling: 'courses/geometry/images/1.svg',
} as const;

/** What lies where, by folders of `media/`: not every file system keeps a Korean name as it is written. */
const FOLDERS = [
  ['courses/algebra/documents', 'courses/algebra/documents'],
  ['courses/algebra/images', 'courses/algebra/images'],
  ['courses/algebra/map', 'courses/algebra/map'],
  ['courses/geometry/images', 'courses/geometry/images'],
  ['courses/linear-algebra/images', 'courses/선형 대수/images'],
  ['lesson-1', 'courses/algebra/lesson-1'],
  ['lesson-1', 'courses/geometry/lesson-1'],
  ...['alice', 'bob', 'carol'].map((user) => [`users/${user}`, `users/${user}`] as const),
] as const;

/**
 * Puts the demo's private files into DATA_DIR/media, which stands in for the bucket. A file that is there
 * with the right content is left alone, so that its ETag and date do not change at every start; other files
 * in the folder are the user's own and stay.
 * @returns the folder
 */
export function writeDemoMedia(dataDir: string): string {
  const folder = join(dataDir, 'media');
  for (const [from, to] of FOLDERS) {
    for (const entry of readdirSync(join(MEDIA, from), { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (entry.isFile()) copy(file, join(folder, to, relative(join(MEDIA, from), file)));
    }
  }
  copy(createRequire(import.meta.url).resolve(FONT), join(folder, DEMO_SAMPLES.font));
  return folder;
}

function copy(original: string, target: string): void {
  // A half-copied file after a crash would be kept for ever if it were not compared.
  if (existsSync(target) && readFileSync(target).equals(readFileSync(original))) return;
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { force: true });
  copyFileSync(original, target);
}
