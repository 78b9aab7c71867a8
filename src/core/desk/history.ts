/** What was said in a support chat, as somebody may see it: the conversation and those asides whose audience they are, in one order. */
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { ResumeEntry } from '../events.ts';
import type { Actor, Id, Message, User } from '../model.ts';
import type { HistoryPage } from '../ports.ts';
import { findChat, hearsAside } from './access.ts';
import type { ChatRef, SeenChat } from './access.ts';
import type { ChatAside, Scene } from './model.ts';

export interface ChatHistoryQuery {
  readonly before?: Id;
  readonly after?: Id;
  readonly around?: Id;
  readonly limit: number;
}

/** The asides that messages stand in, by id. */
export type Asides = ReadonlyMap<Id, ChatAside>;

export interface ChatHistory extends HistoryPage {
  readonly chat: SeenChat;
  /** Who wrote them, by id. */
  readonly people: ReadonlyMap<Id, User>;
  readonly asides: Asides;
}

export async function readChatHistory(core: Core, actor: Actor, ref: ChatRef, query: ChatHistoryQuery): Promise<ChatHistory> {
  const sides = [query.before, query.after, query.around].filter((side) => side !== undefined);
  if (sides.length > 1) throw new ChatError('invalid_argument', 'Give one of before, after and around.');
  const chat = await findChat(core, actor, ref);
  const asides = await asidesFor(core, actor, chat.conversation.id);
  const limit = Math.min(query.limit, core.limits.maxPage);
  const conversations = [chat.conversation.id, ...asides.keys()];
  const pages = await Promise.all(conversations.map((conversation) => core.store.history({ ...query, conversation, limit })));
  const page = merge(pages, query, limit);
  return { ...page, chat, people: await peopleOf(core, actor, page.messages), asides };
}

async function asidesFor(core: Core, actor: Actor, chat: Id): Promise<Asides> {
  const heard = (await core.store.asides(chat)).filter(({ conversation }) => hearsAside(actor, conversation));
  return new Map(heard.map((aside) => [aside.conversation.id, aside]));
}

/** The scene of a message in the chat or in one of these asides. */
export function sceneIn(
  { chat, asides }: Pick<ChatHistory, 'chat' | 'asides'>,
  { conversation }: Pick<Message, 'conversation'>,
): Scene {
  const aside = asides.get(conversation)?.cursors;
  return aside === undefined ? chat.scene : { ...chat.scene, aside };
}

/** One page out of pages of the same place: each has at least what the one needs of it. */
function merge(pages: readonly HistoryPage[], query: ChatHistoryQuery, limit: number): HistoryPage {
  const all = pages.flatMap(({ messages }) => messages).sort((one, other) => one.id - other.id);
  const [from, to] = windowOf(all, query, limit);
  const moreBefore = from > 0 || pages.some((page) => page.moreBefore);
  const moreAfter = to < all.length || pages.some((page) => page.moreAfter);
  return { messages: all.slice(from, to), moreBefore, moreAfter };
}

function windowOf(all: readonly Message[], { after, around }: ChatHistoryQuery, limit: number): [number, number] {
  if (after !== undefined) return [0, Math.min(limit, all.length)];
  if (around === undefined) return [Math.max(0, all.length - limit), all.length];
  const older = all.filter(({ id }) => id <= around).length;
  const from = Math.max(0, older - Math.ceil(limit / 2));
  return [from, Math.min(all.length, from + limit)];
}

async function peopleOf(core: Core, actor: Actor, messages: readonly Message[]): Promise<ReadonlyMap<Id, User>> {
  const ids = [...new Set(messages.map(({ sender }) => sender))].filter((id) => id !== 0);
  const users = ids.length === 0 ? [] : await core.store.users(actor.namespace, ids);
  return new Map(users.map((user) => [user.id, user]));
}

export interface ChatResume {
  readonly chat: SeenChat;
  readonly asides: Asides;
  /** Ascending by place. */
  readonly entries: readonly ResumeEntry[];
  readonly next: Id;
  readonly more: boolean;
  readonly cut: boolean;
  readonly people: ReadonlyMap<Id, User>;
}

/** The place in the feed that a message id of a client stands for: ours, or one that a back end gave. What is not there any more keeps its place. */
export async function placeOfMessage(core: Core, actor: Actor, id: Id): Promise<Id> {
  return (await core.store.externalMessage(actor.namespace, id))?.id ?? id;
}

/** One page of what somebody has missed in a chat since a place. Go on from `next` while `more`. */
export async function resumeChat(core: Core, actor: Actor, ref: ChatRef, after: Id): Promise<ChatResume> {
  const chat = await findChat(core, actor, ref);
  const asides = await asidesFor(core, actor, chat.conversation.id);
  const page = await core.store.resume({
    namespace: actor.namespace,
    user: actor.user,
    kinds: ['support'],
    conversations: [chat.conversation.id, ...asides.keys()],
    after,
    limit: core.limits.maxPage,
  });
  const messages = page.entries.flatMap((entry) => (entry.type === 'read' ? [] : [entry.message]));
  return { ...page, chat, asides, people: await peopleOf(core, actor, messages) };
}

/** A chat of everything: for transcripts. Stops at `limit` messages, the oldest first. */
export async function readWhole(core: Core, actor: Actor, ref: ChatRef, limit: number): Promise<ChatHistory> {
  let page = await readChatHistory(core, actor, ref, { after: 0, limit: core.limits.maxPage });
  const messages = [...page.messages];
  const people = new Map(page.people);
  while (page.moreAfter && messages.length < limit) {
    const after = messages.at(-1)?.id ?? 0;
    page = await readChatHistory(core, actor, ref, { after, limit: core.limits.maxPage });
    if (page.messages.length === 0) break;
    messages.push(...page.messages);
    for (const [id, user] of page.people) people.set(id, user);
  }
  return { ...page, messages: messages.slice(0, limit), people, moreAfter: page.moreAfter || messages.length > limit };
}
