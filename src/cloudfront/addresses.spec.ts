import { describe, expect, it } from '@jest/globals';
import {
  readAppOrigin,
  readCloudFrontUrl,
  readCookieDomain,
  readPublicUrl,
  type AddressFault,
} from './addresses.js';

const SPELLING = 'a spelling that browsers do not use: capitals, a default port or letters beyond ASCII';
const NO_PATTERN: AddressFault = {
  found: 'a wildcard',
  todo: 'name each host in full; a pattern is never accepted',
};
const NO_SCHEME: AddressFault = {
  found: 'a text that does not begin with https://',
  todo: 'begin with https:// in lower case',
};
const NO_ADDRESS: AddressFault = {
  found: 'no address',
  todo: 'write an address like https://www.example.com',
};
const NO_CREDENTIALS: AddressFault = {
  found: 'credentials in the address',
  todo: 'remove the user and password',
};
const NO_HOST: AddressFault = {
  found: 'a host name that DNS does not know',
  todo: 'write a host name of letters, digits, hyphens and dots',
};
const NO_PATH: AddressFault = {
  found: 'an unusual path',
  todo: 'use only letters, digits and . _ ~ - between single slashes in the path',
};
const instead = (found: string, form: string): AddressFault => ({ found, todo: `write ${form}` });

describe('readCloudFrontUrl', () => {
  it.each([
    ['https://cdn.example.com', 'production', 'https://cdn.example.com'],
    ['cdn.example.com', 'production', 'https://cdn.example.com'],
    ['https://cdn.edgepass.localhost:3002', 'development', 'https://cdn.edgepass.localhost:3002'],
    ['cdn.edgepass.localhost:3002', 'development', 'https://cdn.edgepass.localhost:3002'],
    ['http://cdn.edgepass.localhost:3002', 'development', 'http://cdn.edgepass.localhost:3002'],
    ['https://[::1]:3002', 'development', 'https://[::1]:3002'],
  ] as const)('%s in %s is %s', (text, environment, address) => {
    expect(readCloudFrontUrl(text, environment)).toEqual({ address });
  });

  const only = (found: string, form = 'https://cdn.example.com') =>
    instead(found, `${form}; no path, query or default port`);
  it.each<[string, AddressFault]>([
    ['https://*', NO_PATTERN],
    ['http*://cdn.example.com', NO_PATTERN],
    ['*.example.com', NO_PATTERN],
    ['https://cdn.example.com/media', only('a path')],
    ['https://cdn.example.com/', only('a slash at the end')],
    ['cdn.example.com/', only('a slash at the end', 'cdn.example.com')],
    ['https://cdn.example.com?x=1', only('a query')],
    ['https://cdn.example.com#x', only('a fragment')],
    ['https://cdn.example.com/a/..', only('a path with dots')],
    ['https://cdn.example.com\n', only('white space')],
    [' https://cdn.example.com', NO_SCHEME],
    ['https://CDN.Example.com', only(SPELLING)],
    ['CDN.Example.com', only(SPELLING, 'cdn.example.com')],
    ['https://cdn.example.com:443', only(SPELLING)],
    ['https://bücher.example', only(SPELLING, 'https://xn--bcher-kva.example')],
    ['https://user:secret@cdn.example.com', NO_CREDENTIALS],
    ['user:secret@cdn.example.com', NO_CREDENTIALS],
    ['https://cdn.example.com:0', { found: 'port 0', todo: 'write a port from 1 to 65535, or none' }],
    [
      'https://cdn.example.com:8443',
      { found: 'a port', todo: 'remove the port; CloudFront answers on 443 (a port is for development)' },
    ],
    ['http://cdn.example.com', { found: 'http://', todo: 'use https:// (http:// is for development)' }],
    [
      'https://cdn.example.com.',
      {
        found: 'a host name with a dot at the end',
        todo: 'remove the dot at the end of the host name',
      },
    ],
    ['https://cdn..example.com', NO_HOST],
    ['https://-cdn.example.com', NO_HOST],
    ['https://c$dn.example.com', NO_HOST],
    [`https://${'a'.repeat(64)}.example.com`, NO_HOST],
    ['ftp://cdn.example.com', NO_SCHEME],
    ['HTTPS://cdn.example.com', NO_SCHEME],
    ['https:/cdn.example.com', NO_SCHEME],
    ['https:\\\\cdn.example.com', NO_SCHEME],
    ['', NO_ADDRESS],
    ['https://', NO_ADDRESS],
    ['https://cdn example.com', NO_ADDRESS],
  ])('C05 %j is refused', (text, fault) => {
    expect(readCloudFrontUrl(text, 'production')).toEqual({ fault });
  });
});

