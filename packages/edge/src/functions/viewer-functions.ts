import type { IncomingHttpHeaders } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { edgePage, marked, newRequestId, type EdgePage } from '../cloudfront-answers.js';
import type { Distribution } from '../distribution/distribution.js';
import { HEADER_NAME, HEADER_VALUE } from '../distribution/header-text.js';
import { bodyLength, discard, type AnswerBody, type EdgeAnswer } from '../edge-answer.js';
import type { EdgeLog } from '../edge-log.js';
import { withHeader, type HeaderList } from '../header-list.js';
import type { ViewerRequest } from '../viewer-request.js';
import { FunctionRunner } from './function-runner.js';

/** A value in an event, with all of them where there are several. */
interface EventValue {
  readonly value: string;
  readonly attributes?: string;
  readonly multiValue?: readonly EventValue[];
}
type EventValues = Readonly<Record<string, EventValue>>;

/** They are not shown to functions, and functions may not add them (CF-EFN). */
const DISALLOWED =
  /^(?:connection|expect|keep-alive|proxy-(?:authenticate|authorization|connection)|trailer|upgrade|x-accel-(?:buffering|charset|limit-rate|redirect)|x-amz-cf-.*|x-amzn-.*|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip)$/;
const READ_ONLY_IN_REQUESTS = ['content-length', 'host', 'transfer-encoding', 'via'];
const PATH = /^\/[!-"$->@-~\x80-\xff]*$/;

/** The request as the function left it, or the answer that it made. */
export type AfterRequestFunction =
  | { readonly request: ViewerRequest; readonly originId?: string }
  | { readonly answer: EdgeAnswer };

/** A function returned what CloudFront does not take. */
class InvalidResult extends Error {
  override readonly name = 'InvalidResult';
}

/** The CloudFront Functions of a distribution, at both of their events (R126). */
export class ViewerFunctions {
  private readonly runner: FunctionRunner;

  constructor(
    private readonly distribution: Pick<Distribution, 'id' | 'domainName' | 'functions' | 'origins'>,
    private readonly log: EdgeLog,
  ) {
    this.runner = new FunctionRunner(distribution.functions);
  }

  close(): Promise<void> {
    return this.runner.close();
  }

  /** What a viewer request function makes of a request. */
  async onRequest(name: string, request: ViewerRequest): Promise<AfterRequestFunction> {
    const event = this.event('viewer-request', request);
    const outcome = await this.run(name, event);
    if ('failure' in outcome)
      return { answer: this.failed(name, request, outcome.failure, 'function-failed') };
    try {
      const { returned, originId } = outcome;
      if (isObject(returned) && returned['statusCode'] !== undefined) {
        return { answer: marked(generated(returned), 'FunctionGeneratedResponse from cloudfront') };
      }
      if (originId !== null && !this.distribution.origins.has(originId))
        throw new InvalidResult(`no origin ${originId}`);
      const changed = requestFrom(returned, request, event.request);
      return originId === null ? { request: changed } : { request: changed, originId };
    } catch (error) {
      return { answer: this.invalid(name, request, error) };
    }
  }

  /** What a viewer response function makes of an answer. */
  async onResponse(
    name: string,
    request: ViewerRequest,
    answer: EdgeAnswer,
  ): Promise<{ readonly answer: EdgeAnswer } | { readonly failed: EdgeAnswer }> {
    const response = {
      statusCode: answer.status,
      statusDescription: STATUS_CODES[answer.status] ?? '',
      headers: headerValues(answer.headers),
      cookies: setCookieValues(answer.headers),
    };
    const outcome = await this.run(name, { ...this.event('viewer-response', request), response });
    if ('failure' in outcome) {
      await discard(answer);
      return { failed: this.failed(name, request, outcome.failure, 'function-failed') };
    }
    try {
      return { answer: await responseFrom(outcome.returned, answer) };
    } catch (error) {
      await discard(answer);
      return { failed: this.invalid(name, request, error) };
    }
  }

  private event(eventType: string, request: ViewerRequest) {
    const { id, domainName } = this.distribution;
    return {
      version: '1.0',
      context: {
        distributionDomainName: domainName ?? request.host,
        distributionId: id ?? 'LOCAL',
        eventType,
        requestId: newRequestId(),
      },
      viewer: { ip: request.peerAddress },
      request: {
        method: request.method,
        uri: request.path,
        querystring: queryValues(request.query),
        headers: headerValues(headerLines(request.headers)),
        cookies: cookieValues(request.headers.cookie),
      },
    };
  }

  private async run(name: string, event: object) {
    const outcome = await this.runner.run(name, event);
    for (const line of outcome.printed) this.log.say(`function ${name}: ${line}`);
    return outcome;
  }

  private invalid(name: string, request: ViewerRequest, error: unknown): EdgeAnswer {
    if (!(error instanceof InvalidResult)) throw error;
    return this.failed(name, request, error.message, 'function-invalid');
  }

  private failed(name: string, request: ViewerRequest, why: string, page: EdgePage): EdgeAnswer {
    const xCache = page === 'function-failed' ? 'FunctionExecutionError' : 'FunctionValidationError';
    const answer = edgePage(page);
    this.log.refused(request, answer.status, { code: xCache, reason: `${name}: ${why}` });
    return {
      ...answer,
      headers: withHeader(answer.headers, 'X-Cache', `${xCache} from cloudfront`),
      isFinal: true,
    };
  }
}

function headerLines(headers: IncomingHttpHeaders): HeaderList {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one ?? ''] as const),
  );
}

