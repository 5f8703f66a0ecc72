import { randomBytes, randomFillSync } from 'node:crypto';
import { textAnswer, type EdgeAnswer } from './edge-answer.js';
import { headerOf, type HeaderList } from './header-list.js';
import type { RefusalCode } from './viewer-access/refusal.js';
import type { ViewerRequest } from './viewer-request.js';

/** What `X-Cache` says of where an answer came from. */
export type XCache =
  `${'FunctionGeneratedResponse' | 'Hit' | 'RefreshHit' | 'Miss' | 'Error' | 'Redirect'} from cloudfront`;

/** How this edge names itself in `Via`, to viewers and to origins. */
export const VIA = `1.1 ${randomBytes(16).toString('hex')}.cloudfront.net (CloudFront)`;
const POP = 'LOCAL50-P1';

/** What CloudFront's page says for refusals that are not about the viewer. */
const PAGES = {
  'bad-request': { status: 400, heading: '400 ERROR', text: 'Bad request.' },
  'method-not-allowed': {
    status: 403,
    heading: '403 ERROR',
    text: 'This distribution is not configured to allow the HTTP request method that was used for this request. The distribution supports only cachable requests.',
  },
  'body-not-allowed': { status: 403, heading: '403 ERROR', text: 'Bad request.' },
  'https-only': { status: 403, heading: '403 ERROR', text: 'Bad request.' },
  'unknown-host': { status: 403, heading: '403 ERROR', text: 'Bad request.' },
  'request-timeout': { status: 408, heading: '408 ERROR', text: 'Request timeout.' },
  'url-too-long': { status: 414, heading: '414 ERROR', text: 'Bad request.' },
  'headers-too-large': { status: 494, heading: '494 ERROR', text: 'Bad request.' },
  'origin-unreachable': {
    status: 502,
    heading: '502 ERROR',
    text: "CloudFront wasn't able to connect to the origin.",
  },
  'origin-timeout': {
    status: 504,
    heading: '504 ERROR',
    text: 'CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin closed the connection.',
  },
  'function-invalid': {
    status: 502,
    heading: '502 ERROR',
    text: 'The CloudFront function associated with the CloudFront distribution is invalid or could not run.',
  },
  'function-failed': {
    status: 503,
    heading: '503 ERROR',
    text: 'The CloudFront function associated with the CloudFront distribution is invalid or could not run.',
  },
  'edge-failed': { status: 500, heading: '500 ERROR', text: 'The local edge failed; its log says why.' },
} as const;

/** Which page. */
export type EdgePage = keyof typeof PAGES;

/** The exact messages of CloudFront's own refusals (R51–R55); `denied` with a small d is not S3's. */
const MESSAGES: Readonly<Record<RefusalCode, string>> = {
  MissingKey: 'Missing Key-Pair-Id query parameter or cookie value',
  AccessDenied: 'Access denied',
  InvalidKey: 'Unknown Key',
  MalformedPolicy: 'Malformed Policy',
  MalformedSignature: 'Could not unencode Signature',
};

/** The answer with the headers that CloudFront puts on every answer, its own and relayed ones alike. */
export function marked(answer: EdgeAnswer, xCache: XCache, requestId: string = newRequestId()): EdgeAnswer {
  return { ...answer, headers: [...markedHeaders(answer.headers, xCache), ['X-Amz-Cf-Id', requestId]] };
}

/** Those of them that stand before the id of the request: the same on each answer of a kind. */
export function markedHeaders(headers: HeaderList, xCache: XCache): HeaderList {
  const hasServer = headerOf(headers, 'Server') !== undefined;
  return [
    ...(hasServer ? [] : ([['Server', 'CloudFront']] as const)),
    ...headers,
    ['X-Cache', xCache],
    ['Via', VIA],
    ['X-Amz-Cf-Pop', POP],
  ];
}

/** The HTML page "The request could not be satisfied" (R50, R57, E40), marked. */
export function edgePage(page: EdgePage): EdgeAnswer {
  const requestId = newRequestId();
  return marked(pageText(page, requestId), 'Error from cloudfront', requestId);
}

/** CloudFront's page in the place of an origin's answer (R122). Not marked yet: it goes the way of that answer. */
export function originPage(page: 'origin-unreachable' | 'origin-timeout'): EdgeAnswer {
  return { ...pageText(page, newRequestId()), code: 'origin', isUnanswered: true };
}

function pageText(page: EdgePage, requestId: string): EdgeAnswer {
  const { status, heading, text } = PAGES[page];
  return textAnswer(
    status,
    'text/html',
    `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
<HTML><HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1">
<TITLE>ERROR: The request could not be satisfied</TITLE>
</HEAD><BODY>
<H1>${heading}</H1>
<H2>The request could not be satisfied.</H2>
<HR noshade size="1px">
${text}
We can't connect to the server for this app or website at this time. There might be too much traffic or a configuration error. Try again later, or contact the app or website owner.
<BR clear="all">
If you provide content to customers through CloudFront, you can find steps to troubleshoot and help prevent this error by reviewing the CloudFront documentation.
<BR clear="all">
<HR noshade size="1px">
<PRE>
Generated by cloudfront (CloudFront)
Request ID: ${requestId}
</PRE>
<ADDRESS>
</ADDRESS>
</BODY></HTML>`,
  );
}

/**
 * What CloudFront answers to plain HTTP under `redirect-to-https`: 301 for GET and HEAD; 307 for any other
 * method, so that it is sent again with its body; null where the viewer's HTTP/1.0 knows no 307.
 */
export function redirectToHttps(request: ViewerRequest): EdgeAnswer | null {
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  if (!isReading && request.httpVersion === '1.0') return null;
  const [status, title] = isReading ? [301, '301 Moved Permanently'] : [307, '307 Temporary Redirect'];
  const page = textAnswer(
    status,
    'text/html',
    [
      '<html>',
      `<head><title>${title}</title></head>`,
      '<body>',
      `<center><h1>${title}</h1></center>`,
      '<hr><center>CloudFront</center>',
      '</body>',
      '</html>',
      '',
    ].join('\r\n'),
  );
  const query = request.query === null ? '' : `?${request.query}`;
  const location = ['Location', `https://${request.host}${request.path}${query}`] as const;
  return marked({ ...page, headers: [...page.headers, location] }, 'Redirect from cloudfront');
}

/**
 * The answer to a viewer who may not open an address: 403, one line of XML, nothing about the cause. Not marked
 * yet: a response headers policy may be put on it first.
 */
export function accessRefusal(code: RefusalCode): EdgeAnswer {
  return textAnswer(
    403,
    'text/xml',
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${MESSAGES[code]}</Message></Error>`,
  );
}

/** A hundred ids of 40 bytes, each with two more, so that it ends with a whole character. */
const pool = Buffer.alloc(100 * 42);
let ids = '';
let usedCharacters = 0;

/**
 * `X-Amz-Cf-Id`: 56 characters as CloudFront writes them. Random bytes are asked for and written for a hundred ids at a time:
 * for each alone that took an eighth of the time of a cached answer.
 */
export function newRequestId(): string {
  if (usedCharacters === ids.length) {
    ids = freshIds();
    usedCharacters = 0;
  }
  const first = usedCharacters;
  usedCharacters += 56;
  return `${ids.slice(first, first + 54)}==`;
}

function freshIds(): string {
  randomFillSync(pool);
  // What the two write is not sent; without them the last character would not be that of 40 bytes.
  for (let end = 42; end <= pool.length; end += 42) pool.fill(0, end - 2, end);
  return pool.toString('base64url');
}
