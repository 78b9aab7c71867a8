/**
 * What the management interface is asked: parameters, headers and bodies (wire.md section 5). From each schema come the TypeScript type, the
 * check of what is received and the OpenAPI document. Members that are not named here are ignored; texts and lists have the core's limits.
 */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ALICE, BOB, HELLO, NAMESPACE_PATTERN, TEAM, id, idInPath, limit, place, serverHeaders } from '../../api/index.ts';
import { MESSAGE_TYPES, MemberRole, ROLES, apiTokenMembers, contentMembers, retentionMembers } from './wire.ts';

/** A minted token is good for a day unless told otherwise. */
export const DEFAULT_TTL_SECONDS = 86_400;

const optional = Type.Optional;

// ---- Parameters and headers --------------------------------------------------------------------------------------------------------

export const ByConversation = Type.Object({ id: idInPath('The conversation.', TEAM) });
export const ByMessage = Type.Object({ id: idInPath('The conversation.', TEAM), messageId: idInPath('The message.', HELLO) });
export type ByMessage = Static<typeof ByMessage>;
export const BySession = Type.Object({ id: idInPath('The session.', '489204140204032') });
export const ById = Type.Object({ id: idInPath('The user.', ALICE) });
export const ByUser = Type.Object({ userId: idInPath('The user.', BOB) });
export const ByName = Type.Object({ name: Type.String({ description: 'The name of the token.', examples: ['billing'] }) });

export const HistoryPlace = Type.Object({
  before: optional(id('The page before this message; the newest page when none of the three is given.', HELLO)),
  after: place('The page after this message; 0: from the first.'),
  around: optional(id('The page around this message.', HELLO)),
  limit,
});
export type HistoryPlace = Static<typeof HistoryPlace>;
export const ConversationPlace = Type.Object({ before: place('The `next` of the previous page.'), limit });
export const MemberPlace = Type.Object({ after: place('The `next` of the previous page.'), limit });
export const BlockPlace = Type.Object({ after: place('The `next` of the previous page.'), limit });
export const RevisionPlace = Type.Object({ after: place('The `next` of the previous page.'), limit });
export const SessionPlace = Type.Object({
  userId: optional(id('Only sessions of this user.', ALICE)),
  after: place('The `next` of the previous page.'),
  limit,
});
export const UserSearch = Type.Object({
  search: optional(
    Type.String({
      maxLength: 128,
      description: 'How a word of the name or username begins, and goes on; case does not matter.',
      examples: ['al'],
    }),
  ),
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

// ---- Request bodies ----------------------------------------------------------------------------------------------------------------

const password = Type.String({ description: '8 to 256 characters.' });
const namespace = Type.String({ pattern: NAMESPACE_PATTERN, default: 'default', description: 'The namespace of the account.' });

export const SignIn = Type.Object(
  {
    username: Type.String({ description: '2 to 64 letters, digits, dots, dashes or underscores.' }),
    password,
    namespace: optional(namespace),
  },
  { examples: [{ username: 'alice', password: 'correct horse battery' }] },
);
export type SignIn = Static<typeof SignIn>;

export const LogOut = Type.Object(
  {
    all: optional(
      Type.Boolean({ default: false, description: "All of the user's tokens issued up to now, not only the one presented." }),
    ),
  },
  { examples: [{ all: true }] },
);

export const ChangeProfile = Type.Object(
  {
    name: optional(Type.String({ description: 'What people see.' })),
    profilePic: optional(
      Type.String({ description: 'A link to an uploaded image, or to one elsewhere; empty: no picture any more.' }),
    ),
  },
  { minProperties: 1, examples: [{ name: 'Alice' }] },
);

export const CreateConversation = Type.Object(
  {
    kind: Type.Enum(['group', 'channel', 'room'], {
      description: 'A private conversation exists from its first message, or from when it was opened as a chat.',
    }),
    name: Type.String({ description: 'What people see.' }),
    notice: optional(Type.String({ description: 'A longer text at its top.' })),
    members: optional(
      Type.Array(id('A user.', BOB), { description: 'First members besides the creator, who becomes owner; none for a room.' }),
    ),
  },
  { examples: [{ kind: 'group', name: 'Team', members: [BOB] }] },
);

export const ChangeConversation = Type.Object(
  {
    name: optional(Type.String()),
    notice: optional(Type.String()),
    picture: optional(
      Type.String({ description: 'A link to an uploaded image, or an address elsewhere; empty: no picture any more.' }),
    ),
  },
  { minProperties: 1, examples: [{ notice: 'Back on Monday.' }] },
);

export const ChangeMembers = Type.Object(
  {
    add: optional(
      Type.Array(
        Type.Union([
          id('A user: a new member, or one who keeps the role.', BOB),
          Type.Object(
            { userId: id('The user.', BOB), role: optional(MemberRole) },
            { description: 'A user and the role to have from now on.' },
          ),
        ]),
      ),
    ),
    remove: optional(Type.Array(id('A member.', BOB))),
  },
  { minProperties: 1, examples: [{ add: ['3', { userId: BOB, role: 'admin' }], remove: ['4'] }] },
);
export type ChangeMembers = Static<typeof ChangeMembers>;

const content = {
  type: optional(Type.Enum([...MESSAGE_TYPES], { default: 'text', description: 'What the message is made of.' })),
  ...contentMembers,
};

export const SendMessage = Type.Object(
  {
    ...content,
    expireSeconds: optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Erase the content this long after the message was stored.' }),
    ),
  },
  {
    minProperties: 1,
    description: 'Exactly one of text, resource and location; a resource may have a text as well, its caption.',
    examples: [
      { type: 'text', text: 'Hello' },
      { type: 'photo', resource: { url: 'https://example.com/cat.webp' }, expireSeconds: 3600 },
    ],
  },
);
export type SendMessage = Static<typeof SendMessage>;

export const EditMessage = Type.Object(content, {
  minProperties: 1,
  description: 'The new content; the type stays what it was.',
  examples: [{ text: 'Hello!' }],
});
export type EditMessage = Static<typeof EditMessage>;

export const MoveCursor = Type.Object(
  { messageId: optional(id('The newest message covered; absent: the newest there is.', HELLO)) },
  { examples: [{ messageId: HELLO }] },
);

export const MintToken = Type.Object(
  {
    sub: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'The user: a decimal id is the id itself, any other text an external id.',
    }),
    name: optional(Type.String({ maxLength: 128, description: 'What people see.' })),
    role: optional(Type.Enum([...ROLES], { default: 'user' })),
    ns: optional(Type.String({ pattern: NAMESPACE_PATTERN, description: 'The namespace; absent: the one the call acts in.' })),
    ttlSeconds: optional(
      Type.Number({
        exclusiveMinimum: 0,
        default: DEFAULT_TTL_SECONDS,
        description: 'How long it is good; 366 days at the most.',
      }),
    ),
  },
  { examples: [{ sub: 'customer-77', name: 'Alice', ttlSeconds: 3600 }] },
);

