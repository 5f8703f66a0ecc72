import { connect, type Socket } from 'node:net';
import { createServer } from 'node:https';
import { describe, expect, it } from '@jest/globals';
import {
  ALIAS,
  ALL_VIEWER,
  ALL_VIEWER_EXCEPT_HOST,
  CACHING_DISABLED,
  CACHING_OPTIMIZED,
  header,
  list,
  openBehavior,
  startTestEdge,
  type FolderInput,
} from '../../../test/support/edge-fixture.js';
import { parseResponse } from '../../../test/support/raw-request.js';
import { makeTestCertificates } from '../../../test/support/test-certificates.js';
import { sentHeader, startRawUpstream, startUpstream } from '../../../test/support/upstream.js';

const ALL_METHODS = {
  ...list(['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE']),
  CachedMethods: list(['GET', 'HEAD']),
};
const passing = (members: object = {}) =>
  openBehavior({
    AllowedMethods: ALL_METHODS,
    CachePolicyId: CACHING_DISABLED,
    OriginRequestPolicyId: ALL_VIEWER_EXCEPT_HOST,
    ...members,
  });

function start(url: string, origin: object = {}, more: FolderInput = {}) {
  return startTestEdge({
    defaultBehavior: passing(),
    ...more,
    edge: { origins: { media: { url } }, ...more.edge },
    config: {
      Origins: list([
        {
          Id: 'media',
          DomainName: 'api.example.com',
          CustomOriginConfig: {},
          ConnectionAttempts: 1,
          ...origin,
        },
      ]),
      ...more.config,
    },
  });
}

