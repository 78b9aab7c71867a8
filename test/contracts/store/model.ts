/**
 * What a store ought to remember, in the simplest words: a list of messages and a list of changes per conversation, and every
 * answer found by looking through them.
 */
import { expect } from 'vitest';
import type { Conversation, Id, Message, Millis, Operation, Outcome, ResumeEntry, Store } from '../../../src/core/index.ts';
import { placeOf } from '../../../src/core/index.ts';
import { historyOf, idsIn, reasonOf, resuming, unreadOf } from './subject.ts';

interface Expected {
  readonly message: Message;
  readonly recalled: boolean;
}

interface Fact {
  readonly id: Id;
  readonly type: 'edited' | 'recalled' | 'read';
  readonly user: Id;
  readonly message: Id;
  readonly index: number;
}

export interface ModelConversation {
  conversation: Conversation;
  deleted: boolean;
  firstIndex: number;
  cutId: Id;
  readonly messages: Expected[];
  readonly facts: Fact[];
  readonly members: Map<Id, { read: number; delivered: number }>;
}

export interface Model {
  readonly conversations: ModelConversation[];
  /** Takes over what a committed batch was answered, and judges it. */
  take(operations: readonly Operation[], outcomes: readonly Outcome[]): void;
  /** Compares every member's unread count. */
  checkUnread(store: Store, now: Millis): Promise<void>;
  /** Compares all that can be read; `places` tells at which message ids, `limits` in what pages. */
  checkAll(store: Store, now: Millis, limits: readonly number[]): Promise<void>;
}

