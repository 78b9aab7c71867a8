import { describe, expect, test } from 'vitest';
import { NAMESPACE, actorFor, openCore, refusalOf, text, tokenOf } from '../../test/support/core.ts';
import type { TestCore } from '../../test/support/core.ts';
import type { ExportRecord } from './actions/export-user.ts';
import type { Id } from './model.ts';
import { cutsOf } from './retention.ts';

const DAY = 86_400_000;

async function say(core: TestCore, user: Id, conversation: Id, words: string): Promise<Id> {
  const sent = await core.chat.sendMessage(actorFor(user), { target: { conversation }, content: text(words) });
  return sent.message.id;
}

async function erased(core: TestCore, user: Id): Promise<void> {
  const server = actorFor(0, { server: true });
  await expect.poll(async () => (await core.chat.findErasure(server, user)).finishedAt, { timeout: 10_000 }).toBeDefined();
}

async function history(core: TestCore, user: Id, conversation: Id): Promise<string[]> {
  const page = await core.chat.readHistory(actorFor(user), { conversation, limit: 100 });
  return page.messages.map(({ content, state }) => content?.text ?? state);
}

describe('retention', () => {
  test('takes the narrower rule, a namespace before a kind', () => {
    const rules = [
      { keep: 1 },
      { kind: 'group' as const, keep: 2 },
      { namespace: 'a', keep: 3 },
      { namespace: 'a', kind: 'group' as const, keep: 4 },
    ];
    expect(cutsOf(rules, 100).map(({ before }) => before)).toEqual([96, 97, 98, 99]);
  });

  test('tells what would go, then removes it and nothing else, and who comes back is told of the cut', async () => {
    const retention = [{ kind: 'group' as const, keep: 30 * DAY }];
    const core = await openCore({ limits: { retention } });
    const group = await core.group([1, 2]);
    const channel = await core.group([1, 2], 'channel');
    const first = await say(core, 1, group.id, 'old 0');
    for (let at = 1; at < 250; at += 1) await say(core, 1, group.id, `old ${at}`);
    await say(core, 1, channel.id, 'old in a channel');
    core.clock.advance(31 * DAY);
    await say(core, 1, group.id, 'new');
    const counted = [{ rule: retention[0], conversations: 1, messages: 250, files: 0, bytes: 0 }];
    expect(await core.chat.countOverdue({})).toEqual(counted);
    expect(await core.chat.countOverdue({ namespace: 'elsewhere' })).toMatchObject([{ conversations: 0, messages: 0 }]);
    const tried = await core.chat.countOverdue({ rules: [{ kind: 'channel', keep: DAY }] });
    expect(tried).toMatchObject([{ conversations: 1, messages: 1 }]);
    expect((await history(core, 2, group.id)).length).toBe(100);
    await core.chat.applyRetention();
    expect(await history(core, 2, group.id)).toEqual(['new']);
    expect(await history(core, 2, channel.id)).toEqual(['old in a channel']);
    expect((await core.chat.summarize(actorFor(2), group.id)).unread).toBe(1);
    const resumed = await core.chat.resume(actorFor(2), { kinds: ['group'], after: first });
    expect(resumed).toMatchObject({ cut: true, entries: [{ type: 'message' }] });
    expect(await core.chat.countOverdue({})).toMatchObject([{ conversations: 0, messages: 0 }]);
  });
});

