import type { HeaderList } from '@edgepass/edge';
import { bareLoad, cookiePairs, header, type CookiePair, type Evidence, type Load } from './evidence.js';
import { netErrorReason } from './read-console.js';

/** A HAR, or why it is none. */
export type HarResult = { readonly evidence: Partial<Evidence> } | { readonly problem: string };

/** Enough of an error page to tell whose it is. */
const MOST_BODY = 4000;

type Json = Readonly<Record<string, unknown>>;

/** Headers that a check reads, or whose values must not be printed. */
const READ_HEADERS =
  /^(?:access-control-.*|origin|cookie|set-cookie|.*authorization|sec-fetch-.*|referer|user-agent|server|x-cache|via|age|vary|cache-control|content-length|content-type|content-security-policy|cross-origin-.*|location|date|x-amz-cf-id|x-api-key|.*token.*)$/;

/** Recorders that leave cookies out of what they write, unless somebody asks for them. */
const SANITISING = /WebInspector|WebKit|Chrome|Edge/i;

/** Reads the text of a HAR 1.2 file as Chromium, Firefox, Safari, Charles and Fiddler write it. */
export function readHar(text: string): HarResult {
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return { problem: 'expected JSON, found a text that ends early or is none; export it again' };
  }
  const log = object(object(document)?.['log']);
  if (log === null || !Array.isArray(log['entries'])) {
    return { problem: 'expected a HAR, an object with log.entries; found other JSON' };
  }
  const entries = (log['entries'] as readonly unknown[]).map(object).filter((entry) => entry !== null);
  const recorder = textOf(object(log['creator'])?.['name']) ?? '';
  const knowsCookies = entries.some(holdsCookies) || !SANITISING.test(recorder);
  const pages = pageAddresses(log['pages']);
  const loads = entries.flatMap((entry, index) => readEntry(entry, index, pages, knowsCookies) ?? []);
  const notes = knowsCookies
    ? []
    : [
        'The HAR holds no cookies: the browser leaves them out of an ordinary export. Export it "with sensitive data" (Chromium: Settings, Network, allow to generate HAR with sensitive data) to see which were sent.',
      ];
  return { evidence: { loads: withRedirects(loads), sources: ['har'], notes } };
}

function pageAddresses(pages: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const page of Array.isArray(pages) ? pages : []) {
    const known = object(page);
    const [id, title] = [textOf(known?.['id']), textOf(known?.['title'])];
    // Chromium and Safari write the page's address as its title, Firefox the title itself.
    if (id !== null && title !== null && /^https?:\/\//.test(title) && URL.canParse(title)) {
      found.set(id, new URL(title).origin);
    }
  }
  return found;
}

function holdsCookies(entry: Json): boolean {
  const request = object(entry['request']);
  const response = object(entry['response']);
  const lists = [request?.['cookies'], response?.['cookies']];
  if (lists.some((list) => Array.isArray(list) && list.length > 0)) return true;
  return header(headersOf(request), 'cookie') !== null || header(headersOf(response), 'set-cookie') !== null;
}

function readEntry(
  entry: Json,
  index: number,
  pages: ReadonlyMap<string, string>,
  knowsCookies: boolean,
): Load | null {
  const request = object(entry['request']);
  const response = object(entry['response']);
  const url = textOf(request?.['url']);
  if (request === null || url === null || !/^(?:https?|wss?):/.test(url) || !URL.canParse(url)) return null;
  const requestHeaders = headersOf(request);
  const responseHeaders = headersOf(response);
  const origin = header(requestHeaders, 'origin');
  const referrer = header(requestHeaders, 'referer');
  const pageAddress = pages.get(textOf(entry['pageref']) ?? '') ?? null;
  const kind = textOf(entry['_resourceType'])?.toLowerCase() ?? null;
  const dest = header(requestHeaders, 'sec-fetch-dest') ?? destOf(kind);
  const isNavigation = dest === 'document' || kind === 'document';
  const page =
    origin !== null && origin !== 'null'
      ? origin
      : referrer !== null && URL.canParse(referrer)
        ? new URL(referrer).origin
        : isNavigation
          ? null
          : pageAddress;
  const error = textOf(response?.['_error']) ?? textOf(entry['_error']);
  const rawStatus = typeof response?.['status'] === 'number' ? response['status'] : 0;
  const status = rawStatus > 0 ? rawStatus : statusOfHeaders(responseHeaders, error);
  const reason = error === null ? null : netErrorReason(error);
  return {
    ...bareLoad('har', `HAR entry ${index + 1}`, url),
    method: textOf(request['method'])?.toUpperCase() ?? 'GET',
    page,
    top: pageAddress !== null && page !== null && pageAddress !== page ? pageAddress : null,
    mode: modeOf(requestHeaders, kind, origin),
    dest,
    requestHeaders,
    cookies: knowsCookies ? cookiesOf(request, requestHeaders) : null,
    status,
    headers: responseHeaders.length === 0 && rawStatus === 0 ? null : responseHeaders,
    errorBody: (status ?? 0) >= 400 ? bodyOf(response) : null,
    reason,
    fromBrowserCache: isFromCache(entry, response),
    failed: error !== null && error !== '' ? true : rawStatus === 0 ? true : rawStatus >= 400 ? true : null,
    atMilliseconds: timeOf(entry['startedDateTime']),
    initiators: initiatorsOf(entry['_initiator']),
  };
}

