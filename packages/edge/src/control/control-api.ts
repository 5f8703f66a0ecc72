import { isInvalidationPath } from '../cache/invalidation-path.js';
import { childrenNamed, readXml, writeXml, type Element } from '../xml.js';
import { ControlError } from './control-error.js';
import type { Invalidation, InvalidationBatch, Invalidations } from './invalidations.js';

const ROUTE = /^\/2020-05-31\/distribution\/([A-Za-z0-9]{1,64})\/invalidation(?:\/([A-Za-z0-9]{1,64}))?\/?$/;

/** A call as it came. */
interface ControlCall {
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

/** How many paths CloudFront takes in one call. */
const MAX_PATHS = 3000;

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

/**
 * Reads the body of CreateInvalidation.
 * @throws ControlError with the code that AWS gives
 */
function readInvalidationBatch(body: string): InvalidationBatch {
  if (body.trim() === '') throw new ControlError('MissingBody');
  const root = readXml(body);
  if (root === null || root.name !== 'InvalidationBatch') throw new ControlError('MalformedXML');
  const [paths] = childrenNamed(root, 'Paths');
  const [items] = childrenNamed(paths, 'Items');
  const names = childrenNamed(items, 'Path').map(({ text }) => text);
  const quantity = childrenNamed(paths, 'Quantity')[0]?.text.trim();
  const callerReference = childrenNamed(root, 'CallerReference')[0]?.text ?? '';
  if (quantity !== String(names.length)) throw new ControlError('InconsistentQuantities');
  if (callerReference === '') {
    throw new ControlError('InvalidArgument', 'The CallerReference must not be empty.');
  }
  if (names.length === 0) throw new ControlError('InvalidArgument', 'The batch names no path.');
  if (names.length > MAX_PATHS) throw new ControlError('BatchTooLarge');
  if (!names.every(isInvalidationPath)) {
    throw new ControlError(
      'InvalidArgument',
      'Your request contains one or more invalid invalidation paths.',
    );
  }
  return { paths: names, callerReference };
}
