import { ControlError } from './control-error.js';
import { readInvalidationBatch } from './invalidation-batch.js';
import type { Invalidation, Invalidations } from './invalidations.js';
import { writeXml, type Element } from '../xml.js';

const ROUTE = /^\/2020-05-31\/distribution\/([A-Za-z0-9]{1,64})\/invalidation(?:\/([A-Za-z0-9]{1,64}))?\/?$/;

/** A call as it came. */
export interface ControlCall {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
}

/** What goes back. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: string;
  readonly location?: string;
}

/**
 * Answers AWS's own calls CreateInvalidation and GetInvalidation (API of 2020-05-31).
 * The signature of a call is not looked at. An invalidation is complete when the call is answered.
 * @throws ControlError
 */
export function answerControlCall(
  { method, url, body }: ControlCall,
  distributionId: string | null,
  invalidations: Invalidations,
): ControlAnswer {
  const [, askedId = '', invalidationId] = ROUTE.exec(url.pathname) ?? [];
  if (askedId === '') throw new ControlError('InvalidAction');
  if (distributionId !== null && askedId !== distributionId) throw new ControlError('NoSuchDistribution');
  if (method === 'POST' && invalidationId === undefined) {
    const invalidation = invalidations.create(askedId, readInvalidationBatch(body));
    const location = `${url.origin}${url.pathname.replace(/\/$/, '')}/${invalidation.id}`;
    return { status: 201, location, body: writeXml(describe(invalidation)) };
  }
  if (method !== 'GET' || invalidationId === undefined) throw new ControlError('InvalidAction');
  return { status: 200, body: writeXml(describe(invalidations.get(askedId, invalidationId))) };
}

function describe({ id, createTime, batch }: Invalidation): Element {
  const paths: Element = [
    'Paths',
    [
      ['Quantity', String(batch.paths.length)],
      ['Items', batch.paths.map((path) => ['Path', path] as const)],
    ],
  ];
  return [
    'Invalidation',
    [
      ['Id', id],
      ['Status', 'Completed'],
      ['CreateTime', createTime],
      ['InvalidationBatch', [paths, ['CallerReference', batch.callerReference]]],
    ],
  ];
}
