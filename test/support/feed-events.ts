/** Events on their way out, made from facts as the feed makes them. */
import { uuidOf } from '../../src/core/index.ts';
import { toFeedEvent } from '../../src/feed/index.ts';
import type { FeedEvent } from '../../src/feed/index.ts';
import type { DomainEvent, EventType, Fact } from '../../src/core/index.ts';

const AT = Date.UTC(2026, 0, 1);
const NOBODY = { namespace: 'default', message: 0, index: 0, conversation: 0, at: AT };
const ADA = 7;

/** An event of each published sort, and one of our own family: `id` is its place, `user` makes its key. */
export function feedEvent(id: number, type: EventType = 'user.connected', user = ADA): FeedEvent {
  const origin = { door: 'stream', session: 5, trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  const event: DomainEvent = { ...NOBODY, id, type, user, origin, ...detailOf(type, id) };
  return toFeedEvent(factOf(event));
}

function detailOf(type: EventType, id: number): Partial<DomainEvent> {
  if (type === 'user.disconnected') return { session: { reason: 'server_shutdown', code: 4000, forced: true } };
  if (type === 'user.rate-limited') return { session: { reason: 'rate_limited', code: 429, forced: false } };
  return type.startsWith('message.') ? { conversation: 40, message: id, index: 1 } : {};
}

function factOf(event: DomainEvent): Fact {
  const nameOf = uuidOf;
  if (event.type !== 'message.sent') return { event, nameOf };
  const message = {
    id: event.message,
    conversation: event.conversation,
    index: event.index,
    sender: event.user,
    type: 'text' as const,
    content: { text: 'Привет 👋\n"quoted"' },
    at: event.at,
  };
  return { event, nameOf, members: [event.user, 8].map(uuidOf), message: message as unknown as NonNullable<Fact['message']> };
}
