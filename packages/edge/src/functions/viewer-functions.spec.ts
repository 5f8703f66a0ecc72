import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  CACHING_OPTIMIZED,
  cookieHeader,
  header,
  list,
  openBehavior,
  behavior,
  policyText,
  rsaKey,
  signPolicy,
  startTestEdge,
  writeFolder,
  type FolderInput,
} from '../../../../test/support/edge-fixture.js';
import { sentHeader, startUpstream } from '../../../../test/support/upstream.js';
import { formatFolderProblem } from '../distribution/json-node.js';
import { readDistribution, type DistributionResult } from '../distribution/read-distribution.js';
import { FunctionRunner, programOf } from './function-runner.js';

const FILES = { 'index.html': '<p>root</p>', 'docs/index.html': '<p>docs</p>', 'a.txt': 'hello' };
const associated = (EventType: string, name = 'own') => ({
  FunctionAssociations: list([
    { FunctionARN: `arn:aws:cloudfront::111122223333:function/${name}`, EventType },
  ]),
});

function start(event: 'viewer-request' | 'viewer-response', code: string, more: FolderInput = {}) {
  return startTestEdge({
    files: FILES,
    defaultBehavior: openBehavior({ CachePolicyId: CACHING_OPTIMIZED, ...associated(event) }),
    ...more,
    extra: { 'functions/own.js': code, ...more.extra },
  });
}

/** One edge with a function for each path: `/case-0`, `/case-1` and so on. */
function startEach(codes: readonly string[]) {
  const names = codes.map((_, index) => `case-${index}`);
  return startTestEdge({
    defaultBehavior: openBehavior(),
    behaviors: names.map((name) =>
      openBehavior({ PathPattern: `/${name}`, ...associated('viewer-request', name) }),
    ),
    extra: Object.fromEntries(codes.map((code, index) => [`functions/case-${index}.js`, code])),
  });
}

