import { DEFAULT_ERROR_CACHING_MIN_TTL_SECONDS, type CustomErrorResponse } from '../error-responses.js';
import type { JsonNode } from './json-node.js';

/** The statuses that CloudFront lets a distribution replace. */
const ERROR_CODES = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];
const MAX_PAGE_PATH_LENGTH = 4000;

/** Reads `CustomErrorResponses` into what is answered for each status (R60, R89). */
export function readErrorResponses(config: JsonNode): ReadonlyMap<number, CustomErrorResponse> {
  const responses = new Map<number, CustomErrorResponse>();
  for (const node of config.get('CustomErrorResponses').quantityItems()) {
    const code = readErrorCode(node.get('ErrorCode'));
    const ttl = node.get('ErrorCachingMinTTL');
    const response = {
      page: readPage(node),
      cachingMinTtlSeconds: ttl.isPresent
        ? (ttl.wholeNumber() ?? DEFAULT_ERROR_CACHING_MIN_TTL_SECONDS)
        : DEFAULT_ERROR_CACHING_MIN_TTL_SECONDS,
    };
    if (code === null) continue;
    if (responses.has(code)) node.get('ErrorCode').mistake('a code that no other entry has');
    responses.set(code, response);
  }
  return responses;
}

function readErrorCode(node: JsonNode): number | null {
  return typeof node.value === 'number' && ERROR_CODES.includes(node.value)
    ? node.value
    : node.mistake(`one of ${ERROR_CODES.join(', ')}`);
}

/** AWS writes the response code as a text, and both members as `""` where there is no page. */
function readPage(node: JsonNode): CustomErrorResponse['page'] {
  const path = node.get('ResponsePagePath').optionalText();
  const status = node.get('ResponseCode').optionalText();
  if (path === '' && status === '') return null;
  if (path === '') return node.get('ResponsePagePath').mistake('a page, because ResponseCode is given');
  if (status === '') return node.get('ResponseCode').mistake('a status, because ResponsePagePath is given');
  const isPath = /^\/[!-~]*$/.test(path) && !/[?#]/.test(path) && path.length <= MAX_PAGE_PATH_LENGTH;
  if (!isPath) {
    node.get('ResponsePagePath').mistake('a path that begins with / and has no query');
    return null;
  }
  const codes = [200, ...ERROR_CODES].map(String);
  if (!codes.includes(status)) return node.get('ResponseCode').mistake(`one of ${codes.join(', ')}`);
  return { path, status: Number(status) };
}
