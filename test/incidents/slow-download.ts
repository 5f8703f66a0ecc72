import type { Page } from 'playwright-core';

/** A download by a script that has stopped reading. */
export interface SlowDownload {
  /** Reads on to the end; gives the number of all bytes. Rejects when the answer breaks off. */
  finish(): Promise<number>;
}

/** Begins to load a file with credentials and stops after its first bytes. */
export async function beginDownload(page: Page, url: string): Promise<SlowDownload> {
  const download = await page.evaluateHandle(async (address) => {
    const response = await fetch(address, { credentials: 'include', cache: 'no-store' } as object);
    if (response.status !== 200 || response.body === null) throw new Error(`found ${response.status}`);
    const reader = response.body.getReader();
    const { value } = await reader.read();
    return { reader, received: value?.length ?? 0 };
  }, url);
  return {
    finish: () =>
      download.evaluate(async ({ reader, received }) => {
        let all = received;
        for (;;) {
          // oxlint-disable-next-line no-await-in-loop -- a stream
          const { done, value } = await reader.read();
          if (done) return all;
          all += value.length;
        }
      }),
  };
}
