import * as fc from 'fast-check';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createClock } from '../../test/support/clock.ts';
import { NAMESPACE, refusalOf } from '../../test/support/core.ts';
import { ORIGIN, changingMembers, createGroup, creating, send, sendTo } from '../../test/contracts/store/subject.ts';
import { openSqliteStore } from '../stores/sqlite.ts';
import { createCommitter } from './committer.ts';
import type { Committer } from './committer.ts';
import { createDirectory } from './directory.ts';
import type { Access, Directory, Target } from './directory.ts';
import type { Conversation, Id } from './model.ts';
import type { Operation, Outcome, Store } from './ports.ts';

interface Setting {
  readonly store: Store;
  readonly directory: Directory;
  readonly committer: Committer;
  /** How often the store was asked. */
  reads(): number;
}

interface Options {
  readonly size?: number;
  readonly delay?: () => Promise<void>;
  readonly committed?: (operations: readonly Operation[], outcomes: readonly Outcome[]) => void;
}

/** A directory over a real store; `delay` is awaited before and after every read and after every commit. */
async function openDirectory(options: Options = {}): Promise<Setting> {
  const { size = 100, delay = () => Promise.resolve(), committed = () => undefined } = options;
  const store = await openSqliteStore({ folder: ':memory:', now: createClock().now });
  let reads = 0;
  const slow =
    <A extends unknown[], R>(read: (...rest: A) => Promise<R>) =>
    async (...rest: A): Promise<R> => {
      reads += 1;
      await delay();
      const value = await read(...rest);
      await delay();
      return value;
    };
  const { head, privateHead, membership, user, blocks } = store;
  const directory = createDirectory({
    store: {
      head: slow(head),
      privateHead: slow(privateHead),
      membership: slow(membership),
      user: slow(user),
      blocks: slow(blocks),
    },
    size,
  });
  const committer = createCommitter({
    store: {
      async commit(operations) {
        const outcomes = await store.commit(operations);
        committed(operations, outcomes);
        await delay();
        return outcomes;
      },
    },
    announce: (_, outcome) => directory.apply(outcome),
    meter: { committed() {} },
    onFailure(cause) {
      throw cause;
    },
    options: { maxBatch: 100, maxWaiting: 1_000 },
  });
  return { store, directory, committer, reads: () => reads };
}

async function opened(options: Options = {}): Promise<Setting> {
  const setting = await openDirectory(options);
  onTestFinished(() => setting.store.close());
  for (const id of [1, 2, 3]) await setting.committer.commit({ type: 'user', namespace: NAMESPACE, id, name: `User ${id}` });
  return setting;
}

/** What the store says of a user and a target, all read at one moment. */
async function truth(store: Store, user: Id, target: Target): Promise<Access> {
  if ('conversation' in target) {
    const conversation = (await store.head(target.conversation))?.conversation;
    if (conversation === undefined || conversation.namespace !== NAMESPACE) return { blocked: false };
    const { peers } = conversation;
    if (peers !== undefined) {
      const peer = peers[0] === user ? peers[1] : peers[0];
      return peers.includes(user) ? truth(store, user, { peer }) : { blocked: false };
    }
    const role = conversation.kind === 'room' ? undefined : (await store.membership(conversation.id, user))?.role;
    return { conversation, ...(role && { role }), blocked: false };
  }
  const peer = await store.user(NAMESPACE, target.peer);
  if (peer === undefined) return { blocked: false };
  const conversation = (await store.privateHead(NAMESPACE, user, target.peer))?.conversation;
  const blocked = (await store.blocks(NAMESPACE, target.peer)).includes(user);
  return { ...(conversation && { conversation }), role: 'member', peer, blocked };
}

