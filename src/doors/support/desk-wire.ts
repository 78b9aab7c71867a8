/**
 * What the desk answers under `/api/desk` (docs/protocols/desk.md): one schema each, from which come the TypeScript type and the OpenAPI
 * document. What it is asked is in desk-requests.ts. Ids are decimal strings, times are RFC 3339 in UTC, an absent member is left out.
 */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ALICE, BOB, HELLO, MOMENT, count, createComponents, id, next, time } from '../../api/index.ts';

const optional = Type.Optional;

export const CHAT_UUID = 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de';
export const FILE_UUID = '3f439f10-9c19-8bd4-8769-746368626f61';

const { component, components } = createComponents();

export const DeskPerson = component(
  'DeskPerson',
  'Somebody in a support chat.',
  Type.Object({
    id: id('The user.', ALICE),
    role: Type.String({ description: 'user, operator or bot; another word where a back end named one.' }),
    name: Type.String({ description: 'What people see; may be empty.' }),
    avatar: optional(Type.String({ description: 'A picture: a link, good for a while, or an address elsewhere.' })),
    firstname: optional(Type.String()),
    lastname: optional(Type.String()),
    patronymic: optional(Type.String()),
  }),
  { id: ALICE, role: 'user', name: 'Alice' },
);
export type DeskPerson = Static<typeof DeskPerson>;

export const Rating = Type.Object(
  { score: Type.Integer({ minimum: 1, maximum: 5 }), comment: Type.String() },
  { description: 'What the client thinks of it.' },
);

const chatMembers = {
  id: id('The conversation that it is.', '489204140212225'),
  uuid: Type.String({ format: 'uuid', description: 'Its name for clients: ours, or the one that a back end brought.' }),
  source: Type.String({ description: 'The widget it came through; may be empty.' }),
  department: Type.String({ description: 'May be empty.' }),
  status: Type.String({
    description: 'new: nobody has answered. open: an operator has it. closed. Or another word of a back end.',
  }),
  client: optional(DeskPerson),
  operator: optional(DeskPerson),
  lastOperatorId: optional(id('Who had it last.', BOB)),
  queuedAt: optional(time('Since when its client waits for somebody.')),
  takenAt: optional(time('When an operator got it.')),
  closedAt: optional(time('When it was closed.')),
  rating: optional(Rating),
  unread: Type.Boolean({ description: 'The client has written something that no operator has read.' }),
};

const chatExample = {
  id: '489204140212225',
  uuid: CHAT_UUID,
  source: 'lk',
  department: '',
  status: 'new',
  client: { id: ALICE, role: 'user', name: 'Alice' },
  queuedAt: MOMENT,
  unread: true,
};

export const DeskChat = component('DeskChat', 'A support chat.', Type.Object(chatMembers), chatExample);
export type DeskChat = Static<typeof DeskChat>;

export const DeskAttachment = Type.Object(
  {
    uuid: optional(Type.String({ description: 'Of a file of ours.' })),
    type: Type.String({ description: 'image, video, audio or file.' }),
    url: optional(Type.String({ description: 'A link that is good for a while.' })),
    previewUrl: optional(Type.String({ description: 'A smaller picture of an image.' })),
    filename: optional(Type.String()),
    size: optional(count('Bytes.')),
    foreign: optional(Type.Record(Type.String(), Type.Unknown(), { description: 'As a back end brought it, whole.' })),
  },
  { description: 'A file.' },
);
export type DeskAttachment = Static<typeof DeskAttachment>;

export const DeskMessage = component(
  'DeskMessage',
  'A message of a support chat.',
  Type.Object({
    id: id('Grows with time, over all conversations.', HELLO),
    chatId: id('The chat.', '489204140212225'),
    index: Type.Integer({ minimum: 1, description: 'Place among those that stand with it: notes are counted apart.' }),
    type: Type.String({ description: 'standard, system, note or bot; or another word of a back end.' }),
    typeRole: optional(Type.String({ description: 'Of a system message: the role that sees it.' })),
    status: Type.String({ description: 'new, delivered or read by the other side.' }),
    state: Type.Enum(['sent', 'recalled', 'expired']),
    sender: optional(DeskPerson),
    text: Type.String({ description: 'May be empty.' }),
    attachments: Type.Array(DeskAttachment),
    sentAt: time('When it was stored.'),
    editedAt: optional(time('When its content was last replaced.')),
    externalId: optional(Type.Number({ description: 'The id that a back end gave it.' })),
  }),
  {
    id: HELLO,
    chatId: '489204140212225',
    index: 1,
    type: 'standard',
    status: 'new',
    state: 'sent',
    sender: { id: ALICE, role: 'user', name: 'Alice' },
    text: 'Hello',
    attachments: [],
    sentAt: MOMENT,
  },
);
export type DeskMessage = Static<typeof DeskMessage>;

