import { describe, expect, test } from 'vitest';
import { actorFor, openCore, refusalOf, text, tokenOf } from '../../../test/support/core.ts';
import type { TestCore } from '../../../test/support/core.ts';
import { ChatError } from '../errors.ts';
import type { Actor } from '../model.ts';

const BACK_END: Actor = actorFor(0, { server: true, backEnd: 'ops' });

async function thrownBy(attempt: Promise<unknown>): Promise<ChatError> {
  const thrown: unknown = await attempt.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(thrown instanceof ChatError)) throw new Error('it was not refused', { cause: thrown });
  return thrown;
}

async function twoUsers(): Promise<TestCore> {
  const core = await openCore();
  await core.users(1, 2);
  return core;
}

describe('who is muted', () => {
  test('says nothing until the time is over, and is told until when and why', async () => {
    const core = await twoUsers();
    const send = () => core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content: text('hi') });
    const { message } = await send();
    const group = await core.group([1, 2]);
    await core.chat.restrictUser(BACK_END, { user: 1, kind: 'mute', lasts: 60_000, reason: 'loud' });
    core.clock.advance(1_000);
    const refused = await thrownBy(send());
    expect(refused).toMatchObject({ code: 'permission_denied', retryAfter: 59_000 });
    expect(refused.message).toBe(`You are muted until ${new Date(core.clock.now() + 59_000).toISOString()}: loud`);
    for (const attempt of [
      () => core.chat.editMessage(actorFor(1), message.id, text('hello')),
      () => core.chat.editText(actorFor(1), message.id, 'hello'),
      () => core.chat.createConversation(actorFor(1), { kind: 'group', name: 'loud', members: [2] }),
      () => core.chat.updateConversation(actorFor(1), group.id, { name: 'loud' }),
    ]) {
      expect(await refusalOf(attempt)).toBe('permission_denied');
    }
    // Others, other namespaces, back ends for the user, and what is not speech.
    await core.chat.sendMessage(actorFor(2), { target: { peer: 1 }, content: text('hi') });
    await core.chat.sendMessage(actorFor(1, { server: true }), { target: { peer: 2 }, content: text('for them') });
    await core.chat.recallMessage(actorFor(1), message.id);
    await core.connect(1);
    core.clock.advance(59_000);
    expect(await refusalOf(send())).toBe('not refused');
  });

  test('may speak again when it is lifted', async () => {
    const core = await twoUsers();
    const send = () => refusalOf(core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content: text('hi') }));
    await core.chat.restrictUser(BACK_END, { user: 1, kind: 'mute' });
    await core.chat.restrictUser(BACK_END, { user: 1, kind: 'ban' });
    await core.chat.liftRestriction(BACK_END, 1, 'ban');
    expect(await send()).toBe('permission_denied');
    await core.chat.liftRestriction(BACK_END, 1);
    expect(await send()).toBe('not refused');
  });
});

describe('who is banned', () => {
  test('has no session when it resolves, gets no new one, and is let in when it is over', async () => {
    const core = await twoUsers();
    const sessions = [await core.connect(1), await core.connect(1)];
    const other = await core.connect(2);
    await core.chat.restrictUser(BACK_END, { user: 1, kind: 'ban', lasts: 60_000 });
    expect(sessions.map(({ ended }) => ended)).toEqual([['banned'], ['banned']]);
    expect(other.ended).toEqual([]);
    expect(await refusalOf(core.connect(1))).toBe('permission_denied');
    expect(await refusalOf(core.chat.access.authenticate(tokenOf('1')))).toBe('permission_denied');
    expect(await refusalOf(core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content: text('hi') }))).toBe(
      'permission_denied',
    );
    core.clock.advance(60_000);
    await core.chat.access.authenticate(tokenOf('1'));
    expect((await core.connect(1)).ended).toEqual([]);
    await core.chat.core.committer.idle();
    const ends = (await core.store.events(0, 100)).filter(({ type }) => type === 'user.disconnected');
    expect(ends.map(({ session }) => session)).toEqual(
      Array.from({ length: 2 }, () => ({ reason: 'banned', code: 4030, forced: true })),
    );
  });

  test('gets in neither by a ticket from before, nor by a password, nor while the ban is under way', async () => {
    const core = await twoUsers();
    const { access } = core.chat;
    const account = await core.chat.register({ namespace: 'default', username: 'mallory', password: 'a long password' });
    const ticket = access.issueTicket(await access.authenticate(tokenOf(String(account.id))));
    const [, attempt] = await Promise.all([
      core.chat.restrictUser(BACK_END, { user: account.id, kind: 'ban', reason: 'spam' }),
      core.connect(account.id).then(
        ({ ended }) => ended,
        (thrown: ChatError) => [thrown.code],
      ),
    ]);
    expect([['banned'], ['permission_denied']]).toContainEqual(attempt);
    expect(core.chat.core.hub.sessionsOf('default', account.id)).toEqual([]);
    expect(await refusalOf(() => access.redeemTicket(ticket))).toBe('permission_denied');
    const refused = await thrownBy(core.chat.logIn({ namespace: 'default', username: 'mallory', password: 'a long password' }));
    expect([refused.code, refused.message]).toEqual(['permission_denied', 'You are banned: spam']);
    expect(await refusalOf(core.chat.logIn({ namespace: 'default', username: 'mallory', password: 'wrong password' }))).toBe(
      'unauthenticated',
    );
  });

  test('is unknown elsewhere, and after the erasure restricted no more', async () => {
    const core = await twoUsers();
    await core.chat.restrictUser(BACK_END, { user: 1, kind: 'ban' });
    await core.chat.access.authenticate(tokenOf('1', { namespace: 'other' }));
    await core.chat.eraseUser(BACK_END, 1);
    expect(core.chat.findRestrictions(BACK_END, 1)).toEqual([]);
  });
});

