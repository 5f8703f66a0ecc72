import { isInvalidationPath } from '../cache/invalidation-path.js';
import { ControlError } from './control-error.js';
import { childrenNamed, readXml } from '../xml.js';

/** How many paths CloudFront takes in one call. */
const MAX_PATHS = 3000;

/** What a call asks to be forgotten. */
export interface InvalidationBatch {
  readonly paths: readonly string[];
  readonly callerReference: string;
}

/**
 * Reads the body of CreateInvalidation.
 * @throws ControlError with the code that AWS gives
 */
export function readInvalidationBatch(body: string): InvalidationBatch {
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
