import {
  readAppOrigin,
  readCloudFrontUrl,
  readCookieDomain,
  readHttpUrl,
  readPublicUrl,
  type AddressResult,
} from '../cloudfront/addresses.js';
import { isHost, withoutBrackets } from '../cloudfront/host-name.js';
import { fault, listOf, valid, type Parse, type Parsed } from './parsed.js';
import type { Settings } from './settings.js';

/** What was found is the setting's own text, as far as it may be shown; the address rules say what to write. */
function parsed<T>(result: AddressResult<T>): Parsed<T> {
  return 'address' in result ? valid(result.address) : fault(result.fault.todo);
}

/** Refuses a port without its address, a likely mistake: as a URL, `3012` would be the IP address 0.0.11.196. */
function noPort<T>(name: string, parse: Parse<T>): Parse<T> {
  return (text, environment) =>
    /^\d{1,5}$/.test(text)
      ? fault(`write the whole address, such as https://${name}.edgepass.localhost:${text}`)
      : parse(text, environment);
}

/** Exact origins: scheme, host and port as a browser writes them into `Origin`. */
export const appOrigins: Parse<readonly string[]> = listOf(
  noPort('app', (text, environment) => parsed(readAppOrigin(text, environment))),
);

/** The API as browsers see it; a path is kept apart, because routes and our own cookies live under it. */
export const publicUrl: Parse<Settings['publicUrl']> = noPort('api', (text, environment) =>
  parsed(readPublicUrl(text, environment)),
);

/** The distribution as the viewer sees it, as an origin. */
export const cloudFrontUrl: Parse<string> = noPort('cdn', (text, environment) =>
  parsed(readCloudFrontUrl(text, environment)),
);

/** Where an identity provider publishes its keys. */
export const jwksUrl: Parse<string> = (text, environment) => {
  const read = parsed(readHttpUrl(text, environment));
  if ('faults' in read) return read;
  return read.value.hash === '' ? valid(read.value.href) : fault('remove everything from the # on');
};

/** `example.com`; a leading dot is dropped, as every browser does. */
export const cookieDomain: Parse<string> = (text) => parsed(readCookieDomain(text));

/** The address to listen on: a name or an IP address. */
export const listenHost: Parse<string> = (text) =>
  isHost(text)
    ? valid(withoutBrackets(text))
    : fault('write an IP address or a host name, without scheme or port');
