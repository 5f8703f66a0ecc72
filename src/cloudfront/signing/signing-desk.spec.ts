import { describe, expect, it } from '@jest/globals';
import type { Signer } from './signer.js';
import { SigningDesk } from './signing-desk.js';
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

function deskWith(...signers: readonly FakeSigner[]): SigningDesk {
  const left = [...signers];
  return new SigningDesk(key('K1'), () => left.shift() ?? new FakeSigner('none'));
}

describe('the signing desk', () => {
  it('K18: ends with the key that it began with, and begins with the newest', async () => {
    const desk = deskWith(new FakeSigner('K1'), new FakeSigner('K2'));
    const before = desk.begin();
    await desk.replace(key('K2'));
    const after = desk.begin();

    expect([before.key.keyPairId, await before.sign('p')]).toEqual(['K1', 'K1:p']);
    expect([after.key.keyPairId, await after.sign('p')]).toEqual(['K2', 'K2:p']);
  });

  it('puts the old signer away with the last turn that began with it, not before', async () => {
    const old = new FakeSigner('K1');
    const desk = deskWith(old, new FakeSigner('K2'));
    const turns = [desk.begin(), desk.begin()];
    await desk.replace(key('K2'));
    turns[0]?.end();
    expect(old.isClosed).toBe(false);
    turns[1]?.end();
    expect(old.isClosed).toBe(true);
  });

  it('puts an old signer away at once when nobody uses it', async () => {
    const old = new FakeSigner('K1');
    const desk = deskWith(old, new FakeSigner('K2'));
    await desk.replace(key('K2'));
    expect(old.isClosed).toBe(true);
  });

  it('keeps the old key when the new one cannot sign, and leaves no thread of the new one', async () => {
    const broken = new FakeSigner('K2', false);
    const desk = deskWith(new FakeSigner('K1'), broken);
    await expect(desk.replace(key('K2'))).rejects.toThrow('does not start');
    expect([desk.key.keyPairId, await desk.begin().sign('p'), broken.isClosed]).toEqual(['K1', 'K1:p', true]);
  });

  it('N36: leaves one signer open after 100 changes', async () => {
    const signers = Array.from({ length: 101 }, (_, index) => new FakeSigner(`K${index}`));
    const desk = deskWith(...signers);
    for (let index = 1; index <= 100; index++) {
      // oxlint-disable-next-line no-await-in-loop -- one change after the other
      await desk.replace(key(`K${index}`));
    }
    expect(signers.filter(({ isClosed }) => !isClosed)).toEqual([signers[100]]);
    await desk.close();
    expect(signers.every(({ isClosed }) => isClosed)).toBe(true);
  });
});
