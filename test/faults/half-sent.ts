import { connect } from 'node:net';
import { bearer } from '../support/operated-api.js';

/** A request whose body comes later: it is under way until `finish`, which gives the whole answer as text. */
export interface HalfSent {
  finish(): Promise<string>;
}

/** Sends the head of a `POST /grants` and a little of its body. Rejects on a reset. */
export function sendHalf(port: number, sub: string, prefix = 'p'): Promise<HalfSent> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ prefix });
    const head = [
      'POST /grants HTTP/1.1',
      'Host: api.media.example.com',
      `Authorization: ${bearer(sub)}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      '',
      '',
    ].join('\r\n');
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(head + body.slice(0, 5), () =>
        resolve({
          finish: () =>
            new Promise((done, failed) => {
              socket.once('close', () => done(answer));
              socket.once('error', failed);
              socket.write(body.slice(5));
            }),
        }),
      );
    });
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.once('error', reject);
  });
}
