import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { readDistribution } from '../../../packages/edge/src/distribution/read-distribution.js';
import { startEdgeServer } from '../../../packages/edge/src/server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { IS_WHOLE } from '../../support/whole.js';
import { fuzzOrigin } from './fuzz-origin.js';

const SHORT = IS_WHOLE ? 1_000 : 250;

/** What no edge may be: it reads nothing of what it passes on. */
const relay: typeof startEdgeServer = async ({ distribution }) => {
  const origin = distribution.origins.get('api');
  const port = origin?.kind === 'server' ? Number(new URL(origin.url).port) : 0;
  const server = createServer((viewer) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [viewer, upstream]) socket.on('error', () => undefined);
    viewer.pipe(upstream).pipe(viewer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const listening = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${listening}`,
    port: listening,
    reload: () => undefined,
    invalidate: () => 0,
    close: async () => void server.close(),
  };
};

describe('raw targets and header sets, with a server behind the edge', () => {
  it('leave for no other host, smuggle nothing and end in no fault (E40, E43, E45)', async () => {
    const report = await fuzzOrigin(
      { readDistribution, startEdgeServer },
      { seed: 20261128, count: SHORT, root: temporaryFolder('fuzz-origin') },
    );
    expect(report.failures).toEqual([]);
    expect(report.sent).toBe(SHORT);
    expect(report.reached).toBeGreaterThan(SHORT * 0.3);
  });

  it('find out an edge that hands bytes through', async () => {
    const report = await fuzzOrigin(
      { readDistribution, startEdgeServer: relay },
      { seed: 1, count: 50, root: temporaryFolder('fuzz-origin') },
    );
    expect(report.failures).toContainEqual(expect.stringContaining('the origin: a smuggled request in '));
  });
});
