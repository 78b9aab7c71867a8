import { describe, expect, test } from 'vitest';
import { actorFor, openCore, refusalOf, text, textsIn } from '../../test/support/core.ts';
import { ChatError } from './errors.ts';
import type { Content } from './model.ts';
import type { ModerationOptions } from './moderation.ts';
import type { ModerationRequest, Verdict } from './ports.ts';

type Judge = (request: ModerationRequest, signal: AbortSignal) => Promise<Verdict>;

const PASS: Verdict = { verdict: 'pass' };

/** Longer than any test. */
const PATIENT = 60_000;

async function coreWith(judge: Judge, options: Partial<Omit<ModerationOptions, 'moderator'>> = {}) {
  const asked: ModerationRequest[] = [];
  const moderator = {
    judge: (request: ModerationRequest, signal: AbortSignal): Promise<Verdict> => {
      asked.push(request);
      return judge(request, signal);
    },
  };
  const moderation = { timeout: PATIENT, failure: 'pass', everybody: false, ...options, moderator } as const;
  const core = await openCore({ moderation });
  await core.users(1, 2);
  const send = (words: string, rest: { key?: string; user?: number; server?: boolean } = {}) =>
    core.chat.sendMessage(actorFor(rest.user ?? 1, { server: rest.server ?? false }), {
      target: { peer: rest.user === 2 ? 1 : 2 },
      content: text(words),
      key: rest.key,
    });
  return { core, asked, send };
}

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  const thrown: unknown = await attempt.then(
    () => new Error('it was not refused'),
    (cause: unknown) => cause,
  );
  if (!(thrown instanceof ChatError)) throw new Error('it was not refused', { cause: thrown });
  return `${thrown.code}: ${thrown.message}`;
}

describe('a moderator', () => {
  test('lets pass, changes and refuses what users send', async () => {
    const { core, asked, send } = await coreWith(({ content }) => {
      if (content.text === 'bad') return Promise.resolve({ verdict: 'refuse', reason: 'Not\u202E here,\n please.' });
      return Promise.resolve(content.text === 'damn' ? { verdict: 'change', text: 'd***' } : PASS);
    });
    const bob = await core.connect(2);
    expect((await send('good')).message.content).toEqual(text('good'));
    expect((await send('damn')).message.content).toEqual(text('d***'));
    expect(await messageOf(send('bad'))).toBe('permission_denied: Not here, please.');
    expect(textsIn(bob.heard)).toEqual(['good', 'd***']);
    expect(asked[0]).toEqual({
      namespace: 'default',
      user: 1,
      role: 'user',
      door: 'test',
      server: false,
      place: { peer: 2 },
      content: text('good'),
      at: core.clock.now(),
    });
    expect(core.complaints).toEqual([]);
    expect(core.measured.filter((line) => line.startsWith('judged'))).toEqual(['judged pass', 'judged change', 'judged refuse']);
  });

  test('is asked about edits, whole or of the words alone', async () => {
    const { core, asked, send } = await coreWith(({ content }) =>
      Promise.resolve(
        content.text === 'bad' ? { verdict: 'refuse', reason: '' } : { verdict: 'change', text: `${content.text}!` },
      ),
    );
    const { id } = (await send('one')).message;
    expect((await core.chat.editMessage(actorFor(1), id, text('two'))).message.content).toEqual(text('two!'));
    expect((await core.chat.editText(actorFor(1), id, 'three')).message.content).toEqual(text('three!'));
    expect(await messageOf(core.chat.editText(actorFor(1), id, 'bad'))).toBe('permission_denied: This may not be said here.');
    expect(asked.slice(1).map(({ message, place }) => [message, place])).toEqual([
      [id, {}],
      [id, {}],
      [id, {}],
    ]);
  });

  test('gives a caption other words, or takes it away', async () => {
    const { core } = await coreWith(({ content }) =>
      Promise.resolve({ verdict: 'change', text: content.text === 'x' ? '' : 'ok' }),
    );
    const photo = (caption: string): Content => ({ kind: 'photo', text: caption, resource: { url: 'https://x.example/p.png' } });
    const send = (content: Content) => core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content });
    expect((await send(photo('hm'))).message.content).toEqual(photo('ok'));
    expect((await send(photo('x'))).message.content).toEqual({ kind: 'photo', resource: { url: 'https://x.example/p.png' } });
  });

  test('is not asked about what back ends say, unless it shall be', async () => {
    const users = await coreWith(() => Promise.resolve(PASS));
    await users.send('news', { server: true });
    expect(users.asked).toEqual([]);
    const all = await coreWith(() => Promise.resolve(PASS), { everybody: true });
    await all.send('news', { server: true });
    expect(all.asked).toMatchObject([{ server: true }]);
  });

  test('is not asked about what could not be sent anyway', async () => {
    const { core, asked, send } = await coreWith(() => Promise.resolve(PASS));
    expect(await refusalOf(send(''))).toBe('invalid_argument');
    await core.chat.restrictUser(actorFor(0, { server: true }), { user: 1, kind: 'mute' });
    expect(await refusalOf(send('hi'))).toBe('permission_denied');
    expect(asked).toEqual([]);
  });

  test('of a repeat is not asked again: the same key is the same message, whatever it would say now', async () => {
    let turn = 0;
    const { asked, send } = await coreWith(() => Promise.resolve({ verdict: 'change', text: `verdict ${(turn += 1)}` }));
    const first = await send('hi', { key: 'k' });
    const again = await send('hi', { key: 'k' });
    expect([again.duplicate, again.message.id, again.message.content]).toEqual([true, first.message.id, text('verdict 1')]);
    expect(asked).toHaveLength(1);
  });

  test('who was muted while the verdict was waited for has nothing stored', async () => {
    const verdict = Promise.withResolvers<Verdict>();
    const { core, send } = await coreWith(() => verdict.promise);
    const sending = refusalOf(send('hi'));
    await core.chat.restrictUser(actorFor(0, { server: true }), { user: 1, kind: 'mute' });
    verdict.resolve(PASS);
    expect(await sending).toBe('permission_denied');
  });
});

