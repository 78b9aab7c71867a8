/** Chats and messages with the people in them, as one of their members sees them: what the codec makes objects of, gathered from the core. */
import { shownName } from '../../core/index.ts';
import type { Actor, Chat, Id, Message, RosteredConversation, ShownName } from '../../core/index.ts';
import { toChatObject, toMessageObject } from './codec.ts';
import type { ChatObject, MessageObject } from './wire.ts';

/** Members shown of a chat: what a screen has room for. */
const MAX_MEMBERS = 100;

export interface Views {
  chat(actor: Actor, id: Id): Promise<ChatObject>;
  /** A page of the actor's chats, newest activity first, and where the next one begins: undefined after the last. */
  chats(actor: Actor, before: Id, limit: number): Promise<{ readonly chats: ChatObject[]; readonly next: Id | undefined }>;
  messages(actor: Actor, messages: readonly Message[]): Promise<MessageObject[]>;
  message(actor: Actor, message: Message): Promise<MessageObject>;
}

export function createViews({ chat }: { chat: Chat }): Views {
  const { links } = chat;

  async function nameOf({ namespace }: Actor, id: Id): Promise<ShownName | undefined> {
    const user = id === 0 ? undefined : await chat.findUser(namespace, id);
    return user && shownName(user);
  }

  async function message(actor: Actor, one: Message): Promise<MessageObject> {
    return toMessageObject(links, one, await nameOf(actor, one.sender));
  }

  async function view(actor: Actor, { summary, roster }: RosteredConversation): Promise<ChatObject> {
    const { head, unread, lastMessage } = summary;
    return toChatObject(links, {
      head,
      roster,
      viewer: actor.user,
      unread,
      messages: lastMessage === undefined ? [] : [await message(actor, lastMessage)],
      isOnline: (user) => chat.isOnline(actor.namespace, user),
    });
  }

  return {
    message,
    async messages(actor, messages) {
      const names = new Map<Id, ShownName | undefined>();
      for (const sender of new Set(messages.map((one) => one.sender))) names.set(sender, await nameOf(actor, sender));
      return messages.map((one) => toMessageObject(links, one, names.get(one.sender)));
    },
    async chat(actor, id) {
      const summary = await chat.summarize(actor, id);
      const [roster] = await chat.listRosters(actor, [id], MAX_MEMBERS);
      return view(actor, { summary, roster: roster ?? { conversation: id, members: [], more: false } });
    },
    async chats(actor, before, limit) {
      const page = await chat.listWithRosters(actor, { before, limit, members: MAX_MEMBERS });
      const chats: ChatObject[] = [];
      for (const one of page.conversations) chats.push(await view(actor, one));
      return { chats, next: page.next };
    },
  };
}
