/** Hears of errors that nobody caught. */
export interface UnexpectedErrors {
  /** Resolves when there was one. */
  readonly occurred: Promise<void>;
  /** Gives such errors back to Node, whose default is to print them and end the process at once. */
  release(): void;
}

/**
 * From now on an error that nobody caught, also one that a promise was rejected with, ends nothing by itself,
 * so that requests in flight can be finished (N45). What the process holds in memory cannot be trusted any
 * more: it must end soon. Further ones are consequences of the first and are not told.
 */
export function listenForUnexpectedErrors(tell: (first: unknown) => void): UnexpectedErrors {
  let isTold = false;
  let resolve: () => void;
  const occurred = new Promise<void>((fulfil) => (resolve = fulfil));
  // Node hands it rejections too, while nobody listens for those.
  const onError = (error: unknown): void => {
    if (isTold) return;
    isTold = true;
    tell(error);
    resolve();
  };
  process.on('uncaughtException', onError);
  return { occurred, release: () => void process.off('uncaughtException', onError) };
}
