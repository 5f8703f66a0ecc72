import { Readable } from 'node:stream';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import type { Behavior } from '../distribution/distribution.js';
import type { AnswerBody, EdgeAnswer } from '../edge-answer.js';
import { headerOf, withHeader, withoutHeader, type HeaderList } from '../header-list.js';
import { normalisedAcceptEncoding } from '../origin-request/chosen-parts.js';
import { readObject } from '../origin/open-object.js';
import type { ViewerRequest } from '../viewer-request.js';
import type { ContentCoding } from './copy-store.js';

/** The sizes that CloudFront compresses, in bytes (CF-COMP). */
const MIN_BYTES = 1_000;
const MAX_BYTES = 10_000_000;
const STATUSES = [200, 403, 404];
/** It does not keep a viewer waiting; that of CloudFront is not documented. */
const BROTLI_QUALITY = 5;

/** The types that CloudFront compresses (CF-COMP, file types). */
const TYPES = new Set([
  ...[
    'dash+xml',
    'eot',
    'font',
    'font-sfnt',
    'javascript',
    'json',
    'opentype',
    'otf',
    'pkcs7-mime',
    'protobuf',
  ].map(inApplication),
  ...['rss+xml', 'truetype', 'ttf', 'vnd.apple.mpegurl', 'vnd.mapbox-vector-tile', 'vnd.ms-fontobject'].map(
    inApplication,
  ),
  ...['xhtml+xml', 'xml', 'x-font-opentype', 'x-font-truetype', 'x-font-ttf', 'x-httpd-cgi'].map(
    inApplication,
  ),
  ...['x-javascript', 'x-mpegurl', 'x-opentype', 'x-otf', 'x-perl', 'x-ttf'].map(inApplication),
  ...['eot', 'opentype', 'otf', 'ttf'].map((name) => `font/${name}`),
  'image/svg+xml',
  ...['css', 'csv', 'html', 'javascript', 'js', 'plain', 'richtext', 'tab-separated-values', 'xml'].map(
    inText,
  ),
  ...['x-component', 'x-java-source', 'x-script'].map(inText),
  'vnd.apple.mpegurl',
]);

/**
 * In which coding CloudFront hands out an answer of the origin; null: as it came (R125).
 *
 * @param request the viewer's: what it accepts, in the order of CloudFront, decides
 */
export function codingFor(
  answer: EdgeAnswer,
  behavior: Pick<Behavior, 'compress' | 'cachePolicy'>,
  request: Pick<ViewerRequest, 'method' | 'headers'>,
): ContentCoding | null {
  const { cachePolicy, compress } = behavior;
  if (!compress || request.method !== 'GET' || cachePolicy.headers.includes('accept-encoding')) return null;
  const accepted = normalisedAcceptEncoding(
    [request.headers['accept-encoding']].flat().join(','),
    cachePolicy,
  );
  if (accepted === null || !STATUSES.includes(answer.status)) return null;
  const length = headerOf(answer.headers, 'Content-Length') ?? '';
  const isOfSize = /^[0-9]{1,9}$/.test(length) && Number(length) >= MIN_BYTES && Number(length) <= MAX_BYTES;
  const type = headerOf(answer.headers, 'Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const isPlain = headerOf(answer.headers, 'Content-Encoding') === undefined;
  if (!isOfSize || !isPlain || !TYPES.has(type) || answer.body.kind === 'empty') return null;
  return accepted.startsWith('br') ? 'br' : 'gzip';
}

/** The answer in that coding, written while it is read. */
export function compressed(answer: EdgeAnswer, coding: ContentCoding): EdgeAnswer {
  const coder =
    coding === 'gzip'
      ? createGzip()
      : createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
  const source = readableOf(answer.body);
  // An object that changed, or an origin that broke off, must not look complete.
  source.once('error', (error) => coder.destroy(error));
  coder.once('close', () => source.destroy());
  source.pipe(coder);
  return {
    ...answer,
    headers: compressedHeaders(answer.headers, coding),
    body: { kind: 'stream', stream: coder, byteLength: null },
  };
}

/** The headers of an answer in that coding: its tag is weak from now on, and no tag at all where it was none. */
export function compressedHeaders(headers: HeaderList, coding: ContentCoding): HeaderList {
  const entityTag = headerOf(headers, 'ETag');
  const vary = headerOf(headers, 'Vary');
  const hasVary = vary?.split(',').some((name) => name.trim().toLowerCase() === 'accept-encoding') === true;
  const encoded = withHeader(withoutHeader(headers, 'Content-Length'), 'Content-Encoding', coding);
  const varied = vary === undefined ? 'Accept-Encoding' : `${vary}, Accept-Encoding`;
  const described = hasVary ? encoded : withHeader(encoded, 'Vary', varied);
  if (entityTag === undefined || entityTag.startsWith('W/')) return described;
  return entityTag.startsWith('"')
    ? withHeader(described, 'ETag', `W/${entityTag}`)
    : withoutHeader(described, 'ETag');
}

function readableOf(body: AnswerBody): Readable {
  if (body.kind === 'stream') return body.stream;
  if (body.kind === 'bytes') return Readable.from([body.bytes]);
  if (body.kind === 'text') return Readable.from([Buffer.from(body.text)]);
  if (body.kind === 'empty') return Readable.from([]);
  const { object, firstByte, byteLength } = body;
  const source = Readable.from(readObject(object, firstByte, byteLength));
  source.once('close', () => void object.handle.close().catch(() => undefined));
  return source;
}

function inApplication(name: string): string {
  return `application/${name}`;
}

function inText(name: string): string {
  return `text/${name}`;
}
