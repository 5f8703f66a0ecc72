import { describe, expect, test } from '@jest/globals';
import { causePages } from '../page.js';
import { CHECKS, checkOf, SYMPTOMS } from './catalogue.js';
import { STAGES } from './check.js';

describe('every check', () => {
  test('has an id of its own', () => {
    const ids = [...CHECKS, ...SYMPTOMS].map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test('stands in the order of the stages, and is described on one page', () => {
    const stages = CHECKS.map(({ stage }) => STAGES.indexOf(stage));
    expect(stages).toEqual(stages.toSorted((a, b) => a - b));
    const headings = [...causePages().values()].flatMap((text) => text.match(/^## .+$/gm) ?? []);
    expect(headings.toSorted()).toEqual([...CHECKS, ...SYMPTOMS].map(({ id }) => `## ${id}`).toSorted());
  });

  test('says something after every colon of its page', () => {
    const lines = [...causePages().values()].flatMap((text) => text.match(/^- [^:]+:.*$/gm) ?? []);
    expect(lines.length).toBeGreaterThan(300);
    expect(lines.filter((line) => /: *$/.test(line))).toEqual([]);
  });

  test('of a cause stands on no page of symptoms', () => {
    const text = causePages().get('symptoms.md') ?? '';
    const headings = text.match(/^## .+$/gm) ?? [];
    expect(headings).toEqual(SYMPTOMS.map(({ id }) => `## ${id}`));
  });
});

describe('every symptom', () => {
  test.each(SYMPTOMS.map(({ id, couldBe }) => [id, couldBe] as const))(
    '%s names each of its causes once',
    (_id, couldBe) => {
      expect(couldBe.filter((id, index) => couldBe.indexOf(id) !== index || checkOf(id) === null)).toEqual(
        [],
      );
    },
  );
});
