const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
type StopSignalName = keyof typeof SIGNALS;

/** A request to stop that has come, or will. */
export interface StopSignal {
  /** Resolves with the signal's name when the first one arrives. */
  readonly asked: Promise<StopSignalName>;
  /** Gives the signals back to Node, whose default is to end the process. */
  release(): void;
}

/**
 * From now on the first Ctrl-C, SIGTERM or closed terminal resolves `asked`; the second ends the
 * process at once with 128 + the signal's number, the shell's own convention.
 * @param names which signals ask to stop; all three when absent
 */
export function listenForStop(
  names: readonly StopSignalName[] = Object.keys(SIGNALS) as StopSignalName[],
): StopSignal {
  const { promise: asked, resolve } = Promise.withResolvers<StopSignalName>();
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    const name = signal as StopSignalName;
    if (isStopping) process.exit(128 + SIGNALS[name]);
    isStopping = true;
    resolve(name);
  };
  for (const name of names) process.on(name, onSignal);
  return {
    asked,
    release: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}

/** The process that started this one with an IPC channel, as the local stack starts the API. */
export interface Parent {
  /** Resolves when it asks over the channel to stop, with how long requests under way may take; never without a channel. */
  readonly asked: Promise<{ readonly graceMilliseconds: number }>;
  /** Tells it that the service listens. */
  ready(url: string): void;
  /** Closes the channel, which would keep this process alive. */
  release(): void;
}

/**
 * From now on the message `{ type: 'stop', graceMilliseconds }` resolves `asked`.
 * @param endsWithIt whether the end of the parent does, too: a parent that was killed sends no signal
 */
export function listenForParent(endsWithIt: boolean): Parent {
  const { promise: asked, resolve } = Promise.withResolvers<{ graceMilliseconds: number }>();
  const onMessage = (message: unknown): void => {
    if (typeof message !== 'object' || message === null || !('type' in message) || message.type !== 'stop')
      return;
    const isTimed = 'graceMilliseconds' in message && typeof message.graceMilliseconds === 'number';
    resolve({ graceMilliseconds: isTimed ? Number(message.graceMilliseconds) : 0 });
  };
  const onDisconnect = (): void => resolve({ graceMilliseconds: 0 });
  if (process.connected) {
    process.on('message', onMessage);
    if (endsWithIt) process.once('disconnect', onDisconnect);
  }
  return {
    asked,
    ready: (url) => process.send?.({ type: 'ready', url }, () => undefined),
    release: () => {
      process.off('message', onMessage);
      process.off('disconnect', onDisconnect);
      if (process.connected) process.disconnect();
    },
  };
}

/** SIGHUP, by the convention of servers: read again what may have changed. */
export interface ReloadSignal {
  /** What to do from now on, at each signal; one that came before counts. */
  does(action: () => unknown): void;
  /** Gives the signal back to Node, whose default is to end the process. */
  release(): void;
}

/** From now on SIGHUP ends nothing. */
export function listenForReload(): ReloadSignal {
  let reload: (() => unknown) | null = null;
  let isAsked = false;
  const onSignal = (): void => {
    if (reload === null) isAsked = true;
    else reload();
  };
  process.on('SIGHUP', onSignal);
  return {
    does(action) {
      reload = action;
      if (isAsked) action();
    },
    release: () => process.off('SIGHUP', onSignal),
  };
}

/**
 * From now on SIGUSR1 is ignored. Node's default opens the inspector on 127.0.0.1:9229
 * (https://nodejs.org/api/process.html#signal-events), from which anything that reaches the port reads the signing key.
 * @param say is given one line at each signal
 * @returns gives the signal back to Node
 */
export function refuseInspector(say: (line: string) => void): () => void {
  const onSignal = (): void =>
    say('SIGUSR1 is ignored: it would open the inspector, which reads the signing key');
  process.on('SIGUSR1', onSignal);
  return () => void process.off('SIGUSR1', onSignal);
}

/** Uncaught exceptions. */
export interface UnexpectedErrors {
  /** Resolves when there was one. */
  readonly occurred: Promise<void>;
  /** Gives such errors back to Node, whose default is to print them and end the process at once. */
  release(): void;
}

/**
 * From now on an uncaught exception, also a rejection that nothing handles, ends nothing by itself, so that
 * requests under way can be finished. What the process holds in memory cannot be trusted any more: it
 * must end soon.
 * @param report is called once: further errors are consequences of the first
 */
export function listenForUnexpectedErrors(report: (first: unknown) => void): UnexpectedErrors {
  const { promise: occurred, resolve } = Promise.withResolvers<void>();
  let isReported = false;
  // Node hands it rejections too, while nobody listens for those.
  const onError = (error: unknown): void => {
    if (isReported) return;
    isReported = true;
    report(error);
    resolve();
  };
  process.on('uncaughtException', onError);
  return { occurred, release: () => void process.off('uncaughtException', onError) };
}
