import { describe, expect, it } from '@jest/globals';
import { findLocalParts, type LocalPart } from './parts.js';
import { noteOfPort, placeParts } from './servers-behind-edge.js';

type Addresses = Parameters<typeof findLocalParts>[0];

function addresses(app: string, api: string, cloudFrontUrl: string): Addresses {
  const { origin, pathname } = new URL(api);
  return {
    appOrigins: app.split(','),
    publicUrl: { origin, basePath: pathname === '/' ? '' : pathname },
    cloudFrontUrl,
  };
}

const DNS: Readonly<Record<string, readonly string[]>> = {
  'local.junlog.dev': ['127.0.0.1'],
  'both.junlog.dev': ['::1', '127.0.0.1'],
  'half.junlog.dev': ['127.0.0.1', '192.0.2.7'],
  'cdn.junlog.dev': ['192.0.2.8'],
};
const resolve = (host: string): Promise<readonly string[]> => Promise.resolve(DNS[host] ?? []);

async function localOf(app: string, api: string, cdn: string): Promise<readonly (string | null)[]> {
  const parts = await findLocalParts(addresses(app, api, cdn), resolve);
  const show = (part: LocalPart | null): string | null =>
    part === null ? null : `${part.host}:${part.port}`;
  return [show(parts.page), show(parts.api), show(parts.edge)];
}

describe('what `edgepass start` runs on this machine', () => {
  it('is all three parts under .localhost', async () => {
    const local = await localOf(
      'https://app.a.localhost:3000',
      'https://api.a.localhost:3001',
      'https://cdn.a.localhost:3002',
    );
    expect(local).toEqual(['app.a.localhost:3000', 'api.a.localhost:3001', 'cdn.a.localhost:3002']);
  });

  it('is all three parts under .test, which nobody can own (RFC 6761)', async () => {
    const local = await localOf('https://app.a.test', 'https://api.a.test:3001', 'https://cdn.a.test:3002');
    expect(local).toEqual(['app.a.test:443', 'api.a.test:3001', 'cdn.a.test:3002']);
  });

  it('is not the distribution when that is a real one', async () => {
    const local = await localOf(
      'https://local.junlog.dev:3000',
      'https://local.junlog.dev:3001',
      'https://cdn.junlog.dev',
    );
    expect(local).toEqual(['local.junlog.dev:3000', 'local.junlog.dev:3001', null]);
  });

  it('is a name whose every address is the loopback', async () => {
    const local = await localOf(
      'https://both.junlog.dev:3000',
      'https://half.junlog.dev:3001',
      'https://cdn.junlog.dev',
    );
    expect(local).toEqual(['both.junlog.dev:3000', null, null]);
  });

  it('is the first page of several that is local', async () => {
    const local = await localOf(
      'https://www.junlog.dev,https://local.junlog.dev:3000',
      'https://local.junlog.dev:3001',
      'https://cdn.junlog.dev',
    );
    expect(local[0]).toBe('local.junlog.dev:3000');
  });

  it('leaves out a name that does not resolve, and says what to add if it is this machine', async () => {
    const settings = addresses(
      'https://new.junlog.dev:3000',
      'https://local.junlog.dev:3001',
      'https://cdn.junlog.dev',
    );
    const { page, warnings } = await findLocalParts(settings, resolve);
    expect(page).toBeNull();
    expect(warnings).toEqual([
      'APP_ORIGINS: new.junlog.dev does not resolve, so it is taken to live elsewhere; if it is this machine, add `127.0.0.1 new.junlog.dev` to the hosts file',
    ]);
  });

  it('must be something', async () => {
    const settings = addresses(
      'https://www.junlog.dev',
      'https://cdn.junlog.dev/api',
      'https://cdn.junlog.dev',
    );
    await expect(findLocalParts(settings, resolve)).rejects.toThrow(
      'edgepass start: none of APP_ORIGINS, PUBLIC_URL and CLOUDFRONT_DOMAIN is on this machine, so there is nothing to start',
    );
  });
});

describe('PORT beside PUBLIC_URL', () => {
  async function noteOf(cdn: string, apiPort: number | null): Promise<string | null> {
    const settings = {
      ...addresses('https://app.a.localhost:3000', 'https://api.a.localhost:3001/v1', cdn),
      apiPort,
    };
    return noteOfPort(await placeParts(await findLocalParts(settings, resolve), settings), settings);
  }

  it('says where browsers find nobody, and what cures it', async () => {
    expect(await noteOf('https://cdn.a.localhost:3002', 4001)).toBe(
      'PORT: the API listens on 4001, but pages look for it at https://api.a.localhost:3001; set PUBLIC_URL=https://api.a.localhost:4001/v1 or leave PORT out, unless a proxy of yours at https://api.a.localhost:3001 leads to the API',
    );
  });

  it.each([
    ['PORT is not set', 'https://cdn.a.localhost:3002', null],
    ['both name one port', 'https://cdn.a.localhost:3002', 3001],
    ['the edge stands before the API', 'https://api.a.localhost:3001', 4001],
  ])('says nothing where %s', async (_, cdn, apiPort) => {
    expect(await noteOf(cdn, apiPort)).toBeNull();
  });
});
