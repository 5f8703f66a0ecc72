// Opens connections from one address and says nothing on them, from a process of its own. Those that the
// service closes are opened again, so that the pressure stays.
import { connect, type Socket } from 'node:net';
import { doJobs } from '../job-process.js';

/** How many, and how long. */
export interface SilentJob {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
}

/** What became of them. */
export interface SilentResult {
  readonly opened: number;
  readonly closedByService: number;
}

const TICK_MILLISECONDS = 10;

function hold({ host, port, connections, seconds }: SilentJob): Promise<SilentResult> {
  const held = new Set<Socket>();
  let opened = 0;
  let closedByService = 0;
  let isOver = false;
  const open = (): void => {
    const socket = connect(port, host);
    held.add(socket);
    opened += 1;
    socket.on('error', () => undefined).resume();
    socket.on('close', () => {
      held.delete(socket);
      if (!isOver) closedByService += 1;
    });
  };
  return new Promise((resolve) => {
    const begin = performance.now();
    for (let count = 0; count < connections; count += 1) open();
    const timer = setInterval(() => {
      if (performance.now() - begin > seconds * 1_000) {
        isOver = true;
        clearInterval(timer);
        for (const socket of held) socket.destroy();
        resolve({ opened, closedByService });
        return;
      }
      // A tenth at a time: the service is to be kept full, not to be measured at refusing.
      const missing = Math.min(connections - held.size, connections / 10);
      for (let count = 0; count < missing; count += 1) open();
    }, TICK_MILLISECONDS * 10);
  });
}

doJobs(hold);
