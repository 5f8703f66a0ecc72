import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger, type ExecutionContext } from '@nestjs/common';
import type { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import { ClearGrantsService } from './clear-grants.service.js';
import type { GrantLedger } from './grant-ledger.js';
import { GrantsUnderWay } from './grants-under-way.js';

const NOW = 1_800_000_000;
const alice = { id: 'alice', viewer: { id: 'alice', groups: [] } };

function call(underWay: GrantsUnderWay, method = 'POST'): ServerResponse {
  const request = new IncomingMessage(new Socket());
  request.method = method;
  const response = new ServerResponse(request);
  const http = { getRequest: () => request, getResponse: () => response };
  underWay.canActivate({ switchToHttp: () => http } as unknown as ExecutionContext);
  return response;
}

/** Whether it has settled once everything happened that waits for nothing else. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('grants under way', () => {
  it('a sign-out waits for the grants of its viewer, and for none of anybody else', async () => {
    const underWay = new GrantsUnderWay();
    const [own, foreign] = [call(underWay), call(underWay)];
    underWay.belongsTo(own, 'alice');
    underWay.belongsTo(foreign, 'bob');
    const answered = underWay.answered('alice');
    expect(await isSettled(answered)).toBe(false);
    own.emit('close');
    expect(await isSettled(answered)).toBe(true);
  });

  it('a sign-out waits for a grant that nobody has been identified for yet', async () => {
    const underWay = new GrantsUnderWay();
    const [refused, own] = [call(underWay), call(underWay)];
    const answered = underWay.answered('alice');
    underWay.belongsTo(own, 'alice');
    own.emit('close');
    expect(await isSettled(answered)).toBe(false);
    refused.emit('close');
    expect(await isSettled(answered)).toBe(true);
  });

  it('a sign-out waits for no other call, and for no grant that begins later', async () => {
    const underWay = new GrantsUnderWay();
    call(underWay, 'GET');
    const answered = underWay.answered('alice');
    underWay.belongsTo(call(underWay), 'alice');
    expect(await isSettled(answered)).toBe(true);
  });
});

describe('what a sign-out clears', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  function clearing(unexpired: () => ReturnType<GrantLedger['unexpired']>): {
    clear: ClearGrantsService;
    cleared: unknown[];
  } {
    const cleared: unknown[] = [];
    const cloudFront = {
      clear: (_response: unknown, prefixes?: unknown) => cleared.push(prefixes ?? 'held'),
    };
    const clear = new ClearGrantsService(
      cloudFront as unknown as CloudFrontService,
      new GrantsUnderWay(),
      { unexpired },
      { nowEpochSeconds: () => NOW },
    );
    return { clear, cleared };
  }

  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const records = (...prefixes: readonly string[]) =>
    prefixes.map((prefix) => ({ prefix })) as unknown as Awaited<ReturnType<GrantLedger['unexpired']>>;

  it('is what the browser holds and, of a known caller, what is on record, each prefix once', async () => {
    const { clear, cleared } = clearing(async () => records('b', 'a', 'b', 'no/../prefix'));
    await clear.everything(response, alice);
    expect(cleared).toEqual(['held', ['b', 'a']]);
  });

  it('is what the browser holds where nobody knows who asks, or nobody can list', async () => {
    const { clear, cleared } = clearing(async () => null);
    await clear.everything(response, null);
    await clear.everything(response, alice);
    expect(cleared).toEqual(['held', 'held']);
  });

  it('is what the browser holds where the database does not answer, and the log says so', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const { clear, cleared } = clearing(() => Promise.reject(new Error('no database')));
    await clear.everything(response, alice);
    expect(cleared).toEqual(['held']);
    expect(warn.mock.calls).toEqual([
      ['a sign-out cleared only what the browser said that it holds: Error: no database'],
    ]);
  });

  it('is at most twenty prefixes of the record: no browser holds more', async () => {
    const many = Array.from({ length: 30 }, (_, index) => `p${index}`);
    const { clear, cleared } = clearing(async () => records(...many));
    await clear.everything(response, alice);
    expect(cleared[1]).toEqual(many.slice(0, 20));
  });
});
