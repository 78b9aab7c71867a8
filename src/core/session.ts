/**
 * A live connection as the core sees it. Doors implement it; the core never holds a socket.
 */
import type { DisconnectReason } from './errors.ts';
import type { Delivery } from './events.ts';
import type { Actor, Id, Millis } from './model.ts';

/** Bytes ready for the wire of one codec. Shared between sessions: nobody may change them. */
export type Frame = Buffer;

/**
 * How a door writes deliveries. Sessions with the same codec object get the very same frame: a delivery is encoded once per codec,
 * never once per session.
 */
export interface Codec {
  readonly name: string;
  /** The frame for a delivery; undefined when this codec has no words for it. */
  encode(delivery: Delivery): Frame | undefined;
}

export interface Session {
  readonly id: Id;
  readonly actor: Actor;
  readonly codec: Codec;
  readonly openedAt: Millis;
  /** When the token ends; Infinity when it does not. */
  readonly expiresAt: Millis;
  /** `jti` of the token, for revocation. */
  readonly token?: string | undefined;
  /** When the token was issued, for revocation of all tokens before a moment. */
  readonly issuedAt: Millis;
  readonly address: string;
  /** It hears nothing but the conversations it enters and what it attends, whatever its user is a member of. */
  readonly bound?: boolean;
  /** Its client hears what it caused itself as all others do, in its place; absent: its answer is all it gets. */
  readonly hearsItself?: boolean;
  /**
   * Called for every delivery to this session, in order. Must not throw, block or await; a session that cannot keep up ends itself as
   * `slow`. It may leave a delivery out that it will fetch from the store anyway (while it resumes).
   */
  deliver(delivery: Delivery, frame: Frame): void;
  /** Ends the connection in the way its protocol says; `closed` on the hub follows. */
  end(reason: DisconnectReason): void;
}

/** What people may know of a session. */
export interface SessionInfo {
  readonly id: Id;
  readonly namespace: string;
  readonly user: Id;
  readonly door: string;
  readonly codec: string;
  readonly address: string;
  readonly openedAt: Millis;
}
