import { describe, expect, test } from '@jest/globals';
import { sendRaw } from '../support/raw-request.js';
import { samplesOf } from '../support/scrape.js';
import { APP_ORIGIN, CDN_URL, hostileTests, type HostileStage } from './stage.js';
import { answersIn } from './wire-answers.js';

const VALID = '{"prefix":"private/a"}';
const EVIL = 'https://evil-example.com';
const LIMIT_PER_ADDRESS = 500;
const PREFLIGHT = {
  'Access-Control-Request-Method': 'POST',
  'Access-Control-Request-Headers': 'authorization,content-type',
};
/** The clock may tick between the policy and its cookie. */
const CLOUDFRONT_ATTRIBUTES =
  /^Domain=example\.com; Path=\/private\/a; Max-Age=(?:900|899); HttpOnly; Secure; SameSite=Lax$/;

type Answer = Awaited<ReturnType<HostileStage['call']>>;

/** The CORS headers of an answer, sorted, `name: value`. */
const corsOf = ({ rawHeaders }: Pick<Answer, 'rawHeaders'>) =>
  rawHeaders
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .filter((line) => line.startsWith('access-control-'))
    .toSorted();

/** What a grant says of addresses: they come from the settings alone. */
function expectOrdinaryGrant(answer: Answer): void {
  expect([answer.status, (answer.json() as { resource: string }).resource]).toEqual([
    201,
    `${CDN_URL}/private/a/*`,
  ]);
  const given = answer.setCookies.filter((line) => line.startsWith('CloudFront-Policy='));
  expect(given).toHaveLength(1);
  expect(given[0]?.slice(given[0].indexOf('; ') + 2)).toMatch(CLOUDFRONT_ATTRIBUTES);
}

