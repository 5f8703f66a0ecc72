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
    const fullName = 'SIGTERM K18, N39, N40: 200 requests are answered (B5)';
    const remarks = [
      { test: fullName, kind: 'injection', text: 'kill' },
      { test: fullName, kind: 'evidence', text: '200 of 200' },
      { test: 'another', kind: 'evidence', text: 'no' },
    ] as const;
    expect(lineOf({ fullName, status: 'passed', seconds: 2.34 }, remarks, '2026-11-20')).toEqual({
      ids: 'N39, N40',
      words: 'SIGTERM 200 requests are answered',
      injection: 'kill',
      evidence: '200 of 200',
      seconds: '2.3',
      date: '2026-11-20',
    });
  });

  test('says of a failed test that it failed', () => {
    const failed = lineOf({ fullName: 'N01 it starts', status: 'failed', seconds: 0 }, [], '2026-11-20');
    expect(failed?.evidence).toBe('**failed**');
  });

  test.each([
    ['names no row', { fullName: 'it starts', status: 'passed' }],
    ['was skipped', { fullName: 'N08 it starts [skipped: no strace on this machine]', status: 'pending' }],
  ])('has no line for a test that %s', (_what, finished) => {
    expect(lineOf({ ...finished, seconds: 0 }, [], '2026-11-20')).toBeNull();
  });

  test('keeps the lines of rows that did not run, after a run of some', () => {
    const before = renewPage('', [line('N02', 'a | b'), line('N03', 'c')], true);
    const after = renewPage(before, [line('N03', 'c', { evidence: 'new' }), line('N01', 'd')], false);
    expect(after).toBe(
      renewPage('', [line('N01', 'd'), line('N02', 'a | b'), line('N03', 'c', { evidence: 'new' })], true),
    );
  });

  test('forgets them after a run of all', () => {
    const before = renewPage('', [line('N02', 'gone')], true);
    expect(renewPage(before, [line('N01', 'd')], true)).not.toContain('gone');
  });

  test('keeps those that were made through a pooler, which a run of all does not make', () => {
    const finished = { fullName: 'N13 it heals', status: 'passed', seconds: 1 };
    const through = lineOf(finished, [], '2026-11-28', true);
    expect(through?.words).toBe('it heals (through PgBouncer)');
    const before = renewPage('', [through!, line('N13', 'it heals')], true);
    const after = renewPage(before, [line('N13', 'it heals', { evidence: 'new' })], true);
    expect(after).toBe(renewPage('', [through!, line('N13', 'it heals', { evidence: 'new' })], true));
  });
});