describe('a viewer request function (R126)', () => {
  it('changes what is asked for, as in the example that adds index.html', async () => {
    const edge = await start(
      'viewer-request',
      `async function handler(event) {
  const request = event.request;
  const uri = request.uri;
  if (uri.endsWith('/')) request.uri += 'index.html';
  else if (!uri.includes('.')) request.uri += '/index.html';
  return request;
}`,
    );
    const bodies = [];
    for (const path of ['/', '/docs', '/docs/', '/a.txt'])
      bodies.push((await edge.ask(path)).body.toString());
    expect(bodies).toEqual(['<p>root</p>', '<p>docs</p>', '<p>docs</p>', 'hello']);
  });

  it('sees the request as the viewer sent it', async () => {
    const edge = await start(
      'viewer-request',
      'function handler(event) { console.log(JSON.stringify(event)); return event.request; }',
    );
    await edge.ask('/a.txt?x=1&x=2&y', {
      headers: ['X-Own: A', 'X-Own: B', 'Expect: 100-continue', 'X-Edge-Own: 1'],
      cookies: 'a=1; b=2; a=3',
    });
    const printed = edge.lines.find((line) => line.startsWith('edge function own: ')) ?? '';
    const event = JSON.parse(printed.slice('edge function own: '.length)) as Record<string, object>;
    expect(event).toEqual({
      version: '1.0',
      context: {
        distributionDomainName: 'cdn.example.com',
        distributionId: 'LOCAL',
        eventType: 'viewer-request',
        requestId: expect.stringMatching(/^[\w=-]{56}$/),
      },
      viewer: { ip: '127.0.0.1' },
      request: {
        method: 'GET',
        uri: '/a.txt',
        querystring: {
          x: { value: '2', multiValue: [{ value: '1' }, { value: '2' }] },
          y: { value: '' },
        },
        headers: { host: { value: 'cdn.example.com' }, 'x-own': { value: 'A, B' } },
        cookies: { a: { value: '3', multiValue: [{ value: '1' }, { value: '3' }] }, b: { value: '2' } },
      },
    });
  });

  it('changes query, headers and cookies on the way to the origin and in the cache key', async () => {
    const upstream = await startUpstream((_message, response) => response.end('ok'));
    const edge = await start(
      'viewer-request',
      `function handler(event) {
  var r = event.request;
  r.uri = '/changed';
  r.querystring = { b: { value: '2' }, c: { value: '', multiValue: [{ value: '3' }, { value: '4' }] } };
  r.headers['x-added'] = { value: 'yes' };
  delete r.headers['x-own'];
  r.cookies.seen = { value: '1' };
  return r;
}`,
      {
        defaultBehavior: openBehavior({
          ...associated('viewer-request'),
          OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
        }),
        edge: { origins: { media: { url: upstream.url } } },
        config: { Origins: list([{ Id: 'media', DomainName: 'api.example.com', CustomOriginConfig: {} }]) },
      },
    );
    await edge.ask('/a?x=1', { headers: ['X-Own: A'] });
    const [request] = upstream.requests;
    expect([
      request?.target,
      sentHeader(request, 'X-Added'),
      sentHeader(request, 'X-Own'),
      sentHeader(request, 'Cookie'),
    ]).toEqual(['/changed?b=2&c=3&c=4', 'yes', undefined, 'seen=1']);
  });

  it('answers itself, and neither the cache nor the origin is asked', async () => {
    const edge = await start(
      'viewer-request',
      `function handler() {
  return {
    statusCode: 302, statusDescription: 'Found',
    headers: { location: { value: 'https://www.example.com/' }, 'x-own-header': { value: '1' } },
    cookies: { seen: { value: 'yes', attributes: 'Path=/; Secure' } },
    body: { encoding: 'base64', data: 'aGVsbG8=' },
  };
}`,
    );
    const answer = await edge.ask('/a.txt');
    expect([answer.status, answer.body.toString()]).toEqual([302, 'hello']);
    expect(
      ['Location', 'X-Own-Header', 'Set-Cookie', 'X-Cache', 'Content-Length'].map((name) =>
        header(answer, name),
      ),
    ).toEqual([
      'https://www.example.com/',
      '1',
      'seen=yes; Path=/; Secure',
      'FunctionGeneratedResponse from cloudfront',
      '5',
    ]);
  });

  it('answers an error of its own, which no error page replaces', async () => {
    const page = { ErrorCode: 403, ResponsePagePath: '/index.html', ResponseCode: '200' };
    const edge = await start(
      'viewer-request',
      "function handler() { return { statusCode: 403, body: 'mine' }; }",
      {
        config: { CustomErrorResponses: list([page]) },
      },
    );
    const answer = await edge.ask('/a.txt');
    expect([answer.status, answer.body.toString()]).toEqual([403, 'mine']);
  });

  it('runs after the signature was checked, and for nobody who may not see the file (R40)', async () => {
    const key = rsaKey('KVIEWER1');
    const edge = await start(
      'viewer-request',
      'function handler(event) { console.log("ran"); return event.request; }',
      {
        keys: [key],
        defaultBehavior: behavior(associated('viewer-request')),
      },
    );
    const refused = await edge.ask('/a.txt');
    expect([refused.status, edge.lines.includes('edge function own: ran')]).toEqual([403, false]);
    const cookies = cookieHeader(signPolicy(policyText('http://cdn.example.com/*'), key));
    expect((await edge.ask('/a.txt', { cookies })).status).toBe(200);
    expect(edge.lines).toContain('edge function own: ran');
  });

  it('uses what runtime 2.0 offers: await, crypto, querystring, Buffer and a key value store', async () => {
    const edge = await start(
      'viewer-request',
      `import cf from 'cloudfront';
import crypto from 'crypto';
import { parse as read } from 'querystring';
const store = cf.kvs();
async function handler(event) {
  const hash = crypto.createHash('sha256').update('a').digest('hex').slice(0, 8);
  const found = await store.get('/old');
  const config = await cf.kvs('paths').get('config', { format: 'json' });
  const missing = await store.exists('none') ? 'there' : await store.get('none').catch((error) => error.message);
  const text = [hash, found, config.on, missing, await store.count(), read('a=1').a, Buffer.from('YQ==', 'base64').toString()];
  return { statusCode: 200, body: text.join(' ') };
}`,
      {
        extra: {
          'key-value-stores/paths.json': {
            data: [
              { key: '/old', value: '/new' },
              { key: 'config', value: '{"on":true}' },
            ],
          },
        },
      },
    );
    expect((await edge.ask('/a.txt')).body.toString()).toBe('ca978112 /new true KeyNotFound 2 1 a');
  });

  describe('imports', () => {
    const CLAUSES = [
      ['names in braces over several lines', '{\n  createHash,\n  createHmac as hmac,\n}', 'createHash'],
      ['a name and names in braces', 'crypto, { createHash }', 'createHash'],
      ['a name for all', '* as all', 'all.createHash'],
      ['a name and a name for all', 'crypto, * as all', 'all.createHash'],
    ] as const;
    let edge: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
      edge = await startEach(
        CLAUSES.map(
          ([, clause, call]) => `import ${clause} from 'crypto';
function handler() { return { statusCode: 200, body: ${call}('sha256').update('a').digest('hex') }; }`,
        ),
      );
    });

    it.each(CLAUSES.map(([what], index) => [what, index] as const))('%s', async (_what, index) => {
      expect((await edge.ask(`/case-${index}`)).body.toString()).toBe(
        'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
      );
    });
  });

  it('chooses another origin by its id', async () => {
    const edge = await start(
      'viewer-request',
      "import cf from 'cloudfront';\nfunction handler(event) { cf.selectRequestOriginById('other'); return event.request; }",
      {
        config: {
          Origins: list([
            { Id: 'media', DomainName: 'a.s3.amazonaws.com' },
            { Id: 'other', DomainName: 'b.example.com', CustomOriginConfig: {} },
          ]),
        },
        edge: {
          origins: {
            media: { folder: '../media' },
            other: { url: (await startUpstream((_message, response) => response.end('other'))).url },
          },
        },
      },
    );
    expect((await edge.ask('/a.txt')).body.toString()).toBe('other');
  });

  describe('that', () => {
    const FAILING = [
      ['throws', "function handler() { throw new Error('broken'); }", 'broken'],
      ['names what is not there', 'function handler() { return nothing; }', 'nothing is not defined'],
      ['reaches for Node', 'function handler() { return process.version; }', 'process is not defined'],
      [
        'loads a module of Node',
        "const fs = require('fs'); function handler() {}",
        'there is no module fs in the runtime',
      ],
      [
        'makes code of text',
        "function handler() { return eval('1'); }",
        'Code generation from strings disallowed for this context',
      ],
      [
        'changes the origin',
        "import cf from 'cloudfront';\nfunction handler() { cf.updateRequestOrigin({}); }",
        'cf.updateRequestOrigin is not followed by the local edge',
      ],
    ] as const;
    let edge: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
      edge = await startEach(FAILING.map(([, code]) => code));
    });

    it.each(FAILING.map(([what, , why], index) => [what, why, index] as const))(
      '%s is 503, and the log says why',
      async (_what, why, index) => {
        const before = edge.lines.length;
        const answer = await edge.ask(`/case-${index}`);
        expect([
          answer.status,
          header(answer, 'X-Cache'),
          answer.headers.filter(([name]) => name === 'X-Cache').length,
        ]).toEqual([503, 'FunctionExecutionError from cloudfront', 1]);
        expect(edge.lines.slice(before)).toEqual([
          `edge refused 503 GET cdn.example.com "/case-${index}" code=FunctionExecutionError reason=case-${index}: ${why}`,
        ]);
      },
    );
  });

  describe('that returns', () => {
    const WRONG = [
      ['nothing', 'return;', 'it returned neither a request nor a response'],
      ['another method', "event.request.method = 'POST'; return event.request;", 'it changed the method'],
      [
        'an address in the place of a path',
        "event.request.uri = 'https://evil.example/'; return event.request;",
        'uri is no path: "https://evil.example/"',
      ],
      [
        'a path with a line break',
        "event.request.uri = '/a\\r\\nX: 1'; return event.request;",
        'uri is no path: "/a\\r\\nX: 1"',
      ],
      [
        'a path with a query',
        "event.request.uri = '/a?b=1'; return event.request;",
        'uri is no path: "/a?b=1"',
      ],
      [
        'another Host',
        "event.request.headers.host.value = 'a'; return event.request;",
        'it changed the header host',
      ],
      [
        'a header that it may not add',
        "event.request.headers['x-edge-a'] = { value: '1' }; return event.request;",
        'it may not add the header x-edge-a',
      ],
      [
        'a header in capitals',
        "event.request.headers['X-A'] = { value: '1' }; return event.request;",
        '"X-A" is no name of a header in lower case',
      ],
      [
        'a header that breaks the line',
        "event.request.headers['x-a'] = { value: '1\\r\\nb: 2' }; return event.request;",
        'headers.x-a has no value that is a text',
      ],
      [
        'a header without a value',
        "event.request.headers['x-a'] = '1'; return event.request;",
        'headers.x-a has no value that is a text',
      ],
      [
        'a query with a blank',
        "event.request.querystring.a = { value: 'b c' }; return event.request;",
        'querystring is not escaped',
      ],
      ['a status that is none', 'return { statusCode: 99 };', 'statusCode is none: 99'],
      [
        'a body that is no base64',
        "return { statusCode: 200, body: { encoding: 'base64', data: '%' } };",
        'body is no base64',
      ],
    ] as const;
    let edge: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
      const cases = WRONG.map(([, body], index) => `case '${index}': ${body}`).join('\n');
      const code = `function handler(event) { switch (event.request.headers['x-case'].value) {\n${cases}\n} }`;
      edge = await start('viewer-request', code);
    });

    it.each(WRONG.map(([what, , why], index) => [what, why, index] as const))(
      '%s is 502',
      async (_what, why, index) => {
        const before = edge.lines.length;
        expect((await edge.ask('/a.txt', { headers: [`X-Case: ${index}`] })).status).toBe(502);
        expect(edge.lines.slice(before)).toEqual([
          `edge refused 502 GET cdn.example.com "/a.txt" code=FunctionValidationError reason=own: ${why}`,
        ]);
      },
    );
  });

  it('that never ends is ended, and one that eats all memory too; the next request is answered', async () => {
    // Blocks its thread as a loop does, but takes no processor.
    const edge = await start(
      'viewer-request',
      `function handler(event) {
  if (event.request.uri === '/never') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  const all = [];
  if (event.request.uri === '/memory') for (;;) all.push(new Array(100000).fill(event));
  return event.request;
}`,
    );
    const terminate = jest.spyOn(Worker.prototype, 'terminate');
    const statuses = [];
    for (const path of ['/never', '/memory', '/a.txt']) statuses.push((await edge.ask(path)).status);
    const [ofTheFirst] = terminate.mock.results;
    terminate.mockRestore();
    expect(statuses).toEqual([503, 503, 200]);
    // The exit code of a thread that was running.
    await expect(ofTheFirst?.value).resolves.toBe(1);
    expect(edge.lines[0]).toBe(
      'edge refused 503 GET cdn.example.com "/never" code=FunctionExecutionError reason=own: took longer than 1000 ms',
    );
  });

  it('that loops for ever is ended', async () => {
    const functions = new Map([['own', programOf('function handler() { for (;;); }')]]);
    const runner = new FunctionRunner({ functions, keyValueStores: new Map() }, 100);
    expect(await runner.run('own', {})).toEqual({ failure: 'took longer than 100 ms', printed: [] });
    await runner.close();
  });
});

