import { describe, expect, test } from '@jest/globals';
import { readSettings } from '../../src/settings/read-settings.js';
import { read } from './project-files.js';

const page = read('docs/local.md');
const blocks = [...page.matchAll(/```bash\n([\s\S]*?)```/g)].map(([, text = '']) => text);

/** What the `export` lines of a block set. */
function settingsIn(block: string): Record<string, string> {
  return Object.fromEntries(
    [...block.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
}

describe('docs/local.md', () => {
  test('has four blocks to copy for host names of your own', () => {
    expect(blocks).toHaveLength(4);
  });

  test.each(blocks)('has settings that go together in: %s', (block) => {
    const signsInElsewhere = block.includes('--api ');
    const result = readSettings({ NODE_ENV: 'development', ...settingsIn(block) }, { signsInElsewhere });
    expect('problems' in result ? result.problems : []).toEqual([]);
    expect(result.warnings).toEqual([]);
  });

  test('names the commands of package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
    expect(named).toEqual(expect.arrayContaining(['start:dev', 'test:quick', 'test:watch', 'typecheck']));
  });
});
