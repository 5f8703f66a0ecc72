import { describe, expect, it } from '@jest/globals';
import { repeatConflicts } from './database.js';

/** Fails with each of the codes, one after the other, then gives `done`. */
function failing(...codes: readonly string[]): { query: () => Promise<string>; runs: () => number } {
  let runs = 0;
  const query = async (): Promise<string> => {
    const code = codes[runs++];
    if (code === undefined) return 'done';
    throw Object.assign(new Error('taken back'), { code });
  };
  return { query, runs: () => runs };
}

describe('a query that PostgreSQL took back (N21)', () => {
  it.each([['40001'], ['40P01', '40001'], ['40001', '40001', '40001']])(
    'is run again after %s %s %s',
    async (...codes) => {
      const { query, runs } = failing(...codes);
      expect([await repeatConflicts(query), runs()]).toEqual(['done', codes.length + 1]);
    },
  );

  it('is run again three times, not more', async () => {
    const { query, runs } = failing('40001', '40001', '40001', '40P01', '40001');
    await expect(repeatConflicts(query)).rejects.toMatchObject({ code: '40P01' });
    expect(runs()).toBe(4);
  });

  it('is not run again once its caller has waited for half a second', async () => {
    const { query, runs } = failing('40001');
    const slow = async (): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 550));
      return query();
    };
    await expect(repeatConflicts(slow)).rejects.toMatchObject({ code: '40001' });
    expect(runs()).toBe(1);
  });
});

it.each(['08006', '57014', '57P01', '53100', '23505', 'ECONNRESET'])(
  'what failed with %s may have been committed, or fails again: it is not repeated',
  async (code) => {
    const { query, runs } = failing(code);
    await expect(repeatConflicts(query)).rejects.toMatchObject({ code });
    expect(runs()).toBe(1);
  },
);
