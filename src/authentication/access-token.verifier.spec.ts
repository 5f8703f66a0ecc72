import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AUDIENCE,
  base64url,
  claims,
  compactJws,
  ecKey,
  ed25519Key,
  eddsa,
  es256,
  hs256,
  ISSUER,
  NOW_EPOCH_SECONDS,
  ps256,
  rs256,
  rs512,
  rsaKey,
} from '../../test/support/token-issuer.js';
import { Problem } from '../http/problems/problem.js';
import { createAccessTokenVerifier, type AccessTokenVerifier } from './access-token.verifier.js';
import type { Fetch } from './jwks-download.js';
import { openIssuerKeys, type JwtSettings } from './verification-keys.js';

const rsa = rsaKey('rsa-1');
const ec = ecKey('ec-1');
const ed = ed25519Key('ed-1');
const clock = { nowEpochSeconds: () => NOW_EPOCH_SECONDS };
const JWKS_URL = 'https://idp.example.com/keys';
const fetched: string[] = [];

/** A verifier with the keys that `fetch` gives. */
function verifierOf(algorithms: readonly string[], fetch: Fetch): Promise<AccessTokenVerifier> {
  const settings: JwtSettings = {
    mode: 'jwt',
    keys: { kind: 'jwks', url: JWKS_URL },
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms,
    cookie: null,
    viewerClaim: 'sub',
    groupsClaim: 'groups',
    adminGroup: null,
  };
  const issuerKeys = openIssuerKeys(settings, { clock, environment: 'production', fetch });
  return createAccessTokenVerifier(settings, clock, { issuerKeys, fileKey: null });
}

let verifier: AccessTokenVerifier;
let attacker: Server;
let attackerUrl: string;
let attackerConnections = 0;

