/** "Where is my message?": everything that is known of its way. For administrators: it tells who is connected, and nothing of what was said. */
import type { Core } from '../core.ts';
import type { MessageTrace } from '../events.ts';
import type { Actor, Conversation, Id, Membership } from '../model.ts';
import { notFound } from '../policy.ts';

/** Connections, changes and members told of at the most. */
const MAX_TRACED = 1_000;

export interface TracedMessage extends MessageTrace {
  readonly conversation: Conversation;
  /** Members, by user id, with how far they have received and read. */
  readonly members: readonly Membership[];
}

/** Rejects with `not_found` for a message of another namespace, as for one that is not there. */
export async function traceMessage(core: Core, actor: Actor, id: Id): Promise<TracedMessage> {
  const trace = await core.store.trace(id, MAX_TRACED);
  const conversation = trace && (await core.directory.conversation(trace.message.conversation));
  if (trace === undefined || conversation?.namespace !== actor.namespace || conversation.aside !== undefined) throw notFound();
  const members = await core.store.members(conversation.id, 0, MAX_TRACED);
  return { ...trace, conversation, members };
}
