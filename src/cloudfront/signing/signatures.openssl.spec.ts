import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ecKeyText, rsaKeyText } from '../../../test/support/key-texts.js';
import { describeWith, requireTool } from '../../../test/support/required-tool.js';
import { CloudFrontService } from '../cloudfront.service.js';
import { fromCloudFrontBase64 } from '../policy.js';
import { SETTING_OF_FIELD } from '../../settings/field-names.js';
import { loadSigningKey } from '../keys/signing-key.js';

describeWith('openssl', 'the openssl command, which shares nothing with us', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'edgepass-openssl-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(name: string, content: string | Buffer): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  function openssl(...args: string[]): string {
    try {
      return execFileSync(requireTool('openssl'), args, { encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      return String((error as { stdout?: unknown }).stdout);
    }
  }

  it.each([
    ['RSA-2048 and SHA1', rsaKeyText, 'SHA1'],
    ['RSA-2048 and SHA256', rsaKeyText, 'SHA256'],
    ['P-256 and SHA1', ecKeyText(), 'SHA1'],
    ['P-256 and SHA256', ecKeyText(), 'SHA256'],
  ] as const)('verifies the cookies of %s, and no others', async (_, privateKey, hashAlgorithm) => {
    const service = new CloudFrontService({
      cloudFrontUrl: 'https://cdn.media.example.com',
      publicUrl: 'https://api.media.example.com',
      appOrigins: ['https://app.example.com'],
      keyPairId: 'K1',
      privateKey,
      hashAlgorithm,
    });
    const set = await service.prepare('courses/algebra', 4_102_444_800);
    await service.close();
    const loaded = loadSigningKey({ text: privateKey, file: null, keyPairId: 'K1', names: SETTING_OF_FIELD });
    if ('fault' in loaded) throw new Error(loaded.fault.found);

    const publicKey = write('public.pem', loaded.key.publicKeyPem);
    const signature = write('signature', fromCloudFrontBase64(set.signature));
    const verify = (hash: string, text: string) =>
      openssl(
        'dgst',
        `-${hash.toLowerCase()}`,
        '-verify',
        publicKey,
        '-signature',
        signature,
        write('policy', text),
      );

    expect(verify(hashAlgorithm, set.policyText)).toBe('Verified OK\n');
    expect(verify(hashAlgorithm, `${set.policyText} `)).toBe('Verification failure\n');
    expect(verify(hashAlgorithm === 'SHA1' ? 'SHA256' : 'SHA1', set.policyText)).toBe(
      'Verification failure\n',
    );
  });

  it.each([
    ['RSA-2048 and SHA1', rsaKeyText, 'SHA1'],
    ['P-256 and SHA256', ecKeyText(), 'SHA256'],
  ] as const)('verifies the signed URL of %s, and of no other file', async (_, privateKey, hashAlgorithm) => {
    const service = new CloudFrontService({
      cloudFrontUrl: 'https://cdn.media.example.com',
      publicUrl: 'https://api.media.example.com',
      appOrigins: ['https://app.example.com'],
      keyPairId: 'K1',
      privateKey,
      hashAlgorithm,
    });
    const { url } = await service.signUrl('courses/algebra/lesson-1.mp4', 4_102_444_800);
    await service.close();
    const loaded = loadSigningKey({ text: privateKey, file: null, keyPairId: 'K1', names: SETTING_OF_FIELD });
    if ('fault' in loaded) throw new Error(loaded.fault.found);

    const publicKey = write('url-public.pem', loaded.key.publicKeyPem);
    const [address = ''] = url.split('?');
    const signature = write(
      'url-signature',
      fromCloudFrontBase64(new URL(url).searchParams.get('Signature') ?? ''),
    );
    const verify = (resource: string): string =>
      openssl(
        'dgst',
        `-${hashAlgorithm.toLowerCase()}`,
        '-verify',
        publicKey,
        '-signature',
        signature,
        write(
          'url-policy',
          `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":4102444800}}}]}`,
        ),
      );
    expect(verify(address)).toBe('Verified OK\n');
    expect(verify(address.replace('1.mp4', '2.mp4'))).toBe('Verification failure\n');
  });

  it('gives the fingerprint that we give', () => {
    const loaded = loadSigningKey({ text: rsaKeyText, file: null, keyPairId: 'K1', names: SETTING_OF_FIELD });
    if ('fault' in loaded) throw new Error(loaded.fault.found);
    const der = join(folder, 'public.der');
    openssl('pkey', '-in', write('private.pem', rsaKeyText), '-pubout', '-outform', 'DER', '-out', der);
    expect(openssl('dgst', '-sha256', '-c', der).trim().split('= ')[1]).toBe(loaded.key.fingerprint);
  });
});
