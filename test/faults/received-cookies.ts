import { decodeCloudFront } from '../support/set-cookie-lines.js';
import type { AuditedGrant } from './audited-grants.js';

/** One cookie set that reached a client, as it reads it. */
export interface Receipt {
  readonly viewer: string;
  readonly resource: string;
  readonly expiresAtEpochSeconds: number;
  /** When the headers were here, in milliseconds since 1970 with fractions. */
  readonly receivedAtEpochMilliseconds: number;
  /** The grant's id from the body; `null` where the connection ended between the cookies and the body. */
  id: string | null;
}

/** Every cookie set that clients have received, for a join with the audit table. */
export class ReceivedCookies {
  readonly all: Receipt[] = [];

  /**
   * Notes the cookies of an answer the moment that its headers are here. The policy is read as CloudFront
   * reads it, with nothing of the code that wrote it.
   * @throws {Error} when there is no readable policy among them
   */
  receive(viewer: string, setCookies: readonly string[]): Receipt {
    const receivedAtEpochMilliseconds = performance.timeOrigin + performance.now();
    const policy = policyIn(setCookies);
    const receipt: Receipt = { viewer, ...policy, receivedAtEpochMilliseconds, id: null };
    this.all.push(receipt);
    return receipt;
  }

  /** Those of the first `count` cookie sets that no row stands for: see {@link receiptsWithoutRow}. */
  withoutRow(rows: readonly AuditedGrant[], count = this.all.length): readonly Receipt[] {
    return receiptsWithoutRow(this.all.slice(0, count), rows);
  }
}

/**
 * The cookie sets that no row stands for. A row stands for one set: with that id, that viewer, that resource and
 * that end; where the id was never received, any such row that is left over.
 */
export function receiptsWithoutRow(
  receipts: readonly Receipt[],
  rows: readonly AuditedGrant[],
): readonly Receipt[] {
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  const without: Receipt[] = [];
  for (const receipt of receipts) {
    if (receipt.id === null) continue;
    const row = rowOf.get(receipt.id);
    if (row !== undefined && keyOf(row) === keyOf(receipt)) rowOf.delete(receipt.id);
    else without.push(receipt);
  }
  const left = Map.groupBy(rowOf.values(), keyOf);
  for (const receipt of receipts) {
    if (receipt.id === null && left.get(keyOf(receipt))?.pop() === undefined) without.push(receipt);
  }
  return without;
}

function policyIn(setCookies: readonly string[]): Pick<Receipt, 'resource' | 'expiresAtEpochSeconds'> {
  const value = setCookies.flatMap((line) => /^CloudFront-Policy=([^;]+)/.exec(line)?.[1] ?? [])[0];
  if (value === undefined) throw new Error('expected a CloudFront-Policy among the cookies of a grant');
  const policy = JSON.parse(decodeCloudFront(value).toString()) as {
    Statement: [{ Resource: string; Condition: { DateLessThan: { 'AWS:EpochTime': number } } }];
  };
  const [{ Resource: resource, Condition: condition }] = policy.Statement;
  return { resource, expiresAtEpochSeconds: condition.DateLessThan['AWS:EpochTime'] };
}

const keyOf = (grant: Pick<Receipt, 'viewer' | 'resource' | 'expiresAtEpochSeconds'>): string =>
  `${grant.viewer} ${grant.resource} ${grant.expiresAtEpochSeconds}`;
