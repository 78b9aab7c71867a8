/**
 * Where events go (design.md, promise 8). A sink knows its own protocol and nothing of places, retries and dead letters: the relay asks it, and
 * decides by its answers. One suite in test/contracts/sinks holds for all.
 */
import type { FeedEvent } from '../feed/index.ts';

/**
 * - `delivered`: the other side has it, and will have it after its own restart
 * - `unavailable`: nobody could be asked, or not now: tried again without end
 * - `refused`: this event is not taken: tried again some times, then kept as a dead letter
 */
export type Delivered = { readonly type: 'delivered' };
export type Failed = { readonly type: 'unavailable' | 'refused'; /** In one line, without secrets. */ readonly why: string };
export type Outcome = Delivered | Failed;

export const DELIVERED: Delivered = { type: 'delivered' };

export interface Sink {
  /** Unique among the sinks of a server, and the same after a restart: its place in the feed is kept under it. */
  readonly name: string;
  /** Events in one call at the most. */
  readonly batch: number;
  /** Calls under way at a time; no two with the same key. */
  readonly lanes: number;
  /** Whether it wants the event at all. */
  wants(event: FeedEvent): boolean;
  /**
   * Delivers events in their order and answers for each, in the same order. Those of one key are never overtaken: what comes behind a failed one of
   * the same key is answered as failed as well, whether it arrived or not. Settles soon after the signal is aborted; never rejects.
   */
  deliver(events: readonly FeedEvent[], signal: AbortSignal): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}
