/** Whatever happens, in whatever order: what the store answers is what a plain list of all that was done answers. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Id, Operation } from '../../../src/core/index.ts';
import { createModel } from './model.ts';
import type { Model, ModelConversation } from './model.ts';
import { NAMESPACE, ORIGIN, changingMembers, creating, moving, openWorld, sending, text } from './subject.ts';
import type { Restart, Subject, World } from './subject.ts';

/** Those who are members now and then, and a back end's user who never is. */
const USERS = [1, 2, 3, 4];
const STRANGER = 9;

/** One thing that is done. Numbers choose among what there is, modulo how much there is. */
type Step =
  | { readonly do: 'send'; readonly where: number; readonly who: number; readonly count: number; readonly lives: number }
  | { readonly do: 'edit' | 'recall'; readonly where: number; readonly which: number; readonly what: number }
  | { readonly do: 'read' | 'delivered'; readonly where: number; readonly who: number; readonly which: number }
  | { readonly do: 'deliver'; readonly who: number; readonly where: number; readonly which: number }
  | { readonly do: 'members'; readonly where: number; readonly who: number; readonly joins: boolean }
  | { readonly do: 'trim'; readonly where: number; readonly which: number }
  | { readonly do: 'create' | 'delete'; readonly where: number };

type Turn =
  | { readonly turn: 'commit'; readonly steps: readonly Step[] }
  | { readonly turn: 'fail'; readonly steps: readonly Step[] }
  | { readonly turn: 'wait'; readonly by: number; readonly sweep: boolean }
  | { readonly turn: Restart };

const any = fc.nat({ max: 10_000 });
const where = fc.nat({ max: 3 });
const who = fc.nat({ max: USERS.length });
const lives = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 5_000 }) });

/** A few messages, and now and then enough to pass the border of a chunk. */
const counts = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 140 }) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('send' as const), where, who, count: counts, lives }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('edit' as const, 'recall' as const), where, which: any, what: any }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('read' as const, 'delivered' as const), where, who, which: any }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deliver' as const), who, where, which: any }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('members' as const), where, who, joins: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trim' as const), where, which: any }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('create' as const, 'create' as const, 'delete' as const), where }) },
);

const steps = fc.array(step, { minLength: 1, maxLength: 4 });

function turns(restarts: readonly Restart[]): fc.Arbitrary<readonly Turn[]> {
  const restart = restarts.map((way) => ({ weight: 1, arbitrary: fc.record({ turn: fc.constant(way) }) }));
  const turn = fc.oneof(
    { weight: 12, arbitrary: fc.record({ turn: fc.constant('commit' as const), steps }) },
    { weight: 1, arbitrary: fc.record({ turn: fc.constant('fail' as const), steps }) },
    {
      weight: 3,
      arbitrary: fc.record({ turn: fc.constant('wait' as const), by: fc.integer({ min: 0, max: 3_000 }), sweep: fc.boolean() }),
    },
    ...restart,
  );
  return fc.array(turn, { minLength: 1, maxLength: 40, size: 'max' });
}

function pick<T>(list: readonly T[], at: number): T | undefined {
  return list[at % Math.max(1, list.length)];
}

function messageIn({ messages }: ModelConversation, which: number): Id {
  return pick(messages, which)?.message.id ?? 0;
}

/** A step as operations on what there is. */
function operationsOf(model: Model, made: Step): Operation[] {
  if (made.do === 'create') return [creating(USERS.slice(0, 1 + (made.where % USERS.length)))];
  const one = pick(model.conversations, made.where);
  if (one === undefined) return [];
  const { conversation } = one;
  const user = 'who' in made ? (made.who < USERS.length ? (USERS[made.who] ?? STRANGER) : STRANGER) : 1;
  switch (made.do) {
    case 'send': {
      const rest = made.lives === 0 ? {} : { expiresAfter: made.lives };
      return Array.from({ length: made.count }, () => sending(conversation, user, rest));
    }
    case 'edit':
      return [
        { type: 'edit', message: messageIn(one, made.which), user: 1, content: text(`edited ${made.what % 3}`), origin: ORIGIN },
      ];
    case 'recall':
      return [{ type: 'recall', message: messageIn(one, made.which), user: 1, origin: ORIGIN }];
    case 'read':
    case 'delivered':
      return [moving(made.do, conversation.id, user, made.which % 4 === 0 ? 0 : messageIn(one, made.which))];
    case 'deliver':
      return [
        {
          type: 'deliver',
          namespace: NAMESPACE,
          user,
          kinds: ['group'],
          upTo: messageIn(one, made.which),
          countMembers: 5,
          origin: ORIGIN,
        },
      ];
    case 'members':
      return [changingMembers(conversation, made.joins ? { add: [user] } : { remove: [user] })];
    case 'trim':
      return [{ type: 'trim', conversation: conversation.id, before: 1 + (made.which % (one.messages.length + 2)) }];
    case 'delete':
      return [{ type: 'delete', conversation: conversation.id, user: 1, origin: ORIGIN }];
  }
}

async function take(world: World, model: Model, turn: Turn): Promise<void> {
  switch (turn.turn) {
    case 'commit': {
      const operations = turn.steps.flatMap((made) => operationsOf(model, made));
      model.take(operations, await world.store.commit(operations));
      return;
    }
    case 'fail': {
      const operations = [...turn.steps.flatMap((made) => operationsOf(model, made)), creating([5, 5])];
      await expect(world.store.commit(operations)).rejects.toBeInstanceOf(Error);
      return;
    }
    case 'wait':
      world.clock.advance(turn.by);
      if (turn.sweep) await world.store.commit([{ type: 'expire', now: world.clock.now(), limit: 1_000 }]);
      return;
    default:
      await world[turn.turn]();
  }
}

async function live(subject: Subject, history: readonly Turn[]): Promise<void> {
  const world = await openWorld(subject);
  try {
    const model = createModel();
    const first = [creating([1, 2, 3]), creating([2, 1])];
    model.take(first, await world.store.commit(first));
    for (const turn of history) {
      await take(world, model, turn);
      await model.checkUnread(world.store, world.clock.now());
    }
    await model.checkAll(world.store, world.clock.now(), [2, 128]);
  } finally {
    await world.close();
  }
}

export function anyHistoryContract(subject: Subject): void {
  describe('any history', () => {
    test('counts, pages and resumes are those of a plain list', async () => {
      expect.hasAssertions();
      await fc.assert(
        fc.asyncProperty(turns(subject.restarts), (history) => live(subject, history)),
        { numRuns: subject.runs },
      );
    });
  });
}
