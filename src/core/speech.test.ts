import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClock } from '../../test/support/clock.ts';
import { actorFor, openCore, refusalOf, text } from '../../test/support/core.ts';
import type { CoreOptions } from '../../test/support/core.ts';
import { ChatError } from './errors.ts';
import type { Actor } from './model.ts';
import { createSpeech } from './speech.ts';
import type { LimitReason, Said } from './speech.ts';

type Limits = Parameters<typeof createSpeech>[0]['limits'];

const OFF: Limits = { rate: undefined, addressRate: undefined, connectionRate: undefined, spam: undefined };

function speechUnder(limits: Partial<Limits>) {
  const clock = createClock();
  const limited: [number, LimitReason][] = [];
  const speech = createSpeech({
    limits: { ...OFF, ...limits },
    restrictions: { checkVoice() {} },
    now: clock.now,
    limited: ({ user }, reason) => limited.push([user, reason]),
  });
  /** 0 when it may be said, else the wait in milliseconds. */
  const say = (actor: Partial<Actor> = {}, said?: Said): number => {
    try {
      speech.take({ ...actorFor(1), ...actor }, said);
      return 0;
    } catch (thrown) {
      if (!(thrown instanceof ChatError) || thrown.code !== 'rate_limited') throw thrown;
      return thrown.retryAfter ?? Number.NaN;
    }
  };
  const repeat = (words: string, actor: Partial<Actor> = {}): number => say(actor, { content: text(words) });
  return { clock, limited, say, repeat };
}

const SECOND = { messages: 2, window: 1_000 };

describe('the rate of what users say', () => {
  test('is one for all doors, connections and addresses of a user', () => {
    const { say } = speechUnder({ rate: SECOND });
    expect(say({ door: 'stream', session: 1, address: 'a' })).toBe(0);
    expect(say({ door: 'messenger', session: 2, address: 'b' })).toBe(0);
    expect(say({ door: 'support', session: 3, address: 'c' })).toBe(500);
    expect(say({ door: 'management', session: 0 })).toBe(500);
    expect(say({ user: 2, session: 4 })).toBe(0);
    expect(say({ namespace: 'other', session: 5 })).toBe(0);
  });

  test('is shared by all users of an address, where they have one', () => {
    const { say, clock } = speechUnder({ addressRate: SECOND });
    expect([1, 2, 3].map((user) => say({ user, address: '203.0.113.7' }))).toEqual([0, 0, 500]);
    expect(say({ user: 3, address: '203.0.113.8' })).toBe(0);
    expect([4, 5, 6].map((user) => say({ user }))).toEqual([0, 0, 0]);
    clock.advance(500);
    expect(say({ user: 3, address: '203.0.113.7' })).toBe(0);
  });

  test('of a connection is its own, and of single calls there is none', () => {
    const { say } = speechUnder({ connectionRate: { messages: 1, window: 1_000 } });
    expect([say({ session: 1 }), say({ session: 1 }), say({ session: 2 })]).toEqual([0, 1_000, 0]);
    expect([say(), say(), say()]).toEqual([0, 0, 0]);
  });

  test('back ends are not asked', () => {
    const { say, limited } = speechUnder({ rate: { messages: 1, window: 1_000 } });
    expect([1, 2, 3].map(() => say({ server: true }))).toEqual([0, 0, 0]);
    expect(limited).toEqual([]);
  });

  test('who is refused by one bucket has taken from none', () => {
    const rate = fc.record({ messages: fc.integer({ min: 1, max: 5 }), window: fc.constantFrom(100, 1_000) });
    const attempt = fc.record({ user: fc.integer({ min: 1, max: 2 }), address: fc.constantFrom('a', 'b'), wait: fc.nat(300) });
    fc.assert(
      fc.property(rate, rate, rate, fc.array(attempt, { maxLength: 60 }), (own, shared, single, attempts) => {
        const { say, clock } = speechUnder({ rate: own, addressRate: shared, connectionRate: single });
        const alone = [speechUnder({ rate: own }), speechUnder({ addressRate: shared }), speechUnder({ connectionRate: single })];
        for (const { wait, ...who } of attempts) {
          for (const each of [clock, ...alone.map((one) => one.clock)]) each.advance(wait);
          const actor = { ...who, session: who.user };
          // What each bucket alone, having seen only what went, still has.
          if (say(actor) > 0) continue;
          expect(alone.map((one) => one.say(actor))).toEqual([0, 0, 0]);
        }
      }),
    );
  });

  test('a user is told of once in a window, whatever the reason', () => {
    const { say, clock, limited } = speechUnder({ rate: { messages: 1, window: 1_000 } });
    for (let times = 0; times < 5; times += 1) say();
    say({ user: 2 });
    say({ user: 2 });
    expect(limited).toEqual([
      [1, 'rate_limited'],
      [2, 'rate_limited'],
    ]);
    clock.advance(999);
    say();
    expect(limited).toHaveLength(2);
    clock.advance(1);
    say();
    say();
    expect(limited).toHaveLength(3);
  });
});

