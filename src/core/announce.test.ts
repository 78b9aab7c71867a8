import { describe, expect, test } from 'vitest';
import { deliveriesOf } from './announce.ts';
import type { Conversation, ConversationKind, Message } from './model.ts';
import type { Change, CursorMove, Operation, Success } from './ports.ts';

const origin = { door: 'test', session: 7 };
const conversation: Conversation = {
  id: 10,
  namespace: 'default',
  kind: 'group',
  name: '',
  notice: '',
  creator: 1,
  createdAt: 0,
  version: 1,
};
const message: Message = {
  id: 5,
  conversation: 10,
  index: 3,
  sender: 1,
  state: 'sent',
  sentAt: 0,
  content: { kind: 'text', text: 'x' },
};
const edit: Operation = { type: 'edit', message: 5, user: 1, content: { kind: 'text', text: 'x' }, origin };

function told(operation: Operation, outcome: Success): string[] {
  return deliveriesOf(operation, outcome, 3).map((delivery) =>
    'change' in delivery ? `${delivery.type} ${delivery.change}` : delivery.type,
  );
}

describe('what is told of', () => {
  const append: Operation = {
    type: 'append',
    namespace: 'default',
    sender: 1,
    conversation: 10,
    peer: 0,
    version: 1,
    content: { kind: 'text', text: 'x' },
    origin,
  };
  const appended = { type: 'append', conversation, message, duplicate: false, created: false } as const;

  test('a message: once, after the conversation it made', () => {
    expect(told(append, appended)).toEqual(['message']);
    expect(told(append, { ...appended, created: true })).toEqual(['conversation created', 'message']);
    expect(told(append, { ...appended, duplicate: true })).toEqual([]);
    expect(deliveriesOf(append, appended, 3)).toEqual([{ type: 'message', conversation, message, senderName: '', from: 7 }]);
  });

  test('changes: those that changed something', () => {
    const change: Change = { id: 9, conversation, message, changed: true };
    expect(told(edit, { type: 'edit', ...change })).toEqual(['change edited']);
    expect(told(edit, { type: 'edit', ...change, changed: false })).toEqual([]);
    expect(told({ type: 'recall', message: 5, user: 1, origin }, { type: 'recall', ...change })).toEqual(['change recalled']);
    const expire: Operation = { type: 'expire', now: 0, limit: 5 };
    expect(told(expire, { type: 'expire', changes: [change, { ...change, changed: false }, change], more: true })).toEqual([
      'change expired',
      'change expired',
    ]);
    expect(deliveriesOf(expire, { type: 'expire', changes: [change], more: false }, 3)).toMatchObject([
      { user: 0, from: 0, id: 9 },
    ]);
  });

  test.each<[ConversationKind, number, boolean]>([
    ['private', 2, true],
    ['support', 9, true],
    ['group', 3, true],
    ['group', 4, false],
    ['channel', 2, false],
  ])('a cursor in a %s of %i: to everybody is %s', (kind, members, everybody) => {
    const membership = { conversation: 10, user: 2, role: 'member', joinedAt: 0, deliveredIndex: 8, readIndex: 6 } as const;
    const move: CursorMove = {
      cursor: 'read',
      id: 9,
      conversation: { ...conversation, kind },
      membership,
      message: 5,
      members,
      moved: true,
    };
    const operation: Operation = { type: 'cursor', cursor: 'read', conversation: 10, user: 2, upTo: 5, countMembers: 4, origin };
    expect(deliveriesOf(operation, { type: 'cursor', ...move }, 3)).toMatchObject([
      { type: 'read', id: 9, user: 2, index: 6, message: 5, everybody, from: 7 },
    ]);
    const delivered: CursorMove = { ...move, cursor: 'delivered' };
    expect(deliveriesOf(operation, { type: 'deliver', moves: [delivered, { ...delivered, moved: false }] }, 3)).toMatchObject([
      { type: 'delivered', index: 8, everybody },
    ]);
    expect(told(operation, { type: 'cursor', ...move, moved: false })).toEqual([]);
  });

  test('a conversation and its members: as they are, and nothing where nothing changed', () => {
    expect(told(edit, { type: 'create', conversation, members: [] })).toEqual(['conversation created', 'members']);
    expect(told(edit, { type: 'update', conversation })).toEqual(['conversation changed']);
    expect(told(edit, { type: 'delete', conversation })).toEqual(['conversation deleted']);
    expect(told(edit, { type: 'members', conversation, added: [], removed: [], memberships: [] })).toEqual([]);
    expect(told(edit, { type: 'members', conversation, added: [], removed: [4], memberships: [] })).toEqual(['members']);
  });

  test.each<Success>([
    { type: 'trim', removed: 5 },
    { type: 'block', namespace: 'default', user: 1, changed: true },
    { type: 'api-token-delete', name: 'x', deleted: true },
    { type: 'user', created: true, user: { namespace: 'default', id: 1, role: 'user', name: '', createdAt: 0 } },
    { type: 'revoke', revocation: { namespace: 'default', user: 1, before: 0, until: 0 } },
    { type: 'api-token', token: { name: 'x', hash: '', scopes: [], createdAt: 0 } },
  ])('$type: nothing', (outcome) => {
    expect(told(edit, outcome)).toEqual([]);
  });
});
