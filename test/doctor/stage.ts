import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDistribution, startEdgeServer, type EdgeServer } from '@edgepass/edge';
import {
  behavior,
  cookieHeader,
  distributionOf,
  list,
  rsaKey,
  signPolicy,
  writeFolder,
  type FolderInput,
  type SignedValues,
} from '../support/edge-fixture.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates, type TestCertificates } from '../support/test-certificates.js';
import type { Recorder } from './real-browsers.js';
import { BrowserDouble, type BrowserSettings, type LoadInput } from './browser-double.js';

export const PAGE = 'https://app.example.com';
export const API = 'https://api.example.com';
export const CDN = 'https://cdn.example.com';
export const FILE = `${CDN}/courses/algebra/1.svg`;
export const GRANTS = `${API}/grants`;
export const KEY = rsaKey('K2JCJMDEHXQW5F');

/** The recommended response headers policy. */
export const GOOD_POLICY = {
  Name: 'pages',
  CorsConfig: {
    AccessControlAllowOrigins: list([PAGE]),
    AccessControlAllowHeaders: list(['Range']),
    AccessControlAllowMethods: list(['GET', 'HEAD']),
    AccessControlAllowCredentials: true,
    AccessControlExposeHeaders: list([
      'Accept-Ranges',
      'Content-Encoding',
      'Content-Length',
      'Content-Range',
      'ETag',
    ]),
    OriginOverride: true,
  },
  CustomHeadersConfig: list([{ Header: 'Vary', Value: 'Origin', Override: true }]),
};

export const CACHING_OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
export const CORS_S3_ORIGIN = '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf';
export const SIMPLE_CORS = '60669652-455b-4ae9-85a4-c4c02393f86c';

/** The recommended response headers policy for another page. */
export const policyFor = (page: string) => ({
  ...GOOD_POLICY,
  CorsConfig: { ...GOOD_POLICY.CorsConfig, AccessControlAllowOrigins: list([page]) },
});

/** How the API grants. */
export interface GrantAnswer {
  readonly attributes: string;
  /** Takes the place of the three lines. */
  readonly lines?: (values: SignedValues, attributes: string) => readonly string[];
  readonly cors: readonly (readonly [string, string])[];
  readonly resource: string;
  readonly lifeSeconds: number;
}

/** Everything that a fault may change. A healthy world has none. */
export interface World {
  page: string;
  top?: string;
  api: string;
  cdn: string;
  engine?: 'Chromium' | 'Firefox' | 'Safari';
  blocksThirdParty?: boolean;
  embedderPolicy?: string;
  blockedHosts?: readonly string[];
  hasStorageAccess?: boolean;
  pageHeaders: (readonly [string, string])[];
  grant: GrantAnswer;
  /** Another API that the page asked for a grant before: where a project moves its API. */
  earlier?: { readonly api: string; readonly grant: GrantAnswer };
  /** Whether the page calls the grant with credentials. */
  grantCredentials: 'include' | 'omit';
  distribution: FolderInput;
  /** Answers in the place of the edge where it gives one. */
  wrongCdn?: (request: IncomingMessage, response: ServerResponse, world: World) => boolean;
  /** Further routes of the API. */
  apiRoute?: (request: IncomingMessage, response: ServerResponse, world: World) => boolean;
  /** Before the page is opened: what other people asked the CDN. */
  before: readonly { readonly origin: string | null }[];
  steps: (
    | LoadInput
    | { readonly wait: number }
    | { readonly grant: string }
    | { readonly signOut: string }
  )[];
}

