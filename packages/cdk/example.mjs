// The example that `template.json` is of, synthesised with the classes of the caller: this folder's, or those of an
// installation of the packed package.
import { readFileSync } from 'node:fs';

/** The template of one stack with the construct. */
export function exampleTemplate({ PrivateFiles, App, Stack, Certificate }) {
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
  return app.synth().getStackByName('Media').template;
}
