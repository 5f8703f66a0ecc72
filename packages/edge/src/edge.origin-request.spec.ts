import { describe, expect, it } from '@jest/globals';
import {
  ALIAS,
  ALL_VIEWER_EXCEPT_HOST,
  behavior,
  distributionOf,
  NOW,
  openBehavior,
  policyText,
  queryOf,
  rsaKey,
  signPolicy,
  writeFolder,
} from '../../../test/support/edge-fixture.js';
import { readDistribution } from './distribution/read-distribution.js';
import { textAnswer } from './edge-answer.js';
import { EdgeLog } from './edge-log.js';
import { Edge } from './edge.js';
import { ViewerFunctions } from './functions/viewer-functions.js';
import type { OriginRequest } from './origin/origin.js';

const KEY = rsaKey('KVIEWER1');

/** An edge in front of an origin that only writes down what it is asked. */
async function askedOfOrigin(path: string, query: string | null) {
  const { folder } = writeFolder({
    keys: [KEY],
    defaultBehavior: behavior({ OriginRequestPolicyId: ALL_VIEWER_EXCEPT_HOST }),
    behaviors: [openBehavior({ PathPattern: '/public/*', OriginRequestPolicyId: ALL_VIEWER_EXCEPT_HOST })],
  });
  const asked: OriginRequest[] = [];
  const origin = {
    answer: async (request: OriginRequest) => {
      asked.push(request);
      return textAnswer(200, 'text/plain', 'x');
    },
  };
  const distribution = distributionOf(readDistribution(folder));
  const log = new EdgeLog(() => undefined);
  const edge = new Edge(
    distribution,
    new Map([['media', origin]]),
    { nowEpochSeconds: () => NOW },
    log,
    new ViewerFunctions(distribution, log),
  );
  const viewer = {
    method: 'GET',
    httpVersion: '1.1',
    protocol: 'http' as const,
    host: ALIAS,
    headers: {},
    peerAddress: '192.0.2.7',
    body: null,
    signal: null,
  };
  const { status } = await edge.answer({ ...viewer, path, query }, 80);
  const [request] = asked;
  return [status, request?.path, request?.query];
}

const SIGNED = queryOf(signPolicy(policyText(`http://${ALIAS}/*`), KEY, 'SHA256'));

describe('what the origin is asked', () => {
  it('is the raw path, not the one on which the behavior was chosen (R27)', async () => {
    expect(await askedOfOrigin('/public/./%61//b', null)).toEqual([200, '/public/./%61//b', null]);
  });

  it('lacks the parameters of a signed URL (R49)', async () => {
    expect(await askedOfOrigin('/a', SIGNED)).toEqual([200, '/a', null]);
    expect(await askedOfOrigin('/a', `x=1&${SIGNED}&y`)).toEqual([200, '/a', 'x=1&y']);
  });

  it('keeps those parameters where no signature is needed (R45)', async () => {
    expect(await askedOfOrigin('/public/a', 'Policy=mine')).toEqual([200, '/public/a', 'Policy=mine']);
  });

  it('never happens for a refused viewer (R40)', async () => {
    expect(await askedOfOrigin('/a', null)).toEqual([403, undefined, undefined]);
  });

  it('never happens for a path that means two things (R27, E17)', async () => {
    expect(await askedOfOrigin('/public%2Fa', SIGNED)).toEqual([403, undefined, undefined]);
  });
});
