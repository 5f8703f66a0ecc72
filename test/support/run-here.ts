import { jest } from '@jest/globals';
import { expectNoSecret, keepSettings } from './canaries/canaries.js';

/** How a command ended, here or as a process of its own. */
export interface EndedCommand {
  /** `null` where a signal ended a process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs what `edgepass NAME` runs in the process of the tests, which costs a hundredth of a process of its own. The command
 * sees this environment alone. Only for commands that leave nothing behind: no server, no timer, no changed global.
 * @param run the function that the command line calls
 * @param folder the current one while it runs
 */
export async function runHere(
  run: (args: readonly string[]) => Promise<number>,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
  folder = process.cwd(),
): Promise<EndedCommand> {
  keepSettings(environment);
  const before = process.cwd();
  const said = { stdout: '', stderr: '' };
  const listen = (stream: 'stdout' | 'stderr') =>
    jest.spyOn(process[stream], 'write').mockImplementation((text, ...more: readonly unknown[]) => {
      said[stream] += String(text);
      const written = more.at(-1);
      if (typeof written === 'function') written();
      return true;
    });
  const present = Object.entries(environment).filter(([, value]) => value !== undefined);
  const mocks = [listen('stdout'), listen('stderr')];
  const replaced = [
    jest.replaceProperty(process, 'env', Object.fromEntries(present)),
    // The channel of a worker of jest, which is not the command's to close.
    ...(process.connected ? [jest.replaceProperty(process, 'connected', false)] : []),
  ];
  const streams = [process.stdout, process.stderr];
  const listening = streams.map((stream) => new Set(stream.listeners('error')));
  try {
    process.chdir(folder);
    const code = await run(args);
    expectNoSecret(`what ${['edgepass', ...args].join(' ')} printed`, said.stdout + said.stderr);
    return { code, ...said };
  } finally {
    process.chdir(before);
    // A process of its own would have ended with them; here Node warns of the eleventh, in whatever command runs then.
    for (const [index, stream] of streams.entries()) {
      for (const listener of stream.listeners('error')) {
        if (listening[index]?.has(listener) === false)
          stream.removeListener('error', listener as (error: Error) => void);
      }
    }
    for (const mock of mocks) mock.mockRestore();
    for (const property of replaced) property.restore();
  }
}