describe('a request to a server origin (R121)', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s takes its body along', async (method) => {
    const upstream = await startUpstream((message, response) => {
      message.once('end', () => response.writeHead(201, { 'X-Answer': 'yes' }).end('made'));
    });
    const edge = await start(upstream.url);
    const answer = await edge.ask('/things?a=1&b', {
      method,
      headers: ['Content-Type: text/plain', 'Content-Length: 5', '', 'hello'],
    });
    expect([answer.status, header(answer, 'X-Answer'), answer.body.toString()]).toEqual([201, 'yes', 'made']);
    expect(
      upstream.requests.map((one) => [
        one.method,
        one.target,
        one.body,
        sentHeader(one, 'Content-Type'),
        sentHeader(one, 'Content-Length'),
      ]),
    ).toEqual([[method, '/things?a=1&b', 'hello', 'text/plain', '5']]);
  });

  it('takes a body of unknown length along in chunks', async () => {
    const upstream = await startUpstream((message, response) =>
      message.once('end', () => response.end('ok')),
    );
    const edge = await start(upstream.url);
    await edge.ask('/a', {
      method: 'POST',
      headers: ['Transfer-Encoding: chunked', '', '5\r\nhello\r\n0\r\n'],
    });
    expect(upstream.requests[0]?.body).toBe('hello');
  });

  it('has the Host of the origin, of CloudFront itself, and of the viewer only where a policy says so', async () => {
    const upstream = await startUpstream((_message, response) => response.end());
    await (
      await start(upstream.url)
    ).ask('/a', { headers: ['X-Own: 1', 'X-Forwarded-For: 192.0.2.1', 'User-Agent: curl'] });
    const [request] = upstream.requests;
    expect(
      ['Host', 'X-Own', 'X-Forwarded-For', 'User-Agent', 'Via', 'Connection'].map((name) =>
        sentHeader(request, name),
      ),
    ).toEqual([
      'api.example.com',
      '1',
      '192.0.2.1, 127.0.0.1',
      'curl',
      expect.stringMatching(/^1\.1 [0-9a-f]{32}\.cloudfront\.net \(CloudFront\)$/),
      'keep-alive',
    ]);
    expect(sentHeader(request, 'X-Amz-Cf-Id')).toMatch(/^[A-Za-z0-9_=-]{56}$/);
    await (
      await start(upstream.url, {}, { defaultBehavior: passing({ OriginRequestPolicyId: ALL_VIEWER }) })
    ).ask('/a');
    expect(sentHeader(upstream.requests[1], 'Host')).toBe(ALIAS);
  });

  it('has nothing of the viewer without a policy that names it', async () => {
    const upstream = await startUpstream((_message, response) => response.end());
    const edge = await start(upstream.url, {}, { defaultBehavior: passing({ OriginRequestPolicyId: '' }) });
    await edge.ask('/a?x=1', {
      headers: ['X-Own: 1', 'Authorization: Bearer x', 'User-Agent: curl', 'Accept: text/html'],
      cookies: 'a=1',
    });
    const [request] = upstream.requests;
    expect(request?.target).toBe('/a');
    expect(
      ['X-Own', 'Authorization', 'Accept', 'Cookie', 'User-Agent'].map((name) => sentHeader(request, name)),
    ).toEqual([undefined, undefined, undefined, undefined, 'Amazon CloudFront']);
  });

  it('has under ForwardedValues everything but what CloudFront removes', async () => {
    const upstream = await startUpstream((_message, response) => response.end());
    const legacy = {
      CachePolicyId: undefined,
      OriginRequestPolicyId: undefined,
      ForwardedValues: { QueryString: true, Cookies: { Forward: 'none' } },
      MinTTL: 0,
    };
    const edge = await start(upstream.url, {}, { defaultBehavior: passing(legacy) });
    const headers = [
      'X-Own: 1',
      'Authorization: Bearer x',
      'Referer: https://a',
      'Accept: text/html',
      'Origin: https://a',
    ];
    await edge.ask('/a?x=1', { headers, cookies: 'a=1' });
    await edge.ask('/a', { method: 'POST', headers });
    const names = ['X-Own', 'Origin', 'Authorization', 'Referer', 'Accept', 'Cookie', 'Host'];
    expect(upstream.requests.map((request) => names.map((name) => sentHeader(request, name)))).toEqual([
      ['1', 'https://a', undefined, undefined, undefined, undefined, 'api.example.com'],
      ['1', 'https://a', 'Bearer x', undefined, undefined, undefined, 'api.example.com'],
    ]);
  });

  it('goes below the OriginPath, with the custom headers of the origin and the path as it came (R27, R88)', async () => {
    const upstream = await startUpstream((_message, response) => response.end());
    const origin = {
      OriginPath: '/prod',
      CustomHeaders: list([{ HeaderName: 'X-Key', HeaderValue: 'secret' }]),
    };
    const edge = await start(upstream.url, origin);
    await edge.ask('/a/../b//c%2Fd+e?x=%20', { headers: ['X-Key: forged'] });
    expect([upstream.requests[0]?.target, sentHeader(upstream.requests[0], 'X-Key')]).toEqual([
      '/prod/a/../b//c%2Fd+e?x=%20',
      'secret',
    ]);
  });

  it('leaves behind what is about the connection of the viewer (E45)', async () => {
    const upstream = await startUpstream((_message, response) => response.end());
    const edge = await start(upstream.url);
    const headers = [
      'Connection: close, X-Mine',
      'X-Mine: 1',
      'Keep-Alive: timeout=5',
      'Expect: 100-continue',
      'TE: trailers',
      'Proxy-Authorization: x',
      'X-Edge-Own: 1',
      'CloudFront-Viewer-Country: XX',
    ];
    await edge.ask('/a', { headers });
    const names = upstream.requests[0]?.headers.map(([name]) => name.toLowerCase()) ?? [];
    expect(
      names.filter((name) => /^(x-mine|keep-alive|expect|te|proxy-|x-edge|cloudfront-)/.test(name)),
    ).toEqual([]);
  });

  it('uses a connection again', async () => {
    const upstream = await startUpstream((_message, response) => response.end('ok'));
    const edge = await start(upstream.url);
    for (const path of ['/a', '/b', '/c']) await edge.ask(path);
    expect([upstream.requests.length, upstream.connections()]).toEqual([3, 1]);
  });

  it('never goes to another host, whatever the viewer writes (E40, E41, E43)', async () => {
    const elsewhere = await startUpstream((_message, response) => response.end('elsewhere'));
    const upstream = await startUpstream((_message, response) =>
      response.writeHead(302, { Location: `${elsewhere.url}/x` }).end(),
    );
    const edge = await start(
      upstream.url,
      {},
      { defaultBehavior: passing({ OriginRequestPolicyId: ALL_VIEWER }) },
    );
    const other = elsewhere.url.replace('http://', '');
    const answers = [
      await edge.ask('/redirected'),
      await edge.ask(`//${other}/x`),
      await edge.ask(`/@${other}/x`),
      await edge.ask(`${elsewhere.url}/x`),
      await edge.ask('/a', { headers: [`X-Forwarded-Host: ${other}`, `Forwarded: host=${other}`] }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([302, 302, 302, 403, 302]);
    expect([header(answers[0]!, 'Location'), elsewhere.connections()]).toEqual([`${elsewhere.url}/x`, 0]);
  });
});

