import { matchesWildcard } from '../wildcard.js';
import { itemsOf, membersOf, type TemplateValue } from './template-value.js';

/** How CloudFront asks a bucket. */
export interface BucketCaller {
  /** `service`: signed by an origin access control; `identity`: by an origin access identity; `anyone`: not signed. */
  readonly kind: 'service' | 'identity' | 'anyone';
  /** Of the origin access identity. */
  readonly identity: string | null;
  /** What an origin access control says of itself: the distribution's ARN. */
  readonly sourceArn: string;
  /** The ARNs of the other distributions of the template: a statement that names one of these means another. */
  readonly otherSourceArns: readonly string[];
}

/** What a bucket policy lets CloudFront do. */
export interface BucketAccess {
  /** Patterns of the keys that may be read. */
  readonly readableKeys: readonly string[];
  /** Whether the bucket may be listed (R111). */
  readonly isListable: boolean;
}

const CLOUDFRONT = 'cloudfront.amazonaws.com';

/**
 * Reads a bucket policy for what decides between 200, 403 and 404: the statements that allow. Of conditions only
 * `AWS:SourceArn` is looked at; one that denies counts when it has none, because the usual ones (no TLS, another
 * account) never fit CloudFront.
 */
export function bucketAccess(
  document: TemplateValue | undefined,
  bucketArn: string,
  caller: BucketCaller,
): BucketAccess {
  const written = membersOf(document)?.get('Statement');
  const statements = (itemsOf(written) ?? (written === undefined ? [] : [written])).flatMap(
    (statement) => membersOf(statement) ?? [],
  );
  const statementsFor = (action: string, effect: string) =>
    statements.filter(
      (statement) =>
        statement.get('Effect')?.text === effect &&
        textsOf(statement.get('Action')).some((pattern) => covers(pattern, action)) &&
        isFor(statement.get('Principal'), caller) &&
        (effect === 'Deny' ? !statement.has('Condition') : fits(statement.get('Condition'), caller)),
    );
  const resources = (action: string, effect: string) =>
    statementsFor(action, effect).flatMap((statement) => textsOf(statement.get('Resource')));
  const keysOf = (patterns: readonly string[]) =>
    patterns.flatMap((pattern) => {
      if (pattern === '*') return ['*'];
      return pattern.startsWith(`${bucketArn}/`) ? [pattern.slice(bucketArn.length + 1)] : [];
    });
  const isDenied = keysOf(resources('s3:GetObject', 'Deny')).includes('*');
  return {
    readableKeys: isDenied ? [] : keysOf(resources('s3:GetObject', 'Allow')),
    isListable: resources('s3:ListBucket', 'Allow').some((pattern) => matchesWildcard(pattern, bucketArn)),
  };
}

function covers(pattern: string, action: string): boolean {
  return matchesWildcard(pattern.toLowerCase(), action.toLowerCase());
}

function isFor(principal: TemplateValue | undefined, { kind, identity }: BucketCaller): boolean {
  if (principal?.text === '*') return true;
  const kinds = membersOf(principal);
  const accounts = textsOf(kinds?.get('AWS'));
  if (accounts.includes('*')) return true;
  if (kind === 'service') return textsOf(kinds?.get('Service')).includes(CLOUDFRONT);
  if (kind === 'anyone' || identity === null) return false;
  // By its ARN, which ends in its id, or by its canonical user, which cannot be worked out here.
  return (
    accounts.some((account) => account.endsWith(` ${identity}`)) ||
    textsOf(kinds?.get('CanonicalUser')).length > 0
  );
}

function fits(
  condition: TemplateValue | undefined,
  { kind, sourceArn, otherSourceArns }: BucketCaller,
): boolean {
  if (kind !== 'service') return true;
  for (const operator of membersOf(condition)?.values() ?? []) {
    for (const [key, value] of membersOf(operator) ?? []) {
      if (key.toLowerCase() !== 'aws:sourcearn') continue;
      const patterns = textsOf(value);
      if (patterns.some((pattern) => matchesWildcard(pattern, sourceArn))) continue;
      // An id that AWS made is not known here, so that an ARN written out may well be this distribution's.
      if (patterns.every((pattern) => otherSourceArns.includes(pattern))) return false;
    }
  }
  return true;
}

/** A text or a list of texts. */
function textsOf(value: TemplateValue | undefined): readonly string[] {
  const items = itemsOf(value) ?? (value === undefined ? [] : [value]);
  return items.flatMap(({ text }) => text ?? []);
}
