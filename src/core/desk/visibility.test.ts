/**
 * Who learns of notes and system messages: for each of them, everybody who could have a part in a support chat, and every way in which the core
 * tells anything. What must not be seen is looked for by its words, by its id and by the counts it would move.
 */
import { describe, expect, it } from 'vitest';
import {
  ANN,
  BEN,
  BOT,
  CLIENT,
  STRANGER,
  ann,
  backEnd,
  ben,
  bot,
  client,
  openDesk,
  stranger,
} from '../../../test/support/desk.ts';
import type { TestDesk } from '../../../test/support/desk.ts';
import { LISTED_KINDS, actorFor, refusalOf, textsIn } from '../../../test/support/core.ts';
import type { RecordingSession } from '../../../test/support/core.ts';
import type { Actor, Id, Role } from '../index.ts';

const UUID = 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de';
const SECRET = 'Secret words';

interface Hidden {
  readonly name: string;
  readonly type: string;
  readonly typeRole?: string;
  /** Roles that see it. */
  readonly seenBy: readonly Role[];
}

const HIDDEN: readonly Hidden[] = [
  { name: 'a note', type: 'note', seenBy: ['operator'] },
  { name: 'a note that names users', type: 'note', typeRole: 'user', seenBy: ['operator'] },
  { name: 'a system message for users', type: 'system', typeRole: 'user', seenBy: ['user'] },
  { name: 'a system message for operators', type: 'system', typeRole: 'operator', seenBy: ['operator'] },
  { name: 'a system message for bots', type: 'system', typeRole: 'bot', seenBy: ['bot'] },
  { name: 'a system message for nobody we know', type: 'system', typeRole: 'supervisor', seenBy: [] },
];

const PEOPLE: readonly { readonly name: string; readonly actor: Actor; readonly inChat: boolean }[] = [
  { name: 'the client', actor: client, inChat: true },
  { name: 'the operator', actor: ann, inChat: true },
  { name: 'an operator who is no member', actor: ben, inChat: true },
  { name: 'a bot that is a member', actor: bot, inChat: true },
  { name: 'a stranger', actor: stranger, inChat: false },
  { name: 'a guest', actor: actorFor(STRANGER, { role: 'guest' }), inChat: false },
  { name: 'a back end on behalf of the client', actor: { ...client, server: true }, inChat: true },
];

interface Scene {
  readonly desk: TestDesk;
  readonly chat: Id;
  readonly hidden: Id;
  /** Sessions as other doors open them, by user. */
  readonly elsewhere: ReadonlyMap<Id, RecordingSession>;
  /** Sessions in the chat, by user. */
  readonly inside: ReadonlyMap<Id, RecordingSession>;
  readonly board: RecordingSession;
}

/** A chat with a client, an operator and a bot, in which all but the last word are public. */
async function scene({ type, typeRole }: Hidden): Promise<Scene> {
  const desk = await openDesk();
  const people = { id: CLIENT, person: {} };
  const found = await desk.desk.supplyChat(backEnd, {
    uuid: UUID,
    source: 'lk',
    client: people,
    operator: { id: ANN, person: {} },
  });
  const chat = found.conversation.id;
  await desk.chat.changeMembers(backEnd, chat, { add: [{ user: BOT }], remove: [] });
  await desk.say(client, chat, 'Hello?');
  const users: readonly (readonly [Id, Role])[] = [
    [CLIENT, 'user'],
    [ANN, 'operator'],
    [BEN, 'operator'],
    [BOT, 'bot'],
  ];
  const elsewhere = new Map<Id, RecordingSession>();
  const inside = new Map<Id, RecordingSession>();
  for (const [user, role] of users) {
    elsewhere.set(user, await desk.connect(user, { actor: { role } }));
    inside.set(user, await desk.enter(user, role, chat));
  }
  const board = await desk.attend(BEN);
  for (const session of [...elsewhere.values(), ...inside.values(), board]) session.take();
  const { message } = await desk.desk.supplyMessage(backEnd, {
    chat: { uuid: UUID },
    id: 99,
    type,
    ...(typeRole !== undefined && { typeRole }),
    text: SECRET,
    attachments: [],
    user: { id: ANN, person: {} },
  });
  await desk.desk.supplyMessageUpdate(backEnd, { id: 99, text: `${SECRET}!` });
  return { desk, chat, hidden: message.id, elsewhere, inside, board };
}

