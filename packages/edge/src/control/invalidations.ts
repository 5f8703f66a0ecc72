import { randomBytes } from 'node:crypto';
import { toTimestamp, type Clock } from '../clock.js';
import { ControlError } from './control-error.js';

/** How many are remembered; AWS remembers them for longer. */
const MAX_REMEMBERED = 1000;

/** What a call asks to be forgotten. */
export interface InvalidationBatch {
  readonly paths: readonly string[];
  readonly callerReference: string;
}

/** An invalidation that was carried out. */
export interface Invalidation {
  readonly id: string;
  readonly distributionId: string;
  readonly createTime: string;
  readonly batch: InvalidationBatch;
}

/** The invalidations of this run, the newest last. */
export class Invalidations {
  private readonly remembered: Invalidation[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly carryOut: (paths: readonly string[]) => void,
  ) {}

  /**
   * Carries out a batch before it returns. A caller reference that was used before gives that earlier
   * invalidation and removes nothing, as at AWS.
   * @throws ControlError when the reference was used for other paths
   */
  create(distributionId: string, batch: InvalidationBatch): Invalidation {
    const earlier = this.of(distributionId).find(
      (one) => one.batch.callerReference === batch.callerReference,
    );
    if (earlier !== undefined) {
      if (earlier.batch.paths.join('\n') === batch.paths.join('\n')) return earlier;
      throw new ControlError('InvalidArgument', 'The CallerReference was used before, with other paths.');
    }
    this.carryOut(batch.paths);
    const invalidation = {
      id: `I${randomBytes(16).toString('hex').slice(0, 25).toUpperCase()}`,
      distributionId,
      createTime: toTimestamp(this.clock.nowEpochSeconds()),
      batch,
    };
    this.remembered.push(invalidation);
    if (this.remembered.length > MAX_REMEMBERED) this.remembered.shift();
    return invalidation;
  }

  /** @throws ControlError when there is none */
  get(distributionId: string, id: string): Invalidation {
    const found = this.of(distributionId).find((one) => one.id === id);
    if (found === undefined) throw new ControlError('NoSuchInvalidation');
    return found;
  }

  private of(distributionId: string): readonly Invalidation[] {
    return this.remembered.filter((one) => one.distributionId === distributionId);
  }
}
