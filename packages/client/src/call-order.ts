import type { Timers } from './page-signals.js';

/** The part of the Web Locks API that is used. */
export interface Locks {
  request<Answer>(name: string, callback: () => Promise<Answer>): Promise<Answer>;
}

/** A call that hangs is given up after this long, so that the next ones go. */
const LONGEST_CALL_MS = 30_000;

/**
 * Sends calls one after the other: those of this page, and where the browser has Web Locks those of every tab
 * of its origin. So a call that clears is never overtaken by the answer to a grant that was sent before it.
 * A call that takes longer than 30 s rejects with a `TimeoutError`.
 * @param name the same in every tab that talks to the same API
 */
export function callOrder(
  name: string,
  timers: Timers,
  locks: Locks | undefined = locksOfPage(),
): <Answer>(call: () => Promise<Answer>) => Promise<Answer> {
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    const before = last;
    return new Promise((resolve, reject) => {
      const run = async (): Promise<void> => {
        let cancel = (): void => {};
        const tooLong = new Promise<never>((_resolve, giveUp) => {
          cancel = timers.after(LONGEST_CALL_MS, () =>
            giveUp(new DOMException('No answer within 30 s.', 'TimeoutError')),
          );
        });
        try {
          resolve(await Promise.race([call(), tooLong]));
        } catch (error) {
          reject(error);
        }
        cancel();
      };
      last = before.then(() => (locks === undefined ? run() : runAlone(locks, name, run)));
    });
  };
}

/** A page without an origin of its own, such as a sandboxed frame, may not lock: it goes without. */
async function runAlone(locks: Locks, name: string, run: () => Promise<void>): Promise<void> {
  let hasRun = false;
  const once = (): Promise<void> => {
    hasRun = true;
    return run();
  };
  await locks.request(name, once).catch(() => (hasRun ? undefined : run()));
}

function locksOfPage(): Locks | undefined {
  // Where there is no document there are no tabs.
  const page = globalThis as { document?: unknown; navigator?: { locks?: Locks } };
  return page.document === undefined ? undefined : page.navigator?.locks;
}
