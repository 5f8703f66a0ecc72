import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../test/support/temporary-folder.js';
import type { ObjectHeaders } from '../distribution/distribution.js';
import type { EdgeAnswer } from '../edge-answer.js';
import { headerOf } from '../header-list.js';
import { FolderOrigin } from './folder-origin.js';
import { ObjectChanged, readObject } from './open-object.js';

function makeFolder(objectHeaders: readonly ObjectHeaders[] = [], isSigned = false) {
  const root = realpathSync(temporaryFolder('origin'));
  const folder = join(root, 'media');
  mkdirSync(join(folder, 'private/a'), { recursive: true });
  mkdirSync(join(folder, 'private/b'));
  writeFileSync(join(folder, 'private/a/ok.txt'), '0123456789');
  utimesSync(join(folder, 'private/a/ok.txt'), 1_700_000_000, 1_700_000_000);
  writeFileSync(join(folder, 'private/b/secret.txt'), 'secret');
  writeFileSync(join(root, 'outside.txt'), 'outside');
  const origin = new FolderOrigin({
    folder,
    originPath: '',
    bucketCors: null,
    listBucket: false,
    readableKeys: null,
    isSigned,
    objectHeaders,
  });
  const ask = (
    path: string,
    headers: IncomingHttpHeaders = {},
    method = 'GET',
    query: string | null = null,
  ) => origin.answer({ method, path, query, headers, body: null, signal: null });
  return { root, folder, ask };
}

async function bodyOf({ body }: EdgeAnswer): Promise<string> {
  if (body.kind === 'empty') return '';
  if (body.kind === 'text') return body.text;
  if (body.kind !== 'object') throw new Error(`a folder sends no ${body.kind}`);
  const chunks: Buffer[] = [];
  for await (const chunk of readObject(body.object, body.firstByte, body.byteLength)) chunks.push(chunk);
  await body.object.handle.close();
  return Buffer.concat(chunks).toString();
}

async function outcome(answer: EdgeAnswer): Promise<string> {
  const text = await bodyOf(answer);
  const code = /<Code>(.*)<\/Code>/.exec(text)?.[1];
  return `${answer.status} ${code ?? text}`;
}

