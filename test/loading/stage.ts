import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { passOn } from '../browser/own-server.js';
import {
  behavior,
  cookieHeader,
  list,
  openBehavior,
  policyText,
  rsaKey,
  signPolicy,
  startTestEdge,
} from '../support/edge-fixture.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { startUpstream } from '../support/upstream.js';
import { wavOf } from '../support/wav.js';

/** Which of the three folders a file is asked from: with restricted access, open, or open and without CORS. */
export type Folder = 'private' | 'open' | 'no-cors';

/** A request to the CDN as it came, and what the edge answered. */
export interface CdnRequest {
  /** `private/same-site/img`: folder, situation and way. */
  readonly key: string;
  readonly file: string;
  readonly method: string;
  /** How many of the three signed cookies came. */
  readonly cookies: number;
  /** The origin that must be allowed; null in no-cors mode, and within one origin. */
  readonly corsOrigin: string | null;
  readonly status: number;
}

export interface LoadingStage {
  readonly caFile: string;
  /** A page on a host beside the CDN, and one on another registrable domain. */
  readonly pages: { readonly sameSite: string; readonly otherSite: string };
  /** Sets the cookies with these attributes, or clears them, when a page fetches it with credentials. */
  cookieAddress(attributes: string): string;
  /** A file of the CDN that only this key asks for. */
  fileAddress(key: string, file: string): string;
  /** An address of another site that redirects to the address written behind it. */
  readonly redirecting: string;
  readonly requests: readonly CdnRequest[];
  close(): void;
}

const PRIVATE_PATH = '/private';

/** One box as the letter A, made for these tests. */
const FONT =
  'AAEAAAAKAIAAAwAgT1MvMkUgRvEAAAEoAAAAYGNtYXAADACUAAABkAAAADRnbHlmKBs0mAAAAcwAAAAYaGVhZDD7TXAAAACsAAAANmhoZWEHCgPqAAAA5AAAACRobXR4A+gAAAAAAYgAAAAGbG9jYQAMAAAAAAHEAAAABm1heHAABAAGAAABCAAAACBuYW1lAi8KIwAAAeQAAAAycG9zdAADAAAAAAIYAAAAIAABAAAAAQAATqruA18PPPUAAwPoAAAAAOcwhIYAAAAA5zCEhgAAAAADhAOEAAAAAwACAAAAAAAAAAEAAAOE/5wAAAPoAAAAZAOEAAEAAAAAAAAAAAAAAAAAAAABAAEAAAACAAQAAQAAAAAAAgAAAAAAAAAAAAAAAAAAAAAAAwPoAZAABQAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAPz8/PwAAAEEAQQOEAAAAAAOEAGQAAAAAAAAAAAAAAAAAAAAgAAAD6AAAAAAAAAAAAAIAAAADAAAAFAADAAEAAAAUAAQAIAAAAAQABAABAAAAQf//AAAAQf///8AAAQAAAAAAAAAAAAwAAAABAAAAAAOEA4QAAwAAMREhEQOEA4T8fAAAAAIAHgADAAEECQABAAYAAAADAAEECQACAA4ABgBCAG8AeABSAGUAZwB1AGwAYQByAAAAAwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==';
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAYAAABytg0kAAAAEUlEQVR4nGP4z8DwH4QZYAwAR8oH+WdZbrcAAAAASUVORK5CYII=';
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><defs><mask id="m"><rect width="20" height="40" fill="white"/></mask>
<symbol id="s"><rect width="20" height="20"/></symbol><clipPath id="c"><rect width="20" height="40"/></clipPath>
<filter id="f"><feGaussianBlur stdDeviation="2"/></filter></defs><rect width="30" height="30"/></svg>`;
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj
trailer<</Size 4/Root 1 0 R>>
%%EOF`;
const INNER = `<!doctype html><title>inner</title><link rel="icon" href="data:,"><style>@font-face { font-family: inner; src: url(a.ttf) } body { font-family: inner }</style>
<body>A<img src="a.png"><script>fetch('j.json', { credentials: 'include' }).catch(() => undefined)</script>`;

/** A tenth of a second. */
const SILENCE = wavOf(new Int16Array(4_410), 44_100);
const LESSON = join(import.meta.dirname, '../browser/lesson');
const VIDEO = Buffer.concat(['init.mp4', 'segment-0.m4s'].map((name) => readFileSync(join(LESSON, name))));

type StoredFile = readonly [
  type: string,
  content: string | Buffer,
  headers?: Readonly<Record<string, string>>,
];

