import { createPublicKey, verify } from 'node:crypto';
import { getSignedCookies } from '@aws-sdk/cloudfront-signer';
import { afterEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ecKeyText, rsaKeyText } from '../../../test/support/key-texts.js';
import { signatureVectors } from '../../../test/support/signature-vectors.js';
import { IS_WHOLE } from '../../../test/support/whole.js';
import { fromCloudFrontBase64, toCloudFrontBase64, buildPolicy } from '../policy.js';
import { readPrefix, type Prefix } from '../prefix.js';
import { checkSignerPackage, isSignatureOf, signPolicy, type HashAlgorithm } from './signature.js';
import {
  createSigner,
  SignerOverloadedError,
  type Signer,
  type SignerOptions,
  CurrentSigner,
} from './signer.js';
import { SETTING_OF_FIELD } from '../../settings/field-names.js';
import { loadSigningKey, type SigningKey } from '../keys/signing-key.js';

const rsaKey = keyOf(rsaKeyText);
const ecText = ecKeyText();
const ecKey = keyOf(ecText);
const signers: Signer[] = [];

afterEach(async () => {
  await Promise.all(signers.splice(0).map((signer) => signer.close()));
});

function keyOf(text: string): SigningKey {
  const loaded = loadSigningKey({ text, file: null, keyPairId: 'K2JCJMDEHXQW5F', names: SETTING_OF_FIELD });
  if ('fault' in loaded) throw new Error(loaded.fault.found);
  return loaded.key;
}

function start(options: Partial<SignerOptions> = {}): Signer {
  const signer = createSigner({ key: rsaKey, hashAlgorithm: 'SHA1', ...options });
  signers.push(signer);
  return signer;
}

describe('createSigner', () => {
  it.each(['SHA1', 'SHA256'] as const)(
    'makes on a worker the RSA %s signatures of the vectors',
    async (hash) => {
      const signer = start({ hashAlgorithm: hash });
      await signer.ready();
      const signatures = await Promise.all(
        signatureVectors.policies.map((vector) => signer.sign(vector.text)),
      );
      expect(signatures).toEqual(signatureVectors.policies.map((vector) => vector.rsa[hash]));
    },
  );

  it.each(['SHA1', 'SHA256'] as const)('makes on the calling thread the same ones, %s', async (hash) => {
    const signer = start({ hashAlgorithm: hash, workers: 0 });
    const signatures = await Promise.all(signatureVectors.policies.map((vector) => signer.sign(vector.text)));
    expect(signatures).toEqual(signatureVectors.policies.map((vector) => vector.rsa[hash]));
  });

  it.each<[string, SigningKey, HashAlgorithm, number]>([
    ['RSA-2048 SHA1 on a worker', rsaKey, 'SHA1', 1],
    ['RSA-2048 SHA256 on a worker', rsaKey, 'SHA256', 1],
    ['P-256 SHA1 on a worker', ecKey, 'SHA1', 1],
    ['P-256 SHA256 on a worker', ecKey, 'SHA256', 1],
    ['P-256 SHA1 on the calling thread', ecKey, 'SHA1', 0],
    ['P-256 SHA256 on the calling thread', ecKey, 'SHA256', 0],
  ])('node:crypto verifies %s, and no changed text', async (_, key, hashAlgorithm, workers) => {
    const signature = await start({ key, hashAlgorithm, workers }).sign('{"Statement":[]}');
    const verifies = (text: string) =>
      verify(hashAlgorithm, Buffer.from(text), key.publicKeyPem, fromCloudFrontBase64(signature));
    expect(signature).toMatch(/^[A-Za-z0-9_~-]+$/);
    expect(verifies('{"Statement":[]}')).toBe(true);
    expect(verifies('{"Statement":[ ]}')).toBe(false);
  });

  it('shares one signature between equal texts under way and just signed', async () => {
    // ECDSA takes a fresh random number each time: equal signatures are one signature.
    const signer = start({ key: ecKey, workers: 1 });
    const [one, other] = await Promise.all([signer.sign('a'), signer.sign('a')]);
    expect(other).toBe(one);
    await expect(signer.sign('a')).resolves.toBe(one);
    await expect(signer.sign('b')).resolves.not.toBe(one);
  });

  it('forgets the oldest signature after 1,024 others', async () => {
    const signer = start({ key: ecKey });
    const first = await signer.sign('first');
    for (let index = 0; index < 1_023; index += 1) await signer.sign(`other ${index}`);
    await expect(signer.sign('first')).resolves.toBe(first);
    await signer.sign('one more');
    await expect(signer.sign('first')).resolves.not.toBe(first);
  });

  it('says overloaded when too many wait, and does not remember it', async () => {
    const signer = start({ queueLimit: 1 });
    const first = signer.sign('a');
    await expect(signer.sign('b')).rejects.toThrow(SignerOverloadedError);
    await first;
    await expect(signer.sign('b')).resolves.toBe(signPolicy(rsaKey, 'SHA1', 'b'));
  });
});

