/** What the feed's interface is asked and answers (docs/protocols/events.md). Ids are decimal strings, times are RFC 3339 in UTC, an absent member is left out. */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ALICE, HELLO, MOMENT, TEAM, count, createComponents, id, idInPath, limit, place, time } from '../../api/index.ts';

const optional = Type.Optional;

const { component, components } = createComponents();

const PLACE = '489204140204032';

const sampleEnvelope = {
  payload: { messageRecalled: { message_id: '01bd-…', conversation_id: '01bc-…', index: 3 } },
  id: '0001bcef-5b40-8d53-b769-746368626f61',
  version: 1,
  name: 'messageRecalled',
  namespace: 'default',
  timestamp: MOMENT,
  clientId: 'messenger',
};

export const Event = component(
  'Event',
  'An event (seed 000) and its place in the feed.',
  Type.Object({
    place: id('Its place in the feed: what `after` is asked with.', PLACE),
    event: Type.Object(
      {
        payload: Type.Record(Type.String(), Type.Unknown(), { description: 'One member, named by what happened.' }),
        id: Type.String({ description: 'UUID; the same for every repetition.' }),
        version: Type.Integer({ minimum: 1 }),
        name: Type.String({ description: 'What happened.' }),
        namespace: Type.String(),
        parentNamespace: optional(Type.String()),
        timestamp: time('When it was committed.'),
        clientId: Type.String({ description: 'The door it came through.' }),
        userId: optional(Type.String({ description: 'Who caused it; absent: the server itself.' })),
        traceId: optional(Type.String({ description: 'Of the W3C trace of the request that caused it.' })),
        sessionId: optional(Type.String({ description: 'UUID of the live connection.' })),
        spanContext: optional(Type.String({ description: 'The `traceparent` of that request.' })),
      },
      { description: 'The envelope.' },
    ),
  }),
  { place: PLACE, event: sampleEnvelope },
);
export type Event = Static<typeof Event>;

export const Events = component(
  'Events',
  'A page of the feed, in commit order.',
  Type.Object({
    events: Type.Array(Event),
    next: id('What the next page is asked `after`.', PLACE),
    more: Type.Boolean({ description: 'There are more already.' }),
    cut: Type.Boolean({
      description: 'What lay behind `after` was forgotten in part (`events-retention`): this page begins later.',
    }),
  }),
  { events: [{ place: PLACE, event: sampleEnvelope }], next: PLACE, more: false, cut: false },
);
export type Events = Static<typeof Events>;

export const EventPlace = Type.Object({
  after: place('The place behind which to begin; 0: from the oldest that is kept.'),
  type: optional(
    Type.Union([Type.String({ maxLength: 64 }), Type.Array(Type.String({ maxLength: 64 }), { maxItems: 32 })], {
      description: 'Only events with this name; may be given several times.',
      examples: ['personalChatSent'],
    }),
  ),
  limit,
});
export type EventPlace = Static<typeof EventPlace>;

export const Sinks = component(
  'Sinks',
  'Where events go, and how far each has come.',
  Type.Object({
    sinks: Type.Array(
      Type.Object({
        sink: Type.String({ examples: ['kafka'] }),
        position: Type.String({ description: 'Everything up to here is delivered or kept as a dead letter.' }),
        behind: count('Events that wait, counted up to 100,000.'),
        pending: count('Events on their way.'),
        failing: optional(Type.String({ description: 'What it said last, while nothing gets through.' })),
      }),
    ),
  }),
  { sinks: [{ sink: 'kafka', position: PLACE, behind: 0, pending: 0 }] },
);

export const Replay = Type.Object({
  sink: Type.String({ description: 'The name of one sink.', examples: ['webhook'] }),
  after: id('Replays events behind this place; 0 is not one: use the place before the oldest.', PLACE),
  until: optional(id('And up to this one; absent: to the newest.', PLACE)),
  limit: optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 1_000,
      description: 'Events of the range in this call; the answer says where the next one begins.',
    }),
  ),
});

