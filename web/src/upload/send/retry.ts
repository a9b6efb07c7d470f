// When a request that failed for the moment is made again.

import { isTransient, Problem } from '../../api/problem';

/** The same bounds as the command line's (cmd/iris/retry.go). */
const MOST_TRIES = 10;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
const LONGEST_ASKED = 60_000;

export interface Timing {
  now: () => number;
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  random: () => number;
}

/** Counts the tries of one request. */
export class Tries {
  private made = 0;
  constructor(private readonly timing: Timing) {}

  /** Waits before the next try, or throws the failure when it will not pass or came too often. */
  async wait(failure: unknown, signal: AbortSignal): Promise<void> {
    if (!isTransient(failure) || ++this.made >= MOST_TRIES) throw failure;
    // Full jitter: many uploads that a service turned away do not come back at once.
    const most = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.made - 1));
    const asked = failure instanceof Problem ? Math.min(failure.retryAfter * 1000, LONGEST_ASKED) : 0;
    const random = this.timing.random();
    await this.timing.sleep(asked > 0 ? asked + (random * asked) / 8 : random * most, signal);
  }
}

/** The failure of a storage's answer. */
export const refusal = (status: number, retryAfter: number) =>
  new Problem(
    status,
    status === 429 || status === 503 ? 'busy' : 'upload_refused',
    `storage answered ${status}`,
    retryAfter,
  );
