import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { actorFor, openCore, refusalOf, text, textsIn } from '../../test/support/core.ts';
import type { RecordingSession } from '../../test/support/core.ts';
import type { Store } from './ports.ts';

/** Holds back some commits until it is opened. */
function createGate(holds: (operations: Parameters<Store['commit']>[0]) => boolean) {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const around = (store: Store): Store => ({
    ...store,
    async commit(operations) {
      const outcomes = await store.commit(operations);
      if (holds(operations)) await opened;
      return outcomes;
    },
  });
  return { around, open };
}

function presences(session: RecordingSession): string[] {
  return session.presences.map(({ user, online }) => `${user} ${online ? 'online' : 'offline'}`);
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('presence', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }));
  afterEach(() => vi.useRealTimers());

  test('is told to those one shares a conversation with, once for all sessions, and offline after the grace', async () => {
    const core = await openCore();
    await core.group([1, 2]);
    // Who follows a channel knows nobody there.
    await core.group([2, 3], 'channel');
    const [friend, stranger] = [await core.connect(1), await core.connect(3)];
    const first = await core.connect(2);
    const second = await core.connect(2);
    await settled();
    expect(presences(friend)).toEqual(['2 online']);
    first.close();
    second.close();
    core.clock.advance(4_000);
    vi.advanceTimersByTime(4_999);
    await settled();
    expect([presences(friend), core.chat.isOnline('default', 2)]).toEqual([['2 online'], true]);
    vi.advanceTimersByTime(1);
    await settled();
    expect([presences(friend), core.chat.isOnline('default', 2)]).toEqual([['2 online', '2 offline'], false]);
    expect(presences(stranger)).toEqual([]);
    expect((await core.chat.findUser('default', 2))?.lastSeenAt).toBe(core.clock.now() - 4_000);
  });

  test('that is over when it could be told is not told', async () => {
    const gate = createGate((operations) => operations.some((one) => one.type === 'user' && one.lastSeenAt !== undefined));
    const core = await openCore({ around: gate.around });
    await core.group([1, 2]);
    const friend = await core.connect(1);
    const session = await core.connect(2);
    await settled();
    session.close();
    vi.advanceTimersByTime(5_000);
    await settled();
    await core.connect(2);
    await settled();
    gate.open();
    await settled();
    expect(core.chat.isOnline('default', 2)).toBe(true);
    expect(presences(friend).at(-1)).toBe('2 online');
  });
});

describe('who is erased', () => {
  test('is no longer online', async () => {
    const core = await openCore();
    await core.group([1, 2]);
    const friend = await core.connect(1);
    await core.connect(2);
    await settled();
    await core.chat.eraseUser(actorFor(2), 2, 2);
    expect(core.chat.isOnline('default', 2)).toBe(false);
    await settled();
    expect(presences(friend)).toEqual(['2 online', '2 offline']);
  });
});

describe('a chat', () => {
  test('answers and tells only what is stored: a store that fails stores, tells and acknowledges nothing', async () => {
    let failing = false;
    const core = await openCore({
      around: (store) => ({
        ...store,
        commit: (operations) => (failing ? Promise.reject(new Error('disk full')) : store.commit(operations)),
      }),
    });
    const group = await core.group([1, 2]);
    const session = await core.connect(2);
    const say = (value: string) =>
      core.chat.sendMessage(actorFor(1), { target: { conversation: group.id }, content: text(value) });
    await say('one');
    failing = true;
    expect(await refusalOf(say('two'))).toBe('unavailable');
    failing = false;
    await say('three');
    expect(textsIn(session.heard)).toEqual(['one', 'three']);
    expect(core.complaints).toEqual(['the store could not commit; nothing of the batch was acknowledged']);
  });

  test('acknowledges what is stored though a session’s codec fails on it', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    await core.connect(2, {
      codec: {
        name: 'broken',
        encode() {
          throw new Error('no words');
        },
      },
    });
    const other = await core.connect(2);
    const sent = await core.chat.sendMessage(actorFor(1), { target: { conversation: group.id }, content: text('one') });
    expect(await core.store.message(sent.message.id)).toEqual(sent.message);
    expect(textsIn(other.heard)).toEqual(['one']);
    expect(core.complaints).toEqual(['something stored could not be told to live sessions']);
  });

  test('drains: every session is ended as shutdown, and what was accepted is stored', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const sessions = [await core.connect(1), await core.connect(1), await core.connect(2)];
    const sends = Array.from({ length: 20 }, (_, at) =>
      core.chat.sendMessage(actorFor(1), { target: { conversation: group.id }, content: text(`${at}`) }),
    );
    await Promise.resolve();
    await core.chat.drain();
    expect(sessions.map(({ ended }) => ended)).toEqual([['shutdown'], ['shutdown'], ['shutdown']]);
    const { message } = (await Promise.all(sends)).at(-1) ?? {};
    expect(message?.index).toBe(20);
    expect((await core.store.head(group.id))?.lastIndex).toBe(20);
    expect([...core.chat.core.hub.sessions()]).toEqual([]);
  });

  test('searches users, a page at most', async () => {
    const core = await openCore({ limits: { maxPage: 2 } });
    await core.users(1, 2, 3);
    expect((await core.chat.searchUsers(actorFor(1), 'user', 100)).map(({ user }) => user.id)).toEqual([1, 2]);
    expect((await core.chat.searchUsers(actorFor(1), 'user 3', 1)).map(({ user }) => user.id)).toEqual([3]);
  });

  test('finds users for whoever may look them up, and refuses words that are none', async () => {
    const core = await openCore();
    await core.users(1, 2);
    const guest = actorFor(1, { role: 'guest' });
    expect(await core.chat.lookUpUser(guest, 1)).toMatchObject({ user: { id: 1 } });
    for (const attempt of [core.chat.lookUpUser(guest, 2), core.chat.lookUpUser(guest, 99), core.chat.searchUsers(guest, '', 9)])
      expect(await refusalOf(attempt)).toBe('permission_denied');
    expect(await refusalOf(core.chat.lookUpUser(actorFor(1), 99))).toBe('not_found');
    for (const words of ['\0', 'a\0', '\ud800']) {
      expect(await refusalOf(core.chat.searchUsers(actorFor(1), words, 9))).toBe('invalid_argument');
    }
  });
});
