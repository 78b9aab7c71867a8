/** Who is in which support chat: a user comes with the first socket there and has gone some seconds after the last. Never stored. */
import { Few } from '../few.ts';
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
  readonly users: Few<Id>;
}

export function createRooms(deps: {
  hub: Pick<Hub, 'insideOf'>;
  grace: Millis;
  changed: (conversation: Conversation, user: Id, present: boolean) => void;
}): Rooms {
  const { hub, grace, changed } = deps;
  const rooms = new Map<Id, Room>();
  /** Where a session came in, whether it is there still or was put out. */
  const entries = new Map<Session, Few<Id>>();
  /** Of users whose last socket in a room has gone: what ends their being there. */
  const leaving = new Map<string, NodeJS.Timeout>();

  function isInside(conversation: Id, user: Id): boolean {
    return hub.insideOf(conversation).some(({ actor }) => actor.user === user);
  }

  /** The user stays after all. */
  function stay(id: Id, user: Id): void {
    const key = keyOf(id, user);
    clearTimeout(leaving.get(key));
    leaving.delete(key);
  }

  function gone(room: Room, user: Id): void {
    leaving.delete(keyOf(room.conversation.id, user));
    room.users.delete(user);
    if (room.users.size === 0) rooms.delete(room.conversation.id);
    changed(room.conversation, user, false);
  }

  function leave(id: Id, user: Id): void {
    const room = rooms.get(id);
    if (room === undefined || !room.users.has(user) || isInside(id, user)) return;
    stay(id, user);
    const timer = setTimeout(() => gone(room, user), grace);
    timer.unref();
    leaving.set(keyOf(id, user), timer);
  }

  return {
    entered(conversation, session) {
      const { user } = session.actor;
      const entered = entries.get(session) ?? new Few<Id>([]);
      entered.add(conversation.id);
      entries.set(session, entered);
      const room = rooms.get(conversation.id) ?? { conversation, users: new Few<Id>([]) };
      rooms.set(conversation.id, room);
      const known = room.users.has(user);
      stay(conversation.id, user);
      room.users.add(user);
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
    in: (conversation) => [...(rooms.get(conversation)?.users ?? [])],
    close() {
      for (const timer of leaving.values()) clearTimeout(timer);
      leaving.clear();
      rooms.clear();
      entries.clear();
    },
  };
}

function keyOf(conversation: Id, user: Id): string {
  return `${conversation}/${user}`;
}
