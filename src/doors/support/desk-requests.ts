/** What the desk is asked under `/api/desk`: parameters and bodies. Members that are not named here are ignored. */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { BOB, HELLO, NAMESPACE_PATTERN, id, idInPath, limit, place, serverHeaders } from '../../api/index.ts';
import { CHAT_UUID, FILE_UUID, attachmentLimits, hours, widgetSettings } from './desk-wire.ts';

const optional = Type.Optional;

export const ByChat = Type.Object({
  chat: Type.String({
    description: "The UUID of the chat, ours or a back end's, or the id of its conversation.",
    examples: [CHAT_UUID],
  }),
});
export const ByMessage = Type.Object({ ...ByChat.properties, messageId: idInPath('The message.', HELLO) });
export const BySource = Type.Object({ source: Type.String({ description: 'The widget.', examples: ['lk'] }) });
export const ByName = Type.Object({ name: Type.String({ description: 'The department.', examples: ['sales'] }) });
export const ByOperator = Type.Object({ userId: idInPath('The operator.', BOB) });
export const ByReply = Type.Object({ id: idInPath('The reply.', '489204140220417') });

export const ChatsPlace = Type.Object({
  status: optional(
    Type.String({
      description: 'new, open, closed or another word of a back end; more of them with commas.',
      examples: ['open'],
    }),
  ),
  mine: optional(
    Type.Boolean({ description: 'Only those that I have; without a status: that are not closed. A client sees no others.' }),
  ),
  operatorId: optional(id('Only those of this operator.', BOB)),
  source: optional(Type.String({ description: 'Only those of this widget.', examples: ['lk'] })),
  department: optional(Type.String({ description: 'Only those of this department.', examples: ['sales'] })),
  unread: optional(Type.Boolean({ description: 'Only those with something unread, or only those without.' })),
  after: place('The `next` of the previous page.'),
  limit,
});
export type ChatsPlace = Static<typeof ChatsPlace>;

export const QueuePlace = Type.Object({
  source: optional(Type.String({ description: 'Only those of this widget.', examples: ['lk'] })),
  department: optional(Type.String({ description: 'Only those of this department.', examples: ['sales'] })),
  after: place('The `next` of the previous page.'),
  limit,
});

export const HistoryPlace = Type.Object({
  before: optional(id('The page before this message; the newest page when none of the three is given.', HELLO)),
  after: place('The page after this message; 0: from the first.'),
  around: optional(id('The page around this message.', HELLO)),
  limit,
});
export type HistoryPlace = Static<typeof HistoryPlace>;

export const RepliesPlace = Type.Object({
  department: optional(Type.String({ description: 'Those of this department and those of all.', examples: ['sales'] })),
  search: optional(Type.String({ maxLength: 256, description: 'Words that stand in name or text.', examples: ['hello'] })),
  limit,
});

export const SendHeaders = Type.Object({
  ...serverHeaders,
  'idempotency-key': optional(
    Type.String({
      description: "The sender's own name for this message: sent again with the same key within 24 hours it is stored once.",
      examples: ['b3c7f6a2-0d5e-4a55-9f0e-6a2f0c1d9e11'],
    }),
  ),
});

export const OpenChat = Type.Object(
  { source: Type.String({ maxLength: 64, description: 'The widget.' }) },
  { examples: [{ source: 'lk' }] },
);

export const Say = Type.Object(
  {
    text: optional(Type.String({ description: 'May be left out where there are attachments.' })),
    attachments: optional(Type.Array(Type.String({ description: 'A file of ours: its UUID or its id.' }), { maxItems: 50 })),
  },
  { minProperties: 1, examples: [{ text: 'Hello', attachments: [FILE_UUID] }] },
);
export type Say = Static<typeof Say>;

export const Mark = Type.Object({ messageId: id('The newest message covered.', HELLO) }, { examples: [{ messageId: HELLO }] });

export const Transfer = Type.Object(
  {
    operatorId: optional(id('Who is to have it.', BOB)),
    department: optional(
      Type.String({ maxLength: 64, description: 'Whose queue it goes to; with an operator: whose it is from now on.' }),
    ),
    fromOperatorId: place(
      'Who has it, as far as you know; 0: nobody. Refused when it is another’s meanwhile; absent: as it is when asked.',
    ),
    note: optional(Type.String({ description: 'For whoever takes over; stands in the chat as a note.' })),
  },
  { minProperties: 1, examples: [{ department: 'sales', note: 'Wants a second account.' }] },
);

export const Rate = Type.Object(
  {
    score: Type.Integer({ minimum: 1, maximum: 5 }),
    comment: optional(Type.String({ maxLength: 2_000 })),
  },
  { examples: [{ score: 5, comment: 'Fast!' }] },
);

export const SaveWidget = Type.Object(
  {
    title: optional(widgetSettings.title),
    origins: optional(widgetSettings.origins),
    hours: optional(hours),
    attachments: optional(attachmentLimits),
    typingPreview: optional(widgetSettings.typingPreview),
    department: optional(widgetSettings.department),
    autoAssign: optional(widgetSettings.autoAssign),
    replies: optional(widgetSettings.replies),
  },
  { description: 'What is absent is as by default.', examples: [{ title: 'My account', origins: ['https://www.example.com'] }] },
);
export type SaveWidget = Static<typeof SaveWidget>;

export const SaveDepartment = Type.Object(
  { title: Type.String({ description: 'What people see.' }) },
  { examples: [{ title: 'Sales' }] },
);

export const SaveOperator = Type.Object(
  {
    available: optional(Type.Boolean({ description: 'Takes new chats.' })),
    capacity: optional(Type.Integer({ minimum: 0, maximum: 1_000, description: 'Chats at a time that are given to them.' })),
    sources: optional(
      Type.Array(Type.String(), { description: 'Back ends only: widgets they serve, and no others from then on; none: all.' }),
    ),
    departments: optional(
      Type.Array(Type.String(), { description: 'Back ends only: departments they are asked for; none: all.' }),
    ),
  },
  { minProperties: 1, examples: [{ available: true, capacity: 5 }] },
);

export const SaveReply = Type.Object(
  {
    name: Type.String({ description: 'What is typed to find it.' }),
    text: Type.String(),
    department: optional(Type.String({ description: 'Absent: of all.' })),
  },
  { examples: [{ name: 'hello', text: 'Hello, how can I help?' }] },
);

export const AdmitVisitor = Type.Object(
  {
    source: Type.String({ maxLength: 64, description: 'The widget.' }),
    visitor: optional(Type.String({ maxLength: 64, description: 'From an earlier answer: the same visitor again.' })),
    namespace: optional(Type.String({ pattern: NAMESPACE_PATTERN, default: 'default' })),
  },
  { examples: [{ source: 'lk' }] },
);

export const Identify = Type.Object(
  { token: Type.String({ maxLength: 8_192, description: 'A token of the user that the visitor is, signed by the website.' }) },
  { examples: [{ token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl' }] },
);
