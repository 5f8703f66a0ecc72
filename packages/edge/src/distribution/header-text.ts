import type { JsonNode } from './json-node.js';

/** The name of a header (RFC 9110 section 5.1). */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The value of a header, one character a byte (RFC 9110 section 5.5). */
export const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The longest header value of a response headers policy, in characters (R73). */
export const MAX_POLICY_VALUE_LENGTH = 1783;

/** Reads the name of a header; anything else is a mistake. */
export function headerName(node: JsonNode): string | null {
  const name = node.text();
  if (name === null) return null;
  return HEADER_NAME.test(name) ? name : node.mistake('the name of a header');
}
