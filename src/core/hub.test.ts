import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordingSession } from '../../test/support/core.ts';
import type { RecordingSession, SessionOptions } from '../../test/support/core.ts';
import type { Delivery } from './events.ts';
import { createHub } from './hub.ts';
import type { Hub } from './hub.ts';
import type { Conversation, Id } from './model.ts';
import type { Codec, Session } from './session.ts';

function conversation(id: Id, namespace = 'default'): Conversation {
  return { id, namespace, kind: 'group', name: '', notice: '', creator: 1, createdAt: 0, version: 1 };
}

function typing(id: Id, from: Id = 0, namespace = 'default'): Delivery {
  return { type: 'typing', conversation: conversation(id, namespace), user: 1, name: 'Ada', active: true, from };
}

function newHub() {
  const measured: string[] = [];
  const hub = createHub({ meter: { delivered: (door, count) => measured.push(`${door} ${count}`) } });
  let ids = 100;
  const chat = { newSessionId: () => (ids += 1), closeSession: (session: Session) => void hub.close(session), now: () => 0 };
  const open = (user: Id, conversations: readonly Id[], options: Partial<SessionOptions> = {}): RecordingSession => {
    const session = recordingSession(chat, user, options);
    hub.open(session, conversations);
    return session;
  };
  return { hub, open, measured };
}

