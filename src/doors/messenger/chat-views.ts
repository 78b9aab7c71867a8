/**
 * Whole chat objects for live clients: `chat_updated` for those who have the chat open, `added_to_chat` for who has come in.
 *
 * What is asked for in one turn is read together, once per chat, and put into JSON once per view: members of a group who have the same left to read
 * get the same frame.
 */
import { shownName } from '../../core/index.ts';
import type { Chat, ConversationHead, Frame, Id, Message, Roster, Session, ShownName } from '../../core/index.ts';
import { toChatObject, toMessageObject } from './codec.ts';
import { eventFrame } from './packets.ts';
import type { MessageObject } from './wire.ts';

/** Members in a chat object: what a header shows. The rest is read page by page. */
const MAX_MEMBERS = 100;

/** Changed messages in one update; with more the newest changes are told, and the client's next page shows all. */
const MAX_CHANGES = 100;

export interface ViewSession extends Session {
  push(frame: Frame): void;
}

export interface ChatViews {
  /** The chat is told to a session that has it open. `changed` are messages in their new state. */
  updated(session: ViewSession, chat: Id, changed?: Message): void;
  /** The chat is told to a session whose user has come in; `done` is called when it has been, or cannot be. */
  added(session: ViewSession, chat: Id, done: () => void): void;
  /** The session has the chat no longer open, or hears nothing more of it. */
  drop(session: ViewSession, chat: Id): void;
  closed(session: ViewSession): void;
}

interface Wanted {
  readonly changed: Map<Id, Message>;
  /** Set when the chat is new to the session. */
  added: (() => void) | undefined;
}

interface Queue {
  waiting: Map<ViewSession, Wanted>;
  /** Those who are told what is being read; who leaves meanwhile is taken out. */
  telling: Map<ViewSession, Wanted>;
}

/** What all views of a chat have in common. */
interface Snapshot {
  readonly head: ConversationHead;
  readonly roster: Roster;
  readonly counts: ReadonlyMap<Id, number>;
  readonly newest: Message | undefined;
}

export function createChatViews(deps: { chat: Chat; eventNames: { updated: string; added: string } }): ChatViews {
  const { chat, eventNames } = deps;
  const queues = new Map<Id, Queue>();

  function want(session: ViewSession, chatId: Id): Wanted {
    const queue = queues.get(chatId) ?? begin(chatId);
    let wanted = queue.waiting.get(session);
    if (wanted === undefined) queue.waiting.set(session, (wanted = { changed: new Map(), added: undefined }));
    return wanted;
  }

  function begin(chatId: Id): Queue {
    const queue: Queue = { waiting: new Map(), telling: new Map() };
    queues.set(chatId, queue);
    setImmediate(() => void run(chatId, queue));
    return queue;
  }

  /** What comes while a chat is read is told after what is being told: that may have been read before it. */
  async function run(chatId: Id, queue: Queue): Promise<void> {
    while (queue.waiting.size > 0) {
      queue.telling = queue.waiting;
      queue.waiting = new Map();
      try {
        await tell(chatId, queue.telling);
      } catch (cause) {
        chat.log.warn({ err: cause, conversation: chatId }, 'a conversation could not be told');
      }
      for (const { added } of queue.telling.values()) added?.();
    }
    queues.delete(chatId);
  }

  async function tell(chatId: Id, queue: ReadonlyMap<ViewSession, Wanted>): Promise<void> {
    const snapshot = await read(chatId, [...new Set([...queue.keys()].map(({ actor }) => actor.user))]);
    if (snapshot === undefined) return;
    const names = await namesOf(snapshot, queue.values());
    const frames = new Map<string, Frame>();
    for (const [session, { changed, added }] of queue) {
      const { user } = session.actor;
      const unread = snapshot.head.conversation.kind === 'room' ? 0 : snapshot.counts.get(user);
      if (unread === undefined) continue;
      const messages = changed.size > 0 ? [...changed.values()] : [snapshot.newest].filter((message) => message !== undefined);
      const key = viewKey(snapshot, user, unread, added !== undefined, messages);
      let frame = frames.get(key);
      if (frame === undefined) {
        const objects = messages.map((message) => toMessageObject(chat.links, message, names.get(message.sender)));
        frame = toFrame(snapshot, user, unread, added !== undefined, objects);
        frames.set(key, frame);
      }
      session.push(frame);
    }
  }

  async function read(chatId: Id, viewers: readonly Id[]): Promise<Snapshot | undefined> {
    const { store } = chat.core;
    const head = await chat.findHead(chatId);
    const [roster] = await store.rosters([chatId], MAX_MEMBERS);
    if (head === undefined || roster === undefined) return undefined;
    const newest = head.lastId === 0 ? undefined : await store.message(head.lastId);
    return { head, roster, newest, counts: await chat.countUnread(chatId, viewers) };
  }

  async function namesOf({ head, newest }: Snapshot, wanted: Iterable<Wanted>): Promise<ReadonlyMap<Id, ShownName>> {
    const senders = new Set(newest === undefined ? [] : [newest.sender]);
    for (const { changed } of wanted) for (const { sender } of changed.values()) senders.add(sender);
    const names = new Map<Id, ShownName>();
    for (const sender of senders) {
      const user = await chat.findUser(head.conversation.namespace, sender);
      if (user !== undefined) names.set(sender, shownName(user));
    }
    return names;
  }

  function toFrame(
    { head, roster }: Snapshot,
    viewer: Id,
    unread: number,
    added: boolean,
    messages: readonly MessageObject[],
  ): Frame {
    const isOnline = (user: Id): boolean => chat.isOnline(head.conversation.namespace, user);
    const object = toChatObject(chat.links, { head, roster, viewer, unread, messages, isOnline });
    return eventFrame(added ? eventNames.added : eventNames.updated, JSON.stringify(object));
  }

  function forget({ waiting, telling }: Queue, session: ViewSession): void {
    for (const part of [waiting, telling]) {
      const wanted = part.get(session);
      part.delete(session);
      wanted?.added?.();
    }
  }

  return {
    updated(session, chatId, changed) {
      const wanted = want(session, chatId);
      if (changed === undefined) return;
      wanted.changed.delete(changed.id);
      wanted.changed.set(changed.id, changed);
      const [oldest] = wanted.changed.keys();
      if (wanted.changed.size > MAX_CHANGES && oldest !== undefined) wanted.changed.delete(oldest);
    },
    added(session, chatId, done) {
      want(session, chatId).added = done;
    },
    drop(session, chatId) {
      const queue = queues.get(chatId);
      if (queue !== undefined) forget(queue, session);
    },
    closed(session) {
      for (const queue of queues.values()) forget(queue, session);
    },
  };
}

/** Views that are alike in every letter have the same key: of a private chat each side sees the other's name. */
function viewKey({ head }: Snapshot, viewer: Id, unread: number, added: boolean, messages: readonly Message[]): string {
  const who = head.conversation.kind === 'private' ? viewer : 0;
  return `${who}/${unread}/${added}/${messages.map(({ id }) => id).join()}`;
}
