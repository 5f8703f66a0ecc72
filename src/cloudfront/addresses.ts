export type Environment = 'production' | 'development' | 'test';

/** An address in its final form, or what was expected instead. The text itself is quoted nowhere: it may hold credentials. */
export type AddressResult<Address> =
  { readonly address: Address } | { readonly expected: string; readonly found: string };

/** Reads the distribution as the viewer sees it; gives `https://cdn.example.com`. Scheme optional; http and a port in development only. */
export function readCloudFrontUrl(text: string, environment: Environment): AddressResult<string> {
  const expected =
    'the host of the distribution as browsers see it: https://cdn.example.com, nothing after the host';
  const url = readUrl(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`, environment);
  if (typeof url === 'string') return { expected, found: url };
  if (url.pathname !== '/' || text.endsWith('/')) return { expected, found: 'a path' };
  if (environment === 'production' && url.port !== '') {
    return { expected, found: 'a port: CloudFront listens on 443 alone' };
  }
  return { address: url.origin };
}

/** Reads one exact origin of an app; gives it as browsers write it in `Origin`. */
export function readAppOrigin(text: string, environment: Environment): AddressResult<string> {
  const expected = 'one exact origin: https://app.example.com, never * and nothing after the host and port';
  const url = readUrl(text, environment);
  if (typeof url === 'string') return { expected, found: url };
  if (url.pathname !== '/' || text.endsWith('/')) return { expected, found: 'a path' };
  return { address: url.origin };
}

/** Reads the API as browsers see it; gives its origin, and the path below which it lives (`''` for none). */
export function readPublicUrl(
  text: string,
  environment: Environment,
): AddressResult<{ readonly origin: string; readonly basePath: string }> {
  const expected =
    'the API as browsers see it: https://api.example.com, or with a path https://www.example.com/api';
  const url = readUrl(text, environment);
  if (typeof url === 'string') return { expected, found: url };
  const basePath = url.pathname.replace(/\/$/, '');
  // The path becomes the Path of our own cookie: only what a browser compares byte for byte (B57).
  if (!/^(?:\/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*$/.test(basePath))
    return { expected, found: 'an unusual path' };
  return { address: { origin: url.origin, basePath } };
}

function readUrl(text: string, environment: Environment): URL | string {
  if (/[\s*?#\\]/.test(text)) return 'a wildcard, query, fragment or blank';
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return 'no https:// address';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'credentials in the address';
  if (url.port === '0') return 'port 0';
  if (url.hostname.endsWith('.') || url.hostname.includes('..')) return 'a host name with an empty label';
  if (/[^a-z0-9._:[\]-]/.test(url.hostname)) return 'a host name with characters that DNS does not know';
  if (url.protocol === 'http:' && environment === 'production')
    return 'http://, which is for development only';
  // `..` that the URL class has already resolved would hide what was written.
  if (/\/\.\.?(?:\/|$)/.test(text)) return 'a path with dots';
  return url;
}
