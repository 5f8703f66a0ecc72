import { verify, type KeyObject } from 'node:crypto';
import { valuesOf, type WireAnswer } from './wire-answers.js';

/** What a grant of this deployment is held to. */
export interface GrantPromises {
  /** `https://cdn…`, no slash at the end. */
  readonly cloudFrontUrl: string;
  readonly publicKey: KeyObject;
  readonly longestLifetimeSeconds: number;
}

/** Nothing else may stand in a policy: no white space, no second statement, no other condition. */
const POLICY =
  /^\{"Statement":\[\{"Resource":"([^"\\?*]+\*)","Condition":\{"DateLessThan":\{"AWS:EpochTime":(\d{10})\}\}\}\]\}$/;

/**
 * U10, by a reader that shares nothing with the signer: one statement, the exact Resource of the answer with
 * one final `*`, an integer end that is not too far, a signature that the public key verifies.
 */
export function faultsOfGrant(answer: WireAnswer, promises: GrantPromises): readonly string[] {
  const policy = decode(answer, 'CloudFront-Policy');
  const signature = decode(answer, 'CloudFront-Signature');
  if (policy === null && signature === null) return [];
  const [, resource, epoch] = POLICY.exec(policy?.toString('latin1') ?? '') ?? [];
  const body = JSON.parse(answer.body) as { prefix?: string; resource: string; expiresAt: string };
  const path = body.prefix === '/' ? '' : `/${escaped(body.prefix)}`;
  const farthest = Date.now() / 1000 + promises.longestLifetimeSeconds + 1;
  const rules: readonly (readonly [isKept: boolean, rule: string])[] = [
    [resource === `${promises.cloudFrontUrl}${path}/*`, 'U10 another Resource'],
    [resource === body.resource, 'U10 the answer names another resource'],
    [Number(epoch) * 1000 === Date.parse(body.expiresAt), 'U10 the answer names another end'],
    [Number(epoch) <= farthest, 'U10 it lives too long'],
    [
      policy !== null && signature !== null && verify('sha1', policy, promises.publicKey, signature),
      'U10 the signature does not verify',
    ],
  ];
  return rules.flatMap(([isKept, rule]) => (isKept ? [] : [rule]));
}

/** The name of a folder as browsers send it: every byte beyond printable ASCII as %XX. */
function escaped(name: string | undefined): string {
  return Array.from(Buffer.from(name ?? ''), (byte) =>
    byte > 0x20 && byte < 0x7f
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

/** The bytes of a cookie that is given a value: base64 with `+ = /` written as `- _ ~`. */
function decode(answer: WireAnswer, name: string): Buffer | null {
  const line = valuesOf(answer, 'set-cookie').find((text) => new RegExp(`^${name}=[^;]`).test(text));
  const value = line?.slice(name.length + 1).split(';')[0];
  if (value === undefined) return null;
  return Buffer.from(value.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');
}
