import { describe, expect, test } from '@jest/globals';
import type { Diagnosis, Finding } from './diagnose.js';
import { report } from './report.js';

const diagnosisOf = (...findings: readonly Finding[]): Diagnosis => ({
  version: 1,
  rootCause: null,
  alsoPossible: [],
  findings,
  policies: [],
  notes: [],
});
const finding = (id: string, status: Finding['status'], seen: readonly string[] = []): Finding => ({
  id,
  status,
  catalogue: [],
  seen,
  consequenceOf: null,
});

describe('the report', () => {
  test('leads to the section of its cause', () => {
    const cause = { id: 'certificate-not-trusted', catalogue: ['F48'], title: 'T', seen: [], why: 'W' };
    const text = report({ ...diagnosisOf(), rootCause: { ...cause, fix: { text: 'F' } } });
    expect(text).toContain(
      '  id    certificate-not-trusted, F48: docs/doctor/page-and-network.md#certificate-not-trusted\n',
    );
  });

  test('says that nothing could be judged, where no check could', () => {
    expect(report(diagnosisOf())).toBe('Nothing could be judged: no check found what it looks at.\n');
  });

  test('counts the checks that looked, one that warns among them', () => {
    const text = report(diagnosisOf(finding('font', 'ok'), finding('browsers-own-copy', 'warn', ['a.png'])));
    expect(text.split('\n')[0]).toBe('Nothing wrong was found: 2 checks looked at what was handed over.');
  });

  test('lists a check that broke off, which judged nothing', () => {
    const seen = 'This check broke off (TypeError); please report it.';
    expect(report(diagnosisOf(finding('font', 'skip', [seen])))).toBe(
      `Nothing could be judged: no check found what it looks at.\n\nCould not be looked for:\n  - A font in CSS is fetched without cookies. (font)\n    ${seen}\n`,
    );
  });
});
