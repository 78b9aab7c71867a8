/** The store contract: counts of support chats equal the lists after any history. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatFilter, Conversation, Operation, Outcome, Store } from '../../../src/core/index.ts';
import { ANN, BEN, opening, people, stepping } from './desk-subject.ts';
import { NAMESPACE, ORIGIN, commit, openWorld, sending } from './subject.ts';
import type { Subject } from './subject.ts';

/** Steps of random histories: everything that may happen to a chat, by anybody. */
const steps = fc.oneof(
  fc.record({
    do: fc.constantFrom('open' as const, 'supply' as const),
    who: fc.nat(2),
    source: fc.constantFrom('lk', 'shop', ''),
  }),
  fc.record({
    do: fc.constantFrom('say' as const, 'answer' as const, 'read' as const, 'take' as const, 'assign' as const, 'join' as const),
    at: fc.nat(5),
    who: fc.nat(2),
  }),
  fc.record({ do: fc.constantFrom('withdraw' as const, 'return' as const), at: fc.nat(5), who: fc.nat(2) }),
  fc.record({ do: fc.constantFrom('close' as const, 'reopen' as const, 'delete' as const), at: fc.nat(5), who: fc.nat(2) }),
  fc.record({ do: fc.constant('transfer' as const), at: fc.nat(5), who: fc.nat(2), department: fc.constantFrom('', 'sales') }),
  fc.record({ do: fc.constant('identify' as const), who: fc.nat(2), other: fc.nat(2) }),
);

type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

const CLIENTS = [7, 8, 9];
const OPERATORS = [0, ANN, BEN];
const READY = { capacity: 2, sources: 'all', departments: 'all' } as const;
const STAFF = new Map([ANN, BEN].map((operator) => [operator, READY]));

async function live(store: Store, conversations: Conversation[], step: Step): Promise<void> {
  for (const outcome of await commit(store, operationOf(conversations, step))) remember(conversations, outcome);
}

function remember(conversations: Conversation[], outcome: Outcome): void {
  if (outcome.type === 'chat-open' && outcome.created) conversations.push(outcome.conversation);
}

function operationOf(conversations: readonly Conversation[], step: Step): Operation {
  if (step.do === 'identify') {
    const [visitor = 0, user = 0] = [CLIENTS[step.who], CLIENTS[step.other]];
    return { type: 'identify', namespace: NAMESPACE, visitor, user, origin: ORIGIN };
  }
  const client = CLIENTS[step.who] ?? 0;
  if (step.do === 'open') return opening(client, { source: step.source });
  if (step.do === 'supply') {
    const supply = { status: ['new', 'open', 'pending'][step.who], operator: OPERATORS[step.who] };
    return opening(client, { source: step.source, supply });
  }
  const operator = OPERATORS[Math.max(1, step.who)] ?? 0;
  const conversation = conversations['at' in step ? step.at : 0] ?? { id: 1, version: 1 };
  const { id } = conversation;
  switch (step.do) {
    case 'say':
      return sending(conversation, client, { writers: 'anyone' });
    case 'answer':
      return sending(conversation, operator, { writers: 'anyone' });
    case 'read':
      return {
        type: 'cursor',
        cursor: 'read',
        conversation: id,
        user: operator,
        upTo: 0,
        countMembers: 9,
        desk: true,
        origin: ORIGIN,
      };
    case 'take':
    case 'join':
    case 'withdraw':
      return stepping(id, { kind: step.do, operator }, operator);
    case 'return':
      // Its client writes while the operators are there: a closed chat goes back to who had it.
      return sending(conversation, client, { writers: 'anyone', staff: STAFF });
    case 'assign':
      return stepping(id, { kind: 'assign', operator, capacity: 2 });
    case 'transfer':
      return stepping(id, { kind: 'transfer', operator: OPERATORS[step.who] ?? 0, department: step.department }, operator);
    case 'close':
      return stepping(id, { kind: 'close' }, step.who === 0 ? client : operator);
    case 'reopen':
      return stepping(id, { kind: 'reopen', operator: OPERATORS[step.who] ?? 0 }, operator);
    case 'delete':
      return { type: 'delete', conversation: id, user: 0, origin: ORIGIN };
  }
}

export function deskCountsContract(subject: Subject): void {
  describe('counts of chats', () => {
    const filters: readonly Omit<ChatFilter, 'namespace'>[] = [
      {},
      ...['new', 'open', 'closed', 'pending'].flatMap((status) =>
        OPERATORS.map((operator) => ({ statuses: [status], operator })),
      ),
      ...['lk', 'shop', ''].map((source) => ({ sources: [source] })),
      { sources: ['lk', 'shop'], statuses: ['new', 'open'] },
      { department: 'sales' },
      { unread: true },
      { unread: false, operator: ANN },
      ...OPERATORS.flatMap((operator) => [true, false].map((closed) => ({ closed, operator }))),
      ...CLIENTS.flatMap((client) => [{ client }, { client, closed: false, sources: ['lk'] }, { client, unread: true }]),
    ];

    it('equal the lists after any history', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { maxLength: 60 }), async (history) => {
          const world = await openWorld(subject);
          try {
            await people(world.store);
            const conversations: Conversation[] = [];
            for (const step of history) await live(world.store, conversations, step);
            await check(world.store, filters);
          } finally {
            await world.close();
          }
        }),
        { numRuns: subject.runs },
      );
    });
  });
}

async function check(store: Store, filters: readonly Omit<ChatFilter, 'namespace'>[]): Promise<void> {
  for (const filter of filters) {
    const list = await store.chats({ namespace: NAMESPACE, ...filter, order: 'recent', after: 0, limit: 1_000 });
    expect([filter, list.length]).toEqual([filter, await store.chatCount({ namespace: NAMESPACE, ...filter })]);
  }
  const all = (await store.chats({ namespace: NAMESPACE, order: 'recent', after: 0, limit: 1_000 })).map(
    ({ scene }) => scene.chat,
  );
  for (const counts of await store.operatorCounts(NAMESPACE, [ANN, BEN])) {
    const of = (status: string): number =>
      all.filter((chat) => chat.operator === counts.operator && chat.status === status).length;
    expect(counts).toEqual({ operator: counts.operator, newChats: of('new'), openChats: of('open') });
  }
  const unread = Object.entries(await store.unreadChats(NAMESPACE));
  const expected = new Map<string, number>();
  for (const chat of all) if (chat.unread) expected.set(chat.source, (expected.get(chat.source) ?? 0) + 1);
  expect(unread).toEqual([...expected].sort(([one], [other]) => (one < other ? -1 : 1)));
  const waiting = await store.chats({
    namespace: NAMESPACE,
    operator: 0,
    statuses: ['new'],
    order: 'waiting',
    after: 0,
    limit: 1_000,
  });
  const times = waiting.map(({ cursor }) => cursor);
  expect(times).toEqual([...times].sort((one, other) => one - other));
  expect(waiting.length).toBe(all.filter(({ status, operator }) => status === 'new' && operator === 0).length);
}
