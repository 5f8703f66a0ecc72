import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { Request, Response } from 'express';
import { Problem } from '../problems/problem.js';
import { RequestsInFlight } from './requests-in-flight.js';

class FakeResponse extends EventEmitter {
  headersSent = false;
  readonly headers = new Map<string, string>();
  setHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }
}

const pipeline = {};

/** Sends a request into it; gives its response and what the middleware said. */
function enter(
  inFlight: RequestsInFlight,
  url = '/grants',
  socket = {},
): { response: FakeResponse; error: unknown } {
  const response = new FakeResponse();
  const request = { url, socket } as Request;
  let error: unknown;
  inFlight.track(request, response as unknown as Response, () => undefined);
  inFlight.shed(request, response as unknown as Response, (given) => (error = given));
  return { response, error };
}

describe('the requests in flight', () => {
  it('D15: one more than the bound is shed as overloaded, at once, with Retry-After', () => {
    const inFlight = new RequestsInFlight(2);
    expect([enter(inFlight).error, enter(inFlight).error]).toEqual([undefined, undefined]);
    const { code, reason, retryAfterSeconds } = enter(inFlight).error as Problem;
    expect([code, reason, retryAfterSeconds]).toEqual(['overloaded', 'too_many_requests_in_flight', 1]);
  });

  it('one that has been answered makes room for another', () => {
    const inFlight = new RequestsInFlight(1);
    enter(inFlight).response.emit('close');
    expect([inFlight.count, enter(inFlight).error]).toEqual([0, undefined]);
  });

  it('D06: one connection has room for 100, and what is shed there takes no room from others', () => {
    const inFlight = new RequestsInFlight(150);
    const pipelined = Array.from({ length: 1_000 }, () => enter(inFlight, '/grants', pipeline));
    const reasons = pipelined.flatMap(({ error }) =>
      error === undefined ? [] : [(error as Problem).reason],
    );
    expect([reasons.length, new Set(reasons)]).toEqual([900, new Set(['too_many_requests_pipelined'])]);
    expect(enter(inFlight).error).toBeUndefined();
    pipelined[0]?.response.emit('close');
    expect(enter(inFlight, '/grants', pipeline).error).toBeUndefined();
  });

  it('health is answered also when it is full', () => {
    const inFlight = new RequestsInFlight(1);
    enter(inFlight);
    expect(enter(inFlight, '/health/ready').error).toBeUndefined();
    expect(enter(inFlight, '/grants').error).toBeInstanceOf(Problem);
  });

  it('once closing, the answers under way and all later ones end their connection', () => {
    const inFlight = new RequestsInFlight(10);
    const before = enter(inFlight).response;
    const sent = enter(inFlight).response;
    sent.headersSent = true;
    inFlight.closeConnections();
    const after = enter(inFlight).response;
    expect([before, sent, after].map(({ headers }) => headers.get('Connection'))).toEqual([
      'close',
      undefined,
      'close',
    ]);
  });
});
