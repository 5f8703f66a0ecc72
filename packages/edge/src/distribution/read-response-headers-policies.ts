import { patternFault } from '../cors/origin-pattern.js';
import type { AddedHeader, CorsConfig, ResponseHeadersPolicy } from './distribution.js';
import { HEADER_VALUE, headerName, MAX_POLICY_VALUE_LENGTH } from './header-text.js';
import type { JsonNode } from './json-node.js';
import { readSecurityHeaders } from './read-security-headers.js';
import type { Switches } from './switches.js';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE', 'ALL'] as const;

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

/** Reads a `ResponseHeadersPolicyConfig`. */
export function readResponseHeadersPolicy(
  config: JsonNode,
  switches: Pick<Switches, 'anyOriginWithCredentials'>,
): ResponseHeadersPolicy {
  return {
    cors: readCors(config.get('CorsConfig'), switches),
    added: [
      ...readSecurityHeaders(config.get('SecurityHeadersConfig')),
      ...readCustomHeaders(config.get('CustomHeadersConfig')),
    ],
    removed: readRemovedHeaders(config.get('RemoveHeadersConfig')),
  };
}

function readCors(node: JsonNode, switches: Pick<Switches, 'anyOriginWithCredentials'>): CorsConfig | null {
  if (!node.isPresent) return null;
  const allowCredentials = node.get('AccessControlAllowCredentials').flag() ?? false;
  const origins = node.get('AccessControlAllowOrigins');
  const allowOrigins = origins.quantityItems().flatMap((item) => originOf(item) ?? []);
  if (allowCredentials && allowOrigins.includes('*') && switches.anyOriginWithCredentials === 'refuse') {
    origins.mistake('exact origins, because browsers refuse `*` with credentials (R75)', '"*"');
  }
  if (allowOrigins.length === 0 && origins.quantityItems().length === 0) {
    origins.mistake('at least one origin', 'none');
  }
  const headers = node.get('AccessControlAllowHeaders');
  const allowHeaders = names(headers);
  if (allowCredentials && allowHeaders.some((name) => name.includes('*'))) {
    headers.mistake('no `*` in a header name when AccessControlAllowCredentials is true (R75)', '"*"');
  }
  const maxAge = node.get('AccessControlMaxAgeSec');
  return {
    allowOrigins,
    allowHeaders,
    allowMethods: node
      .get('AccessControlAllowMethods')
      .quantityItems()
      .flatMap((item) => item.oneOf(METHODS) ?? []),
    allowCredentials,
    exposeHeaders: names(node.get('AccessControlExposeHeaders')),
    maxAgeSeconds: maxAge.isPresent ? maxAge.wholeNumber() : null,
    originOverride: node.get('OriginOverride').flag() ?? false,
    exposeOnPreflightOnly: false,
  };
}

function originOf(item: JsonNode): string | null {
  const text = item.text();
  if (text === null) return null;
  const fault = patternFault(text);
  return fault === null ? text : item.mistake(fault);
}

function names(node: JsonNode): string[] {
  return node.quantityItems().flatMap((item) => headerName(item) ?? []);
}

function readCustomHeaders(node: JsonNode): AddedHeader[] {
  return node.quantityItems().flatMap((item) => {
    const name = headerName(item.get('Header'));
    const value = item.get('Value').optionalText();
    const override = item.get('Override').flag();
    if (!HEADER_VALUE.test(value) || value.length > MAX_POLICY_VALUE_LENGTH) {
      item.get('Value').mistake(`a header value of at most ${MAX_POLICY_VALUE_LENGTH} characters (R73)`);
      return [];
    }
    return name === null || override === null ? [] : [{ name, value, override }];
  });
}

/** Reads `RemoveHeadersConfig` into lower-case names. */
function readRemovedHeaders(node: JsonNode): string[] {
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
