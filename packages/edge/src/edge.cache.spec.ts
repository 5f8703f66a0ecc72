import { unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  ALIAS,
  behavior,
  CACHING_OPTIMIZED,
  CORS_S3_ORIGIN,
  header,
  openBehavior,
  policyText,
  queryOf,
  rsaKey,
  signPolicy,
  startTestEdge,
  type AskOptions,
  type FolderInput,
  type TestEdge,
} from '../../../test/support/edge-fixture.js';

const KEY = rsaKey('KVIEWER1');
const FILES = { 'a.txt': '0123456789', 'b.txt': 'second', 'index.html': '<p>root</p>' };
const EVERYTHING = signPolicy(policyText(`http://${ALIAS}/*`), KEY);

const cached = (input: FolderInput = {}, members: object = {}) =>
  startTestEdge({
    keys: [KEY],
    files: FILES,
    defaultBehavior: openBehavior({ CachePolicyId: CACHING_OPTIMIZED, ...members }),
    ...input,
  });

/** Status, X-Cache without its tail, Age and body of an answer. */
async function seen(edge: TestEdge, target: string, request: AskOptions = {}) {
  const answer = await edge.ask(target, request);
  const from = header(answer, 'X-Cache')?.split(' ')[0];
  return [answer.status, from, header(answer, 'Age'), answer.body.toString()];
}

const withObjectHeaders = (objectHeaders: object): FolderInput => ({
  edge: { origins: { media: { folder: '../media', objectHeaders } } },
  extra: { 'cache-policies/origin-decides.json': cachePolicyFile('origin-decides', [], 0) },
});