export const RevokeTokens = Type.Object(
  {
    sub: optional(Type.String({ minLength: 1, maxLength: 256, description: 'The sub of the tokens.' })),
    userId: optional(id('Or the id of the user.', ALICE)),
    ns: optional(Type.String({ pattern: NAMESPACE_PATTERN, description: 'The namespace; absent: the one the call acts in.' })),
    jti: optional(Type.String({ minLength: 1, maxLength: 256, description: 'Only this token; absent: all issued up to now.' })),
  },
  { minProperties: 1, examples: [{ sub: 'customer-77' }] },
);

export type RevokeTokens = Static<typeof RevokeTokens>;

export const Confirm = Type.Object(
  { confirm: optional(id('Of a user who erases the own account: the own id once more. This cannot be undone.', ALICE)) },
  { examples: [{ confirm: ALICE }] },
);

export const ApplyRetention = Type.Object(
  {
    dryRun: Type.Boolean({ description: 'Only tell what would go.' }),
    rules: optional(
      Type.Array(Type.Object(retentionMembers), {
        maxItems: 1_000,
        description: 'In a dry run: these instead of those of the configuration, to try them.',
      }),
    ),
  },
  { examples: [{ dryRun: true }] },
);
export type ApplyRetention = Static<typeof ApplyRetention>;

export const CreateApiToken = Type.Object(apiTokenMembers, { examples: [{ name: 'billing', scopes: ['messages', 'users'] }] });
