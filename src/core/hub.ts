/**
 * The live side: who is connected, who listens to what, and the fan-out loop. It knows no product rule: what may be delivered
 * to whom was decided before, by membership.
 *
 * A user's sessions hear every conversation the user is a member of; a room is heard by the sessions that entered it.
 */
import { createAttendances } from './attendances.ts';
import type { Attendance } from './attendances.ts';
import type { Delivery, DeskDelivery, TypingDelivery } from './events.ts';
import type { Conversation, Id } from './model.ts';
import type { Meter } from './ports.ts';
import type { Codec, Frame, Session } from './session.ts';

/** Something in an audience: a user with all sessions, or a single session in a room. */
interface Listener {
  readonly sessions: Session[];
}

interface OnlineUser extends Listener {
  readonly namespace: string;
  readonly user: Id;
  /** Sessions that hear nothing but what they have entered or attend. */
  readonly bound: Session[];
  /** Conversations this user listens to. */
  readonly conversations: Set<Id>;
}

/** Who hears a conversation. */
interface Audience {
  readonly listeners: Set<Listener>;
  /** All their sessions in one list, for the fan-out loop; undefined when it must be made again. */
  sessions: readonly Session[] | undefined;
}

export interface Hub {
  /**
   * Lets a session hear its user's conversations. `conversations` is needed for the user's first session only.
   * Returns whether the user was offline before.
   */
  open(session: Session, conversations: readonly Id[]): boolean;
  /** Forgets a session. Returns whether it was the user's last. */
  close(session: Session): boolean;
  isOnline(namespace: string, user: Id): boolean;
  sessionsOf(namespace: string, user: Id): readonly Session[];
  session(id: Id): Session | undefined;
  sessions(): Iterable<Session>;
  readonly size: number;
  /** The user's live sessions hear this conversation from now on. Returns whether there are any that did not hear it before. */
  join(conversation: Conversation, user: Id): boolean;
  /** The user's sessions hear nothing more of it, from this moment. */
  leave(conversation: Conversation, user: Id): void;
  /** This session is in the room until it leaves or closes. */
  enter(room: Id, session: Session): void;
  exit(room: Id, session: Session): void;
  /** Rooms the session has entered. */
  roomsOf(session: Session): readonly Id[];
  isIn(room: Id, session: Session): boolean;
  /** From now on the session hears every support chat of these widgets; again: of these instead. */
  attend(attendance: Attendance): void;
  attendances(namespace: string): readonly Attendance[];
  /** Grows whenever who attends what has changed. */
  readonly attendanceChanges: number;
  /** What this session attends. */
  attendanceOf(session: Session): Attendance | undefined;
  /** Sessions that have entered a conversation. */
  insideOf(conversation: Id): readonly Session[];
  /** Nobody hears it any more (deleted). */
  drop(conversation: Id): void;
  /** Conversations the session's user listens to. */
  conversationsOf(session: Session): Iterable<Id>;
  /** The sessions that hear a conversation. */
  audienceOf(conversation: Id): readonly Session[];
  /** Users online in one of these conversations, leaving out crowds: conversations with more online than the limit. */
  acquaintances(conversations: readonly Id[], except: Id, crowd: number): readonly Id[];
  /**
   * Writes a delivery to its audience. What happens in a support chat is heard by those who attend its widget as well; what happens in an aside
   * only by those sessions in the chat whose role is the audience.
   */
  deliver(delivery: Delivery): void;
  /** Writes what is typed in a support chat to those operators who hear it, and to nobody else. */
  deliverTyped(delivery: TypingDelivery): void;
  /** Writes a delivery to the sessions of some users. */
  deliverTo(delivery: Delivery, namespace: string, users: readonly Id[]): void;
  /** Writes a delivery to some sessions. */
  deliverToSessions(delivery: Delivery, sessions: readonly Session[]): void;
}