test('what is being judged when the server stops is stored before it has stopped', async () => {
  const verdict = Promise.withResolvers<Verdict>();
  const { core, send } = await coreWith(() => verdict.promise);
  const sending = send('the last word');
  const draining = core.chat.drain();
  verdict.resolve(PASS);
  await draining;
  const { message } = await sending;
  expect((await core.store.message(message.id))?.content).toEqual(text('the last word'));
  expect(core.chat.core.committer.depth).toBe(0);
});

test('what one sender says in one place keeps its order, whatever the order of the verdicts; others do not wait', async () => {
  const verdicts = new Map<string, PromiseWithResolvers<Verdict>>();
  const { core, asked, send } = await coreWith(({ content }) => {
    const verdict = Promise.withResolvers<Verdict>();
    verdicts.set(content.text ?? '', verdict);
    return verdict.promise;
  });
  const bob = await core.connect(2);
  const sent = ['a', 'b', 'c', 'd'].map((words) => send(words).catch((thrown: ChatError) => thrown.code));
  const other = send('mine', { user: 2 });
  expect(asked).toHaveLength(5);
  verdicts.get('mine')?.resolve(PASS);
  await other;
  verdicts.get('d')?.resolve(PASS);
  verdicts.get('c')?.resolve({ verdict: 'refuse', reason: '' });
  verdicts.get('b')?.resolve({ verdict: 'change', text: 'B' });
  await core.chat.core.committer.idle();
  expect(textsIn(bob.heard)).toEqual(['mine']);
  verdicts.get('a')?.resolve(PASS);
  const settled = await Promise.all(sent);
  expect(settled[2]).toBe('permission_denied');
  expect(textsIn(bob.heard)).toEqual(['mine', 'a', 'B', 'd']);
});

describe('a moderator that does not answer', () => {
  const failing: Judge = () => Promise.reject(new Error('gone'));

  test.each<[string, Judge]>([
    ['rejects', failing],
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['never answers', () => new Promise(() => undefined)],
    ['wants an empty text', () => Promise.resolve({ verdict: 'change', text: '' })],
    ['wants a text that is too large', () => Promise.resolve({ verdict: 'change', text: 'x'.repeat(70_000) })],
    ['wants a text that is none', () => Promise.resolve({ verdict: 'change', text: 'a\0b' })],
  ])('has no say when it %s: the configured answer applies', async (_, judge) => {
    const lenient = await coreWith(judge, { timeout: 20, failure: 'pass' });
    expect((await lenient.send('hi')).message.content).toEqual(text('hi'));
    const strict = await coreWith(judge, { timeout: 20, failure: 'refuse' });
    expect(await refusalOf(strict.send('hi'))).toBe('unavailable');
  });

  test('is told that nobody waits any more', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const { send } = await coreWith(
      (_, signal) => {
        signal.addEventListener('abort', () => resolve('aborted'));
        return new Promise(() => undefined);
      },
      { timeout: 20 },
    );
    await send('hi');
    expect(await promise).toBe('aborted');
  });

  test('cannot give words to a place', async () => {
    const { core } = await coreWith(() => Promise.resolve({ verdict: 'change', text: 'here' }));
    const content: Content = { kind: 'location', location: { latitude: 1, longitude: 2 } };
    expect((await core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content })).message.content).toEqual(content);
  });

  test('is left alone after some failures in a row, then tried with one message, and asked again when it answers', async () => {
    let judge = failing;
    const { core, asked, send } = await coreWith((request, signal) => judge(request, signal));
    for (let times = 1; times <= 8; times += 1) await send(`m ${times}`);
    expect(asked).toHaveLength(5);
    expect(core.complaints).toEqual(['the moderation hook has failed several times in a row: it is asked again in some seconds']);
    core.clock.advance(4_999);
    await send('too early');
    expect(asked).toHaveLength(5);
    core.clock.advance(1);
    await Promise.all([send('one is tried'), send('not this one')]);
    expect(asked).toHaveLength(6);
    await send('it has failed again');
    expect(asked).toHaveLength(6);
    core.clock.advance(5_000);
    judge = () => Promise.resolve(PASS);
    await send('it answers');
    await Promise.all(['x', 'y', 'z'].map((words) => send(words)));
    expect(asked).toHaveLength(10);
    expect(core.complaints).toHaveLength(1);
  });

  test('is asked about so many at a time, and no more', async () => {
    const verdict = Promise.withResolvers<Verdict>();
    const { asked, send } = await coreWith(() => verdict.promise, { failure: 'refuse' });
    const sending = Array.from({ length: 1_030 }, (_, at) => refusalOf(send(`m ${at}`)));
    expect(asked).toHaveLength(1_024);
    verdict.resolve(PASS);
    const outcomes = await Promise.all(sending);
    expect(outcomes.filter((outcome) => outcome === 'unavailable')).toHaveLength(6);
    expect(await refusalOf(send('afterwards'))).toBe('not refused');
  });
});
