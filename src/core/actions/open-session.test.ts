import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { actorFor, openCore, recordingSession, refusalOf, text, textsIn } from '../../../test/support/core.ts';
import type { RecordingSession } from '../../../test/support/core.ts';

describe('opening a session', () => {
  test('lets it hear all of the user’s conversations, once', async () => {
    const core = await openCore();
    const [one, two, foreign] = [await core.group([1, 2]), await core.group([1, 2]), await core.group([1])];
    const session = await core.connect(2);
    for (const { id } of [one, two, foreign])
      await core.chat.sendMessage(actorFor(1), { target: { conversation: id }, content: text(`${id}`) });
    expect(textsIn(session.heard)).toEqual([`${one.id}`, `${two.id}`]);
    expect(core.measured).toContain('sessionOpened test');
    session.close();
    session.close();
    expect(core.measured.filter((line) => line.startsWith('sessionClosed'))).toEqual(['sessionClosed test gone']);
  });

  test('is refused beyond the limits, per user and in all, also when many come at once', async () => {
    const core = await openCore({ limits: { maxSessions: 5, maxSessionsPerUser: 3 } });
    const answers = await Promise.all(Array.from({ length: 6 }, () => refusalOf(core.connect(1))));
    expect(answers.filter((answer) => answer === 'not refused')).toHaveLength(3);
    expect(answers.filter((answer) => answer === 'rate_limited')).toHaveLength(3);
    const others = await Promise.all([2, 3, 4, 5].map((user) => refusalOf(core.connect(user))));
    expect(others.toSorted()).toEqual(['not refused', 'not refused', 'unavailable', 'unavailable']);
    expect(core.chat.core.hub.size).toBe(5);
  });

  test('misses nothing that is committed after it is open, and hears nothing it has no part in, whatever happens at once', async () => {
    const turns = fc.nat({ max: 4 });
    const plan = fc.record({ before: fc.boolean(), pauses: fc.tuple(turns, turns, turns), slow: turns, other: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(plan, async ({ before, pauses, slow, other }) => {
        const pause = async (length: number): Promise<void> => {
          for (let left = length; left > 0; left -= 1) await setImmediate();
        };
        const core = await openCore({
          around: (store) => ({
            ...store,
            // The list may be old by the time it arrives.
            async conversationsOf(...rest) {
              const list = await store.conversationsOf(...rest);
              await pause(slow);
              return list;
            },
          }),
        });
        const group = await core.group(before ? [1, 2] : [1]);
        await core.users(2);
        const sessions: RecordingSession[] = [];
        const change = before ? { add: [], remove: [2] } : { add: [{ user: 2 }], remove: [] };
        const opening = async (at: 0 | 1): Promise<void> => {
          await pause(pauses[at]);
          sessions.push(await core.connect(2));
        };
        await Promise.all([
          opening(0),
          ...(other ? [opening(1)] : []),
          pause(pauses[2]).then(() => core.chat.changeMembers(actorFor(1), group.id, change)),
        ]);
        for (const session of sessions) session.take();
        await core.chat.sendMessage(actorFor(1), { target: { conversation: group.id }, content: text('after') });
        for (const session of sessions) expect(textsIn(session.heard)).toEqual(before ? [] : ['after']);
        await core.chat.drain();
      }),
      { numRuns: 60 },
    );
    expect.hasAssertions();
  });
});

describe('rooms', () => {
  test('are heard by the sessions that entered, until they leave or end', async () => {
    const core = await openCore({ limits: { maxRoomsPerSession: 1 } });
    const [room, other, group] = [await core.room(1), await core.room(1), await core.group([1])];
    const guest = { actor: { role: 'guest' } } as const;
    const [inside, outside] = [await core.connect(2, guest), await core.connect(2, guest)];
    await core.chat.enterRoom(inside, room.id);
    await core.chat.enterRoom(inside, room.id);
    await core.chat.sendMessage(actorFor(1), { target: { conversation: room.id }, content: text('hello') });
    expect([textsIn(inside.heard), textsIn(outside.heard)]).toEqual([['hello'], []]);
    expect(await refusalOf(core.chat.enterRoom(inside, other.id))).toBe('failed_precondition');
    expect(await refusalOf(core.chat.enterRoom(outside, group.id))).toBe('not_found');
    expect(await refusalOf(core.chat.enterRoom(outside, 12_345))).toBe('not_found');
    const stranger = await core.connect(2, { actor: { namespace: 'elsewhere' } });
    expect(await refusalOf(core.chat.enterRoom(stranger, room.id))).toBe('not_found');
    inside.close();
    await core.chat.sendMessage(actorFor(1), { target: { conversation: room.id }, content: text('again') });
    expect(textsIn(inside.heard)).toEqual(['hello']);
  });

  test('that are members’ conversations are not entered, even by members', async () => {
    const core = await openCore();
    const group = await core.group([1]);
    expect(await refusalOf(core.chat.enterRoom(await core.connect(1), group.id))).toBe('not_found');
  });
});

describe('sessions', () => {
  test('are listed and ended by their user, and by back ends that act for nobody', async () => {
    const core = await openCore();
    const [mine, also, theirs, foreign] = [
      await core.connect(1),
      await core.connect(1, { actor: { door: 'stream' } }),
      await core.connect(2),
      await core.connect(1, { actor: { namespace: 'elsewhere' } }),
    ];
    const server = (user: number) => actorFor(user, { server: true });
    const listed = (actor = actorFor(1)) => core.chat.listSessions(actor).map(({ id }) => id);
    expect(listed()).toEqual([mine.id, also.id]);
    expect(listed(server(0))).toEqual([mine.id, also.id, theirs.id]);
    expect(listed(server(2))).toEqual([theirs.id]);
    expect(core.chat.listSessions(actorFor(1))[1]).toEqual({
      id: also.id,
      namespace: 'default',
      user: 1,
      door: 'stream',
      codec: 'plain',
      address: '127.0.0.1',
      openedAt: core.clock.now(),
    });
    for (const id of [theirs.id, foreign.id, 12_345])
      expect(await refusalOf(() => core.chat.endSession(actorFor(1), id))).toBe('not_found');
    expect(await refusalOf(() => core.chat.endSession(server(2), mine.id))).toBe('not_found');
    core.chat.endSession(actorFor(1), mine.id);
    core.chat.endSession(server(0), theirs.id, 'token_revoked');
    expect([mine, also, theirs, foreign].map(({ ended }) => ended)).toEqual([['kicked'], [], ['token_revoked'], []]);
    expect(listed(server(0))).toEqual([also.id]);
  });

  test('that were never opened are nothing to close', async () => {
    const core = await openCore();
    recordingSession(core.chat, 1).close();
    expect(core.measured).toEqual([]);
  });
});
