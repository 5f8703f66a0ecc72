/** Hears SIGHUP, by the convention of servers: read again what may have changed. */
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
