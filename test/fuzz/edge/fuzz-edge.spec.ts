import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readDistribution } from '../../../packages/edge/src/distribution/read-distribution.js';
import { startEdgeServer } from '../../../packages/edge/src/server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { IS_WHOLE } from '../../support/whole.js';
import { fuzzEdge } from './fuzz-edge.js';
import { rawTarget } from './raw-targets.js';

const { runs, targets } = JSON.parse(readFileSync(new URL('seeds.json', import.meta.url), 'utf8')) as {
  readonly runs: readonly { readonly seed: number }[];
  readonly targets: readonly string[];
};
const SHORT = IS_WHOLE ? 1_500 : 400;
const sourceEdge = { readDistribution, startEdgeServer };

describe('raw targets', () => {
  it.each(runs)('of seed $seed yield no byte that is not public and no crash (E17–E31)', async ({ seed }) => {
    const report = await fuzzEdge(sourceEdge, {
      seed,
      count: SHORT,
      root: temporaryFolder('fuzz'),
      kept: targets,
    });
    expect(report.failures).toEqual([]);
    expect(report.sent).toBe(SHORT + targets.length);
    expect(report.statuses[200]).toBeGreaterThan(10);
  });

  it('are the same for the same seed and index on every machine', () => {
    expect([41, 42, 43].map((index) => rawTarget(20261120, index))).toEqual([
      '/%252e./outside.txt',
      '/public/hello.txt',
      '//#...%0a;x=1%e0%80%ae~?link%2E%2e',
    ]);
  });

  it('are judged: an edge that serves the wrong folder is found out', async () => {
    const report = await fuzzEdge(
      {
        ...sourceEdge,
        // An edge whose folder is one too high serves what stands beside the public one.
        readDistribution: (folder) => {
          const result = readDistribution(folder);
          if ('problems' in result) return result;
          const { distribution } = result;
          const origins = new Map(
            [...distribution.origins].map(([id, origin]) => [
              id,
              origin.kind === 'folder'
                ? { ...origin, folder: origin.folder.replace(/\/media$/, '') }
                : origin,
            ]),
          );
          return { ...result, distribution: { ...distribution, origins } };
        },
      },
      { seed: 1, count: 0, root: temporaryFolder('fuzz'), kept: ['/outside.txt'] },
    );
    expect(report.failures).toEqual([
      'kept "/outside.txt": 200 with bytes that are not public',
      'afterwards: 403 for a public file',
    ]);
  });
});
