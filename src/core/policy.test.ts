import { describe, expect, test } from 'vitest';
import { actorFor } from '../../test/support/core.ts';
import type { Access } from './directory.ts';
import { ChatError } from './errors.ts';
import { CONVERSATION_KINDS } from './model.ts';
import type { Actor, Conversation, ConversationKind, MemberRole, Message, Role } from './model.ts';
import {
  checkCreate,
  checkDelete,
  checkEdit,
  checkLookUp,
  checkManage,
  checkRead,
  checkRecall,
  checkRoleChange,
  checkSend,
  kindsFor,
  tellsEverybody,
  writersOf,
} from './policy.ts';

/** Relation to a conversation, by first letter: nobody in it, member, admin, owner. */
const RELATIONS = { n: undefined, m: 'member', a: 'admin', o: 'owner' } as const;
type Relation = keyof typeof RELATIONS;

/** An answer, by first letter: yes, missing (not_found), denied (permission_denied). */
type Answer = 'y' | 'm' | 'd';

function conversation(kind: ConversationKind): Conversation {
  const peers = kind === 'private' ? { peers: [1, 2] as const } : {};
  return { id: 10, namespace: 'default', kind, name: '', notice: '', creator: 1, createdAt: 0, version: 1, ...peers };
}

function access(kind: ConversationKind, relation: Relation, blocked = false): Access {
  const role = RELATIONS[relation];
  const peer = kind === 'private' ? { peer: { namespace: 'default', id: 2, role: 'user' as const, name: '', createdAt: 0 } } : {};
  return { conversation: conversation(kind), ...(role && { role }), blocked, ...peer };
}

const user = actorFor(1);
const server = actorFor(1, { server: true });
const as = (role: Role): Actor => actorFor(1, { role });

function answered(check: () => unknown): Answer {
  try {
    check();
    return 'y';
  } catch (thrown) {
    if (thrown instanceof ChatError && thrown.code === 'not_found') return 'm';
    if (thrown instanceof ChatError && thrown.code === 'permission_denied') return 'd';
    throw thrown;
  }
}

/** Answers to nobody, member, admin and owner in turn. */
function row(check: (relation: Relation) => unknown): string {
  return (['n', 'm', 'a', 'o'] as const).map((relation) => answered(() => check(relation))).join('');
}

/** Who may do what, to nobody, member, admin and owner of a conversation of each kind. A private conversation is nobody's who is not in it. */
const MATRIX: readonly [
  what: string,
  check: (actor: Actor, access: Access) => unknown,
  rows: Record<string, Record<Exclude<ConversationKind, 'private'>, string>>,
][] = [
  [
    'send',
    checkSend,
    {
      user: { group: 'myyy', channel: 'mdyy', room: 'yyyy', support: 'myyy' },
      operator: { group: 'myyy', channel: 'mdyy', room: 'yyyy', support: 'myyy' },
      bot: { group: 'myyy', channel: 'mdyy', room: 'yyyy', support: 'myyy' },
      guest: { group: 'mddd', channel: 'mddd', room: 'dddd', support: 'mddd' },
      server: { group: 'yyyy', channel: 'yyyy', room: 'yyyy', support: 'yyyy' },
    },
  ],
  [
    'read',
    checkRead,
    {
      user: { group: 'myyy', channel: 'myyy', room: 'yyyy', support: 'myyy' },
      guest: { group: 'mmmm', channel: 'mmmm', room: 'yyyy', support: 'mmmm' },
      server: { group: 'yyyy', channel: 'yyyy', room: 'yyyy', support: 'yyyy' },
    },
  ],
  [
    'manage',
    checkManage,
    {
      user: { group: 'mdyy', channel: 'mdyy', room: 'ddyy', support: 'mdyy' },
      server: { group: 'yyyy', channel: 'yyyy', room: 'yyyy', support: 'yyyy' },
    },
  ],
  [
    'delete',
    checkDelete,
    {
      user: { group: 'mddy', channel: 'mddy', room: 'dddy', support: 'mddy' },
      server: { group: 'yyyy', channel: 'yyyy', room: 'yyyy', support: 'yyyy' },
    },
  ],
];