describe('a viewer response function (R126)', () => {
  it('changes headers and cookies, for a hit as for a miss, and what is kept stays as the origin sent it', async () => {
    const edge = await start(
      'viewer-response',
      `function handler(event) {
  var response = event.response;
  response.headers['strict-transport-security'] = { value: 'max-age=63072000' };
  response.headers['x-uri'] = { value: event.request.uri + ' ' + response.statusCode };
  delete response.headers.server;
  response.cookies.a = { value: '1', attributes: 'Secure' };
  return response;
}`,
    );
    const answers = [await edge.ask('/a.txt'), await edge.ask('/a.txt')];
    const names = [
      'X-Cache',
      'Strict-Transport-Security',
      'X-Uri',
      'Server',
      'Set-Cookie',
      'Content-Type',
      'ETag',
    ];
    expect(answers.map((answer) => names.map((name) => header(answer, name)))).toEqual(
      ['Miss', 'Hit'].map((from) => [
        `${from} from cloudfront`,
        'max-age=63072000',
        '/a.txt 200',
        'CloudFront',
        'a=1; Secure',
        'text/plain',
        '"5d41402abc4b2a76b9719d911017c592"',
      ]),
    );
    expect(answers.map((answer) => answer.body.toString())).toEqual(['hello', 'hello']);
  });

  it('changes status and body', async () => {
    const edge = await start(
      'viewer-response',
      "function handler(event) { return { statusCode: 404, headers: { 'content-type': { value: 'text/plain' } }, body: 'gone' }; }",
      {
        config: {
          CustomErrorResponses: list([
            { ErrorCode: 404, ResponsePagePath: '/index.html', ResponseCode: '200' },
          ]),
        },
      },
    );
    const answer = await edge.ask('/a.txt');
    expect([
      answer.status,
      answer.body.toString(),
      header(answer, 'Content-Length'),
      header(answer, 'ETag'),
    ]).toEqual([404, 'gone', '4', undefined]);
  });

  it('is not asked about errors of the origin', async () => {
    const edge = await start('viewer-response', "function handler() { throw new Error('never'); }");
    expect((await edge.ask('/none.txt')).status).toBe(403);
  });

  it('that fails is 503, with one X-Cache', async () => {
    const edge = await start('viewer-response', "function handler() { throw new Error('broken'); }");
    const answer = await edge.ask('/a.txt');
    expect([answer.status, answer.headers.filter(([name]) => name === 'X-Cache')]).toEqual([
      503,
      [['X-Cache', 'FunctionExecutionError from cloudfront']],
    ]);
  });
});

