import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { samplesOf } from '../support/scrape.js';
import {
  AUDIENCE,
  base64url,
  eddsa,
  es256,
  hs256,
  ISSUER,
  ps256,
  rs256,
  rs512,
  rsaKey,
} from '../support/token-issuer.js';
import {
  EDWARDS,
  epochSeconds,
  FOR_ENCRYPTION,
  LEAKED,
  RSA,
  SECOND_RSA,
  SHARED_SECRET,
  SHORT_RSA,
  signed,
  startIssuerSignIn,
  type IssuerSignIn,
} from './issuer-sign-in.js';
import { IS_WHOLE } from '../support/whole.js';
import { countStatuses, sendMany, sendUntilServed, type Call } from './many-calls.js';
import { hostileTests } from './stage.js';

const RS256 = { alg: 'RS256', kid: 'rsa-1' };
const ES256 = { alg: 'ES256', kid: 'ec-1' };
/** Order of the group of P-256. */
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const JSON_BODY = { 'Content-Type': 'application/json' };
const EVERYONES = '{"prefix":"courses"}';
/** `npm run whole` takes the whole number of each row. */
const [UNKNOWN_KEYS, ALTERNATING] = IS_WHOLE ? [1_000, 600] : [250, 150];

let signIn: IssuerSignIn | null = null;
const downloads = (): number => signIn?.downloads ?? 0;

