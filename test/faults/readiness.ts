import { setTimeout as pause } from 'node:timers/promises';
import { send } from '../support/https-client.js';
import type { TestApi } from '../support/api.js';
import { startStopwatch } from '../support/stopwatch.js';

const DEADLINE_MILLISECONDS = 15_000;
/** An API in this process needs the processor meanwhile, and so do other tests. */
const BETWEEN_LOOKS_MILLISECONDS = 25;

/** Milliseconds (of a {@link startStopwatch}) until readiness of a process answers this status. */
export function untilReadinessIs(url: string, status: number): Promise<number> {
  return untilStatus(status, async () => (await send(`${url}/health/ready`)).status);
}

/** The same of an API in this process. */
export function untilReadyIs(api: TestApi, status: number): Promise<number> {
  return untilStatus(status, async () => (await api.http.get('/health/ready')).status);
}

async function untilStatus(status: number, ask: () => Promise<number>): Promise<number> {
  const stopwatch = startStopwatch();
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- looks again and again
    const found = await ask();
    if (found === status) return stopwatch();
    if (stopwatch() > DEADLINE_MILLISECONDS) throw new Error(`readiness stays ${found}`);
    // oxlint-disable-next-line no-await-in-loop
    await pause(BETWEEN_LOOKS_MILLISECONDS);
  }
}
