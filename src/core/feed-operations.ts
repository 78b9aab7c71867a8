/** What a store can be asked about the feed of events and those who read it: part of `Operation` (operations.ts). */
import type { SessionEvent, SessionFact } from './events.ts';
import type { Id, Millis, Origin } from './model.ts';

/** Store a fact that has no row of its own: about a user and a session. A session that has ended is told as ended once. */
export interface RecordFact {
  readonly type: 'fact';
  readonly event: SessionEvent;
  readonly namespace: string;
  readonly user: Id;
  readonly origin: Origin;
  /** For `user.disconnected` and `user.rate-limited`. */
  readonly session?: SessionFact;
}

export interface FactRecorded {
  readonly type: 'fact';
  /** Its place in the feed; 0 when there was nothing to tell. */
  readonly id: Id;
}

/** How far a sink has come: everything up to there is delivered, or kept as a dead letter. It never goes back. */
export interface MoveSink {
  readonly type: 'sink';
  readonly sink: string;
  /** `newest`: a sink that is new begins behind everything there is; one that has come somewhere stays there. */
  readonly position: Id | 'newest';
  /** Events given up, kept until they are delivered or let go. */
  readonly dead: readonly DeadLetter[];
}

export interface SinkMoved {
  readonly type: 'sink';
  readonly position: Id;
}

/** An event that a sink has refused for good. */
export interface DeadLetter {
  readonly sink: string;
  readonly event: Id;
  readonly attempts: number;
  /** What the sink said last, in one line. */
  readonly error: string;
  readonly at: Millis;
}

/** Let dead letters go: they were delivered after all, or nobody wants them. */
export interface DropDeadLetters {
  readonly type: 'drop-dead';
  readonly sink: string;
  readonly events: readonly Id[];
}

export interface DeadLettersDropped {
  readonly type: 'drop-dead';
  readonly dropped: number;
}

/** Forget facts before a moment that is older than anybody may ask for, `limit` at most; what live clients resume by stays. */
export interface TrimFeed {
  readonly type: 'trim-feed';
  readonly before: Id;
  readonly limit: number;
}

export interface FeedTrimmed {
  readonly type: 'trim-feed';
  readonly more: boolean;
}

/** Who reads the feed, and how far. */
export interface SinkPosition {
  readonly sink: string;
  readonly position: Id;
}

/** A connection that has begun and not ended, as far as the feed knows: a server that was killed did not tell of the end. */
export interface OpenSession {
  readonly session: Id;
  readonly namespace: string;
  readonly user: Id;
  readonly door: string;
}
