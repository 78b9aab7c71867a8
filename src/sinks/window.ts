/**
 * Events that were read and are not settled, in the order of the feed. What may be sent next: of each key the oldest, unless one of that key is
 * under way or waits for its next attempt.
 */
import type { FeedEvent } from '../feed/index.ts';

export interface Pending {
  readonly event: FeedEvent;
  /** How often it was refused. */
  attempts: number;
  settled: boolean;
}

interface Key {
  /** One of this key is under way. */
  busy: boolean;
  /** Not before this moment. */
  wakeAt: number;
  /** Events of this key that are not settled. */
  open: number;
}

/** What waits for nothing at all. */
const NEVER = Number.POSITIVE_INFINITY;

export class Window {
  #order: Pending[] = [];
  #keys = new Map<string, Key>();
  #open = 0;

  /** Events that are not settled. */
  get size(): number {
    return this.#open;
  }

  /** The oldest event that is not settled. */
  get oldest(): Pending | undefined {
    this.#forgetSettled();
    return this.#order[0];
  }

  add(event: FeedEvent): void {
    this.#order.push({ event, attempts: 0, settled: false });
    this.#open += 1;
    const key = this.#keys.get(event.key);
    if (key === undefined) this.#keys.set(event.key, { busy: false, wakeAt: 0, open: 1 });
    else key.open += 1;
  }

  /** Takes what may be sent now, `limit` at the most, in order; their keys are busy until they are released. */
  take(limit: number, now: number): readonly Pending[] {
    const taken: Pending[] = [];
    const keys = new Set<string>();
    for (const pending of this.#order) {
      if (taken.length >= limit) break;
      const { key: name } = pending.event;
      const key = this.#keys.get(name);
      if (pending.settled || key === undefined || key.busy || key.wakeAt > now) continue;
      keys.add(name);
      taken.push(pending);
    }
    for (const name of keys) this.#mark(name, true);
    return taken;
  }

  /** The keys of what was taken may be taken again. */
  release(taken: readonly Pending[]): void {
    for (const { event } of taken) this.#mark(event.key, false);
    this.#forgetSettled();
  }

  settle(pending: Pending): void {
    if (pending.settled) return;
    pending.settled = true;
    this.#open -= 1;
    const key = this.#keys.get(pending.event.key);
    if (key === undefined) return;
    key.open -= 1;
    if (key.open === 0) this.#keys.delete(pending.event.key);
  }

  /** Nothing of the event's key is sent before a moment. */
  hold({ event }: Pending, until: number): void {
    const key = this.#keys.get(event.key);
    if (key !== undefined) key.wakeAt = until;
  }

  /** When the next key that is held may go on; infinite when none is. */
  nextWake(now: number): number {
    let next = NEVER;
    for (const { wakeAt } of this.#keys.values()) if (wakeAt > now && wakeAt < next) next = wakeAt;
    return next;
  }

  /** How often an event in here was refused; undefined when it is not in here. */
  attempts(place: number): number | undefined {
    return this.#order.find(({ event, settled }) => event.place === place && !settled)?.attempts;
  }

  #mark(name: string, busy: boolean): void {
    const key = this.#keys.get(name);
    if (key !== undefined) key.busy = busy;
  }

  #forgetSettled(): void {
    if (this.#order[0]?.settled !== true) return;
    this.#order = this.#order.filter(({ settled }) => !settled);
  }
}
