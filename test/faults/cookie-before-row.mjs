// Preloaded into a service that is broken on purpose: it sends the cookies, and writes the row a little later.
import { isMainThread } from 'node:worker_threads';

const LATER_MILLISECONDS = 20;

if (isMainThread) {
  const { DatabaseGrantLedger } = await import('../../dist/grants/database-grant-ledger.js');
  const { prototype } = DatabaseGrantLedger;
  const record = Reflect.get(prototype, 'permitAndRecord');
  prototype.permitAndRecord = function (proposed) {
    setTimeout(() => void Reflect.apply(record, this, [proposed]).catch(() => undefined), LATER_MILLISECONDS);
    const { caller, ...grant } = proposed;
    return Promise.resolve({ ...grant, viewerId: caller.id });
  };
}
