/**
 * What the management interface answers (wire.md section 5): one schema each, from which come the TypeScript type and the OpenAPI
 * document. What it is asked is in requests.ts.
 *
 * Ids are decimal strings, times are RFC 3339 in UTC, an absent member is left out.
 */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ALICE, BOB, HELLO, MOMENT, NAMESPACE_PATTERN, TEAM, count, createComponents, id, next, time } from '../../api/index.ts';

const optional = Type.Optional;

// ---- Shared parts: components of the document --------------------------------------------------------------------------------------

const { component, components } = createComponents();

const KINDS = ['private', 'group', 'channel', 'room', 'support'] as const;
export const ROLES = ['user', 'operator', 'bot', 'guest'] as const;
const MEMBER_ROLES = ['owner', 'admin', 'member'] as const;
export const MESSAGE_TYPES = ['text', 'audio', 'sticker', 'photo', 'video', 'gif', 'file', 'location', 'contact'] as const;

export const MemberRole = Type.Enum([...MEMBER_ROLES], { description: 'Rights in the conversation, strongest first.' });

export const Member = component(
  'Member',
  'A user in a conversation.',
  Type.Object({ userId: id('The user.', ALICE), role: MemberRole }),
  { userId: ALICE, role: 'owner' },
);
export type Member = Static<typeof Member>;

export const contentMembers = {
  text: optional(
    Type.String({ description: 'Words: of a text, of a sticker or contact that is words, and the caption of a resource.' }),
  ),
  resource: optional(
    Type.Object(
      {
        url: Type.String({ description: 'Where it is: a link to an uploaded file, good for a while, or an address elsewhere.' }),
        thumbnail: optional(Type.String({ description: 'Where a small picture of it is.' })),
        name: optional(Type.String({ description: 'What people see; an uploaded file has its own.' })),
      },
      { description: 'A file: of audio, photo, video, gif, file, and of a sticker or contact that is one.' },
    ),
  ),
  location: optional(
    Type.Object({ latitude: Type.Number(), longitude: Type.Number() }, { description: 'Degrees, WGS 84: of a location.' }),
  ),
};

const MessageType = Type.Enum([...MESSAGE_TYPES], { description: 'What the message is made of.' });

export const Message = component(
  'Message',
  'A message. Its id and its place never change; its content may be edited, recalled or expire.',
  Type.Object({
    id: id('Grows with time, over all conversations.', HELLO),
    conversationId: id('Where it was said.', TEAM),
    index: Type.Integer({ minimum: 1, description: 'Place in the conversation: dense, from 1.' }),
    senderId: id('Who said it.', ALICE),
    state: Type.Enum(['sent', 'recalled', 'expired'], {
      description: 'Recalled and expired messages keep their place and have no content.',
    }),
    type: optional(MessageType),
    ...contentMembers,
    sentAt: time('When it was stored.'),
    editedAt: optional(time('When its content was last replaced.')),
    expiresAt: optional(time('When its content is erased.')),
  }),
  { id: HELLO, conversationId: TEAM, index: 1, senderId: ALICE, state: 'sent', type: 'text', text: 'Hello', sentAt: MOMENT },
);
export type Message = Static<typeof Message>;

const conversationMembers = {
  id: id('The conversation.', TEAM),
  kind: Type.Enum([...KINDS], {
    description:
      'private: two users. group: members, all write. channel: few write, many follow. room: one is in while connected. support: a client and operators.',
  }),
  name: Type.String({ description: 'What people see; empty for a private conversation.' }),
  notice: Type.String({ description: 'A longer text at its top; may be empty.' }),
  picture: optional(Type.String({ description: 'A link to its picture; one to an uploaded file is good for a while.' })),
  createdAt: time('When it was created.'),
};

export const Conversation = component(
  'Conversation',
  'A conversation and who is in it.',
  Type.Object({
    ...conversationMembers,
    creatorId: optional(id('Who created it; absent when a back end did, for nobody.', ALICE)),
    members: Type.Array(Member, { description: 'By user id, a thousand at the most; none in a room.' }),
    moreMembers: Type.Boolean({ description: 'There are more than these: GET /api/conversations/{id}/members has all.' }),
  }),
  {
    id: TEAM,
    kind: 'group',
    name: 'Team',
    notice: '',
    createdAt: MOMENT,
    creatorId: ALICE,
    members: [
      { userId: ALICE, role: 'owner' },
      { userId: BOB, role: 'member' },
    ],
    moreMembers: false,
  },
);
export type Conversation = Static<typeof Conversation>;

const cursorMembers = {
  unreadCount: count('Messages by others after the read cursor: exact.'),
  lastIndex: count('Index of the newest message; 0 before the first.'),
  readIndex: count('Read up to and including this index.'),
  deliveredIndex: count('Received up to and including this index.'),
};
const cursorExample = { unreadCount: 1, lastIndex: 4, readIndex: 3, deliveredIndex: 4 };

