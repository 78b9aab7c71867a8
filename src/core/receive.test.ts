import { describe, expect, test } from 'vitest';
import { actorFor, openCore, recordingSession, text, textsIn, typesIn } from '../../test/support/core.ts';
import type { Conversation, Id, Membership } from './model.ts';
import { createHub } from './hub.ts';
import { createReceiver } from './receive.ts';

function conversation(id: Id, rest: Partial<Conversation> = {}): Conversation {
  return { id, namespace: 'default', kind: 'group', name: '', notice: '', creator: 1, createdAt: 0, version: 1, ...rest };
}

function membership(user: Id): Membership {
  return { conversation: 10, user, role: 'member', joinedAt: 0, deliveredIndex: 0, readIndex: 0 };
}

function listening(...users: readonly (readonly [Id, readonly Id[]])[]) {
  const hub = createHub({ meter: { delivered() {} } });
  let ids = 0;
  const chat = { newSessionId: () => (ids += 1), closeSession() {}, now: () => 0 };
  const sessions = users.map(([user, conversations]) => {
    const session = recordingSession(chat, user);
    hub.open(session, conversations);
    return session;
  });
  return { hub, sessions, receive: createReceiver({ hub }) };
}

describe('a delivery from the bus', () => {
  test('of a new private conversation is heard by both users from then on', () => {
    const { sessions, receive } = listening([1, []], [2, []], [3, []]);
    const pair = conversation(10, { kind: 'private', peers: [1, 2] });
    receive({ type: 'conversation', change: 'created', conversation: pair });
    receive({ type: 'typing', conversation: pair, user: 1, name: 'Ada', active: true, from: 0 });
    expect(sessions.map(({ heard }) => typesIn(heard))).toEqual([['conversation', 'typing'], ['conversation', 'typing'], []]);
  });

  test('of a change of members is heard by who stays, who comes and who goes; who goes hears nothing more', () => {
    const { sessions, receive } = listening([1, [10]], [2, [10]], [3, []], [4, []]);
    receive({ type: 'members', conversation: conversation(10), added: [membership(3)], removed: [2] });
    receive({ type: 'typing', conversation: conversation(10), user: 1, name: 'Ada', active: true, from: 0 });
    expect(sessions.map(({ heard }) => typesIn(heard))).toEqual([['members', 'typing'], ['members'], ['members', 'typing'], []]);
  });

  test('of a deletion is the last that is heard', () => {
    const { sessions, receive } = listening([1, [10]]);
    receive({ type: 'conversation', change: 'deleted', conversation: conversation(10) });
    receive({ type: 'typing', conversation: conversation(10), user: 1, name: 'Ada', active: true, from: 0 });
    expect(sessions.map(({ heard }) => typesIn(heard))).toEqual([['conversation']]);
  });

  test.each(['read', 'delivered'] as const)('of a %s cursor is for everybody or for the user’s own devices', (type) => {
    const { sessions, receive } = listening([1, [10]], [1, []], [2, [10]]);
    const moved = { type, id: 5, conversation: conversation(10), user: 1, index: 3, message: 4 } as const;
    receive({ ...moved, everybody: true, from: 1 });
    expect(sessions.map(({ heard }) => heard.length)).toEqual([0, 1, 1]);
    receive({ ...moved, everybody: false, from: 1 });
    expect(sessions.map(({ heard }) => heard.length)).toEqual([0, 2, 1]);
  });

  test('of presence is for those one shares a conversation with, not for crowds', () => {
    const crowd = Array.from({ length: 501 }, (_, at) => [100 + at, [11]] as const);
    const { sessions, receive } = listening([1, [10, 11]], [2, [10]], [3, [12]], ...crowd);
    receive({ type: 'presence', namespace: 'default', user: 1, online: true, lastSeenAt: 0, conversations: [10, 11] });
    expect(sessions.slice(0, 4).map(({ presences }) => presences.length)).toEqual([0, 1, 0, 0]);
  });
});

describe('what live sessions hear of a conversation', () => {
  test('runs from the moment of joining to the moment of removal, in the order of the commits', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    await core.users(3);
    const [owner, leaver, joiner] = [await core.connect(1), await core.connect(2), await core.connect(3)];
    const say = (value: string) =>
      core.chat.sendMessage(actorFor(1), { target: { conversation: group.id }, content: text(value) });
    await say('one');
    // All at once: they go out in one batch, and are heard in its order.
    await Promise.all([
      say('two'),
      core.chat.changeMembers(actorFor(1), group.id, { add: [{ user: 3 }], remove: [] }),
      core.chat.changeMembers(actorFor(1), group.id, { add: [], remove: [2] }),
      say('three'),
    ]);
    await say('four');
    expect(textsIn(owner.heard)).toEqual(['one', 'two', 'three', 'four']);
    const position = (session: typeof owner, change: 'added' | 'removed', user: Id) =>
      session.heard.findIndex(
        (delivery) =>
          delivery.type === 'members' &&
          (change === 'added' ? delivery.added.some((one) => one.user === user) : delivery.removed.includes(user)),
      );
    const removal = position(leaver, 'removed', 2);
    expect(removal).toBe(leaver.heard.length - 1);
    expect(position(joiner, 'added', 3)).toBe(0);
    expect(textsIn(joiner.heard).at(-1)).toBe('four');
    const order = typesIn(owner.heard);
    expect(textsIn(owner.heard.slice(0, position(owner, 'removed', 2)))).toEqual(textsIn(leaver.heard));
    expect(order.filter((type) => type === 'members')).toHaveLength(2);
  });
});
