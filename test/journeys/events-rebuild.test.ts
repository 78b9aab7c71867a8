/** Events are facts: what is in the store can be built again from the feed alone, by somebody who knows nothing but its documents. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChatError, uuidOf } from '../../src/core/index.ts';
import type { Id } from '../../src/core/index.ts';
import { toFeedEvent } from '../../src/feed/index.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

type Step =
  | { readonly what: 'send' | 'leave' | 'read'; readonly who: number }
  | { readonly what: 'add' | 'remove'; readonly whom: number }
  | { readonly what: 'edit' | 'recall'; readonly which: number };

const one = fc.nat({ max: 3 });
const STEPS: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('send' as const), who: one }) },
  fc.record({ what: fc.constantFrom('leave' as const, 'read' as const), who: one }),
  fc.record({ what: fc.constantFrom('add' as const, 'remove' as const), whom: one }),
  fc.record({ what: fc.constantFrom('edit' as const, 'recall' as const), which: fc.nat({ max: 20 }) }),
);

/** What somebody knows of one conversation. */
interface Known {
  readonly members: Record<string, string>;
  /** By index: text, or what became of it. */
  readonly messages: Record<number, string>;
  readonly read: Record<string, number>;
}

/** Steps that the rules refuse have no effect. */
async function attempt(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof ChatError)) throw error;
  });
}

async function live(users: readonly Id[], group: Id, steps: readonly Step[]): Promise<void> {
  const { chat } = server;
  const as = (at: number) => server.actor(users[at] ?? 0);
  const sent: { id: Id; by: number }[] = [];
  for (const [at, step] of steps.entries()) {
    if (step.what === 'send') {
      const content = { kind: 'text', text: `text ${at}` } as const;
      await attempt(
        chat
          .sendMessage(as(step.who), { target: { conversation: group }, content })
          .then(({ message }) => sent.push({ id: message.id, by: step.who })),
      );
    } else if (step.what === 'leave') await attempt(chat.leaveConversation(as(step.who), group));
    else if (step.what === 'read')
      await attempt(chat.moveCursor(as(step.who), 'read', { conversation: group }, sent.at(-1)?.id ?? 1));
    else if (step.what === 'add')
      await attempt(chat.changeMembers(as(0), group, { add: [{ user: users[step.whom] ?? 0 }], remove: [] }));
    else if (step.what === 'remove')
      await attempt(chat.changeMembers(as(0), group, { add: [], remove: [users[step.whom] ?? 0] }));
    else if ('which' in step) {
      const { id, by } = sent[step.which % Math.max(1, sent.length)] ?? { id: 1, by: 0 };
      await attempt(step.what === 'edit' ? chat.editText(as(by), id, `edited ${at}`) : chat.recallMessage(as(by), id));
    }
  }
}

/** Reads nothing but envelopes. */
// oxlint-disable-next-line typescript/no-explicit-any -- payloads of every shape
function rebuild(envelopes: readonly { name: string; payload: Record<string, any> }[]): Known {
  const known: Known = { members: {}, messages: {}, read: {} };
  for (const { name, payload } of envelopes) {
    const told = payload[name];
    if (name === 'personalChatSent') known.messages[Object.keys(known.messages).length + 1] = told.payload;
    if (name === 'messageEdited') known.messages[told.index] = told.payload;
    if (name === 'messageRecalled') known.messages[told.index] = 'recalled';
    if (name === 'messageRead') known.read[told.user_id] = told.index;
    if (name === 'membersChanged' || name === 'conversationCreated') {
      for (const { user_id, role } of told.added ?? []) {
        // Who joins begins behind what was said.
        if (!(user_id in known.members)) known.read[user_id] = Object.keys(known.messages).length;
        known.members[user_id] = role;
      }
      for (const user of told.removed ?? []) {
        delete known.members[user];
        delete known.read[user];
      }
    }
  }
  return known;
}

async function stored(group: Id): Promise<Known> {
  const { store } = server.chat.core;
  const members = await store.members(group, 0, 100);
  const { messages } = await store.history({ conversation: group, after: 0, limit: 1_000 });
  return {
    members: Object.fromEntries(members.map(({ user, role }) => [uuidOf(user), role])),
    messages: Object.fromEntries(
      messages.map(({ index, state, content }) => [index, state === 'sent' ? (content?.text ?? '') : state]),
    ),
    read: Object.fromEntries(members.map(({ user, readIndex }) => [uuidOf(user), readIndex])),
  };
}

test('whatever happened, the feed tells the same story as the store', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEPS, { maxLength: 25 }), async (steps) => {
      const users = await server.newUsers(4);
      const group = await server.group([users[0] ?? 0, users[1] ?? 0]);
      await live(users, group, steps);
      const { facts } = await server.chat.feed.read(group - 1, 10_000);
      const own = facts.filter(({ event }) => event.conversation === group).map((fact) => toFeedEvent(fact));
      expect(own.map(({ place }) => place)).toEqual(own.map(({ place }) => place).toSorted((a, b) => a - b));
      const known = rebuild(own.map(({ envelope }) => JSON.parse(JSON.stringify(envelope))));
      const now = await stored(group);
      expect(known).toEqual(now);
    }),
    { numRuns: 40 },
  );
});
