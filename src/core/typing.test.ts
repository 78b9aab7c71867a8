import { describe, expect, test } from 'vitest';
import { actorFor, openCore, text } from '../../test/support/core.ts';
import type { CoreOptions } from '../../test/support/core.ts';
import type { Delivery } from './events.ts';

async function openPair(limits: CoreOptions['limits'] = {}) {
  const core = await openCore({ limits });
  const { id } = await core.group([1, 2]);
  const [typist, again, other] = [await core.connect(1), await core.connect(1), await core.connect(2)];
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const watcher = await core.connect(2, {
    onDelivery: (delivery: Delivery) => {
      if (delivery.type === 'typing' && !delivery.active) resolve();
    },
  });
  const signs = (): boolean[] => other.take().flatMap((delivery) => (delivery.type === 'typing' ? [delivery.active] : []));
  const type = (active: boolean, session = typist.id): Promise<void> =>
    core.chat.setTyping(actorFor(1, { session }), { conversation: id }, active);
  return { ...core, id, typist, again, other, watcher, stopped, signs, type };
}

describe('typing', () => {
  test('is told when it starts and when it stops, once each', async () => {
    const { type, signs } = await openPair();
    await type(true);
    await type(true);
    expect(signs()).toEqual([true]);
    await type(false);
    await type(false);
    expect(signs()).toEqual([false]);
  });

  test('stops by itself when nothing more is said', async () => {
    const { type, signs, stopped } = await openPair({ typingTimeout: 20 });
    await type(true);
    await stopped;
    expect(signs()).toEqual([true, false]);
  });

  test('goes on while any device of the user goes on', async () => {
    const { type, signs, typist, again } = await openPair();
    await type(true);
    await type(true, again.id);
    await type(false);
    expect(signs()).toEqual([true]);
    await type(true);
    again.close();
    expect(signs()).toEqual([]);
    typist.close();
    expect(signs()).toEqual([false]);
  });

  test('ends before the message that was typed', async () => {
    const { chat, id, type, other, again } = await openPair();
    await type(true);
    await type(true, again.id);
    other.take();
    await chat.sendMessage(actorFor(1), { target: { conversation: id }, content: text('done') });
    expect(other.take().map((delivery) => delivery.type)).toEqual(['typing', 'message']);
    await type(false);
    expect(other.take()).toEqual([]);
  });

  test('of who is removed ends, and who is no member cannot begin', async () => {
    const { chat, id, type, signs } = await openPair();
    await type(true);
    await chat.changeMembers(actorFor(1, { server: true }), id, { add: [], remove: [1] });
    expect(signs()).toEqual([true, false]);
    await expect(type(true)).rejects.toMatchObject({ code: 'not_found' });
    expect(signs()).toEqual([]);
  });
});
