// Synthesises an example of the construct into template.json, which the tests of the edge run, with the fingerprint of
// the source beside it. `--check` writes nothing and ends with 1 where template.json is another.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { PrivateFiles } from './dist/index.js';

const target = new URL('template.json', import.meta.url);
const source = readFileSync(new URL('src/index.ts', import.meta.url));
const app = new App({ analyticsReporting: false });
const stack = new Stack(app, 'Media');
const arn = 'arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222-3333-4444-555555555555';
// oxlint-disable-next-line no-new -- a construct adds itself to its scope
new PrivateFiles(stack, 'Files', {
  domainName: 'cdn.example.com',
  certificate: Certificate.fromCertificateArn(stack, 'Certificate', arn),
  pageOrigins: ['https://app.example.com'],
  publicKeys: { First: readFileSync(new URL('example-public-key.pem', import.meta.url), 'utf8') },
});
const template = {
  ...app.synth().getStackByName('Media').template,
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
