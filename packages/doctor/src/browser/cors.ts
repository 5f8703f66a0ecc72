import { header, type Load } from '../evidence/evidence.js';

/** What Fetch's CORS check says of an answer (B72). */
export type CorsResult =
  | 'passes'
  | 'no-allow-origin'
  | 'wildcard-origin'
  | 'other-origin'
  | 'several-origins'
  | 'no-credentials';

/**
 * The CORS check of an answer.
 *
 * @param origin what stood in the request's `Origin`
 */
export function corsCheck(headers: Load['headers'], origin: string, withCredentials: boolean): CorsResult {
  const lines = (headers ?? []).filter(([name]) => name.toLowerCase() === 'access-control-allow-origin');
  if (lines.length === 0) return 'no-allow-origin';
  const value = lines.map(([, text]) => text.trim()).join(', ');
  // HAR writers join two lines by a line break or a comma.
  if (lines.length > 1 || /[,\n]/.test(value)) return 'several-origins';
  if (value === '*') return withCredentials ? 'wildcard-origin' : 'passes';
  if (value !== origin) return 'other-origin';
  if (!withCredentials) return 'passes';
  return header(headers, 'access-control-allow-credentials')?.trim() === 'true' ? 'passes' : 'no-credentials';
}

/** The headers that a preflight asks for and its answer does not allow (B73); `*` is a literal with credentials. */
export function headersNotAllowed(load: Load, withCredentials: boolean): readonly string[] {
  const asked = list(header(load.requestHeaders, 'access-control-request-headers'));
  const allowed = new Set(list(header(load.headers, 'access-control-allow-headers')));
  if (allowed.has('*') && !withCredentials) return asked.filter((name) => name === 'authorization');
  return asked.filter((name) => !allowed.has(name));
}

/** The method that a preflight asks for, when its answer does not allow it; null when it does. */
export function methodNotAllowed(load: Load): string | null {
  const asked = header(load.requestHeaders, 'access-control-request-method');
  if (asked === null || ['GET', 'HEAD', 'POST'].includes(asked)) return null;
  const allowed = (header(load.headers, 'access-control-allow-methods') ?? '')
    .split(',')
    .map((name) => name.trim());
  return allowed.includes(asked) || allowed.includes('*') ? null : asked;
}

function list(text: string | null): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}