describe('the hub', () => {
  test('delivers to all sessions of everybody who listens, and to nobody else', () => {
    const { hub, open } = newHub();
    const sessions = [open(1, [10]), open(1, []), open(2, [10, 11]), open(3, [11])];
    hub.deliver(typing(10));
    expect(sessions.map(({ heard }) => heard.length)).toEqual([1, 1, 1, 0]);
    hub.deliver(typing(11));
    expect(sessions.map(({ heard }) => heard.length)).toEqual([1, 1, 2, 1]);
    hub.deliver(typing(12));
    expect(hub.audienceOf(10)).toEqual([sessions[0], sessions[1], sessions[2]]);
    expect(hub.audienceOf(12)).toEqual([]);
  });

  test('leaves out the session it came from, and no other of that user', () => {
    const { hub, open } = newHub();
    const [mine, alsoMine, other] = [open(1, [10]), open(1, []), open(2, [10])];
    hub.deliver(typing(10, mine.id));
    expect([mine, alsoMine, other].map(({ heard }) => heard.length)).toEqual([0, 1, 1]);
  });

  test('tells whether somebody came online and went offline', () => {
    const { hub, open } = newHub();
    const first = open(1, [10]);
    const second = open(1, [10]);
    expect(hub.close(first)).toBe(false);
    expect(hub.isOnline('default', 1)).toBe(true);
    expect(hub.close(second)).toBe(true);
    expect(hub.close(second)).toBe(false);
    expect(hub.isOnline('default', 1)).toBe(false);
    expect(hub.size).toBe(0);
    expect(hub.open(first, [])).toBe(true);
    expect(hub.open(second, [])).toBe(false);
  });

  test('tells nothing more from the moment of leaving', () => {
    const { hub, open } = newHub();
    const session = open(1, [10]);
    hub.join(conversation(11), 1);
    hub.deliver(typing(11));
    hub.leave(conversation(10), 1);
    hub.leave(conversation(11), 1);
    hub.deliver(typing(10));
    hub.deliver(typing(11));
    expect(session.heard).toHaveLength(1);
    hub.join(conversation(10), 1);
    hub.deliver(typing(10));
    expect(session.heard).toHaveLength(2);
  });

  test('joins only who is online, in the namespace of the conversation', () => {
    const { hub, open } = newHub();
    const session = open(1, [], { actor: { namespace: 'other' } });
    hub.join(conversation(10), 1);
    hub.deliver(typing(10));
    expect(session.heard).toEqual([]);
    expect(hub.audienceOf(10)).toEqual([]);
  });

  test('of a room reaches the sessions that have entered it, one by one', () => {
    const { hub, open } = newHub();
    const [one, other] = [open(1, []), open(1, [])];
    hub.enter(20, one);
    hub.enter(20, one);
    hub.deliver(typing(20));
    expect([one.heard.length, other.heard.length]).toEqual([1, 0]);
    expect([hub.isIn(20, one), hub.isIn(20, other), hub.roomsOf(one)]).toEqual([true, false, [20]]);
    hub.exit(20, one);
    hub.exit(20, one);
    hub.deliver(typing(20));
    expect(one.heard).toHaveLength(1);
    hub.enter(20, one);
    hub.enter(21, one);
    hub.close(one);
    hub.deliver(typing(20));
    expect(one.heard).toHaveLength(1);
    hub.enter(20, one);
    expect(hub.audienceOf(20)).toEqual([]);
  });

  test('forgets a conversation that was dropped, for users and in rooms', () => {
    const { hub, open } = newHub();
    const [member, visitor] = [open(1, [10]), open(2, [])];
    hub.enter(10, visitor);
    hub.drop(10);
    hub.deliver(typing(10));
    expect([...member.heard, ...visitor.heard]).toEqual([]);
    expect([...hub.conversationsOf(member)]).toEqual([]);
    expect(hub.roomsOf(visitor)).toEqual([]);
    hub.join(conversation(10), 1);
    hub.deliver(typing(10));
    expect(member.heard).toHaveLength(1);
  });

  test('encodes once per codec, shares the frame, and leaves out whom the codec has no words for', () => {
    const { hub, open, measured } = newHub();
    const encoded: string[] = [];
    const codec = (name: string, words = true): Codec => ({
      name,
      encode(delivery) {
        encoded.push(name);
        return words ? Buffer.from(`${name} ${delivery.type}`) : undefined;
      },
    });
    const [a, b, mute] = [codec('a'), codec('b'), codec('mute', false)];
    const sessions = [a, b, mute, a, b, mute, a].map((one, at) => open(at + 1, [10], { codec: one, actor: { door: one.name } }));
    hub.deliver(typing(10));
    expect(encoded.toSorted()).toEqual(['a', 'b', 'mute']);
    expect(sessions.map(({ frames }) => frames.length)).toEqual([1, 1, 0, 1, 1, 0, 1]);
    expect(sessions[0]?.frames[0]).toBe(sessions[6]?.frames[0]);
    expect(String(sessions[4]?.frames[0])).toBe('b typing');
    const counted = (door: string) =>
      measured.filter((line) => line.startsWith(`${door} `)).reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
    expect([counted('a'), counted('b'), counted('mute')]).toEqual([3, 2, 0]);
  });

  test('a codec that fails keeps a delivery from its own sessions alone, and the failure is told', () => {
    const { hub, open } = newHub();
    let attempts = 0;
    const broken: Codec = {
      name: 'broken',
      encode() {
        attempts += 1;
        throw new Error('no words');
      },
    };
    const sessions = [open(1, [10], { codec: broken }), open(2, [10]), open(3, [10], { codec: broken }), open(4, [10])];
    expect(() => hub.deliver(typing(10))).toThrow(/the codec broken failed on a typing/);
    expect(sessions.map(({ heard }) => heard.length)).toEqual([0, 1, 0, 1]);
    expect(attempts).toBe(1);
  });

  test('writes to every session of a turn though some end themselves meanwhile', () => {
    const { hub, open } = newHub();
    const ending = (): RecordingSession => {
      const session: RecordingSession = open(1, [10], { onDelivery: () => session.end('slow') });
      return session;
    };
    const rounds: ((sessions: readonly RecordingSession[]) => void)[] = [
      () => hub.deliver(typing(10)),
      () => hub.deliverTo(typing(10), 'default', [1, 2]),
      () => hub.deliverToSessions(typing(10), hub.sessionsOf('default', 1)),
    ];
    for (const deliver of rounds) {
      const sessions = [ending(), open(1, [10]), ending(), ending(), open(1, [10])];
      deliver(sessions);
      expect(sessions.map(({ heard }) => heard.length)).toEqual([1, 1, 1, 1, 1]);
      expect(hub.sessionsOf('default', 1)).toEqual([sessions[1], sessions[4]]);
      for (const session of sessions) session.close();
    }
  });

  test('keeps nothing of sessions that are gone', () => {
    const { hub, open } = newHub();
    const registry = new Set<Id>();
    for (let round = 0; round < 3; round += 1) {
      const session = open(1, [10]);
      hub.enter(20, session);
      hub.enter(21, session);
      hub.drop(20);
      hub.drop(21);
      registry.add(session.id);
      hub.close(session);
      expect(hub.roomsOf(session)).toEqual([]);
    }
    for (const id of registry) expect(hub.session(id)).toBeUndefined();
    expect([...hub.sessions()]).toEqual([]);
    expect(hub.audienceOf(10)).toEqual([]);
  });

  test('names the users online in some conversations, without crowds and without the one who asks', () => {
    const { hub, open } = newHub();
    open(1, [10, 11, 12]);
    open(2, [10]);
    open(2, [10]);
    open(3, [11, 12]);
    for (const user of [4, 5, 6]) open(user, [12]);
    expect(hub.acquaintances([10, 11, 12, 13], 1, 4).toSorted()).toEqual([2, 3]);
    expect(hub.acquaintances([12], 1, 5).toSorted()).toEqual([3, 4, 5, 6]);
    expect(hub.acquaintances([], 1, 5)).toEqual([]);
  });

  test('delivers neither presence nor notices by conversation', () => {
    const { hub, open } = newHub();
    const session = open(1, [10]);
    hub.deliver({ type: 'presence', namespace: 'default', user: 2, online: true, lastSeenAt: 0, conversations: [10] });
    expect([...session.heard, ...session.presences]).toEqual([]);
  });
});

