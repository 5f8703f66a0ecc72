import { discard, type EdgeAnswer, type Eventually } from './edge-answer.js';
import { RANGE_AND_CONDITIONS } from './range-and-conditions.js';
import type { ViewerRequest } from './viewer-request.js';

/** What a distribution answers in the place of one error status (R60). */
export interface CustomErrorResponse {
  /** Null: the error goes out as it came, only its time in the cache is set. */
  readonly page: {
    /** Path at this distribution, `/` first; its own behavior decides where it comes from. */
    readonly path: string;
    /** The status that the viewer gets with the page. */
    readonly status: number;
  } | null;
  /** How long the cache keeps the error at least (R89). */
  readonly cachingMinTtlSeconds: number;
}

/** What CloudFront takes where `ErrorCachingMinTTL` or the whole entry is missing (R89). */
export const DEFAULT_ERROR_CACHING_MIN_TTL_SECONDS = 10;

/** What belongs to the object that was asked for and not to the page that stands in for it. */
const OF_THE_OBJECT = [...RANGE_AND_CONDITIONS, 'content-length', 'transfer-encoding'];

/** How long the cache keeps an error status at least. */
export function errorCachingMinTtlSeconds(
  responses: ReadonlyMap<number, CustomErrorResponse>,
  status: number,
): number {
  return responses.get(status)?.cachingMinTtlSeconds ?? DEFAULT_ERROR_CACHING_MIN_TTL_SECONDS;
}

/** The request with which the edge fetches a custom error page: GET, or HEAD where nobody reads the body. */
export function errorPageRequest(request: ViewerRequest, path: string): ViewerRequest {
  const { onUpgrade: _ofTheOtherRequest, ...rest } = request;
  return {
    ...rest,
    method: request.method === 'HEAD' ? 'HEAD' : 'GET',
    path,
    query: null,
    headers: Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !OF_THE_OBJECT.includes(name)),
    ),
  };
}

/**
 * Puts the custom error page in the place of an error, of the origin's and of the edge's own (R60). A page that cannot be had answers with the error of the page.
 */
export function replaceError(
  answer: EdgeAnswer,
  responses: ReadonlyMap<number, CustomErrorResponse>,
  fetchPage: (path: string) => Promise<EdgeAnswer>,
): Eventually<EdgeAnswer> {
  const page = responses.get(answer.status)?.page ?? null;
  return page === null || answer.isFinal === true ? answer : replace(answer, page, fetchPage);
}

async function replace(
  answer: EdgeAnswer,
  page: NonNullable<CustomErrorResponse['page']>,
  fetchPage: (path: string) => Promise<EdgeAnswer>,
): Promise<EdgeAnswer> {
  await discard(answer);
  const replacement = await fetchPage(page.path);
  return replacement.status === 200 ? { ...replacement, status: page.status } : replacement;
}
