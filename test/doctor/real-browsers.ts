import { createServer, request as plainRequest } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CDPSession } from 'playwright-core';
import type { HTTPRequest } from 'puppeteer-core';
import { launchBrowser } from '../support/browser.js';
import { launchFirefox } from '../support/firefox.js';
import type { LoadInput } from './browser-double.js';
import type { Stage } from './stage.js';

/** A browser that records what it loads as a HAR. */
export interface Recorder {
  open(url: string): Promise<void>;
  load(input: LoadInput): Promise<void>;
  har(): string;
  /** An empty jar, cache and recording. */
  reset(): Promise<void>;
}

interface Entry {
  readonly id: string;
  readonly url: string;
  readonly method: string;
  readonly kind: string;
  readonly at: number;
  asked: Record<string, string>;
  status: number;
  answered: Record<string, string>;
  error: string | null;
  fromCache: boolean;
}

/** A proxy that leads every host to the server that the stage has for it; Firefox maps no ports. */
export interface StageProxy {
  readonly port: number;
  /** Ends the connections that a browser keeps: in the next world a host may be another server. */
  drop(): void;
  close(): void;
}

export async function startProxy(stage: Stage): Promise<StageProxy> {
  const open = new Set<Duplex>();
  const server = createServer((message, response) => {
    const { hostname, pathname, search } = new URL(message.url ?? '');
    const outgoing = plainRequest(
      {
        host: '127.0.0.1',
        port: stage.portOf(`http ${hostname}`),
        path: pathname + search,
        method: message.method,
        headers: message.headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    outgoing.once('error', () => response.writeHead(502).end());
    message.pipe(outgoing);
  });
  server.on('connect', (message, client) => {
    const host = (message.url ?? '').replace(/:\d+$/, '');
    const upstream = connect(stage.portOf(host), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client);
      client.pipe(upstream);
    });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      socket.on('error', () => [client, upstream].map((one) => one.destroy()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const drop = (): void => {
    server.closeAllConnections();
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    drop,
    close: () => {
      drop();
      server.close();
    },
  };
}

/** Loads one thing in the page, and ends when the page knows what became of it. A text, because it runs in the browser. */
const LOAD_IN_PAGE = `async (input) => {
  const { way, url } = input;
  const ended = (element, ...names) => Promise.race([
    ...names.map((name) => new Promise((resolve) => element.addEventListener(name, resolve, { once: true }))),
    new Promise((resolve) => setTimeout(resolve, 1500)),
  ]);
  if (way === 'fetch' || way === 'no-cors-fetch') {
    const mode = way === 'fetch' ? 'cors' : 'no-cors';
    const options = { method: input.method ?? 'GET', mode, credentials: input.credentials ?? 'include', headers: input.headers ?? {} };
    await fetch(url, options).then((answer) => answer.arrayBuffer()).catch(() => undefined);
  } else if (way === 'xhr') {
    const call = new XMLHttpRequest();
    call.open(input.method ?? 'GET', url);
    call.withCredentials = input.credentials !== 'omit';
    for (const [name, value] of Object.entries(input.headers ?? {})) call.setRequestHeader(name, value);
    call.send();
    await ended(call, 'loadend');
  } else if (way === 'font') {
    await new FontFace('A', 'url("' + url + '")').load().catch(() => undefined);
  } else {
    const element = document.createElement(way === 'img' ? 'img' : 'video');
    if (input.crossorigin !== undefined) element.crossOrigin = input.crossorigin;
    document.body.append(element);
    if (way === 'track') {
      const track = document.createElement('track');
      track.default = true;
      track.src = url;
      element.append(track);
      track.track.mode = 'showing';
      await ended(track, 'load', 'error');
    } else {
      element.src = url;
      await ended(element, 'load', 'loadeddata', 'error');
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
}`;

const scriptOf = (input: LoadInput): string => `(${LOAD_IN_PAGE})(${JSON.stringify(input)})`;

function harOf(entries: readonly Entry[], page: string, creator: string): string {
  const list = (headers: Record<string, string>) =>
    Object.entries(headers).flatMap(([name, value]) =>
      value.split('\n').map((one) => ({ name, value: one })),
    );
  return JSON.stringify({
    log: {
      version: '1.2',
      creator: { name: creator, version: '1' },
      pages: [
        {
          id: 'page_1',
          title: creator === 'Firefox' ? 'A course' : `${page}/`,
          startedDateTime: new Date(entries[0]?.at ?? 0).toISOString(),
        },
      ],
      entries: entries.map(({ url, method, kind, at, asked, status, answered, error, fromCache }) => ({
        pageref: 'page_1',
        startedDateTime: new Date(at).toISOString(),
        _resourceType: kind,
        ...(fromCache ? { _fromCache: 'disk' } : {}),
        request: { method, url, headers: list(asked), cookies: [] },
        response: { status, headers: list(answered), cookies: [], content: {}, _error: error },
      })),
    },
  });
}

/** Chromium over its own protocol, which shows the headers as they were on the wire. */
export async function recordInChromium(stage: Stage, proxy: StageProxy): Promise<Recorder> {
  const browser = await launchBrowser({
    trustedCaFile: stage.caFile,
    thirdPartyCookies: 'allowed',
    proxy: `http://127.0.0.1:${proxy.port}`,
  });
  let entries: Entry[] = [];
  let page = await browser.newPage();
  const early = new Map<
    string,
    { asked?: Record<string, string>; answered?: Record<string, string>; status?: number }
  >();
  const listen = async (): Promise<CDPSession> => {
    const session = await browser.context.newCDPSession(page);
    const of = (id: string) => entries.findLast((entry) => entry.id === id);
    session.on('Network.requestWillBeSent', ({ requestId, request, type, redirectResponse }) => {
      const before = of(requestId);
      if (redirectResponse !== undefined && before !== undefined)
        Object.assign(before, { status: redirectResponse.status });
      const extra = early.get(requestId);
      early.delete(requestId);
      entries.push({
        id: requestId,
        url: request.url,
        method: request.method,
        kind: (type ?? 'other').toLowerCase(),
        at: stage.nowMilliseconds(),
        asked: extra?.asked ?? request.headers,
        status: extra?.status ?? 0,
        answered: extra?.answered ?? {},
        error: null,
        fromCache: false,
      });
    });
    session.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) => {
      const entry = of(requestId);
      if (entry === undefined || entry.status !== 0)
        early.set(requestId, { ...early.get(requestId), asked: headers });
      else entry.asked = headers;
    });
    session.on('Network.responseReceivedExtraInfo', ({ requestId, headers, statusCode }) => {
      const entry = of(requestId);
      if (entry !== undefined) Object.assign(entry, { answered: headers, status: statusCode });
    });
    session.on('Network.responseReceived', ({ requestId, response }) => {
      const entry = of(requestId);
      if (entry === undefined) return;
      if (response.fromDiskCache === true)
        Object.assign(entry, { fromCache: true, answered: response.headers });
      if (entry.status === 0) entry.status = response.status;
    });
    session.on('Network.requestServedFromCache', ({ requestId }) => {
      const entry = of(requestId);
      if (entry !== undefined) entry.fromCache = true;
    });
    session.on('Network.loadingFailed', ({ requestId, errorText, blockedReason }) => {
      const entry = of(requestId);
      if (entry === undefined) return;
      entry.error = blockedReason === 'csp' ? 'net::ERR_BLOCKED_BY_CSP' : errorText;
    });
    await session.send('Network.enable');
    return session;
  };
  let session = await listen();
  return {
    open: async (url) => void (await page.goto(url)),
    load: async (input) => void (await page.evaluate(scriptOf(input))),
    har: () => harOf(entries, new URL(page.url()).origin, 'WebInspector'),
    reset: async () => {
      proxy.drop();
      await session.send('Storage.clearCookies');
      await session.send('Network.clearBrowserCache');
      await page.close();
      page = await browser.newPage();
      session = await listen();
      entries = [];
      early.clear();
    },
  };
}

/** Firefox ESR over WebDriver BiDi, each recording in a context of its own. */
export async function recordInFirefox(stage: Stage, proxy: StageProxy): Promise<Recorder> {
  const port = proxy.port;
  const firefox = await launchFirefox({
    trustedCaFile: stage.caFile,
    preferences: {
      'network.proxy.type': 1,
      'network.proxy.ssl': '127.0.0.1',
      'network.proxy.ssl_port': port,
      'network.proxy.http': '127.0.0.1',
      'network.proxy.http_port': port,
      'network.proxy.allow_hijacking_localhost': true,
      'network.proxy.no_proxies_on': '',
    },
  });
  let entries: Entry[] = [];
  let context = await firefox.newContext();
  const listen = (): void => {
    const known = new Map<HTTPRequest, Entry>();
    context.page.on('request', (request) => {
      const entry: Entry = {
        id: '',
        url: request.url(),
        method: request.method(),
        // WebDriver BiDi names no kind; the request's own headers do.
        kind: 'other',
        at: stage.nowMilliseconds(),
        asked: request.headers(),
        status: 0,
        answered: {},
        error: null,
        fromCache: false,
      };
      known.set(request, entry);
      entries.push(entry);
    });
    context.page.on('response', (response) => {
      const entry = known.get(response.request());
      if (entry !== undefined)
        Object.assign(entry, {
          status: response.status(),
          answered: response.headers(),
          fromCache: response.fromCache(),
        });
    });
    context.page.on('requestfailed', (request) => {
      const entry = known.get(request);
      if (entry !== undefined) entry.error = entry.status === 0 ? null : 'NS_ERROR';
    });
  };
  listen();
  return {
    open: async (url) => void (await context.page.goto(url)),
    load: async (input) => void (await context.page.evaluate(scriptOf(input))),
    har: () => harOf(entries, new URL(context.page.url()).origin, 'Firefox'),
    reset: async () => {
      proxy.drop();
      await context.close();
      context = await firefox.newContext();
      entries = [];
      listen();
    },
  };
}
