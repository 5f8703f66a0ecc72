import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  CACHING_OPTIMIZED,
  header,
  list,
  openBehavior,
  startTestEdge,
  type FolderInput,
} from '../../../../test/support/edge-fixture.js';
import { temporaryFolder } from '../../../../test/support/temporary-folder.js';
import { ASSUMED_WEBSITE } from '../distribution/read-website.js';
import { WebsiteOrigin } from './website-origin.js';

const HOST = 'site.s3-website-eu-west-1.amazonaws.com';
const FILES = {
  'index.html': '<p>root</p>',
  'docs/index.html': '<p>docs</p>',
  'docs/a+b.txt': 'plus',
  'docs/a b.txt': 'blank',
  'error.html': '<p>gone</p>',
};
const WEBSITE = { IndexDocument: { Suffix: 'index.html' }, ErrorDocument: { Key: 'error.html' } };

function start(website: object | null, origin: object = {}, more: FolderInput = {}) {
  return startTestEdge({
    defaultBehavior: openBehavior({ CachePolicyId: CACHING_OPTIMIZED }),
    files: FILES,
    ...more,
    edge: { origins: { media: { folder: '../media', ...origin } } },
    config: {
      Origins: list([{ Id: 'media', DomainName: HOST, OriginPath: '', CustomOriginConfig: {} }]),
      ...more.config,
    },
    extra: website === null ? {} : { 'bucket-website.json': website },
  });
}

