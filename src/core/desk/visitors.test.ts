/** Visitors: one person each, tokens of one widget, and long chats that become a person's in slices. */
import { describe, expect, test, vi } from 'vitest';
import { CLIENT, STRANGER, ann, backEnd, client, openDesk, stranger } from '../../../test/support/desk.ts';
import type { TestDesk } from '../../../test/support/desk.ts';
import { refusalOf } from '../../../test/support/core.ts';
import { actorOf, defaultWidget } from '../index.ts';
import type { Actor } from '../index.ts';

const person = (user: number) => ({ namespace: 'default', user, role: 'user' });

async function admit(core: TestDesk, source = 'lk', visitor?: string) {
  const answer = await core.desk.admitVisitor({ namespace: 'default', source, origin: undefined, visitor, address: '::1' });
  const identity = await core.chat.access.authenticate(answer.token);
  return { ...answer, identity, actor: actorOf(identity, 'test', 0) };
}

describe('who a visitor is', () => {
  test('is said once: the same again changes nothing, another is refused, also at the same time', async () => {
    const core = await openDesk();
    const { actor } = await admit(core);
    const id = await core.waiting('lk', actor);
    const outcomes = await Promise.allSettled([CLIENT, STRANGER].map((user) => core.desk.identifyVisitor(actor, person(user))));
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: { code: 'failed_precondition' } },
    ]);
    expect(await core.desk.identifyVisitor(actor, person(CLIENT))).toBe(0);
    expect(await refusalOf(core.desk.identifyVisitor(actor, person(STRANGER)))).toBe('failed_precondition');
    expect((await core.desk.findChat(client, { conversation: id })).scene.chat.client).toBe(CLIENT);
    expect(await refusalOf(core.desk.findChat(stranger, { conversation: id }))).toBe('not_found');
  });

  test('makes the visitor’s own token good for nothing at the desk, and the secret for another visitor', async () => {
    const core = await openDesk();
    const { actor, visitor, user } = await admit(core);
    const id = await core.waiting('lk', actor);
    await core.desk.identifyVisitor(actor, person(CLIENT));
    expect(await refusalOf(core.desk.openChat(actor, 'lk'))).toBe('failed_precondition');
    expect(await refusalOf(core.desk.findChat(actor, { conversation: id }))).toBe('not_found');
    expect(await refusalOf(core.say(actor, id, 'x'))).toBe('not_found');
    expect(await core.desk.listChats(actor, { order: 'recent', after: 0, limit: 10 })).toEqual({ chats: [], total: 0 });
    const again = await admit(core, 'lk', visitor);
    expect([again.visitor === visitor, again.user === user]).toEqual([false, false]);
    expect((await core.desk.openChat(again.actor, 'lk')).created).toBe(true);
    // A back end that knows the visitor alone means the person.
    const uuid = 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de';
    await core.desk.supplyChat(backEnd, { uuid, source: 'shop', client: { id: user, person: {} } });
    expect((await core.desk.findChat(client, { uuid })).scene.chat.client).toBe(CLIENT);
  });

  test('tokens are good for a quarter of an hour', async () => {
    const core = await openDesk();
    const { expiresAt, identity } = await admit(core);
    expect(expiresAt - core.chat.now()).toBeLessThanOrEqual(900_000);
    expect(identity.expiresAt - core.chat.now()).toBeLessThan(1_000_000);
  });
});

describe('a token of one widget', () => {
  test('opens and sees chats of that widget alone', async () => {
    const core = await openDesk();
    const lk = await admit(core);
    const shop = await admit(core, 'shop', lk.visitor);
    expect(shop.user).toBe(lk.user);
    const id = await core.waiting('lk', lk.actor);
    expect(await refusalOf(core.desk.openChat(lk.actor, 'shop'))).toBe('permission_denied');
    expect(await refusalOf(core.desk.findChat(shop.actor, { conversation: id }))).toBe('not_found');
    // Without a name it is the token's own.
    expect((await core.desk.openChat(lk.actor, '')).conversation.id).toBe(id);
  });

  test('and any token opens none in a widget that nobody has set up, where there are some, or from a page that may not show it', async () => {
    const core = await openDesk();
    await core.desk.saveWidget(backEnd, { ...defaultWidget('lk'), origins: ['https://a.example'] });
    expect(await refusalOf(core.desk.openChat(client, 'shop'))).toBe('not_found');
    const from = (origin: string | undefined, actor: Actor = client) =>
      core.desk.openChat(actor, 'lk', { origin, host: 'chat.example' }).then(
        () => 'opened',
        () => 'refused',
      );
    expect(
      await Promise.all(['https://b.example', 'https://a.example', 'https://chat.example', undefined].map((one) => from(one))),
    ).toEqual(['refused', 'opened', 'opened', 'opened']);
    await core.desk.deleteSetting(backEnd, 'widget', 'lk');
    expect((await core.desk.openChat(client, 'shop')).created).toBe(true);
  });
});

describe('a long chat', () => {
  test('becomes the person’s in the background where it was interrupted', async () => {
    const core = await openDesk();
    const { actor, user } = await admit(core);
    const id = await core.waiting('lk', actor);
    for (let at = 0; at < 600; at += 1) await core.say(actor, id, `word ${at}`);
    const identify = { type: 'identify', namespace: 'default', visitor: user, user: CLIENT, origin: actor } as const;
    expect(await core.chat.core.committer.commit(identify)).toMatchObject({
      done: false,
      changes: [{ change: { cause: 'identified' } }],
    });
    await vi.waitFor(async () => expect(await core.store.identifications()).toEqual([]), { timeout: 10_000 });
    const { messages } = await core.desk.readHistory(ann, { conversation: id }, { after: 0, limit: 100 });
    expect(new Set(messages.map(({ sender }) => sender))).toEqual(new Set([CLIENT]));
    expect(await core.desk.identifyVisitor(actor, person(CLIENT))).toBe(0);
  });
});
