const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
type StopSignalName = keyof typeof SIGNALS;

/** A request to stop that has come, or will. */
export interface StopSignal {
  /** Resolves with the signal's name when the first one arrives. */
  readonly asked: Promise<keyof typeof SIGNALS>;
  /** Gives the signals back to Node, whose default is to end the process. */
  release(): void;
}

/**
 * From now on the first Ctrl-C, SIGTERM or closed terminal resolves `asked`; the second ends the
 * process at once with 128 + the signal's number, the shell's own convention.
 * @param names which signals ask to stop; all three by default
 */
export function listenForStop(
  names: readonly StopSignalName[] = Object.keys(SIGNALS) as StopSignalName[],
): StopSignal {
  let resolve: (signal: keyof typeof SIGNALS) => void;
  const asked = new Promise<keyof typeof SIGNALS>((fulfil) => (resolve = fulfil));
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    const name = signal as keyof typeof SIGNALS;
    if (stopping) process.exit(128 + SIGNALS[name]);
    stopping = true;
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
