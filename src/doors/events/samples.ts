/** One example of each event, made like every other from a fact. */
import type { EventType, Fact } from '../../core/index.ts';
import { uuidOf } from '../../core/index.ts';
import { toFeedEvent } from '../../feed/index.ts';

const AT = Date.UTC(2026, 10, 25, 12);
const PLACE = 489_204_140_204_032;

const chat = {
  uuid: '8d3c0f2e-6f2d-4a6c-9a0a-3a1f0c7f9b11',
  source: 'shop',
  department: 'sales',
  status: 'open',
  client: 11,
  operator: 12,
} as const;

export function sampleOf(type: EventType): unknown {
  const isAboutUser = type.startsWith('user.');
  const isAboutMessage = type.startsWith('message.');
  const fact: Fact = {
    event: {
      id: PLACE,
      type,
      namespace: 'default',
      conversation: isAboutUser ? 0 : PLACE - 1,
      user: 11,
      message: isAboutMessage ? PLACE : 0,
      index: isAboutMessage ? 1 : 0,
      at: AT,
      origin: { door: 'stream', session: PLACE - 2, trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
      ...(type.startsWith('chat.') && { chat }),
      ...(isAboutUser && { session: { reason: 'shutdown', code: 4000, forced: true } }),
      ...(type === 'members.changed' && { members: { added: [{ user: 12, role: 'member' }], removed: [] } }),
    },
    ...(isAboutMessage && {
      message: {
        id: PLACE,
        conversation: PLACE - 1,
        index: 1,
        sender: 11,
        content: { kind: 'text', text: 'Hello' },
        state: 'sent',
        sentAt: AT,
      },
    }),
    ...(type === 'message.sent' && { members: [11, 12].map(uuidOf) }),
    nameOf: uuidOf,
  };
  return toFeedEvent(fact).envelope;
}
