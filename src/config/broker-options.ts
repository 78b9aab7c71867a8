/** Options of the sinks that bring events to brokers: Kafka and NATS. */
import { option, unset } from './option.ts';
import { brokerAddress, choice, dottedName, list, natsUrl } from './values.ts';

export const BROKER_OPTIONS = {
  kafkaBrokers: unset(
    'kafka-brokers',
    list(brokerAddress()),
    'Kafka brokers that get the events, to the topics personalChat, chat and switchboard; some of a cluster are enough. Not set: none.',
  ),
  kafkaTopicPrefix: unset(
    'kafka-topic-prefix',
    dottedName(),
    'Put before the topics with a dot: with shop they are shop.personalChat and so on.',
  ),
  kafkaOwnEvents: option(
    'kafka-own-events',
    choice(['true', 'false']),
    'true',
    'Whether Kafka gets what the published events do not tell, in the topic switchboard.',
  ),
  eventsNatsUrl: unset(
    'events-nats-url',
    natsUrl(),
    'The NATS server whose JetStream gets the events; user:password@ or token@ before the host, several of a cluster with commas between. Not set: none.',
    { secret: true },
  ),
  eventsNatsStream: option(
    'events-nats-stream',
    dottedName(/^[A-Za-z0-9_-]{1,100}$/),
    'SWITCHBOARD_EVENTS',
    'The stream for the events; made when there is none of that name, else used as it is.',
  ),
  eventsNatsSubject: option(
    'events-nats-subject',
    dottedName(),
    'switchboard.events',
    'What the subjects of the events begin with; the topic and the name of the event follow.',
  ),
  eventsNatsOwnEvents: option(
    'events-nats-own-events',
    choice(['true', 'false']),
    'true',
    'Whether NATS gets what the published events do not tell.',
  ),
} as const;
