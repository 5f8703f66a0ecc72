import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DownloadConnection } from '../edge/download-connection.js';
import { Stage } from '../edge/stage.js';
import { makeCases } from '../grants/cases.js';
import { makeDeployment } from '../grants/deployment.js';
import { giveRights, startEdgepass } from '../grants/servers.js';
import { freePort } from '../server-process.js';
import { InspectedProcess, type FileOnTheWay } from './inspected-process.js';

/** Before anything is counted: what is made at the first request is no part of the way. */
const WARM_UP_REQUESTS = 5;
const REQUESTS = WARM_UP_REQUESTS + 4;
/** The cookies of one viewer run out a second after those of the one before; those of a request at another second. */
const SECONDS_APART = 10;
const FILE_BYTES = 16 * 1024;

/**
 * Which files of ours a request runs through, in order, with every function that runs: a grant of a viewer not seen before,
 * on SQLite, and a GET of the edge with cookies not seen before, of a file that it has not kept and of one that it has.
 */
export async function benchHops(): Promise<void> {
  print('POST /grants, a viewer not seen before, SQLite', await wayOfGrant());
  const files = Array.from({ length: REQUESTS }, (_, index) => `files/${index}.bin`);
  print('GET of the edge, cookies and file not seen before', await wayOfEdgeRequest(files));
  const [one = ''] = files;
  print(
    'GET of the edge, cookies not seen before, cached',
    await wayOfEdgeRequest([one, ...files.map(() => one)]),
  );
}

async function wayOfGrant(): Promise<readonly FileOnTheWay[]> {
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-hops-'));
  const deployment = makeDeployment();
  const perViewer = makeCases(deployment)[1];
  if (perViewer === undefined) throw new Error('expected the case of a prefix for each viewer');
  const { name, callers, rights } = perViewer;
  const inspectorPort = await freePort();
  const api = await startEdgepass(deployment, folder, {
    nodeArguments: [`--inspect=127.0.0.1:${inspectorPort}`],
    // The limits of a new installation, which other benchmarks have switched off.
    environment: { REQUEST_LIMIT_PER_ADDRESS: '', GRANT_LIMIT_PER_VIEWER: '' },
  });
  try {
    await giveRights(api.url, deployment, [{ name, callers, rights: rights.slice(0, REQUESTS) }]);
    const requests = callers.slice(0, REQUESTS).map(({ prefix, token }) => async () => {
      const answer = await fetch(`${api.url}/grants`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          origin: deployment.appOrigin,
        },
        body: JSON.stringify({ prefix }),
      });
      await answer.arrayBuffer();
      if (answer.status !== 201) throw new Error(`expected 201, got ${answer.status}`);
    });
    return await wayOf(inspectorPort, requests);
  } finally {
    await api.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param names the file of each request; what was asked for before comes from the cache */
async function wayOfEdgeRequest(names: readonly string[]): Promise<readonly FileOnTheWay[]> {
  const stage = new Stage();
  const ready = stage.file('files/ready.bin', FILE_BYTES);
  for (const name of new Set(names)) stage.file(name, FILE_BYTES);
  const inspectorPort = await freePort();
  const folder = await stage.distribution(null);
  const edge = await stage.startEdgeOn(folder, ready.name, null, [`--inspect=127.0.0.1:${inspectorPort}`]);
  try {
    const connection = await DownloadConnection.open(edge.host, edge.port);
    const requests = names.map((name, index) => async () => {
      const { isOk, isHit } = await connection.ask(stage.requests(name)[SECONDS_APART * index] ?? '', false);
      const isKept = names.indexOf(name) < index;
      if (!isOk || isHit !== isKept) throw new Error(`expected ${name}, ${isKept ? 'cached' : 'not cached'}`);
    });
    const way = await wayOf(inspectorPort, requests);
    connection.close();
    return way;
  } finally {
    await edge.stop();
    stage.remove();
  }
}

async function wayOf(
  inspectorPort: number,
  requests: readonly (() => Promise<void>)[],
): Promise<readonly FileOnTheWay[]> {
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (const request of requests.slice(0, WARM_UP_REQUESTS)) await request();
  const inspected = await InspectedProcess.connect(inspectorPort);
  const way = await inspected.filesOnTheWay(requests.slice(WARM_UP_REQUESTS));
  inspected.close();
  return way;
}

function print(title: string, way: readonly FileOnTheWay[]): void {
  const lines = way.reduce((sum, file) => sum + file.lines, 0);
  console.log(`\n${title}: ${way.length} files, ${lines} lines`);
  for (const [index, { path, lines: length, calls }] of way.entries()) {
    const functions = [...calls].map(([name, count]) => (count === 1 ? name : `${name} ×${count}`));
    console.log(`  ${String(index + 1).padStart(2)}  ${path} (${length}): ${functions.join(', ')}`);
  }
}