/** What the bucket holds, in every folder of it. */
const FILES: Readonly<Record<string, StoredFile>> = {
  'a.png': ['image/png', Buffer.from(PNG, 'base64')],
  'corp.png': ['image/png', Buffer.from(PNG, 'base64'), { 'Cross-Origin-Resource-Policy': 'same-site' }],
  'attached.png': ['image/png', Buffer.from(PNG, 'base64'), { 'Content-Disposition': 'attachment' }],
  'a.svg': ['image/svg+xml', SVG],
  'a.ttf': ['font/ttf', Buffer.from(FONT, 'base64')],
  'a.css': ['text/css', '.none { color: red }'],
  'font.css': ['text/css', '@font-face { font-family: inner; src: url(a.ttf) }'],
  'image.css': ['text/css', '.inner { background-image: url(a.png) }'],
  'import.css': ['text/css', '@import url(a.css);'],
  'a.mp4': ['video/mp4', VIDEO],
  'a.wav': ['audio/wav', SILENCE],
  'a.vtt': ['text/vtt', 'WEBVTT\n\n00:00.000 --> 00:01.000\nA\n'],
  'a.js': ['text/javascript', 'globalThis.loaded = true;'],
  'm.mjs': ['text/javascript', "import './n.mjs';"],
  'n.mjs': ['text/javascript', 'export default 1;'],
  'dynamic.mjs': [
    'text/javascript',
    "const { href } = new URL('./n.mjs', import.meta.url); import(href).then(() => globalThis.postMessage(href), () => undefined);",
  ],
  'worker.js': ['text/javascript', 'globalThis.postMessage(true);'],
  'j.json': ['application/json', '{}'],
  'manifest.json': ['application/manifest+json', '{"name":"A","start_url":"/"}'],
  'a.wasm': ['application/wasm', Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])],
  'a.html': ['text/html', '<!doctype html><title>A</title><link rel="icon" href="data:,">A'],
  'inner.html': ['text/html', INNER],
  'a.pdf': ['application/pdf', PDF],
  'events.txt': ['text/event-stream', 'retry: 60000\ndata: A\n\n'],
};

/** Types of what an own page is given by its query. */
const OWN_TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  mjs: 'text/javascript',
  html: 'text/html',
};

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>a page</title><link rel="icon" href="data:,"><body>';

/** What the edge adds to each answer: as docs/recommended-distribution.md has it. */
const responseHeadersPolicy = (origins: readonly string[]) => ({
  Name: 'pages',
  CorsConfig: {
    AccessControlAllowOrigins: list(origins),
    AccessControlAllowHeaders: list(['Range']),
    AccessControlAllowMethods: list(['GET', 'HEAD']),
    AccessControlAllowCredentials: true,
    AccessControlExposeHeaders: list(['Content-Length', 'Content-Range', 'ETag']),
    AccessControlMaxAgeSec: 600,
    OriginOverride: true,
  },
  CustomHeadersConfig: list([{ Header: 'Vary', Value: 'Origin', Override: true }]),
});

/**
 * One HTTPS port for all hosts: pages on two registrable domains, a host that sets the cookies, one that redirects, and the
 * CDN, which writes each request down and hands it to a real edge.
 */