describe('a folder that stands in for a bucket', () => {
  it('sends a file with the headers of S3 (R112)', async () => {
    const { ask } = makeFolder();
    const answer = await ask('/private/a/ok.txt');
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual([
      ['Content-Type', 'text/plain'],
      ['Content-Length', '10'],
      ['Last-Modified', 'Tue, 14 Nov 2023 22:13:20 GMT'],
      ['ETag', `"${createHash('md5').update('0123456789').digest('hex')}"`],
      ['x-amz-server-side-encryption', 'AES256'],
      ['Accept-Ranges', 'bytes'],
      ['Server', 'AmazonS3'],
    ]);
    expect(await bodyOf(answer)).toBe('0123456789');
  });

  it.each([
    ['a.m3u8', 'application/vnd.apple.mpegurl'],
    ['a.m4s', 'video/iso.segment'],
    ['a.mp4', 'video/mp4'],
    ['a.ts', 'video/mp2t'],
    ['a.mpd', 'application/dash+xml'],
    ['a.vtt', 'text/vtt'],
    ['a.svg', 'image/svg+xml'],
    ['a.unheard-of', 'binary/octet-stream'],
    ['a', 'binary/octet-stream'],
  ])('says that %s is %s', async (name, type) => {
    const { folder, ask } = makeFolder();
    writeFileSync(join(folder, name), 'x');
    const answer = await ask(`/${name}`);
    await bodyOf(answer);
    expect(headerOf(answer.headers, 'Content-Type')).toBe(type);
  });

  it('sends a part for one range and says which (R93, R112)', async () => {
    const { ask } = makeFolder();
    const answer = await ask('/private/a/ok.txt', { range: 'bytes=2-5' });
    expect(answer.status).toBe(206);
    expect(headerOf(answer.headers, 'Content-Range')).toBe('bytes 2-5/10');
    expect(headerOf(answer.headers, 'Content-Length')).toBe('4');
    expect(await bodyOf(answer)).toBe('2345');
  });

  it('refuses a range beyond the end with the true length (R112)', async () => {
    const { ask } = makeFolder();
    const answer = await ask('/private/a/ok.txt', { range: 'bytes=10-' });
    expect(headerOf(answer.headers, 'Content-Range')).toBe('bytes */10');
    expect(await outcome(answer)).toBe('416 InvalidRange');
  });

  it('sends the whole file when If-Range names another version (E38)', async () => {
    const { ask } = makeFolder();
    const answer = await ask('/private/a/ok.txt', { range: 'bytes=2-5', 'if-range': '"old"' });
    expect(await outcome(answer)).toBe('200 0123456789');
  });

  it('answers 304 with the validators and no body (R112)', async () => {
    const { ask } = makeFolder();
    const first = await ask('/private/a/ok.txt');
    await bodyOf(first);
    const etag = headerOf(first.headers, 'ETag') ?? '';
    const answer = await ask('/private/a/ok.txt', { 'if-none-match': etag });
    expect([answer.status, headerOf(answer.headers, 'ETag'), answer.body]).toEqual([
      304,
      etag,
      { kind: 'empty' },
    ]);
  });

  it('answers 412 when If-Match names another version', async () => {
    const { ask } = makeFolder();
    expect(await outcome(await ask('/private/a/ok.txt', { 'if-match': '"old"' }))).toBe(
      '412 PreconditionFailed',
    );
  });

  it('changes the ETag with the content, also within one second and at one length', async () => {
    const { folder, ask } = makeFolder();
    const tagOf = async () => {
      const answer = await ask('/private/a/ok.txt');
      await bodyOf(answer);
      return headerOf(answer.headers, 'ETag');
    };
    const before = await tagOf();
    writeFileSync(join(folder, 'private/a/ok.txt'), 'abcdefghij');
    expect(await tagOf()).toBe(`"${createHash('md5').update('abcdefghij').digest('hex')}"`);
    expect(before).toBe(`"${createHash('md5').update('0123456789').digest('hex')}"`);
  });

  it('gives a file above 8 MB the ETag of an upload in parts', async () => {
    const { folder, ask } = makeFolder();
    writeFileSync(join(folder, 'large.mp4'), '');
    truncateSync(join(folder, 'large.mp4'), 20 * 1024 * 1024);
    const answer = await ask('/large.mp4', {}, 'HEAD');
    if (answer.body.kind === 'object') await answer.body.object.handle.close();
    expect(headerOf(answer.headers, 'ETag')).toMatch(/^"[0-9a-f]{32}-3"$/);
  });

  it('sends an empty file', async () => {
    const { folder, ask } = makeFolder();
    writeFileSync(join(folder, 'empty.txt'), '');
    const answer = await ask('/empty.txt');
    expect(headerOf(answer.headers, 'Content-Length')).toBe('0');
    expect(await outcome(answer)).toBe('200 ');
  });

  it.each([
    ['no file', '/private/a/none.txt', 'no-such-file'],
    ['a path below a file', '/private/a/ok.txt/x', 'no-such-file'],
    ['a name that is too long', `/${'a'.repeat(300)}`, 'no-such-file'],
    ['a folder (E31)', '/private/a', 'not-a-regular-file'],
    ['a folder with slash (E31)', '/private/a/', 'key-not-servable'],
    ['.. (E18)', '/private/a/../b/secret.txt', 'key-not-servable'],
    ['escaped .. (E19)', '/private/a/%2e%2e/b/secret.txt', 'key-not-servable'],
  ])('answers 403 Access Denied, as S3 without ListBucket, for %s (R111)', async (_what, path, reason) => {
    const { ask } = makeFolder();
    const answer = await ask(path);
    expect(answer.reason).toBe(reason);
    expect(headerOf(answer.headers, 'Content-Type')).toBe('application/xml');
    expect(await bodyOf(answer)).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<Error><Code>AccessDenied<\/Code><Message>Access Denied<\/Message><RequestId>[0-9A-F]{16}<\/RequestId><HostId>[A-Za-z0-9+/=]{76}<\/HostId><\/Error>$/,
    );
  });

  it('answers 400 for a path that is no text (E21)', async () => {
    const { ask } = makeFolder();
    expect(await outcome(await ask('/private/a/%00'))).toBe('400 InvalidURI');
    expect(await outcome(await ask('/private/a/ok.txt%00.jpg'))).toBe('400 InvalidURI');
  });

  it('follows no symbolic link, into the folder or out of it (E26)', async () => {
    const { root, folder, ask } = makeFolder();
    symlinkSync(join(root, 'outside.txt'), join(folder, 'file-out.txt'));
    symlinkSync('/etc', join(folder, 'folder-out'));
    symlinkSync('../b', join(folder, 'private/a/folder-in'));
    symlinkSync('ok.txt', join(folder, 'private/a/file-in.txt'));
    for (const path of [
      '/file-out.txt',
      '/folder-out/passwd',
      '/private/a/folder-in/secret.txt',
      '/private/a/file-in.txt',
    ]) {
      const answer = await ask(path);
      expect([await outcome(answer), answer.reason]).toEqual(['403 AccessDenied', 'symbolic-link']);
    }
  });

  it('does not wait for a FIFO in the folder', async () => {
    const { folder, ask } = makeFolder();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const answer = await ask('/pipe');
    expect([await outcome(answer), answer.reason]).toEqual(['403 AccessDenied', 'not-a-regular-file']);
  });

  it.each(['PUT', 'POST', 'DELETE', 'PATCH'])('takes no %s and changes nothing (E39)', async (method) => {
    const { folder, ask } = makeFolder();
    const before = readdirSync(folder, { recursive: true });
    expect(await outcome(await ask('/private/a/ok.txt', {}, method))).toBe('405 MethodNotAllowed');
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  it('answers OPTIONS as a bucket without CORS rules (R103)', async () => {
    const { ask } = makeFolder();
    expect(await outcome(await ask('/private/a/ok.txt', {}, 'OPTIONS'))).toBe('400 BadRequest');
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' };
    expect(await bodyOf(await ask('/private/a/ok.txt', headers, 'OPTIONS'))).toContain(
      '<Error><Code>AccessForbidden</Code><Message>CORSResponse: CORS is not enabled for this bucket.</Message><Method>GET</Method><ResourceType>BUCKET</ResourceType><RequestId>',
    );
  });

  it('gives what its bucket policy lets CloudFront read, and says of no other key that it is missing', async () => {
    const { folder } = makeFolder();
    const origin = new FolderOrigin({
      folder,
      originPath: '',
      bucketCors: null,
      listBucket: true,
      readableKeys: ['public/*', 'private/a/*'],
      isSigned: true,
      objectHeaders: [],
    });
    const paths = [
      '/private/a/ok.txt',
      '/private/b/secret.txt',
      '/private/b/none.txt',
      '/private/a/none.txt',
    ];
    const asked = { method: 'GET', query: null, headers: {}, body: null, signal: null };
    const outcomes = paths.map(async (path) => outcome(await origin.answer({ ...asked, path })));
    expect(await Promise.all(outcomes)).toEqual([
      '200 0123456789',
      '403 AccessDenied',
      '403 AccessDenied',
      '404 NoSuchKey',
    ]);
  });

  it('reads below the OriginPath', async () => {
    const { folder } = makeFolder();
    const origin = new FolderOrigin({
      folder,
      originPath: 'private/a',
      bucketCors: null,
      listBucket: false,
      readableKeys: null,
      isSigned: false,
      objectHeaders: [],
    });
    expect(
      await outcome(
        await origin.answer({
          method: 'GET',
          path: '/ok.txt',
          query: null,
          headers: {},
          body: null,
          signal: null,
        }),
      ),
    ).toBe('200 0123456789');
  });
});

describe('a file that changes while it is sent (E37)', () => {
  const LARGE = Buffer.alloc(300_000, 'x');

  async function readAround(change: (path: string) => void): Promise<number | string> {
    const { folder, ask } = makeFolder();
    const path = join(folder, 'large.bin');
    writeFileSync(path, LARGE);
    const { body } = await ask('/large.bin');
    if (body.kind !== 'object') throw new Error('expected an object');
    let received = 0;
    try {
      for await (const chunk of readObject(body.object, 0, body.byteLength)) {
        if (received === 0) change(path);
        received += chunk.length;
      }
      return received;
    } catch (error) {
      if (error instanceof ObjectChanged) return `${error.message} after ${received}`;
      throw error;
    } finally {
      await body.object.handle.close();
    }
  }

  it('is complete when nothing changes', async () => {
    expect(await readAround(() => undefined)).toBe(300_000);
  });

  it('is never complete when it becomes shorter', async () => {
    expect(await readAround((path) => truncateSync(path, 70_000))).toBe(
      'the file became shorter after 70000',
    );
  });

  it('is never complete when it grows', async () => {
    expect(await readAround((path) => writeFileSync(path, 'more', { flag: 'a' }))).toBe(
      'the file was changed or removed after 262144',
    );
  });

  it('is never complete when it is removed', async () => {
    expect(await readAround(unlinkSync)).toBe('the file was changed or removed after 262144');
  });
});

describe('the metadata of objects', () => {
  const RULES: readonly ObjectHeaders[] = [
    { pathPattern: '/private/a/*', headers: [['Cache-Control', 'no-cache']] },
    {
      pathPattern: '*',
      headers: [
        ['Cache-Control', 'max-age=60'],
        ['Content-Type', 'text/html'],
      ],
    },
  ];
  const metadataOf = async (path: string, headers: IncomingHttpHeaders = {}, method = 'GET') => {
    const answer = await makeFolder(RULES).ask(path, headers, method);
    await bodyOf(answer);
    return [
      answer.status,
      headerOf(answer.headers, 'Cache-Control'),
      headerOf(answer.headers, 'Content-Type'),
    ];
  };

  it('is decided header by header by the first pattern that covers the path and names it', async () => {
    expect(await metadataOf('/private/a/ok.txt')).toEqual([200, 'no-cache', 'text/html']);
    expect(await metadataOf('/private/b/secret.txt')).toEqual([200, 'max-age=60', 'text/html']);
  });

  it('is on a part too, and on a 304 but for the type of the body that is not there', async () => {
    const path = '/private/a/ok.txt';
    expect(await metadataOf(path, { range: 'bytes=0-1' })).toEqual([206, 'no-cache', 'text/html']);
    expect(await metadataOf(path, { 'if-none-match': '*' })).toEqual([304, 'no-cache', undefined]);
  });

  it('is no part of an error or of a preflight', async () => {
    expect(await metadataOf('/none')).toEqual([403, undefined, 'application/xml']);
    expect(await metadataOf('/private/a/ok.txt', {}, 'OPTIONS')).toEqual([400, undefined, 'application/xml']);
  });
});

describe('the response-* parameters of a signed request (R117)', () => {
  const PATH = '/private/a/ok.txt';
  const QUERY =
    'response-content-disposition=attachment%3B%20filename%3D%22a+b.txt%22&x=1&response-cache-control=no-store&response-content-type=text%2Fcsv';

  it('name the headers of the answer', async () => {
    const answer = await makeFolder([], true).ask(PATH, {}, 'GET', QUERY);
    expect([
      answer.status,
      headerOf(answer.headers, 'Content-Disposition'),
      headerOf(answer.headers, 'Cache-Control'),
      headerOf(answer.headers, 'Content-Type'),
    ]).toEqual([200, 'attachment; filename="a b.txt"', 'no-store', 'text/csv']);
    expect(await bodyOf(answer)).toBe('0123456789');
  });

  it('name those of a range and of HEAD too', async () => {
    const { ask } = makeFolder([], true);
    const part = await ask(PATH, { range: 'bytes=0-1' }, 'GET', QUERY);
    const head = await ask(PATH, {}, 'HEAD', QUERY);
    expect([part, head].map(({ status, headers }) => [status, headerOf(headers, 'Content-Type')])).toEqual([
      [206, 'text/csv'],
      [200, 'text/csv'],
    ]);
    expect([await bodyOf(part), await bodyOf(head)]).toEqual(['01', '0123456789']);
  });

  it('are refused where CloudFront does not sign', async () => {
    const answer = await makeFolder().ask(PATH, {}, 'GET', QUERY);
    expect([answer.reason, await outcome(answer)]).toEqual([
      'response-parameters-unsigned',
      '400 InvalidRequest',
    ]);
  });

  it.each(['%0d%0aSet-Cookie:%20a=1', '%00', '%E2%82%AC'])('never write %s into a header', async (value) => {
    const answer = await makeFolder([], true).ask(PATH, {}, 'GET', `response-content-type=${value}`);
    expect([answer.reason, await outcome(answer)]).toEqual([
      'response-parameter-unwritable',
      '400 InvalidArgument',
    ]);
  });

  it('are parameters like any other under another name', async () => {
    const answer = await makeFolder().ask(PATH, {}, 'GET', 'response-other=1&x-response-content-type=a');
    expect(await outcome(answer)).toBe('200 0123456789');
  });
});

it('a + in a path is a blank, and %2B is a + (R116)', async () => {
  const { folder, ask } = makeFolder();
  writeFileSync(join(folder, 'take 1.txt'), 'blank');
  writeFileSync(join(folder, 'take+2.txt'), 'plus');
  const paths = ['/take+1.txt', '/take%201.txt', '/take+2.txt', '/take%2B2.txt'];
  expect(await Promise.all(paths.map(async (path) => outcome(await ask(path))))).toEqual([
    '200 blank',
    '200 blank',
    '403 AccessDenied',
    '200 plus',
  ]);
});
