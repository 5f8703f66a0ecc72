import { describe, expect, it } from '@jest/globals';
import { validateSync } from 'class-validator';
import { IsPrefix } from './prefix.decorator.js';

class Body {
  @IsPrefix()
  prefix: unknown;
}

class Template {
  @IsPrefix((value) =>
    value === 'users/{user}' ? {} : { fault: 'prefix_invalid', detail: 'Write users/{user}.' },
  )
  prefix: unknown;
}

function codesOf(body: Body | Template, prefix: unknown): string[] {
  const errors = validateSync(Object.assign(body, { prefix }));
  return errors.flatMap((error) => Object.keys(error.constraints ?? {}));
}

describe('IsPrefix', () => {
  it('accepts what readPrefix accepts', () => {
    expect(codesOf(new Body(), 'courses/algebra')).toEqual([]);
  });

  it.each([
    ['private/*', 'prefix_invalid'],
    ['a'.repeat(513), 'prefix_too_long'],
    [Array(17).fill('a').join('/'), 'prefix_too_deep'],
    [null, 'prefix_invalid'],
    [undefined, 'prefix_required'],
  ])('refuses %j with exactly the code of its fault', (value, code) => {
    expect(codesOf(new Body(), value)).toEqual([code]);
  });

  it('says what to write instead', () => {
    const [error] = validateSync(Object.assign(new Body(), { prefix: 'courses/algebra/*' }));
    expect(error?.constraints).toEqual({
      prefix_invalid: 'No * at the end: edgepass adds it. Write "courses/algebra".',
    });
  });

  it('takes another prefix rule, for entitlements', () => {
    expect(codesOf(new Template(), 'users/{user}')).toEqual([]);
    expect(codesOf(new Template(), 'users')).toEqual(['prefix_invalid']);
  });
});
