/** Who is in which support chat: a user comes with the first socket there and has gone some seconds after the last. Never stored. */
import type { Hub } from '../hub.ts';
import type { Conversation, Id, Millis } from '../model.ts';
import type { Session } from '../session.ts';

export interface Rooms {
  entered(conversation: Conversation, session: Session): void;
  /** The session is no longer in the conversation. */
  left(conversation: Id, session: Session): void;
  /** The session has closed: it is in none any more. */
  closed(session: Session): void;
  /** Users in a conversation, those included who left a moment ago. */
  in(conversation: Id): readonly Id[];
  close(): void;
}

interface Room {
  readonly conversation: Conversation;
  readonly users: Map<Id, NodeJS.Timeout | undefined>;
}

export function createRooms(deps: {
  hub: Pick<Hub, 'insideOf'>;
  grace: Millis;
  changed: (conversation: Conversation, user: Id, present: boolean) => void;
}): Rooms {
  const { hub, grace, changed } = deps;
  const rooms = new Map<Id, Room>();
  /** Where a session came in, whether it is there still or was put out. */
  const entries = new Map<Session, Set<Id>>();

  function isInside(conversation: Id, user: Id): boolean {
    return hub.insideOf(conversation).some(({ actor }) => actor.user === user);
  }

  function gone(room: Room, user: Id): void {
    room.users.delete(user);
    if (room.users.size === 0) rooms.delete(room.conversation.id);
    changed(room.conversation, user, false);
  }

  function leave(id: Id, user: Id): void {
    const room = rooms.get(id);
    if (room === undefined || !room.users.has(user) || isInside(id, user)) return;
    clearTimeout(room.users.get(user));
    const timer = setTimeout(() => gone(room, user), grace);
    timer.unref();
    room.users.set(user, timer);
  }

  return {
    entered(conversation, session) {
      const { user } = session.actor;
      const entered = entries.get(session) ?? new Set<Id>();
      entries.set(session, entered.add(conversation.id));
      const room = rooms.get(conversation.id) ?? { conversation, users: new Map<Id, NodeJS.Timeout | undefined>() };
      rooms.set(conversation.id, room);
      const known = room.users.has(user);
      clearTimeout(room.users.get(user));
      room.users.set(user, undefined);
      if (!known) changed(conversation, user, true);
    },
    left(id, session) {
      entries.get(session)?.delete(id);
      leave(id, session.actor.user);
    },
    closed(session) {
      const entered = entries.get(session) ?? [];
      entries.delete(session);
      for (const id of entered) leave(id, session.actor.user);
    },
    in: (conversation) => [...(rooms.get(conversation)?.users.keys() ?? [])],
    close() {
      for (const { users } of rooms.values()) for (const timer of users.values()) clearTimeout(timer);
      rooms.clear();
      entries.clear();
    },
  };
}
