import type { School } from './school.js';

/** The example, installed once from the packed tarball; all steps use the same running school. */
export interface Stage {
  readonly folder: string;
  readonly school: School;
  readonly keyPairId: string;
  readonly privateKey: string;
}

/** Gives the stage, once it is built. */
export type OnStage = () => Stage;

/** For a test that runs npm, a compiler or the command: a busy machine needs several seconds for each. */
export const commandLimitMilliseconds = 60_000;
