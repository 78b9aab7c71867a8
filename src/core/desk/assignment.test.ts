/** Which widgets an operator serves, from before the first connection on, and what remains of a chat whose widget they serve no longer. */
import { describe, expect, test, vi } from 'vitest';
import { ANN, BEN, CLIENT, ann, backEnd, ben, client, newsIn, openDesk } from '../../../test/support/desk.ts';
import { actorFor, refusalOf, textsIn, tokenOf } from '../../../test/support/core.ts';

const NEW = 77;

describe('widgets of an operator', () => {
  test('can be assigned before the operator has ever connected', async () => {
    const core = await openDesk();
    await core.desk.saveProfile(backEnd, NEW, { sources: ['shop'] });
    expect(await core.desk.findOperator(backEnd, NEW)).toMatchObject({ user: { id: NEW, role: 'operator' }, sources: ['shop'] });
    await core.chat.access.authenticate(tokenOf(String(NEW), { role: 'operator', name: 'New' }));
    const board = await core.attend(NEW);
    await core.waiting('lk');
    expect(textsIn(board.take())).toEqual([]);
    const operator = actorFor(NEW, { role: 'operator' });
    expect((await core.desk.listChats(operator, { order: 'recent', after: 0, limit: 10 })).total).toBe(0);
  });

  test('cannot be assigned to somebody erased', async () => {
    const core = await openDesk();
    await core.chat.eraseUser(backEnd, BEN);
    expect(await refusalOf(core.desk.saveProfile(backEnd, BEN, { sources: ['shop'] }))).toBe('not_found');
  });

  test('are all where none were assigned, or none where the configuration says so', async () => {
    const open = await openDesk();
    await open.waiting();
    expect((await open.desk.listChats(ann, { order: 'recent', after: 0, limit: 10 })).total).toBe(1);

    const closed = await openDesk({ operatorsServe: 'assigned' });
    const board = await closed.attend(ANN);
    const id = await closed.waiting();
    await closed.waiting('', actorFor(8));
    // What operators say of themselves assigns nothing.
    await closed.desk.saveProfile(ann, ANN, { available: true });
    expect(textsIn(board.take())).toEqual([]);
    expect(await refusalOf(closed.desk.findChat(ann, { conversation: id }))).toBe('not_found');
    expect((await closed.desk.listChats(ann, { order: 'recent', after: 0, limit: 10 })).total).toBe(0);
    expect(await closed.desk.countChats(ann)).toEqual({ waiting: 0, mine: 0, open: 0, closed: 0, unread: 0 });
    expect(await refusalOf(closed.desk.transfer(backEnd, { conversation: id }, { operator: ANN }))).toBe('invalid_argument');
    await closed.desk.saveProfile(backEnd, ANN, { sources: ['lk'] });
    await closed.say(client, id, 'Anybody?');
    expect(textsIn(board.take())).toEqual(['Anybody?']);
    await closed.desk.deleteSetting(backEnd, 'operator', String(ANN));
    await closed.say(client, id, 'Still there?');
    expect(textsIn(board.take())).toEqual([]);
  });
});

describe('an operator who serves a widget no longer', () => {
  test('hears nothing of its chats, sees them in no list, and those the operator had wait for another', async () => {
    const core = await openDesk();
    const id = await core.waiting('lk');
    await core.say(ben, id, 'Yes?');
    const done = await core.waiting('lk', actorFor(8));
    await core.say(ben, done, 'Done');
    await core.desk.close(ben, { conversation: done });
    const heard = [
      await core.attend(BEN),
      await core.enter(BEN, 'operator', id),
      // Another door hears what its user is a member of.
      await core.connect(BEN, { actor: { role: 'operator' } }),
    ];
    await core.desk.saveProfile(backEnd, BEN, { sources: ['shop'] });
    for (const session of heard) session.take();
    await core.say(client, id, 'Anybody?');
    expect(heard.map((session) => textsIn(session.take()))).toEqual([[], [], []]);
    for (const conversation of [id, done]) {
      expect(await refusalOf(core.desk.findChat(ben, { conversation }))).toBe('not_found');
      expect(await refusalOf(core.chat.readHistory(ben, { conversation, limit: 10 }))).toBe('not_found');
      expect((await core.store.members(conversation, 0, 10)).map(({ user }) => user)).not.toContain(BEN);
    }
    const list = { order: 'recent' as const, after: 0, limit: 10 };
    for (const asked of [{}, { mine: true }, { operator: BEN }, { mine: true, statuses: ['closed'] }]) {
      expect((await core.desk.listChats(ben, { ...list, ...asked })).total).toBe(0);
    }
    expect((await core.desk.findChat(backEnd, { conversation: id })).scene.chat).toMatchObject({ status: 'new', operator: 0 });
    expect((await core.desk.listChats(ann, { ...list, order: 'waiting' })).total).toBe(1);
  });

  test('keeps a chat that was assigned to the operator again, and its own widgets’ chats', async () => {
    const core = await openDesk();
    const id = await core.waiting('lk');
    const own = await core.waiting('shop', actorFor(8));
    for (const one of [id, own]) await core.say(ben, one, 'Yes?');
    await core.desk.saveProfile(backEnd, BEN, { sources: ['shop'] });
    expect((await core.desk.findChat(ben, { conversation: own })).scene.chat.operator).toBe(BEN);
    await core.chat.changeMembers(backEnd, id, { add: [{ user: BEN }], remove: [] });
    // Nothing that assigns no widgets takes it away.
    await core.desk.saveProfile(backEnd, BEN, { capacity: 3 });
    expect((await core.desk.findChat(ben, { conversation: id })).member).toBe(true);
  });

  test('is told what is unread in the widgets that are left', async () => {
    const core = await openDesk();
    await core.waiting('lk');
    await core.waiting('shop', actorFor(8));
    const board = await core.attend(BEN);
    await core.desk.saveProfile(backEnd, BEN, { sources: ['shop'] });
    await vi.waitFor(() => expect(newsIn(board.heard, 'unread')).toHaveLength(1));
    expect((await core.desk.countChats(ben)).unread).toBe(1);
  });

  test('has what a back end gave the operator in another widget', async () => {
    const core = await openDesk();
    await core.desk.saveProfile(backEnd, BEN, { sources: ['shop'] });
    const uuid = 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de';
    const input = {
      uuid,
      source: 'lk',
      status: 'pending',
      client: { id: CLIENT, person: {} },
      operator: { id: BEN, person: {} },
    };
    await core.desk.supplyChat(backEnd, input);
    expect((await core.desk.findChat(ben, { uuid })).scene.chat.operator).toBe(BEN);
    const mine = await core.desk.listChats(ben, { mine: true, order: 'recent', after: 0, limit: 10 });
    expect([mine.total, mine.chats.length, (await core.desk.countChats(ben)).mine]).toEqual([1, 1, 1]);
  });
});