describe.each(MATRIX)('%s', (_, check, rows) => {
  test.each(Object.entries(rows))('as a %s', (name, kinds) => {
    const actor = name === 'server' ? server : as(name as Role);
    for (const [kind, expected] of Object.entries(kinds)) {
      const found = row((relation) => check(actor, access(kind as ConversationKind, relation)));
      expect(`${kind} ${found}`).toBe(`${kind} ${expected}`);
    }
  });
});

describe('what is missing', () => {
  test.each([
    ['send', checkSend],
    ['read', checkRead],
    ['manage', checkManage],
    ['delete', checkDelete],
  ])('answers to %s as what is not the caller’s', (_, check) => {
    for (const actor of [user, as('guest'), as('operator')]) {
      const missing = refusal(() => check(actor, { blocked: false }));
      expect(missing?.code).toBe('not_found');
      const foreign = refusal(() => check(actor, access('group', 'n')));
      expect([foreign?.code, foreign?.message]).toEqual([missing?.code, missing?.message]);
    }
    expect(refusal(() => check(server, { blocked: false }))?.code).toBe('not_found');
  });
});

describe('private conversations', () => {
  const peer = { namespace: 'default', id: 2, role: 'user' as const, name: '', createdAt: 0 };

  test('are written to from the first message on, unless the other does not want it', () => {
    expect(answered(() => checkSend(user, access('private', 'm')))).toBe('y');
    expect(answered(() => checkSend(user, { role: 'member', peer, blocked: false }))).toBe('y');
    expect(answered(() => checkSend(user, access('private', 'm', true)))).toBe('d');
    expect(answered(() => checkSend(user, { role: 'member', peer, blocked: true }))).toBe('d');
    expect(answered(() => checkSend(server, access('private', 'm', true)))).toBe('d');
    expect(answered(() => checkSend(as('guest'), access('private', 'm')))).toBe('d');
  });

  test('have nothing to manage or delete', () => {
    expect(answered(() => checkManage(user, access('private', 'm')))).toBe('d');
    expect(answered(() => checkManage(server, access('private', 'm')))).toBe('d');
    expect(answered(() => checkDelete(user, access('private', 'm')))).toBe('d');
    expect(answered(() => checkDelete(server, access('private', 'm')))).toBe('y');
  });
});

describe('roles', () => {
  test.each<[MemberRole, string]>([
    ['member', 'yyyy'],
    ['admin', 'dddy'],
    ['owner', 'dddy'],
  ])('%s is given and taken away by owners alone, a plain membership by whoever manages', (role, expected) => {
    expect(row((relation) => checkRoleChange(user, access('group', relation), role))).toBe(expected);
    expect(row((relation) => checkRoleChange(server, access('group', relation), role))).toBe('yyyy');
  });

  test('whoever may write by a role is one whom the store lets write', () => {
    for (const kind of CONVERSATION_KINDS) {
      const writers = writersOf(user, kind);
      for (const relation of ['n', 'm', 'a', 'o'] as const) {
        const role = RELATIONS[relation];
        if (kind === 'private' && relation !== 'm') continue;
        const stored = writers === 'anyone' || (role !== undefined && writers.includes(role));
        expect([kind, relation, stored ? 'y' : 'no']).toEqual([
          kind,
          relation,
          answered(() => checkSend(user, access(kind, relation))) === 'y' ? 'y' : 'no',
        ]);
      }
      expect(writersOf(server, kind)).toBe('anyone');
    }
  });
});

