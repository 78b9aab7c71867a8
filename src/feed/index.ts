/** The form in which events leave: shared by the sinks and by the door that answers with them. */
export { VERSION, toFeedEvent } from './envelope.ts';
export type { Envelope, FeedEvent } from './envelope.ts';
export { EVENT_NAMES, TOPICS } from './names.ts';
export type { Topic } from './names.ts';
