import { describe, expect, it } from '@jest/globals';
import type { Signer } from './signer.js';
import { CurrentSigner } from './current-signer.js';
import type { SigningKey } from '../keys/signing-key.js';

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