describe('the functions of a folder', () => {
  const read = (extra: Readonly<Record<string, unknown>>, members: object = associated('viewer-request')) =>
    readDistribution(writeFolder({ defaultBehavior: openBehavior(members), extra }).folder);
  const problemsIn = (result: DistributionResult) =>
    'problems' in result ? result.problems.map(formatFolderProblem) : [];

  it('that are not there are named, with the call that gives them', () => {
    const result = read({});
    expect('distribution' in result && result.distribution.behaviors[0]?.functions).toEqual({
      viewerRequest: null,
      viewerResponse: null,
    });
    expect(result.unfollowed).toEqual([
      'distribution.json DistributionConfig.DefaultCacheBehavior.FunctionAssociations: own is not run; `aws cloudfront get-function --name own functions/own.js` gives its code',
    ]);
  });

  it.each([
    [
      'function handler(event) { return event..x; }',
      /^functions\/own\.js: expected JavaScript with a function handler, found Unexpected token '\.'$/,
    ],
    [
      'await 1; function handler() {}',
      /^functions\/own\.js: expected JavaScript with a function handler, found await is only valid in async functions/,
    ],
    [
      "import crypto { createHash } from 'crypto'; function handler() {}",
      /^functions\/own\.js: expected JavaScript with a function handler, found Cannot use import statement outside a module$/,
    ],
    [
      "import fs from 'node:fs'; function handler() {}",
      /^functions\/own\.js: expected JavaScript with a function handler, found Cannot use import statement outside a module$/,
    ],
    ['var a = 1;', /^functions\/own\.js: expected JavaScript with a function handler, found no handler$/],
  ])('are refused at start when they are none: %s', (code, line) => {
    const result = read({ 'functions/own.js': code });
    expect(problemsIn(result)).toEqual([expect.stringMatching(line)]);
  });

  it.each([
    ['is missing', {}, 'nothing'],
    ['is empty', { FunctionARN: '' }, '""'],
    [
      'names no function',
      { FunctionARN: 'arn:aws:lambda:us-east-1:111122223333:function:own:1' },
      '"arn:aws:lambda:us-east-1:111122223333:function:own:1"',
    ],
  ])('are not named by an ARN that %s, which is one mistake', (_what, arn, found) => {
    const result = read(
      { 'functions/own.js': 'function handler(event) { return event.request; }' },
      { FunctionAssociations: list([{ ...arn, EventType: 'viewer-request' }]) },
    );
    expect([problemsIn(result), result.unfollowed]).toEqual([
      [
        `distribution.json DistributionConfig.DefaultCacheBehavior.FunctionAssociations.Items[0].FunctionARN: expected the ARN of a function, which ends in function/NAME, found ${found}`,
      ],
      [],
    ]);
  });

  it('that cannot be read are one mistake each, and so is a folder that is none', () => {
    expect(read({ 'functions/own.js/inner.txt': 'x' })).toEqual({
      problems: [
        { file: 'functions/own.js', path: '', expected: 'a readable JavaScript file', found: 'EISDIR' },
      ],
      warnings: [],
      unfollowed: [],
    });
    expect(problemsIn(read({ functions: 'x' }))).toEqual([
      'functions: expected a folder of JavaScript files, found ENOTDIR',
    ]);
  });
});