hostileTests(
  'O: origins, hosts, proxies',
  (stage) => {
    /** One call of every kind, as a page of that origin makes it. */
    const everyKind = (origin: string | null) => {
      const from = origin === null ? {} : { Origin: origin };
      const json = { ...from, 'Content-Type': 'application/json' };
      return [
        ['a preflight', 204, stage().call('OPTIONS', '/grants', { headers: { ...from, ...PREFLIGHT } })],
        ['health', 200, stage().call('GET', '/health/live', { headers: from })],
        ['a grant', 201, stage().ask('u1', VALID, from)],
        ['a clearing', 204, stage().call('DELETE', '/grants', { headers: from })],
        ['no token', 401, stage().call('POST', '/grants', { headers: json, body: VALID })],
        ['no right', 403, stage().ask('u1', '{"prefix":"secret"}', from)],
        ['a bad prefix', 400, stage().ask('u1', '{"prefix":"*"}', from)],
        ['no route', 404, stage().call('GET', '/nowhere', { headers: from })],
        ['no method', 405, stage().call('PATCH', '/grants', { headers: from })],
        ['a long body', 413, stage().ask('u1', 'x'.repeat(20_000), from)],
        ['another type', 415, stage().ask('u1', VALID, { ...from, 'Content-Type': 'text/plain' })],
        ['a long head', 431, stage().ask('u1', VALID, { ...from, Cookie: 'x'.repeat(17_000) })],
        [
          'no HTTP',
          400,
          stage().raw(`FOO / HTTP/1.1\r\n${origin === null ? '' : `Origin: ${origin}\r\n`}\r\n`),
        ],
      ] as const;
    };
    const headersOfEveryKind = async (origin: string | null) => {
      // A page elsewhere may not clear.
      const isForeign = origin !== null && origin !== APP_ORIGIN;
      const kinds = everyKind(origin).map(async ([kind, status, asked]) => {
        const answer = await asked;
        const rawHeaders = 'rawHeaders' in answer ? answer.rawHeaders : answer.headers;
        expect([kind, answer.status]).toEqual([kind, kind === 'a clearing' && isForeign ? 403 : status]);
        return [kind, { rawHeaders }] as const;
      });
      return Promise.all(kinds);
    };

    test.each([
      ['O01', EVIL],
      ['O02', 'https://app.example.com.evil.net'],
      ['O02', 'https://evilapp.example.com'],
      ['O03', 'https://appXexample.com'],
      ['O04', 'http://app.example.com'],
      ['O04', 'https://app.example.com:8443'],
      ['O05', 'null'],
      ['O05', 'HTTPS://APP.EXAMPLE.COM'],
    ])('%s %s gets no CORS header on any answer', async (_row, origin) => {
      stage().adds({ grants: 1 });
      for (const [kind, answer] of await headersOfEveryKind(origin)) {
        expect([kind, corsOf(answer)]).toEqual([kind, []]);
      }
    });

    test('O08 a listed origin gets exactly itself, with credentials, on every answer', async () => {
      stage().adds({ grants: 1 });
      const lines = [
        'access-control-allow-credentials: true',
        `access-control-allow-origin: ${APP_ORIGIN}`,
        'access-control-expose-headers: Retry-After',
      ];
      const preflight = [
        'access-control-allow-credentials: true',
        'access-control-allow-headers: Authorization,Content-Type',
        'access-control-allow-methods: GET,HEAD,POST,PUT,DELETE',
        `access-control-allow-origin: ${APP_ORIGIN}`,
        'access-control-expose-headers: Retry-After',
        'access-control-max-age: 600',
      ];
      for (const [kind, answer] of await headersOfEveryKind(APP_ORIGIN)) {
        expect([kind, corsOf(answer)]).toEqual([kind, kind === 'a preflight' ? preflight : lines]);
      }
    });

    test('O09 without Origin every answer says Vary: Origin all the same', async () => {
      stage().adds({ grants: 1 });
      for (const [kind, { rawHeaders }] of await headersOfEveryKind(null)) {
        const vary = rawHeaders.filter(([name]) => name.toLowerCase() === 'vary');
        expect([kind, vary.map(([, value]) => value)]).toEqual([kind, ['Origin']]);
      }
    });

    test.each(['/grants', '/admin/entitlements', '/nowhere'])(
      'O10 a preflight of another page for %s comes to no handler',
      async (path) => {
        const counted = async () =>
          [...samplesOf(await stage().metrics())].filter(
            ([name]) =>
              name.startsWith('edgepass_request_duration_seconds_count') && name.includes('OPTIONS'),
          );
        const headers = { Origin: EVIL, ...PREFLIGHT };
        const answer = await stage().call('OPTIONS', path, { headers });
        expect([answer.status, corsOf(answer), answer.text()]).toEqual([204, [], '']);
        expect((await counted()).every(([name]) => name.includes('route="unmatched"'))).toBe(true);
      },
    );

    test.each([
      ['O14', 'Host', 'evil.example'],
      ['O14', 'Host', 'api.example.com:9999'],
      ['O15', 'X-Forwarded-Host', 'evil.example'],
      ['O15', 'Forwarded', 'for=127.0.0.1;host=evil.example;proto=http'],
      ['O16', 'X-Forwarded-Proto', 'http'],
      ['O16', 'X-Forwarded-Ssl', 'off'],
    ])('%s %s: %s of a stranger changes nothing of a grant', async (_row, name, value) => {
      stage().adds({ grants: 1 });
      expectOrdinaryGrant(await stage().ask('u1', VALID, { [name]: value }));
    });

    test.each([
      ['O20', 'X-Forwarded-Uri'],
      ['O20', 'X-Original-URL'],
      ['O20', 'X-Rewrite-URL'],
    ])('%s %s names another path: still 401', async (_row, name) => {
      const headers = { [name]: '/health/live', 'Content-Type': 'application/json' };
      const answer = await stage().call('POST', '/grants', { headers, body: VALID });
      expect([answer.status, (answer.json() as { code: string }).code]).toEqual([401, 'token_missing']);
    });

    describe('O23, O24 the target and the host of a request', () => {
      const bytes = (target: string, hosts: readonly string[], version = '1.1') =>
        [
          `POST ${target} HTTP/${version}`,
          ...hosts,
          `Authorization: ${stage().bearer('u1')}`,
          'Content-Type: application/json',
          `Content-Length: ${VALID.length}`,
          'Connection: close',
          '',
          VALID,
        ].join('\r\n');

      test.each(['http://evil.example/grants', 'https://evil.example/grants'])(
        'O23 POST %s is the same grant',
        async (target) => {
          stage().adds({ grants: 1 });
          const answer = await stage().raw(bytes(target, ['Host: evil.example']));
          expect([
            answer.status,
            (JSON.parse(answer.body.toString()) as { resource: string }).resource,
          ]).toEqual([201, `${CDN_URL}/private/a/*`]);
        },
      );

      test('O23 another scheme or no slash is no route', async () => {
        for (const target of ['http://evil.example', 'http:grants', 'evil.example/grants']) {
          // oxlint-disable-next-line no-await-in-loop -- three calls
          const answer = await stage().raw(bytes(target, ['Host: a']));
          expect([target, [400, 404].includes(answer.status)]).toEqual([target, true]);
        }
      });

      test.each([
        ['GET', 'http://['],
        ['POST', 'http://[/grants'],
        ['DELETE', 'http://'],
        ['HEAD', 'http://['],
        ['OPTIONS', 'http://[/grants'],
        ['POST', 'foo://a'],
      ])('O23 %s %s has no path: 400 with problem details, counted and logged', async (method, target) => {
        const labels = '{code="request_malformed",reason="target_unreadable"}';
        const counted = async () =>
          samplesOf(await stage().metrics()).get(`edgepass_refusals_total${labels}`) ?? 0;
        const before = await counted();
        const origin = `Origin: ${APP_ORIGIN}`;
        const sent = bytes(target, ['Host: api.example.com', origin]).replace('POST', method);
        const answer = await stage().raw(sent);
        expect([answer.status, corsOf({ rawHeaders: answer.headers })[1]]).toEqual([
          400,
          `access-control-allow-origin: ${APP_ORIGIN}`,
        ]);
        const problem = method === 'HEAD' ? {} : (JSON.parse(answer.body.toString()) as { code?: string });
        expect(problem.code).toBe(method === 'HEAD' ? undefined : 'request_malformed');
        expect(await counted()).toBe(before + 1);
        expect(stage().api.process.stdout()).toContain('"reason":"target_unreadable"');
      });

      test.each([
        ['two that differ', ['Host: api.example.com', 'Host: evil.example']],
        ['two that are the same', ['Host: api.example.com', 'host: api.example.com']],
        ['none', []],
      ])('O24 %s: 400', async (_what, hosts) => {
        const answer = await stage().raw(bytes('/grants', hosts));
        const { code } = JSON.parse(answer.body.toString()) as { code: string };
        expect([answer.status, code]).toEqual([400, 'request_malformed']);
      });
    });

    // The rest of 127.0.0.0/8 is this machine's own on Linux alone.
    const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;
    describeOnLinux('invented addresses', () => {
      test('O19 1,000 invented X-Forwarded-For are one address: the peer of the socket', async () => {
        const port = await stage().portFor('127.0.0.3');
        const statuses: number[] = [];
        while (statuses.length < 1_000) {
          const begin = statuses.length;
          // Fewer than the 100 that one connection may have under way.
          const requests = Array.from({ length: 50 }, (_, at) => [
            'GET /grants HTTP/1.1',
            'Host: api.example.com',
            `X-Forwarded-For: ${begin + at === 0 ? '127.0.0.1' : `10.0.${begin / 50}.${at}`}`,
            ...(at === 49 ? ['Connection: close'] : []),
            '',
            '',
          ]);
          const sent = requests.map((lines) => lines.join('\r\n')).join('');
          // oxlint-disable-next-line no-await-in-loop -- one connection after the other
          const { bytes } = await sendRaw({ port, bytes: sent });
          const answers = answersIn({ sent, received: bytes.toString('latin1') });
          expect(answers).toHaveLength(50);
          statuses.push(...answers.map(({ status }) => status));
        }

        expect(statuses.indexOf(429)).toBe(LIMIT_PER_ADDRESS);
        expect(statuses.slice(0, LIMIT_PER_ADDRESS).every((status) => status === 401)).toBe(true);
        expect(statuses.slice(LIMIT_PER_ADDRESS).every((status) => status === 429)).toBe(true);
        expect(statuses).toHaveLength(1_000);
        expect((await stage().call('GET', '/grants')).status).toBe(401);
      });
    });
  },
  { REQUEST_LIMIT_PER_ADDRESS: String(LIMIT_PER_ADDRESS) },
);