export async function startLoadingStage(): Promise<LoadingStage> {
  const hosts = {
    sameSite: 'app.load.localhost',
    otherSite: 'app.other.localhost',
    api: 'api.load.localhost',
    cdn: 'cdn.load.localhost',
    redirecting: 'www.third.localhost',
  };
  const certificates = await makeTestCertificates(Object.values(hosts));
  const requests: CdnRequest[] = [];
  const server = createServer({ cert: certificates.certificatePem, key: certificates.keyPem });
  const port = await listen(server);
  const originOf = (host: string): string => `https://${host}:${port}`;
  const cdn = originOf(hosts.cdn);
  const pages = { sameSite: originOf(hosts.sameSite), otherSite: originOf(hosts.otherSite) };

  const bucket = await startUpstream(answerFromBucket);
  const key = rsaKey('K1');
  const withPolicy = { ResponseHeadersPolicyId: 'pages' };
  const edge = await startTestEdge({
    keys: [key],
    defaultBehavior: behavior(withPolicy),
    behaviors: [
      openBehavior({ PathPattern: '/open/*', ...withPolicy }),
      openBehavior({ PathPattern: '/no-cors/*' }),
    ],
    policies: { pages: responseHeadersPolicy(Object.values(pages)) },
    config: {
      Aliases: list([hosts.cdn]),
      Origins: list([{ Id: 'media', DomainName: 'media.example.com', CustomOriginConfig: {} }]),
    },
    edge: {
      origins: { media: { url: bucket.url } },
      publicHosts: { [`${hosts.cdn}:${port}`]: hosts.cdn },
    },
  });
  const signed = signPolicy(policyText(`http*://${hosts.cdn}${PRIVATE_PATH}/*`), key);
  const pairs = cookieHeader(signed).split('; ');

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { hostname, pathname, searchParams, search } = new URL(
      `https://${request.headers.host ?? ''}${request.url ?? ''}`,
    );
    if (hostname === hosts.cdn) return recordAndPassOn(request, response, pathname);
    if (hostname === hosts.redirecting) {
      return response.writeHead(302, { Location: search.slice(1), 'Cache-Control': 'no-store' }).end();
    }
    if (hostname === hosts.api) {
      const attributes = searchParams.get('attributes') ?? '';
      const { origin } = request.headers;
      return response
        .writeHead(200, {
          'Set-Cookie': pairs.map((pair) => `${pair}; ${attributes}`),
          ...(origin === undefined ? {} : { 'Access-Control-Allow-Origin': origin }),
          'Access-Control-Allow-Credentials': 'true',
        })
        .end();
    }
    const type = OWN_TYPES[pathname.split('.').at(-1) ?? ''];
    const coep = searchParams.get('coep');
    const text = searchParams.get('text') ?? '';
    response.writeHead(200, {
      'Content-Type': `${type ?? 'text/html'}; charset=utf-8`,
      'Service-Worker-Allowed': '/',
      ...(coep === null ? {} : { 'Cross-Origin-Embedder-Policy': coep }),
    });
    return response.end(type === 'text/html' || type === undefined ? PAGE + text : text);
  });
  // A WebSocket: the edge does not pass it on.
  server.on('upgrade', (request: IncomingMessage, socket) => {
    record(request, new URL(`https://${request.headers.host ?? ''}${request.url ?? ''}`).pathname, 501);
    socket.end('HTTP/1.1 501 Not Implemented\r\nConnection: close\r\n\r\n');
  });

  function recordAndPassOn(request: IncomingMessage, response: ServerResponse, pathname: string): void {
    let isRecorded = false;
    const done = (): void => {
      if (!isRecorded) record(request, pathname, response.statusCode);
      isRecorded = true;
    };
    // The browser may know of the end before the connection does.
    response.once('finish', done).once('close', done);
    passOn({ scheme: 'http', port: edge.port }, request, response);
  }

  function record({ method, headers }: IncomingMessage, pathname: string, status: number): void {
    const parts = pathname.split('/');
    const names = (headers.cookie ?? '').split('; ').map((pair) => pair.replace(/=.*$/s, ''));
    requests.push({
      key: parts.slice(1, -1).join('/'),
      file: parts.at(-1) ?? '',
      method: method ?? '',
      cookies: new Set(names.filter((name) => name.startsWith('CloudFront-'))).size,
      corsOrigin:
        headers['sec-fetch-mode'] === 'cors' && headers['sec-fetch-site'] !== 'same-origin'
          ? (headers.origin ?? null)
          : null,
      status,
    });
  }

  return {
    caFile: certificates.caFile,
    pages,
    cookieAddress: (attributes) =>
      `${originOf(hosts.api)}/set?attributes=${encodeURIComponent(`Domain=load.localhost; Path=${PRIVATE_PATH}; HttpOnly; ${attributes}`)}`,
    fileAddress: (name, file) => `${cdn}/${name}/${file}`,
    redirecting: `${originOf(hosts.redirecting)}/?`,
    requests,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answerFromBucket(request: IncomingMessage, response: ServerResponse): void {
  const [path = ''] = (request.url ?? '').split('?');
  const [type, content, headers] = FILES[path.split('/').at(-1) ?? ''] ?? ['text/plain', ''];
  const bytes = Buffer.from(content);
  const common = { 'Content-Type': type, 'Accept-Ranges': 'bytes', ...headers };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (range === null) {
    response.writeHead(200, { ...common, 'Content-Length': bytes.length }).end(bytes);
    return;
  }
  const begin = Number(range[1]);
  const end = range[2] === '' ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1);
  response
    .writeHead(206, {
      ...common,
      'Content-Range': `bytes ${begin}-${end}/${bytes.length}`,
      'Content-Length': end - begin + 1,
    })
    .end(bytes.subarray(begin, end + 1));
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