export function createHub(deps: { meter: Pick<Meter, 'delivered'> }): Hub {
  const { meter } = deps;
  const namespaces = new Map<string, Map<Id, OnlineUser>>();
  const audiences = new Map<Id, Audience>();
  const sessions = new Map<Id, Session>();
  const rooms = new Map<Session, Map<Id, Listener>>();
  const desk = createAttendances();

  function online(namespace: string, user: Id): OnlineUser | undefined {
    return namespaces.get(namespace)?.get(user);
  }

  function listen(conversation: Id, listener: Listener): void {
    const audience = audiences.get(conversation);
    if (audience === undefined) {
      audiences.set(conversation, { listeners: new Set([listener]), sessions: undefined });
      return;
    }
    audience.listeners.add(listener);
    audience.sessions = undefined;
  }

  function unlisten(conversation: Id, listener: Listener): void {
    const audience = audiences.get(conversation);
    if (audience === undefined) return;
    audience.listeners.delete(listener);
    audience.sessions = undefined;
    if (audience.listeners.size === 0) audiences.delete(conversation);
  }

  /** The user's sessions have changed. */
  function touch(entry: OnlineUser): void {
    for (const conversation of entry.conversations) {
      const audience = audiences.get(conversation);
      if (audience !== undefined) audience.sessions = undefined;
    }
  }

  function sessionsIn(conversation: Id): readonly Session[] {
    const audience = audiences.get(conversation);
    if (audience === undefined) return [];
    return (audience.sessions ??= [...audience.listeners].flatMap(hearing));
  }

  function goOnline(session: Session, conversations: readonly Id[]): void {
    const { namespace, user } = session.actor;
    const listening = session.bound === true ? { sessions: [], bound: [session] } : { sessions: [session], bound: [] };
    const entry: OnlineUser = { namespace, user, ...listening, conversations: new Set(conversations) };
    let users = namespaces.get(namespace);
    if (users === undefined) namespaces.set(namespace, (users = new Map<Id, OnlineUser>()));
    users.set(user, entry);
    for (const conversation of conversations) listen(conversation, entry);
  }

  function goOffline(entry: OnlineUser): void {
    for (const conversation of entry.conversations) unlisten(conversation, entry);
    const users = namespaces.get(entry.namespace);
    users?.delete(entry.user);
    if (users?.size === 0) namespaces.delete(entry.namespace);
  }

  function exitRoom(room: Id, session: Session): void {
    const entered = rooms.get(session);
    const listener = entered?.get(room);
    if (entered === undefined || listener === undefined) return;
    unlisten(room, listener);
    entered.delete(room);
    if (entered.size === 0) rooms.delete(session);
  }

  function insideOf(conversation: Id): readonly Session[] {
    const listeners = [...(audiences.get(conversation)?.listeners ?? [])];
    return listeners.flatMap((listener) => ('user' in listener ? [] : listener.sessions));
  }

  /** Who hears what happens in a conversation: those in it, and who attends. */
  function audiencesOf(conversation: Conversation, widget: string | undefined): readonly (readonly Session[])[] {
    const { id, kind, namespace, source = '', aside } = conversation;
    if (aside !== undefined) return [insideOf(aside.of).filter(({ actor }) => actor.role === aside.audience)];
    const inside = sessionsIn(id);
    return kind === 'support' ? [inside, desk.attending(namespace, source, widget)] : [inside];
  }

  function deskAudience({ namespace, to, widget }: DeskDelivery): readonly (readonly Session[])[] {
    if ('source' in to) return [desk.attending(namespace, to.source, widget)];
    if ('operators' in to) {
      const all = desk.attending(namespace, undefined, widget);
      return [to.user === undefined ? all : all.filter(({ actor }) => actor.user === to.user)];
    }
    const inside = insideOf(to.conversation.id);
    return to.desk ? [inside, desk.attending(namespace, to.conversation.source ?? '', widget)] : [inside];
  }

  /** The one fan-out loop: encodes at most once per codec, allocates nothing per session. */
  function fanOut(delivery: Delivery, ...parts: readonly (readonly Session[])[]): void {
    const from = 'from' in delivery && delivery.from !== 0 ? sessions.get(delivery.from) : undefined;
    /** Made when a second codec is met: most deliveries have one. */
    let encoded: Map<Codec, Frame | undefined> | undefined;
    let codec: Codec | undefined;
    let frame: Frame | undefined;
    let failure: Error | undefined;
    let door = '';
    let count = 0;
    for (const audience of parts) {
      for (const session of audience) {
        if (session === from && session.hearsItself !== true) continue;
        if (session.codec !== codec) {
          if (codec !== undefined) encoded = (encoded ?? new Map<Codec, Frame | undefined>()).set(codec, frame);
          codec = session.codec;
          if (encoded?.has(codec) === true) frame = encoded.get(codec);
          else {
            try {
              frame = codec.encode(delivery);
            } catch (cause) {
              // Its own sessions alone go without.
              frame = undefined;
              failure ??= new Error(`the codec ${codec.name} failed on a ${delivery.type}`, { cause });
            }
          }
          if (session.actor.door !== door) {
            if (count > 0) meter.delivered(door, count);
            door = session.actor.door;
            count = 0;
          }
        }
        if (frame === undefined) continue;
        session.deliver(delivery, frame);
        count += 1;
      }
    }
    if (count > 0) meter.delivered(door, count);
    if (failure !== undefined) throw failure;
  }

  function sessionsOfAll(namespace: string, users: readonly Id[]): readonly Session[] {
    return users.flatMap((user) => online(namespace, user)?.sessions ?? []);
  }

  return {
    open(session, conversations) {
      sessions.set(session.id, session);
      const entry = online(session.actor.namespace, session.actor.user);
      if (entry === undefined) {
        goOnline(session, conversations);
        return true;
      }
      if (session.bound === true) entry.bound.push(session);
      else {
        entry.sessions.push(session);
        touch(entry);
      }
      return false;
    },
    close(session) {
      if (!sessions.delete(session.id)) return false;
      for (const room of rooms.get(session)?.keys() ?? []) exitRoom(room, session);
      // Nothing is left of it even when its last room was dropped.
      rooms.delete(session);
      desk.leave(session);
      const entry = online(session.actor.namespace, session.actor.user);
      const list = session.bound === true ? entry?.bound : entry?.sessions;
      const at = list?.indexOf(session) ?? -1;
      if (entry === undefined || list === undefined || at < 0) return false;
      list.splice(at, 1);
      if (entry.sessions.length + entry.bound.length > 0) {
        touch(entry);
        return false;
      }
      goOffline(entry);
      return true;
    },
    isOnline: (namespace, user) => online(namespace, user) !== undefined,
    sessionsOf(namespace, user) {
      const entry = online(namespace, user);
      if (entry === undefined) return [];
      return entry.bound.length === 0 ? entry.sessions : [...entry.sessions, ...entry.bound];
    },
    session: (id) => sessions.get(id),
    sessions: () => sessions.values(),
    get size() {
      return sessions.size;
    },
    join(conversation, user) {
      const entry = online(conversation.namespace, user);
      if (entry === undefined || entry.conversations.has(conversation.id)) return false;
      entry.conversations.add(conversation.id);
      listen(conversation.id, entry);
      return true;
    },
    leave(conversation, user) {
      const entry = online(conversation.namespace, user);
      if (entry === undefined || !entry.conversations.delete(conversation.id)) return;
      unlisten(conversation.id, entry);
    },
    enter(room, session) {
      if (!sessions.has(session.id)) return;
      let entered = rooms.get(session);
      if (entered === undefined) rooms.set(session, (entered = new Map<Id, Listener>()));
      if (entered.has(room)) return;
      const listener: Listener = { sessions: [session] };
      entered.set(room, listener);
      listen(room, listener);
    },
    exit: exitRoom,
    roomsOf: (session) => [...(rooms.get(session)?.keys() ?? [])],
    attend: desk.attend,
    attendances: desk.of,
    get attendanceChanges() {
      return desk.changes;
    },
    attendanceOf: desk.get,
    insideOf,
    isIn: (room, session) => rooms.get(session)?.has(room) ?? false,
    drop(conversation) {
      for (const listener of audiences.get(conversation)?.listeners ?? []) {
        if ('conversations' in listener && listener.conversations instanceof Set) listener.conversations.delete(conversation);
        for (const session of listener.sessions) rooms.get(session)?.delete(conversation);
      }
      audiences.delete(conversation);
    },
    conversationsOf: (session) => online(session.actor.namespace, session.actor.user)?.conversations ?? [],
    audienceOf: sessionsIn,
    acquaintances(conversations, except, crowd) {
      const users = new Set<Id>();
      for (const conversation of conversations) {
        const audience = audiences.get(conversation);
        if (audience === undefined || audience.listeners.size > crowd) continue;
        for (const listener of audience.listeners) {
          const user = 'user' in listener ? listener.user : listener.sessions[0]?.actor.user;
          if (typeof user === 'number') users.add(user);
        }
      }
      users.delete(except);
      return [...users];
    },
    deliver(delivery) {
      switch (delivery.type) {
        case 'presence':
        case 'notice':
          return;
        case 'desk':
          fanOut(delivery, ...deskAudience(delivery));
          return;
        case 'conversation':
        case 'members':
          fanOut(delivery, sessionsIn(delivery.conversation.id));
          return;
        default:
          fanOut(delivery, ...audiencesOf(delivery.conversation, 'widget' in delivery ? delivery.widget : undefined));
      }
    },
    deliverTyped(delivery) {
      const wanted = ({ actor }: Session): boolean => actor.role === 'operator';
      fanOut(delivery, ...audiencesOf(delivery.conversation, undefined).map((audience) => audience.filter(wanted)));
    },
    deliverTo: (delivery, namespace, users) => fanOut(delivery, sessionsOfAll(namespace, users)),
    // A copy: a session that ends itself meanwhile leaves the list it came from.
    deliverToSessions: (delivery, some) => fanOut(delivery, [...some]),
  };
}

/** Of a listener's sessions those that hear: a guest's is in rooms, and hears nothing of what its user was a member of before. */
function hearing(listener: Listener): readonly Session[] {
  return 'conversations' in listener ? listener.sessions.filter(({ actor }) => actor.role !== 'guest') : listener.sessions;
}