export const Replayed = component(
  'Replayed',
  'What a replay has done.',
  Type.Object({
    delivered: count('Events that the sink has now: those of the range that it wants.'),
    next: id('Where the next replay of the range begins.', PLACE),
    more: Type.Boolean({ description: 'Something of the range is left.' }),
  }),
  { delivered: 1000, next: PLACE, more: true },
);

export const DeadPlace = Type.Object({
  sink: optional(Type.String({ maxLength: 64, description: 'Only of this sink.' })),
  after: place('The place behind which to begin.'),
  limit,
});

export const DeadLetters = component(
  'DeadLetters',
  'Events that sinks have refused for good.',
  Type.Object({
    dead: Type.Array(
      Type.Object({
        sink: Type.String(),
        place: id('Of the event.', PLACE),
        attempts: count('How often it was tried.'),
        error: Type.String({ description: 'What the sink said last.' }),
        at: time('When it was given up.'),
      }),
    ),
    next: optional(Type.String({ description: 'Asks for the following page; absent on the last one.' })),
  }),
  { dead: [{ sink: 'webhook', place: PLACE, attempts: 8, error: 'it answered 400', at: MOMENT }] },
);

export const DeadChoice = Type.Object({
  sink: Type.String({ examples: ['webhook'] }),
  places: Type.Array(id('Of an event.', PLACE), { minItems: 1, maxItems: 100 }),
});

export const Settled = component(
  'Settled',
  'How many dead letters there are less.',
  Type.Object({ settled: count('Dead letters.') }),
  {
    settled: 1,
  },
);

export const ByMessageId = Type.Object({ id: idInPath('The message: its id, or its UUID as events tell it.', HELLO) });

export const Trace = component(
  'Trace',
  'Where a message is: nothing of what was said.',
  Type.Object({
    messageId: id('The message.', HELLO),
    conversationId: id('Where it was said.', TEAM),
    kind: Type.String({ description: 'Of the conversation.', examples: ['group'] }),
    index: Type.Integer({ minimum: 1, description: 'Place in the conversation.' }),
    senderId: id('Who said it.', ALICE),
    state: Type.String({ examples: ['sent'] }),
    storedAt: time('When it was on disk.'),
    door: Type.String({ description: 'Through which it came.' }),
    sessionId: optional(Type.String({ description: 'The live connection it came on.' })),
    traceparent: optional(Type.String({ description: 'Of the request that brought it.' })),
    sessions: Type.Array(
      Type.Object({
        sessionId: Type.String(),
        userId: Type.String(),
        door: Type.String(),
        endedAt: optional(Type.String({ format: 'date-time' })),
      }),
      { description: 'Connections of members that were live then, and so were told; in a room nobody knows who was there.' },
    ),
    receipts: Type.Array(Type.Object({ userId: Type.String(), delivered: Type.Boolean(), read: Type.Boolean() }), {
      description: 'Of the other members.',
    }),
    events: Type.Array(Type.Object({ place: Type.String(), name: Type.String(), at: Type.String({ format: 'date-time' }) }), {
      description: 'What the feed tells of it, the message itself first.',
    }),
    sinks: Type.Array(
      Type.Object({
        sink: Type.String(),
        state: Type.Enum(['delivered', 'waiting', 'dead']),
        attempts: count('How often it was refused so far.'),
        error: optional(Type.String()),
      }),
      { description: 'Of the first of these events; what a sink does not want counts as delivered.' },
    ),
  }),
  {
    messageId: HELLO,
    conversationId: TEAM,
    kind: 'group',
    index: 1,
    senderId: ALICE,
    state: 'sent',
    storedAt: MOMENT,
    door: 'stream',
    sessions: [],
    receipts: [],
    events: [{ place: HELLO, name: 'personalChatSent', at: MOMENT }],
    sinks: [{ sink: 'kafka', state: 'delivered', attempts: 0 }],
  },
);
export type Trace = Static<typeof Trace>;

export const COMPONENTS = components;