export const Cursors = component(
  'Cursors',
  'How far a member has come in a conversation.',
  Type.Object({ conversationId: id('The conversation.', TEAM), ...cursorMembers }),
  { conversationId: TEAM, ...cursorExample },
);
export type Cursors = Static<typeof Cursors>;

export const ConversationSummary = component(
  'ConversationSummary',
  'A conversation as its member sees it in a list.',
  Type.Object({
    ...conversationMembers,
    peerId: optional(id('The other user of a private conversation.', BOB)),
    role: MemberRole,
    joinedAt: time('When the member came in.'),
    ...cursorMembers,
    lastMessage: optional(Message),
  }),
  {
    id: TEAM,
    kind: 'group',
    name: 'Team',
    notice: '',
    createdAt: MOMENT,
    role: 'member',
    joinedAt: MOMENT,
    ...cursorExample,
    lastMessage: {
      id: HELLO,
      conversationId: TEAM,
      index: 4,
      senderId: ALICE,
      state: 'sent',
      type: 'text',
      text: 'Hello',
      sentAt: MOMENT,
    },
  },
);
export type ConversationSummary = Static<typeof ConversationSummary>;

export const User = component(
  'User',
  'An account. It appears with its first valid token, or by signing up.',
  Type.Object({
    id: id('Unique in its namespace.', ALICE),
    name: Type.String({ description: 'What people see; may be empty.' }),
    username: optional(Type.String({ description: 'Sign-in name of a built-in account.' })),
    profilePic: optional(
      Type.String({ description: 'A link to their picture; good for a while when the picture is a file of ours.' }),
    ),
    externalId: optional(
      Type.String({ description: 'The sub of an account system with ids of its own; told to back ends only.' }),
    ),
    role: Type.Enum([...ROLES]),
    online: optional(
      Type.Boolean({
        description:
          'Connected, or was seconds ago. Told, as lastSeenAt, to back ends and to who is in a private, group or support conversation with them.',
      }),
    ),
    lastSeenAt: optional(time('When the last connection ended.')),
    createdAt: time('When the account appeared.'),
  }),
  { id: ALICE, name: 'Alice', username: 'alice', role: 'user', online: true, lastSeenAt: MOMENT, createdAt: MOMENT },
);
export type User = Static<typeof User>;

export const Session = component(
  'Session',
  'A live connection of a user.',
  Type.Object({
    id: id('The session; also the unique_id of InnerChat.', '489204140204032'),
    userId: id('Whose it is.', ALICE),
    door: Type.String({ description: 'The interface it speaks.' }),
    codec: Type.String({ description: 'How it is written to.' }),
    address: Type.String({ description: 'Where it comes from.' }),
    openedAt: time('When it was accepted.'),
  }),
  { id: '489204140204032', userId: ALICE, door: 'stream', codec: 'json', address: '127.0.0.1', openedAt: MOMENT },
);
export type Session = Static<typeof Session>;

export const apiTokenMembers = {
  name: Type.String({ description: 'How it is called in lists and logs.', examples: ['billing'] }),
  scopes: Type.Array(Type.String(), {
    description:
      'What it may do: admin (everything), users, conversations, messages, sessions, tokens, deliver, events, moderation.',
  }),
  namespace: optional(Type.String({ pattern: NAMESPACE_PATTERN, description: 'The only namespace it may act in; absent: all.' })),
};

export const ApiToken = component(
  'ApiToken',
  'A token of a back end, without its secret.',
  Type.Object({ ...apiTokenMembers, createdAt: time('When it was made, or the server started that was configured with it.') }),
  { name: 'billing', scopes: ['messages', 'users'], namespace: 'default', createdAt: MOMENT },
);
export type ApiToken = Static<typeof ApiToken>;

// ---- Answers -----------------------------------------------------------------------------------------------------------------------

export const SignedIn = component(
  'SignedIn',
  'A user token and whom it is for.',
  Type.Object({
    token: Type.String({ description: 'For `Authorization: Bearer`.' }),
    expiresAt: time('When the token ends.'),
    user: Type.Object({
      id: id('The user.', ALICE),
      username: Type.String(),
      name: Type.String(),
      profilePic: optional(Type.String({ description: 'A link to their picture.' })),
    }),
  }),
  { token: 'eyJhbGciOiJIUzI1NiJ9.e30.…', expiresAt: MOMENT, user: { id: ALICE, username: 'alice', name: 'Alice' } },
);

export const UserToken = component(
  'UserToken',
  'A user token.',
  Type.Object({ token: Type.String(), expiresAt: time('When the token ends.') }),
  { token: 'eyJhbGciOiJIUzI1NiJ9.e30.…', expiresAt: MOMENT },
);