export function createModel(): Model {
  const conversations: ModelConversation[] = [];

  function of(id: Id): ModelConversation {
    const found = conversations.find(({ conversation }) => conversation.id === id);
    if (found === undefined) throw new Error(`the store speaks of a conversation ${id} that nobody made`);
    return found;
  }

  function holder(message: Id): { in: ModelConversation; at: number } | undefined {
    for (const one of conversations) {
      const at = one.messages.findIndex((expected) => expected.message.id === message);
      if (at >= 0 && !one.deleted && at + 1 >= one.firstIndex) return { in: one, at };
    }
    return undefined;
  }

  function judge(operation: Operation, outcome: Outcome): void {
    if (outcome.type === 'refused') {
      expect(reasonOf(outcome)).toBe(refusalOf(operation));
      return;
    }
    switch (outcome.type) {
      case 'create':
        conversations.push({
          conversation: outcome.conversation,
          deleted: false,
          firstIndex: 1,
          cutId: 0,
          messages: [],
          facts: [],
          members: new Map(outcome.members.map(({ user }) => [user, { read: 0, delivered: 0 }])),
        });
        return;
      case 'append': {
        const { messages, conversation } = of(outcome.conversation.id);
        expect(outcome.message).toMatchObject({ index: messages.length + 1, conversation: conversation.id });
        messages.push({ message: outcome.message, recalled: false });
        return;
      }
      case 'edit':
      case 'recall': {
        const found = holder(outcome.message.id);
        if (found === undefined || !outcome.changed) return;
        const expected = found.in.messages[found.at];
        if (expected === undefined) return;
        const type = outcome.type === 'edit' ? 'edited' : 'recalled';
        found.in.messages[found.at] = { message: outcome.message, recalled: type === 'recalled' };
        const user = operation.type === outcome.type ? operation.user : 0;
        found.in.facts.push({ id: outcome.id, type, user, message: outcome.message.id, index: expected.message.index });
        return;
      }
      case 'cursor':
        moved(outcome.conversation.id, outcome.membership.user, outcome);
        return;
      case 'deliver':
        for (const move of outcome.moves) moved(move.conversation.id, move.membership.user, move);
        return;
      case 'members': {
        const one = of(outcome.conversation.id);
        one.conversation = outcome.conversation;
        for (const user of outcome.removed) one.members.delete(user);
        const read = one.messages.length;
        for (const { user } of outcome.memberships) if (!one.members.has(user)) one.members.set(user, { read, delivered: read });
        return;
      }
      case 'trim': {
        if (operation.type !== 'trim') return;
        const one = of(operation.conversation);
        const before = Math.max(one.firstIndex, Math.min(operation.before, one.messages.length + 1));
        expect(outcome.removed).toBe(before - one.firstIndex);
        if (outcome.removed === 0) return;
        one.firstIndex = before;
        one.cutId = one.messages[before - 2]?.message.id ?? 0;
        for (const cursors of one.members.values()) {
          cursors.read = Math.max(cursors.read, before - 1);
          cursors.delivered = Math.max(cursors.delivered, cursors.read);
        }
        return;
      }
      case 'delete':
        of(outcome.conversation.id).deleted = true;
        return;
      default:
        return;
    }
  }

  /** Why an operation may be refused, as far as the model knows; anything else is a fault. */
  function refusalOf(operation: Operation): string {
    switch (operation.type) {
      case 'append':
      case 'members': {
        const one = of(operation.conversation);
        return one.deleted || one.conversation.version !== operation.version ? 'stale' : 'no reason';
      }
      case 'cursor': {
        const one = of(operation.conversation);
        const known = !one.deleted && one.members.has(operation.user);
        const found = operation.upTo === 0 ? known : holder(operation.upTo)?.in === one;
        return known && found ? 'no reason' : 'not_found';
      }
      case 'edit':
        return holder(operation.message) === undefined ? 'not_found' : 'failed_precondition';
      case 'recall':
        return holder(operation.message) === undefined ? 'not_found' : 'no reason';
      case 'trim':
      case 'delete':
        return of(operation.conversation).deleted ? 'not_found' : 'no reason';
      default:
        return 'no reason';
    }
  }

  function moved(
    conversation: Id,
    user: Id,
    move: {
      cursor: 'read' | 'delivered';
      id: Id;
      message: Id;
      moved: boolean;
      membership: { readIndex: number; deliveredIndex: number };
    },
  ): void {
    const one = of(conversation);
    const cursors = one.members.get(user);
    if (cursors === undefined) throw new Error(`${user} is no member, and a cursor was moved`);
    expect(move.membership.readIndex).toBeGreaterThanOrEqual(cursors.read);
    expect(move.membership.deliveredIndex).toBeGreaterThanOrEqual(cursors.delivered);
    cursors.read = move.membership.readIndex;
    cursors.delivered = move.membership.deliveredIndex;
    if (move.cursor === 'read' && move.moved)
      one.facts.push({ id: move.id, type: 'read', user, message: move.message, index: cursors.read });
  }

  return {
    conversations,
    take(operations, outcomes) {
      expect(outcomes).toHaveLength(operations.length);
      for (const [at, operation] of operations.entries()) {
        const outcome = outcomes[at];
        if (outcome !== undefined) judge(operation, outcome);
      }
    },
    async checkUnread(store, now) {
      for (const one of conversations) {
        if (one.deleted) continue;
        for (const [user, { read, delivered }] of one.members) {
          const unread = visible(one, now).filter(({ index, sender }) => index > read && sender !== user).length;
          expect(await store.membership(one.conversation.id, user)).toMatchObject({ readIndex: read, deliveredIndex: delivered });
          expect({ user, unread: await unreadOf(store, one.conversation.id, user) }).toEqual({ user, unread });
        }
      }
    },
    async checkAll(store, now, limits) {
      for (const one of conversations) await checkConversation(store, one, now, limits);
      await checkResumes(store, conversations, now, limits);
    },
  };
}

/** What there is to be seen of a conversation at this moment. */
function visible(one: ModelConversation, now: Millis): Message[] {
  return one.messages
    .filter(({ message }) => message.index >= one.firstIndex && !(message.expiresAt !== undefined && message.expiresAt <= now))
    .map(({ message }) => message);
}

