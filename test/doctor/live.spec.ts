import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  diagnose,
  joinEvidence,
  probe,
  readConfiguration,
  readConsole,
  readSettings,
  type HeldCookie,
} from '@edgepass/doctor';
import { LIVE_PAGE, LIVED, livePath, liveWorld, type Lived } from './lives.js';
import { CORS_S3_ORIGIN, distributionInput, GOOD_POLICY, healthyWorld, Stage } from './stage.js';
import { list } from '../support/edge-fixture.js';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.close());

/** Cookies that open everything on the edge of the stage. */
function openingCookies(port: number): readonly HeldCookie[] {
  const values = stage.sign(`https://cdn.media.localhost:${port}/*`, 900);
  return Object.entries(values).map(([name, value]) => ({
    name: `CloudFront-${name}`,
    value,
    domain: 'media.localhost',
    hostOnly: false,
    path: '/courses',
    secure: true,
    expires: 0,
    where: 'cookie file, line 1',
  }));
}

async function examine(lived: Partial<Lived>) {
  const world = healthyWorld();
  liveWorld(world);
  lived.change?.(world);
  await stage.prepare(world);
  for (const origin of lived.before ?? []) await stage.askEdge(origin, 'cdn.media.localhost');
  const url = lived.url?.(stage) ?? `https://cdn.media.localhost:${stage.edgePort}${livePath}`;
  const own = openingCookies(stage.edgePort);
  const held = lived.cookies?.(own, stage) ?? own;
  const app = lived.app ?? LIVE_PAGE;
  // As the answers say it in Date.
  const nowMilliseconds = () => Date.now() + 1000 * (lived.clockAheadSeconds ?? 0);
  const live = await probe({
    url,
    app,
    held,
    pairs: null,
    ca: lived.trustsAuthority === false ? [] : [lived.entry === 'F49' ? stage.wildcardCaPem : stage.caPem],
    nowMilliseconds,
  });
  const lines = lived.console === undefined ? [] : [readConsole(lived.console(url).join('\n'), app)];
  return diagnose(
    joinEvidence([live, { held, sources: ['cookie file'] }, ...lines], {
      nowMilliseconds: nowMilliseconds(),
      target: url,
      app,
    }),
  );
}

