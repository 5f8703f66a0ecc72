import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { readSettings } from './read-settings.js';
import { dotEnvExample, settingsPage } from './settings-page.js';
import { SETTING_GROUPS, SETTING_NAMES, SETTINGS_TABLE } from './settings-table.js';

describe('the pages made from the table', () => {
  it('.env.example has exactly the names of the table, in its order of groups', () => {
    const names = [...dotEnvExample().matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(names).toStrictEqual(SETTING_NAMES);
    expect(Object.keys(parseEnv(dotEnvExample())).toSorted()).toStrictEqual(SETTING_NAMES.toSorted());
  });

  it('docs/settings.md has exactly the names of the table', () => {
    const names = [...settingsPage().matchAll(/^- \*\*`([A-Z_]+)`\*\*: /gm)].map(([, name]) => name);
    expect(names).toStrictEqual(SETTING_NAMES);
  });

  it('a copy of .env.example changes nothing', () => {
    const dotEnv = { text: dotEnvExample(), path: '.env' };
    expect(readSettings({ NODE_ENV: 'development' }, { dotEnv })).toStrictEqual(
      readSettings({ NODE_ENV: 'development' }),
    );
  });

  it('every group has a setting', () => {
    expect([...new Set(SETTING_NAMES.map((name) => SETTINGS_TABLE[name].group))]).toStrictEqual(
      SETTING_GROUPS,
    );
  });
});

describe('every example of the table', () => {
  it.each(SETTING_NAMES.filter((name) => name !== 'AUTH_SECRET'))('%s is a legal value', (name) => {
    const { example, parse } = SETTINGS_TABLE[name];
    expect(parse(example, 'production')).toHaveProperty('value');
  });
});