hostileTests(
  'J: tokens and issuer keys',
  (stage) => {
    /** Status, code and challenge of `POST /grants` for what everyone may open, with that header. */
    async function present(authorization: string | readonly string[] | null): Promise<string> {
      const headers = authorization === null ? {} : { Authorization: authorization };
      const answer = await stage().call('POST', '/grants', {
        headers: { ...JSON_BODY, ...headers },
        body: EVERYONES,
      });
      if (answer.status === 201) return '201';
      const { code } = answer.json() as { code: string };
      const isChallenged = answer.headers['www-authenticate']?.startsWith('Bearer realm="edgepass"') === true;
      return `${answer.status} ${code}${isChallenged ? ' challenged' : ''}`;
    }
    /** The same for a token, which must then stand in no log. */
    async function presentToken(token: string): Promise<string> {
      if (token.length > 40) stage().keepSecret(token);
      return present(`Bearer ${token}`);
    }
    const INVALID = '401 token_invalid challenged';

    describe('where a token stands', () => {
      test('J01 no header is 401 with a challenge', async () => {
        expect(await present(null)).toBe('401 token_missing challenged');
      });

      test.each(['Bearer', 'Bearer ', 'Basic dTE6cHc=', 'Bearer a b', 'bearer', 'Token abc'])(
        'J01 %j is 401 with a challenge',
        async (header) => {
          expect(await present(header)).toBe(INVALID);
        },
      );

      test.each([0, 1])('J02 two Authorization headers are 401, the valid one at place %d', async (place) => {
        const lines = ['Authorization: Bearer x.y.z'];
        lines.splice(place, 0, `Authorization: ${stage().bearer('u1')}`);
        const head = ['POST /grants HTTP/1.1', 'Host: a', 'Connection: close', ...lines];
        const answer = await stage().raw(
          `${[...head, 'Content-Type: application/json', `Content-Length: ${EVERYONES.length}`].join('\r\n')}\r\n\r\n${EVERYONES}`,
        );
        expect(answer.status).toBe(401);
      });

      test('J03 a token in the query or in the body is 401, and not logged with the URL', async () => {
        const token = stage().bearer('u1').replace('Bearer ', '');
        const bodies = [EVERYONES, JSON.stringify({ prefix: 'courses', access_token: token })];
        const answers = await Promise.all(
          bodies.map((body) =>
            stage().call('POST', `/grants?access_token=${token}`, { headers: JSON_BODY, body }),
          ),
        );
        expect(answers.map(({ status }) => status)).toEqual([401, 401]);
      });
    });

    describe('a signature that proves nothing', () => {
      test('J04 alg none, with an empty signature and with one', async () => {
        const none = `${base64url('{"alg":"none"}')}.${signed().split('.')[1]}.`;
        expect([await presentToken(none), await presentToken(`${none}AA`)]).toEqual([INVALID, INVALID]);
      });

      test.each([['NoNe'], [undefined], [''], [['ES256']]])('J05 alg %j', async (alg) => {
        expect(await presentToken(signed({}, { ...ES256, alg }))).toBe(INVALID);
      });

      test('J06 HS256 keyed with the public key of the issuer, in each form of it', async () => {
        const secrets = [RSA.publicPem, RSA.publicPem.trim(), JSON.stringify(RSA.jwk)];
        for (const secret of secrets) {
          expect(await presentToken(signed({}, { alg: 'HS256', kid: 'rsa-1' }, hs256(secret)))).toBe(INVALID);
        }
      });

      test('J08 the key id of a key of the other type', async () => {
        expect(await presentToken(signed({}, { alg: 'ES256', kid: 'rsa-1' }))).toBe(INVALID);
        const reverse = signed({}, { alg: 'RS256', kid: 'ec-1' }, rs256(RSA.privateKey));
        expect(await presentToken(reverse)).toBe(INVALID);
      });

      test.each([
        ['ES256', signed()],
        ['RS256', signed({}, RS256, rs256(RSA.privateKey))],
      ])(
        'J09 one bit of the signature flipped (%s), and the same token as it was signed',
        async (_alg, token) => {
          const [head, payload, signature = ''] = token.split('.');
          const bytes = Buffer.from(signature, 'base64url');
          bytes[40] = (bytes[40] ?? 0) ^ 1;
          expect(await presentToken([head, payload, bytes.toString('base64url')].join('.'))).toBe(INVALID);
          stage().adds({ grants: 1 });
          expect(await presentToken(token)).toBe('201');
        },
      );

      test('J09 one bit of the payload flipped', async () => {
        const [head, , signature] = signed().split('.');
        const other = base64url(JSON.stringify({ ...payloadOf(signed()), groups: ['admins'] }));
        expect(await presentToken([head, other, signature].join('.'))).toBe(INVALID);
      });

      test('J10 ES256 with r = s = 0', async () => {
        expect(await presentToken(signed({}, ES256, () => Buffer.alloc(64)))).toBe(INVALID);
      });

      // The classes of Wycheproof's ECDSA and RSA vectors; the files themselves are not here (docs/evidence/hostile.md).
      const EDGES: readonly (readonly [string, Buffer])[] = [
        ['r = 0', rs(0n, 1n)],
        ['s = 0', rs(1n, 0n)],
        ['r = s = 1', rs(1n, 1n)],
        ['r = n', rs(ORDER, 1n)],
        ['s = n', rs(1n, ORDER)],
        ['r = n, s = n', rs(ORDER, ORDER)],
        ['all ones', Buffer.alloc(64, 0xff)],
        ['63 bytes', Buffer.alloc(63, 1)],
        ['65 bytes', Buffer.alloc(65, 1)],
        ['no byte but a sign', Buffer.alloc(1)],
      ];
      test.each(EDGES)('J53 ES256 with %s', async (_what, signature) => {
        expect(await presentToken(signed({}, ES256, () => signature))).toBe(INVALID);
      });

      test('J53 ES256 in the DER form of X.509, with a longer one, and s beyond the order', async () => {
        const genuine = Buffer.from(signed().split('.')[2] ?? '', 'base64url');
        const [r, s] = [genuine.subarray(0, 32), genuine.subarray(32)].map((half) => half.toString('hex'));
        const beyond = BigInt(`0x${s}`) + ORDER;
        const forms = [
          Buffer.from(`30440220${r}0220${s}`, 'hex'),
          Buffer.concat([genuine, Buffer.alloc(2)]),
          Buffer.from(`${r}${beyond.toString(16).padStart(64, '0')}`.padEnd(130, '0'), 'hex'),
        ];
        for (const form of forms) expect(await presentToken(signed({}, ES256, () => form))).toBe(INVALID);
      });

      test('J53 RS256 with a signature that is zero, one, too short, too long or over another hash', async () => {
        const short = Buffer.alloc(255, 1);
        const forms = [Buffer.alloc(256), rs(0n, 1n), short, Buffer.concat([short, short])];
        for (const form of forms) expect(await presentToken(signed({}, RS256, () => form))).toBe(INVALID);
        expect(await presentToken(signed({}, RS256, rs512(RSA.privateKey)))).toBe(INVALID);
      });

      test('J12 PS256, RS512 and EdDSA by real keys of the set are not on the list', async () => {
        const tokens = [
          signed({}, { alg: 'PS256', kid: 'rsa-1' }, ps256(RSA.privateKey)),
          signed({}, { alg: 'RS512', kid: 'rsa-1' }, rs512(RSA.privateKey)),
          signed({}, { alg: 'EdDSA', kid: 'ed-1' }, eddsa(EDWARDS.privateKey)),
        ];
        for (const token of tokens) expect(await presentToken(token)).toBe(INVALID);
      });
    });

    describe('a key id', () => {
      test.each([
        ['J13', '../../../../dev/null'],
        ['J13', '/dev/null'],
        ['J14', "' UNION SELECT 1--"],
      ])('%s is only looked up: %j', async (_row, kid) => {
        const empty = hs256('');
        expect(await presentToken(signed({}, { alg: 'ES256', kid }))).toBe(INVALID);
        expect(await presentToken(signed({}, { alg: 'HS256', kid }, empty))).toBe(INVALID);
      });

      test('J16 none is enough, also where two keys of the set might be meant, but not for a key beside the set', async () => {
        const foreign = rsaKey('foreign').privateKey;
        expect(await presentToken(signed({}, { alg: 'RS256' }, rs256(foreign)))).toBe(INVALID);
        stage().adds({ grants: 3 });
        for (const key of [RSA, SECOND_RSA]) {
          expect(await presentToken(signed({}, { alg: 'RS256' }, rs256(key.privateKey)))).toBe('201');
        }
        expect(await presentToken(signed({}, { alg: 'ES256' }))).toBe('201');
      });

      test(`J17 ${UNKNOWN_KEYS} tokens with random key ids cause at most one download, and valid tokens keep working`, async () => {
        const before = downloads();
        const [, payload] = signed().split('.');
        const valid = stage().bearer('u1');
        const calls = Array.from({ length: UNKNOWN_KEYS }, (_, index): Call => {
          const header = base64url(JSON.stringify({ alg: 'ES256', kid: `random-${index}-${Math.random()}` }));
          const token = index % 10 === 0 ? valid : `Bearer ${header}.${payload}.${'A'.repeat(86)}`;
          return { path: '/entitlements', headers: { Authorization: token } };
        });
        const answers = await sendUntilServed(stage().url, calls, 20);
        expect(answers.map(({ status }, index) => [index, status])).toEqual(
          answers.map((_, index) => [index, index % 10 === 0 ? 200 : 401]),
        );
        expect(downloads() - before).toBeLessThanOrEqual(1);
      });
    });

    describe('what a header names', () => {
      let attacker: Server;
      let attackerUrl: string;
      let connections = 0;
      const forger = rsaKey('forged');
      beforeAll(async () => {
        attacker = createServer((_, response) => response.end(JSON.stringify({ keys: [forger.jwk] })));
        attacker.on('connection', () => (connections += 1));
        await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
        attackerUrl = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/keys`;
      });
      afterAll(() => new Promise((resolve) => attacker.close(resolve)));

      test('J19 jku, x5u and jwk are never followed: the address in them gets no connection', async () => {
        const places = { jku: attackerUrl, x5u: attackerUrl, jwk: forger.jwk };
        for (const kid of ['forged', 'rsa-1', undefined]) {
          const header = { alg: 'RS256', kid, ...places };
          expect(await presentToken(signed({}, header, rs256(forger.privateKey)))).toBe(INVALID);
        }
        stage().adds({ grants: 1 });
        expect(await presentToken(signed({}, { ...ES256, ...places }))).toBe('201');
        expect(connections).toBe(0);
      });

      test.each([[{ crit: ['x'], x: 1 }], [{ crit: ['b64'], b64: true }], [{ crit: [] }], [{ b64: false }]])(
        'J21 %j',
        async (extension) => {
          expect(await presentToken(signed({}, { ...ES256, ...extension }))).toBe(INVALID);
        },
      );
    });

    describe('another form than a compact JWS', () => {
      test('J23 a JWE that asks for two thousand million rounds costs less than 5 ms of the processor', async () => {
        const cpuSeconds = async (): Promise<number> =>
          samplesOf(await stage().metrics()).get('process_cpu_seconds_total') ?? Number.NaN;
        const header = base64url(
          '{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAAAAAAAAA","p2c":2000000000}',
        );
        const parts = [header, base64url(Buffer.alloc(24)), base64url(Buffer.alloc(12)), 'AAAA', 'AAAA'];
        const call = { path: '/grants', headers: { Authorization: `Bearer ${parts.join('.')}` } };
        const before = await cpuSeconds();
        const answers = await sendMany(
          stage().url,
          Array.from({ length: 100 }, () => call),
          4,
        );
        expect(countStatuses(answers)).toEqual({ 401: 100 });
        expect(((await cpuSeconds()) - before) / 100).toBeLessThan(0.005);
      });

      test('J24 the JSON serialisation, base64-ed or plain', async () => {
        const [head, payload, signature] = signed().split('.');
        const flattened = JSON.stringify({ protected: head, payload, signature });
        const general = JSON.stringify({ payload, signatures: [{ protected: head, signature }] });
        for (const form of [flattened, general, base64url(flattened), base64url(general)]) {
          expect(await presentToken(form)).toBe(INVALID);
        }
      });

      test.each(['=', '==', '+', '/', ' '])('J44 base64 with %j in it', async (character) => {
        const token = signed();
        const [head = '', ...rest] = token.split('.');
        for (const form of [`${token}${character}`, [`${head}${character}`, ...rest].join('.')]) {
          // A blank at the end of a header is no part of it (RFC 9110 5.5).
          if (form.endsWith(' ')) continue;
          expect(await presentToken(form)).toBe(INVALID);
        }
      });

      test.each(['\n', '\r\n', '\r\n '])('J44 base64 with a line end in it (%j)', async (lineEnd) => {
        const token = stage().bearer('u1');
        const broken = token.replace('.', `.${lineEnd}`);
        const answer = await stage().raw(
          `GET /grants HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${broken}\r\n\r\n`,
        );
        expect(answer.status).toBe(400);
      });
    });

    describe('time', () => {
      // The clocks may be 30 s apart; the exact second is in access-token.verifier.spec.ts, where time stands still.
      test('J25 over 30 s past its end it has expired', async () => {
        expect(await presentToken(signed({ exp: epochSeconds() - 31 }))).toBe('401 token_expired challenged');
      });

      test('J25 over 30 s before its start it is not valid yet', async () => {
        expect(await presentToken(signed({ nbf: epochSeconds() + 36 }))).toBe(
          '401 token_not_yet_valid challenged',
        );
      });

      test('J26 within 30 s of its end and its start it is accepted', async () => {
        stage().adds({ grants: 1 });
        expect(await presentToken(signed({ exp: epochSeconds() - 25, nbf: epochSeconds() + 25 }))).toBe(
          '201',
        );
      });

      test.each([[undefined], [null], ['2999999999'], [{}]])('J27 exp %j', async (exp) => {
        expect(await presentToken(signed({ exp }))).toBe(INVALID);
      });
    });

    describe('claims', () => {
      test.each([
        ['J30', 'https://other.example.com'],
        ['J30', undefined],
        ['J31', `${ISSUER}.evil.net`],
        ['J31', `${ISSUER}/`],
        ['J31', ISSUER.toUpperCase()],
        ['J31', [ISSUER]],
      ])('%s iss %j', async (_row, iss) => {
        expect(await presentToken(signed({ iss }))).toBe(INVALID);
      });

      test.each([['other'], [undefined], [''], [['other']], [[]], [AUDIENCE.toUpperCase()]])(
        'J33 aud %j',
        async (aud) => {
          expect(await presentToken(signed({ aud }))).toBe(INVALID);
        },
      );

      test('J34 an aud that holds ours among others is accepted', async () => {
        stage().adds({ grants: 1 });
        expect(await presentToken(signed({ aud: ['other', AUDIENCE] }))).toBe('201');
      });

      test.each([
        ['DPoP', { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' }],
        ['mutual TLS', { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }],
      ])('J54 bound to a key, by %s, is 401', async (_how, cnf) => {
        expect(await presentToken(signed({ cnf }))).toBe(INVALID);
      });

      test.each([
        [{ nonce: 'n' }],
        [{ at_hash: 'h' }],
        [{ typ: 'ID' }],
        [{ typ: 'Refresh' }],
        [{ token_use: 'id' }],
        [{ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
      ])('J36 a token for another purpose: %j', async (changes) => {
        expect(await presentToken(signed(changes))).toBe(INVALID);
      });

      test.each(['logout+jwt', 'dpop+jwt', 'JOSE', 1])('J36 typ %j', async (typ) => {
        expect(await presentToken(signed({}, { ...ES256, typ }))).toBe(INVALID);
      });

      test.each([
        ['missing', undefined],
        ['empty', ''],
        ['a number', 42],
        ['null', null],
        ['an array', ['u1']],
        ['257 bytes long', 'x'.repeat(257)],
        ['10 KB long', 'x'.repeat(10_240)],
      ])('J37 a sub that is %s', async (_what, sub) => {
        expect(await presentToken(signed({ sub }))).toBe(INVALID);
      });

      test('J40 of a repeated sub the last one counts, in the entitlement check and in the audit log', async () => {
        const rest = `"iss":"${ISSUER}","aud":"${AUDIENCE}","exp":${epochSeconds() + 60}`;
        stage().adds({ grants: 1 });
        const ask = (payload: string) => {
          const token = signed(payload);
          stage().keepSecret(token);
          return stage().call('POST', '/grants', {
            headers: { ...JSON_BODY, Authorization: `Bearer ${token}` },
            body: '{"prefix":"private/a"}',
          });
        };
        const answers = [
          await ask(`{"sub":"u1",${rest},"sub":"u2"}`),
          await ask(`{"sub":"u2",${rest},"sub":"u1"}`),
        ];
        expect(answers.map(({ status }) => status)).toEqual([403, 201]);
        const { id } = (answers[1]?.json() ?? {}) as { id?: string };
        const { rows } = await stage().database.query('select viewer_id from grants where id = $1', [id]);
        expect(rows).toEqual([{ viewer_id: 'u1' }]);
      });
    });

    describe('size', () => {
      test('J41 a token of 8 KB is accepted, one of a byte more is 401', async () => {
        stage().adds({ grants: 1 });
        expect(await presentToken(signedOfLength(8_192))).toBe('201');
        expect(await presentToken(signedOfLength(8_193))).toBe(INVALID);
      });

      test('J42 a token of 64 KB is 431, and the connection is closed', async () => {
        const answer = await stage().raw(
          `GET /grants HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${'a'.repeat(65_536)}\r\n\r\n`,
        );
        expect(answer.status).toBe(431);
        expect(answer.headers).toContainEqual(['connection', 'close']);
      });
    });

    test(`J46 ${ALTERNATING} calls of two users, alternating: each answer is about its own caller`, async () => {
      const headers = ['u1', 'u2'].map((sub) => ({ Authorization: stage().bearer(sub) }));
      const calls = Array.from({ length: ALTERNATING }, (_, index): Call => {
        return { path: '/entitlements', headers: headers[index % 2] ?? {} };
      });
      const answers = await sendUntilServed(stage().url, calls, 20);
      const mixed = answers.filter(
        ({ status, body }, index) => status !== 200 || body.includes('user:u1') !== (index % 2 === 0),
      );
      expect(mixed).toEqual([]);
    });

    test.each([
      ['an RSA key of 512 bits', { alg: 'RS256', kid: 'short' }, rs256(SHORT_RSA.privateKey)],
      ['a shared secret', { alg: 'HS256', kid: 'shared' }, hs256(SHARED_SECRET)],
      ['a shared secret under another name', { alg: 'ES256', kid: 'shared' }, hs256(SHARED_SECRET)],
      ['a key that was published whole', { alg: 'ES256', kid: 'leaked' }, es256(LEAKED.privateKey)],
      ['a key for encryption', { alg: 'ES256', kid: 'encryption' }, es256(FOR_ENCRYPTION.privateKey)],
    ])('J47 %s of the set verifies nothing', async (_what, header, signer) => {
      expect(await presentToken(signed({}, header, signer))).toBe(INVALID);
    });
  },
  {},
  async () => (signIn = await startIssuerSignIn()),
);

function rs(r: bigint, s: bigint): Buffer {
  return Buffer.from([r, s].map((number) => number.toString(16).padStart(64, '0')).join(''), 'hex');
}

function payloadOf(token: string): object {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
}

/** Base64url cannot have every length, so header and payload are both padded. */
function signedOfLength(bytes: number): string {
  for (let headerPad = 0; headerPad < 4; headerPad += 1) {
    const header = { ...ES256, pad: 'x'.repeat(headerPad) };
    const rest = bytes - signed({ pad: '' }, header).length;
    for (let pad = Math.floor((rest * 3) / 4) - 2; pad <= Math.ceil((rest * 3) / 4) + 2; pad += 1) {
      const token = signed({ pad: 'x'.repeat(pad) }, header);
      if (token.length === bytes) return token;
    }
  }
  throw new Error(`No token has ${bytes} bytes`);
}
