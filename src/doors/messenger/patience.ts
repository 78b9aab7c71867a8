/**
 * How long a connection is put up with that asks for what leads to nothing: events that are refused or that nobody knows, other namespaces,
 * packets of the carrier that nobody waits for. Each is little work, but without an end they would be all that the server does.
 */
import type { Millis } from '../../core/index.ts';

/** Such packets of one connection in a window: a client with a fault sends some, and is told of each; a flood sends as many in a moment. */
export const MAX_FRUITLESS = 1_000;

const WINDOW: Millis = 10_000;

export class Patience {
  #count = 0;
  #since: Millis;
  #isLost = false;

  constructor(now: Millis) {
    this.#since = now;
  }

  /** One more packet led to nothing. True, once, with the first beyond the limit. */
  losesWith(now: Millis): boolean {
    if (this.#isLost) return false;
    if (now - this.#since >= WINDOW) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    this.#isLost = this.#count > MAX_FRUITLESS;
    return this.#isLost;
  }
}
