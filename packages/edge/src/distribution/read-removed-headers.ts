import { headerName } from './header-text.js';
import type { JsonNode } from './json-node.js';

/** What CloudFront never lets a policy remove (R79), as its guide lists them. */
const NOT_REMOVABLE = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'warning',
  'x-accel-buffering',
  'x-accel-charset',
  'x-accel-limit-rate',
  'x-accel-redirect',
  'x-amzn-auth',
  'x-amzn-cf-billing',
  'x-amzn-cf-id',
  'x-amzn-cf-xff',
  'x-amzn-errortype',
  'x-amzn-fle-profile',
  'x-amzn-header-count',
  'x-amzn-header-order',
  'x-amzn-lambda-integration-tag',
  'x-amzn-requestid',
  'x-cache',
  'x-forwarded-proto',
  'x-real-ip',
]);
const NOT_REMOVABLE_BEGINNINGS = ['x-amz-cf-', 'x-edge-'];

/** Reads `RemoveHeadersConfig` into lower-case names. */
export function readRemovedHeaders(node: JsonNode): string[] {
  return node.quantityItems().flatMap((item) => {
    const name = headerName(item.get('Header'))?.toLowerCase();
    if (name === undefined) return [];
    if (NOT_REMOVABLE.has(name) || NOT_REMOVABLE_BEGINNINGS.some((beginning) => name.startsWith(beginning))) {
      item.get('Header').mistake('a header that CloudFront lets a policy remove (R79)');
      return [];
    }
    return [name];
  });
}
