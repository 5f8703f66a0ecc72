import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What is known of CloudFront and S3, rule by rule. */
const RULES = [...readFileSync(join(root, 'docs/rules.md'), 'utf8').matchAll(/^- \*\*(R\d+)\*\*/gm)].map(
  ([, rule = '']) => rule,
);

test('every rule of CloudFront and S3 has a test that names it, or a line in docs/evidence/edge.md that says why not', () => {
  const specs = ['packages/edge/src', 'src/cloudfront', 'test'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(?:spec|incident|attacks)\.ts$/.test(path) && !path.endsWith('edge-rules.spec.ts'))
      .map((path) => readFileSync(join(root, folder, path), 'utf8')),
  );
  const said = [...specs, readFileSync(join(root, 'docs/evidence/edge.md'), 'utf8')].join('\n');
  const named = new Set([...said.matchAll(/\bR(\d{1,3})(?:[–-]R?(\d{1,3}))?/g)].flatMap(rulesOf));

  expect(RULES).toContain('R127');
  expect(RULES.filter((rule) => !named.has(rule))).toEqual([]);
});

/** `R68–R79` names twelve rules. */
function rulesOf([, from = '', to = from]: RegExpMatchArray): string[] {
  const length = Math.max(1, Number(to) - Number(from) + 1);
  return Array.from({ length }, (_, index) => `R${Number(from) + index}`);
}