describe('the website endpoint of a bucket (R118)', () => {
  it.each([
    ['/', 200, '<p>root</p>'],
    ['/docs/', 200, '<p>docs</p>'],
    ['/docs/index.html', 200, '<p>docs</p>'],
    ['/docs/a+b.txt', 200, 'plus'],
    ['/docs/a%20b.txt', 200, 'blank'],
  ])('answers %s with the object behind it (R116)', async (path, status, body) => {
    const answer = await (await start(WEBSITE)).ask(path);
    expect([answer.status, answer.body.toString()]).toEqual([status, body]);
  });

  it('sends a viewer who left out the slash of a folder there', async () => {
    const answer = await (await start(WEBSITE)).ask('/docs');
    expect([answer.status, header(answer, 'Location'), header(answer, 'X-Cache')]).toEqual([
      302,
      '/docs/',
      'Miss from cloudfront',
    ]);
    expect(answer.body.toString()).toContain('<li>Code: Found</li>\n<li>Message: Resource Found</li>');
  });

  it('sends the viewer to the path of the bucket, OriginPath included', async () => {
    const edge = await start(
      WEBSITE,
      {},
      {
        files: { 'live/docs/index.html': 'docs' },
        config: {
          Origins: list([{ Id: 'media', DomainName: HOST, OriginPath: '/live', CustomOriginConfig: {} }]),
        },
      },
    );
    expect(header(await edge.ask('/docs'), 'Location')).toBe('/live/docs/');
  });

  it('answers errors with the error document under their status', async () => {
    const answer = await (await start(WEBSITE)).ask('/none');
    expect([answer.status, header(answer, 'Content-Type'), answer.body.toString()]).toEqual([
      403,
      'text/html',
      '<p>gone</p>',
    ]);
    expect(header(answer, 'x-amz-error-code')).toBe('AccessDenied');
  });

  it('says that a key is missing where the bucket may be listed (R111)', async () => {
    const answer = await (await start(WEBSITE, { listBucket: true })).ask('/none');
    expect([
      answer.status,
      header(answer, 'x-amz-error-code'),
      header(answer, 'x-amz-error-detail-Key'),
    ]).toEqual([404, 'NoSuchKey', 'none']);
  });

  it('writes errors in HTML where there is no error document', async () => {
    const website = { IndexDocument: { Suffix: 'index.html' } };
    const answer = await (await start(website, { listBucket: true })).ask('/none');
    expect([answer.status, header(answer, 'Content-Type'), header(answer, 'Server')]).toEqual([
      404,
      'text/html; charset=utf-8',
      'AmazonS3',
    ]);
    expect(answer.body.toString()).toMatch(
      /^<html>\n<head><title>404 Not Found<\/title><\/head>\n<body>\n<h1>404 Not Found<\/h1>\n<ul>\n<li>Code: NoSuchKey<\/li>\n<li>Message: The specified key does not exist\.<\/li>\n<li>Key: none<\/li>\n<li>RequestId: [0-9A-F]{16}<\/li>\n<li>HostId: .+<\/li>\n<\/ul>\n<hr\/>\n<\/body>\n<\/html>\n$/,
    );
  });

  it('says that the error document is missing too', async () => {
    const edge = await start({ ...WEBSITE, ErrorDocument: { Key: 'none.html' } });
    expect((await edge.ask('/none')).body.toString()).toContain(
      '<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n<li>Code: NoSuchKey</li>',
    );
  });

  it('keeps an error document back that the policy of the bucket lets nobody read', async () => {
    const media = temporaryFolder('website');
    writeFileSync(join(media, 'error.html'), '<p>gone</p>');
    const origin = new WebsiteOrigin(
      {
        folder: media,
        originPath: '',
        bucketCors: null,
        listBucket: false,
        readableKeys: ['docs/*'],
        objectHeaders: [],
        domainName: HOST,
      },
      { bucketName: 'site', ...ASSUMED_WEBSITE, errorKey: 'error.html' },
    );
    const asked = { method: 'GET', path: '/docs/none', query: null, headers: {}, body: null, signal: null };
    const { status, body } = await origin.answer(asked);
    const text = expect.stringContaining(
      'Custom Error Document</h3>\n<ul>\n<li>Code: AccessDenied</li>\n<li>Message: Access Denied</li>\n</ul>\n<hr/>',
    );
    expect([status, body]).toEqual([403, { kind: 'text', text }]);
  });

  it('redirects everything where the bucket does', async () => {
    const edge = await start({ RedirectAllRequestsTo: { HostName: 'www.example.com', Protocol: 'https' } });
    const answer = await edge.ask('/docs/a');
    expect([answer.status, header(answer, 'Location')]).toEqual([301, 'https://www.example.com/docs/a']);
  });

  it.each([
    [
      { Condition: { KeyPrefixEquals: 'docs/' }, Redirect: { ReplaceKeyPrefixWith: 'documents/' } },
      '/docs/a',
      301,
      `http://${HOST}/documents/a`,
    ],
    [
      {
        Condition: { KeyPrefixEquals: 'docs/' },
        Redirect: {
          ReplaceKeyWith: 'index.html',
          HttpRedirectCode: '302',
          HostName: 'www.example.com',
          Protocol: 'https',
        },
      },
      '/docs/a',
      302,
      'https://www.example.com/index.html',
    ],
    [
      {
        Condition: { HttpErrorCodeReturnedEquals: '403' },
        Redirect: { HostName: 'app.example.com', ReplaceKeyPrefixWith: '#!/' },
      },
      '/none',
      301,
      'http://app.example.com/#!/none',
    ],
  ])('follows the routing rule %j', async (rule, path, status, location) => {
    const answer = await (await start({ ...WEBSITE, RoutingRules: [rule] })).ask(path);
    expect([answer.status, header(answer, 'Location')]).toEqual([status, location]);
  });

  it('redirects where an object says so', async () => {
    const objectHeaders = { 'docs/*': { 'x-amz-website-redirect-location': '/elsewhere' } };
    const answer = await (await start(WEBSITE, { objectHeaders })).ask('/docs/a+b.txt');
    expect([answer.status, header(answer, 'Location')]).toEqual([301, '/elsewhere']);
  });

  it('reads no method but GET and HEAD', async () => {
    const methods = list(['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE']);
    const edge = await start(
      WEBSITE,
      {},
      {
        defaultBehavior: openBehavior({
          AllowedMethods: { ...methods, CachedMethods: list(['GET', 'HEAD']) },
        }),
      },
    );
    const answer = await edge.ask('/index.html', { method: 'DELETE' });
    expect([answer.status, header(answer, 'x-amz-error-code')]).toEqual([405, 'MethodNotAllowed']);
  });

  it('finds no bucket by the Host of the viewer, unless the bucket is named like it', async () => {
    const forwarding = {
      defaultBehavior: openBehavior({ OriginRequestPolicyId: '216adef6-5c7f-47e4-b989-5492eafa07d3' }),
    };
    const answer = await (await start(WEBSITE, {}, forwarding)).ask('/');
    expect([answer.status, answer.body.toString().includes('<li>Code: NoSuchBucket</li>')]).toEqual([
      404,
      true,
    ]);
    const named = await start(
      WEBSITE,
      {},
      {
        ...forwarding,
        config: {
          Origins: list([
            {
              Id: 'media',
              DomainName: `cdn.example.com.${HOST.slice(HOST.indexOf('.') + 1)}`,
              CustomOriginConfig: {},
            },
          ]),
        },
      },
    );
    expect((await named.ask('/')).status).toBe(200);
  });

  it('still has no byte outside of its folder (E18, E19, E29)', async () => {
    const edge = await start(WEBSITE);
    for (const path of [
      '/../distribution/edge.json',
      '/%2e%2e/distribution/edge.json',
      '/.env',
      '/docs/..%2f..',
    ]) {
      expect((await edge.ask(path)).status).toBe(403);
    }
  });
});