describe('restrictions', () => {
  test('are listed by user while they last, and pruned', async () => {
    const core = await openCore();
    await core.users(1, 2, 3);
    for (const user of [3, 1, 2]) await core.chat.restrictUser(BACK_END, { user, kind: 'mute', lasts: user * 1_000 });
    await core.chat.restrictUser(BACK_END, { user: 2, kind: 'ban' });
    const list = (after = 0, limit = 100) =>
      core.chat.listRestrictions(BACK_END, after, limit).map(({ user, kind }) => `${user} ${kind}`);
    expect(list()).toEqual(['1 mute', '2 mute', '2 ban', '3 mute']);
    expect([list(0, 1), list(1, 1)]).toEqual([['1 mute'], ['2 mute', '2 ban']]);
    core.clock.advance(2_000);
    core.chat.core.restrictions.prune();
    expect(list()).toEqual(['2 ban', '3 mute']);
    expect(core.chat.listRestrictions({ ...BACK_END, namespace: 'other' }, 0, 9)).toEqual([]);
  });

  test.each([
    [{ user: 1, kind: 'mute', lasts: 0 }, 'invalid_argument'],
    [{ user: 1, kind: 'mute', lasts: Number.NaN }, 'invalid_argument'],
    [{ user: 1, kind: 'ban', lasts: 1e15 }, 'invalid_argument'],
    [{ user: 1, kind: 'ban', reason: 'x'.repeat(501) }, 'invalid_argument'],
    [{ user: 1, kind: 'ban', reason: 'a\0b' }, 'invalid_argument'],
    [{ user: 1, kind: 'ban', reason: 'two\nlines' }, 'invalid_argument'],
    [{ user: 99, kind: 'ban' }, 'not_found'],
  ] as const)('%o are refused: %s', async (request, code) => {
    const core = await twoUsers();
    expect(await refusalOf(core.chat.restrictUser(BACK_END, request))).toBe(code);
    expect(await core.chat.readAudit(BACK_END, 0, 9)).toEqual([]);
  });

  test('are the business of back ends', async () => {
    const core = await twoUsers();
    const { chat } = core;
    for (const attempt of [
      () => chat.restrictUser(actorFor(1), { user: 2, kind: 'ban' }),
      () => chat.liftRestriction(actorFor(1), 2),
      () => chat.findRestrictions(actorFor(1), 2),
      () => chat.listRestrictions(actorFor(1), 0, 9),
      () => chat.readAudit(actorFor(1), 0, 9),
    ]) {
      expect(await refusalOf(attempt)).toBe('permission_denied');
    }
  });
});

test('what back ends do is noted, with who and whom; what users do with what is theirs is not', async () => {
  const core = await openCore();
  await core.users(1, 2, 3);
  const { chat } = core;
  const [group, own] = [await core.group([1, 2]), await core.group([1, 2])];
  const session = await core.connect(2);
  const mine = await core.connect(1);
  await chat.restrictUser(BACK_END, { user: 1, kind: 'mute', reason: 'loud' });
  await chat.liftRestriction(BACK_END, 1, undefined, 'sorry');
  chat.endSession(BACK_END, session.id);
  chat.endSession(mine.actor, mine.id);
  await chat.deleteConversation(actorFor(0, { server: true, backEnd: 'ops' }), group.id);
  await chat.deleteConversation(actorFor(1), own.id);
  await chat.revokeTokens('default', 2, 'jti-1', { by: BACK_END });
  await chat.revokeTokens('default', 2);
  await chat.access.saveApiToken({ name: 'ci', scopes: ['users', 'messages'] }, BACK_END);
  await chat.access.deleteApiToken('ci', BACK_END);
  await (await chat.exportUser(actorFor(3, { server: true, backEnd: 'ops' }), 3)).return(undefined);
  await chat.applyRetention(BACK_END);
  await chat.eraseUser(BACK_END, 3);
  await core.chat.core.committer.idle();
  const entries = await chat.readAudit(BACK_END, 0, 100);
  expect(entries.toReversed().map(({ action, user, subject, reason }) => [action, user, subject, reason])).toEqual([
    ['user.muted', 1, '', 'loud'],
    ['user.unmuted', 1, '', 'sorry'],
    ['session.ended', 2, String(session.id), ''],
    ['conversation.deleted', 0, String(group.id), ''],
    ['tokens.revoked', 2, 'jti-1', ''],
    ['api-token.created', 0, 'ci', 'users messages'],
    ['api-token.deleted', 0, 'ci', ''],
    ['user.exported', 3, '', ''],
    ['retention.applied', 0, '', ''],
    ['user.erased', 3, '', ''],
  ]);
  expect(new Set(entries.map(({ by }) => by.apiToken))).toEqual(new Set(['ops']));
  expect(entries.find(({ action }) => action === 'user.exported')?.by).toEqual({ apiToken: 'ops', user: 3 });
});