/** A page, an API and a CDN of one site, a grant, an image and a fetch: all of it works. */
export function healthyWorld(): World {
  return {
    page: PAGE,
    api: API,
    cdn: CDN,
    pageHeaders: [],
    grant: {
      attributes: 'Domain=example.com; Path=/courses/algebra; Secure; HttpOnly; SameSite=Lax; Max-Age=900',
      cors: [
        ['Access-Control-Allow-Origin', PAGE],
        ['Access-Control-Allow-Credentials', 'true'],
        ['Vary', 'Origin'],
      ],
      resource: `${CDN}/courses/algebra/*`,
      lifeSeconds: 900,
    },
    grantCredentials: 'include',
    distribution: distributionInput({}),
    before: [],
    steps: [
      { way: 'fetch', url: FILE },
      { way: 'img', url: `${CDN}/courses/algebra/2.svg` },
    ],
  };
}

/** The recommended distribution, with members of its behavior and policy replaced. */
export function distributionInput(change: {
  behavior?: object;
  policy?: object | null;
  bucketCors?: unknown;
  config?: object;
  edge?: object;
  behaviors?: readonly object[];
}): FolderInput {
  const policy = change.policy === undefined ? GOOD_POLICY : change.policy;
  return {
    keys: [KEY],
    config: {
      Aliases: list(['cdn.example.com', 'cdn.media.localhost', 'd111111abcdef8.example.net']),
      ...change.config,
    },
    defaultBehavior: behavior({
      CachePolicyId: CACHING_OPTIMIZED,
      ViewerProtocolPolicy: 'https-only',
      ...(policy === null ? {} : { ResponseHeadersPolicyId: 'pages' }),
      ...change.behavior,
    }),
    behaviors: change.behaviors ?? [],
    policies: policy === null ? {} : { pages: policy },
    edge: {
      origins: { media: { folder: '../media', objectHeaders: { '*': { 'Cache-Control': 'max-age=600' } } } },
      ...change.edge,
    },
    extra: change.bucketCors === undefined ? {} : { 'bucket-cors.json': change.bucketCors },
    files: {
      'courses/algebra/1.svg': '<svg/>',
      'courses/algebra/2.svg': '<svg/>',
      'courses/algebra/index.m3u8': '#EXTM3U',
      'courses/biology/1.svg': '<svg/>',
      'courses/algebra/a.woff2': 'font',
      'courses/algebra/a.vtt': 'WEBVTT',
      'courses/algebra/seg-1.ts': 'one',
      'courses/algebra/seg-2.ts': 'two',
    },
  };
}

export interface Played {
  readonly browser: BrowserDouble;
  readonly har: string;
  /** The time at the end, in milliseconds. */
  readonly now: number;
  /** Whether each step got its file, in order. */
  readonly got: readonly boolean[];
  /** The folder of AWS's files. */
  readonly folder: string;
}

/** One edge, one server for API, page and wrong CDNs, for a whole spec file. */
export class Stage {
  /** Anew for each world: the jar of the browser lets cookies end by the clock of this machine. */
  private startedAt = Date.now();
  private elapsed = 0;
  private world: World = healthyWorld();
  private edge: EdgeServer | null = null;

  private constructor(
    private readonly certificates: TestCertificates,
    private readonly server: Server,
    private readonly plain: Server,
    private readonly wildcard: Server,
    readonly wildcardCaPem: string,
  ) {}

  static async start(): Promise<Stage> {
    const certificates = await makeTestCertificates([
      '*.example.com',
      '*.media.example.com',
      '*.example.net',
      '*.media.localhost',
      '*.school.localhost',
      'localhost',
      '*.cloudfront.net',
      '*.other.org',
      '*.vercel.app',
      '*.execute-api.us-east-1.amazonaws.com',
      '*.customer.org',
      'app.co.uk',
      '*.school.co.uk',
    ]);
    const handler = (request: IncomingMessage, response: ServerResponse) => stage.answer(request, response);
    const server = createServer(
      { cert: certificates.certificatePem, key: certificates.keyPem, maxHeaderSize: 64 * 1024 },
      handler,
    );
    const plain = createPlainServer(handler);
    const bad = await makeTestCertificates(['*.localhost']);
    const wildcard = createServer(
      { cert: bad.certificatePem, key: bad.keyPem, ca: certificates.caPem },
      handler,
    );
    for (const one of [server, plain, wildcard])
      await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
    const stage: Stage = new Stage(certificates, server, plain, wildcard, bad.caPem);
    return stage;
  }

