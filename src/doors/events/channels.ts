/** The events in the AsyncAPI document: as the live end of the feed tells them, and as every sink does. */
import { Type } from 'typebox';
import type { AsyncChannel, AsyncMessage } from '../../api/index.ts';
import { EVENT_NAMES, EVENT_TYPES, schemaOf } from '../../feed/index.ts';
import { EventPlace } from './wire.ts';
import { sampleOf } from './samples.ts';

const messages: Readonly<Record<string, AsyncMessage>> = Object.fromEntries(
  EVENT_TYPES.map((type) => [
    EVENT_NAMES[type].name,
    { summary: `To the topic ${EVENT_NAMES[type].topic}.`, payload: schemaOf(type), example: sampleOf(type) },
  ]),
);

export const CHANNELS: readonly AsyncChannel[] = [
  {
    name: 'events',
    address: '/api/events',
    protocol: 'http',
    method: 'GET',
    description:
      'The live end of the feed as server-sent events (`Accept: text/event-stream`): `event` is the name, `id` the place, `data` the envelope. Kafka, NATS, webhooks and files carry the same envelopes.',
    query: Type.Object({ after: EventPlace.properties.after, type: EventPlace.properties.type }),
    security: 'server',
    receives: {},
    sends: messages,
  },
];
