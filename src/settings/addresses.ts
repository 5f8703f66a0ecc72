import { isHost, isHostName } from './host-name.js';
import { fault, listOf, valid, type Parse, type Parsed } from './parsed.js';
import { measure } from './settings-problem.js';
import type { Settings } from './settings.js';

/** `https://host`, or `http://` where that is allowed; whatever `new URL` would repair is left to the callers. */
function readHttpUrl(text: string, environment: Settings['environment']): Parsed<URL> {
  if (text.includes('*')) return fault('name each host in full; a pattern is never accepted');
  if (!/^https?:\/\//.test(text)) return fault('begin with https:// in lower case');
  if (!URL.canParse(text)) return fault('write an address like https://www.example.com');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return fault('remove the user and password', { found: measure(text) });
  }
  if (url.hostname.endsWith('.')) return fault('remove the dot at the end of the host name');
  if (!isHost(url.hostname)) return fault('write a host name of letters, digits, hyphens and dots');
  if (url.port === '0') return fault('write a port from 1 to 65535, or none');
  if (environment === 'production' && url.protocol === 'http:') {
    return fault('use https:// (http:// is for development)');
  }
  return valid(url);
}

/** Exact origins: scheme, host and port as a browser writes them into `Origin`. */
export const appOrigins: Parse<readonly string[]> = listOf((text, environment) => {
  const read = readHttpUrl(text, environment);
  if ('faults' in read) return read;
  return text === read.value.origin ? valid(text) : fault(`write ${read.value.origin}`);
});

const BASE_PATH = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/;

/** The API as browsers see it; a path is kept apart, because routes and our own cookies live under it. */
export const publicUrl: Parse<Settings['publicUrl']> = (text, environment) => {
  const read = readHttpUrl(text, environment);
  if ('faults' in read) return read;
  const { origin, pathname, search, hash } = read.value;
  if (search !== '' || hash !== '' || /[?#]/.test(text)) return fault('remove everything from the ? or # on');
  const basePath = pathname.replace(/\/+$/, '');
  if (!BASE_PATH.test(basePath))
    return fault('use only letters, digits and . _ ~ - between single slashes in the path');
  return text === origin + basePath ? valid({ origin, basePath }) : fault(`write ${origin}${basePath}`);
};

/** The distribution as the viewer sees it, as an origin. A policy's Resource begins with it, so nothing else may stand there (C05). */
export const cloudFrontUrl: Parse<string> = (text, environment) => {
  const hasScheme = text.includes('://');
  const read = readHttpUrl(hasScheme ? text : `https://${text}`, environment);
  if ('faults' in read) return read;
  const { origin, host, port } = read.value;
  if (environment === 'production' && port !== '') {
    return fault('remove the port; CloudFront answers on 443 (a port is for development)');
  }
  const canonical = hasScheme ? origin : host;
  return text === canonical ? valid(origin) : fault(`write ${canonical}; no path, query or default port`);
};

/** Where an identity provider publishes its keys. */
export const jwksUrl: Parse<string> = (text, environment) => {
  const read = readHttpUrl(text, environment);
  if ('faults' in read) return read;
  return read.value.hash === '' ? valid(read.value.href) : fault('remove everything from the # on');
};

/** `example.com`; a leading dot means the same to every browser (B9), anything else malformed is refused (B12). */
export const cookieDomain: Parse<string> = (text) => {
  const domain = text.replace(/^\./, '');
  if (isHostName(domain)) return valid(domain);
  if (isHostName(domain.toLowerCase())) return fault(`write ${domain.toLowerCase()}`);
  return fault('write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end');
};

/** The address to listen on: a name or an IP address. */
export const listenHost: Parse<string> = (text) =>
  isHost(text)
    ? valid(text.replace(/^\[(.*)\]$/, '$1'))
    : fault('write an IP address or a host name, without scheme or port');