describe('a copy', () => {
  it('answers without the origin until it is stale, and says its age (R62)', async () => {
    const edge = await cached(withObjectHeaders({ '*.txt': { 'Cache-Control': 'max-age=60' } }));
    expect(await seen(edge, '/a.txt')).toEqual([200, 'Miss', undefined, '0123456789']);
    writeFileSync(join(edge.media, 'a.txt'), 'changed');
    edge.clock.move(59);
    expect(await seen(edge, '/a.txt')).toEqual([200, 'Hit', '59', '0123456789']);
    edge.clock.move(1);
    expect(await seen(edge, '/a.txt')).toEqual([200, 'Miss', undefined, 'changed']);
    expect(await seen(edge, '/a.txt')).toEqual([200, 'Hit', '0', 'changed']);
  });

  it('is asked about with If-None-Match once it is stale, and lives on after 304 (R93)', async () => {
    const edge = await cached();
    await edge.ask('/a.txt');
    edge.clock.move(86_400);
    expect(await seen(edge, '/a.txt')).toEqual([200, 'RefreshHit', undefined, '0123456789']);
    edge.clock.move(5);
    expect(await seen(edge, '/a.txt')).toEqual([200, 'Hit', '5', '0123456789']);
  });

  it('of an object with no-cache is asked about each time (R62)', async () => {
    const edge = await cached(withObjectHeaders({ '*': { 'Cache-Control': 'no-cache' } }), {
      CachePolicyId: 'origin-decides',
    });
    expect(await seen(edge, '/a.txt')).toEqual([200, 'Miss', undefined, '0123456789']);
    expect(await seen(edge, '/a.txt')).toEqual([200, 'RefreshHit', undefined, '0123456789']);
  });

  it('is never made of no-store, unless the minimum says so: then for that long (R62)', async () => {
    const noStore = withObjectHeaders({ '*': { 'Cache-Control': 'no-store' } });
    const strict = await cached(noStore, { CachePolicyId: 'origin-decides' });
    await strict.ask('/a.txt');
    expect(await seen(strict, '/a.txt')).toEqual([200, 'Miss', undefined, '0123456789']);
    const minimum = await cached(noStore);
    await minimum.ask('/a.txt');
    expect(await seen(minimum, '/a.txt')).toEqual([200, 'Hit', '0', '0123456789']);
    minimum.clock.move(1);
    expect(await seen(minimum, '/a.txt')).toEqual([200, 'RefreshHit', undefined, '0123456789']);
  });

  it('is never made under CachingDisabled (R61)', async () => {
    const edge = await startTestEdge({ files: FILES, defaultBehavior: openBehavior() });
    await edge.ask('/a.txt');
    expect(await seen(edge, '/a.txt')).toEqual([200, 'Miss', undefined, '0123456789']);
  });

  it('never answers a viewer who may not see it (R40), nor after their cookies expired', async () => {
    const edge = await cached({ defaultBehavior: behavior({ CachePolicyId: CACHING_OPTIMIZED }) });
    expect(await seen(edge, '/a.txt', { cookies: EVERYTHING })).toEqual([
      200,
      'Miss',
      undefined,
      '0123456789',
    ]);
    expect((await edge.ask('/a.txt')).status).toBe(403);
    expect(await seen(edge, '/a.txt', { cookies: EVERYTHING })).toEqual([200, 'Hit', '0', '0123456789']);
    edge.clock.move(3600);
    expect((await edge.ask('/a.txt', { cookies: EVERYTHING })).status).toBe(403);
  });

  it('is one for every signature: cookies and signed URLs share it (R49)', async () => {
    const edge = await cached({ defaultBehavior: behavior({ CachePolicyId: CACHING_OPTIMIZED }) });
    await edge.ask('/a.txt', { cookies: EVERYTHING });
    expect(await seen(edge, `/a.txt?${queryOf(EVERYTHING)}`)).toEqual([200, 'Hit', '0', '0123456789']);
  });

  it('answers ranges and conditions itself (R93)', async () => {
    const edge = await cached();
    const { headers } = await edge.ask('/a.txt');
    const etag = headers.find(([name]) => name === 'ETag')?.[1] ?? '';
    unlinkSync(join(edge.media, 'a.txt'));
    const ask = (...lines: string[]) => seen(edge, '/a.txt', { headers: lines });
    expect(await ask('Range: bytes=2-4')).toEqual([206, 'Hit', '0', '234']);
    expect(await ask('Range: bytes=-3')).toEqual([206, 'Hit', '0', '789']);
    expect(await ask('Range: bytes=2-4', 'If-Range: "other"')).toEqual([200, 'Hit', '0', '0123456789']);
    expect(await ask(`If-None-Match: ${etag}`)).toEqual([304, 'Hit', '0', '']);
    expect((await ask('Range: bytes=10-'))[0]).toBe(416);
    expect((await ask('If-Match: "other"'))[0]).toBe(412);
  });

  it('made by a request for a range is the whole object (R93)', async () => {
    const edge = await cached();
    const part = await edge.ask('/a.txt', { headers: ['Range: bytes=2-4'] });
    expect([part.status, part.body.toString(), header(part, 'Content-Range')]).toEqual([
      206,
      '234',
      'bytes 2-4/10',
    ]);
    unlinkSync(join(edge.media, 'a.txt'));
    expect(await seen(edge, '/a.txt')).toEqual([200, 'Hit', '0', '0123456789']);
  });

  it('has the headers of the object but no body for HEAD (R81)', async () => {
    const edge = await cached();
    await edge.ask('/a.txt');
    unlinkSync(join(edge.media, 'a.txt'));
    const head = await edge.ask('/a.txt', { method: 'HEAD' });
    expect([head.status, header(head, 'X-Cache'), header(head, 'Content-Length'), head.body.length]).toEqual([
      200,
      'Hit from cloudfront',
      '10',
      0,
    ]);
  });

  it('made by HEAD answers HEAD and never GET', async () => {
    const edge = await cached();
    await edge.ask('/a.txt', { method: 'HEAD' });
    const again = await edge.ask('/a.txt', { method: 'HEAD' });
    expect([header(again, 'X-Cache'), header(again, 'Content-Length')]).toEqual([
      'Hit from cloudfront',
      '10',
    ]);
    expect(await seen(edge, '/a.txt')).toEqual([200, 'Miss', undefined, '0123456789']);
  });

  it('of the default root object has the same content under both names, each its own copy', async () => {
    const edge = await cached({ config: { DefaultRootObject: 'index.html' } });
    expect((await seen(edge, '/'))[3]).toBe('<p>root</p>');
    expect(await seen(edge, '/')).toEqual([200, 'Hit', '0', '<p>root</p>']);
  });

  it('is fetched once for all who ask at the same time', async () => {
    const edge = await cached({ files: { 'large.bin': Buffer.alloc(2_000_000, 'x') } });
    const answers = await Promise.all(Array.from({ length: 8 }, () => edge.ask('/large.bin')));
    const hits = answers.filter((answer) => header(answer, 'X-Cache') === 'Hit from cloudfront');
    expect(hits.length).toBe(7);
    expect(answers.every(({ body }) => body.length === 2_000_000)).toBe(true);
  });

  it('is not made of an object above the limit, which is served all the same', async () => {
    const edge = await cached({
      files: { 'large.bin': Buffer.alloc(1_048_577) },
      edge: { cache: { objectMegabytes: 1 } },
    });
    const first = await edge.ask('/large.bin');
    const second = await edge.ask('/large.bin', { headers: ['Range: bytes=0-3'] });
    expect([first.body.length, second.status, second.body.length]).toEqual([1_048_577, 206, 4]);
    expect(header(second, 'X-Cache')).toBe('Miss from cloudfront');
  });

  it('that was used least recently goes when memory is full', async () => {
    const file = Buffer.alloc(700_000);
    const edge = await cached({
      files: { 'a.bin': file, 'b.bin': file, 'c.bin': file },
      edge: { cache: { totalMegabytes: 2, objectMegabytes: 1 } },
    });
    for (const path of ['/a.bin', '/b.bin', '/a.bin', '/c.bin']) await edge.ask(path);
    const from = async (path: string) => (await seen(edge, path))[1];
    expect([await from('/a.bin'), await from('/c.bin'), await from('/b.bin')]).toEqual([
      'Hit',
      'Hit',
      'Miss',
    ]);
  });
});

