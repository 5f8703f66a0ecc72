import { describe, expect, test } from '@jest/globals';
import { lineOf, renewPage, type FaultLine } from './faults-page.js';

const line = (ids: string, words: string, more: Partial<FaultLine> = {}): FaultLine => ({
  ids,
  words,
  injection: 'kill',
  evidence: '3 of 3',
  seconds: '1.0',
  date: '2026-11-19',
  ...more,
});

describe('the page of the faults', () => {
  test('has a line for a test whose title names rows, with what it said of itself', () => {
    const fullName = 'SIGTERM K18, F39, F40: 200 requests are answered (B5)';
    const told = [
      { test: fullName, kind: 'injection', text: 'kill' },
      { test: fullName, kind: 'evidence', text: '200 of 200' },
      { test: 'another', kind: 'evidence', text: 'no' },
    ] as const;
    expect(lineOf({ fullName, status: 'passed', seconds: 2.34 }, told, '2026-11-20')).toEqual({
      ids: 'F39, F40',
      words: 'SIGTERM 200 requests are answered',
      injection: 'kill',
      evidence: '200 of 200',
      seconds: '2.3',
      date: '2026-11-20',
    });
  });

  test('says of a failed test that it failed', () => {
    const failed = lineOf({ fullName: 'F01 it starts', status: 'failed', seconds: 0 }, [], '2026-11-20');
    expect(failed?.evidence).toBe('**failed**');
  });

  test.each([
    ['names no row', { fullName: 'it starts', status: 'passed' }],
    ['was skipped', { fullName: 'F08 it starts [skipped: no strace on this machine]', status: 'pending' }],
  ])('has no line for a test that %s', (_what, finished) => {
    expect(lineOf({ ...finished, seconds: 0 }, [], '2026-11-20')).toBeNull();
  });

  test('keeps the lines of rows that did not run, after a run of some', () => {
    const before = renewPage('', [line('F02', 'a | b'), line('F03', 'c')], true);
    const after = renewPage(before, [line('F03', 'c', { evidence: 'new' }), line('F01', 'd')], false);
    expect(after).toBe(
      renewPage('', [line('F01', 'd'), line('F02', 'a | b'), line('F03', 'c', { evidence: 'new' })], true),
    );
  });

  test('forgets them after a run of all', () => {
    const before = renewPage('', [line('F02', 'gone')], true);
    expect(renewPage(before, [line('F01', 'd')], true)).not.toContain('gone');
  });
});