type Step = {
  readonly do: 'open' | 'close' | 'join' | 'leave' | 'enter' | 'exit' | 'drop' | 'deliver';
  readonly user: number;
  readonly where: number;
  readonly which: number;
};

describe('after any comings and goings', () => {
  const step: fc.Arbitrary<Step> = fc.record({
    do: fc.constantFrom('open', 'open', 'close', 'join', 'join', 'leave', 'enter', 'exit', 'drop', 'deliver', 'deliver'),
    user: fc.integer({ min: 1, max: 3 }),
    where: fc.integer({ min: 10, max: 12 }),
    which: fc.nat({ max: 9 }),
  });

  test('a delivery reaches exactly who listens', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { hub, open } = newHub();
        const live: RecordingSession[] = [];
        const listening = new Map<number, Set<number>>();
        const entered = new Map<RecordingSession, Set<number>>();
        for (const { do: what, user, where, which } of steps) {
          const session = live[which % Math.max(1, live.length)];
          switch (what) {
            case 'open':
              if (!hub.isOnline('default', user)) listening.set(user, new Set([where]));
              live.push(open(user, [where]));
              break;
            case 'close':
              if (session === undefined) break;
              hub.close(session);
              live.splice(live.indexOf(session), 1);
              entered.delete(session);
              break;
            case 'join':
              hub.join(conversation(where), user);
              if (hub.isOnline('default', user)) listening.get(user)?.add(where);
              break;
            case 'leave':
              hub.leave(conversation(where), user);
              listening.get(user)?.delete(where);
              break;
            case 'enter':
              if (session === undefined) break;
              hub.enter(where + 10, session);
              entered.set(session, (entered.get(session) ?? new Set<number>()).add(where + 10));
              break;
            case 'exit':
              if (session === undefined) break;
              hub.exit(where + 10, session);
              entered.get(session)?.delete(where + 10);
              break;
            case 'drop':
              for (const place of [where, where + 10]) {
                hub.drop(place);
                for (const set of [...listening.values(), ...entered.values()]) set.delete(place);
              }
              break;
            case 'deliver':
              break;
          }
          checkAudience(hub, live, where, (one) => listening.get(one.actor.user)?.has(where) === true);
          checkAudience(hub, live, where + 10, (one) => entered.get(one)?.has(where + 10) === true);
        }
      }),
      { numRuns: 300 },
    );
    expect.hasAssertions();
  });

  function checkAudience(
    hub: Hub,
    live: readonly RecordingSession[],
    place: Id,
    listens: (session: RecordingSession) => boolean,
  ): void {
    for (const session of live) session.take();
    hub.deliver(typing(place));
    expect(live.map((session) => session.take().length)).toEqual(live.map((session) => (listens(session) ? 1 : 0)));
  }
});
