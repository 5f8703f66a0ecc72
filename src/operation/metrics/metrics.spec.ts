import { describe, expect, it } from '@jest/globals';
import { BoundedLabel } from './metrics.js';

describe('a label with a bound', () => {
  it('gives the first values as they are, then and for ever, and `other` for the rest', () => {
    const label = new BoundedLabel(2);
    expect(['a', 'b', 'c', 'a', 'd'].map((value) => label.of(value))).toEqual([
      'a',
      'b',
      'other',
      'a',
      'other',
    ]);
  });

  it.each(['', 'two words', 'line\nbreak', '"', '1st', 'x'.repeat(65), 'https://evil.example'])(
    'never gives %j, which is no word of ours',
    (value) => {
      expect(new BoundedLabel(10).of(value)).toBe('other');
    },
  );
});