describe('S3 CORS through the cache', () => {
  const rules = {
    CORSRules: [{ AllowedOrigins: ['https://a.example', 'https://b.example'], AllowedMethods: ['GET'] }],
  };
  const start = (members: object = {}, policies: Readonly<Record<string, unknown>> = {}) =>
    cached({ extra: { 'bucket-cors.json': rules, ...policies } }, members);
  const allowed = async (edge: TestEdge, origin: string | null) => {
    const headers = origin === null ? [] : [`Origin: ${origin}`];
    return header(await edge.ask('/a.txt', { headers }), 'Access-Control-Allow-Origin');
  };

  it('R84: an origin that is not forwarded gets no CORS headers', async () => {
    expect(await allowed(await start(), 'https://a.example')).toBeUndefined();
  });

  it('R85: forwarded but not in the key, the copy of the first answers all others', async () => {
    const edge = await start({ OriginRequestPolicyId: CORS_S3_ORIGIN });
    expect(await allowed(edge, 'https://a.example')).toBe('https://a.example');
    expect(await allowed(edge, 'https://b.example')).toBe('https://a.example');
    expect(await allowed(edge, null)).toBe('https://a.example');
  });

  it('R85: a first request without origin leaves later ones without CORS headers', async () => {
    const edge = await start({ OriginRequestPolicyId: CORS_S3_ORIGIN });
    expect(await allowed(edge, null)).toBeUndefined();
    expect(await allowed(edge, 'https://a.example')).toBeUndefined();
  });

  it('R86, R91: in the key, each origin has its own copy, and none has one too', async () => {
    const edge = await start(
      { CachePolicyId: 'by-origin' },
      { 'cache-policies/by-origin.json': cachePolicyFile('by-origin', ['Origin']) },
    );
    expect(await allowed(edge, 'https://a.example')).toBe('https://a.example');
    expect(await allowed(edge, 'https://b.example')).toBe('https://b.example');
    expect(await allowed(edge, null)).toBeUndefined();
    expect((await seen(edge, '/a.txt', { headers: ['Origin: https://b.example'] }))[1]).toBe('Hit');
  });

  it('R88: a fixed Origin among the origin’s custom headers makes S3 always answer CORS', async () => {
    const edge = await cached({
      extra: { 'bucket-cors.json': rules },
      config: {
        Origins: {
          Quantity: 1,
          Items: [
            {
              Id: 'media',
              DomainName: 'media.s3.amazonaws.com',
              OriginPath: '',
              CustomHeaders: {
                Quantity: 1,
                Items: [{ HeaderName: 'Origin', HeaderValue: 'https://a.example' }],
              },
            },
          ],
        },
      },
    });
    expect(await allowed(edge, null)).toBe('https://a.example');
  });

  it('R87: of Vary the viewer sees what is forwarded', async () => {
    const vary = async (members: object, switches: object = {}) => {
      const edge = await cached(
        {
          extra: {
            'bucket-cors.json': rules,
            'cache-policies/by-origin.json': cachePolicyFile('by-origin', ['Origin']),
          },
          edge: { switches },
        },
        members,
      );
      return header(await edge.ask('/a.txt', { headers: ['Origin: https://a.example'] }), 'Vary');
    };
    const all = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';
    expect(await vary({ OriginRequestPolicyId: CORS_S3_ORIGIN })).toBe(all);
    expect(await vary({ CachePolicyId: 'by-origin' })).toBe('Origin');
    expect(await vary({ CachePolicyId: 'by-origin' }, { originVary: 'keep' })).toBe(all);
  });

  it('R81: OPTIONS is cached where the behavior says so, apart from GET', async () => {
    const methods = ['GET', 'HEAD', 'OPTIONS'];
    const preflight = {
      method: 'OPTIONS',
      headers: ['Origin: https://a.example', 'Access-Control-Request-Method: GET'],
    };
    const from = async (cachedMethods: readonly string[]) => {
      const edge = await start({
        OriginRequestPolicyId: CORS_S3_ORIGIN,
        AllowedMethods: {
          Quantity: 3,
          Items: methods,
          CachedMethods: { Quantity: cachedMethods.length, Items: cachedMethods },
        },
      });
      await edge.ask('/a.txt', preflight);
      return [(await seen(edge, '/a.txt', preflight)).slice(0, 2), (await seen(edge, '/a.txt'))[1]];
    };
    expect(await from(methods)).toEqual([[200, 'Hit'], 'Miss']);
    expect(await from(['GET', 'HEAD'])).toEqual([[200, 'Miss'], 'Miss']);
  });

  it('R82: a preflight reaches the rules of the bucket only with Origin and the method that it asks for', async () => {
    const methods = { Quantity: 3, Items: ['GET', 'HEAD', 'OPTIONS'] };
    const preflight = async (members: object) => {
      const edge = await start({ AllowedMethods: methods, ...members });
      const headers = ['Origin: https://a.example', 'Access-Control-Request-Method: GET'];
      const answer = await edge.ask('/a.txt', { method: 'OPTIONS', headers });
      return [answer.status, /<Message>([^<]+)/.exec(answer.body.toString())?.[1]];
    };
    const onlyOrigin = { OriginRequestPolicyId: '59781a5b-3903-41f3-afcb-af62929ccde1' };
    expect(await preflight({})).toEqual([400, 'Insufficient information. Origin request header needed.']);
    expect(await preflight(onlyOrigin)).toEqual([400, 'Invalid Access-Control-Request-Method: null']);
    expect(await preflight({ OriginRequestPolicyId: CORS_S3_ORIGIN })).toEqual([200, undefined]);
  });

  it('R68: the response headers policy is put on each answer and stored in none', async () => {
    const edge = await cached(
      {
        policies: {
          pages: {
            CorsConfig: {
              AccessControlAllowOrigins: { Quantity: 2, Items: ['https://a.example', 'https://b.example'] },
              AccessControlAllowHeaders: { Quantity: 1, Items: ['Range'] },
              AccessControlAllowMethods: { Quantity: 1, Items: ['GET'] },
              AccessControlAllowCredentials: true,
              OriginOverride: true,
            },
          },
        },
      },
      { ResponseHeadersPolicyId: 'pages' },
    );
    expect(await allowed(edge, 'https://a.example')).toBe('https://a.example');
    expect(await allowed(edge, 'https://b.example')).toBe('https://b.example');
    expect(await allowed(edge, null)).toBeUndefined();
  });
});

