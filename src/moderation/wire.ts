/** What the moderation hook is asked, and its verdict (docs/moderation.md). */
import type { ModerationRequest, Verdict } from '../core/index.ts';

/** The question as JSON: ids are decimal strings, times RFC 3339, an absent member is left out. */
export function toBody({ namespace, user, role, door, server, place, message, content, at }: ModerationRequest): string {
  const { kind, text, resource, location, attachments } = content;
  return JSON.stringify({
    at: new Date(at).toISOString(),
    namespace,
    door,
    sender: { id: String(user), role, backEnd: server },
    conversationId: idOrNothing(place.conversation),
    recipientId: idOrNothing(place.peer),
    editOf: idOrNothing(message),
    type: kind,
    text,
    resource: resource && { url: resource.url, thumbnail: resource.thumbnail, name: resource.name },
    location,
    attachments,
  });
}

function idOrNothing(id: number | undefined): string | undefined {
  return id === undefined ? undefined : String(id);
}

/** The verdict of an answer. Throws for everything that is none. */
export function parseVerdict(answer: string): Verdict {
  const value: unknown = JSON.parse(answer);
  const verdict = member(value, 'verdict');
  if (verdict === 'pass') return { verdict };
  if (verdict === 'refuse') {
    const reason = member(value, 'reason') ?? '';
    if (typeof reason === 'string') return { verdict, reason };
    throw new Error('the moderation hook gave a reason that is no text');
  }
  if (verdict !== 'change') throw new Error('the moderation hook answered with no verdict: pass, change or refuse');
  const text = member(value, 'text');
  if (typeof text === 'string') return { verdict, text };
  throw new Error('the moderation hook wants a change and gives no text');
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}
