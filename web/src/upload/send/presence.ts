// Which uploads this browser's other tabs are sending. They answer at once when asked, even
// in the background where timers sleep, and a tab that was closed or crashed answers no more.

export interface Presence {
  /** Says whether no other tab sends this, and from then on answers for it. */
  claim(fingerprint: string): Promise<boolean>;
  release(fingerprint: string): void;
  /** Those of some that another tab sends. */
  elsewhere(fingerprints: string[]): Promise<Set<string>>;
}

interface Message {
  ask?: string[];
  mine?: string[];
  from: string;
}

/** How long an answer of another tab takes at most. */
const ANSWER = 250;

export function openPresence(channel: BroadcastChannel, from: string): Presence {
  const claimed = new Map<string, 'asking' | 'sending'>();
  const asked = new Set<(fingerprints: string[]) => void>();
  const say = (message: Omit<Message, 'from'>) => channel.postMessage({ ...message, from });
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.mine) for (const told of asked) told(data.mine);
    // Of two tabs that ask at the same moment, that of the lesser name has it.
    const mine = (data.ask ?? []).filter((fingerprint) => {
      const state = claimed.get(fingerprint);
      return state === 'sending' || (state === 'asking' && from < data.from);
    });
    if (mine.length > 0) say({ mine });
  };
  const elsewhere = async (fingerprints: string[]) => {
    const found = new Set<string>();
    if (fingerprints.length === 0) return found;
    const told = (mine: string[]) => {
      for (const fingerprint of mine) if (fingerprints.includes(fingerprint)) found.add(fingerprint);
    };
    asked.add(told);
    say({ ask: fingerprints });
    await new Promise((resolve) => setTimeout(resolve, ANSWER));
    asked.delete(told);
    return found;
  };
  return {
    elsewhere,
    async claim(fingerprint) {
      if (claimed.has(fingerprint)) return false;
      claimed.set(fingerprint, 'asking');
      const free = (await elsewhere([fingerprint])).size === 0;
      if (free) claimed.set(fingerprint, 'sending');
      else claimed.delete(fingerprint);
      return free;
    },
    release: (fingerprint) => claimed.delete(fingerprint),
  };
}