describe('a live address', () => {
  test('of a healthy stack yields nothing but ok', async () => {
    const { rootCause, alsoPossible, findings } = await examine({});
    expect({ rootCause, alsoPossible }).toEqual({ rootCause: null, alsoPossible: [] });
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  test.each(LIVED.map((lived) => [lived.entry, lived.how, lived] as const))(
    '%s: %s',
    async (entry, _how, lived) => {
      const { rootCause } = await examine(lived);
      expect(rootCause?.id).toBe(lived.id);
      expect(rootCause?.catalogue).toContain(entry);
    },
  );

  test('of a healthy stack whose clock is another one is warned about', async () => {
    const { rootCause, findings } = await examine({ clockAheadSeconds: 600 });
    expect(rootCause).toBeNull();
    const [warning, ...others] = findings.filter(({ status }) => status !== 'ok');
    expect([warning?.id, warning?.status, others]).toEqual(['clock-differs', 'warn', []]);
    expect(warning?.seen).toEqual([
      expect.stringMatching(/^The clock here is (?:59|60)\d s ahead of that of probe with cookies\.$/),
    ]);
  });

  test('that refuses a probe without cookies is left open, and says to hand some over', async () => {
    const { rootCause, alsoPossible, findings } = await examine({ cookies: () => [] });
    expect(rootCause).toBeNull();
    expect(alsoPossible.map(({ id }) => id).slice(0, 3)).toEqual([
      'grant-missing',
      'request-without-credentials',
      'grant-without-credentials',
    ]);
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([
      {
        id: 'probe-without-cookies',
        status: 'fail',
        catalogue: [],
        seen: [
          `probe: https://cdn.media.localhost:${stage.edgePort}${livePath} answered 403 to a request without cookies.`,
        ],
        consequenceOf: null,
      },
    ]);
  });

  test('of the page’s own origin is left open with what can be so there', async () => {
    await stage.prepare(healthyWorld());
    const { rootCause, alsoPossible } = await examine({
      app: `https://cdn.media.localhost:${stage.edgePort}`,
      cookies: () => [],
    });
    expect(rootCause).toBeNull();
    const ids = alsoPossible.map(({ id }) => id);
    expect(ids.slice(0, 3)).toEqual(['grant-missing', 'cookie-path', 'grant-expired']);
    expect(ids).not.toContain('request-without-credentials');
    expect(ids).not.toContain('crossorigin-anonymous');
    const ofAnotherHost = ['grant-without-credentials', 'domain-of-another-host', 'host-only-cookie'];
    expect(ids.slice(0, 6).filter((id) => ofAnotherHost.includes(id))).toEqual([]);
  });

  test('whose authority is not trusted is named with the flag of the doctor', async () => {
    const { rootCause } = await examine({ trustsAuthority: false });
    expect(rootCause?.id).toBe('certificate-not-trusted');
    expect(rootCause?.fix.text).toMatch(
      /^Hand the doctor the certificate authority that signed it: --ca FILE, such as --ca data\/tls\/ca\.pem /,
    );
  });

  test('of a folder that was not granted names both folders', async () => {
    const lived = LIVED.find(({ how }) => how === 'the jar holds the grant of another folder');
    const { rootCause } = await examine(lived ?? {});
    expect([rootCause?.id, rootCause?.fix.text]).toEqual([
      'folder-not-granted',
      'The grant is for courses/biology, the file is in courses/algebra: ask for that folder.',
    ]);
  });

  test('that answers another page alone leaves open whether there is a policy', async () => {
    const { rootCause } = await examine({ app: 'https://evil.example.com' });
    expect(rootCause).toMatchObject({
      id: 'no-cors-headers',
      why: 'There is no response headers policy with CORS, or there is one that does not list this origin; and the origin server sends none: S3 speaks only where the bucket has rules and CloudFront passes Origin on.',
      fix: {
        text: 'Let a response headers policy on the behavior list exactly https://evil.example.com, credentials allowed, origin override on.',
      },
    });
  });

  test('that S3 refuses without cookies is refused by S3, not for want of cookies', async () => {
    const { rootCause } = await examine({
      cookies: () => [],
      url: ({ port }) => `https://cdn.media.localhost:${port}${livePath}`,
      change: (world) => {
        world.wrongCdn = (_request, response) => {
          response.writeHead(403, { Server: 'AmazonS3' }).end();
          return true;
        };
      },
    });
    expect(rootCause?.id).toBe('origin-refused');
  });

  test('that refuses a probe without cookies adds nothing to a cause that is shown', async () => {
    const { rootCause, findings } = await examine({
      cookies: () => [],
      console: () => [
        `Access to fetch at 'https://cdn.media.localhost:${stage.edgePort}/courses/algebra/2.svg' from origin '${LIVE_PAGE}' has been blocked by CORS policy: The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.`,
      ],
    });
    expect(rootCause?.id).toBe('wildcard-with-credentials');
    expect(findings.map(({ id }) => id)).not.toContain('probe-without-cookies');
  });

  test('whose answers browsers may keep without Vary: Origin is warned about', async () => {
    const { rootCause, findings } = await examine({
      change: (world) => {
        const { CorsConfig } = GOOD_POLICY;
        world.distribution = distributionInput({
          policy: {
            Name: 'pages',
            CorsConfig: { ...CorsConfig, AccessControlAllowOrigins: list([LIVE_PAGE]) },
          },
        });
      },
    });
    expect(rootCause).toBeNull();
    expect(findings.filter(({ status }) => status === 'warn').map(({ id }) => id)).toEqual([
      'browsers-own-copy',
    ]);
  });

  test('is asked over one connection on this machine', async () => {
    const world = healthyWorld();
    liveWorld(world);
    const ports = new Set<number | undefined>();
    world.wrongCdn = ({ socket }, response) => {
      ports.add(socket.remotePort);
      response.end();
      return true;
    };
    await stage.prepare(world);
    const { loads } = await probe({
      url: `https://cdn.media.localhost:${stage.port}${livePath}`,
      app: LIVE_PAGE,
      held: openingCookies(stage.port),
      pairs: null,
      ca: [stage.caPem],
      nowMilliseconds: () => stage.nowMilliseconds(),
    });
    expect(loads).toHaveLength(5);
    expect(ports.size).toBe(1);
  });

  test('is asked at most five times, as the page first', async () => {
    await stage.prepare(healthyWorld());
    const asked: string[] = [];
    const world = healthyWorld();
    liveWorld(world);
    world.wrongCdn = (request, response) => {
      asked.push(
        `${request.method ?? ''} ${request.headers.origin ?? '-'} ${request.headers.cookie === undefined ? '' : 'cookies'} ${request.headers.range ?? ''}`.trimEnd(),
      );
      response.end();
      return true;
    };
    await stage.prepare(world);
    const url = `https://cdn.media.localhost:${stage.port}${livePath}`;
    await probe({
      url,
      app: LIVE_PAGE,
      held: openingCookies(stage.port),
      pairs: null,
      ca: [stage.caPem],
      nowMilliseconds: () => stage.nowMilliseconds(),
    });
    expect(asked[0]).toBe(`GET ${LIVE_PAGE} cookies bytes=0-0`);
    expect(asked.slice(1).toSorted()).toEqual([
      'GET - cookies bytes=0-0',
      `GET ${LIVE_PAGE}  bytes=0-0`,
      'GET https://edgepass-doctor.example cookies bytes=0-0',
      `OPTIONS ${LIVE_PAGE}`,
    ]);
  });
});

describe('an incident of the articles, live', () => {
  const MANAGED_PREFLIGHT = '5cc3b908-e619-4b99-88e5-2cf7f45965bd';
  const bucketCors = (origin: string) => ({
    CORSRules: [{ AllowedOrigins: [origin], AllowedMethods: ['GET'], AllowedHeaders: ['*'] }],
  });

  test.each([
    [
      'the first: a managed policy that says *',
      { behavior: { ResponseHeadersPolicyId: MANAGED_PREFLIGHT }, bucketCors: bucketCors(LIVE_PAGE) },
      'response headers policy "CORS-With-Preflight", CorsConfig.AccessControlAllowOrigins',
    ],
    [
      'the second: the bucket says *, and Origin is passed on',
      { behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN }, bucketCors: bucketCors('*') },
      'CORS rules of the bucket behind origin "media", AllowedOrigins',
    ],
  ])('%s, with the JSON of the distribution beside it, names the setting', async (_name, change, where) => {
    const world = healthyWorld();
    liveWorld(world);
    world.distribution = distributionInput({ policy: null, ...change });
    const folder = await stage.prepare(world);
    const url = `https://cdn.media.localhost:${stage.edgePort}${livePath}`;
    const held = openingCookies(stage.edgePort);
    const nowMilliseconds = () => Date.now();
    const live = await probe({ url, app: LIVE_PAGE, held, pairs: null, ca: [stage.caPem], nowMilliseconds });
    const written = readConfiguration(folder, url, LIVE_PAGE, null);
    if ('problems' in written) throw new Error(written.problems.join('\n'));
    const base = { nowMilliseconds: nowMilliseconds(), target: url, app: LIVE_PAGE };
    for (const parts of [[live], [live, written.evidence]])
      expect(diagnose(joinEvidence(parts, base)).rootCause?.id).toBe('wildcard-with-credentials');
    expect(diagnose(joinEvidence([live, written.evidence], base)).rootCause?.fix.where).toBe(where);
  });

  test('the first, with the API on localhost and no cookie in the jar, names the Domain by its settings', async () => {
    const world = healthyWorld();
    liveWorld(world);
    await stage.prepare(world);
    const url = `https://cdn.media.localhost:${stage.edgePort}${livePath}`;
    const nowMilliseconds = () => Date.now();
    const live = await probe({
      url,
      app: LIVE_PAGE,
      held: [],
      pairs: null,
      ca: [stage.caPem],
      nowMilliseconds,
    });
    const settings = readSettings(
      `PUBLIC_URL=https://localhost:3001\nAPP_ORIGINS=${LIVE_PAGE}\nCLOUDFRONT_DOMAIN=${new URL(url).host}\n`,
    );
    const base = { nowMilliseconds: nowMilliseconds(), target: url, app: LIVE_PAGE };
    const { rootCause } = diagnose(joinEvidence([live, settings?.evidence ?? {}], base));
    expect([rootCause?.id, rootCause?.fix.text]).toEqual([
      'domain-of-another-host',
      expect.stringMatching(/^Open the API by a name below /),
    ]);
  });
});

describe('an IP address of this machine', () => {
  let server: HttpServer;
  const asked: string[] = [];
  beforeAll(async () => {
    server = createHttpServer((request, response) => {
      asked.push(`${request.method ?? ''} ${request.headers.origin ?? '-'}`);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('is asked without Origin and with another one too, as a name below .localhost is', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.png`;
    const nowMilliseconds = () => 1_795_000_000_000;
    await probe({ url, app: LIVE_PAGE, held: [], pairs: null, ca: [], nowMilliseconds });
    expect(asked.toSorted()).toEqual([
      'GET -',
      `GET ${LIVE_PAGE}`,
      'GET https://edgepass-doctor.example',
      `OPTIONS ${LIVE_PAGE}`,
    ]);
  });
});

describe('a server that does what no server should', () => {
  const open: Server[] = [];
  afterAll(() => {
    for (const server of open) server.close();
  });

  /** A plain server that writes to each connection what a test says. */
  async function rude(write: (socket: { end(text: string): unknown }) => void): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => write(socket));
    });
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.png`;
  }

  async function named(url: string): Promise<string | null> {
    const nowMilliseconds = () => 1_795_000_000_000;
    const live = await probe({ url, app: null, held: [], pairs: null, ca: [], nowMilliseconds });
    return (
      diagnose(joinEvidence([live], { nowMilliseconds: nowMilliseconds(), target: url })).rootCause?.id ??
      null
    );
  }

  test('hangs: that nothing answers', async () => {
    expect(await named(await rude(() => undefined))).toBe('nothing-answers');
  });

  test('sends 10 MB of headers: that they cannot be read', async () => {
    const line = `X-Much: ${'m'.repeat(10_000)}\r\n`;
    expect(
      await named(await rude((socket) => socket.end(`HTTP/1.1 200 OK\r\n${line.repeat(1000)}\r\n`))),
    ).toBe('answer-not-http');
  });

  test('sends no HTTP: that it cannot be read', async () => {
    expect(await named(await rude((socket) => socket.end('220 ftp ready\r\n')))).toBe('answer-not-http');
  });

  test('sends 10 MB of an error page: that the file was not served', async () => {
    expect(
      await named(await rude((socket) => socket.end(`HTTP/1.1 500 Oh\r\n\r\n${'x'.repeat(10_000_000)}`))),
    ).toBe('not-served');
  });
});
