/** What the management interface is asked and answers about restrictions of users, and about who did what. */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ALICE, HELLO, MOMENT, createComponents, id, limit, next, place, time } from '../../api/index.ts';
import { RESTRICTION_KINDS } from '../../core/index.ts';

const optional = Type.Optional;

const { component, components } = createComponents();

const Kind = Type.Enum([...RESTRICTION_KINDS], { description: 'mute: says nothing. ban: is not let in.' });
const reason = (description: string) => optional(Type.String({ maxLength: 500, description }));

// ---- Parameters and bodies ---------------------------------------------------------------------------------------------------------

export const RestrictionPlace = Type.Object({ after: place('The `next` of the previous page.'), limit });
export const AuditPlace = Type.Object({ before: place('The `next` of the previous page.'), limit });

export const RestrictUser = Type.Object(
  {
    kind: Kind,
    seconds: optional(
      Type.Number({ exclusiveMinimum: 0, description: 'How long, ten years at the most; absent: until it is lifted.' }),
    ),
    reason: reason('Told to the user.'),
  },
  { examples: [{ kind: 'mute', seconds: 3600, reason: 'Advertising' }] },
);

export const LiftRestriction = Type.Object({
  kind: optional(Type.Enum([...RESTRICTION_KINDS], { description: 'Only this one; absent: both.' })),
  reason: reason('Noted in the audit log.'),
});

// ---- Answers -----------------------------------------------------------------------------------------------------------------------

const Doer = Type.Object(
  {
    apiToken: optional(Type.String({ description: 'The back end, by the name of its token.' })),
    userId: optional(id('The user, or on whose behalf.', ALICE)),
  },
  { description: 'Who did it.' },
);
export type Doer = Static<typeof Doer>;

export const Restriction = component(
  'Restriction',
  'What a user may not do.',
  Type.Object({
    userId: id('The user.', ALICE),
    kind: Kind,
    until: optional(time('When it ends by itself; absent: when it is lifted.')),
    reason: Type.String({ description: 'Told to the user; may be empty.' }),
    by: Doer,
    at: time('Since when.'),
  }),
  { userId: ALICE, kind: 'mute', until: MOMENT, reason: 'Advertising', by: { apiToken: 'moderators' }, at: MOMENT },
);
export type Restriction = Static<typeof Restriction>;

export const Restrictions = component(
  'Restrictions',
  'By user id; one of each kind for a user at the most.',
  Type.Object({ restrictions: Type.Array(Restriction), next }),
  { restrictions: [] },
);

export const AuditEntry = component(
  'AuditEntry',
  'Something that was done to a user, or to something of the namespace.',
  Type.Object({
    id: id('Its place in the log.', HELLO),
    at: time('When.'),
    by: Doer,
    action: Type.String({ description: 'What was done.', examples: ['user.banned'] }),
    userId: optional(id('The user it was done to.', ALICE)),
    subject: optional(
      Type.String({
        description: 'What else it was done to: a session, a conversation, an Api-Token by name, a token by its jti.',
      }),
    ),
    reason: optional(Type.String({ description: 'Why; of an Api-Token that was made, its scopes.' })),
  }),
  { id: HELLO, at: MOMENT, by: { apiToken: 'moderators' }, action: 'user.banned', userId: ALICE, reason: 'Advertising' },
);
export type AuditEntry = Static<typeof AuditEntry>;

export const AuditLog = component('AuditLog', 'Newest first.', Type.Object({ entries: Type.Array(AuditEntry), next }), {
  entries: [],
});

/** To be registered under their `$id`. */
export const MODERATION_COMPONENTS: readonly object[] = components;
