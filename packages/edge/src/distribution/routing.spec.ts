import * as fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { openBehavior, distributionOf, list, writeFolder } from '../../../../test/support/edge-fixture.js';
import { IS_WHOLE } from '../../../../test/support/whole.js';
import { readDistribution } from './read-distribution.js';
import { findBehavior, normalisePath, patternCovers } from './routing.js';

describe('the path on which a behavior is chosen (R27)', () => {
  it.each([
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/b/', '/a/b/'],
    ['/public/../private/x', '/private/x'],
    ['/public/%2e%2e/private/x', '/private/x'],
    ['/public/%2E./private/x', '/private/x'],
    ['/../../x', '/x'],
    ['/a/./b', '/a/b'],
    ['/a/..', '/'],
    ['/a/.', '/a/'],
    ['//private/x', '/private/x'],
    ['/private//x', '/private/x'],
    ['/%70rivate/x', '/private/x'],
    ['/a%2Fb', '/a%2Fb'],
    ['/a%252e%252e/b', '/a%252e%252e/b'],
    ['/a%zz', '/a%zz'],
    ['/a/...', '/a/...'],
  ])('%s is taken as %s', (raw, normalised) => {
    expect(normalisePath(raw)).toBe(normalised);
  });

  it.each([
    ['/private/*', '/private/x', true],
    ['private/*', '/private/x', true],
    ['/private/*', '/privatex', false],
    ['*.jpg', '/a/b.jpg', true],
    ['/Private/*', '/private/x', false],
    ['*', '/anything', true],
    ['/a?c', '/abc', true],
  ])('pattern %s on %s: %s', (pattern, path, expected) => {
    expect(patternCovers(pattern, path)).toBe(expected);
  });
});

describe('the behavior of a path (R39)', () => {
  const [fallback] = distributionOf(
    readDistribution(writeFolder({ defaultBehavior: openBehavior(), config: { Aliases: list([]) } }).folder),
  ).behaviors;
  const piece = fc.constantFrom('/', '/', 'a', 'b', 'ab', '*', '?', '.js', '%2F', '\\?');
  const pattern = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
  const path = fc
    .array(fc.constantFrom('/', '/', 'a', 'b', 'ab', '.js', '?', '%2F'), { maxLength: 8 })
    .map((pieces) => `/${pieces.join('')}`);

  const RUNS = IS_WHOLE ? 2_000 : 400;

  it('is the first in the list whose pattern covers it, however they are looked up', () => {
    let listed = 0;
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 12 }),
        fc.array(path, { minLength: 1 }),
        (patterns, paths) => {
          if (fallback === undefined) throw new Error('the fixture has a behavior');
          const behaviors = [...patterns, '*'].map((pathPattern) => ({ ...fallback, pathPattern }));
          for (const asked of paths) {
            const normalised = normalisePath(asked);
            const expected = behaviors.find((one) => patternCovers(one.pathPattern, normalised));
            if (expected !== behaviors.at(-1)) listed += 1;
            expect(findBehavior({ behaviors, defaultRootObject: '' }, asked)).toBe(expected);
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(listed).toBeGreaterThan(RUNS / 2);
  });
});