describe('readAppOrigin', () => {
  it.each(['https://app.example.com', 'https://local.junlog.dev:3000'])('takes %s', (text) => {
    expect(readAppOrigin(text, 'production')).toEqual({ address: text });
  });

  it('takes http:// outside of production', () => {
    expect(readAppOrigin('http://app.a.localhost:3000', 'test')).toEqual({
      address: 'http://app.a.localhost:3000',
    });
  });

  it.each<[string, AddressFault]>([
    ['*', NO_PATTERN],
    ['https://*.example.com', NO_PATTERN],
    ['null', NO_SCHEME],
    ['app.example.com', NO_SCHEME],
    ['https://app.example.com/', instead('a slash at the end', 'https://app.example.com')],
    ['https://app.example.com/x', instead('a path', 'https://app.example.com')],
    ['https://app.example.com?x', instead('a query', 'https://app.example.com')],
    ['https://App.example.com', instead(SPELLING, 'https://app.example.com')],
    ['https://app.example.com:443', instead(SPELLING, 'https://app.example.com')],
    ['https://a.example https://b.example', NO_ADDRESS],
  ])('refuses %s, because a browser never writes it into Origin', (text, fault) => {
    expect(readAppOrigin(text, 'production')).toEqual({ fault });
  });
});

describe('readPublicUrl', () => {
  it.each([
    ['https://api.example.com', 'https://api.example.com', ''],
    ['https://www.example.com/api', 'https://www.example.com', '/api'],
    ['https://www.example.com/media/api.v1', 'https://www.example.com', '/media/api.v1'],
    ['https://api.example.com:8443', 'https://api.example.com:8443', ''],
  ])('%s', (text, origin, basePath) => {
    expect(readPublicUrl(text, 'production')).toEqual({ address: { origin, basePath } });
  });

  it.each<[string, AddressFault]>([
    ['https://api.example.com/', instead('a slash at the end', 'https://api.example.com')],
    ['https://www.example.com/api/', instead('a slash at the end', 'https://www.example.com/api')],
    ['https://www.example.com/x/../api', instead('a path with dots', 'https://www.example.com/api')],
    ['https://WWW.example.com/api', instead(SPELLING, 'https://www.example.com/api')],
    ['https://www.example.com/api\t', instead('white space', 'https://www.example.com/api')],
    ['https://www.example.com/a;b', NO_PATH],
    ['https://www.example.com/a%20b', NO_PATH],
    ['https://www.example.com//api', NO_PATH],
    ['https://www.example.com/.api', NO_PATH],
    ['https://www.example.com/api?x=1', { found: 'a query', todo: 'remove everything from the ? or # on' }],
    ['https://www.example.com/api#', { found: 'a fragment', todo: 'remove everything from the ? or # on' }],
    ['http://www.example.com', { found: 'http://', todo: 'use https:// (http:// is for development)' }],
  ])('refuses %s', (text, fault) => {
    expect(readPublicUrl(text, 'production')).toEqual({ fault });
  });
});

describe('readCookieDomain', () => {
  it.each([
    ['media.example.com', 'media.example.com'],
    ['.media.example.com', 'media.example.com'],
  ])('B9: %s is %s', (text, address) => {
    expect(readCookieDomain(text)).toEqual({ address });
  });

  it('B11: capitals are refused, with the form to write', () => {
    expect(readCookieDomain('Media.Example.com')).toEqual({
      fault: instead('a host name in capitals', 'media.example.com'),
    });
  });
});

describe('a password in an address', () => {
  it.each([readCloudFrontUrl, readAppOrigin, readPublicUrl])('is quoted by no fault', (read) => {
    const texts = ['https://user:canary@cdn.example.com', 'HTTPS://u:canary@x.example', 'https://u:canary@'];
    for (const text of texts) expect(JSON.stringify(read(text, 'production'))).not.toContain('canary');
  });
});
