// Runs in a worker thread, from dist as JavaScript and under jest straight from src: only package
// imports and erasable types, because Node strips types but resolves no `.js` to `.ts`.
import type { KeyObject } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { getSignedCookies } from '@aws-sdk/cloudfront-signer';

interface SignerWorkerData {
  readonly keyPairId: string;
  readonly privateKey: KeyObject;
  readonly algorithm: 'SHA1' | 'SHA256';
  readonly probe: string;
}

const { keyPairId, privateKey, algorithm, probe } = workerData as SignerWorkerData;

function signatureOf(policy: string): string | null {
  try {
    // The signer's type knows PEM text only; a KeyObject saves parsing it on every call.
    return getSignedCookies({ policy, keyPairId, privateKey: privateKey as unknown as string, algorithm })[
      'CloudFront-Signature'
    ];
  } catch {
    return null;
  }
}

// One message in is one batch of policy texts, one message out its signatures in the same order.
parentPort?.on('message', (policies: readonly string[]) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(policies.map(signatureOf));
});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage([signatureOf(probe)]);
