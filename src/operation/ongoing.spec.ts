import { describe, expect, it } from '@jest/globals';
import { Ongoing } from './ongoing.js';

function ongoing(...all: readonly string[]): Ongoing<string> {
  const begun = new Ongoing<string>();
  for (const one of all) begun.add(one);
  return begun;
}

describe('what is ongoing', () => {
  it('stands in the order in which it began', () => {
    expect([...ongoing('a', 'b', 'c')]).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['the first', 'a', ['b', 'c']],
    ['one in the middle', 'b', ['a', 'c']],
    ['the last', 'c', ['a', 'b']],
    ['one that never began', 'd', ['a', 'b', 'c']],
  ])('is the rest once %s has ended', (_which, one, rest) => {
    const begun = ongoing('a', 'b', 'c');
    begun.delete(one);
    expect([[...begun], begun.size]).toEqual([rest, rest.length]);
  });

  it('can be taken as it is now', () => {
    const begun = ongoing('a', 'b');
    const copy = begun.copy();
    begun.delete('a');
    expect(copy).toEqual(['a', 'b']);
  });
});