describe('changing a message', () => {
  const message: Message = {
    id: 5,
    conversation: 10,
    index: 1,
    sender: 1,
    state: 'sent',
    sentAt: 1_000,
    content: { kind: 'text', text: 'x' },
  };
  const code = (actor: Actor, found: Access, window: number, now: number, check: typeof checkEdit = checkRecall) =>
    refusal(() => check(actor, found, message, window, now))?.code ?? 'fine';
  const editing = (actor: Actor, found: Access) => code(actor, found, 0, 1_000, checkEdit);

  test('takes the right to send as well where it is edited, with the same refusals', () => {
    expect(editing(user, access('group', 'm'))).toBe('fine');
    for (const [actor, found] of [
      [user, access('private', 'm', true)],
      [user, access('channel', 'm')],
      [as('guest'), access('room', 'n')],
      [user, access('group', 'n')],
      [server, access('private', 'm', true)],
    ] as const) {
      const [edit, send] = [refusal(() => checkEdit(actor, found, message, 0, 1_000)), refusal(() => checkSend(actor, found))];
      expect(edit?.code).toMatch(/permission_denied|not_found/);
      expect([edit?.code, edit?.message]).toEqual([send?.code, send?.message]);
    }
  });

  test('by taking it back is for whoever may still read', () => {
    for (const found of [access('private', 'm', true), access('channel', 'm'), access('group', 'm')])
      expect(code(user, found, 0, 1_000)).toBe('fine');
    expect(code(as('guest'), access('room', 'n'), 0, 1_000)).toBe('fine');
  });

  test.each([checkEdit, checkRecall])('is for its sender, while in the conversation, within the window: %o', (check) => {
    const code = (actor: Actor, found: Access, window: number, now: number) =>
      refusal(() => check(actor, found, message, window, now))?.code ?? 'fine';
    const mine = access('group', 'm');
    expect(code(user, mine, 500, 1_500)).toBe('fine');
    expect(code(user, mine, 500, 1_501)).toBe('failed_precondition');
    expect(code(user, mine, 0, 1e15)).toBe('fine');
    expect(code(user, access('group', 'n'), 0, 1_000)).toBe('not_found');
    expect(code(actorFor(2), access('group', 'o'), 0, 1_000)).toBe('permission_denied');
    expect(code(actorFor(2), access('group', 'n'), 0, 1_000)).toBe('not_found');
  });

  test('is for back ends always', () => {
    expect(code(actorFor(2, { server: true }), access('group', 'n'), 500, 9_999)).toBe('fine');
    expect(code(actorFor(0, { server: true }), { blocked: false }, 500, 9_999)).toBe('not_found');
  });
});

describe('guests', () => {
  const kinds = CONVERSATION_KINDS;

  test('hear rooms and nothing else; back ends that act for one hear all', () => {
    expect(kindsFor(as('guest'), kinds)).toEqual(['room']);
    expect(kindsFor(actorFor(1, { role: 'guest', server: true }), kinds)).toEqual(kinds);
    expect(kindsFor(user, kinds)).toEqual(kinds);
  });

  test('look up themselves and nobody else', () => {
    const may = (actor: Actor, whom?: number) => answered(() => checkLookUp(actor, whom));
    expect([may(as('guest'), 1), may(as('guest'), 2), may(as('guest'))]).toEqual(['y', 'd', 'd']);
    expect([may(user, 2), may(user), may(actorFor(1, { role: 'guest', server: true }))]).toEqual(['y', 'y', 'y']);
  });
});

test('users create groups, channels and rooms, guests nothing, back ends support as well', () => {
  const may = (actor: Actor) =>
    (['group', 'channel', 'room', 'support'] as const).map((kind) => answered(() => checkCreate(actor, kind)));
  expect(may(user)).toEqual(['y', 'y', 'y', 'd']);
  expect(may(as('operator'))).toEqual(['y', 'y', 'y', 'd']);
  expect(may(as('guest'))).toEqual(['d', 'd', 'd', 'd']);
  expect(may(server)).toEqual(['y', 'y', 'y', 'y']);
});

test('all are told who has read what in private and support conversations and in small groups', () => {
  const told = (kind: ConversationKind, members: number) => tellsEverybody(kind, members, 10);
  expect([
    told('private', 2),
    told('support', 99),
    told('group', 10),
    told('group', 11),
    told('channel', 2),
    told('room', 1),
  ]).toEqual([true, true, true, false, false, false]);
});

function refusal(check: () => unknown): ChatError | undefined {
  try {
    check();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ChatError) return thrown;
    throw thrown;
  }
}
