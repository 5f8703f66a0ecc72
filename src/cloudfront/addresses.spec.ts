import { describe, expect, it } from '@jest/globals';
import { readAppOrigin, readCloudFrontUrl, readPublicUrl } from './addresses.js';

describe('readCloudFrontUrl', () => {
  it.each([
    ['https://cdn.example.com', 'production', 'https://cdn.example.com'],
    ['cdn.example.com', 'production', 'https://cdn.example.com'],
    ['https://CDN.Example.com', 'production', 'https://cdn.example.com'],
    ['https://cdn.example.com:443', 'production', 'https://cdn.example.com'],
    ['https://cdn.edgepass.localhost:3002', 'development', 'https://cdn.edgepass.localhost:3002'],
    ['http://cdn.edgepass.localhost:3002', 'development', 'http://cdn.edgepass.localhost:3002'],
  ] as const)('%s in %s is %s', (text, environment, address) => {
    expect(readCloudFrontUrl(text, environment)).toEqual({ address });
  });

  it.each([
    ['https://*', 'a wildcard, query, fragment or blank'],
    ['http*://cdn.example.com', 'a wildcard, query, fragment or blank'],
    ['https://cdn.example.com/media', 'a path'],
    ['https://cdn.example.com/', 'a path'],
    ['https://cdn.example.com?x=1', 'a wildcard, query, fragment or blank'],
    ['https://cdn.example.com#x', 'a wildcard, query, fragment or blank'],
    ['https://user:secret@cdn.example.com', 'credentials in the address'],
    ['https://cdn.example.com:0', 'port 0'],
    ['https://cdn.example.com:8443', 'a port: CloudFront listens on 443 alone'],
    ['http://cdn.example.com', 'http://, which is for development only'],
    ['https://cdn.example.com.', 'a host name with an empty label'],
    ['https://cdn..example.com', 'a host name with an empty label'],
    ['https://cdn.example.com\n', 'a wildcard, query, fragment or blank'],
    ['ftp://cdn.example.com', 'no https:// address'],
    ['', 'no https:// address'],
    ['https://', 'no https:// address'],
  ])('C05 %j is refused', (text, found) => {
    expect(readCloudFrontUrl(text, 'production')).toMatchObject({ found });
  });

  it('quotes nothing of an address that may hold a password', () => {
    expect(
      JSON.stringify(readCloudFrontUrl('https://user:secret@cdn.example.com', 'production')),
    ).not.toContain('secret');
  });
});

describe('readAppOrigin', () => {
  it('keeps a port', () => {
    expect(readAppOrigin('https://local.junlog.dev:3000', 'production')).toEqual({
      address: 'https://local.junlog.dev:3000',
    });
  });

  it.each([
    '*',
    'null',
    'app.example.com',
    'https://*.example.com',
    'https://app.example.com/',
    'https://app.example.com/x',
  ])('refuses %s', (text) => {
    expect(readAppOrigin(text, 'production')).toHaveProperty('found');
  });
});

describe('readPublicUrl', () => {
  it.each([
    ['https://api.example.com', 'https://api.example.com', ''],
    ['https://api.example.com/', 'https://api.example.com', ''],
    ['https://www.example.com/api', 'https://www.example.com', '/api'],
    ['https://www.example.com/media/api/', 'https://www.example.com', '/media/api'],
  ])('%s', (text, origin, basePath) => {
    expect(readPublicUrl(text, 'production')).toEqual({ address: { origin, basePath } });
  });

  it.each([
    ['https://www.example.com/a;b', 'an unusual path'],
    ['https://www.example.com/a%20b', 'an unusual path'],
    ['https://www.example.com//api', 'an unusual path'],
    ['https://www.example.com/x/../api', 'a path with dots'],
    ['https://www.example.com/api?x=1', 'a wildcard, query, fragment or blank'],
  ])('refuses %s', (text, found) => {
    expect(readPublicUrl(text, 'production')).toMatchObject({ found });
  });
});
