import type { ObjectHeaders } from './distribution.js';
import { HEADER_VALUE } from './header-text.js';
import type { JsonNode } from './json-node.js';

/** The metadata that S3 keeps of an object and sends with it. */
const METADATA = [
  'Cache-Control',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Type',
  'Expires',
];
const OWN_METADATA = /^x-amz-meta-[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Reads `objectHeaders` of an origin in `edge.json`: path pattern → headers of the objects it covers. */
export function readObjectHeaders(node: JsonNode): readonly ObjectHeaders[] {
  if (!node.isPresent) return [];
  return node.members().map(([pathPattern, headers]) => ({
    pathPattern,
    headers: headers.members().flatMap(([name, value]) => {
      const text = value.text();
      const known = METADATA.find((other) => other.toLowerCase() === name.toLowerCase());
      if (known === undefined && !OWN_METADATA.test(name.toLowerCase())) {
        value.mistake(`one of ${METADATA.join(', ')} or x-amz-meta-… as name`, `"${name}"`);
        return [];
      }
      if (text === null || HEADER_VALUE.test(text)) return text === null ? [] : [[known ?? name, text]];
      return value.mistake('the value of a header') ?? [];
    }),
  }));
}
