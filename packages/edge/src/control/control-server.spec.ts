import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import {
  CloudFrontClient,
  CreateInvalidationCommand,
  GetInvalidationCommand,
  ListInvalidationsCommand,
  waitUntilInvalidationCompleted,
} from '@aws-sdk/client-cloudfront';
import {
  CACHING_OPTIMIZED,
  NOW,
  openBehavior,
  startTestEdge,
  type TestEdge,
} from '../../../../test/support/edge-fixture.js';
import { requestBytes, sendRaw } from '../../../../test/support/raw-request.js';
import { describeWith, requireTool } from '../../../../test/support/required-tool.js';
import { IS_WHOLE } from '../../../../test/support/whole.js';
import { EdgeLog } from '../edge-log.js';
import { startControlServer, type ControlServer } from './control-server.js';

const ID = 'E2QWRUHEXAMPLE';
const running: ControlServer[] = [];
const clients: CloudFrontClient[] = [];
afterAll(async () => {
  for (const client of clients) client.destroy();
  await Promise.all(running.map((control) => control.close()));
});

async function start(distributionId: string | null = ID) {
  const edge = await startTestEdge({
    files: { 'a.txt': 'old', 'b.txt': 'old' },
    defaultBehavior: openBehavior({ CachePolicyId: CACHING_OPTIMIZED }),
  });
  const lines: string[] = [];
  const control = await startControlServer({
    host: '127.0.0.1',
    port: 0,
    distributionId,
    clock: edge.clock,
    log: new EdgeLog((line) => lines.push(line)),
    invalidate: (paths) => edge.invalidate(paths),
  });
  running.push(control);
  const client = new CloudFrontClient({
    endpoint: control.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  clients.push(client);
  const post = async (
    body: string,
    more: { path?: string; lines?: readonly string[]; host?: string } = {},
  ) => {
    const path = more.path ?? `/2020-05-31/distribution/${ID}/invalidation`;
    const headers = [`Content-Length: ${Buffer.byteLength(body)}`, ...(more.lines ?? [])];
    const bytes = requestBytes(more.host ?? '127.0.0.1', path, headers, 'POST');
    const answer = await sendRaw({
      port: Number(new URL(control.url).port),
      bytes: Buffer.concat([bytes, Buffer.from(body)]),
    });
    return [answer.status, /<Code>(\w+)<\/Code>/.exec(answer.body.toString())?.[1] ?? null];
  };
  return { edge, control, client, lines, post };
}

async function fillAndChange(edge: TestEdge): Promise<void> {
  for (const name of ['a.txt', 'b.txt']) {
    await edge.ask(`/${name}`);
    writeFileSync(join(edge.media, name), 'new');
  }
}
const bodies = async (edge: TestEdge) =>
  Promise.all(['/a.txt', '/b.txt'].map(async (path) => (await edge.ask(path)).body.toString()));

const invalidate = (paths: readonly string[], reference: string, distributionId = ID) =>
  new CreateInvalidationCommand({
    DistributionId: distributionId,
    InvalidationBatch: {
      Paths: { Quantity: paths.length, Items: [...paths] },
      CallerReference: reference,
    },
  });

describe('the control port, asked by @aws-sdk/client-cloudfront', () => {
  it('removes the copies that an invalidation names, before it answers', async () => {
    const { edge, client, lines } = await start();
    await fillAndChange(edge);
    const { Invalidation, Location, $metadata } = await client.send(invalidate(['/a.txt'], 'one'));
    expect(await bodies(edge)).toEqual(['new', 'old']);
    expect([$metadata.httpStatusCode, Invalidation?.Status, Invalidation?.InvalidationBatch]).toEqual([
      201,
      'Completed',
      { Paths: { Quantity: 1, Items: ['/a.txt'] }, CallerReference: 'one' },
    ]);
    expect(Location?.endsWith(`/2020-05-31/distribution/${ID}/invalidation/${Invalidation?.Id}`)).toBe(true);
    expect(Invalidation?.CreateTime).toEqual(new Date(NOW * 1000));
    expect(lines).toEqual(['edge invalidated 1 path(s), 1 copy']);
  });

  it('removes everything for /*, and its waiter sees it completed', async () => {
    const { edge, client } = await start();
    await fillAndChange(edge);
    const { Invalidation } = await client.send(invalidate(['/*'], 'all'));
    const { state } = await waitUntilInvalidationCompleted(
      { client, minDelay: 1, maxDelay: 1, maxWaitTime: 5 },
      { DistributionId: ID, Id: Invalidation?.Id ?? '' },
    );
    expect([state, await bodies(edge)]).toEqual(['SUCCESS', ['new', 'new']]);
  });

  it('gives an invalidation again', async () => {
    const { client } = await start();
    const { Invalidation } = await client.send(invalidate(['/a&<b>".txt'], '1'));
    await client.send(invalidate(['/other'], '2'));
    const again = await client.send(new GetInvalidationCommand({ DistributionId: ID, Id: Invalidation?.Id }));
    expect(again.Invalidation).toEqual(Invalidation);
    expect(again.Invalidation?.InvalidationBatch?.Paths?.Items).toEqual(['/a&<b>".txt']);
  });

  it('lists none: nobody waits for a list', async () => {
    const { client } = await start();
    await expect(client.send(new ListInvalidationsCommand({ DistributionId: ID }))).rejects.toMatchObject({
      name: 'InvalidAction',
      $metadata: { httpStatusCode: 404 },
    });
  });

  it('gives the earlier invalidation for a caller reference that was used, and removes nothing', async () => {
    const { edge, client } = await start();
    const before = await client.send(invalidate(['/*'], 'same'));
    await fillAndChange(edge);
    const again = await client.send(invalidate(['/*'], 'same'));
    expect([again.Invalidation?.Id, await bodies(edge)]).toEqual([before.Invalidation?.Id, ['old', 'old']]);
    await expect(client.send(invalidate(['/a.txt'], 'same'))).rejects.toMatchObject({
      name: 'InvalidArgument',
    });
  });

  it('answers AWS’s errors, which the client knows by name', async () => {
    const { client } = await start();
    await expect(client.send(invalidate(['/*'], 'x', 'EOTHER'))).rejects.toMatchObject({
      name: 'NoSuchDistribution',
      $metadata: { httpStatusCode: 404 },
    });
    await expect(client.send(invalidate(['a.txt'], 'x'))).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'Your request contains one or more invalid invalidation paths.',
      $metadata: { httpStatusCode: 400 },
    });
    const unknown = new GetInvalidationCommand({ DistributionId: ID, Id: 'INONE' });
    await expect(client.send(unknown)).rejects.toMatchObject({ name: 'NoSuchInvalidation' });
  });

  it('takes any distribution where the folder does not say which one it is', async () => {
    const { client } = await start(null);
    expect((await client.send(invalidate(['/*'], 'x', 'EANY'))).$metadata.httpStatusCode).toBe(201);
  });
});

