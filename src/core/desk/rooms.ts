/** Who is in which support chat: a user comes with the first socket there and has gone some seconds after the last. Never stored. */
import type { Hub } from '../hub.ts';
import type { Conversation, Id, Millis } from '../model.ts';
import type { Session } from '../session.ts';

export interface Rooms {
  entered(conversation: Conversation, session: Session): void;
  /** The session is no longer in the conversation. */
  left(conversation: Id, session: Session): void;
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

  function isInside(conversation: Id, user: Id): boolean {
    return hub.insideOf(conversation).some(({ actor }) => actor.user === user);
  }

  function gone(room: Room, user: Id): void {
    room.users.delete(user);
    if (room.users.size === 0) rooms.delete(room.conversation.id);
    changed(room.conversation, user, false);
  }

  return {
    entered(conversation, { actor }) {
      const room = rooms.get(conversation.id) ?? { conversation, users: new Map<Id, NodeJS.Timeout | undefined>() };
      rooms.set(conversation.id, room);
      const known = room.users.has(actor.user);
      clearTimeout(room.users.get(actor.user));
      room.users.set(actor.user, undefined);
      if (!known) changed(conversation, actor.user, true);
    },
    left(id, { actor: { user } }) {
      const room = rooms.get(id);
      if (room === undefined || !room.users.has(user) || isInside(id, user)) return;
      clearTimeout(room.users.get(user));
      const timer = setTimeout(() => gone(room, user), grace);
      timer.unref();
      room.users.set(user, timer);
    },
    in: (conversation) => [...(rooms.get(conversation)?.users.keys() ?? [])],
    close() {
      for (const { users } of rooms.values()) for (const timer of users.values()) clearTimeout(timer);
      rooms.clear();
    },
  };
}