describe('the directory', () => {
  test('loads what policy asks for, remembers it, and knows when it must load', async () => {
    const { store, directory, reads } = await opened();
    const group = await createGroup(store, [1, 2]);
    const room = await createGroup(store, [], { kind: 'room' });
    const { conversation: pair } = await sendTo(store, 2, 1);
    const targets: Target[] = [
      { conversation: group.id },
      { conversation: room.id },
      { conversation: pair.id },
      { peer: 2 },
      { peer: 3 },
    ];
    for (const user of [1, 3]) {
      for (const target of targets) {
        const expected = await truth(store, user, target);
        expect(await directory.load(NAMESPACE, user, target)).toEqual(expected);
        const before = reads();
        expect(directory.peek(NAMESPACE, user, target)).toEqual(expected);
        expect(await directory.load(NAMESPACE, user, target)).toEqual(expected);
        expect(reads()).toBe(before);
      }
    }
    expect(directory.peek(NAMESPACE, 2, { conversation: group.id })).toBeUndefined();
    expect(await directory.role(group.id, 1)).toBe('owner');
    expect(await directory.role(group.id, 3)).toBeUndefined();
    expect(await directory.role(pair.id, 2)).toBe('member');
    expect(await directory.conversation(group.id)).toEqual(group);
    expect(await directory.user(NAMESPACE, 3)).toMatchObject({ name: 'User 3' });
  });

  test('answers alike for what is missing, of another namespace, or between others', async () => {
    const { store, directory } = await opened();
    const elsewhere = await createGroup(store, [1], { namespace: 'elsewhere' });
    const { conversation: pair } = await sendTo(store, 2, 1);
    const nothing: Access = { blocked: false };
    for (const target of [{ conversation: 12_345 }, { conversation: elsewhere.id }, { conversation: pair.id }, { peer: 99 }]) {
      for (let again = 0; again < 2; again += 1) expect(await directory.load(NAMESPACE, 3, target)).toEqual(nothing);
      const known = directory.peek(NAMESPACE, 3, target);
      expect([undefined, { blocked: false }]).toContainEqual(known);
    }
  });

  test('forgets what it is told is stale', async () => {
    const { store, directory, reads } = await opened();
    const group = await createGroup(store, [1, 2]);
    const { conversation: pair } = await sendTo(store, 2, 1);
    for (const target of [{ conversation: group.id }, { conversation: pair.id }, { peer: 2 }]) {
      await directory.load(NAMESPACE, 1, target);
      directory.forget(NAMESPACE, 1, target);
      expect(directory.peek(NAMESPACE, 1, target)).toBeUndefined();
      const before = reads();
      await directory.load(NAMESPACE, 1, target);
      expect(reads()).toBeGreaterThan(before);
    }
  });

  test.each(['user', 'conversation'])(
    'learns of a block that only the store knows of, once a private target named by its %s is stale',
    async (named) => {
      const { store, directory } = await opened();
      const { conversation } = await sendTo(store, 2, 1);
      const target: Target = named === 'user' ? { peer: 2 } : { conversation: conversation.id };
      expect(await directory.load(NAMESPACE, 1, target)).toMatchObject({ blocked: false });
      await store.commit([{ type: 'block', namespace: NAMESPACE, user: 2, blocked: 1, active: true }]);
      directory.forget(NAMESPACE, 1, target);
      expect(await directory.load(NAMESPACE, 1, target)).toMatchObject({
        blocked: true,
        conversation: { version: conversation.version + 1 },
      });
      expect(directory.peek(NAMESPACE, 1, target)).toMatchObject({ blocked: true });
    },
  );

  test('stays right when it is too small to remember what it needs', async () => {
    const { store, directory } = await opened({ size: 1 });
    const groups = [await createGroup(store, [1, 2]), await createGroup(store, [2, 1])];
    await sendTo(store, 2, 1);
    const targets: Target[] = [...groups.map(({ id }) => ({ conversation: id })), { peer: 2 }, { peer: 3 }];
    for (let round = 0; round < 3; round += 1) {
      for (const target of targets) expect(await directory.load(NAMESPACE, 1, target)).toEqual(await truth(store, 1, target));
    }
  });

  test('a message sent changes nothing it must load again', async () => {
    const { store, directory, committer, reads } = await opened();
    const group = await createGroup(store, [1, 2]);
    await directory.load(NAMESPACE, 1, { conversation: group.id });
    const { epoch } = directory;
    const before = reads();
    await send(store, group, 1);
    await committer.commit({ type: 'user', namespace: NAMESPACE, id: 1, lastSeenAt: 5 });
    expect(directory.peek(NAMESPACE, 1, { conversation: group.id })).toMatchObject({ role: 'owner' });
    expect([directory.epoch, reads()]).toEqual([epoch, before]);
  });
});

