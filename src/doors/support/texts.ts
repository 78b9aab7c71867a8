/**
 * Messages as JSON, put together from parts that stay as they are from one message to the next: a person and a chat are put into JSON once for each
 * change of theirs, a message once for all frames that show it.
 */
import { createRecent } from '../../core/index.ts';
import type { Id, Links, Message, Scene, User } from '../../core/index.ts';
import { toAttachments, toAuthor, toChatObject, toOwnMembers, toUserObject } from './codec.ts';
import type { Told } from './codec.ts';

/** Chats whose text is remembered: those in which something is told just now, at less than a kilobyte each. */
const MAX_CHATS = 10_000;

export interface Texts {
  /** The documented object; `status` as it is told now. */
  message(told: Told, status: string): string;
}

/** A text, and what it was made from. */
interface ChatText {
  readonly scene: Scene;
  readonly text: string;
}

interface MessageText {
  readonly message: Message;
  readonly scene: Scene;
  readonly status: string;
  readonly text: string;
}

export function createTexts({ links }: { links: Links }): Texts {
  const people = new WeakMap<User, string>();
  const chats = createRecent<Id, ChatText>(MAX_CHATS);
  /** The frames of one message are made one right after the other. */
  let last: MessageText | undefined;

  function chatText(scene: Scene): string {
    const known = chats.get(scene.chat.conversation);
    if (known !== undefined && isShownAlike(known.scene, scene)) return known.text;
    const text = JSON.stringify(toChatObject(links, scene));
    if (isLasting(scene.client) && isLasting(scene.operator)) chats.set(scene.chat.conversation, { scene, text });
    return text;
  }

  function authorText(told: Told): string {
    const { sender } = told;
    if (sender === undefined) return JSON.stringify(toAuthor(links, told));
    const known = people.get(sender);
    if (known !== undefined) return known;
    const text = JSON.stringify(toUserObject(links, sender));
    if (isLasting(sender)) people.set(sender, text);
    return text;
  }

  function encode(told: Told, status: string): string {
    const own = JSON.stringify(toOwnMembers(told.message, status));
    const attachments = JSON.stringify(toAttachments(links, told.message));
    return `${own.slice(0, -1)},"chat":${chatText(told.scene)},"user":${authorText(told)},"attachments":${attachments}}`;
  }

  return {
    message(told, status) {
      const { message, scene } = told;
      if (last?.message === message && last.scene === scene && last.status === status) return last.text;
      last = { message, scene, status, text: encode(told, status) };
      return last.text;
    },
  };
}

/** Whether a chat is told alike in both: nothing else of a scene is in its object. */
function isShownAlike(one: Scene, other: Scene): boolean {
  return (
    one.client === other.client &&
    one.operator === other.operator &&
    one.chat.status === other.chat.status &&
    one.chat.uuid === other.chat.uuid &&
    one.chat.source === other.chat.source &&
    one.chat.extra === other.chat.extra
  );
}

/** Whether what is told of somebody stays as it is: a link to a picture here ends. */
function isLasting(user: User | undefined): boolean {
  return user?.picture === undefined || user.person?.avatar !== undefined;
}
