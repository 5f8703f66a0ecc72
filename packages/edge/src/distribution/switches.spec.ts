import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_SWITCHES, SWITCHES } from './switches.js';

describe('the switches for what AWS leaves open', () => {
  it('stand in docs/evidence/edge.md, each with its values, rules and meaning', () => {
    const page = readFileSync(new URL('../../../../docs/evidence/edge.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('<!-- switches -->'), page.indexOf('<!-- /switches -->'));
    const rows = table
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    expect(rows.map((cells) => cells.slice(1, 5))).toEqual(
      Object.entries(SWITCHES).map(([name, { values, rules, meaning }]) => [
        `\`${name}\``,
        values.map((value) => `\`${value}\``).join(', '),
        rules,
        meaning,
      ]),
    );
  });

  it('stand at the defaults that docs/rules.md names', () => {
    expect(DEFAULT_SWITCHES).toEqual({
      sha256Cookies: 'accept',
      questionMark: 'either',
      refusalHeaders: 'none',
      anyOriginWithCredentials: 'refuse',
      originVary: 'forwarded',
      expirySecond: 'deny',
      duplicateCookies: 'first',
      ipv6Viewer: 'deny',
    });
  });
});
