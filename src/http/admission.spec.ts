import { EventEmitter } from 'node:events';
import { IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Admission, type AdmissionLimits } from './admission.js';
import { Problem } from './problems/problem.js';

class FakeResponse extends EventEmitter {
  destroyed = false;
  writableEnded = false;
  /** The whole answer is out. */
  answer(): void {
    this.writableEnded = true;
    this.emit('close');
  }
}

/** A request on its way through the steps. */
interface Sent {
  readonly response: FakeResponse;
  /** `started`, `waits`, or the reason of its refusal. */
  readonly state: () => string;
}

let isStopping = false;
beforeEach(() => {
  isStopping = false;
  jest.useFakeTimers();
});
afterEach(() => void jest.useRealTimers());

/** @param busy how busy the event loop is, 0 to 1 */
function admissionOf(limits: Partial<AdmissionLimits>, busy = 1): Admission {
  return new Admission(limits, {
    nowMilliseconds: () => performance.now(),
    busyShare: () => busy,
    isStopping: () => isStopping,
  });
}

function send(admission: Admission, socket = new Socket()): Sent {
  const request = new IncomingMessage(socket);
  const response = new FakeResponse();
  let state = 'waits';
  const refused = (error: unknown): void => {
    state = error instanceof Problem && error.code === 'overloaded' ? error.reason : String(error);
    response.answer();
  };
  const given = response as unknown as ServerResponse;
  admission.refuseSurplus(request, given, (surplus) => {
    if (surplus !== undefined) refused(surplus);
    else {
      admission.waitForPlace(request, given, (late) => {
        if (late !== undefined) refused(late);
        else state = 'started';
      });
    }
  });
  return { response, state: () => state };
}

const sendSome = (admission: Admission, count: number, socket?: Socket): readonly Sent[] =>
  Array.from({ length: count }, () => send(admission, socket));
const statesOf = (sent: readonly Sent[]): readonly string[] => sent.map(({ state }) => state());

describe('the requests that are worked on', () => {
  it('one more than the places waits, and starts when an answer is out', () => {
    const admission = admissionOf({ atOnce: 2 });
    const sent = sendSome(admission, 4);
    expect(statesOf(sent)).toEqual(['started', 'started', 'waits', 'waits']);
    sent[1]?.response.answer();
    expect(statesOf(sent)).toEqual(['started', 'started', 'started', 'waits']);
  });

  it('while the first of the queue has waited 200 ms, a new request is refused at once, and no longer', () => {
    const admission = admissionOf({ atOnce: 1, crowd: 1 });
    const [first, second] = sendSome(admission, 2);
    jest.advanceTimersByTime(200);
    expect(send(admission).state()).toBe('waits');
    jest.advanceTimersByTime(1);
    const { state, response } = send(admission);
    expect([state(), response.writableEnded]).toEqual(['too_many_requests_waiting', true]);
    first?.response.answer();
    second?.response.answer();
    expect(send(admission).state()).toBe('waits');
  });

  it('while somebody has waited for 500 ms all the time, 50 ms of the first are enough to refuse a new one', () => {
    const admission = admissionOf({ atOnce: 1, crowd: 1 });
    const queue = [...sendSome(admission, 2)];
    const came: string[] = [];
    for (let step = 0; step < 6; step += 1) {
      jest.advanceTimersByTime(100);
      const next = send(admission);
      came.push(next.state());
      queue.push(next);
      queue.shift()?.response.answer();
    }
    expect(came).toEqual(['waits', 'waits', 'waits', 'waits', 'waits', 'too_many_requests_waiting']);
    for (const { response } of queue) response.answer();
    expect(statesOf(sendSome(admission, 2))).toEqual(['started', 'waits']);
    jest.advanceTimersByTime(100);
    expect(send(admission).state()).toBe('waits');
  });

  it('a few who wait long refuse nobody who comes: the machine is slow, and nobody too many', () => {
    const admission = admissionOf({ atOnce: 1, crowd: 5 });
    sendSome(admission, 5);
    jest.advanceTimersByTime(800);
    expect(statesOf(sendSome(admission, 2))).toEqual(['waits', 'too_many_requests_waiting']);
  });

  it('once the service stops everyone who has come is served, however long it takes', () => {
    const admission = admissionOf({ atOnce: 1, crowd: 1 });
    const [first, waiting] = sendSome(admission, 2);
    isStopping = true;
    jest.advanceTimersByTime(5_000);
    expect([waiting?.state(), send(admission).state()]).toEqual(['waits', 'waits']);
    first?.response.answer();
    expect(waiting?.state()).toBe('started');
  });

  it('who has waited 900 ms is refused, also when nobody is answered', () => {
    const admission = admissionOf({ atOnce: 1 });
    const [, waiting] = sendSome(admission, 2);
    jest.advanceTimersByTime(900);
    expect(waiting?.state()).toBe('waits');
    jest.advanceTimersByTime(51);
    expect(waiting?.state()).toBe('waited_too_long');
  });

  it('who went away while waiting takes no place', () => {
    const admission = admissionOf({ atOnce: 1 });
    const [first, left, next] = sendSome(admission, 3);
    left!.response.destroyed = true;
    left?.response.emit('close');
    first?.response.answer();
    expect([left?.state(), next?.state()]).toEqual(['waits', 'started']);
  });

  it('an answer that its client does not read holds no place', () => {
    const admission = admissionOf({ atOnce: 1 });
    const [unread, next] = sendSome(admission, 2);
    unread!.response.writableEnded = true;
    jest.advanceTimersByTime(50);
    expect(next?.state()).toBe('started');
  });

  it('while the event loop has time to spare, more and more are let in; no more while it is busy', () => {
    const [spare, busy] = [admissionOf({ atOnce: 2 }, 0.5), admissionOf({ atOnce: 2 }, 1)];
    const [lucky, unlucky] = [sendSome(spare, 9), sendSome(busy, 9)];
    const started = (sent: readonly Sent[]) => statesOf(sent).filter((state) => state === 'started').length;
    const counts: (readonly number[])[] = [];
    for (let look = 0; look < 4; look += 1) {
      counts.push([started(lucky), started(unlucky)]);
      jest.advanceTimersByTime(50);
    }
    expect(counts).toEqual([
      [2, 2],
      [3, 2],
      [5, 2],
      [8, 2],
    ]);
  });

  it('D15: with 1,000 unanswered one more is refused at once', () => {
    const admission = admissionOf({});
    const sent = sendSome(admission, 1_000);
    expect(send(admission).state()).toBe('too_many_requests_waiting');
    sent[0]?.response.answer();
    expect(send(admission).state()).toBe('waits');
  });

  it('D06: one connection takes 100, and what is refused there takes no place from others', () => {
    const admission = admissionOf({ unanswered: 150 });
    const pipeline = new Socket();
    const pipelined = sendSome(admission, 1_000, pipeline);
    const refused = statesOf(pipelined).filter((state) => state === 'too_many_requests_pipelined');
    expect(refused.length).toBe(900);
    expect(send(admission).state()).not.toContain('too_many');
    pipelined[0]?.response.answer();
    expect(send(admission, pipeline).state()).not.toContain('too_many');
  });
});