describe('the vectors, made by openssl', () => {
  it.each(signatureVectors.policies)('verify for ECDSA with DER signatures (R34): $resource', (vector) => {
    for (const hash of ['SHA1', 'SHA256'] as const) {
      const signature = fromCloudFrontBase64(vector.ecdsa[hash]);
      expect(verify(hash, Buffer.from(vector.text), signatureVectors.ecdsa.publicKeyPem, signature)).toBe(
        true,
      );
    }
  });

  it.each(signatureVectors.policies)('encode the policy as CloudFront does (R4): $resource', (vector) => {
    expect(toCloudFrontBase64(Buffer.from(vector.text))).toBe(vector.cookie);
    expect(fromCloudFrontBase64(vector.cookie).toString()).toBe(vector.text);
  });
});

describe('the signer package, called with PEM text', () => {
  const prefixes = fc
    .array(fc.stringMatching(/^[A-Za-z0-9_~-][A-Za-z0-9_.~:@=-]{0,20}$/), { minLength: 1, maxLength: 8 })
    .map((segments) => (readPrefix(segments.join('/')) as { prefix: Prefix }).prefix);

  it('gives the same policy, signature and key pair id for RSA, always as a custom policy (C13, C14)', () => {
    fc.assert(
      fc.property(prefixes, fc.constantFrom('SHA1', 'SHA256'), (prefix, algorithm) => {
        const { text } = buildPolicy({
          cloudFrontUrl: 'https://cdn.example.com',
          prefix,
          expiresAtEpochSeconds: 1_795_158_900,
        });
        expect(
          getSignedCookies({ policy: text, privateKey: rsaKeyText, keyPairId: 'K1', algorithm }),
        ).toEqual({
          'CloudFront-Policy': toCloudFrontBase64(Buffer.from(text)),
          'CloudFront-Signature': signPolicy(rsaKey, algorithm, text),
          'CloudFront-Key-Pair-Id': 'K1',
          ...(algorithm === 'SHA256' ? { 'CloudFront-Hash-Algorithm': 'SHA256' } : {}),
        });
      }),
      { numRuns: IS_WHOLE ? 300 : 60 },
    );
  });

  it('gives ECDSA signatures that verify as ours do', () => {
    const { 'CloudFront-Signature': theirs } = getSignedCookies({
      policy: 'x',
      privateKey: ecText,
      keyPairId: 'K1',
    });
    expect(isSignatureOf(ecKey.publicKey, 'SHA1', 'x', theirs)).toBe(true);
    expect(isSignatureOf(ecKey.publicKey, 'SHA256', 'x', theirs)).toBe(false);
  });
});