describe('errors through the cache (R89)', () => {
  const listing = { edge: { origins: { media: { folder: '../media', listBucket: true } } } };

  it('keeps 404 for ten seconds, also for who asks with another origin', async () => {
    const edge = await cached(listing);
    expect((await seen(edge, '/new.txt')).slice(0, 3)).toEqual([404, 'Error', undefined]);
    writeFileSync(join(edge.media, 'new.txt'), 'new');
    edge.clock.move(9);
    expect((await seen(edge, '/new.txt')).slice(0, 3)).toEqual([404, 'Error', '9']);
    edge.clock.move(1);
    expect(await seen(edge, '/new.txt')).toEqual([200, 'Miss', undefined, 'new']);
  });

  it('keeps it for ErrorCachingMinTTL where the distribution names one', async () => {
    const edge = await cached({
      ...listing,
      config: {
        CustomErrorResponses: { Quantity: 1, Items: [{ ErrorCode: 404, ErrorCachingMinTTL: 2 }] },
      },
    });
    await edge.ask('/new.txt');
    writeFileSync(join(edge.media, 'new.txt'), 'new');
    edge.clock.move(1);
    expect((await edge.ask('/new.txt')).status).toBe(404);
    edge.clock.move(1);
    expect((await edge.ask('/new.txt')).status).toBe(200);
  });

  it('keeps no 403 of a bucket that may not be listed', async () => {
    const edge = await cached();
    expect((await edge.ask('/new.txt')).status).toBe(403);
    writeFileSync(join(edge.media, 'new.txt'), 'new');
    expect((await edge.ask('/new.txt')).status).toBe(200);
  });

  it('keeps no 404 under CachingDisabled', async () => {
    const edge = await startTestEdge({ ...listing, files: FILES, defaultBehavior: openBehavior() });
    expect((await edge.ask('/new.txt')).status).toBe(404);
    writeFileSync(join(edge.media, 'new.txt'), 'new');
    expect((await edge.ask('/new.txt')).status).toBe(200);
  });
});