async function checkConversation(store: Store, one: ModelConversation, now: Millis, limits: readonly number[]): Promise<void> {
  const { id } = one.conversation;
  if (one.deleted) {
    expect(await store.head(id)).toBeUndefined();
    expect((await store.history(historyOf(id))).messages).toEqual([]);
    return;
  }
  const last = one.messages.at(-1)?.message;
  const head = {
    conversation: one.conversation,
    lastIndex: one.messages.length,
    lastId: last?.id ?? 0,
    firstIndex: one.firstIndex,
    cutId: one.cutId,
  };
  expect(await store.head(id)).toEqual(head);
  const seen = visible(one, now);
  const whole = await store.history(historyOf(id, { limit: Number.MAX_SAFE_INTEGER }));
  expect(whole.messages).toEqual(seen);
  const ids = seen.map((message) => message.id);
  for (const place of sampled(one.messages.map(({ message }) => message.id))) {
    for (const limit of limits) {
      const older = ids.filter((other) => other < place);
      const newer = ids.filter((other) => other > place);
      const before = await store.history(historyOf(id, { before: place, limit }));
      expect(idsIn(before)).toEqual(older.slice(-limit));
      if (older.length > limit) expect(before.moreBefore).toBe(true);
      if (older.length < limit) expect(before.moreBefore).toBe(false);
      const after = await store.history(historyOf(id, { after: place, limit }));
      expect(idsIn(after)).toEqual(newer.slice(0, limit));
      if (newer.length > limit) expect(after.moreAfter).toBe(true);
      if (newer.length < limit) expect(after.moreAfter).toBe(false);
      const window = idsIn(await store.history(historyOf(id, { around: place, limit })));
      const from = window.length === 0 ? 0 : ids.indexOf(window[0] ?? 0);
      expect(window).toEqual(ids.slice(from, from + window.length));
      if (ids.includes(place)) expect(window).toContain(place);
    }
  }
}

async function checkResumes(
  store: Store,
  all: readonly ModelConversation[],
  now: Millis,
  limits: readonly number[],
): Promise<void> {
  const users = new Set(all.flatMap(({ members }) => [...members.keys()]));
  for (const user of users) {
    const mine = all.filter(({ deleted, members }) => !deleted && members.has(user));
    const entries = mine.flatMap((one) => entriesOf(one, now)).toSorted((a, b) => placeOf(a) - placeOf(b));
    expect(await resumeAll(store, user, Math.ceil(entries.length / 5) + 1)).toEqual(entries);
    const places = entries.map(placeOf);
    for (const after of sampled([...mine.flatMap((one) => one.messages.map(({ message }) => message.id)), ...places])) {
      for (const limit of limits) {
        const page = await store.resume(resuming(user, { after, limit }));
        const missed = places.filter((place) => place > after);
        expect(page.entries.length).toBeLessThanOrEqual(limit);
        expect(page.entries.map(placeOf)).toEqual(page.more ? missed.filter((place) => place <= page.next) : missed);
        if (page.more) expect(page.next).toBeGreaterThan(after);
        if (missed.length > limit) expect(page.more).toBe(true);
        expect(page.cut).toBe(mine.some(({ cutId }) => cutId > after));
      }
    }
  }
}

/** All pages from the beginning. */
async function resumeAll(store: Store, user: Id, limit: number): Promise<ResumeEntry[]> {
  const entries: ResumeEntry[] = [];
  for (let after = 0, more = true; more;) {
    const page = await store.resume(resuming(user, { after, limit }));
    expect(page.cut && after === 0).toBe(false);
    if (page.more) expect(page.next).toBeGreaterThan(after);
    entries.push(...page.entries);
    ({ next: after, more } = page);
  }
  return entries;
}

function entriesOf(one: ModelConversation, now: Millis): ResumeEntry[] {
  const { conversation } = one;
  const seen = new Map(visible(one, now).map((message) => [message.id, message]));
  const messages = [...seen.values()].map((message): ResumeEntry => ({
    type: 'message',
    senderName: '',
    conversation,
    message,
    from: 0,
  }));
  const facts = one.facts.flatMap(({ id, type, user, message: about, index }): ResumeEntry[] => {
    if (type === 'read') return [{ type, id, conversation, user, index, message: about, everybody: true, from: 0 }];
    const message = seen.get(about);
    if (message === undefined) return [];
    const change = message.state === 'recalled' ? 'recalled' : 'edited';
    return [{ type: 'change', id, change, conversation, message, user, from: 0 }];
  });
  return [...messages, ...facts];
}

/** All of a few places; of many some, with those around the borders of chunks among them. */
function sampled(places: readonly Id[]): Id[] {
  const step = Math.ceil(places.length / 5);
  return places.filter((_, at) => at % step === 0 || at % 128 === 0 || at % 128 === 127 || at === places.length - 1);
}
