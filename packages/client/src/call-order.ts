/** The part of the Web Locks API that is used. */
interface Locks {
  request<Answer>(name: string, callback: () => Promise<Answer>): Promise<Answer>;
}

/** A call that hangs lets the next ones go after this long. */
const LONGEST_WAIT_MS = 30_000;

/**
 * Sends calls one after the other: those of this page, and where the browser has Web Locks those of every tab
 * of its origin. So a call that clears is never overtaken by the answer to a grant that was sent before it.
 * @param name the same in every tab that talks to the same API
 */
export function callOrder(
  name: string,
  locks = locksOfPage(),
): <Answer>(call: () => Promise<Answer>) => Promise<Answer> {
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    const before = last;
    return new Promise((resolve, reject) => {
      const run = (): Promise<void> => {
        // A call that throws instead of rejecting must not keep the next ones waiting.
        const made = (async () => call())();
        made.then(resolve, reject);
        return settledInTime(made);
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

async function settledInTime(made: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LONGEST_WAIT_MS);
  });
  await Promise.race([made.catch(() => undefined), tooLong]);
  clearTimeout(timer);
}

function locksOfPage(): Locks | undefined {
  // Where there is no document there are no tabs.
  const page = globalThis as { document?: unknown; navigator?: { locks?: Locks } };
  return page.document === undefined ? undefined : page.navigator?.locks;
}
