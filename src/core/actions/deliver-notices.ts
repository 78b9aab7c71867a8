/** A back end shows something to live sessions. */
import { checkContent } from '../content.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Audience } from '../events.ts';
import { timeOfId } from '../ids.ts';
import type { Actor, Content, ConversationKind, Id, Millis } from '../model.ts';

export interface Notice {
  readonly kind: ConversationKind;
  readonly sender: Id;
  readonly receiver: Id;
  /** The message it is about, when the back end names one: not one from the future, which clients would resume after. */
  readonly message?: Id;
  readonly at?: Millis;
  readonly content: Content;
}

/** Tags are short names; a longer one is no tag of ours. */
const MAX_TAG_LENGTH = 128;

/** Notices in one call. */
const MAX_NOTICES = 1_000;

/** Writes the notices to the audience as it is now. Nothing is stored: who is not connected misses them. */
export function deliverNotices(core: Core, actor: Actor, audience: Audience, notices: readonly Notice[]): void {
  if (!actor.server) throw new ChatError('permission_denied', 'Only back ends deliver to sessions.');
  if (notices.length > MAX_NOTICES) throw new ChatError('too_large', `At most ${MAX_NOTICES} posts at a time.`);
  if ('tag' in audience && (audience.tag.length === 0 || audience.tag.length > MAX_TAG_LENGTH)) {
    throw new ChatError('invalid_argument', `A tag has 1 to ${MAX_TAG_LENGTH} characters.`);
  }
  for (const { content, message } of notices) {
    checkContent(content, core.limits);
    if (message !== undefined && timeOfId(message) > core.now()) {
      throw new ChatError('invalid_argument', 'unique_id: must not be from the future');
    }
  }
  for (const { kind, sender, receiver, message, at, content } of notices) {
    core.bus.publish({
      type: 'notice',
      namespace: actor.namespace,
      id: core.ids.next(),
      message: message ?? 0,
      kind,
      sender,
      receiver,
      content,
      at: at ?? core.now(),
      audience,
    });
  }
}
