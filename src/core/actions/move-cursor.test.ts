import { describe, expect, test } from 'vitest';
import { actorFor, openCore, refusalOf, text } from '../../../test/support/core.ts';
import type { RecordingSession, TestCore } from '../../../test/support/core.ts';
import type { ConversationKind, Id } from '../model.ts';

async function say(core: TestCore, user: Id, conversation: Id): Promise<Id> {
  return (await core.chat.sendMessage(actorFor(user), { target: { conversation }, content: text('x') })).message.id;
}

/** What sessions were told of cursors: `who cursor index`, with a star when all are told. */
function cursors(session: RecordingSession): string[] {
  return session
    .take()
    .flatMap((delivery) =>
      delivery.type === 'read' || delivery.type === 'delivered'
        ? [`${delivery.user} ${delivery.type} ${delivery.index}${delivery.everybody ? ' *' : ''}`]
        : [],
    );
}

describe('reading and receiving', () => {
  test('in a private conversation is told to the other', async () => {
    const core = await openCore();
    await core.users(1, 2);
    const { conversation, message } = await core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content: text('x') });
    const [sender, reader, also] = [await core.connect(1), await core.connect(2), await core.connect(2)];
    const moved = await core.chat.moveCursor(reader.actor, 'read', { peer: 1 }, message.id);
    expect(moved).toMatchObject({ moved: true, conversation: { id: conversation.id }, membership: { readIndex: 1 } });
    expect([sender, reader, also].map(cursors)).toEqual([['2 read 1 *'], [], ['2 read 1 *']]);
    await core.chat.moveCursor(reader.actor, 'read', { peer: 1 }, 0);
    expect([sender, reader, also].map(cursors)).toEqual([[], [], []]);
  });

  test.each([
    ['a group of the limit', 3, 'group', true],
    ['a group above it', 4, 'group', false],
    ['a channel', 2, 'channel', false],
  ] as const)('in %s of %i members (%s) all are told: %s', async (_, size, kind, everybody) => {
    const core = await openCore({ limits: { smallGroup: 3 } });
    const group = await core.group(
      Array.from({ length: size }, (__, at) => at + 1),
      kind,
    );
    const id = await say(core, 1, group.id);
    const [owner, reader, also] = [await core.connect(1), await core.connect(2), await core.connect(2)];
    await core.chat.moveCursor(reader.actor, 'delivered', { conversation: group.id }, id);
    await core.chat.moveCursor(reader.actor, 'read', { conversation: group.id }, id);
    const told = everybody ? ['2 delivered 1 *', '2 read 1 *'] : ['2 delivered 1', '2 read 1'];
    expect([owner, reader, also].map(cursors)).toEqual([everybody ? told : [], [], told]);
  });

  test('needs a membership, and a message that is there', async () => {
    const core = await openCore();
    const [group, other, room] = [await core.group([1, 2]), await core.group([1]), await core.room(1)];
    const [mine, foreign, roomy] = [await say(core, 1, group.id), await say(core, 1, other.id), await say(core, 1, room.id)];
    const move = (user: Id, conversation: Id, upTo: Id) =>
      refusalOf(core.chat.moveCursor(actorFor(user), 'read', { conversation }, upTo));
    expect(await move(2, group.id, mine)).toBe('not refused');
    expect(await move(2, group.id, foreign)).toBe('not_found');
    expect(await move(2, other.id, foreign)).toBe('not_found');
    expect(await move(2, 12_345, mine)).toBe('not_found');
    expect(await move(2, room.id, roomy)).toBe('not_found');
    expect(await refusalOf(core.chat.moveCursor(actorFor(2), 'read', { peer: 1 }, 0))).toBe('not_found');
    expect(await refusalOf(core.chat.moveCursorToMessage(actorFor(2), 'read', foreign))).toBe('not_found');
    expect(await refusalOf(core.chat.moveCursorToMessage(actorFor(2), 'read', 12_345))).toBe('not_found');
    expect(await refusalOf(core.chat.moveCursorToMessage(actorFor(1, { namespace: 'elsewhere' }), 'read', mine))).toBe(
      'not_found',
    );
    expect(await core.chat.moveCursorToMessage(actorFor(1), 'read', mine)).toMatchObject({
      moved: true,
      membership: { readIndex: 1 },
    });
  });

  test('through one session clears the count in all', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    for (let at = 0; at < 3; at += 1) await say(core, 1, group.id);
    expect((await core.chat.summarize(actorFor(2), group.id)).unread).toBe(3);
    await core.chat.moveCursor(actorFor(2, { door: 'one' }), 'read', { conversation: group.id }, 0);
    expect((await core.chat.summarize(actorFor(2, { door: 'other' }), group.id)).unread).toBe(0);
    expect((await core.chat.listConversations(actorFor(2), 0, 10))[0]?.unread).toBe(0);
  });

  test('of a whole category moves every cursor of its kinds, and tells each', async () => {
    const core = await openCore();
    const groups = [await core.group([1, 2]), await core.group([1, 2])];
    const channel = await core.group([1, 2], 'channel');
    for (const { id } of [...groups, channel]) await say(core, 1, id);
    const [owner, session] = [await core.connect(1), await core.connect(2)];
    const kinds: ConversationKind[] = ['group'];
    const { moves } = await core.chat.markDelivered(session.actor, kinds, Number.MAX_SAFE_INTEGER);
    expect(moves.map(({ conversation }) => conversation.id)).toEqual(groups.map(({ id }) => id));
    expect([cursors(owner), cursors(session)]).toEqual([['2 delivered 1 *', '2 delivered 1 *'], []]);
    expect((await core.chat.markDelivered(session.actor, kinds, Number.MAX_SAFE_INTEGER)).moves).toEqual([]);
  });
});