/** Chromium hides the status of an answer that CORS refused, and shows its headers. */
function statusOfHeaders(headers: HeaderList, error: string | null): number | null {
  if (headers.length === 0) return error === null || netErrorReason(error) !== null ? 0 : null;
  const cache = header(headers, 'x-cache') ?? '';
  if (cache.startsWith('Error from cloudfront')) return 403;
  return /^(?:Hit|Miss|RefreshHit) from cloudfront/.test(cache) ? 200 : null;
}

function cookiesOf(request: Json, headers: HeaderList): readonly CookiePair[] {
  const line = header(headers, 'cookie');
  if (line !== null) return cookiePairs(line.replaceAll(', CloudFront-', '; CloudFront-'));
  const list = request['cookies'];
  return (Array.isArray(list) ? list : []).flatMap((cookie: unknown) => {
    const known = object(cookie);
    const name = textOf(known?.['name']);
    return name === null ? [] : [{ name, value: textOf(known?.['value']) ?? '' }];
  });
}

function destOf(kind: string | null): string | null {
  const kinds: Readonly<Record<string, string>> = {
    fetch: 'empty',
    xhr: 'empty',
    image: 'image',
    media: 'video',
    font: 'font',
    script: 'script',
    stylesheet: 'style',
    texttrack: 'track',
    manifest: 'manifest',
    document: 'document',
    preflight: 'empty',
  };
  return kind === null ? null : (kinds[kind] ?? null);
}

function modeOf(headers: HeaderList, kind: string | null, origin: string | null): Load['mode'] {
  const named = header(headers, 'sec-fetch-mode');
  if (named === 'cors' || named === 'no-cors' || named === 'navigate' || named === 'same-origin')
    return named;
  if (origin !== null) return 'cors';
  return kind === 'image' || kind === 'media' || kind === 'script' || kind === 'stylesheet'
    ? 'no-cors'
    : null;
}

function bodyOf(response: Json | null): string | null {
  const content = object(response?.['content']);
  const text = textOf(content?.['text']);
  if (text === null || text === '') return null;
  if (content?.['encoding'] !== 'base64') return text.slice(0, MOST_BODY);
  return Buffer.from(text.slice(0, MOST_BODY * 2), 'base64').toString('utf8');
}

function isFromCache(entry: Json, response: Json | null): boolean {
  if (textOf(entry['_fromCache']) !== null) return true;
  const kind = textOf(response?.['_fetchType']) ?? textOf(entry['_fetchType']) ?? '';
  return /(?:Memory|Disk) Cache/i.test(kind);
}

function timeOf(value: unknown): number | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/** Chromium names who asked: a script with its callers, or a document or sheet. */
function initiatorsOf(value: unknown): readonly string[] {
  const found: string[] = [];
  const initiator = object(value);
  const direct = textOf(initiator?.['url']);
  if (direct !== null) found.push(direct);
  let stack = object(initiator?.['stack']);
  for (let depth = 0; stack !== null && depth < 10; depth += 1) {
    const frames = stack['callFrames'];
    for (const frame of Array.isArray(frames) ? frames : []) {
      const url = textOf(object(frame)?.['url']);
      if (url !== null && url !== '') found.push(url);
    }
    stack = object(stack['parent']);
  }
  return [...new Set(found)];
}

/** Marks the load that a redirect of another origin led to. */
function withRedirects(loads: readonly Load[]): readonly Load[] {
  const waiting = new Map<string, string>();
  return loads.map((load) => {
    const from = waiting.get(load.url) ?? null;
    waiting.delete(load.url);
    const target = header(load.headers, 'location');
    if (
      (load.status ?? 0) >= 300 &&
      (load.status ?? 0) < 400 &&
      target !== null &&
      URL.canParse(target, load.url)
    ) {
      waiting.set(new URL(target, load.url).href, from ?? load.url);
    }
    return from === null ? load : { ...load, redirectedFrom: from };
  });
}

function headersOf(message: Json | null): HeaderList {
  const list = message?.['headers'];
  const kept: (readonly [string, string])[] = [];
  for (const item of (Array.isArray(list) ? list : []) as readonly unknown[]) {
    const known = object(item);
    const name = textOf(known?.['name'])?.toLowerCase() ?? null;
    const value = textOf(known?.['value']);
    // A recording has thousands of requests with dozens of headers each: what no check reads is not kept.
    if (name !== null && value !== null && READ_HEADERS.test(name)) kept.push([name, value]);
  }
  return kept;
}

function object(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