describe('the answer of a server origin (R121)', () => {
  it('comes with its headers, those of its connection left behind (E45)', async () => {
    const url = await startRawUpstream((socket) => {
      socket.once('data', () =>
        socket.end(
          'HTTP/1.1 200 Fine\r\nX-Own: 1\r\nX-Own: 2\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nUpgrade: h2c\r\nVia: 1.1 nginx\r\nServer: mine\r\nX-Bytes: \xe9\r\nContent-Length: 2\r\n\r\nok',
          'latin1',
        ),
      );
    });
    const answer = await (await start(url)).ask('/a');
    expect(answer.body.toString()).toBe('ok');
    expect(
      answer.headers.map(([name, value]) => [
        name,
        value.replace(/[0-9a-f]{32}|[A-Za-z0-9_=-]{56}|.* GMT$/, 'X'),
      ]),
    ).toEqual([
      ['X-Own', '1'],
      ['X-Own', '2'],
      ['Server', 'mine'],
      ['X-Bytes', '\xe9'],
      ['Content-Length', '2'],
      ['X-Cache', 'Miss from cloudfront'],
      ['Via', '1.1 X.cloudfront.net (CloudFront)'],
      ['X-Amz-Cf-Pop', 'LOCAL50-P1'],
      ['X-Amz-Cf-Id', 'X'],
      ['Date', 'X'],
      ['Connection', 'close'],
    ]);
  });

  it('brings cookies only where cookies go to the origin (CF-COOK)', async () => {
    const upstream = await startUpstream((_message, response) =>
      response.setHeader('Set-Cookie', ['a=1', 'b=2']).end(),
    );
    const cookiesOf = async (behavior: object) => {
      const answer = await (await start(upstream.url, {}, { defaultBehavior: behavior })).ask('/a');
      return answer.headers.filter(([name]) => name === 'Set-Cookie').map(([, value]) => value);
    };
    expect(await cookiesOf(passing())).toEqual(['a=1', 'b=2']);
    expect(await cookiesOf(passing({ OriginRequestPolicyId: '' }))).toEqual([]);
  });

  it('streams, both ways at once', async () => {
    const upstream = await startUpstream((message, response) => {
      response.writeHead(200);
      message.on('data', (chunk: Buffer) => response.write(chunk.toString().toUpperCase()));
      message.once('end', () => response.end());
    });
    const edge = await start(upstream.url);
    const talk = speak(edge.port);
    talk.socket.write(
      `POST /echo HTTP/1.1\r\nHost: ${ALIAS}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
    );
    await talk.until('3\r\nABC\r\n');
    talk.socket.write('2\r\nde\r\n0\r\n\r\n');
    await talk.until('2\r\nDE\r\n0\r\n\r\n');
    expect(parseResponse(Buffer.from(talk.received(), 'latin1')).body.toString()).toBe('ABCDE');
    talk.socket.destroy();
  });

  it('is an event stream whose first event does not wait for the second, cached or not', async () => {
    const upstream = await startUpstream((_message, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: 1\n\n');
    });
    for (const CachePolicyId of [CACHING_DISABLED, CACHING_OPTIMIZED]) {
      const edge = await start(upstream.url, {}, { defaultBehavior: passing({ CachePolicyId }) });
      const talk = speak(edge.port);
      talk.socket.write(`GET /events HTTP/1.1\r\nHost: ${ALIAS}\r\n\r\n`);
      await talk.until('data: 1\n\n');
      expect(talk.received()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      talk.socket.destroy();
    }
  });

  it('may be announced by early hints (RFC 9110 section 15.2)', async () => {
    const upstream = await startUpstream((_message, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.end('ok');
    });
    const answer = await (await start(upstream.url)).ask('/a');
    expect(answer.bytes.toString()).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/i,
    );
  });

  it('is asked for each time and without conditions where it varies by everything (CF-CO)', async () => {
    const upstream = await startUpstream((_message, response) => {
      response
        .setHeader('Vary', ['Origin', '*'])
        .setHeader('Cache-Control', 'max-age=60')
        .setHeader('ETag', '"1"');
      response.end('ok');
    });
    const ForwardedValues = { QueryString: false, Cookies: { Forward: 'none' } };
    const legacy = { CachePolicyId: undefined, OriginRequestPolicyId: undefined, ForwardedValues, MinTTL: 0 };
    const edge = await start(upstream.url, {}, { defaultBehavior: passing(legacy) });
    const answers = [await edge.ask('/a'), await edge.ask('/a')];
    expect(answers.map((one) => header(one, 'X-Cache'))).toEqual([
      'Miss from cloudfront',
      'Miss from cloudfront',
    ]);
    expect(upstream.requests.map((one) => sentHeader(one, 'If-None-Match'))).toEqual([undefined, undefined]);
  });

  it('keeps no body for HEAD, 204 and 304', async () => {
    const upstream = await startUpstream((message, response) => {
      const status = Number(message.url?.slice(1));
      response.writeHead(status, status === 200 ? { 'Content-Length': '7' } : {}).end();
    });
    const edge = await start(upstream.url);
    const answers = [
      await edge.ask('/200', { method: 'HEAD' }),
      await edge.ask('/204'),
      await edge.ask('/304'),
    ];
    expect(answers.map((one) => [one.status, one.body.length, header(one, 'Content-Length')])).toEqual([
      [200, 0, '7'],
      [204, 0, undefined],
      [304, 0, undefined],
    ]);
  });
});

describe('a server origin that fails (R122, E46)', () => {
  const refusedUrl = async () => {
    const url = await startRawUpstream((socket) => socket.destroy());
    return url;
  };

  it('is 502 with the page of CloudFront when nobody listens', async () => {
    const edge = await start('http://127.0.0.1:1');
    const answer = await edge.ask('/a');
    expect([
      answer.status,
      header(answer, 'Server'),
      header(answer, 'Content-Type'),
      header(answer, 'X-Cache'),
    ]).toEqual([502, 'CloudFront', 'text/html', 'Error from cloudfront']);
    expect(answer.body.toString()).toContain(
      '<H1>502 ERROR</H1>\n<H2>The request could not be satisfied.</H2>\n<HR noshade size="1px">\nCloudFront wasn\'t able to connect to the origin.\n',
    );
    expect(edge.lines).toEqual([
      'edge refused 502 GET cdn.example.com "/a" code=origin reason=origin-not-connected-ECONNREFUSED',
    ]);
  });

  it('is 502 when the connection ends before an answer, and for an answer that is none', async () => {
    const none = await start(await refusedUrl());
    const garbage = await start(
      await startRawUpstream((socket) => socket.once('data', () => socket.end('hello\r\n\r\n'))),
    );
    const lengths = await start(
      await startRawUpstream((socket) =>
        socket.once('data', () =>
          socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'),
        ),
      ),
    );
    const both = await start(
      await startRawUpstream((socket) =>
        socket.once('data', () =>
          socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
        ),
      ),
    );
    const statuses = await Promise.all(
      [none, garbage, lengths, both].map(async (edge) => (await edge.ask('/a')).status),
    );
    expect(statuses).toEqual([502, 502, 502, 502]);
  });

  it('is 504 when it does not answer in time; GET is asked as often as the distribution says, POST once', async () => {
    const silent = await startUpstream(() => undefined);
    const edge = await start(silent.url, {
      ConnectionAttempts: 2,
      CustomOriginConfig: { OriginReadTimeout: 1 },
    });
    const [asked, sent] = await Promise.all([edge.ask('/get'), edge.ask('/sent', { method: 'POST' })]);
    expect([asked?.status, sent?.status]).toEqual([504, 504]);
    expect(silent.requests.map(({ target }) => target).toSorted()).toEqual(['/get', '/get', '/sent']);
    expect(asked?.body.toString()).toContain('<H1>504 ERROR</H1>');
    expect(edge.lines).toContain(
      'edge refused 504 GET cdn.example.com "/get" code=origin reason=origin-response-timeout',
    );
  });

  it('ends the connection to the viewer when its answer breaks off, so that nothing looks complete', async () => {
    const url = await startRawUpstream((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
        setImmediate(() => socket.destroy());
      });
    });
    for (const CachePolicyId of [CACHING_DISABLED, CACHING_OPTIMIZED]) {
      const edge = await start(url, {}, { defaultBehavior: passing({ CachePolicyId }) });
      const talk = speak(edge.port);
      talk.socket.write(`GET /a HTTP/1.1\r\nHost: ${ALIAS}\r\n\r\n`);
      await talk.closed;
      const answer = parseResponse(Buffer.from(talk.received(), 'latin1'));
      expect([header(answer, 'Content-Length'), answer.body.toString()]).toEqual(['100', 'half']);
    }
  });

  it('is let go when the viewer goes away', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const { promise: asked, resolve: wasAsked } = Promise.withResolvers<null>();
    const upstream = await startUpstream((_message, response) => {
      wasAsked(null);
      response.once('close', () => resolve('closed'));
    });
    const edge = await start(upstream.url);
    const talk = speak(edge.port);
    talk.socket.write(`GET /slow HTTP/1.1\r\nHost: ${ALIAS}\r\n\r\n`);
    await asked;
    talk.socket.destroy();
    expect(await promise).toBe('closed');
  });

  it('still answers a viewer whose body it did not read', async () => {
    const edge = await start('http://127.0.0.1:1');
    const talk = speak(edge.port);
    talk.socket.write(
      `POST /a HTTP/1.1\r\nHost: ${ALIAS}\r\nContent-Length: 9000000\r\n\r\n${'x'.repeat(9_000_000)}`,
    );
    await talk.closed;
    const answer = parseResponse(Buffer.from(talk.received(), 'latin1'));
    expect([answer.status, header(answer, 'Connection')]).toEqual([502, 'close']);
  });
});

describe('an https server origin', () => {
  it('is trusted by the authority in edge.json and by no other', async () => {
    const certificates = await makeTestCertificates(['localhost']);
    const server = createServer(
      { cert: certificates.certificatePem, key: certificates.keyPem },
      (_message, response) => response.end('secret'),
    );
    await new Promise<void>((resolve) => server.listen(0, () => resolve()));
    const url = `https://localhost:${(server.address() as { port: number }).port}`;
    const trusting = await start(
      url,
      {},
      { edge: { origins: { media: { url, caFile: certificates.caFile } } } },
    );
    const strict = await start(url);
    const answers = [await trusting.ask('/a'), await strict.ask('/a')];
    server.close();
    server.closeAllConnections();
    expect(answers.map((one) => one.status)).toEqual([200, 502]);
    expect(strict.lines[0]).toContain('reason=origin-not-connected-');
  });
});

describe('the cache in front of a server origin', () => {
  it('keeps what comes whole, with or without a length, and shares it while it comes', async () => {
    let finish: () => void = () => undefined;
    const upstream = await startUpstream((message, response) => {
      if (message.url === '/length') response.setHeader('Content-Length', '10');
      response.write('01234');
      finish = () => response.end('56789');
    });
    for (const path of ['/length', '/chunked']) {
      const edge = await start(
        upstream.url,
        {},
        { defaultBehavior: passing({ CachePolicyId: CACHING_OPTIMIZED, OriginRequestPolicyId: '' }) },
      );
      const first = speak(edge.port);
      first.socket.write(`GET ${path} HTTP/1.1\r\nHost: ${ALIAS}\r\nConnection: close\r\n\r\n`);
      await first.until('01234');
      const second = speak(edge.port);
      second.socket.write(`GET ${path} HTTP/1.1\r\nHost: ${ALIAS}\r\nConnection: close\r\n\r\n`);
      await second.until('01234');
      finish();
      await Promise.all([first.closed, second.closed]);
      const third = await edge.ask(path, { headers: ['Range: bytes=4-5'] });
      expect(
        [first, second]
          .map((one) => parseResponse(Buffer.from(one.received(), 'latin1')))
          .map((one) => [header(one, 'X-Cache'), one.body.toString()]),
      ).toEqual([
        ['Miss from cloudfront', '0123456789'],
        ['Hit from cloudfront', '0123456789'],
      ]);
      expect([third.status, header(third, 'X-Cache'), third.body.toString()]).toEqual([
        206,
        'Hit from cloudfront',
        '45',
      ]);
    }
    expect(upstream.requests.length).toBe(2);
  });

  it('answers a range from the whole, which it fetches', async () => {
    const upstream = await startUpstream((_message, response) => response.end('0123456789'));
    const edge = await start(
      upstream.url,
      {},
      { defaultBehavior: passing({ CachePolicyId: CACHING_OPTIMIZED }) },
    );
    const answer = await edge.ask('/a', { headers: ['Range: bytes=2-3'] });
    expect([answer.status, answer.body.toString(), header(answer, 'X-Cache')]).toEqual([
      206,
      '23',
      'Miss from cloudfront',
    ]);
    expect([sentHeader(upstream.requests[0], 'Range'), header(await edge.ask('/a'), 'X-Cache')]).toEqual([
      undefined,
      'Hit from cloudfront',
    ]);
  });

  it('asks for the part alone of what is too large to be kept', async () => {
    const upstream = await startUpstream((message, response) => {
      const isPart = message.headers.range === 'bytes=2000000-2000001';
      const length = isPart
        ? { 'Content-Length': 2, 'Content-Range': 'bytes 2000000-2000001/3000000' }
        : { 'Content-Length': 3_000_000 };
      response.writeHead(isPart ? 206 : 200, length);
      if (isPart) response.end('ok');
      else response.write('the beginning');
    });
    const edge = await start(
      upstream.url,
      {},
      {
        defaultBehavior: passing({ CachePolicyId: CACHING_OPTIMIZED }),
        edge: { origins: { media: { url: upstream.url } }, cache: { objectMegabytes: 1 } },
      },
    );
    const answer = await edge.ask('/film', { headers: ['Range: bytes=2000000-2000001'] });
    expect([answer.status, answer.body.toString(), header(answer, 'Content-Range')]).toEqual([
      206,
      'ok',
      'bytes 2000000-2000001/3000000',
    ]);
  });

  it('keeps nothing that broke off or that its only viewer left', async () => {
    let count = 0;
    const url = await startRawUpstream((socket) => {
      socket.once('data', () => {
        count += 1;
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234');
        if (count === 1) setImmediate(() => socket.destroy());
        else socket.end('56789');
      });
    });
    const edge = await start(url, {}, { defaultBehavior: passing({ CachePolicyId: CACHING_OPTIMIZED }) });
    const broken = await edge.ask('/a').catch(() => null);
    const whole = await edge.ask('/a');
    expect([broken?.body.toString(), whole.body.toString(), header(whole, 'X-Cache')]).toEqual([
      '01234',
      '0123456789',
      'Miss from cloudfront',
    ]);
  });

  it('answers for an origin that fails, as long as the copy may', async () => {
    let isUp = true;
    const upstream = await startUpstream((message, response) => {
      if (!isUp) message.socket.destroy();
      else
        response
          .setHeader('Cache-Control', message.url === '/strict' ? 'max-age=5, must-revalidate' : 'max-age=5')
          .end('kept');
    });
    const edge = await start(
      upstream.url,
      {},
      { defaultBehavior: passing({ CachePolicyId: CACHING_OPTIMIZED }) },
    );
    for (const path of ['/loose', '/strict']) await edge.ask(path);
    isUp = false;
    // Date of the origin is the real time, that of the edge stands still.
    edge.clock.move(10_000_000);
    const answers = [await edge.ask('/loose'), await edge.ask('/strict')];
    expect(answers.map((one) => [one.status, header(one, 'X-Cache')])).toEqual([
      [200, 'Hit from cloudfront'],
      [502, 'Error from cloudfront'],
    ]);
  });
});

describe('an origin group (R124)', () => {
  const failing = (statuses: readonly number[], firstUrl: string, secondUrl: string) =>
    startTestEdge({
      defaultBehavior: passing({ TargetOriginId: 'both' }),
      behaviors: [passing({ TargetOriginId: 'both', PathPattern: '/own/*' })],
      edge: { origins: { media: { url: firstUrl }, second: { url: secondUrl } } },
      config: {
        Origins: list([
          { Id: 'media', DomainName: 'first.example.com', CustomOriginConfig: {}, ConnectionAttempts: 1 },
          { Id: 'second', DomainName: 'second.example.com', CustomOriginConfig: {}, OriginPath: '/spare' },
        ]),
        OriginGroups: list([
          {
            Id: 'both',
            FailoverCriteria: { StatusCodes: list(statuses) },
            Members: list([{ OriginId: 'media' }, { OriginId: 'second' }]),
          },
        ]),
      },
    });
  const answering = (status: number, text: string) =>
    startUpstream((message, response) => {
      message.resume();
      message.once('end', () => response.writeHead(status).end(text));
    });

  it('asks the second origin on a listed status, as itself', async () => {
    const [first, second] = await Promise.all([answering(503, 'down'), answering(200, 'spare')]);
    const edge = await failing([503], first.url, second.url);
    const answer = await edge.ask('/a?x=1');
    expect([answer.status, answer.body.toString()]).toEqual([200, 'spare']);
    expect([second.requests[0]?.target, sentHeader(second.requests[0], 'Host')]).toEqual([
      '/spare/a?x=1',
      'second.example.com',
    ]);
  });

  it.each([
    ['a status that is not listed', 'GET', 404, 404, 0],
    ['a method that may change something', 'POST', 503, 503, 0],
    ['HEAD', 'HEAD', 503, 200, 1],
    ['OPTIONS', 'OPTIONS', 503, 200, 1],
  ])('for %s', async (_what, method, status, expected, asked) => {
    const [first, second] = await Promise.all([answering(status, 'down'), answering(200, 'spare')]);
    const answer = await (await failing([503], first.url, second.url)).ask('/a', { method });
    expect([answer.status, second.requests.length]).toEqual([expected, asked]);
  });

  it('asks the second when no connection comes about, whatever is listed', async () => {
    const second = await answering(200, 'spare');
    expect((await (await failing([404], 'http://127.0.0.1:1', second.url)).ask('/a')).body.toString()).toBe(
      'spare',
    );
  });

  it('of two servers gets a path of two readings as it came, as one server does', async () => {
    const [first, second] = await Promise.all([answering(200, 'first'), answering(200, 'second')]);
    const answer = await (await failing([503], first.url, second.url)).ask('/own%2Fa');
    expect([answer.status, first.requests[0]?.target]).toEqual([200, '/own%2Fa']);
  });

  it('answers the error of the second when both fail', async () => {
    const [first, second] = await Promise.all([answering(503, 'first'), answering(500, 'second')]);
    const answer = await (await failing([503], first.url, second.url)).ask('/a');
    expect([answer.status, answer.body.toString()]).toEqual([500, 'second']);
  });
});

/** A connection of which every byte is seen. */
function speak(port: number) {
  const socket: Socket = connect(port, '127.0.0.1');
  let text = '';
  const waiting = new Set<() => void>();
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
    for (const check of waiting) check();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    socket,
    closed,
    received: () => text,
    until: (end: string) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (!text.includes(end)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}
