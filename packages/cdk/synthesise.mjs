// Synthesises an example of the construct into template.json, which the tests of the edge run, with the fingerprint of
// the source beside it. `--check` writes nothing and ends with 1 where template.json is another.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { PrivateFiles } from './dist/index.js';
import { exampleTemplate } from './example.mjs';

const target = new URL('template.json', import.meta.url);
const source = readFileSync(new URL('src/index.ts', import.meta.url));
const template = {
  ...exampleTemplate({ PrivateFiles, App, Stack, Certificate }),
  // Says which source this is of, so that a test sees a stale one without the CDK.
  Metadata: { SourceSha256: createHash('sha256').update(source).digest('hex') },
};
const text = `${JSON.stringify(template, null, 2)}\n`;
if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  console.error(
    'packages/cdk/template.json: expected what the construct synthesises, found another; run: npm run --prefix packages/cdk synthesise',
  );
  process.exitCode = 1;
} else console.log('packages/cdk/template.json is what the construct synthesises');
