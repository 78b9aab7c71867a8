/**
 * `sidebar_update`: the newest message of a chat and how much of it one has not read, told to every member after every message, and to the
 * reader after reading.
 *
 * The message is put into JSON once; the frames differ in the count alone and are shared by all who have the same. Counts that are not remembered are
 * asked for together, once per turn and chat; what comes for a session that waits for one replaces what waited, so that the updates of a chat
 * keep their order and a slow store is asked less often, not more.
 */
import { shownName } from '../../core/index.ts';
import type { Chat, Frame, Id, Message, Session } from '../../core/index.ts';
import { toMessageObject } from './codec.ts';
import { eventFrame } from './packets.ts';
import type { Reader } from './readers.ts';

/** Times that counts are asked for again because the chat has moved on; then they are told as they are, and the next update follows. */
const MAX_ROUNDS = 5;

/** Users asked about in one query. */
const MAX_USERS = 1_000;

/** What is told of a chat besides the count. */
export interface Note {
  readonly index: number;
  /** The MessageObject. */
  readonly json: string;
  frame(unread: number): Frame;
}

export interface SidebarSession extends Session {
  readonly reader: Reader;
  push(frame: Frame): void;
}

export interface Sidebar {
  /** What is told of a message as its chat's newest; `json` is its MessageObject. */
  note(message: Message, json: string): Note;
  /** A message has come. */
  came(session: SidebarSession, message: Message, note: Note): void;
  /** What is unread there may have changed: it is told anew. */
  changed(session: SidebarSession, chat: Id): void;
  /** A message says something else now: it is told anew if it is the newest. */
  edited(session: SidebarSession, message: Message): void;
  /** The session hears nothing more of the chat. */
  drop(session: SidebarSession, chat: Id): void;
  /** The session has ended. */
  closed(session: SidebarSession): void;
}

interface Waiting {
  /** What has come; undefined: whatever is the newest message. */
  note: Note | undefined;
  /** Told only if the newest message has this index; 0: in any case. */
  ifNewest: number;
  /** Something has come since the counts were asked for. */
  touched: boolean;
}

interface Queue {
  readonly waiting: Map<SidebarSession, Waiting>;
  rounds: number;
}

export function createSidebar(deps: { chat: Chat; eventName: string }): Sidebar {
  const { chat, eventName } = deps;
  const queues = new Map<Id, Queue>();

  function note({ index, conversation }: Message, json: string): Note {
    const frames = new Map<number, Frame>();
    return {
      index,
      json,
      frame(unread) {
        let frame = frames.get(unread);
        if (frame === undefined) {
          frame = eventFrame(eventName, `{"chatId":"${conversation}","unreadCount":${unread},"message":${json}}`);
          frames.set(unread, frame);
        }
        return frame;
      },
    };
  }

  function enqueue(session: SidebarSession, chatId: Id, entry: Waiting): void {
    let queue = queues.get(chatId);
    if (queue === undefined) {
      queue = { waiting: new Map(), rounds: 0 };
      queues.set(chatId, queue);
      setImmediate(() => void run(chatId));
    }
    queue.waiting.set(session, entry);
  }

  async function run(chatId: Id): Promise<void> {
    for (let queue = queues.get(chatId); queue !== undefined; queue = queues.get(chatId)) {
      try {
        await round(chatId, queue);
      } catch (cause) {
        // The next message or a reload of the list tells what was not told now.
        chat.log.warn({ err: cause, conversation: chatId }, 'the unread counts of a conversation could not be told');
        queues.delete(chatId);
      }
      if (queue.waiting.size === 0) queues.delete(chatId);
    }
  }

  async function round(chatId: Id, queue: Queue): Promise<void> {
    for (const entry of queue.waiting.values()) entry.touched = false;
    const asked = [...queue.waiting.keys()];
    const before = await chat.findHead(chatId);
    const counts = await countsOf(
      chatId,
      asked.map(({ actor }) => actor.user),
    );
    const newest = [...queue.waiting.values()].some((entry) => entry.note === undefined)
      ? await newestNote(chatId, before?.lastId ?? 0)
      : undefined;
    const head = await chat.findHead(chatId);
    queue.rounds += 1;
    const isCurrent = head !== undefined && head.lastIndex === before?.lastIndex;
    for (const session of asked) {
      const entry = queue.waiting.get(session);
      if (entry === undefined || ((entry.touched || !isCurrent) && queue.rounds < MAX_ROUNDS)) continue;
      queue.waiting.delete(session);
      const unread = counts.get(session.actor.user);
      if (unread === undefined || head === undefined) continue;
      if (isCurrent && !entry.touched) session.reader.keep(chatId, head.lastIndex, unread);
      const told = entry.note ?? newest;
      if (told !== undefined && (entry.ifNewest === 0 || entry.ifNewest === head.lastIndex)) session.push(told.frame(unread));
    }
    if (queue.rounds >= MAX_ROUNDS) queue.rounds = 0;
  }

  async function countsOf(chatId: Id, users: readonly Id[]): Promise<ReadonlyMap<Id, number>> {
    const distinct = [...new Set(users)];
    const counts = new Map<Id, number>();
    for (let at = 0; at < distinct.length; at += MAX_USERS) {
      for (const [user, unread] of await chat.countUnread(chatId, distinct.slice(at, at + MAX_USERS))) counts.set(user, unread);
    }
    return counts;
  }

  async function newestNote(chatId: Id, lastId: Id): Promise<Note | undefined> {
    const message = lastId === 0 ? undefined : await chat.core.store.message(lastId);
    if (message?.conversation !== chatId) return undefined;
    const { conversation } = (await chat.findHead(chatId)) ?? {};
    const sender = conversation && (await chat.findUser(conversation.namespace, message.sender));
    const object = toMessageObject(chat.links, message, sender && shownName(sender));
    return note(message, JSON.stringify(object));
  }

  return {
    note,
    came(session, message, told) {
      const entry = queues.get(message.conversation)?.waiting.get(session);
      if (entry !== undefined) {
        Object.assign(entry, { note: told, ifNewest: 0, touched: true });
        return;
      }
      const unread = session.reader.advance(message);
      if (unread === undefined) enqueue(session, message.conversation, { note: told, ifNewest: 0, touched: true });
      else session.push(told.frame(unread));
    },
    changed(session, chatId) {
      session.reader.forget(chatId);
      const entry = queues.get(chatId)?.waiting.get(session);
      if (entry === undefined) enqueue(session, chatId, { note: undefined, ifNewest: 0, touched: true });
      else Object.assign(entry, { ifNewest: 0, touched: true });
    },
    edited(session, { conversation, index }) {
      const entry = queues.get(conversation)?.waiting.get(session);
      if (entry === undefined) enqueue(session, conversation, { note: undefined, ifNewest: index, touched: true });
      // What waits may be this message as it was.
      else Object.assign(entry, { note: undefined, touched: true });
    },
    drop: (session, chatId) => void queues.get(chatId)?.waiting.delete(session),
    closed(session) {
      for (const { waiting } of queues.values()) waiting.delete(session);
    },
  };
}
