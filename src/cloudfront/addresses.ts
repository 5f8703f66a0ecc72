import { isHost, isHostName } from './host-name.js';

export type Environment = 'production' | 'development' | 'test';

/** Why a text is no address, and what to write. Nothing of the text is quoted before it is known to hold no credentials. */
export interface AddressFault {
  readonly found: string;
  readonly todo: string;
}

/** An address in its final form, or its fault. A text is never repaired: the fault names the corrected form. */
export type AddressResult<Address> = { readonly address: Address } | { readonly fault: AddressFault };

/** Reads the distribution as the viewer sees it; gives `https://cdn.example.com`. Scheme optional; http and a port in development only. */
export function readCloudFrontUrl(text: string, environment: Environment): AddressResult<string> {
  const hasScheme = /:[/\\]/.test(text);
  const read = readHttpUrl(hasScheme ? text : `https://${text}`, environment);
  if ('fault' in read) return read;
  const url = read.address;
  if (environment === 'production' && url.port !== '') {
    return faulty('a port', 'remove the port; CloudFront answers on 443 (a port is for development)');
  }
  // A policy's Resource begins with the origin, so nothing else may stand there (C05).
  const canonical = hasScheme ? url.origin : url.host;
  if (text === canonical) return { address: url.origin };
  return faulty(excess(text, url), `write ${canonical}; no path, query or default port`);
}

// `capacitor://localhost`, `ionic://localhost`, `tauri://localhost`, `app://…` of Electron, `file://`.
const APP_SCHEME = /^(?!https?:|ftp:|wss?:)[a-z][a-z0-9+.-]*:\/\//;
const OF_AN_APP =
  'give the page an https:// address on the site of the API, or call the API from native code (docs/native.md): web ' +
  'views keep no cookies of ours for a page with a scheme of its own';

/** Reads one exact origin of an app: scheme, host and port as a browser writes them into `Origin`. */
export function readAppOrigin(text: string, environment: Environment): AddressResult<string> {
  if (APP_SCHEME.test(text)) return faulty('a page that an app brings with it', OF_AN_APP);
  const read = readHttpUrl(text, environment);
  if ('fault' in read) return read;
  const { origin } = read.address;
  return text === origin ? { address: text } : faulty(excess(text, read.address), `write ${origin}`);
}

// The path becomes the Path of our own cookie: only what a browser compares byte for byte (B57).
const BASE_PATH = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/;

/** Reads the API as browsers see it; gives its origin, and the path below which it lives (`''` for none). */
export function readPublicUrl(
  text: string,
  environment: Environment,
): AddressResult<{ readonly origin: string; readonly basePath: string }> {
  const read = readHttpUrl(text, environment);
  if ('fault' in read) return read;
  const { origin, pathname } = read.address;
  if (/[?#]/.test(text)) return faulty(excess(text, read.address), 'remove everything from the ? or # on');
  const basePath = pathname.replace(/(?<!\/)\/+$/, '');
  if (!BASE_PATH.test(basePath)) {
    return faulty(
      'an unusual path',
      'use only letters, digits and . _ ~ - between single slashes in the path',
    );
  }
  if (text === origin + basePath) return { address: { origin, basePath } };
  return faulty(misspelling(text), `write ${origin}${basePath}`);
}

/** `https://host…`, or `http://` outside of production; whatever `new URL` has repaired is left to the callers. */
export function readHttpUrl(text: string, environment: Environment): AddressResult<URL> {
  if (text.includes('*')) return faulty('a wildcard', 'name each host in full; a pattern is never accepted');
  if (!/^https?:\/\//.test(text)) {
    return faulty('a text that does not begin with https://', 'begin with https:// in lower case');
  }
  if (!URL.canParse(text)) return faulty('no address', 'write an address like https://www.example.com');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return faulty('credentials in the address', 'remove the user and password');
  }
  if (url.hostname.endsWith('.')) {
    return faulty('a host name with a dot at the end', 'remove the dot at the end of the host name');
  }
  if (!isHost(url.hostname)) {
    return faulty(
      'a host name that DNS does not know',
      'write a host name of letters, digits, hyphens and dots',
    );
  }
  if (url.port === '0') return faulty('port 0', 'write a port from 1 to 65535, or none');
  if (environment === 'production' && url.protocol === 'http:') {
    return faulty('http://', 'use https:// (http:// is for development)');
  }
  return { address: url };
}

/** Reads a cookie Domain: `example.com`. A leading dot means the same to every browser (B9); anything else malformed is refused (B12). */
export function readCookieDomain(text: string): AddressResult<string> {
  const domain = text.replace(/^\./, '');
  if (isHostName(domain)) return { address: domain };
  const inLowerCase = domain.toLowerCase();
  // Browsers fold case, libsoup refuses capitals (B11).
  if (isHostName(inLowerCase)) return faulty('a host name in capitals', `write ${inLowerCase}`);
  return faulty(
    'a text that browsers refuse as Domain',
    'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
  );
}

/** What stands where only scheme, host and port may. */
function excess(text: string, url: URL): string {
  if (text.includes('?')) return 'a query';
  if (text.includes('#')) return 'a fragment';
  return url.pathname === '/' ? misspelling(text) : 'a path';
}

/** What `new URL` has repaired. */
function misspelling(text: string): string {
  if (/\s/.test(text)) return 'white space';
  if (/[/\\]\.\.?(?:[/\\]|$)/.test(text)) return 'a path with dots';
  if (/[/\\]$/.test(text)) return 'a slash at the end';
  return 'a spelling that browsers do not use: capitals, a default port or letters beyond ASCII';
}

function faulty(found: string, todo: string): { readonly fault: AddressFault } {
  return { fault: { found, todo } };
}