beforeAll(async () => {
  attacker = createServer((_, response) => response.end('{}'));
  attacker.on('connection', () => (attackerConnections += 1));
  await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
  attackerUrl = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/keys`;
  verifier = await verifierOf(['RS256', 'ES256'], async (url) => {
    fetched.push(url);
    return Response.json({ keys: [rsa.jwk, ec.jwk, ed.jwk] });
  });
});

afterAll(() => new Promise((resolve) => attacker.close(resolve)));

const RSA_HEADER = { alg: 'RS256', kid: 'rsa-1' };

function signed(changes: Readonly<Record<string, unknown>> = {}, header: object = RSA_HEADER): string {
  return compactJws(header, claims(changes), rs256(rsa.privateKey));
}

async function refusal(token: string): Promise<{ code: string; reason: string }> {
  const error: unknown = await verifier.verify(token).then(
    () => new Error('Expected a refusal, found a viewer'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Problem)) throw error;
  return { code: error.code, reason: error.reason };
}

function invalid(reason: string): { code: string; reason: string } {
  return { code: 'token_invalid', reason };
}

describe('a genuine access token', () => {
  it('names its viewer, whatever allowed algorithm signed it', async () => {
    const token = compactJws({ alg: 'ES256', kid: 'ec-1' }, claims({ groups: ['a'] }), es256(ec.privateKey));
    expect(await verifier.verify(signed())).toEqual({ id: 'u1', groups: [] });
    expect(await verifier.verify(token)).toEqual({ id: 'u1', groups: ['a'] });
  });

  it.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt', 'AT+JWT'])('may have the typ %s', async (typ) => {
    expect(await verifier.verify(signed({}, { ...RSA_HEADER, typ }))).toEqual({ id: 'u1', groups: [] });
  });

  it('J34: may name other audiences beside ours', async () => {
    expect(await verifier.verify(signed({ aud: ['other', AUDIENCE] }))).toEqual({ id: 'u1', groups: [] });
  });

  it('J26: is still good 29 seconds after its end, and 30 seconds before its start', async () => {
    const token = signed({ exp: NOW_EPOCH_SECONDS - 29, nbf: NOW_EPOCH_SECONDS + 30 });
    expect(await verifier.verify(token)).toEqual({ id: 'u1', groups: [] });
  });

  it('J40: of a repeated member the last one counts, as RFC 7519 §4 allows', async () => {
    const text = `{"sub":"u2","iss":"${ISSUER}","aud":"${AUDIENCE}","exp":${NOW_EPOCH_SECONDS + 9},"sub":"u1"}`;
    const token = compactJws(RSA_HEADER, text, rs256(rsa.privateKey));
    expect(await verifier.verify(token)).toEqual({ id: 'u1', groups: [] });
  });

  it('J46: of many verified at once each gives its own viewer', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `u${index % 2}`);
    const viewers = await Promise.all(ids.map((sub) => verifier.verify(signed({ sub }))));
    expect(viewers.map(({ id }) => id)).toEqual(ids);
  });
});

describe('the form of a token', () => {
  it('J04: an unsigned one is refused', async () => {
    const none = `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(claims()))}.`;
    expect(await refusal(none)).toEqual(invalid('not_a_compact_jws'));
    expect(await refusal(`${none}AA`)).toEqual(invalid('algorithm_not_allowed'));
  });

  it.each([['NoNe'], [undefined], [''], [['RS256']], [{ RS256: 1 }]])(
    'J05: alg %j is refused',
    async (alg) => {
      expect(await refusal(signed({}, { ...RSA_HEADER, alg }))).toEqual(invalid('algorithm_not_allowed'));
    },
  );

  it('J12: algorithms that are not listed are refused, also when a key of the set signed', async () => {
    const ps = compactJws({ alg: 'PS256', kid: 'rsa-1' }, claims(), ps256(rsa.privateKey));
    const rs = compactJws({ alg: 'RS512', kid: 'rsa-1' }, claims(), rs512(rsa.privateKey));
    const edwards = compactJws({ alg: 'EdDSA', kid: 'ed-1' }, claims(), eddsa(ed.privateKey));
    expect(await refusal(ps)).toEqual(invalid('algorithm_not_allowed'));
    expect(await refusal(rs)).toEqual(invalid('algorithm_not_allowed'));
    expect(await refusal(edwards)).toEqual(invalid('algorithm_not_allowed'));
  });

  it.each([[{ crit: ['x'], x: 1 }], [{ crit: ['b64'], b64: true }], [{ crit: [] }], [{ b64: false }]])(
    'J21: a header with %j is refused',
    async (extension) => {
      expect(await refusal(signed({}, { ...RSA_HEADER, ...extension }))).toEqual(
        invalid('critical_extension'),
      );
    },
  );

  it('J23: a JWE that asks for two thousand million rounds is refused unread', async () => {
    const header = base64url('{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAA","p2c":2000000000}');
    expect(await refusal(`${header}.AAAA.AAAA.AAAA.AAAA`)).toEqual(invalid('not_a_compact_jws'));
  });

  it('J24: the JSON serialisation is refused, plain or encoded', async () => {
    const [head, payload, signature] = signed().split('.');
    const json = JSON.stringify({ protected: head, payload, signature });
    expect(await refusal(json)).toEqual(invalid('not_a_compact_jws'));
    expect(await refusal(base64url(json))).toEqual(invalid('not_a_compact_jws'));
  });

  it.each(['=', '+', '/', ' ', '\n', '\0', 'é'])(
    'J44: a token with %j in it is refused',
    async (character) => {
      const token = signed();
      expect(await refusal(token + character)).toEqual(invalid('not_a_compact_jws'));
      expect(await refusal(token.replace('.', `${character}.`))).toEqual(invalid('not_a_compact_jws'));
    },
  );

  it.each(['', '.', '..', 'a', 'a.b', 'a.b.c.d'])('%j is no token', async (token) => {
    expect(await refusal(token)).toEqual(invalid('not_a_compact_jws'));
  });

  it.each(['AAAA', base64url('[]'), base64url('"RS256"'), base64url('{"alg":"RS256"')])(
    'a header that decodes to no object (%s) is refused',
    async (header) => {
      expect(await refusal(`${header}.e30.AAAA`)).toEqual(invalid('header_malformed'));
    },
  );

  it('J41: 8,192 bytes are read, one more is refused', async () => {
    expect(await verifier.verify(signedOfLength(8_192))).toEqual({ id: 'u1', groups: [] });
    expect(await refusal(signedOfLength(8_193))).toEqual(invalid('token_too_long'));
  });

  it('J42 (431 is the HTTP parser’s): 64 KB are refused here as well', async () => {
    expect(await refusal('a'.repeat(65_536))).toEqual(invalid('token_too_long'));
  });

  it.each(['dpop+jwt', 'logout+jwt', 'JOSE', '', 1, null])('J36: typ %j is refused', async (typ) => {
    expect(await refusal(signed({}, { ...RSA_HEADER, typ }))).toEqual(invalid('token_type'));
  });
});

describe('the signature of a token', () => {
  it('J06: HS256 keyed with the public key is refused', async () => {
    const token = compactJws({ alg: 'HS256', kid: 'rsa-1' }, claims(), hs256(rsa.publicPem));
    expect(await refusal(token)).toEqual(invalid('algorithm_not_allowed'));
  });

  it('J08: a key of the other type is never tried', async () => {
    const esWithRsa = compactJws({ alg: 'ES256', kid: 'rsa-1' }, claims(), es256(ec.privateKey));
    const rsWithEc = signed({}, { alg: 'RS256', kid: 'ec-1' });
    expect(await refusal(esWithRsa)).toEqual(invalid('err_jwks_no_matching_key'));
    expect(await refusal(rsWithEc)).toEqual(invalid('err_jwks_no_matching_key'));
  });

  it('J09: one flipped bit is refused', async () => {
    const [head, payload, signature = ''] = signed().split('.');
    const bytes = Buffer.from(signature, 'base64url');
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    const flipped = [head, payload, bytes.toString('base64url')].join('.');
    expect(await refusal(flipped)).toEqual(invalid('err_jws_signature_verification_failed'));
  });

  it('J10: ES256 with r = s = 0 is refused', async () => {
    const token = compactJws({ alg: 'ES256', kid: 'ec-1' }, claims(), () => Buffer.alloc(64));
    expect(await refusal(token)).toEqual(invalid('err_jws_signature_verification_failed'));
  });

  it('a signature over other claims is refused', async () => {
    const [head, , signature] = signed().split('.');
    const token = [head, base64url(JSON.stringify(claims({ sub: 'admin' }))), signature].join('.');
    expect(await refusal(token)).toEqual(invalid('err_jws_signature_verification_failed'));
  });

  it.each([
    ['J13', '../../../../dev/null'],
    ['J14', "' UNION SELECT 1--"],
    ['a key id without a key', 'rsa-2'],
  ])('%s: a kid is only looked up', async (_, kid) => {
    expect(await refusal(signed({}, { alg: 'RS256', kid }))).toEqual(invalid('err_jwks_no_matching_key'));
  });

  it.each([[1], [null], [['rsa-1']], [{}]])('a kid of another type (%j) is refused', async (kid) => {
    expect(await refusal(signed({}, { alg: 'RS256', kid }))).toEqual(invalid('key_id'));
  });

  it('J19: addresses and keys in the header are never followed', async () => {
    const foreign = rsaKey('foreign');
    const header = { alg: 'RS256', kid: 'foreign', jku: attackerUrl, x5u: attackerUrl, jwk: foreign.jwk };
    const token = compactJws(header, claims(), rs256(foreign.privateKey));
    expect(await refusal(token)).toEqual(invalid('err_jwks_no_matching_key'));
    expect(await verifier.verify(signed({}, { ...header, kid: 'rsa-1' }))).toEqual({ id: 'u1', groups: [] });
    expect(attackerConnections).toBe(0);
    expect(new Set(fetched)).toEqual(new Set([JWKS_URL]));
  });
});

describe('a token that several keys may have signed', () => {
  const second = rsaKey('rsa-2');
  const third = rsaKey('rsa-3');
  const unnamed = { alg: 'RS256' };
  const withKeys = (...keys: readonly object[]) => verifierOf(['RS256'], async () => Response.json({ keys }));
  const reason = (of: AccessTokenVerifier, token: string) =>
    of.verify(token).then(
      () => 'accepted',
      (error: Problem) => error.reason,
    );

  it('is accepted with whichever of them signed it: it names none (RFC 7515 section 4.1.4)', async () => {
    const several = await withKeys(rsa.jwk, second.jwk);
    const bySecond = compactJws(unnamed, claims(), rs256(second.privateKey));
    expect(await several.verify(signed({}, unnamed))).toEqual({ id: 'u1', groups: [] });
    expect(await several.verify(bySecond)).toEqual({ id: 'u1', groups: [] });
  });

  it('is accepted with whichever of them signed it: two have the name it gives', async () => {
    const several = await withKeys({ ...second.jwk, kid: 'same' }, { ...rsa.jwk, kid: 'same' });
    expect(await several.verify(signed({}, { alg: 'RS256', kid: 'same' }))).toEqual({ id: 'u1', groups: [] });
  });

  it('is refused where none of them did, and where the right one shows that it has expired', async () => {
    const several = await withKeys(rsa.jwk, second.jwk);
    const foreign = compactJws(unnamed, claims(), rs256(third.privateKey));
    const late = compactJws(unnamed, claims({ exp: 1 }), rs256(second.privateKey));
    expect(await reason(several, foreign)).toBe('err_jws_signature_verification_failed');
    expect(await reason(several, late)).toBe('token_expired');
  });

  it('costs ten signatures at most', async () => {
    const others = Array.from({ length: 10 }, (_, index) => ({ ...second.jwk, kid: `other-${index}` }));
    const ambiguous = 'err_jwks_multiple_matching_keys';
    expect(await reason(await withKeys(...others, rsa.jwk), signed({}, unnamed))).toBe(ambiguous);
    expect(await reason(await withKeys(...others.slice(1), rsa.jwk), signed({}, unnamed))).toBe('accepted');
  });
});

describe('the claims of a token', () => {
  it.each([
    [{ cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } }],
    [{ cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } }],
    [{ cnf: {} }],
    [{ cnf: null }],
  ])('%j: one bound to a key is refused, because nobody proves to hold that key', async (changes) => {
    expect(await refusal(signed(changes))).toEqual(invalid('token_bound_to_key'));
  });

  it('J25: past its end by more than the leeway it has expired, before its start it is not valid yet', async () => {
    const late = await refusal(signed({ exp: NOW_EPOCH_SECONDS - 31 }));
    const early = await refusal(signed({ nbf: NOW_EPOCH_SECONDS + 31 }));
    expect(late.code).toBe('token_expired');
    expect(early.code).toBe('token_not_yet_valid');
  });

  it.each([[undefined], [null], ['1800000300'], [{}]])('J27: exp %j is refused', async (exp) => {
    expect(await refusal(signed({ exp }))).toEqual(invalid('claim_exp'));
  });

  it('a start that is no number is refused', async () => {
    expect(await refusal(signed({ nbf: 'now' }))).toEqual(invalid('claim_nbf'));
  });

  it.each([
    ['J30', 'https://other.example.com'],
    ['J30', undefined],
    ['J31', 'https://idp.example.com.evil.net'],
    ['J31', 'https://idp.example.com/'],
    ['J31', 'HTTPS://IDP.EXAMPLE.COM'],
    ['J31', ['https://idp.example.com']],
  ])('%s: the issuer %j is refused', async (_, iss) => {
    expect(await refusal(signed({ iss }))).toEqual(invalid('claim_iss'));
  });

  it.each([
    ['other'],
    [undefined],
    [''],
    [['other']],
    [[]],
    [null],
    [AUDIENCE.toUpperCase()],
    [{ [AUDIENCE]: 1 }],
  ])('J33: the audience %j is refused', async (aud) => {
    expect(await refusal(signed({ aud }))).toEqual(invalid('claim_aud'));
  });

  it.each([
    [{ nonce: 'n' }],
    [{ at_hash: 'h' }],
    [{ c_hash: 'h' }],
    [{ typ: 'ID' }],
    [{ typ: 'Refresh' }],
    [{ token_use: 'id' }],
    [{ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
  ])('J36: a token made for another purpose (%j) is refused', async (changes) => {
    expect(await refusal(signed(changes))).toEqual(invalid('token_purpose'));
  });

  it.each([[undefined], [''], [42], [null], [['u1']]])('J37: the viewer %j is refused', async (sub) => {
    expect(await refusal(signed({ sub }))).toEqual(invalid('viewer_claim'));
  });

  it('J37: a viewer of 257 bytes is refused, one of 256 is not', async () => {
    expect(await refusal(signed({ sub: 'x'.repeat(257) }))).toEqual(invalid('viewer_claim'));
    expect((await verifier.verify(signed({ sub: 'x'.repeat(256) }))).id).toHaveLength(256);
  });

  it('J37: a viewer of 10 KB is refused by the size of its token already', async () => {
    expect(await refusal(signed({ sub: 'x'.repeat(10_240) }))).toEqual(invalid('token_too_long'));
  });

  it('a forged and expired token is invalid, never expired', async () => {
    const forged = compactJws(RSA_HEADER, claims({ exp: 1 }), () => Buffer.alloc(256, 1));
    expect(await refusal(forged)).toEqual(invalid('err_jws_signature_verification_failed'));
  });

  it.each([['[]'], ['"u1"'], ['null'], ['{']])('claims that are no object (%s) are refused', async (text) => {
    const token = compactJws(RSA_HEADER, text, rs256(rsa.privateKey));
    expect(await refusal(token)).toEqual(invalid('err_jwt_invalid'));
  });
});

describe('the text of the claims', () => {
  it('must be UTF-8: two callers must not become one by a replacement character', async () => {
    const bytes = Buffer.from(JSON.stringify(claims({ sub: 'u\xff' })), 'latin1');
    const token = compactJws(RSA_HEADER, bytes, rs256(rsa.privateKey));
    expect(await refusal(token)).toEqual(invalid('err_jwt_invalid'));
  });
});

describe('what a refusal tells', () => {
  it('is the same for every kind of invalid token, and repeats nothing of it', async () => {
    const tokens = [
      'rubbish',
      signed({ iss: 'x' }),
      signed({ sub: '' }),
      signed({}, { alg: 'none' }),
      signed({}, { alg: 'RS256', kid: 'x' }),
    ];
    const answers = await Promise.all(
      tokens.map((token) =>
        verifier.verify(token).catch((error: Problem) => ({
          code: error.code,
          detail: error.detail,
          headers: error.headers,
          cause: error.cause,
        })),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([
        JSON.stringify({
          code: 'token_invalid',
          detail: 'The access token is not accepted by this service. Sign in again to get another.',
          headers: { 'WWW-Authenticate': 'Bearer realm="edgepass", error="invalid_token"' },
        }),
      ]),
    );
  });
});

/** Base64url cannot have every length, so header and payload are both padded. */
function signedOfLength(bytes: number): string {
  for (let headerPad = 0; headerPad < 4; headerPad += 1) {
    const header = { ...RSA_HEADER, pad: 'x'.repeat(headerPad) };
    const rest = bytes - signed({ pad: '' }, header).length;
    for (let pad = Math.floor((rest * 3) / 4) - 2; pad <= Math.ceil((rest * 3) / 4) + 2; pad += 1) {
      const token = signed({ pad: 'x'.repeat(pad) }, header);
      if (token.length === bytes) return token;
    }
  }
  throw new Error(`No token has ${bytes} bytes`);
}