export const Ticket = component(
  'Ticket',
  'Good once, as query parameter `ticket` of any WebSocket.',
  Type.Object({ ticket: Type.String(), expiresAt: time('30 s from now.') }),
  { ticket: 'q0Zr9mZ3…', expiresAt: MOMENT },
);

export const NewApiToken = component(
  'NewApiToken',
  'A token of a back end. Its secret is told this once and kept nowhere.',
  Type.Object({
    ...apiTokenMembers,
    createdAt: time('Now.'),
    secret: Type.String({ description: 'For the header Api-Token.' }),
  }),
  { name: 'billing', scopes: ['messages', 'users'], createdAt: MOMENT, secret: 'x9nq…' },
);

export const Conversations = component(
  'Conversations',
  'Most recently active first.',
  Type.Object({ conversations: Type.Array(ConversationSummary), next }),
  { conversations: [], next: HELLO },
);

export const MemberPage = component('MemberPage', 'Members by user id.', Type.Object({ members: Type.Array(Member), next }), {
  members: [{ userId: ALICE, role: 'owner' }],
});

export const MembersChanged = component(
  'MembersChanged',
  'What the call has changed; who was a member with that role already is not in it.',
  Type.Object({ added: Type.Array(Member), removed: Type.Array(id('A user.', BOB)) }),
  { added: [{ userId: BOB, role: 'member' }], removed: [] },
);

export const History = component(
  'History',
  'A page of messages, ascending.',
  Type.Object({
    messages: Type.Array(Message),
    more: Type.Boolean({ description: 'There is more in the direction asked for.' }),
    moreBefore: Type.Boolean({ description: 'There are older ones.' }),
    moreAfter: Type.Boolean({ description: 'There are newer ones.' }),
  }),
  { messages: [], more: false, moreBefore: false, moreAfter: false },
);

export const Revisions = component(
  'Revisions',
  'Earlier contents of a message, oldest first.',
  Type.Object({
    revisions: Type.Array(
      Type.Object({ type: MessageType, ...contentMembers, replacedAt: time('When it was replaced by the next.') }),
    ),
    next,
  }),
  { revisions: [{ type: 'text', text: 'Helo', replacedAt: MOMENT }] },
);
export type Revisions = Static<typeof Revisions>;

export const Users = component('Users', 'By user id.', Type.Object({ users: Type.Array(User) }), { users: [] });

export const Blocks = component(
  'Blocks',
  'Whose private messages the user does not want, by user id.',
  Type.Object({ userIds: Type.Array(id('A user.', BOB)), next }),
  { userIds: [BOB] },
);

export const Sessions = component(
  'Sessions',
  'Live connections by session id.',
  Type.Object({ sessions: Type.Array(Session), next }),
  { sessions: [] },
);

export const ApiTokens = component(
  'ApiTokens',
  'Tokens of back ends, configured and made.',
  Type.Object({ apiTokens: Type.Array(ApiToken) }),
  { apiTokens: [] },
);

export const Erasure = component(
  'Erasure',
  'The erasure of a person.',
  Type.Object({
    userId: id('Who is erased; the id stays, so that what others said keeps its place.', ALICE),
    state: Type.Enum(['running', 'done'], { description: 'Name and sign-in are gone from the start; done: everything is.' }),
    startedAt: time('When it was asked for.'),
    finishedAt: optional(time('When nothing was left.')),
  }),
  { userId: ALICE, state: 'running', startedAt: MOMENT },
);
export type Erasure = Static<typeof Erasure>;

export const retentionMembers = {
  namespace: optional(Type.String({ pattern: NAMESPACE_PATTERN, description: 'Only there; absent: everywhere.' })),
  kind: optional(Type.Enum([...KINDS], { description: 'Only conversations of this kind; absent: all.' })),
  keepSeconds: Type.Integer({ minimum: 1, maximum: 3_153_600_000, description: 'How long messages are kept.' }),
};

export const Retention = component(
  'Retention',
  'What is older than the rules let it get, the narrower rule before the wider.',
  Type.Object({
    dryRun: Type.Boolean({ description: 'Nothing was removed.' }),
    rules: Type.Array(
      Type.Object({
        ...retentionMembers,
        conversations: count('Conversations in which something goes.'),
        messages: count('Messages that go.'),
        files: count('Files in those messages.'),
        bytes: count('Bytes of those files.'),
      }),
    ),
  }),
  {
    dryRun: true,
    rules: [{ kind: 'channel', keepSeconds: 31_536_000, conversations: 2, messages: 1_500, files: 12, bytes: 4_194_304 }],
  },
);
export type Retention = Static<typeof Retention>;

/** All components, to be registered under their `$id`. */
export const COMPONENTS: readonly object[] = components;