/** Cookies have a member of their own. */
function headerValues(headers: HeaderList): EventValues {
  const shown = headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !DISALLOWED.test(name) && name !== 'cookie' && name !== 'set-cookie');
  return collected(shown.map(([name, value]) => [name, { value }] as const));
}

function cookieValues(header: string | undefined): EventValues {
  const parts = (header ?? '').split(';').map((part) => part.trim());
  return collected(parts.filter((part) => part !== '').map((part) => cut(part)));
}

function setCookieValues(headers: HeaderList): EventValues {
  const lines = headers.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, line]) => line);
  return collected(
    lines.map((line) => {
      const semicolon = line.indexOf(';');
      const [name, { value }] = cut(semicolon === -1 ? line : line.slice(0, semicolon));
      const attributes = semicolon === -1 ? '' : line.slice(semicolon + 1).trim();
      return [name, attributes === '' ? { value } : { value, attributes }] as const;
    }),
  );
}

function queryValues(query: string | null): EventValues {
  return collected(
    (query ?? '')
      .split('&')
      .filter((part) => part !== '')
      .map((part) => cut(part)),
  );
}

function cut(pair: string): readonly [string, EventValue] {
  const equals = pair.indexOf('=');
  return equals === -1 ? [pair, { value: '' }] : [pair.slice(0, equals), { value: pair.slice(equals + 1) }];
}

/** Of several with one name the last stands alone and all stand in `multiValue`. */
function collected(pairs: readonly (readonly [string, EventValue])[]): EventValues {
  const all = new Map<string, EventValue[]>();
  for (const [name, value] of pairs) all.set(name, [...(all.get(name) ?? []), value]);
  return Object.fromEntries(
    [...all].map(([name, values]) => {
      const last = values.at(-1) ?? { value: '' };
      return [name, values.length === 1 ? last : { ...last, multiValue: values }];
    }),
  );
}

function requestFrom(
  returned: unknown,
  original: ViewerRequest,
  sent: { readonly querystring: EventValues; readonly headers: EventValues },
): ViewerRequest {
  if (!isObject(returned)) throw new InvalidResult('it returned neither a request nor a response');
  const { method, uri } = returned;
  if (method !== original.method) throw new InvalidResult('it changed the method');
  if (typeof uri !== 'string' || !PATH.test(uri))
    throw new InvalidResult(`uri is no path: ${JSON.stringify(uri)}`);
  const values = readValues(returned['headers'], 'headers');
  for (const name of READ_ONLY_IN_REQUESTS) {
    const [before, after] = [sent.headers[name]?.value, values.find(([one]) => one === name)?.[1].value];
    if (before !== after) throw new InvalidResult(`it changed the header ${name}`);
  }
  const hidden = Object.entries(original.headers).filter(([name]) => DISALLOWED.test(name));
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of hidden) if (value !== undefined) headers[name] = value;
  for (const [name, value] of values)
    headers[checkedName(name)] = allOf(value)
      .map(({ value: one }) => one)
      .join(', ');
  const cookies = readValues(returned['cookies'], 'cookies').flatMap(([name, value]) =>
    allOf(value).map(({ value: one }) => `${name}=${one}`),
  );
  if (cookies.length > 0) headers['cookie'] = cookies.join('; ');
  const query = queryText(readValues(returned['querystring'], 'querystring'));
  const isQueryKept = query === queryText(Object.entries(sent.querystring));
  return { ...original, path: uri, query: isQueryKept ? original.query : query, headers };
}