export const DeskChatEntry = component(
  'DeskChatEntry',
  'A support chat in a list.',
  Type.Object({ ...chatMembers, lastMessage: optional(DeskMessage) }),
  chatExample,
);
export type DeskChatEntry = Static<typeof DeskChatEntry>;

export const DeskChats = Type.Object(
  {
    chats: Type.Array(DeskChatEntry),
    total: count('How many the whole list has.'),
    next,
  },
  { description: 'A page of the list.', examples: [{ chats: [chatExample], total: 1 }] },
);
export type DeskChats = Static<typeof DeskChats>;

export const DeskPresent = Type.Object(
  { people: Type.Array(DeskPerson) },
  {
    description: 'Who has the chat open, operators who only look on included.',
    examples: [{ people: [{ id: BOB, role: 'operator', name: 'Bob' }] }],
  },
);

const counts = {
  waiting: count('Nobody has them.'),
  mine: count('I have them, and they are not closed.'),
  open: count('Somebody has them.'),
  closed: count('Closed.'),
  unread: count('Their clients have written something that no operator has read.'),
};

export const DeskCounts = Type.Object(counts, {
  description: 'How many chats I see of each sort: always as many as the lists have.',
  examples: [{ waiting: 3, mine: 2, open: 14, closed: 120, unread: 4 }],
});

export const DeskHistory = Type.Object(
  {
    messages: Type.Array(DeskMessage, { description: 'Ascending.' }),
    moreBefore: Type.Boolean(),
    moreAfter: Type.Boolean(),
  },
  {
    description: 'A page of what was said, as far as I may see it.',
    examples: [{ messages: [], moreBefore: false, moreAfter: false }],
  },
);
export type DeskHistory = Static<typeof DeskHistory>;

export const DeskTranscript = Type.Object(
  {
    chat: DeskChat,
    messages: Type.Array(DeskMessage),
    text: Type.String({ description: 'The same for people, a line per message.' }),
    complete: Type.Boolean({ description: 'False: it was too long, and its end is left out.' }),
  },
  {
    description: 'The whole chat, as far as I may see it.',
    examples: [{ chat: chatExample, messages: [], text: '', complete: true }],
  },
);
export type DeskTranscript = Static<typeof DeskTranscript>;

const operatorExample = {
  user: { id: BOB, role: 'operator', name: 'Bob' },
  online: true,
  available: true,
  capacity: 5,
  servesAll: false,
  sources: ['lk'],
  departments: [],
  newChats: 1,
  openChats: 2,
};

export const DeskOperator = component(
  'DeskOperator',
  'An operator, what they serve and how many chats they have.',
  Type.Object({
    user: DeskPerson,
    online: Type.Boolean({ description: 'Attends the desk now.' }),
    available: Type.Boolean({ description: 'Takes new chats.' }),
    capacity: count('Chats at a time that are given to them.'),
    servesAll: Type.Boolean({ description: 'They serve all widgets.' }),
    sources: Type.Array(Type.String(), { description: 'Widgets they serve, where they do not serve all.' }),
    departments: Type.Array(Type.String(), { description: 'Departments they are asked for; none: all.' }),
    newChats: count('Given to them and not answered yet.'),
    openChats: count('Open with them.'),
  }),
  operatorExample,
);
export type DeskOperator = Static<typeof DeskOperator>;

export const DeskOperators = Type.Object(
  { operators: Type.Array(DeskOperator) },
  { description: 'All operators.', examples: [{ operators: [operatorExample] }] },
);

export const hours = Type.Object(
  {
    timeZone: Type.String({ description: 'IANA name.', examples: ['Europe/Berlin'] }),
    hours: Type.Array(
      Type.Object({
        day: Type.Integer({ minimum: 1, maximum: 7, description: '1 is Monday.' }),
        from: Type.Integer({ minimum: 0, maximum: 1440, description: 'Minutes since midnight.' }),
        to: Type.Integer({ minimum: 0, maximum: 1440, description: 'Minutes since midnight, after `from`.' }),
      }),
    ),
  },
  { description: 'When people answer; absent: always.' },
);