describe.each(HIDDEN)('$name', (hidden) => {
  const mayHear = (role: Role): boolean => hidden.seenBy.includes(role);

  it('is heard in the chat by those it is for, and nowhere else by anybody', async () => {
    const { elsewhere, inside, board } = await scene(hidden);
    for (const [user, session] of inside) {
      const heard = session.take();
      expect([user, textsIn(heard)]).toEqual([user, mayHear(session.actor.role) ? [SECRET] : []]);
      expect([user, heard.some(({ type }) => type === 'change')]).toEqual([user, mayHear(session.actor.role)]);
    }
    for (const session of [...elsewhere.values(), board]) expect(JSON.stringify(session.heard)).not.toContain(SECRET);
    for (const session of elsewhere.values()) expect(session.take()).toEqual([]);
  });

  it.each(PEOPLE)('is read by $name only when it is for them', async ({ actor, inChat }) => {
    const { desk, chat } = await scene(hidden);
    const ref = { conversation: chat };
    if (!inChat) {
      expect(await refusalOf(desk.desk.readHistory(actor, ref, { limit: 10 }))).toBe('not_found');
      expect(await refusalOf(desk.desk.resume(actor, ref, 0))).toBe('not_found');
      expect(await refusalOf(desk.desk.readWhole(actor, ref, 10))).toBe('not_found');
      return;
    }
    const seen = mayHear(actor.role) ? [`${SECRET}!`] : [];
    const textsOf = (messages: readonly { content?: { text?: string | undefined } | undefined }[]) =>
      messages.map(({ content }) => content?.text);
    for (const query of [{ limit: 10 }, { after: 0, limit: 10 }, { around: Number.MAX_SAFE_INTEGER, limit: 10 }]) {
      const page = await desk.desk.readHistory(actor, ref, query);
      expect(textsOf(page.messages)).toEqual(['Hello?', ...seen]);
      expect([page.moreBefore, page.moreAfter]).toEqual([false, false]);
    }
    const { entries } = await desk.desk.resume(actor, ref, 0);
    expect(textsOf(entries.flatMap((entry) => (entry.type === 'message' ? [entry.message] : [])))).toEqual(['Hello?', ...seen]);
    expect(entries.filter(({ type }) => type === 'change')).toHaveLength(seen.length);
    expect(textsOf((await desk.desk.readWhole(actor, ref, 10)).messages)).toEqual(['Hello?', ...seen]);
  });

  it.each(PEOPLE)('moves nothing that $name could count, and its id is no handle', async ({ actor, inChat }) => {
    const { desk, chat, hidden: id } = await scene(hidden);
    const { chat: core } = desk;
    const lists = await core.listConversations(actor, 0, 10);
    expect(JSON.stringify(lists)).not.toContain(SECRET);
    for (const summary of lists) expect([summary.head.conversation.id, summary.head.lastIndex]).toEqual([chat, 1]);
    const page = await core.resume(actor, { kinds: LISTED_KINDS, after: 0 });
    expect(JSON.stringify(page.entries)).not.toContain(SECRET);
    const unread = [...(await core.countUnread(chat, [actor.user])).values()];
    // The client's own first word is unread to all other members.
    expect(unread).toEqual(lists.map(() => (actor.user === CLIENT ? 0 : 1)));
    for (const attempt of [
      core.moveCursorToMessage(actor, 'read', id),
      core.editMessage(actor, id, { kind: 'text', text: 'x' }),
      core.recallMessage(actor, id),
      core.listRevisions(actor, id),
    ]) {
      expect(await refusalOf(attempt)).toBe('not_found');
    }
    const stored = await desk.store.message(id);
    const aside = stored?.conversation ?? 0;
    expect(aside).not.toBe(chat);
    expect(await refusalOf(core.findConversation(actor, { conversation: aside }))).toBe('not_found');
    expect(await refusalOf(core.readHistory(actor, { conversation: aside, limit: 10 }))).toBe('not_found');
    expect(await refusalOf(core.resume(actor, { kinds: LISTED_KINDS, after: 0, target: { conversation: aside } }))).toBe(
      'not_found',
    );
    expect(
      await refusalOf(core.sendMessage(actor, { target: { conversation: aside }, content: { kind: 'text', text: 'x' } })),
    ).toBe('not_found');
    expect(await refusalOf(core.setTyping(actor, { conversation: aside }, true))).toBe('not_found');
    const found = await core.searchMessages(actor, { query: 'Secret words', limit: 10 });
    expect(found).toEqual({ messages: [], more: false });
    expect(await refusalOf(core.searchMessages(actor, { query: 'Secret', conversation: aside, limit: 10 }))).toBe('not_found');
    const ref = { conversation: chat };
    if (!mayHear(actor.role) || !inChat) {
      expect(await refusalOf(desk.desk.mark(actor, { chat: ref, cursor: 'read', message: id }))).toBe('not_found');
    }
    expect(await refusalOf(desk.desk.findChat(actor, { conversation: aside }))).toBe('not_found');
  });

  it('is no fact for other systems', async () => {
    const { desk, hidden: id } = await scene(hidden);
    const events = await desk.store.events(0, 100);
    expect(events.some(({ message }) => message === id)).toBe(false);
    expect(JSON.stringify(events)).not.toContain(SECRET);
  });
});
