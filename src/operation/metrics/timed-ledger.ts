import type { GrantLedger } from '../../grants/grant-ledger.js';
import type { Metrics } from './metrics.js';

/** The same ledger; each grant's wait for its commit is counted. */
export function timedLedger(ledger: GrantLedger, metrics: Metrics | null): GrantLedger {
  if (metrics === null) return ledger;
  return {
    async permitAndRecord(proposed) {
      const begin = performance.now();
      let outcome: 'ok' | 'failed' = 'failed';
      try {
        const record = await ledger.permitAndRecord(proposed);
        outcome = 'ok';
        return record;
      } finally {
        metrics.databaseAnswered('grant', outcome, (performance.now() - begin) / 1000);
      }
    },
    wouldPermit: (...asked) => ledger.wouldPermit(...asked),
    unexpired: (...asked) => ledger.unexpired(...asked),
  };
}
