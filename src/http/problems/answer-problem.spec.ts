import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, test } from '@jest/globals';
import { ReadyAnswer, writeProblem } from './answer-problem.js';
import { Problem } from './problem.js';

const ID = '0198c0de-0000-7000-8000-00000000abcd';
const HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache', Vary: 'Origin' };
const problem = new Problem('overloaded', { reason: 'too_many_requests_waiting', retryAfterSeconds: 1 });

/** What goes out on the wire. */
function sent(write: (response: ServerResponse) => void): string {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  response.sendDate = false;
  const chunks: string[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => {
      chunks.push(String(chunk));
      done();
    },
  });
  response.assignSocket(socket as Socket);
  write(response);
  return chunks.join('');
}

const answerFrom = (ready: ReadyAnswer) => (response: ServerResponse) => ready.write(response, ID);
const answerAnew = (response: ServerResponse) => writeProblem(response, problem, ID, HEADERS);

test('an answer that was made beforehand is, byte for byte, the one that is made anew', () => {
  const ready = new ReadyAnswer(problem, HEADERS);

  expect(sent(answerFrom(ready))).toBe(sent(answerAnew));
  // The second one too: the first has used nothing up.
  expect(sent(answerFrom(ready)).split('\r\n')).toEqual([
    'HTTP/1.1 503 Service Unavailable',
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    'Vary: Origin',
    'content-type: application/problem+json',
    'retry-after: 1',
    'content-length: 170',
    'Connection: close',
    '',
    `{"type":"urn:edgepass:error:overloaded","title":"The service is at its limit","status":503,"code":"overloaded","instance":"urn:uuid:${ID}"}`,
  ]);
});

test('it keeps what the response has already, and replaces what it has itself', () => {
  const prepared = (write: (response: ServerResponse) => void) =>
    sent((response) => {
      response.setHeader('Connection', 'close');
      response.setHeader('Vary', 'Access-Control-Request-Headers');
      response.setHeader('X-Content-Type-Options', 'other');
      write(response);
    });
  const lines = (text: string) => text.toLowerCase().split('\r\n').toSorted();

  const ready = new ReadyAnswer(problem, HEADERS);
  expect(lines(prepared(answerFrom(ready)))).toEqual(lines(prepared(answerAnew)));
  expect(lines(prepared(answerFrom(ready)))).toContain('connection: close');
});
