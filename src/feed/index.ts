/** The form in which events leave: shared by the sinks and by the door that answers with them. */
export { toFeedEvent } from './envelope.ts';
export type { Envelope, FeedEvent } from './envelope.ts';
export { EVENT_NAMES, EVENT_TYPES, TOPICS } from './names.ts';
export { EVENT_SCHEMAS, schemaOf } from './schema.ts';
export type { Topic } from './names.ts';