  get caPem(): string {
    return this.certificates.caPem;
  }

  get caFile(): string {
    return this.certificates.caFile;
  }

  /** The port of the edge, for live probes. */
  get edgePort(): number {
    return this.edge?.port ?? 0;
  }

  /** A server whose certificate is for `*.localhost` alone. */
  get wildcardPort(): number {
    return (this.wildcard.address() as AddressInfo).port;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  nowMilliseconds(): number {
    return this.startedAt + this.elapsed;
  }

  async close(): Promise<void> {
    await this.edge?.close();
    for (const one of [this.server, this.plain, this.wildcard]) {
      one.closeAllConnections();
      await new Promise((resolve) => one.close(resolve));
    }
  }

  /** Lets the edge follow a world's distribution; gives the folder of its files. */
  async prepare(world: World): Promise<string> {
    this.world = world;
    const { folder } = writeFolder({
      ...world.distribution,
      edge: { tls: this.tlsFiles(), ...world.distribution.edge },
    });
    const distribution = distributionOf(readDistribution(folder));
    if (this.edge === null) {
      const clock = { nowEpochSeconds: () => Math.floor(this.nowMilliseconds() / 1000) };
      this.edge = await startEdgeServer({
        distribution,
        host: '127.0.0.1',
        port: 0,
        plainHttp: false,
        clock,
        writeLine: () => undefined,
      });
    } else {
      this.edge.reload(distribution);
      this.edge.invalidate(['/*']);
    }
    return folder;
  }

  /** Plays a world: opens the page, asks for the grant, loads. */
  async play(world: World): Promise<Played> {
    this.startedAt = Date.now();
    this.elapsed = 0;
    const folder = await this.prepare(world);
    const settings: BrowserSettings = {
      page: world.page,
      top: world.top,
      engine: world.engine,
      blocksThirdParty: world.blocksThirdParty,
      embedderPolicy: world.embedderPolicy,
      blockedHosts: world.blockedHosts,
      hasStorageAccess: world.hasStorageAccess,
    };
    const browser = this.browser(settings);
    for (const { origin } of world.before) await this.askEdge(origin);
    await browser.load({ way: 'document', url: `${world.page}/` });
    const got: boolean[] = [];
    await this.askEach(world, async (input, isStep) => {
      const isGot = await browser.load(input);
      if (isStep) got.push(isGot);
    });
    browser.close();
    return { browser, har: browser.har(), now: this.nowMilliseconds(), got, folder };
  }

  /** Plays a world in a real browser; gives its recording. */
  async record(world: World, recorder: Recorder): Promise<string> {
    this.startedAt = Date.now();
    this.elapsed = 0;
    await this.prepare(world);
    for (const { origin } of world.before) await this.askEdge(origin);
    await recorder.open(`${world.page}/`);
    await this.askEach(world, (input) => recorder.load(input));
    return recorder.har();
  }

  /** What the page of a world asks for once it is open: grants, and the files of its steps. */
  private async askEach(
    world: World,
    load: (input: LoadInput, isStep: boolean) => Promise<void>,
  ): Promise<void> {
    const post = (url: string, more: Partial<LoadInput> = {}) =>
      load({ way: 'fetch', url, method: 'POST', ...more }, false);
    if (world.earlier !== undefined) {
      this.elapsed += 50;
      await post(`${world.earlier.api}/grants`);
    }
    this.elapsed += 50;
    if (!world.steps.some((step) => 'grant' in step))
      await post(`${world.api}/grants`, { credentials: world.grantCredentials });
    for (const step of world.steps) {
      this.elapsed += 50;
      if ('wait' in step) this.elapsed += step.wait * 1000;
      else if ('grant' in step) await post(`${world.api}/grants${step.grant}`);
      else if ('signOut' in step) await post(`${world.api}/sign-out${step.signOut}`);
      else await load(step, true);
    }
  }

  browser(settings: BrowserSettings): BrowserDouble {
    return new BrowserDouble(
      settings,
      (host) => this.portOf(host),
      this.caPem,
      () => this.nowMilliseconds(),
    );
  }

  /** Signed values for a resource, good for so many seconds. */
  sign(resource: string, lifeSeconds: number): SignedValues {
    const end = Math.floor(this.nowMilliseconds() / 1000) + lifeSeconds;
    const text = JSON.stringify({
      Statement: [{ Resource: resource, Condition: { DateLessThan: { 'AWS:EpochTime': end } } }],
    });
    return signPolicy(text, KEY);
  }

  /** The port of the server that stands for a host; `http HOST` is plain HTTP. */
  portOf(host: string): number {
    if (host.startsWith('http ')) return (this.plain.address() as AddressInfo).port;
    const isCdn = host === new URL(this.world.cdn).hostname;
    return isCdn && this.world.wrongCdn === undefined ? this.edgePort : this.port;
  }

  /** Somebody else asks first: what comes back may be kept by the edge. */
  askEdge(origin: string | null, host = 'cdn.example.com'): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const headers = {
      host: host === 'cdn.example.com' ? host : `${host}:${this.edgePort}`,
      cookie: cookieHeader(
        this.sign(`https://${host}${host === 'cdn.example.com' ? '' : `:${this.edgePort}`}/*`, 900),
      ),
      'accept-encoding': 'gzip, deflate, br, zstd',
      ...(origin === null ? {} : { origin }),
    };
    const asked = {
      host: '127.0.0.1',
      port: this.edgePort,
      path: new URL(FILE).pathname,
      servername: host,
      ca: this.caPem,
      headers,
    };
    const outgoing = request(asked, (response) => {
      response.resume();
      response.once('end', resolve);
    });
    outgoing.once('error', reject);
    outgoing.end();
    return promise;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const world = this.world;
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    if (
      world.wrongCdn !== undefined &&
      host === new URL(world.cdn).hostname &&
      world.wrongCdn(request, response, world)
    )
      return;
    if (world.apiRoute?.(request, response, world) === true) return;
    if (host === new URL(world.page).hostname && request.url === '/') {
      response.writeHead(200, { 'Content-Type': 'text/html', ...Object.fromEntries(world.pageHeaders) });
      response.end('<!doctype html><title>A course</title>');
      return;
    }
    if (request.url?.startsWith('/grants') === true) {
      const grant = grantOf(world, host);
      const values = this.sign(grant.resource, grant.lifeSeconds);
      const lines = grant.lines?.(values, grant.attributes) ?? threeLines(values, grant.attributes);
      for (const [name, value] of grant.cors) response.setHeader(name, value);
      response.writeHead(201, {
        'Set-Cookie': [...lines],
        'Content-Type': 'application/json',
        Date: new Date(this.nowMilliseconds()).toUTCString(),
      });
      response.end('{}');
      return;
    }
    response.writeHead(404).end();
  }

  private tlsFiles(): object {
    const folder = temporaryFolder('stage');
    writeFileSync(join(folder, 'cert.pem'), this.certificates.certificatePem);
    writeFileSync(join(folder, 'key.pem'), this.certificates.keyPem);
    return { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  }
}

/** How the API on a host grants. */
function grantOf({ api, grant, earlier }: World, host: string): GrantAnswer {
  const isEarlier = earlier !== undefined && host !== new URL(api).hostname;
  return isEarlier ? earlier.grant : grant;
}

export function threeLines(values: SignedValues, attributes: string): readonly string[] {
  return Object.entries(values).map(([name, value]) => `CloudFront-${name}=${value}; ${attributes}`);
}
