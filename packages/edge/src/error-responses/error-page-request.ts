import type { ViewerRequest } from '../viewer-request.js';

/** What belongs to the object that was asked for and not to the page that stands in for it. */
const OF_THE_OBJECT = [
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'content-length',
  'transfer-encoding',
];

/** The request with which the edge fetches a custom error page: GET, or HEAD where nobody reads the body. */
export function errorPageRequest(request: ViewerRequest, path: string): ViewerRequest {
  return {
    ...request,
    method: request.method === 'HEAD' ? 'HEAD' : 'GET',
    path,
    query: null,
    headers: Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !OF_THE_OBJECT.includes(name)),
    ),
  };
}