export const attachmentLimits = Type.Object(
  {
    maxCount: Type.Integer({ minimum: 0, maximum: 50, description: 'Files in one message.' }),
    maxBytes: Type.Integer({ minimum: 1, description: 'Bytes of one file.' }),
    types: Type.Array(Type.String(), { description: 'Media types, `image/*` for a family; none: any.' }),
  },
  { description: 'What clients and operators may attach.' },
);

const widgetExample = {
  source: 'lk',
  title: 'My account',
  origins: ['https://www.example.com'],
  attachments: { maxCount: 10, maxBytes: 26_214_400, types: [] },
  typingPreview: true,
  department: '',
  autoAssign: false,
  replies: 'anyone' as const,
};

export const widgetSettings = {
  title: Type.String({ description: 'What people see.' }),
  origins: Type.Array(Type.String(), { description: 'Origins of pages that may show it; none: any.' }),
  hours: optional(hours),
  attachments: attachmentLimits,
  typingPreview: Type.Boolean({ description: 'Operators see what the client types before it is sent.' }),
  department: Type.String({ description: 'Of its new chats; empty: none.' }),
  autoAssign: Type.Boolean({ description: 'Waiting chats are given to operators; otherwise operators take them.' }),
  replies: Type.Enum(['assigned', 'anyone'], {
    description: 'Who may answer a chat that an operator has: that operator, or any who sees it.',
  }),
};

export const DeskWidget = component(
  'DeskWidget',
  'A place on a website that chats come through.',
  Type.Object({ source: Type.String({ description: 'Its name.' }), ...widgetSettings }),
  widgetExample,
);
export type DeskWidget = Static<typeof DeskWidget>;

export const DeskWidgets = Type.Object(
  { widgets: Type.Array(DeskWidget) },
  { description: 'By source.', examples: [{ widgets: [widgetExample] }] },
);

export const DeskDepartment = component(
  'DeskDepartment',
  'Operators for one sort of question.',
  Type.Object({
    name: Type.String({ description: 'Its name in calls.' }),
    title: Type.String({ description: 'What people see.' }),
  }),
  { name: 'sales', title: 'Sales' },
);

export const DeskDepartments = Type.Object(
  { departments: Type.Array(DeskDepartment) },
  { description: 'By name.', examples: [{ departments: [{ name: 'sales', title: 'Sales' }] }] },
);

const replyExample = { id: '489204140220417', name: 'hello', text: 'Hello, how can I help?', department: '' };

export const CannedReply = component(
  'CannedReply',
  'A text that operators answer with.',
  Type.Object({
    id: id('The reply.', replyExample.id),
    name: Type.String({ description: 'What is typed to find it.' }),
    text: Type.String(),
    department: Type.String({ description: 'Empty: of all.' }),
  }),
  replyExample,
);
export type CannedReply = Static<typeof CannedReply>;

export const CannedReplies = Type.Object(
  { replies: Type.Array(CannedReply) },
  { description: 'By name.', examples: [{ replies: [replyExample] }] },
);

export const Visitor = Type.Object(
  {
    token: Type.String({ description: 'The token of the visitor, as a user.' }),
    expiresAt: time('When the token ends; ask for the next one before.'),
    userId: id('The visitor.', ALICE),
    visitor: Type.String({ description: 'A secret of this browser: shown with the next request, it is the same visitor.' }),
    widget: Type.Object({
      title: Type.String(),
      typingPreview: Type.Boolean({ description: 'What is typed is seen before it is sent: tell the visitor.' }),
      attachments: attachmentLimits,
      open: Type.Boolean({ description: 'People answer at this hour.' }),
      online: Type.Boolean({ description: 'An operator is there.' }),
    }),
  },
  {
    description: 'A visitor and what the widget needs to know.',
    examples: [
      {
        token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl',
        expiresAt: MOMENT,
        userId: ALICE,
        visitor: 'V1StGXR8_Z5jdHi6B-myT1StGXR8_Z5j',
        widget: { title: 'My account', typingPreview: true, attachments: widgetExample.attachments, open: true, online: true },
      },
    ],
  },
);
export type Visitor = Static<typeof Visitor>;

export const Identified = Type.Object(
  { userId: id('Who the visitor is.', BOB), chats: count('Chats that are theirs now.') },
  { description: 'The visitor is this user now: go on with the token that was shown.', examples: [{ userId: BOB, chats: 1 }] },
);

export const COMPONENTS: readonly object[] = components;
