/** The queue: who is given what, who is told which place, and what operators hear of it. */
import { describe, expect, test, vi } from 'vitest';
import { ANN, BEN, CLIENT, STRANGER, ann, backEnd, ben, client, newsIn, openDesk, stranger } from '../../../test/support/desk.ts';
import type { TestDesk } from '../../../test/support/desk.ts';
import { actorFor, refusalOf, textsIn, tokenOf } from '../../../test/support/core.ts';
import type { Id } from '../index.ts';
import { defaultWidget } from '../index.ts';

async function chatOf({ desk }: TestDesk, conversation: Id) {
  return (await desk.findChat(backEnd, { conversation })).scene.chat;
}

/** Chats of as many clients, all waiting. */
async function crowd(core: TestDesk, count: number, source = 'lk'): Promise<Id[]> {
  const chats: Id[] = [];
  for (let at = 0; at < count; at += 1) {
    const id = 1_000 + at;
    await core.chat.access.authenticate(tokenOf(String(id), { name: `Client ${id}` }));
    chats.push(await core.waiting(source, actorFor(id)));
  }
  return chats;
}

function automatic(core: TestDesk, source = 'lk') {
  return core.desk.saveWidget(backEnd, { ...defaultWidget(source), autoAssign: true });
}

describe('chats are given to operators', () => {
  test('fairly: to whom has fewest, within their capacity, the oldest chat first', async () => {
    const core = await openDesk();
    await automatic(core);
    for (const operator of [ANN, BEN]) await core.desk.saveProfile(backEnd, operator, { capacity: 2 });
    const chats = await crowd(core, 5);
    await core.attend(ANN);
    await core.attend(BEN);
    await core.chat.core.desk.clerk.idle();
    const operators = await Promise.all(chats.map(async (id) => (await chatOf(core, id)).operator));
    expect(operators.slice(0, 4).toSorted()).toEqual([ANN, ANN, BEN, BEN]);
    expect(operators[4]).toBe(0);
    // Whoever closes one has room for the next.
    const [first = 0] = chats;
    await core.desk.close(backEnd, { conversation: first });
    await vi.waitFor(async () => expect((await chatOf(core, chats[4] ?? 0)).operator).toBe(operators[0]));
  });

  test('and not where the widget does not say so, to whom is away, unavailable or serves other widgets', async () => {
    const core = await openDesk();
    await automatic(core, 'shop');
    await core.desk.saveWidget(backEnd, defaultWidget('lk'));
    await core.desk.saveProfile(backEnd, ANN, { sources: ['lk'] });
    await core.desk.saveProfile(ben, BEN, { available: false });
    await core.attend(ANN);
    await core.attend(BEN);
    const chats = [await core.waiting('shop'), await core.waiting('lk')];
    await core.chat.core.desk.clerk.idle();
    for (const id of chats) expect((await chatOf(core, id)).operator).toBe(0);
    await core.desk.saveProfile(ben, BEN, { available: true });
    await vi.waitFor(async () => expect((await chatOf(core, chats[0] ?? 0)).operator).toBe(BEN));
    expect((await chatOf(core, chats[1] ?? 0)).operator).toBe(0);
  });

  test('a department’s only to those who are asked for it', async () => {
    const core = await openDesk();
    await automatic(core);
    await core.desk.saveProfile(backEnd, ANN, { departments: ['sales'] });
    await core.desk.saveProfile(backEnd, BEN, { departments: ['tech'] });
    const id = await core.waiting();
    await core.desk.transfer(backEnd, { conversation: id }, { department: 'tech' });
    await core.attend(ANN);
    await core.chat.core.desk.clerk.idle();
    expect((await chatOf(core, id)).operator).toBe(0);
    await core.attend(BEN);
    await core.chat.core.desk.clerk.idle();
    expect(await chatOf(core, id)).toMatchObject({ operator: BEN, status: 'new' });
    await core.say(ben, id, 'Hello');
    expect(await chatOf(core, id)).toMatchObject({ operator: BEN, status: 'open' });
  });

  test('of many who take one at once, one has it', async () => {
    const core = await openDesk();
    const id = await core.waiting();
    const operators = Array.from({ length: 40 }, (_, at) => 2_000 + at);
    for (const one of operators)
      await core.chat.access.authenticate(tokenOf(String(one), { role: 'operator', name: `Op ${one}` }));
    const outcomes = await Promise.allSettled(
      operators.map((one) => core.desk.take(actorFor(one, { role: 'operator' }), { conversation: id })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { operator } = await chatOf(core, id);
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
    expect(new Set(reasons)).toEqual(new Set([`ChatError: Op ${operator} has this chat.`]));
    expect((await core.store.members(id, 0, 100)).map(({ user }) => user)).toEqual([CLIENT, operator]);
  });
});

describe('answers', () => {
  test('take a chat that nobody has; where another has it the widget says who may', async () => {
    const core = await openDesk();
    const id = await core.waiting();
    await core.say(ann, id, 'Mine');
    expect(await chatOf(core, id)).toMatchObject({ operator: ANN, status: 'open' });
    await core.say(ben, id, 'Me too');
    expect(await chatOf(core, id)).toMatchObject({ operator: ANN });
    await core.desk.saveWidget(backEnd, { ...defaultWidget('lk'), replies: 'assigned' });
    expect(await refusalOf(core.say(ben, id, 'And again'))).toBe('failed_precondition');
    await core.say(ben, id, 'A note all the same', { note: true });
    await core.desk.transfer(ben, { conversation: id }, { operator: BEN });
    await core.say(ben, id, 'Taken over');
    expect(await refusalOf(core.say(ann, id, 'x'))).toBe('failed_precondition');
  });

  test('are limited as the widget says', async () => {
    const core = await openDesk();
    const id = await core.waiting();
    expect(await refusalOf(core.desk.sendMessage(client, { chat: { conversation: id }, text: '' }))).toBe('invalid_argument');
    for (const attachment of ['x', '5', 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de']) {
      const attempt = core.desk.sendMessage(client, { chat: { conversation: id }, text: 'x', attachments: [attachment] });
      expect(await refusalOf(attempt)).toBe('invalid_argument');
    }
    expect(await refusalOf(core.say(stranger, id, 'x'))).toBe('not_found');
    expect(await refusalOf(core.say(actorFor(CLIENT, { role: 'guest' }), id, 'x'))).toBe('not_found');
  });

  test('with files of ours carry what they are, up to the widget’s limits, and the files are seen by who sees the chat', async () => {
    const core = await openDesk();
    const id = await core.waiting();
    const file = async (name: string, mediaType: string, size: number): Promise<Id> => {
      const saved = await core.chat.core.committer.commit({
        type: 'file',
        namespace: 'default',
        owner: CLIENT,
        name,
        mediaType,
        size,
        hash: name,
      });
      return saved === 'stale' ? 0 : saved.file.id;
    };
    const files = [await file('a.png', 'image/png', 10), await file('b.pdf', 'application/pdf', 20)];
    const { message } = await core.desk.sendMessage(client, {
      chat: { conversation: id },
      text: 'See',
      attachments: files.map(String),
    });
    expect(message.content).toMatchObject({
      kind: 'photo',
      text: 'See',
      resource: { name: 'a.png', file: files[0] },
      attachments: [
        { mediaType: 'image/png', size: 10 },
        { mediaType: 'application/pdf', size: 20, resource: { file: files[1] } },
      ],
    });
    for (const one of files) expect((await core.chat.findFile(ann, one)).id).toBe(one);
    expect(await refusalOf(core.chat.findFile(stranger, files[1] ?? 0))).toBe('not_found');
    await core.desk.saveWidget(backEnd, {
      ...defaultWidget('lk'),
      attachments: { maxCount: 1, maxBytes: 15, types: ['image/*'] },
    });
    const send = (...attachments: Id[]) =>
      core.desk.sendMessage(client, { chat: { conversation: id }, text: '', attachments: attachments.map(String) });
    expect(await refusalOf(send(...files))).toBe('invalid_argument');
    expect(await refusalOf(send(files[1] ?? 0))).toBe('invalid_argument');
    await send(files[0] ?? 0);
    const note = await core.desk.sendMessage(ann, {
      chat: { conversation: id },
      text: 'x',
      note: true,
      attachments: [String(files[0])],
    });
    expect(note.message.content?.attachments).toHaveLength(1);
  });
});

describe('a place in the queue', () => {
  test('is told to waiting clients in their chats when it changes, and that they wait no longer', async () => {
    const core = await openDesk();
    const [first = 0, second = 0] = await crowd(core, 2);
    const session = await core.enter(1_001, 'user', second);
    const places = () => newsIn(session.heard, 'position').map(({ position }) => position);
    await vi.waitFor(() => expect(places()).toEqual([2]));
    await core.desk.take(ann, { conversation: first });
    await vi.waitFor(() => expect(places()).toEqual([2, 1]));
    await core.desk.take(ann, { conversation: second });
    await vi.waitFor(() => expect(places()).toEqual([2, 1, 0]));
  });
});

describe('operators at the desk', () => {
  test('hear the chats of their widgets, and with a back end’s Widget-Source only some of them', async () => {
    const core = await openDesk();
    await core.desk.saveProfile(backEnd, BEN, { sources: ['lk', 'vip'] });
    const all = await core.attend(ANN);
    const some = await core.attend(BEN);
    const asked = await core.attend(ANN, 'shop');
    await core.waiting('lk');
    await core.waiting('shop', stranger);
    const heard = () => [all, some, asked].map((session) => textsIn(session.take()).length);
    expect(heard()).toEqual([2, 1, 1]);
    const chat = { uuid: 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de', source: 'lk' };
    await core.desk.supplyMessage(backEnd, { chat, text: 'x', attachments: [], widget: 'vip' });
    expect(heard()).toEqual([1, 1, 0]);
    core.desk.supplyGlobal(backEnd, { unread_chats: 5 }, 'shop');
    expect([all, some, asked].map((session) => newsIn(session.take(), 'global').length)).toEqual([1, 0, 1]);
  });

  test('hear nothing more of a widget that they no longer serve', async () => {
    const core = await openDesk();
    const id = await core.waiting('lk');
    const board = await core.attend(BEN);
    const inside = await core.enter(BEN, 'operator', id);
    await core.desk.saveProfile(backEnd, BEN, { sources: ['shop'] });
    for (const session of [board, inside]) session.take();
    await core.say(client, id, 'Anybody?');
    for (const session of [board, inside]) expect(textsIn(session.take())).toEqual([]);
    expect(await refusalOf(core.desk.findChat(ben, { conversation: id }))).toBe('not_found');
    expect(await refusalOf(core.desk.attendDesk(await core.bound(CLIENT, 'user'), { sources: [], departments: [] }))).toBe(
      'permission_denied',
    );
  });

  test('who were in a chat for their membership alone hear nothing once it has ended', async () => {
    const core = await openDesk();
    const id = await core.waiting('lk');
    await core.desk.saveProfile(backEnd, BEN, { sources: ['shop'] });
    await core.chat.changeMembers(backEnd, id, { add: [{ user: BEN }], remove: [] });
    const inside = await core.enter(BEN, 'operator', id);
    await core.say(client, id, 'One');
    expect(textsIn(inside.take())).toEqual(['One']);
    await core.chat.changeMembers(backEnd, id, { add: [], remove: [BEN] });
    await core.say(client, id, 'Two');
    expect(textsIn(inside.take())).toEqual([]);
  });

  test('and a visitor’s old sessions, when the visitor has become somebody else', async () => {
    const core = await openDesk();
    const { token } = await core.desk.admitVisitor({
      namespace: 'default',
      source: 'lk',
      origin: undefined,
      visitor: undefined,
      address: '::1',
    });
    const { user } = await core.chat.access.authenticate(token);
    const id = await core.waiting('lk', actorFor(user));
    const old = await core.enter(user, 'user', id);
    await core.desk.identifyVisitor(actorFor(user), { namespace: 'default', user: CLIENT, role: 'user' });
    expect(old.take().some(({ type }) => type === 'members')).toBe(true);
    const now = await core.enter(CLIENT, 'user', id);
    await core.say(ann, id, 'Hello, seven');
    expect([textsIn(old.take()), textsIn(now.take())]).toEqual([[], ['Hello, seven']]);
  });

  test('are told counts that equal the lists, unless a back end tells its own', async () => {
    const core = await openDesk();
    const board = await core.attend(ANN);
    const chats = await crowd(core, 3);
    await core.desk.take(ann, { conversation: chats[0] ?? 0 });
    await vi.waitFor(() => {
      expect(newsIn(board.heard, 'unread').at(-1)?.bySource).toEqual({ lk: 3 });
      expect(newsIn(board.heard, 'operator').at(-1)).toMatchObject({
        user: { id: ANN },
        online: true,
        newChats: 0,
        openChats: 1,
      });
    });
    await core.desk.supplyOperators(
      backEnd,
      [{ user: { id: ANN, person: {} }, online: true, newChats: 8, openChats: 9 }],
      undefined,
    );
    await core.desk.take(ann, { conversation: chats[1] ?? 0 });
    await core.desk.take(ben, { conversation: chats[2] ?? 0 });
    await vi.waitFor(() => expect(newsIn(board.heard, 'operator').at(-1)).toMatchObject({ user: { id: BEN }, openChats: 1 }));
    const ofAnn = newsIn(board.heard, 'operator').filter(({ user }) => user.id === ANN);
    expect(ofAnn.at(-1)).toMatchObject({ newChats: 8, openChats: 9 });
  });

  test('are pointed to a chat by name, and nobody else is', async () => {
    const core = await openDesk();
    const boards = [await core.attend(ANN), await core.attend(BEN)];
    const operator = { id: ANN, person: {} };
    await core.desk.notifyOperator(backEnd, { uuid: 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de', operator }, { why: 'late' });
    expect(boards.map((board) => newsIn(board.heard, 'notification').map(({ data }) => data))).toEqual([[{ why: 'late' }], []]);
  });
});

describe('in a chat', () => {
  test('what is typed is seen by operators, that somebody types by everybody', async () => {
    const core = await openDesk();
    const id = await core.waiting();
    const inside = [await core.enter(ANN, 'operator', id), await core.enter(CLIENT, 'user', id), await core.attend(BEN)];
    const typed = () =>
      inside.map((session) => session.take().flatMap((one) => (one.type === 'typing' ? [[one.active, one.text]] : [])));
    typed();
    await core.desk.type(client, { chat: { conversation: id }, active: true, text: 'I wo' });
    const started = [true, undefined];
    expect(typed()).toEqual([[started, [true, 'I wo']], [started], [started, [true, 'I wo']]]);
    await core.desk.type(client, { chat: { conversation: id }, active: true, text: 'I would' });
    expect(typed()).toEqual([[[true, 'I would']], [], [[true, 'I would']]]);
    await core.desk.saveWidget(backEnd, { ...defaultWidget('lk'), typingPreview: false });
    await core.desk.type(client, { chat: { conversation: id }, active: true, text: 'I would like' });
    expect(typed()).toEqual([[], [], []]);
    await core.desk.type(client, { chat: { conversation: id }, active: false });
    expect(typed()).toEqual([[[false, undefined]], [[false, undefined]], [[false, undefined]]]);
    expect(await refusalOf(core.desk.type(stranger, { chat: { conversation: id }, active: true }))).toBe('not_found');
    expect(await refusalOf(core.desk.type(client, { chat: { conversation: id }, active: true, text: 'x'.repeat(5_000) }))).toBe(
      'too_large',
    );
  });

  test('users come with their first session and have gone some time after the last', async () => {
    const core = await openDesk();
    const id = await core.waiting();
    const witness = await core.enter(ANN, 'operator', id);
    const came = () => newsIn(witness.heard, 'room').map(({ user, present }) => [user.id, present]);
    const one = await core.enter(CLIENT, 'user', id);
    await vi.waitFor(() => expect(came()).toContainEqual([CLIENT, true]));
    const two = await core.enter(CLIENT, 'user', id);
    one.close();
    two.close();
    await vi.waitFor(() => expect(came()).toContainEqual([CLIENT, false]));
    expect(came().filter(([user]) => user === CLIENT)).toEqual([
      [CLIENT, true],
      [CLIENT, false],
    ]);
    const conversation = await core.chat.findConversation(client, { conversation: id });
    expect((await core.desk.listPresent(conversation)).map(({ id: user }) => user)).toEqual([ANN]);
  });

  test('marks of another chat, and of strangers, are refused', async () => {
    const core = await openDesk();
    const id = await core.waiting();
    const other = await core.waiting('lk', stranger);
    const message = await core.say(stranger, other, 'x');
    const mark = (actor: typeof client) => core.desk.mark(actor, { chat: { conversation: id }, cursor: 'read', message });
    expect([await refusalOf(mark(client)), await refusalOf(mark(ann)), await refusalOf(mark(stranger))]).toEqual([
      'not_found',
      'not_found',
      'not_found',
    ]);
    expect(await refusalOf(core.chat.leaveConversation(client, id))).toBe('failed_precondition');
    expect(await refusalOf(core.desk.take(ann, { conversation: STRANGER }))).toBe('not_found');
  });
});
