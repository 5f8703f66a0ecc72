/**
 * Makes this process do one job at a time for the process that forked it: each message is a job, each answer its result.
 * It ends when the parent disconnects, and with 1 when a job throws.
 */
export function doJobs(work: (job: never) => Promise<unknown>): void {
  process.on('message', (job: unknown) => {
    work(job as never).then(
      (result) => process.send?.(result),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
}
