/** Events as the relay hands them to sinks. */
import { EVENT_NAMES, toFeedEvent } from '../../../src/feed/index.ts';
import type { FeedEvent } from '../../../src/feed/index.ts';
import type { Content, EventType, Message } from '../../../src/core/index.ts';

/** Texts that break what is written carelessly. */
export const TEXTS = [
  '',
  'plain',
  'line\nbreak\r\nand\ttab',
  '"quoted" \\ back\\slash',
  'ünïcödé · 漢字 · עברית · \u202Eright to left',
  '👩‍👩‍👧‍👦 e\u0301 \u0000 \u0007 \u2028 \u2029 \uFEFF',
  'a lone \uD83D half',
  '</script><!-- ${x} {{y}} %00',
  'x'.repeat(100_000),
];

let place = 1_000_000_000_000;

/** An event in a conversation; each has a place and an id of its own. */
export function sampleEvent(conversation: number, text = 'a text', type: EventType = 'message.sent'): FeedEvent {
  place += 1;
  const at = 1_700_000_000_000;
  const event = {
    id: place,
    type,
    namespace: 'default',
    user: 7,
    at,
    origin: { door: 'stream', session: 0 },
    conversation,
    message: place,
    index: 1,
  };
  const content: Content = { kind: 'text', text };
  const message: Message = { id: place, conversation, index: 1, sender: 7, state: 'sent', sentAt: at, content };
  const names = new Map([
    [7, 'anna'],
    [8, 'ben'],
  ]);
  return toFeedEvent({ event, message, members: [...names.values()], nameOf: (user) => names.get(user) ?? 'nobody' });
}

/** So many events, in turn of so many conversations. */
export function sampleEvents(count: number, conversations: number, text?: string): FeedEvent[] {
  return Array.from({ length: count }, (_, at) => sampleEvent(1 + (at % conversations), text));
}

/** One of each kind there is. */
export function everyKind(): FeedEvent[] {
  const types = Object.keys(EVENT_NAMES) as EventType[];
  return types.map((type) => sampleEvent(1, 'a text', type));
}
