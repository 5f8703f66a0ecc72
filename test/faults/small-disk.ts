import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

const mounted = new Set<string>();

/** A real disk of so many kilobytes, in memory. Needs the right to mount. */
export interface SmallDisk {
  readonly folder: string;
  /** Writes a file until nothing more fits. */
  fill(): void;
  /** Takes that file away. */
  empty(): void;
  becomeReadOnly(): void;
}

export function mountSmallDisk(kilobytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k,mode=0700`, 'tmpfs', folder]);
  mounted.add(folder);
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: () => {
      for (;;) {
        try {
          writeFileSync(filler, Buffer.alloc(4096), { flag: 'a' });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
          throw error;
        }
      }
    },
    empty: () => rmSync(filler),
    becomeReadOnly: () => void execFileSync('mount', ['-o', 'remount,ro', folder]),
  };
}

afterAll(() => {
  // Lazily: a process of the test may still be about to end.
  for (const folder of mounted) {
    execFileSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  }
});
