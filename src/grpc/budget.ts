/** Two small bounds that a connection is held to: bytes held at one time, and events per second. */

export class ByteBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes so many bytes of the budget; false, and nothing taken, when they are not there. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#limit) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }

  get held(): number {
    return this.#held;
  }
}

/** A token bucket: `burst` at once, then `perSecond`. */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #refilledAt = 0;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
  }

  /** Counts one event; false when it is one too many. `now` in milliseconds, never going back. */
  take(now: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#refilledAt) * this.#perSecond) / 1000);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Forgets what was counted. */
  refill(): void {
    this.#tokens = this.#burst;
  }
}
