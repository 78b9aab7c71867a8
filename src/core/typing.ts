/**
 * Who types where. What a client says of it is only a sign: a typist who says nothing more for a while, whose session ends, who sends the
 * message or is no member any more has stopped. The others are told each start and each stop once. Never stored.
 */
import type { Scene } from './desk/model.ts';
import type { Conversation, Id, Millis } from './model.ts';

/** Somebody at a keyboard. */
export interface Typist {
  readonly conversation: Conversation;
  readonly user: Id;
  /** The name the user goes by (`shownName`). */
  readonly name: string;
  /** The session that says so; 0 for a single call. */
  readonly session: Id;
  /** In a support chat. */
  readonly scene?: Scene;
}

export interface Typing {
  /** Begins, or goes on: which only puts off the end. */
  start(typist: Typist): void;
  /** This session has stopped; the others are told when no other session of the user goes on. */
  stop(conversation: Id, user: Id, session: Id): void;
  /** The user has stopped on every device: the message is sent, or the user has gone from the conversation. */
  finish(conversation: Id, user: Id): void;
  /** A session has ended. */
  ended(session: Id): void;
  /** Ends all waiting: the server stops. */
  close(): void;
}

interface Entry {
  readonly typist: Typist;
  readonly timer: NodeJS.Timeout;
}

/** People typing at once; with one more the longest at it is taken to have stopped. */
const MAX_TYPISTS = 100_000;

export function createTyping(deps: { timeout: Millis; changed: (typist: Typist, active: boolean) => void }): Typing {
  const { timeout, changed } = deps;
  /** By conversation and user, then by session. */
  const places = new Map<string, Map<Id, Entry>>();
  const ofSession = new Map<Id, Set<string>>();
  let count = 0;

  function begin(key: string, typist: Typist): void {
    const timer = setTimeout(() => leave(key, typist.session), timeout);
    timer.unref();
    let sessions = places.get(key);
    if (sessions === undefined) places.set(key, (sessions = new Map<Id, Entry>()));
    sessions.set(typist.session, { typist, timer });
    const keys = ofSession.get(typist.session);
    if (keys === undefined) ofSession.set(typist.session, new Set([key]));
    else keys.add(key);
    count += 1;
    if (sessions.size === 1) changed(typist, true);
  }

  function forget(key: string, { typist, timer }: Entry): void {
    clearTimeout(timer);
    const keys = ofSession.get(typist.session);
    keys?.delete(key);
    if (keys?.size === 0) ofSession.delete(typist.session);
    count -= 1;
  }

  function leave(key: string, session: Id): void {
    const sessions = places.get(key);
    const entry = sessions?.get(session);
    if (sessions === undefined || entry === undefined) return;
    forget(key, entry);
    sessions.delete(session);
    if (sessions.size > 0) return;
    places.delete(key);
    changed(entry.typist, false);
  }

  function clear(key: string): void {
    const sessions = places.get(key);
    if (sessions === undefined) return;
    places.delete(key);
    for (const entry of sessions.values()) forget(key, entry);
    const [first] = sessions.values();
    if (first !== undefined) changed(first.typist, false);
  }

  return {
    start(typist) {
      const key = keyOf(typist.conversation.id, typist.user);
      const known = places.get(key)?.get(typist.session);
      if (known !== undefined) {
        known.timer.refresh();
        return;
      }
      const [longest] = places.keys();
      if (count >= MAX_TYPISTS && longest !== undefined) clear(longest);
      begin(key, typist);
    },
    stop: (conversation, user, session) => leave(keyOf(conversation, user), session),
    finish(conversation, user) {
      // On the way of every message: mostly nobody types.
      if (places.size > 0) clear(keyOf(conversation, user));
    },
    ended(session) {
      for (const key of ofSession.get(session) ?? []) leave(key, session);
    },
    close() {
      for (const sessions of places.values()) for (const { timer } of sessions.values()) clearTimeout(timer);
      places.clear();
      ofSession.clear();
      count = 0;
    },
  };
}

function keyOf(conversation: Id, user: Id): string {
  return `${conversation}/${user}`;
}