describe('R63: the viewer’s Host, forwarded to S3', () => {
  const ALL_VIEWER = '216adef6-5c7f-47e4-b989-5492eafa07d3';
  it('is refused by S3 (AllViewer)', async () => {
    const edge = await cached({}, { OriginRequestPolicyId: ALL_VIEWER });
    const answer = await edge.ask('/a.txt');
    expect([answer.status, header(answer, 'Content-Type')]).toEqual([403, 'application/xml']);
    expect(edge.lines[0]).toContain('reason=viewer-host-forwarded-to-s3');
  });

  it('is what a custom origin may want', async () => {
    const origin = { Id: 'media', DomainName: 'www.example.com', CustomOriginConfig: { HTTPPort: 80 } };
    const edge = await cached(
      { config: { Origins: { Quantity: 1, Items: [{ ...origin, OriginPath: '' }] } } },
      { OriginRequestPolicyId: ALL_VIEWER },
    );
    expect((await edge.ask('/a.txt')).status).toBe(200);
  });
});

describe('a file that changed', () => {
  it('is asked for again once its copy is stale, by its new time alone too', async () => {
    const edge = await cached();
    await edge.ask('/a.txt');
    writeFileSync(join(edge.media, 'a.txt'), '9876543210');
    utimesSync(join(edge.media, 'a.txt'), 1, 1);
    edge.clock.move(86_400);
    expect(await seen(edge, '/a.txt')).toEqual([200, 'Miss', undefined, '9876543210']);
  });
});

function cachePolicyFile(id: string, headers: readonly string[], minTtl = 1): object {
  return {
    CachePolicy: {
      Id: id,
      CachePolicyConfig: {
        Name: id,
        MinTTL: minTtl,
        DefaultTTL: 86_400,
        MaxTTL: 31_536_000,
        ParametersInCacheKeyAndForwardedToOrigin: {
          EnableAcceptEncodingGzip: true,
          EnableAcceptEncodingBrotli: true,
          HeadersConfig:
            headers.length === 0
              ? { HeaderBehavior: 'none' }
              : { HeaderBehavior: 'whitelist', Headers: { Quantity: headers.length, Items: headers } },
          CookiesConfig: { CookieBehavior: 'none' },
          QueryStringsConfig: { QueryStringBehavior: 'none' },
        },
      },
    },
  };
}
