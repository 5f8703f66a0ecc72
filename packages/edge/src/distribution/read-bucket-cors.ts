import type { BucketCors, BucketCorsRule } from '../origin/bucket-cors.js';
import { HEADER_NAME } from './header-text.js';
import type { JsonNode } from './json-node.js';
import type { EdgeJson } from './read-edge-json.js';

const MAX_RULES = 100;
const MAX_ID_LENGTH = 255;
/** The methods that S3 knows in a rule; OPTIONS and PATCH are not among them (R98, R109). */
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'] as const;
const MEMBERS = [
  'ID',
  'AllowedHeaders',
  'AllowedMethods',
  'AllowedOrigins',
  'ExposeHeaders',
  'MaxAgeSeconds',
];

/**
 * Reads the answer of `aws s3api get-bucket-cors`, or the array that the S3 console shows: what S3's own PutBucketCors refuses is a mistake
 * (R98, R109).
 */
export function readBucketCors(root: JsonNode, { pageOrigins }: Pick<EdgeJson, 'pageOrigins'>): BucketCors {
  // The S3 console shows and takes the rules alone; put-bucket-cors takes them in a CORSConfiguration.
  const inner = root.get('CORSConfiguration').isPresent ? root.get('CORSConfiguration') : root;
  const node = Array.isArray(root.value) ? root : inner.get('CORSRules');
  if (!node.isPresent) {
    root.mistake('the answer of `aws s3api get-bucket-cors`, or its array of rules');
    return { rules: [], pageOrigins };
  }
  const rules = node.items();
  if (Array.isArray(node.value) && rules.length === 0) {
    node.mistake('at least one rule; a bucket without CORS has no file (R109)', 'none');
  }
  if (rules.length > MAX_RULES) node.mistake(`at most ${MAX_RULES} rules (R98)`, String(rules.length));
  return { rules: rules.map(readRule), pageOrigins };
}

function readRule(node: JsonNode): BucketCorsRule {
  for (const [name, member] of node.members()) {
    if (!MEMBERS.includes(name)) member.mistake(`one of ${MEMBERS.join(', ')} as name`, `"${name}"`);
  }
  if (node.get('ID').optionalText().length > MAX_ID_LENGTH) {
    node.get('ID').mistake(`at most ${MAX_ID_LENGTH} characters`);
  }
  const maxAge = node.get('MaxAgeSeconds');
  return {
    allowedOrigins: patterns(needed(node.get('AllowedOrigins'), 'origin')),
    allowedMethods: needed(node.get('AllowedMethods'), 'method').flatMap((item) => item.oneOf(METHODS) ?? []),
    allowedHeaders: patterns(elements(node.get('AllowedHeaders'))),
    exposeHeaders: elements(node.get('ExposeHeaders')).flatMap((item) => exposedName(item) ?? []),
    maxAgeSeconds: maxAge.isPresent ? maxAge.wholeNumber() : null,
  };
}

function needed(node: JsonNode, what: string): readonly JsonNode[] {
  const items = node.isPresent ? node.items() : [];
  if (items.length === 0 && (!node.isPresent || Array.isArray(node.value))) {
    node.mistake(`at least one ${what}`, 'none');
  }
  return items;
}

function elements(node: JsonNode): readonly JsonNode[] {
  return node.isPresent ? node.items() : [];
}

/** S3 takes an empty text, which matches nothing that a browser sends (R109). */
function patterns(items: readonly JsonNode[]): string[] {
  return items.flatMap((item) => {
    if (typeof item.value !== 'string') return item.mistake('a text') ?? [];
    return item.value.split('*').length > 2 ? (item.mistake('at most one `*` (R98)') ?? []) : [item.value];
  });
}

/** S3 sends these names as they stand, and refuses a wildcard among them. */
function exposedName(item: JsonNode): string | null {
  const name = item.text();
  if (name === null) return null;
  return HEADER_NAME.test(name) && !name.includes('*')
    ? name
    : item.mistake('the name of a header, without wildcard');
}