describe('the erasure of a person', () => {
  test('ends sessions at once, tells everybody who is live, and hands groups on', async () => {
    const core = await openCore();
    const group = await core.group([1, 2, 3]);
    await core.chat.changeMembers(actorFor(1), group.id, { add: [{ user: 3, role: 'admin' }], remove: [] });
    const alone = await core.group([1]);
    const id = await say(core, 1, group.id, 'mine');
    await say(core, 2, group.id, 'yours');
    const [own, other] = [await core.connect(1), await core.connect(2)];
    expect(await refusalOf(core.chat.eraseUser(actorFor(2), 1, 1))).toBe('not_found');
    expect(await refusalOf(core.chat.eraseUser(actorFor(1), 1))).toBe('invalid_argument');
    expect(await refusalOf(core.chat.eraseUser(actorFor(1), 1, 2))).toBe('invalid_argument');
    expect(await core.chat.eraseUser(actorFor(1), 1, 1)).toMatchObject({ user: 1, startedAt: core.clock.now() });
    expect(own.ended).toEqual(['token_revoked']);
    await erased(core, 1);
    expect(other.heard).toContainEqual(
      expect.objectContaining({ type: 'change', change: 'recalled', message: expect.objectContaining({ id }) }),
    );
    expect(other.heard).toContainEqual(expect.objectContaining({ type: 'members', removed: [1] }));
    expect(await history(core, 2, group.id)).toEqual(['recalled', 'yours']);
    const members = await core.chat.listMembers(actorFor(2), group.id, 0, 10);
    expect(members.map(({ user, role }) => [user, role])).toEqual([
      [2, 'member'],
      [3, 'owner'],
    ]);
    expect(await core.store.head(alone.id)).toBeUndefined();
    expect(core.complaints).toEqual([]);
  });

  test('is final: no token, no message from or to, no group takes the id back', async () => {
    const core = await openCore();
    await core.users(2);
    await core.chat.access.authenticate(tokenOf('1', { name: 'One' }));
    await core.chat.eraseUser(actorFor(0, { server: true }), 1);
    const later = tokenOf('1', { issuedAt: core.clock.now() + DAY, name: 'One' });
    expect(await refusalOf(core.chat.access.authenticate(later))).toBe('unauthenticated');
    await core.chat.revokeTokens(NAMESPACE, 1);
    expect(await refusalOf(core.chat.access.authenticate(later))).toBe('unauthenticated');
    const to = (peer: Id) => ({ target: { peer }, content: text('x') });
    expect(await refusalOf(core.chat.sendMessage(actorFor(2), to(1)))).toBe('permission_denied');
    expect(await refusalOf(core.chat.sendMessage(actorFor(1), to(2)))).toBe('unauthenticated');
    const group = { kind: 'group' as const, name: 'G', members: [1] };
    expect(await refusalOf(core.chat.createConversation(actorFor(2), group))).toBe('not_found');
    expect(await core.chat.findUser(NAMESPACE, 1)).toMatchObject({ name: '' });
  });
});

describe('an export', () => {
  async function collect(core: TestCore, user: Id): Promise<ExportRecord[]> {
    return Array.fromAsync(await core.chat.exportUser(actorFor(user), user));
  }

  test('has all of one person, nothing that others have said, in every conversation', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const id = await say(core, 1, group.id, 'first');
    await core.chat.editMessage(actorFor(1), id, text('edited'));
    await say(core, 2, group.id, 'of another');
    for (let at = 0; at < 150; at += 1) await say(core, 1, group.id, `number ${at}`);
    await core.users(3);
    await core.chat.setBlock(actorFor(1), 3, true);
    const session = await core.connect(1);
    const records = await collect(core, 1);
    expect(records.slice(0, 4)).toMatchObject([
      { type: 'user', user: { id: 1, name: 'User 1' } },
      { type: 'conversation', conversation: { id: group.id }, membership: { role: 'owner' } },
      { type: 'block', user: 3 },
      { type: 'session', session: { id: session.id } },
    ]);
    const messages = records.flatMap((record) => (record.type === 'message' ? [record] : []));
    expect(messages).toHaveLength(151);
    expect(messages[0]).toMatchObject({
      message: { id, content: { text: 'edited' } },
      revisions: [{ content: { text: 'first' } }],
    });
    expect(messages.every(({ message }) => message.sender === 1)).toBe(true);
  });

  test('is for the person and back ends, few at a time, and gives its place back however it ends', async () => {
    const core = await openCore();
    await core.users(1, 2);
    expect(await refusalOf(core.chat.exportUser(actorFor(2), 1))).toBe('not_found');
    const server = actorFor(0, { server: true });
    expect(await refusalOf(core.chat.exportUser(server, 99))).toBe('not_found');
    const open = await Promise.all([1, 1, 1, 1].map((user) => core.chat.exportUser(server, user)));
    expect(await refusalOf(core.chat.exportUser(server, 2))).toBe('rate_limited');
    // One that was never read, and one that was begun.
    await open[1]?.next();
    for (const records of open) await records.return(undefined);
    expect((await collect(core, 2)).length).toBe(1);
    for (let at = 0; at < 5; at += 1) expect((await collect(core, 2)).length).toBe(1);
  });
});
