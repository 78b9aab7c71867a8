/** Events as the relay hands them to sinks. */
import { uuidOf } from '../../../src/core/index.ts';
import { EVENT_NAMES, toFeedEvent } from '../../../src/feed/index.ts';
import type { FeedEvent } from '../../../src/feed/index.ts';
import type { EventType } from '../../../src/core/index.ts';

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
  const id = place;
  return toFeedEvent({
    event: {
      id,
      type,
      namespace: 'default',
      user: 7,
      at: 1_700_000_000_000,
      origin: { door: 'stream', trace: undefined, session: 0 },
      conversation,
      message: id,
      index: 1,
    },
    message: { content: { text } },
    members: [7, 8].map(uuidOf),
    nameOf: uuidOf,
  } as unknown as Parameters<typeof toFeedEvent>[0]);
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