function queryText(values: readonly (readonly [string, EventValue])[]): string | null {
  const parts = values.flatMap(([name, value]) => allOf(value).map(({ value: one }) => `${name}=${one}`));
  const text = parts.join('&');
  if (!/^[!-"$-~\x80-\xff]*$/.test(text)) throw new InvalidResult('querystring is not escaped');
  return parts.length === 0 ? null : text;
}

/** An answer that a viewer request function made: neither an error page nor the other function changes it. */
function generated(returned: Readonly<Record<string, unknown>>): EdgeAnswer {
  const body = bodyFrom(returned['body']) ?? { kind: 'empty' };
  const headers = responseHeaders(returned, []);
  return {
    status: statusFrom(returned),
    headers: withHeader(headers, 'Content-Length', String(bodyLength(body))),
    body,
    isFinal: true,
  };
}

async function responseFrom(returned: unknown, answer: EdgeAnswer): Promise<EdgeAnswer> {
  if (!isObject(returned)) throw new InvalidResult('it returned no response');
  const status = statusFrom(returned);
  const headers = responseHeaders(returned, answer.headers);
  const body = bodyFrom(returned['body']);
  if (body === null) return { ...answer, status, headers, ...(status >= 400 ? { isFinal: true } : {}) };
  await discard(answer);
  return {
    ...answer,
    status,
    headers: withHeader(headers, 'Content-Length', String(bodyLength(body))),
    body,
    isFinal: true,
  };
}

function statusFrom({ statusCode }: Readonly<Record<string, unknown>>): number {
  const isStatus =
    typeof statusCode === 'number' && Number.isInteger(statusCode) && statusCode >= 200 && statusCode <= 599;
  if (!isStatus) throw new InvalidResult(`statusCode is none: ${JSON.stringify(statusCode)}`);
  return statusCode;
}

/** Names keep the spelling of the answer; those that a function adds begin each word with a capital (CF-EVENT). */
function responseHeaders(returned: Readonly<Record<string, unknown>>, before: HeaderList): HeaderList {
  const spelled = new Map(before.map(([name]) => [name.toLowerCase(), name]));
  const headers = readValues(returned['headers'], 'headers').flatMap(([name, value]) =>
    allOf(value).map(({ value: one }) => [spelled.get(name) ?? capitalised(checkedName(name)), one] as const),
  );
  const cookies = readValues(returned['cookies'], 'cookies').flatMap(([name, value]) =>
    allOf(value).map(
      ({ value: one, attributes }) =>
        [
          'Set-Cookie',
          `${name}=${one}${attributes === undefined || attributes === '' ? '' : `; ${attributes}`}`,
        ] as const,
    ),
  );
  const hidden = before.filter(([name]) => DISALLOWED.test(name.toLowerCase()));
  return [...hidden, ...headers, ...cookies];
}

/** Null: the function says nothing of the body. */
function bodyFrom(body: unknown): AnswerBody | null {
  if (body === undefined || body === null) return null;
  if (typeof body === 'string') return { kind: 'bytes', bytes: Buffer.from(body) };
  if (!isObject(body) || typeof body['data'] !== 'string') throw new InvalidResult('body is no text');
  const { encoding, data } = body;
  if (encoding === 'text' || encoding === undefined) return { kind: 'bytes', bytes: Buffer.from(data) };
  if (encoding !== 'base64' || !/^[A-Za-z0-9+/]*={0,2}$/.test(data.replaceAll(/\s/g, '')))
    throw new InvalidResult('body is no base64');
  return { kind: 'bytes', bytes: Buffer.from(data, 'base64') };
}

function readValues(node: unknown, what: string): readonly (readonly [string, EventValue])[] {
  if (node === undefined) return [];
  if (!isObject(node)) throw new InvalidResult(`${what} is no object`);
  return Object.entries(node).map(([name, value]) => {
    if (!isValue(value)) throw new InvalidResult(`${what}.${name} has no value that is a text`);
    return [name, value] as const;
  });
}

function isValue(value: unknown): value is EventValue {
  if (!isObject(value) || typeof value['value'] !== 'string' || !HEADER_VALUE.test(value['value']))
    return false;
  const { attributes, multiValue } = value;
  if (attributes !== undefined && (typeof attributes !== 'string' || !HEADER_VALUE.test(attributes)))
    return false;
  return multiValue === undefined || (Array.isArray(multiValue) && multiValue.every(isValue));
}

function allOf(value: EventValue): readonly EventValue[] {
  return value.multiValue ?? [value];
}

function checkedName(name: string): string {
  if (!HEADER_NAME.test(name) || name !== name.toLowerCase())
    throw new InvalidResult(`${JSON.stringify(name)} is no name of a header in lower case`);
  if (DISALLOWED.test(name)) throw new InvalidResult(`it may not add the header ${name}`);
  return name;
}

function capitalised(name: string): string {
  return name.replaceAll(
    /(^|-)([a-z])/g,
    (_all, dash: string, letter: string) => `${dash}${letter.toUpperCase()}`,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
