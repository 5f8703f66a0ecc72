import { describe, expect, it } from '@jest/globals';
import {
  EdgepassError,
  EdgepassNetworkError,
  type Grant,
  type KeepGrantedOptions,
} from '../../packages/client/src/index.js';
import { keepGranted } from '../../packages/client/src/keep-granted.js';
import { grantIssuedAt, START_MS } from './answers.js';

/** A page whose time stands still until the test moves it. */
class StillPage {
  nowMs = START_MS;
  asked: string[] = [];
  readonly reports: string[] = [];
  #alarm: { atMs: number; callback: () => void } | undefined;
  readonly #wakeListeners = new Set<() => void>();
  readonly #answers: (Grant | Error | 'never')[];

  constructor(...answers: (Grant | Error | 'never')[]) {
    this.#answers = answers;
  }

  keep(options: KeepGrantedOptions = {}): ReturnType<typeof keepGranted> {
    const granter = {
      grant: (prefix: string, { ttlSeconds }: { ttlSeconds?: number | undefined } = {}): Promise<Grant> => {
        this.asked.push(`${prefix} ${ttlSeconds ?? 'default'} @${this.seconds()}`);
        const answer = this.#answers.shift() ?? grantIssuedAt(this.nowMs);
        if (answer === 'never') return new Promise(() => {});
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    };
    const parts = {
      timers: {
        nowMs: () => this.nowMs,
        after: (delayMs: number, callback: () => void) => {
          const alarm = { atMs: this.nowMs + delayMs, callback };
          this.#alarm = alarm;
          return () => {
            if (this.#alarm === alarm) this.#alarm = undefined;
          };
        },
      },
      signals: {
        onWake: (callback: () => void) => {
          this.#wakeListeners.add(callback);
          return () => this.#wakeListeners.delete(callback);
        },
      },
      random: () => 0,
    };
    return keepGranted(granter, 'courses/algebra', parts, {
      onGrant: () => this.reports.push(`granted @${this.seconds()}`),
      onError: (error, willRetry) =>
        this.reports.push(`${(error as Error).name} ${willRetry ? 'retries' : 'waits'} @${this.seconds()}`),
      ...options,
    });
  }

  seconds(): number {
    return (this.nowMs - START_MS) / 1000;
  }

  get alarmInSeconds(): number | undefined {
    return this.#alarm === undefined ? undefined : (this.#alarm.atMs - this.nowMs) / 1000;
  }

  get listeners(): number {
    return this.#wakeListeners.size;
  }

  /** The computer sleeps: time passes, no timer fires. */
  async sleep(seconds: number): Promise<void> {
    this.nowMs += seconds * 1000;
    await this.settle();
  }

  async ring(): Promise<void> {
    const alarm = this.#alarm;
    if (alarm === undefined) throw new Error('no timer is set');
    this.#alarm = undefined;
    this.nowMs = alarm.atMs;
    alarm.callback();
    await this.settle();
  }

  async wake(): Promise<void> {
    for (const listener of this.#wakeListeners) listener();
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let round = 0; round < 10; round += 1) await Promise.resolve();
  }
}

const network = new EdgepassNetworkError('https://api.example.com/grants', new TypeError());
const refused = (
  code: 'not_entitled' | 'overloaded',
  status: number,
  retryAfterSeconds?: number,
): EdgepassError => new EdgepassError({ code, status, message: code, retryAfterSeconds });

describe('keepGranted', () => {
  it('asks at once and again at renewAfter, with the same lifetime (B106)', async () => {
    const page = new StillPage();
    page.keep({ ttlSeconds: 900 });
    await page.settle();
    expect(page.alarmInSeconds).toBe(540);
    await page.ring();
    expect(page.asked).toEqual(['courses/algebra 900 @0', 'courses/algebra 900 @540']);
    expect(page.reports).toEqual(['granted @0', 'granted @540']);
  });

  it('takes over a grant that was given earlier, at the time that is left of it', async () => {
    const page = new StillPage();
    page.nowMs += 400_000;
    page.keep({ current: { grant: grantIssuedAt(START_MS), receivedAtMs: START_MS } });
    await page.settle();
    expect(page.asked).toEqual([]);
    expect(page.alarmInSeconds).toBe(140);
  });

  it('renews when the page wakes after its timer slept (B106)', async () => {
    const page = new StillPage();
    page.keep();
    await page.settle();
    await page.sleep(700);
    await page.wake();
    expect(page.reports).toEqual(['granted @0', 'granted @700']);
  });

  it('asks for nothing when the page wakes before it is time, and keeps its timer right', async () => {
    const page = new StillPage();
    page.keep();
    await page.settle();
    await page.sleep(100);
    await page.wake();
    expect(page.asked).toHaveLength(1);
    expect(page.alarmInSeconds).toBe(440);
  });

  it('never has two calls under way', async () => {
    const page = new StillPage('never');
    const kept = page.keep();
    await page.settle();
    await page.wake();
    void kept.renewIfDue();
    await page.settle();
    expect(page.asked).toHaveLength(1);
  });

  it('tries again with growing pauses while the network is away, at most 30 s apart', async () => {
    const page = new StillPage(...Array.from({ length: 7 }, () => network));
    page.keep();
    await page.settle();
    const pauses: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      pauses.push(page.alarmInSeconds);
      await page.ring();
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30]);
    expect(page.reports.at(-2)).toBe('EdgepassNetworkError retries @61');
    expect(page.reports.at(-1)).toBe('granted @91');
    expect(page.alarmInSeconds).toBe(540);
  });

  it('tries at once when the network comes back and a pause was over', async () => {
    const page = new StillPage(network);
    page.keep();
    await page.settle();
    await page.sleep(5);
    await page.wake();
    expect(page.reports).toEqual(['EdgepassNetworkError retries @0', 'granted @5']);
  });

  it('waits as long as the API says in Retry-After', async () => {
    const page = new StillPage(refused('overloaded', 503, 12));
    page.keep();
    await page.settle();
    expect(page.alarmInSeconds).toBe(12);
  });

  it('does not hammer the API when it says that the caller is not entitled', async () => {
    const page = new StillPage(refused('not_entitled', 403));
    page.keep();
    await page.settle();
    expect(page.reports).toEqual(['EdgepassError waits @0']);
    expect(page.alarmInSeconds).toBeUndefined();
  });

  it('stops for good: no timer, no listener, and a late answer is not reported', async () => {
    const page = new StillPage();
    const kept = page.keep();
    kept.stop();
    await page.settle();
    await kept.renewIfDue();
    expect(page.asked).toHaveLength(1);
    expect(page.reports).toEqual([]);
    expect(page.alarmInSeconds).toBeUndefined();
    expect(page.listeners).toBe(0);
  });

  it('waits at least one second between two grants, even when the answer is over already', async () => {
    const page = new StillPage(grantIssuedAt(START_MS, 0));
    page.keep();
    await page.settle();
    expect(page.alarmInSeconds).toBe(1);
  });
});