interface Decision {
  readonly user: Id;
  readonly access: Access;
}

/** Who had blocked whom, from change to change, and at which of them each version of a private conversation began. */
function createBlockLog() {
  const states: ReadonlySet<string>[] = [new Set<string>()];
  const peersOf = new Map<Id, readonly [Id, Id]>();
  const began = new Map<string, number>();

  function note({ id, version, peers }: Conversation): void {
    if (peers !== undefined) peersOf.set(id, peers);
    began.set(`${id} ${version}`, states.length - 1);
  }

  return {
    take(operations: readonly Operation[], outcomes: readonly Outcome[]): void {
      for (const [at, outcome] of outcomes.entries()) {
        const operation = operations[at];
        if (outcome.type === 'append') note(outcome.conversation);
        if (outcome.type !== 'block' || operation?.type !== 'block') continue;
        const blocks = new Set(states.at(-1));
        const pair = `${operation.user} ${operation.blocked}`;
        if (operation.active) blocks.add(pair);
        else blocks.delete(pair);
        states.push(blocks);
        if (outcome.conversation !== undefined) note(outcome.conversation);
      }
    },
    /** What a decision may say of a block: what held since its version began, for if it ended since, the store finds it stale. Nothing earlier. */
    possible({ user, access: { conversation, blocked } }: Decision): boolean[] {
      const peers = conversation && peersOf.get(conversation.id);
      if (conversation === undefined || peers === undefined) return [blocked];
      const peer = peers[0] === user ? peers[1] : peers[0];
      const since = states.slice(began.get(`${conversation.id} ${conversation.version}`) ?? 0);
      return since.map((state) => state.has(`${peer} ${user}`));
    },
  };
}

/**
 * Pauses of many lengths: some turns of the event loop apart, and some steps apart within one turn. Those that wait for a turn go on
 * together, as readers and the commit they wait for do when the disk has answered.
 */
function createPauses(lengths: readonly number[]): { pause: () => Promise<void>; stop: () => void } {
  let at = 0;
  let stopped = false;
  let turn: Promise<void> | undefined;
  return {
    async pause() {
      if (stopped) return;
      const length = lengths[(at += 1) % lengths.length] ?? 0;
      if (length >= 8) {
        turn ??= setImmediate().then(() => {
          turn = undefined;
        });
        await turn;
      }
      for (let step = length % 8; step > 0; step -= 1) await Promise.resolve();
    },
    stop() {
      stopped = true;
    },
  };
}

/** Things that are done at once, each after some turns of waiting. */
type Move =
  | { readonly do: 'load'; readonly user: number; readonly target: number }
  | { readonly do: 'block'; readonly user: number; readonly target: number; readonly active: boolean }
  | { readonly do: 'members'; readonly user: number; readonly joins: boolean }
  | { readonly do: 'rename'; readonly user: number; readonly target: number }
  | { readonly do: 'first' | 'delete' | 'update'; readonly user: number; readonly target: number };

const users = fc.integer({ min: 1, max: 3 });
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('load' as const), user: users, target: fc.nat({ max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('block' as const), user: users, target: users, active: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('members' as const), user: users, joins: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), user: users, target: fc.nat({ max: 99 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('first' as const, 'delete' as const, 'update' as const),
      user: users,
      target: users,
    }),
  },
);

