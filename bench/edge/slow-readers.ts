import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { residentKilobytes } from '../machine.js';
import type { ServerProcess } from '../server-process.js';
import type { Stage } from './stage.js';

const CLIENTS = 50;
const SECONDS = 20;
const MEBIBYTE = 1024 * 1024;
/** What each client takes each time it is let read: well below what a connection could carry. */
const PAUSE_MILLISECONDS = 100;

/** Prints how the memory of the edge moves while 50 clients read one file slowly: stored, and too large. */
export async function measureSlowReaders(stage: Stage, edge: ServerProcess): Promise<void> {
  console.log(`\nmemory while ${CLIENTS} clients read slowly for ${SECONDS} s`);
  const cases = [
    { title: '24 MB, a stored copy', name: '24m.bin', bytes: 24 * MEBIBYTE },
    { title: '512 MB, above the limit of the cache', name: '512m.bin', bytes: 512 * MEBIBYTE },
  ];
  for (const { title, name, bytes } of cases) {
    stage.file(name, bytes);
    const requests = stage.requests(name);
    // oxlint-disable no-await-in-loop -- one after the other is the method
    const before = residentBytes(edge.pid);
    const clients = requests.slice(0, CLIENTS).map((request) => new SlowReader(edge, request));
    const seen: number[] = [];
    for (let second = 0; second < SECONDS; second += 1) {
      await wait(1_000);
      seen.push(residentBytes(edge.pid));
    }
    // oxlint-enable no-await-in-loop
    const received = clients.map((client) => client.close());
    if (received.some((count) => count === 0)) throw new Error('a slow reader got nothing');
    const inMebibytes = (value: number) => (value / MEBIBYTE).toFixed(0);
    const half = Math.floor(seen.length / 2);
    console.log(
      `  ${title}: ${inMebibytes(before)} MB before, at most ${inMebibytes(Math.max(...seen.slice(0, half)))} MB in the first half, ` +
        `${inMebibytes(Math.max(...seen.slice(half)))} MB in the second; ` +
        `${inMebibytes(received.reduce((sum, count) => sum + count, 0))} MB were read`,
    );
  }
}

class SlowReader {
  private readonly socket: Socket;
  private readonly timer: NodeJS.Timeout;
  private received = 0;

  constructor({ host, port }: ServerProcess, request: string) {
    this.socket = connect(port, host);
    this.socket.write(request, 'latin1');
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      this.socket.pause();
    });
    this.socket.on('error', () => this.socket.destroy());
    this.timer = setInterval(() => this.socket.resume(), PAUSE_MILLISECONDS);
  }

  /** Gives the bytes that it has read. */
  close(): number {
    clearInterval(this.timer);
    this.socket.destroy();
    return this.received;
  }
}

/** Linux only; elsewhere 0. */
function residentBytes(pid: number): number {
  return (residentKilobytes(pid) ?? 0) * 1024;
}