// A second of work; the SDK asks the same above.
if (IS_WHOLE) {
  describeWith('aws', 'the control port, asked by the aws command', () => {
    it('invalidates with create-invalidation --endpoint-url', async () => {
      const { edge, control } = await start();
      await fillAndChange(edge);
      const aws = (...args: string[]) =>
        run(
          requireTool('aws'),
          ['cloudfront', ...args, '--endpoint-url', control.url, '--distribution-id', ID],
          {
            env: { ...process.env, ...AWS_ENVIRONMENT },
          },
        );
      const created = await aws('create-invalidation', '--paths', '/a.txt', '/none*');
      const { Invalidation } = JSON.parse(created.stdout) as { Invalidation: { Id: string; Status: string } };
      await aws('wait', 'invalidation-completed', '--id', Invalidation.Id);
      expect([Invalidation.Status, await bodies(edge)]).toEqual(['Completed', ['new', 'old']]);
    });
  });
}

describe('a call that is not as it should be', () => {
  const batch = (paths: string, quantity = 1, reference = 'r') =>
    `<InvalidationBatch><Paths><Quantity>${quantity}</Quantity><Items>${paths}</Items></Paths><CallerReference>${reference}</CallerReference></InvalidationBatch>`;

  it.each([
    ['', 400, 'MissingBody'],
    ['{}', 400, 'MalformedXML'],
    ['<Other/>', 400, 'MalformedXML'],
    [`<!DOCTYPE a [<!ENTITY b "c">]>${batch('<Path>/a</Path>')}`, 400, 'MalformedXML'],
    [batch('<Path>/a</Path>', 2), 400, 'InconsistentQuantities'],
    [batch('', 0), 400, 'InvalidArgument'],
    [batch('<Path>/a</Path>', 1, ''), 400, 'InvalidArgument'],
    [batch('<Path>/a*b</Path>'), 400, 'InvalidArgument'],
    [batch('<Path>/a</Path>'.repeat(3001), 3001), 413, 'BatchTooLarge'],
    [`${batch('<Path>/a</Path>')}${' '.repeat(1024 * 1024)}`, 413, 'BatchTooLarge'],
  ])('%#: is refused with AWS’s code', async (body, status, code) => {
    const { post } = await start();
    expect(await post(body)).toEqual([status, code]);
  });

  it('of a web page is refused: by its Origin, by Sec-Fetch-Site, by the name it came under', async () => {
    const { post } = await start();
    const body = batch('<Path>/a</Path>');
    const refused = [403, 'AccessDenied'];
    expect(await post(body, { lines: ['Origin: https://evil.example'] })).toEqual(refused);
    expect(await post(body, { lines: ['Sec-Fetch-Site: cross-site'] })).toEqual(refused);
    expect(await post(body, { host: 'rebound.example:3003' })).toEqual(refused);
    expect(await post(body, { host: 'localhost:3003' })).toEqual([201, null]);
  });

  it('for anything else of AWS is refused', async () => {
    const { post } = await start();
    expect(await post('', { path: `/2020-05-31/distribution/${ID}` })).toEqual([404, 'InvalidAction']);
  });
});

const run = promisify(execFile);
const AWS_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'any',
  AWS_SECRET_ACCESS_KEY: 'any',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_DEFAULT_OUTPUT: 'json',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
};
