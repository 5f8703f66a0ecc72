interface Channel {
  postMessage(message: unknown): void;
  close(): void;
  addEventListener(type: 'message', listener: () => void): void;
}

type ChannelConstructor = new (name: string) => Channel;

/** Tells the tabs of this origin that everything was cleared, and hears of it from them. */
export interface OtherTabs {
  tellCleared(): void;
  /** Calls back when another tab has cleared everything; gives a function that ends it. */
  onCleared(callback: () => void): () => void;
}

/**
 * Takes the name that all tabs of one API share. Without BroadcastChannel, or outside a page, a tab is alone.
 * A channel is open only while somebody listens: an open one can keep a page out of the back/forward cache.
 */
export function otherTabs(name: string): OtherTabs {
  const page = globalThis as { document?: unknown; BroadcastChannel?: ChannelConstructor };
  const Channel = page.document === undefined ? undefined : page.BroadcastChannel;
  return {
    tellCleared() {
      if (Channel === undefined) return;
      const channel = new Channel(name);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel reaches its own origin only
      channel.postMessage('cleared');
      channel.close();
    },
    onCleared(callback) {
      if (Channel === undefined) return () => {};
      const channel = new Channel(name);
      channel.addEventListener('message', callback);
      return () => channel.close();
    },
  };
}