describe('checkSignerPackage', () => {
  it.each<[string, SigningKey, HashAlgorithm]>([
    ['RSA-2048 SHA1', rsaKey, 'SHA1'],
    ['RSA-2048 SHA256', rsaKey, 'SHA256'],
    ['P-256 SHA1', ecKey, 'SHA1'],
    ['P-256 SHA256', ecKey, 'SHA256'],
  ])('passes %s', (_, key, hash) => {
    expect(() => checkSignerPackage(key, hash)).not.toThrow();
  });

  it('stops the start when the package understands another hash than the one chosen', () => {
    const unknown = 'SHA512' as HashAlgorithm;
    expect(() => checkSignerPackage(rsaKey, unknown)).toThrow(
      'expected @aws-sdk/cloudfront-signer to sign a probe policy with RSA-2048 and SHA512, but CloudFront-Signature came out different: install the version that edgepass names',
    );
  });

  it('says what to do where the machine refuses to sign', () => {
    const refusing = { ...rsaKey, privateKey: createPublicKey(rsaKey.privateKey) };
    expect(() => checkSignerPackage(refusing, 'SHA1')).toThrow(
      'expected this machine to sign with RSA-2048 and SHA1, but its OpenSSL refuses: use the hash algorithm SHA256',
    );
  });

  it('judges a signature by the public half of the very key', () => {
    const signature = signPolicy(ecKey, 'SHA1', 'x');
    expect(isSignatureOf(ecKey.publicKey, 'SHA1', 'x', signature)).toBe(true);
    expect(isSignatureOf(keyOf(ecKeyText()).publicKey, 'SHA1', 'x', signature)).toBe(false);
    expect(createPublicKey(ecKey.privateKey).export({ type: 'spki', format: 'pem' })).toBe(
      ecKey.publicKeyPem,
    );
  });
});

/** Signs with the id of its key, and tells when it was closed. */
class FakeSigner implements Signer {
  isClosed = false;
  signing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly id: string,
    private readonly works = true,
  ) {}

  sign(policyText: string): Promise<string> {
    return this.isClosed ? Promise.reject(new Error('closed')) : Promise.resolve(`${this.id}:${policyText}`);
  }
  ready(): Promise<void> {
    return this.works ? Promise.resolve() : Promise.reject(new Error('does not start'));
  }
  waiting(): number {
    return 0;
  }
  async close(): Promise<void> {
    this.isClosed = true;
  }
}

const key = (keyPairId: string): SigningKey => ({ keyPairId }) as SigningKey;

function signerWith(...signers: readonly FakeSigner[]): CurrentSigner {
  const left = [...signers];
  return new CurrentSigner(key('K1'), () => left.shift() ?? new FakeSigner('none'));
}

describe('the signer in force', () => {
  it('K18: ends with the key that it began with, and begins with the newest', async () => {
    const signer = signerWith(new FakeSigner('K1'), new FakeSigner('K2'));
    const before = signer.begin();
    await signer.replace(key('K2'));
    const after = signer.begin();

    expect([before.key.keyPairId, await before.sign('p')]).toEqual(['K1', 'K1:p']);
    expect([after.key.keyPairId, await after.sign('p')]).toEqual(['K2', 'K2:p']);
  });

  it('puts the old signer away with the last lease that began with it, not before', async () => {
    const old = new FakeSigner('K1');
    const signer = signerWith(old, new FakeSigner('K2'));
    const leases = [signer.begin(), signer.begin()];
    await signer.replace(key('K2'));
    leases[0]?.end();
    expect(old.isClosed).toBe(false);
    leases[1]?.end();
    expect(old.isClosed).toBe(true);
  });

  it('puts an old signer away at once when nobody uses it', async () => {
    const old = new FakeSigner('K1');
    const signer = signerWith(old, new FakeSigner('K2'));
    await signer.replace(key('K2'));
    expect(old.isClosed).toBe(true);
  });

  it('keeps the old key when the new one cannot sign, and leaves no thread of the new one', async () => {
    const broken = new FakeSigner('K2', false);
    const signer = signerWith(new FakeSigner('K1'), broken);
    await expect(signer.replace(key('K2'))).rejects.toThrow('does not start');
    expect([signer.key.keyPairId, await signer.begin().sign('p'), broken.isClosed]).toEqual([
      'K1',
      'K1:p',
      true,
    ]);
  });

  it('N36: leaves one signer open after 100 changes', async () => {
    const signers = Array.from({ length: 101 }, (_, index) => new FakeSigner(`K${index}`));
    const signer = signerWith(...signers);
    for (let index = 1; index <= 100; index++) {
      // oxlint-disable-next-line no-await-in-loop -- one change after the other
      await signer.replace(key(`K${index}`));
    }
    expect(signers.filter(({ isClosed }) => !isClosed)).toEqual([signers[100]]);
    await signer.close();
    expect(signers.every(({ isClosed }) => isClosed)).toBe(true);
  });
});
