import { describe, expect, it } from '@jest/globals';
import { createPublicKey, sign } from 'node:crypto';
import { ecKey, rsaKey } from '../../../../test/support/edge-fixture.js';
import { signatureVectors } from '../../../../test/support/signature-vectors.js';
import { decodeCloudFrontBase64 } from './credentials.js';
import { signatureIsValid, type HashAlgorithm } from './signed-statement.js';

const EC = ecKey('KEC1');
const RSA = rsaKey('KRSA1');
const BYTES = Buffer.from('{"Statement":[]}');

function isValid(
  publicPem: string,
  signature: Buffer,
  signedBytes: Buffer = BYTES,
  hash: HashAlgorithm = 'SHA256',
) {
  const publicKey = createPublicKey(publicPem);
  return signatureIsValid({ signedBytes, signature, publicKey, hashAlgorithm: hash });
}

describe('a signature that the openssl command made', () => {
  const cases = signatureVectors.policies.flatMap((vector) =>
    (['rsa', 'ecdsa'] as const).flatMap((type) =>
      (['SHA1', 'SHA256'] as const).map((hash) => [type, hash, vector.prefix, vector] as const),
    ),
  );

  it.each(cases)(
    '%s %s over the policy of %s is valid, with one more byte it is not (R33–R35)',
    (...given) => {
      const [type, hash, , vector] = given;
      const decode = (value: string) => decodeCloudFrontBase64(value) ?? Buffer.alloc(0);
      const { publicKeyPem } = signatureVectors[type];
      const policy = decode(vector.cookie);
      const signature = decode(vector[type][hash]);
      expect(policy.toString()).toBe(vector.text);
      expect(isValid(publicKeyPem, signature, policy, hash)).toBe(true);
      expect(isValid(publicKeyPem, signature, Buffer.concat([policy, Buffer.from(' ')]), hash)).toBe(false);
      expect(isValid(publicKeyPem, signature, policy, hash === 'SHA1' ? 'SHA256' : 'SHA1')).toBe(false);
    },
  );
});

describe('an ECDSA signature that is not the one DER form (R34, E15)', () => {
  const good = sign('SHA256', BYTES, EC.privateKey);
  const [r, s] = integersOf(good);

  it('is refused, whatever is odd about it', () => {
    const odd: Readonly<Record<string, Buffer>> = {
      empty: Buffer.alloc(0),
      'a byte too many': Buffer.concat([good, Buffer.from([0])]),
      'a byte too few': good.subarray(0, -1),
      'a long-form length': Buffer.concat([Buffer.from([0x30, 0x81, good.length - 2]), good.subarray(2)]),
      'an indefinite length': Buffer.concat([Buffer.from([0x30, 0x80]), good.subarray(2), Buffer.alloc(2)]),
      'a padded integer': sequence(Buffer.concat([Buffer.from([0]), r]), s),
      'r and s exchanged': sequence(s, r),
      'r = 0': sequence(Buffer.from([0]), s),
      's = 0': sequence(r, Buffer.from([0])),
      'both 0': sequence(Buffer.from([0]), Buffer.from([0])),
      'raw r‖s': sign('SHA256', BYTES, { key: EC.privateKey, dsaEncoding: 'ieee-p1363' }),
      'one integer': Buffer.concat([Buffer.from([0x30, r.length + 2, 2, r.length]), r]),
    };
    const accepted = Object.keys(odd).filter((name) => isValid(EC.publicPem, odd[name] ?? good));
    expect(isValid(EC.publicPem, sequence(r, s))).toBe(true);
    expect(accepted).toEqual([]);
  });
});

describe('an RSA signature of another form (R33)', () => {
  it('is refused', () => {
    const good = sign('SHA256', BYTES, RSA.privateKey);
    const odd: Readonly<Record<string, Buffer>> = {
      empty: Buffer.alloc(0),
      'a leading zero': Buffer.concat([Buffer.from([0]), good]),
      'a byte too few': good.subarray(1),
      zeros: Buffer.alloc(256),
      'all ones': Buffer.alloc(256, 0xff),
      PSS: sign('SHA256', BYTES, { key: RSA.privateKey, padding: 6, saltLength: 32 }),
      'another hash': sign('SHA512', BYTES, RSA.privateKey),
    };
    expect(isValid(RSA.publicPem, good)).toBe(true);
    expect(Object.keys(odd).filter((name) => isValid(RSA.publicPem, odd[name] ?? good))).toEqual([]);
  });
});

/** The contents of the two INTEGERs of a DER signature. */
function integersOf(der: Buffer): [r: Buffer, s: Buffer] {
  const rLength = der[3] ?? 0;
  return [der.subarray(4, 4 + rLength), der.subarray(6 + rLength)];
}

function sequence(r: Buffer, s: Buffer): Buffer {
  const integers = [r, s].flatMap((value) => [Buffer.from([2, value.length]), value]);
  const content = Buffer.concat(integers);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}