describe('the same again and again', () => {
  const spam = { times: 3, within: 10_000, mute: 60_000 };

  test('mutes its sender for a time, for everything and everywhere', () => {
    const { repeat, clock, limited } = speechUnder({ spam });
    expect([repeat('Buy!'), repeat('Buy!', { door: 'messenger' }), repeat('Buy!', { session: 9 })]).toEqual([0, 0, 0]);
    expect(repeat('Something else')).toBe(60_000);
    expect(limited).toEqual([[1, 'spam']]);
    expect(repeat('Hello', { user: 2 })).toBe(0);
    clock.advance(59_999);
    expect(repeat('Hello')).toBe(1);
    clock.advance(1);
    expect([repeat('Buy!'), repeat('Buy!')]).toEqual([0, 0]);
  });

  test('is what reads the same: case, width, spacing and characters nobody sees make no difference', () => {
    const { repeat } = speechUnder({ spam });
    expect([repeat('Buy  now'), repeat('\u200BBUY\u00A0now '), repeat('Ｂuy\nn\u00ADow')]).toEqual([0, 0, 0]);
    expect(repeat('x')).toBe(60_000);
  });

  test('is not what differs, or lies apart', () => {
    const { repeat, say, clock } = speechUnder({ spam });
    for (const words of ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd']) expect(repeat(words)).toBe(0);
    for (let times = 0; times < 9; times += 1) {
      clock.advance(5_000);
      expect(repeat('every five seconds')).toBe(0);
    }
    const pictures = ['1', '2', '3', '4'].map((name) => ({
      kind: 'photo' as const,
      resource: { url: `https://x.example/${name}` },
    }));
    for (const content of pictures) expect(say({}, { content })).toBe(0);
  });

  test('is not the same message once more: its key says so', () => {
    const { say } = speechUnder({ spam });
    const again = { content: text('On a bad line'), key: 'k' };
    expect(Array.from({ length: 10 }, () => say({}, again)).every((wait) => wait === 0)).toBe(true);
  });

  test('bots and operators may say it', () => {
    const { repeat } = speechUnder({ spam });
    for (const role of ['bot', 'operator'] as const) {
      expect(Array.from({ length: 5 }, () => repeat('How can I help?', { role }))).toEqual([0, 0, 0, 0, 0]);
    }
  });
});

test('a refusal is a fact for other systems: once, with the code, without holding anybody up', async () => {
  const limits: CoreOptions['limits'] = { rate: { messages: 1, window: 60_000 } };
  const core = await openCore({ limits });
  await core.users(1, 2);
  const send = () =>
    core.chat.sendMessage(actorFor(1, { door: 'stream', session: 5 }), { target: { peer: 2 }, content: text('hi') });
  await send();
  expect(await Promise.all([refusalOf(send()), refusalOf(send())])).toEqual(['rate_limited', 'rate_limited']);
  await core.chat.core.committer.idle();
  const facts = (await core.store.events(0, 100)).filter(({ type }) => type === 'user.rate-limited');
  expect(facts).toMatchObject([
    {
      user: 1,
      namespace: 'default',
      origin: { door: 'stream', session: 5 },
      session: { reason: 'rate_limited', code: 429, forced: false },
    },
  ]);
});

test('an edit speaks as a message does', async () => {
  const core = await openCore({ limits: { spam: { times: 2, within: 10_000, mute: 60_000 } } });
  await core.users(1, 2);
  const send = (words: string) => core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content: text(words) });
  const { message } = await send('harmless');
  await core.chat.editMessage(actorFor(1), message.id, text('Buy!'));
  await core.chat.editText(actorFor(1), message.id, 'Buy!');
  expect(await refusalOf(send('Hello'))).toBe('rate_limited');
  expect(await refusalOf(core.chat.editText(actorFor(1), message.id, 'Hello'))).toBe('rate_limited');
});
