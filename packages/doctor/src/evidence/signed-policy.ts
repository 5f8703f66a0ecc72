import { coversUrl } from '@edgepass/edge/resource-match';
import type { CookiePair } from './evidence.js';

/** What a signed policy opens. It says nothing on whether the signature is right. */
export interface SignedPolicy {
  readonly resource: string | null;
  readonly statements: number;
  /** Unix seconds as written. */
  readonly endsAt: number | null;
  readonly startsAt: number | null;
  readonly address: string | null;
}

/** The parts of a request's signed cookies; which of two of one name CloudFront reads is not documented (R44). */
export interface SignedCookies {
  readonly names: readonly string[];
  /** Names that came twice. */
  readonly doubled: readonly string[];
  readonly policy: SignedPolicy | null;
  /** There is a policy, and CloudFront cannot read it; false where a recorder took the value out or cut it. */
  readonly isUnreadable: boolean;
  /** `CloudFront-Expires` without a policy: it opens one address alone (R10). */
  readonly isCanned: boolean;
}

const PREFIX = 'CloudFront-';

/** The signed cookies among those of a request. */
export function readSignedCookies(cookies: readonly CookiePair[]): SignedCookies {
  const own = cookies.filter(({ name }) => name.startsWith(PREFIX));
  const value = (name: string) => own.find((cookie) => cookie.name === `${PREFIX}${name}`)?.value ?? null;
  const names = own.map(({ name }) => name);
  const encoded = value('Policy');
  const policy = encoded === null ? null : readPolicy(encoded);
  return {
    names: [...new Set(names)],
    doubled: [...new Set(names.filter((name, index) => names.indexOf(name) !== index))],
    policy,
    isUnreadable: encoded !== null && policy === null && isMeantAsPolicy(encoded),
    isCanned: encoded === null && value('Expires') !== null,
  };
}

/** Reads the value of `CloudFront-Policy` (R4, R12, R14); null: it is none, or was taken out of the file. */
export function readPolicy(encoded: string): SignedPolicy | null {
  if (!/^[A-Za-z0-9~_-]{8,}$/.test(encoded)) return null;
  let document: unknown;
  try {
    document = JSON.parse(decoded(ordinaryBase64(encoded)));
  } catch {
    return null;
  }
  const statements = member(document, 'Statement');
  if (!Array.isArray(statements)) return null;
  const first: unknown = statements[0];
  const condition = member(first, 'Condition');
  const resource = member(first, 'Resource');
  const address = member(member(condition, 'IpAddress'), 'AWS:SourceIp');
  return {
    resource: typeof resource === 'string' ? resource : null,
    statements: statements.length,
    endsAt: epoch(member(condition, 'DateLessThan')),
    startsAt: epoch(member(condition, 'DateGreaterThan')),
    address: typeof address === 'string' ? address : null,
  };
}

function ordinaryBase64(encoded: string): string {
  return encoded.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/');
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

/**
 * Whether a value that is no policy was meant as one: an object in braces, in any base64, with or without percent signs.
 * What a recorder puts in the place of a value, or leaves of it, is none.
 */
function isMeantAsPolicy(value: string): boolean {
  const plain = value.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) =>
    String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
  );
  return [plain, decoded(plain), decoded(ordinaryBase64(plain))].some((text) =>
    /^\{[^]*\}$/.test(text.trim()),
  );
}

/** Milliseconds where seconds belong: later than the year 5000. */
export function isInMilliseconds(epochSeconds: number): boolean {
  return epochSeconds > 1e11;
}

/** Whether a Resource covers an address, as the edge reads it (R17–R26). */
export function resourceCovers(resource: string, url: string): boolean {
  const { protocol, host, pathname, href } = new URL(url);
  const [address = ''] = href.split('#');
  const questionMark = address.indexOf('?');
  return coversUrl(
    resource,
    {
      protocol: protocol === 'http:' ? 'http' : 'https',
      host,
      path: pathname,
      // Not `search`, which is as empty for a lone `?` as without one (R21).
      query: questionMark === -1 ? null : address.slice(questionMark + 1),
    },
    { questionMark: 'either' },
  );
}

/** The path of a Resource that names one; null: `*` and its like, which name none. */
function pathOfResource(resource: string): string | null {
  return /^[^/]*\/\/[^/]*(\/.*)$/s.exec(resource)?.[1] ?? null;
}

/** The folder that a Resource opens, `courses/algebra`; null: it names none. */
export function folderOfResource(resource: string): string | null {
  return (
    pathOfResource(resource)
      ?.replace(/\/?\*$/, '')
      .slice(1) ?? null
  );
}

/**
 * Whether a Resource fits the host of an address and opens a folder in which it does not lie. One that is the folder of the
 * address but for its writing does not count: there the signer has to write it as browsers do.
 */
export function isForAnotherFolder(resource: string, url: string): boolean {
  const path = pathOfResource(resource);
  if (path === null || resourceCovers(resource, url) || isSameFolderOtherwise(resource, url)) return false;
  return resourceCovers(`${resource.slice(0, -path.length)}/*`, url);
}

/** Whether the folder of a Resource is that of the address but for escapes, capitals, or a missing wildcard at its end. */
function isSameFolderOtherwise(resource: string, url: string): boolean {
  const folder = plain(`/${folderOfResource(resource) ?? ''}`);
  const path = plain(new URL(url).pathname);
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function plain(path: string): string {
  try {
    return decodeURI(path).toLowerCase();
  } catch {
    return path.toLowerCase();
  }
}

function epoch(condition: unknown): number | null {
  const value = member(condition, 'AWS:EpochTime');
  return typeof value === 'number' ? value : null;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
