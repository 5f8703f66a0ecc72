import { jest } from '@jest/globals';
import { expectNoSecret, keepSettings } from './canaries/canaries.js';

/** How a command ended. */
export interface EndedCommand {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs what `edgepass NAME` runs in the process of the tests, which costs a hundredth of a process of its own. The command
 * sees this environment alone. Only for commands that leave nothing behind: no server, no timer, no changed global.
 * @param run the function that the command line calls
 * @param cwd the current folder, as far as the command asks for it
 */
export async function runHere(
  run: (args: readonly string[]) => Promise<number>,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
  cwd = process.cwd(),
): Promise<EndedCommand> {
  keepSettings(environment);
  const said = { stdout: '', stderr: '' };
  const listen = (stream: 'stdout' | 'stderr') =>
    jest.spyOn(process[stream], 'write').mockImplementation((text, ...more: readonly unknown[]) => {
      said[stream] += String(text);
      const written = more.at(-1);
      if (typeof written === 'function') written();
      return true;
    });
  const present = Object.entries(environment).filter(([, value]) => value !== undefined);
  const mocks = [listen('stdout'), listen('stderr'), jest.spyOn(process, 'cwd').mockReturnValue(cwd)];
  const replaced = [
    jest.replaceProperty(process, 'env', Object.fromEntries(present)),
    // The channel of a worker of jest, which is not the command's to close.
    ...(process.connected ? [jest.replaceProperty(process, 'connected', false)] : []),
  ];
  try {
    const code = await run(args);
    expectNoSecret(`what ${['edgepass', ...args].join(' ')} printed`, said.stdout + said.stderr);
    return { code, ...said };
  } finally {
    for (const mock of mocks) mock.mockRestore();
    for (const property of replaced) property.restore();
  }
}
