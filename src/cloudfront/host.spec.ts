import { describe, expect, it } from '@jest/globals';
import { isCoveredBy, longestSharedParent, readHost, siteOf } from './host.js';

describe('readHost', () => {
  it.each([
    ['api.example.com', 'com', 'example.com'],
    ['api.example.co.uk', 'co.uk', 'example.co.uk'],
    ['co.uk', 'co.uk', null],
    ['d111.cloudfront.net', 'cloudfront.net', 'd111.cloudfront.net'],
    ['cloudfront.net', 'cloudfront.net', null],
    [
      'abc.execute-api.us-east-1.amazonaws.com',
      'execute-api.us-east-1.amazonaws.com',
      'abc.execute-api.us-east-1.amazonaws.com',
    ],
    ['lb-1.us-east-1.elb.amazonaws.com', 'us-east-1.elb.amazonaws.com', 'lb-1.us-east-1.elb.amazonaws.com'],
    ['one.vercel.app', 'vercel.app', 'one.vercel.app'],
    ['one.github.io', 'github.io', 'one.github.io'],
    ['one.herokuapp.com', 'herokuapp.com', 'one.herokuapp.com'],
    ['media.localhost', 'localhost', 'media.localhost'],
    ['localhost', 'localhost', null],
    ['a.b.example.test', 'test', 'example.test'],
    ['a.media.internal', 'internal', 'media.internal'],
    ['home.arpa', 'home.arpa', null],
    ['my_app.example.com', 'com', 'example.com'],
    ['api', 'api', null],
    ['127.0.0.1', null, null],
    ['[::1]', null, null],
  ])('B13–B17 %s lies below %s, registrable as %s', (name, publicSuffix, registrable) => {
    expect(readHost(name)).toMatchObject({ name, publicSuffix, registrable });
  });
});

describe('isCoveredBy (B5)', () => {
  it.each([
    ['api.example.com', 'example.com', true],
    ['example.com', 'example.com', true],
    ['a.b.example.com', 'example.com', true],
    ['badexample.com', 'example.com', false],
    ['example.com', 'api.example.com', false],
    ['127.0.0.1', '0.0.1', false],
    ['127.0.0.1', '127.0.0.1', true],
  ])('%s is covered by %s: %s', (host, domain, expected) => {
    expect(isCoveredBy(readHost(host), domain)).toBe(expected);
  });
});

describe('longestSharedParent', () => {
  it.each([
    ['api.media.example.com', 'cdn.media.example.com', 'media.example.com'],
    ['media.example.com', 'cdn.media.example.com', 'media.example.com'],
    ['cdn.media.example.com', 'media.example.com', 'media.example.com'],
    ['api.example.com', 'api.example.com', 'api.example.com'],
    ['a.api.example.com', 'b.cdn.example.com', 'example.com'],
    ['api.example.com', 'api.example.net', null],
    ['api.example.com', 'badexample.com', 'com'],
    ['10.0.0.1', '10.0.0.1', null],
  ])('of %s and %s is %s', (one, other, expected) => {
    expect(longestSharedParent(readHost(one), readHost(other))).toBe(expected);
  });
});

describe('siteOf (B22)', () => {
  it.each([
    ['https://app.example.com:8443', 'https://example.com'],
    ['http://app.example.com', 'http://example.com'],
    ['https://one.vercel.app', 'https://one.vercel.app'],
    ['https://localhost:3000', 'https://localhost'],
    ['https://127.0.0.1', 'https://127.0.0.1'],
  ])('%s is %s', (origin, site) => {
    expect(siteOf(origin)).toBe(site);
  });
});
