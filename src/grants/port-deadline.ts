/** A port did not answer in time. What it answers later is not heard. */
export class PortTimeoutError extends Error {
  override readonly name = 'PortTimeoutError';
}

/**
 * Asks a port of the host and waits for its answer no longer than the deadline.
 * @param port for the message: `mayOpen(viewer, prefix)`
 * @param timeoutMilliseconds at most 2,147,483,647: `setTimeout` takes a longer one for 1
 * @throws {PortTimeoutError} past the deadline; else what the port throws or rejects with
 */
export async function askPort<Answer>(
  port: string,
  timeoutMilliseconds: number,
  ask: () => Answer | Promise<Answer>,
): Promise<Answer> {
  const answer = ask();
  // A port that answers at once needs no timer.
  if (!isThenable(answer)) return answer;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new PortTimeoutError(`${port} did not settle within ${timeoutMilliseconds} ms`)),
      timeoutMilliseconds,
    );
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function isThenable<Answer>(answer: Answer | Promise<Answer>): answer is Promise<Answer> {
  return typeof answer === 'object' && answer !== null && 'then' in answer;
}
