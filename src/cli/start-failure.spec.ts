import { describe, expect, it } from '@jest/globals';
import { LocalProblem } from '../../packages/local/src/problem.js';
import { describeStartFailure } from './start-failure.js';

describe('why a start failed', () => {
  it('is the line of a problem that was planned for', () => {
    expect(describeStartFailure(new LocalProblem('PORT: taken'))).toBe('PORT: taken');
  });

  it('is one line for each problem of several', () => {
    const problem = (setting: string) => ({ setting, expected: 'a', found: 'b', todo: 'c' });
    const error = Object.assign(new Error('all'), { problems: [problem('HOST'), problem('PORT')] });
    expect(describeStartFailure(error)).toBe('HOST: expected a; found b; c\nPORT: expected a; found b; c');
  });

  it('keeps its stack where nobody planned for it', () => {
    const bug = new TypeError('x is not a function');
    expect(describeStartFailure(bug)).toBe(`edgepass could not start, and did not expect this: ${bug.stack}`);
  });
});
