import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DEMO_SAMPLES, writeDemoMedia } from './demo-media.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'edgepass-media-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const bytes = (path: string): Buffer => readFileSync(join(dataDir, 'media', path));

describe('the demo media', () => {
  it('holds every file that the demo page shows', () => {
    writeDemoMedia(dataDir);
    for (const path of [
      ...DEMO_SAMPLES.images,
      DEMO_SAMPLES.video,
      DEMO_SAMPLES.captions,
      DEMO_SAMPLES.document,
      DEMO_SAMPLES.font,
      DEMO_SAMPLES.korean,
      DEMO_SAMPLES.sibling,
    ]) {
      expect(bytes(path).length).toBeGreaterThan(200);
    }
  });

  it('has every tile of the map down to the second zoom level', () => {
    writeDemoMedia(dataDir);
    const tiles = [0, 1, 2].flatMap((z) =>
      Array.from({ length: 4 ** z }, (_, n) => ({ z, x: n % 2 ** z, y: Math.floor(n / 2 ** z) })),
    );
    expect(tiles).toHaveLength(21);
    for (const { z, x, y } of tiles) {
      const path = DEMO_SAMPLES.map.replace('{z}', `${z}`).replace('{x}', `${x}`).replace('{y}', `${y}`);
      // The head of a WebP file: https://developers.google.com/speed/webp/docs/riff_container
      expect([path, bytes(path).toString('latin1', 8, 12)]).toEqual([path, 'WEBP']);
    }
  });

  it('has every segment that the playlist names', () => {
    writeDemoMedia(dataDir);
    const playlist = bytes(DEMO_SAMPLES.video).toString();
    const names = playlist.split('\n').filter((line) => line.endsWith('.m4s'));
    expect(names).toEqual(['segment-0.m4s', 'segment-1.m4s', 'segment-2.m4s', 'segment-3.m4s']);
    for (const name of [...names, 'init.mp4']) {
      expect(bytes(`courses/algebra/lesson-1/${name}`).length).toBeGreaterThan(1_000);
    }
  });

  it('keeps the date of a file that has not changed, so that its cached copies stay good', () => {
    writeDemoMedia(dataDir);
    const file = join(dataDir, 'media', 'courses/algebra/images/1.svg');
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    writeDemoMedia(dataDir);
    expect(statSync(file).mtimeMs).toBe(1_700_000_000_000);
  });

  it('mends a file that was cut off', () => {
    writeDemoMedia(dataDir);
    const before = bytes('courses/algebra/lesson-1/segment-2.m4s');
    writeFileSync(join(dataDir, 'media', 'courses/algebra/lesson-1/segment-2.m4s'), before.subarray(0, 99));
    writeDemoMedia(dataDir);
    expect(bytes('courses/algebra/lesson-1/segment-2.m4s').equals(before)).toBe(true);
  });

  it("leaves the user's own files alone", () => {
    writeDemoMedia(dataDir);
    writeFileSync(join(dataDir, 'media', 'mine.txt'), 'mine');
    writeDemoMedia(dataDir);
    expect(bytes('mine.txt').toString()).toBe('mine');
  });
});
