/**
 * What the messenger's REST interface is asked (wire.md section 3): parameters and bodies. From each schema come the TypeScript type, the check of
 * what is received and the OpenAPI document. Members that are not named here are ignored; texts and lists have the core's limits.
 */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ALICE, BOB, HELLO, TEAM, id, idInPath, limit, place } from '../../api/index.ts';

/** Chats on a page when no number is given, and at the most: a person's whole list, for most people. */
export const MAX_CHATS = 500;

const optional = Type.Optional;
const picture = optional(
  Type.String({ description: 'A link to an uploaded image, or to one elsewhere; empty: no picture any more.' }),
);

export const ByChat = Type.Object({ id: idInPath('The chat.', TEAM) });
export const ByMessage = Type.Object({ id: idInPath('The message.', HELLO) });

export const ChatPlace = Type.Object({
  before: place('Asks for the chats after those of another page: see its header Link.'),
  limit: optional(
    Type.Integer({
      default: MAX_CHATS,
      description: `Chats on the page, 1 to ${MAX_CHATS}; a number beyond is taken for the nearest.`,
    }),
  ),
});
export type ChatPlace = Static<typeof ChatPlace>;

export const MessagePlace = Type.Object({
  before: optional(id('The page before this message; the newest page when none of the three is given.', HELLO)),
  after: place('The page after this message; 0: from the first.'),
  around: optional(id('The page around this message.', HELLO)),
  limit,
});
export type MessagePlace = Static<typeof MessagePlace>;

export const CreateChat = Type.Object(
  {
    isGroup: optional(Type.Boolean({ default: false, description: 'A group; otherwise the chat with one other person.' })),
    name: optional(Type.String({ description: 'What a group is called; a private chat has no name of its own.' })),
    userIds: Type.Array(id('A user.', BOB), { description: 'Who is in it besides me.' }),
  },
  { examples: [{ isGroup: true, name: 'Team', userIds: [ALICE, BOB] }, { userIds: [BOB] }] },
);
export type CreateChat = Static<typeof CreateChat>;

export const ChangeChat = Type.Object(
  { name: optional(Type.String({ description: 'What it is called.' })), profilePic: picture },
  { minProperties: 1, examples: [{ name: 'The team' }] },
);
export type ChangeChat = Static<typeof ChangeChat>;

export const ChangeChatMembers = Type.Object(
  {
    add: optional(Type.Array(id('A user.', BOB), { description: 'Who comes in.' })),
    remove: optional(Type.Array(id('A user.', BOB), { description: 'Who goes; I leave by the call of that name.' })),
  },
  { minProperties: 1, examples: [{ add: ['3'], remove: ['4'] }] },
);
export type ChangeChatMembers = Static<typeof ChangeChatMembers>;

export const SendChatMessage = Type.Object(
  {
    chatId: id('Where.', TEAM),
    content: Type.String({ description: 'Its words; of a form with a file the caption, which may be left out there.' }),
    clientMessageId: optional(
      Type.String({
        description: "The sender's own name for this message: sent again under the same name within 24 hours it is stored once.",
        examples: ['b3c7f6a2-0d5e-4a55-9f0e-6a2f0c1d9e11'],
      }),
    ),
    file: optional(Type.Unsafe<unknown>({ type: 'string', format: 'binary', description: 'In a form only: one file.' })),
  },
  { examples: [{ chatId: TEAM, content: 'Hello' }] },
);
export type SendChatMessage = Static<typeof SendChatMessage>;

export const EditChatMessage = Type.Object(
  { content: Type.String({ description: 'The new words: of a text, or the caption of a file; an empty caption is none.' }) },
  { examples: [{ content: 'Hello!' }] },
);

export const ReadChat = Type.Object(
  { messageId: optional(id('The newest message I have read; absent: the newest there is.', HELLO)) },
  { examples: [{ messageId: HELLO }] },
);
