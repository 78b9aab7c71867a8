/** The words that the desk's part of the store contract shares. */
import type {
  AppendMessage,
  ChatOpened,
  ChatStep,
  Conversation,
  Id,
  OpenChat,
  Operation,
  Store,
} from '../../../src/core/index.ts';
import { NAMESPACE, ORIGIN, apply, newWorld, sending, text } from './subject.ts';
import type { Subject, World } from './subject.ts';

export const CLIENT = 7;
export const ANN = 21;
export const BEN = 22;

export async function newDesk(subject: Subject): Promise<World> {
  const world = await newWorld(subject);
  await people(world.store);
  return world;
}

export async function people(store: Store): Promise<void> {
  for (const id of [CLIENT, 8]) await apply(store, { type: 'user', namespace: NAMESPACE, id, role: 'user', name: `User ${id}` });
  for (const id of [ANN, BEN]) await apply(store, { type: 'user', namespace: NAMESPACE, id, role: 'operator', name: `Op ${id}` });
}

export function opening(client: Id = CLIENT, rest: Partial<OpenChat> = {}): OpenChat {
  return { type: 'chat-open', namespace: NAMESPACE, uuid: '', source: 'lk', client, department: '', origin: ORIGIN, ...rest };
}

export async function openChat(store: Store, client: Id = CLIENT, rest: Partial<OpenChat> = {}): Promise<ChatOpened> {
  return apply(store, opening(client, rest));
}

export function stepping(conversation: Id, step: ChatStep, user: Id = 0): Operation {
  return { type: 'chat', conversation, user, step, origin: ORIGIN };
}

/** As operators, back ends and clients write: whether they are members or not was decided before. */
export function saying(conversation: Conversation, sender: Id, words: string, rest: Partial<AppendMessage> = {}): AppendMessage {
  return sending(conversation, sender, { content: text(words), writers: 'anyone', ...rest });
}
