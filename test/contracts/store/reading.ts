/** Reading: history pages, resume, lists and the feed of events. */
import { describe, expect, test } from 'vitest';
import type { Conversation, Id, ResumeEntry, Store } from '../../../src/core/index.ts';
import { placeOf, timeOfId } from '../../../src/core/index.ts';
import {
  NAMESPACE,
  ORIGIN,
  apply,
  changingMembers,
  createGroup,
  historyOf,
  idsIn,
  move,
  newWorld,
  resuming,
  send,
  sendMany,
  sendTo,
  text,
  unreadOf,
} from './subject.ts';
import type { Subject } from './subject.ts';

export function readingContract(subject: Subject): void {
  describe('history', () => {
    test('of an empty or missing conversation is an empty page', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const nothing = { messages: [], moreBefore: false, moreAfter: false };
      for (const conversation of [group.id, 12_345]) {
        for (const side of [{}, { before: 5 }, { after: 5 }, { around: 5 }, { after: 0 }]) {
          expect(await store.history(historyOf(conversation, side))).toEqual(nothing);
        }
      }
    });

    test('before, after and around every message, with every limit', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const ids = (await sendMany(store, group, [1], 12)).map(({ id }) => id);
      const places = [1, ...ids.flatMap((id) => [id - 1, id]), (ids.at(-1) ?? 0) + 1, Number.MAX_SAFE_INTEGER];
      for (let limit = 1; limit <= 14; limit += 1) {
        const newest = await store.history(historyOf(group.id, { limit }));
        expect(newest).toMatchObject({ moreBefore: limit < 12, moreAfter: false });
        expect(idsIn(newest)).toEqual(ids.slice(-limit));
        for (const place of places) {
          const older = ids.filter((id) => id < place);
          const newer = ids.filter((id) => id > place);
          const before = await store.history(historyOf(group.id, { before: place, limit }));
          expect(idsIn(before)).toEqual(older.slice(-limit));
          expect([before.moreBefore, before.moreAfter]).toEqual([older.length > limit, older.length < 12]);
          const after = await store.history(historyOf(group.id, { after: place, limit }));
          expect(idsIn(after)).toEqual(newer.slice(0, limit));
          expect([after.moreBefore, after.moreAfter]).toEqual([newer.length < 12, newer.length > limit]);
          const around = await store.history(historyOf(group.id, { around: place, limit }));
          const window = idsIn(around);
          const from = ids.indexOf(window[0] ?? 0);
          expect(window).toEqual(ids.slice(from, from + window.length));
          expect([around.moreBefore, around.moreAfter]).toEqual([from > 0, from + window.length < 12]);
          expect(window.length).toBeLessThanOrEqual(limit);
          expect(window.includes(place)).toBe(ids.includes(place));
          const [below, above] = [window.filter((id) => id < place).length, window.filter((id) => id > place).length];
          const inTheMiddle = window.length === limit && Math.abs(below - above) <= 1;
          expect(inTheMiddle || !around.moreBefore || !around.moreAfter).toBe(true);
        }
      }
    });

    test('pages of a few thousand messages make up the whole, forwards and backwards', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const ids: Id[] = [];
      for (let round = 0; round < 6; round += 1) ids.push(...(await sendMany(store, group, [1, 2], 500)).map(({ id }) => id));
      for (const limit of [50, 100, 127, 128, 129, 1_000]) {
        expect(await forwards(store, group.id, limit)).toEqual(ids);
        expect(await backwards(store, group.id, limit)).toEqual(ids);
      }
      for (const at of [0, 126, 127, 128, 129, 255, 256, 1_500, 2_815, 2_816, 2_998, 2_999]) {
        const page = await store.history(historyOf(group.id, { around: ids[at] ?? 0, limit: 5 }));
        const from = Math.max(0, at - 2);
        expect(idsIn(page)).toEqual(ids.slice(from, Math.max(5, at + 3)));
      }
    });
  });

  describe('resume', () => {
    test('gives what is newer, in the order of the feed, over all conversations of the kinds', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const channel = await createGroup(store, [1, 2], { kind: 'channel' });
      const strange = await createGroup(store, [1, 3]);
      const first = await send(store, group, 1);
      const { conversation: pair, message: hello } = await sendTo(store, 2, 1);
      const news = await send(store, channel, 1);
      await send(store, strange, 1);
      const second = await send(store, group, 2);
      const edited = await apply(store, { type: 'edit', message: first.id, user: 1, content: text('edited'), origin: ORIGIN });
      const read = await move(store, 'read', pair.id, 2, 0);
      const recalled = await apply(store, { type: 'recall', message: second.id, user: 2, origin: ORIGIN });
      const all = await store.resume(resuming(2));
      const message = (conversation: typeof group, is: typeof first): ResumeEntry => ({
        type: 'message',
        senderName: '',
        conversation,
        message: is,
        from: 0,
      });
      expect(all).toEqual({
        entries: [
          message(group, edited.message),
          message(pair, hello),
          message(channel, news),
          message(group, recalled.message),
          { type: 'change', id: edited.id, change: 'edited', conversation: group, message: edited.message, user: 1, from: 0 },
          { type: 'read', id: read.id, conversation: pair, user: 2, index: 1, message: hello.id, everybody: true, from: 0 },
          {
            type: 'change',
            id: recalled.id,
            change: 'recalled',
            conversation: group,
            message: recalled.message,
            user: 2,
            from: 0,
          },
        ],
        next: recalled.id,
        more: false,
        cut: false,
      });
      const kinds = async (list: readonly ('private' | 'group' | 'channel')[]) =>
        (await store.resume(resuming(2, { kinds: list }))).entries.map(placeOf);
      expect(await kinds(['private'])).toEqual([hello.id, read.id]);
      expect(await kinds(['channel'])).toEqual([news.id]);
      expect(await kinds(['group', 'channel'])).toEqual([first.id, news.id, second.id, edited.id, recalled.id]);
      expect(await kinds([])).toEqual([]);
      expect((await store.resume(resuming(2, { conversations: [channel.id] }))).entries.map(placeOf)).toEqual([news.id]);
      expect((await store.resume(resuming(2, { conversations: [] }))).entries).toEqual([]);
      for (const [at, entry] of all.entries.entries()) {
        const rest = await store.resume(resuming(2, { after: placeOf(entry) }));
        expect(rest.entries).toEqual(all.entries.slice(at + 1));
        expect(rest.more).toBe(false);
      }
      expect(await store.resume(resuming(2, { after: recalled.id }))).toEqual({
        entries: [],
        next: recalled.id,
        more: false,
        cut: false,
      });
    });

    test('pages of every size make up the whole, from every place', async () => {
      const { store } = await newWorld(subject);
      const groups = [await createGroup(store, [1, 2]), await createGroup(store, [1, 2])];
      for (let round = 0; round < 6; round += 1) {
        for (const group of groups) {
          const [message] = await sendMany(store, group, [1], 2);
          await apply(store, {
            type: 'edit',
            message: message?.id ?? 0,
            user: 1,
            content: text(`edited ${round}`),
            origin: ORIGIN,
          });
          if (round % 2 === 0) await move(store, 'read', group.id, 2, 0);
        }
      }
      const whole = (await store.resume(resuming(2))).entries;
      expect(whole).toHaveLength(6 * 2 * 3 + 3 * 2);
      const places = whole.map(placeOf);
      expect(places).toEqual(places.toSorted((one, other) => one - other));
      for (const limit of [1, 2, 3, 7, 41, 42, 43]) {
        for (let from = 0; from <= places.length; from += 5) {
          const expected = whole.slice(from);
          const collected: ResumeEntry[] = [];
          let after = places[from - 1] ?? 0;
          for (let more = true; more;) {
            const page = await store.resume(resuming(2, { after, limit }));
            expect(page.entries.length).toBeLessThanOrEqual(limit);
            expect(page.more).toBe(expected.length - collected.length > limit);
            collected.push(...page.entries);
            expect(page.next).toBe(page.entries.length === 0 ? after : placeOf(page.entries.at(-1) ?? whole[0] ?? missing()));
            ({ next: after, more } = page);
          }
          expect(collected).toEqual(expected);
        }
      }
    });

    test('goes on past what is not for this client', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const first = await send(store, group, 1);
      for (let round = 0; round < 5; round += 1) await send(store, group, 1, { expiresAfter: 10 });
      const last = await send(store, group, 1);
      clock.advance(10);
      let after = 0;
      const found: Id[] = [];
      for (let pages = 0, more = true; more; pages += 1) {
        const page = await store.resume(resuming(2, { after, limit: 2 }));
        found.push(...page.entries.map(placeOf));
        expect(page.next).toBeGreaterThan(after);
        expect(pages).toBeLessThan(5);
        ({ next: after, more } = page);
      }
      expect(found).toEqual([first.id, last.id]);
    });

    test('tells a client that has been here before that something was removed which it never saw', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const other = await createGroup(store, [1, 2]);
      const messages = await sendMany(store, group, [1], 10);
      await send(store, other, 1);
      await apply(store, { type: 'trim', conversation: group.id, before: 6 });
      const at = (index: number): Id => messages[index - 1]?.id ?? 0;
      const cut = async (after: Id, rest = {}) => (await store.resume(resuming(2, { after, ...rest }))).cut;
      expect(await cut(0)).toBe(false);
      expect(await cut(at(1))).toBe(true);
      expect(await cut(at(4))).toBe(true);
      expect(await cut(at(5))).toBe(false);
      expect(await cut(at(9))).toBe(false);
      expect(await cut(at(1), { conversations: [other.id] })).toBe(false);
      expect(await cut(at(1), { conversations: [group.id] })).toBe(true);
      expect(await cut(at(1), { kinds: ['private'] })).toBe(false);
    });

    test('ends with the membership', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      await send(store, group, 1);
      await apply(store, changingMembers(group, { remove: [2] }));
      expect((await store.resume(resuming(2))).entries).toEqual([]);
    });

    test('over many conversations', async () => {
      const { store } = await newWorld(subject);
      const groups: Conversation[] = [];
      for (let at = 0; at < 300; at += 1) groups.push(await createGroup(store, [1, 2]));
      const sent: Id[] = [];
      for (const at of [7, 299, 0, 150, 151, 152]) sent.push((await send(store, groups[at] ?? missing(), 1)).id);
      expect((await store.resume(resuming(2))).entries.map(placeOf)).toEqual(sent);
      expect((await store.resume(resuming(2, { after: sent[2] ?? 0 }))).entries.map(placeOf)).toEqual(sent.slice(3));
      expect(await store.conversationsOf(NAMESPACE, 2)).toHaveLength(300);
      const listed: Id[] = [];
      for (let before = 0; ;) {
        const page = await store.summaries(NAMESPACE, 2, before, 70);
        const last = page.at(-1);
        if (last === undefined) break;
        listed.push(...page.map(({ head }) => head.conversation.id));
        before = last.head.lastId === 0 ? last.head.conversation.id : last.head.lastId;
      }
      const active = [152, 151, 150, 0, 299, 7];
      const rest = groups.map((_, at) => at).filter((at) => !active.includes(at));
      expect(listed).toEqual([...active, ...rest.toReversed()].map((at) => groups[at]?.id));
    });
  });

  describe('lists', () => {
    test('a summary holds the head, the membership, the unread count and the newest message', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2], { name: 'Ours', notice: 'Be kind' });
      const empty = await store.summary(group.id, 2);
      expect(empty).toEqual({
        head: { conversation: group, lastIndex: 0, lastId: 0, firstIndex: 1, cutId: 0 },
        membership: {
          conversation: group.id,
          user: 2,
          role: 'member',
          joinedAt: group.createdAt,
          deliveredIndex: 0,
          readIndex: 0,
        },
        unread: 0,
      });
      const message = await send(store, group, 1);
      expect(await store.summary(group.id, 2)).toMatchObject({ unread: 1, lastMessage: message, head: { lastId: message.id } });
      expect(await store.summaries(NAMESPACE, 2, 0, 5)).toEqual([await store.summary(group.id, 2)]);
      expect(await store.summary(group.id, 3)).toBeUndefined();
      expect(await store.summary(12_345, 2)).toBeUndefined();
      expect(await unreadOf(store, group.id, 1)).toBe(0);
    });

    test('name and notice are changed one by one', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1], { name: 'Ours', notice: 'Be kind' });
      const change = { type: 'update', conversation: group.id, user: 1, origin: ORIGIN } as const;
      expect((await apply(store, { ...change, name: 'Theirs' })).conversation).toEqual({ ...group, name: 'Theirs' });
      expect((await apply(store, { ...change, notice: '' })).conversation).toEqual({ ...group, name: 'Theirs', notice: '' });
      expect((await store.head(group.id))?.conversation).toEqual({ ...group, name: 'Theirs', notice: '' });
      expect((await store.events(0, 10)).map(({ type }) => type)).toEqual([
        'conversation.created',
        'conversation.changed',
        'conversation.changed',
      ]);
    });

    test('rooms are listed by id, without memberships', async () => {
      const { store } = await newWorld(subject);
      const rooms = [];
      for (let at = 0; at < 5; at += 1)
        rooms.push(await createGroup(store, [], { kind: 'room', creator: 1, name: `Room ${at}` }));
      await createGroup(store, [1]);
      await createGroup(store, [], { kind: 'room', namespace: 'elsewhere' });
      expect(await store.rooms(NAMESPACE, 0, 3)).toEqual(rooms.slice(0, 3));
      expect(await store.rooms(NAMESPACE, rooms[2]?.id ?? 0, 3)).toEqual(rooms.slice(3));
      expect(await store.conversationsOf(NAMESPACE, 1)).toHaveLength(1);
      const message = await send(store, rooms[1] ?? missing(), 1);
      const resumed = await store.resume(resuming(2, { kinds: ['room'], conversations: rooms.map(({ id }) => id) }));
      expect(resumed.entries.map(placeOf)).toEqual([message.id]);
    });
  });

  describe('events', () => {
    test('are every committed fact in commit order, in pages from any place', async () => {
      const { store, clock } = await newWorld(subject);
      const traced = { door: 'stream', session: 42, trace: '00-abc-def-01' };
      const group = await createGroup(store, [1, 2], { origin: traced });
      const message = await send(store, group, 1, { origin: traced });
      clock.advance(5);
      const edited = await apply(store, { type: 'edit', message: message.id, user: 1, content: text('x'), origin: traced });
      const [second] = await sendMany(store, group, [2], 200);
      const read = await move(store, 'read', group.id, 1, second?.id ?? 0);
      await apply(store, { type: 'recall', message: message.id, user: 1, origin: ORIGIN });
      await apply(store, changingMembers(group, { add: [3], remove: [2] }));
      await apply(store, { type: 'update', conversation: group.id, user: 1, name: 'x', origin: ORIGIN });
      const events = await store.events(0, 1_000);
      expect(events.map(({ type }) => type)).toEqual([
        'conversation.created',
        'message.sent',
        'message.edited',
        ...Array.from({ length: 200 }, () => 'message.sent'),
        'message.read',
        'message.recalled',
        'members.changed',
        'conversation.changed',
      ]);
      const ids = events.map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)].toSorted((one, other) => one - other));
      expect(
        events.every(
          ({ namespace, conversation, id, at }) => namespace === NAMESPACE && conversation === group.id && at === timeOfId(id),
        ),
      ).toBe(true);
      expect(events[0]).toMatchObject({ user: 1, message: 0, index: 0, origin: traced });
      expect(events[1]).toEqual({
        id: message.id,
        type: 'message.sent',
        namespace: NAMESPACE,
        conversation: group.id,
        user: 1,
        message: message.id,
        index: 1,
        at: message.sentAt,
        origin: traced,
      });
      expect(events[2]).toMatchObject({ id: edited.id, user: 1, message: message.id, index: 1, origin: traced });
      expect(events[203]).toMatchObject({ id: read.id, user: 1, message: second?.id, index: 2, origin: ORIGIN });
      for (const limit of [1, 7, 100, 206]) {
        const paged = [];
        for (let after = 0; ;) {
          const page = await store.events(after, limit);
          paged.push(...page);
          if (page.length < limit) break;
          after = page.at(-1)?.id ?? 0;
        }
        expect(paged).toEqual(events);
      }
      // Nobody reads them: nobody is behind.
      expect((await store.stats()).outboxDepth).toBe(0);
      await apply(store, { type: 'sink', sink: 'a sink', position: 0, dead: [] });
      const { outboxDepth, bytes } = await store.stats();
      expect(outboxDepth).toBe(events.length);
      expect(bytes).toBeGreaterThan(0);
    });
  });
}

async function forwards(store: Store, conversation: Id, limit: number): Promise<Id[]> {
  const ids: Id[] = [];
  for (let after = 0, more = true; more; after = ids.at(-1) ?? 0) {
    const page = await store.history(historyOf(conversation, { after, limit }));
    ids.push(...idsIn(page));
    more = page.moreAfter;
  }
  return ids;
}

async function backwards(store: Store, conversation: Id, limit: number): Promise<Id[]> {
  const ids: Id[] = [];
  for (let before: Id | undefined, more = true; more; before = ids[0]) {
    const page = await store.history(historyOf(conversation, { ...(before !== undefined && { before }), limit }));
    ids.unshift(...idsIn(page));
    more = page.moreBefore;
  }
  return ids;
}

function missing(): never {
  throw new Error('the test asked for something it has not made');
}
