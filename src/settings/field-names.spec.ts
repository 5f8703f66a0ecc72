import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { SETTING_OF_FIELD, settingsProblemOf } from './field-names.js';
import { SETTING_NAMES } from './settings-table.js';

const cloudFront = join(import.meta.dirname, '../cloudfront');

it('a fault is named by the setting behind its field', () => {
  const fault = { expected: 'true, or unset', found: 'false', todo: 'remove it' };
  expect(settingsProblemOf({ field: 'cookies.secure', ...fault })).toEqual({
    setting: 'COOKIE_SECURE',
    ...fault,
  });
});

it('no two fields are one setting', () => {
  const settings = Object.values(SETTING_OF_FIELD);
  expect(new Set(settings).size).toBe(settings.length);
});

it('no file of cloudfront/ holds the name of a setting', () => {
  const names = SETTING_NAMES.filter((name) => name.includes('_'));
  const files = globSync('**/*.ts', { cwd: cloudFront }).filter((file) => !file.endsWith('.spec.ts'));
  expect(files.length).toBeGreaterThan(20);
  const found = files.flatMap((file) => {
    const text = readFileSync(join(cloudFront, file), 'utf8');
    return names.filter((name) => text.includes(name)).map((name) => `${file}: ${name}`);
  });
  expect(found).toEqual([]);
});
