/** Support chats put into a store directly, as fast as it takes them: what a desk has before anything is measured. */
import type { Operation, Store } from '../../src/core/index.ts';

export const NAMESPACE = 'default';
export const ORIGIN = { door: 'support', session: 0 };

const AT_ONCE = 500;

/** Chats of one widget, each of a client of its own. */
export interface SomeChats {
  readonly source: string;
  readonly count: number;
  /** Id of the first client; the others have the following ones. */
  readonly firstClient: number;
  /** Who has which chat; 0: it waits in the queue. */
  operatorOf(at: number): number;
}

/** The uuid of the chat that a client has here. */
export function uuidOfClient(client: number): string {
  return `00000000-0000-4000-8000-${client.toString(16).padStart(12, '0')}`;
}

export async function addOperators(store: Store, first: number, count: number): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const ids = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => first + from + at);
    await done(
      store,
      ids.map((id) => ({ type: 'user', namespace: NAMESPACE, id, role: 'operator', name: `Operator ${id}` })),
    );
  }
}

/** Makes the chats, each with an unread message of its client; returns their conversations. */
export async function addChats(store: Store, { source, count, firstClient, operatorOf }: SomeChats): Promise<number[]> {
  const chats: number[] = [];
  for (let from = 0; from < count; from += AT_ONCE) {
    const clients = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => firstClient + from + at);
    await done(
      store,
      clients.map((id) => ({ type: 'user', namespace: NAMESPACE, id, role: 'user', name: `Client ${id}` })),
    );
    const opened = await store.commit(clients.map((client) => opening(client, source)));
    const made = opened.flatMap((outcome) => (outcome.type === 'chat-open' ? outcome.conversation : []));
    await done(
      store,
      made.map(({ id, version }, at) => greeting(clients[at] ?? 0, id, version)),
    );
    await done(
      store,
      made.flatMap(({ id }, at) => {
        const operator = operatorOf(from + at);
        return operator === 0 ? [] : taking(id, operator);
      }),
    );
    chats.push(...made.map(({ id }) => id));
  }
  return chats;
}

/** An operator takes a chat. */
export function taking(conversation: number, operator: number): Operation {
  return { type: 'chat', conversation, user: operator, step: { kind: 'take', operator }, origin: ORIGIN };
}

function opening(client: number, source: string): Operation {
  return { type: 'chat-open', namespace: NAMESPACE, uuid: uuidOfClient(client), source, client, department: '', origin: ORIGIN };
}

function greeting(sender: number, conversation: number, version: number): Operation {
  const content = { kind: 'text', text: 'Hello' } as const;
  return { type: 'append', namespace: NAMESPACE, sender, conversation, peer: 0, version, content, origin: ORIGIN };
}

/** Throws when the store refused one: a desk that is not as it should be is not measured. */
async function done(store: Store, operations: readonly Operation[]): Promise<void> {
  if (operations.length === 0) return;
  const outcomes = await store.commit(operations);
  const wrong = outcomes.find((outcome, at) => outcome.type !== operations[at]?.type);
  if (wrong !== undefined) throw new Error(`a desk could not be filled: ${JSON.stringify(wrong)}`);
}
