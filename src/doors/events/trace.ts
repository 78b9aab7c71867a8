/** "Where is my message?" */
import { actorFrom, pathId, serversOnly, toTime } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { idOfUuid } from '../../core/index.ts';
import type { DeadLetter, EventRelays, Id, SinkState, TracedMessage } from '../../core/index.ts';
import { EVENT_NAMES } from '../../feed/index.ts';
import { ByMessageId, Trace } from './wire.ts';

export function registerTrace(http: Routes, { chat, operation, relays }: RouteDeps & { relays: EventRelays }): void {
  http.get(
    '/trace/:id',
    operation(
      serversOnly('events'),
      {
        id: 'traceMessage',
        tag: 'events',
        summary: 'Where a message is: stored, told to whom, received, read, and delivered to which sinks',
      },
      { params: ByMessageId, response: { 200: Trace } },
    ),
    async (request) => {
      const asked = request.params.id;
      const id = idOfUuid(asked) ?? pathId(asked);
      const traced = await chat.traceMessage(actorFrom(request), id);
      const sinks = await Promise.all(
        relays.states().map(async (state) => {
          const [dead] = await chat.core.store.deadLetters(state.sink, id - 1, 1);
          return toSink(id, state, dead?.event === id ? dead : undefined, relays.attempts(state.sink, id));
        }),
      );
      return { ...toTrace(traced), sinks };
    },
  );
}

function toSink(id: Id, { sink, position }: SinkState, dead: DeadLetter | undefined, attempts = 0): Trace['sinks'][number] {
  if (dead !== undefined) return { sink, state: 'dead', attempts: dead.attempts, error: dead.error };
  return { sink, state: position >= id ? 'delivered' : 'waiting', attempts };
}

function toTrace({ message, conversation, origin, sessions, members, changes }: TracedMessage): Omit<Trace, 'sinks'> {
  const others = members.filter(({ user }) => user !== message.sender);
  return {
    messageId: String(message.id),
    conversationId: String(conversation.id),
    kind: conversation.kind,
    index: message.index,
    senderId: String(message.sender),
    state: message.state,
    storedAt: toTime(message.sentAt),
    door: origin.door,
    ...(origin.session !== 0 && { sessionId: String(origin.session) }),
    ...(origin.trace !== undefined && { traceparent: origin.trace }),
    sessions: sessions.map(({ session, user, door, endedAt }) => ({
      sessionId: String(session),
      userId: String(user),
      door,
      ...(endedAt !== undefined && { endedAt: toTime(endedAt) }),
    })),
    receipts: others.map(({ user, deliveredIndex, readIndex }) => ({
      userId: String(user),
      delivered: Math.max(deliveredIndex, readIndex) >= message.index,
      read: readIndex >= message.index,
    })),
    events: [
      { place: String(message.id), name: EVENT_NAMES['message.sent'].name, at: toTime(message.sentAt) },
      ...changes.map(({ id, type, at }) => ({ place: String(id), name: EVENT_NAMES[type].name, at: toTime(at) })),
    ],
  };
}
