/**
 * The users who are connected through this door, and what each has left unread where it is known without asking: a count belongs to the index of
 * a message, and the next message by somebody else makes it one more. Everything else that may change it forgets it, so nothing drifts.
 */
import { createRecent } from '../../core/index.ts';
import type { Frame, Id, Message, Millis, Recent, Session } from '../../core/index.ts';

/** Chats whose count is remembered, of one user: those in which something happens while the user is connected. */
const MAX_CHATS = 200;

/** A count is asked for anew after so long, whatever was heard: what the retention removes is told to nobody. Milliseconds. */
const MAX_AGE_MS = 30_000;

interface Count {
  /** Index of the newest message when it was true. */
  index: number;
  unread: number;
  readonly at: Millis;
}

export interface ReaderSession extends Session {
  readonly reader: Reader;
  /** Whether the client has the chat open. */
  isJoined(chat: Id): boolean;
  push(frame: Frame): void;
}

/** One user with all sessions of this door. */
export interface Reader {
  readonly sessions: readonly ReaderSession[];
  /** Whether the user has the chat open, on whichever device. */
  hasOpen(chat: Id): boolean;
  /** What is unread once this message has come; undefined: ask the store. */
  advance(message: Message): number | undefined;
  /** What the store said when the newest message had this index. */
  keep(chat: Id, index: number, unread: number): void;
  /** Something else has happened there. */
  forget(chat: Id): void;
}

export interface Readers {
  /** The user's reader, made with the first session. */
  enter(session: ReaderSession): Reader;
  leave(session: ReaderSession): void;
}

export function createReaders(deps: { now: () => Millis }): Readers {
  const readers = new Map<string, ConnectedReader>();
  return {
    enter(session) {
      const key = keyOf(session);
      let reader = readers.get(key);
      if (reader === undefined) readers.set(key, (reader = new ConnectedReader(session.actor.user, deps.now)));
      reader.add(session);
      return reader;
    },
    leave(session) {
      const key = keyOf(session);
      const reader = readers.get(key);
      reader?.remove(session);
      if (reader?.sessions.length === 0) readers.delete(key);
    },
  };
}

class ConnectedReader implements Reader {
  sessions: readonly ReaderSession[] = [];
  readonly #user: Id;
  readonly #now: () => Millis;
  /** Made with the first count: who hears nothing needs none. */
  #counts: Recent<Id, Count> | undefined;

  constructor(user: Id, now: () => Millis) {
    this.#user = user;
    this.#now = now;
  }

  add(session: ReaderSession): void {
    // A list of just this size: mostly there is one.
    this.sessions = this.sessions.concat(session);
  }

  remove(session: ReaderSession): void {
    this.sessions = this.sessions.filter((other) => other !== session);
  }

  hasOpen(chat: Id): boolean {
    for (const session of this.sessions) if (session.isJoined(chat)) return true;
    return false;
  }

  advance({ conversation, index, sender }: Message): number | undefined {
    const count = this.#counts?.get(conversation);
    if (count === undefined || this.#now() - count.at > MAX_AGE_MS) return undefined;
    if (index === count.index) return count.unread;
    if (index !== count.index + 1) return undefined;
    count.index = index;
    if (sender !== this.#user) count.unread += 1;
    return count.unread;
  }

  keep(chat: Id, index: number, unread: number): void {
    this.#counts ??= createRecent(MAX_CHATS);
    this.#counts.set(chat, { index, unread, at: this.#now() });
  }

  forget(chat: Id): void {
    this.#counts?.delete(chat);
  }
}

function keyOf({ actor }: Session): string {
  return `${actor.user}/${actor.namespace}`;
}
