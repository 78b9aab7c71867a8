/** Sends with an idempotency key: once, however often they are repeated. */
import { describe, expect, test } from 'vitest';
import type { AppendMessage, Content } from '../../../src/core/index.ts';
import {
  ORIGIN,
  apply,
  commit,
  createGroup,
  newWorld,
  refusal,
  send,
  sendMany,
  sendTo,
  sending,
  sendingTo,
  succeeded,
  text,
  wholeHistory,
} from './subject.ts';
import type { Subject } from './subject.ts';

const DAY = 24 * 60 * 60 * 1000;

export function repeatsContract(subject: Subject): void {
  describe('idempotency keys', () => {
    test('the same key with the same content is the same message, however often and in one batch too', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const keyed = sending(group, 1, { key: 'k', content: text('once') });
      const [first, second] = await commit(store, keyed, keyed);
      const { message } = succeeded(keyed, first);
      expect(first).toMatchObject({ duplicate: false });
      expect(second).toEqual({ type: 'append', conversation: group, message, duplicate: true, created: false });
      await sendMany(store, group, [2], 300);
      expect(await apply(store, keyed)).toMatchObject({ duplicate: true, message });
      expect((await store.head(group.id))?.lastIndex).toBe(301);
      expect((await store.events(0, 1_000)).filter(({ type }) => type === 'message.sent')).toHaveLength(301);
    });

    test('a repeat is answered whatever the version is now', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const message = await send(store, group, 1, { key: 'k' });
      expect(await apply(store, sending({ ...group, version: 77 }, 1, { key: 'k' }))).toMatchObject({ duplicate: true, message });
    });

    test('a repeat of the first message of a private conversation is the same, named by user or by conversation', async () => {
      const { store } = await newWorld(subject);
      const first = await sendTo(store, 2, 1, { key: 'k' });
      expect(await sendTo(store, 2, 1, { key: 'k' })).toEqual({ ...first, created: false, duplicate: true });
      expect(await apply(store, sending(first.conversation, 1, { key: 'k' }))).toMatchObject({
        duplicate: true,
        message: first.message,
      });
    });

    test.each<[string, Partial<AppendMessage>]>([
      ['another text', { content: text('other') }],
      ['another kind', { content: { kind: 'sticker', text: 'hello' } }],
      ['another resource', { content: { kind: 'photo', resource: { url: 'https://example.org/other' } } }],
    ])('%s under a known key is refused, or a new message where the key may start over', async (_, other) => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const first = await send(store, group, 1, { key: 'k' });
      expect(await refusal(store, sending(group, 1, { key: 'k', ...other }))).toBe('already_exists');
      expect(await refusal(store, sending(group, 1, { key: 'k', keyReuse: 'refuse', ...other }))).toBe('already_exists');
      expect((await store.head(group.id))?.lastIndex).toBe(1);
      const second = await apply(store, sending(group, 1, { key: 'k', keyReuse: 'new', ...other }));
      expect(second).toMatchObject({ duplicate: false, message: { index: 2 } });
      expect(await apply(store, sending(group, 1, { key: 'k', keyReuse: 'new', ...other }))).toMatchObject({
        duplicate: true,
        message: { id: second.message.id },
      });
      expect(first.id).not.toBe(second.message.id);
    });

    test('another conversation under a known key is refused, or a new message where the key may start over', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const other = await createGroup(store, [1, 2]);
      await send(store, group, 1, { key: 'k' });
      expect(await refusal(store, sending(other, 1, { key: 'k' }))).toBe('already_exists');
      expect(await refusal(store, sendingTo(2, 1, { key: 'k' }))).toBe('already_exists');
      expect(await store.privateHead('default', 1, 2)).toBeUndefined();
      expect(await apply(store, sending(other, 1, { key: 'k', keyReuse: 'new' }))).toMatchObject({
        duplicate: false,
        message: { index: 1 },
      });
      expect(await apply(store, sendingTo(2, 1, { key: 'k', keyReuse: 'new' }))).toMatchObject({
        duplicate: false,
        created: true,
      });
    });

    test('the order in which a content names its parts makes no other content', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const content: Content = { kind: 'video', resource: { url: 'u', thumbnail: 't' } };
      const same: Content = { resource: { thumbnail: 't', url: 'u' }, kind: 'video' };
      const message = await send(store, group, 1, { key: 'k', content });
      expect(await apply(store, sending(group, 1, { key: 'k', content: same }))).toMatchObject({
        duplicate: true,
        message: { id: message.id },
      });
    });

    test('once the original is edited or recalled, the key alone decides', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const edited = await send(store, group, 1, { key: 'edited', content: text('first') });
      const recalled = await send(store, group, 1, { key: 'recalled', content: text('first') });
      await apply(store, { type: 'edit', message: edited.id, user: 1, content: text('second'), origin: ORIGIN });
      await apply(store, { type: 'recall', message: recalled.id, user: 1, origin: ORIGIN });
      expect(await apply(store, sending(group, 1, { key: 'edited', content: text('first') }))).toMatchObject({
        duplicate: true,
        message: { id: edited.id, content: text('second') },
      });
      const repeat = await apply(store, sending(group, 1, { key: 'recalled', content: text('first') }));
      expect(repeat).toMatchObject({ duplicate: true, message: { id: recalled.id, state: 'recalled' } });
      expect(repeat.message.content).toBeUndefined();
    });

    test.each([
      ['before it is erased', false],
      ['after', true],
    ])('a repeat of an expired message does not bring it back, %s', async (_, sweep) => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const keyed = sending(group, 1, { key: 'k', expiresAfter: 1_000 });
      const { message } = await apply(store, keyed);
      clock.advance(2_000);
      if (sweep) await apply(store, { type: 'expire', now: clock.now(), limit: 10 });
      const repeat = await apply(store, keyed);
      expect(repeat).toMatchObject({ duplicate: true, message: { id: message.id, state: 'expired' } });
      expect(repeat.message.content).toBeUndefined();
    });

    test("other users' and other namespaces' keys are their own", async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const elsewhere = await createGroup(store, [1, 2], { namespace: 'elsewhere' });
      await send(store, group, 1, { key: 'k' });
      expect(await apply(store, sending(group, 2, { key: 'k' }))).toMatchObject({ duplicate: false });
      expect(await apply(store, sending(elsewhere, 1, { key: 'k', namespace: 'elsewhere' }))).toMatchObject({ duplicate: false });
      expect(await apply(store, sending(elsewhere, 2, { key: 'k', namespace: 'elsewhere' }))).toMatchObject({ duplicate: false });
      expect((await wholeHistory(store, group.id)).map(({ sender }) => sender)).toEqual([1, 2]);
    });

    test('a key stands for its message for 24 hours', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const keyed = sending(group, 1, { key: 'k' });
      const { message } = await apply(store, keyed);
      clock.advance(DAY);
      expect(await apply(store, keyed)).toMatchObject({ duplicate: true, message });
      clock.advance(1);
      const next = await apply(store, keyed);
      expect(next).toMatchObject({ duplicate: false, message: { index: 2 } });
      clock.advance(DAY);
      expect(await apply(store, keyed)).toMatchObject({ duplicate: true, message: { id: next.message.id } });
    });

    test('many keys of many users', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const operations = Array.from({ length: 900 }, (_, at) =>
        sending(group, 1 + (at % 3), { key: `key ${Math.floor(at / 3)}`, content: text(`${at}`) }),
      );
      await store.commit(operations);
      const repeats = await store.commit(operations.toReversed());
      expect(repeats.filter((outcome) => outcome.type === 'append' && outcome.duplicate)).toHaveLength(900);
      expect((await store.head(group.id))?.lastIndex).toBe(900);
    });

    test.each(subject.restarts)('keys outlive a %s, the old and the new', async (way) => {
      const world = await newWorld(subject);
      const group = await createGroup(world.store, [1]);
      const operations = Array.from({ length: 200 }, (_, at) => sending(group, 1, { key: `key ${at}`, content: text(`${at}`) }));
      for (let from = 0; from < 200; from += 50) {
        await world.store.commit(operations.slice(from, from + 50));
        await world[way]();
        const repeats = await world.store.commit(operations.slice(0, from + 50));
        expect(repeats.every((outcome) => outcome.type === 'append' && outcome.duplicate)).toBe(true);
      }
      world.clock.advance(DAY + 1);
      await world[way]();
      expect(await apply(world.store, operations[0] ?? sending(group, 1))).toMatchObject({
        duplicate: false,
        message: { index: 201 },
      });
    });

    test.each(subject.restarts)('the newest message under a key that started over is the one after a %s', async (way) => {
      const world = await newWorld(subject);
      const group = await createGroup(world.store, [1]);
      for (let at = 0; at < 100; at += 1)
        await send(world.store, group, 1, { key: `key ${at % 3}`, keyReuse: 'new', content: text(`${at}`) });
      await world[way]();
      for (const at of [97, 98, 99]) {
        const repeat = sending(group, 1, { key: `key ${at % 3}`, content: text(`${at}`) });
        expect(await apply(world.store, repeat)).toMatchObject({ duplicate: true, message: { index: at + 1 } });
      }
    });
  });
}