describe('however loads and commits overlap', () => {
  test('nothing stale is kept, and no decision is newer than what it was decided on', async () => {
    const schedule = fc.record({
      start: fc.array(fc.tuple(fc.nat({ max: 3 }), move), { minLength: 2, maxLength: 14 }),
      delays: fc.array(fc.nat({ max: 15 }), { minLength: 1, maxLength: 30 }),
      known: fc.boolean(),
      size: fc.constantFrom(2, 100),
    });
    await fc.assert(
      fc.asyncProperty(schedule, async ({ start, delays, known, size }) => {
        const { pause, stop } = createPauses(delays);
        const log = createBlockLog();
        const setting = await openDirectory({ size, delay: pause, committed: log.take });
        const decisions = await overlap(setting, start, known, pause);
        stop();
        for (const decision of decisions) expect(log.possible(decision)).toContain(decision.access.blocked);
        await checkKept(setting);
        await setting.store.close();
      }),
      { numRuns: 400 },
    );
    expect.hasAssertions();
  });

  const TARGETS: readonly Target[] = [{ peer: 1 }, { peer: 2 }, { peer: 3 }];

  async function overlap(
    { store, directory, committer }: Setting,
    start: readonly (readonly [number, Move])[],
    known: boolean,
    pause: () => Promise<void>,
  ): Promise<Decision[]> {
    for (const id of [1, 2, 3]) await committer.commit({ type: 'user', namespace: NAMESPACE, id, name: `User ${id}` });
    const { conversation: group } = await settledCreate(committer, [1, 2]);
    if (known) await committer.commit({ ...firstMessage(1, 2) });
    const targets: readonly Target[] = [...TARGETS, { conversation: group.id }];
    const decisions: Decision[] = [];
    const { commit } = committer;
    const doing = start.map(async ([wait, made]) => {
      for (let left = wait; left > 0; left -= 1) await pause();
      if (made.do === 'load') {
        const target = targets[made.target] ?? { peer: 1 };
        decisions.push({ user: made.user, access: await directory.load(NAMESPACE, made.user, target) });
        return;
      }
      const operation = await operationOf(store, made, group.id);
      if (operation !== undefined) await refusalOf(commit(operation));
    });
    await Promise.all(doing);
    return decisions;
  }

  async function settledCreate(committer: Committer, members: readonly Id[]) {
    const created = await committer.commit(creating(members));
    if (created === 'stale') throw new Error('a new conversation cannot be stale');
    return created;
  }

  function firstMessage(sender: Id, peer: Id): Operation {
    return {
      type: 'append',
      namespace: NAMESPACE,
      sender,
      conversation: 0,
      peer,
      version: 0,
      content: { kind: 'text', text: 'hello' },
      origin: ORIGIN,
    };
  }

  async function operationOf(store: Store, made: Exclude<Move, { do: 'load' }>, group: Id): Promise<Operation | undefined> {
    switch (made.do) {
      case 'block':
        return made.user === made.target
          ? undefined
          : { type: 'block', namespace: NAMESPACE, user: made.user, blocked: made.target, active: made.active };
      case 'members': {
        const conversation = (await store.head(group))?.conversation;
        return conversation && changingMembers(conversation, made.joins ? { add: [made.user] } : { remove: [made.user] });
      }
      case 'rename':
        return { type: 'user', namespace: NAMESPACE, id: made.user, name: `Name ${made.target}` };
      case 'first':
        return firstMessage(made.user, made.target);
      case 'update':
        return { type: 'update', conversation: group, user: 1, name: `Group ${made.target}`, origin: ORIGIN };
      case 'delete': {
        const conversation =
          made.user === made.target ? group : (await store.privateHead(NAMESPACE, made.user, made.target))?.conversation.id;
        return conversation === undefined || (conversation === group && made.user !== 3)
          ? undefined
          : { type: 'delete', conversation, user: 1, origin: ORIGIN };
      }
    }
  }

  /** Everything that would be answered from memory is what the store says. */
  async function checkKept({ store, directory }: Setting): Promise<void> {
    const conversations = new Set<Id>();
    for (const { conversation } of await store.events(0, 1_000)) conversations.add(conversation);
    const targets: Target[] = [...TARGETS, ...[...conversations].map((conversation) => ({ conversation }))];
    for (const user of [1, 2, 3]) {
      for (const target of targets) {
        const kept = directory.peek(NAMESPACE, user, target);
        const real = await truth(store, user, target);
        expect({ user, target, kept: kept ?? real }).toEqual({ user, target, kept: real });
        expect({ user, target, loaded: await directory.load(NAMESPACE, user, target) }).toEqual({ user, target, loaded: real });
      }
      expect(await directory.user(NAMESPACE, user)).toEqual(await store.user(NAMESPACE, user));
    }
  }
});
