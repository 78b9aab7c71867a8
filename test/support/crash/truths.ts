/** What the store says of a world that has come to rest. */
import type { Id } from '../../../src/core/index.ts';

/** A message of the history. */
export interface Told {
  readonly id: number;
  readonly index: number;
  readonly sender: number;
  /** Undefined: it was recalled. */
  readonly text: string | undefined;
  /** A link to its file. */
  readonly file: string | undefined;
}

/** One conversation as the store has it. */
export interface Truth {
  readonly key: string;
  readonly category: number;
  /** 0: nobody has written there. */
  readonly id: Id;
  readonly messages: readonly Told[];
  /** Whoever may read it now. */
  readonly readers: readonly Id[];
}

/** A user's stays in a conversation by the ids of the facts that began and ended them. */
export interface StayIds {
  readonly joins: number[];
  readonly leaves: number[];
}
