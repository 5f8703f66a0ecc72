import { verify } from 'node:crypto';
import type { Deployment } from './deployment.js';
import type { Sample } from './load.js';

/** What is wrong with an answer as CloudFront would read it, or `null`. Uses node:crypto alone. */
export function faultOf(sample: Sample, deployment: Deployment): string | null {
  const values = new Map(sample.cookies.map((line) => nameAndValue(line)));
  const policy = fromCloudFrontBase64(values.get('CloudFront-Policy') ?? '');
  const signature = fromCloudFrontBase64(values.get('CloudFront-Signature') ?? '');
  if (values.get('CloudFront-Key-Pair-Id') !== deployment.keyPairId) return 'another key pair id';
  if (!verify('sha1', policy, deployment.publicKey, signature)) return 'the signature does not verify';
  const { Statement } = JSON.parse(policy.toString()) as {
    Statement: { Resource: string; Condition: { DateLessThan: { 'AWS:EpochTime': number } } }[];
  };
  const [statement] = Statement;
  if (Statement.length !== 1 || statement === undefined) return 'not one statement';
  if (statement.Resource !== `${deployment.cdnUrl}/${sample.prefix}/*`) return 'another resource';
  const secondsLeft = statement.Condition.DateLessThan['AWS:EpochTime'] - sample.receivedAtEpochSeconds;
  // An answer is waited for 10 s at most, and the time in a policy is in whole seconds.
  const isLife = secondsLeft > deployment.ttlSeconds - 11 && secondsLeft <= deployment.ttlSeconds;
  return isLife ? null : `a life of ${Math.round(secondsLeft)} s`;
}

function nameAndValue(line: string): [string, string] {
  const pair = line.split(';', 1)[0] ?? '';
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

/** The three characters that CloudFront puts in the place of `+`, `=` and `/`. */
function fromCloudFrontBase64(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');
}
