import { startLocalStack, type StackInput } from './stack.js';
import { welcome } from './welcome.js';

export type { LocalSettings } from './local-settings.js';
export type { StackInput } from './stack.js';

/**
 * Runs the local stack until it is asked to stop: prepares DATA_DIR, starts what lives on this machine, and
 * says what to open.
 * @returns the exit code: 0 stopped, 1 a part died
 * @throws an error named `LocalProblem`, whose message is for the person at the terminal, when it cannot start
 */
export async function runLocalStack(input: StackInput, asked: Promise<unknown>): Promise<number> {
  const stack = await startLocalStack(input);
  try {
    process.stdout.write(welcome(stack, input));
    const end = await Promise.race([asked.then(() => null), stack.failed]);
    if (end === null) return 0;
    process.stderr.write(`${end}\n`);
    return 1;
  } finally {
    await stack.stop();
  }
}
