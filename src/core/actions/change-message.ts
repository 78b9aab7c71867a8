/** Edit or take back a message. */
import { checkContent } from '../content.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Content, Id, Message, Millis } from '../model.ts';
import { checkChange, checkFound } from '../policy.ts';
import type { Changed } from '../ports.ts';
import { settleContent } from './read-file.ts';

/** Replaces the content; the old one is kept as a revision. Kind and place stay. `within`: see `checkFound`. */
export async function editMessage(core: Core, actor: Actor, id: Id, content: Content, within?: Id): Promise<Changed> {
  checkContent(content, core.limits);
  const stored = await settleContent(core, actor, content);
  const message = await findOwn(core, actor, { id, within }, core.limits.editWindow);
  if (message.content === undefined) throw gone();
  if (message.content.kind !== content.kind) {
    throw new ChatError('failed_precondition', `This message is a ${message.content.kind} and cannot become a ${content.kind}.`);
  }
  return settled(await core.committer.commit({ type: 'edit', message: id, user: actor.user, content: stored, origin: actor }));
}

/** Replaces the words alone: those of a text, or the caption of a file, which an empty one takes away. */
export async function editText(core: Core, actor: Actor, id: Id, text: string): Promise<Changed> {
  const { content } = await findOwn(core, actor, { id, within: undefined }, core.limits.editWindow);
  if (content === undefined) throw gone();
  if (content.location !== undefined) throw new ChatError('failed_precondition', 'A location has no words to edit.');
  const { text: _, ...rest } = content;
  const changed = content.resource !== undefined && text === '' ? rest : { ...rest, text };
  checkContent(changed, core.limits);
  return settled(await core.committer.commit({ type: 'edit', message: id, user: actor.user, content: changed, origin: actor }));
}

function gone(): ChatError {
  return new ChatError('failed_precondition', 'A recalled or expired message cannot be edited.');
}

/** Erases the content; the place stays with a recall marker. Recalling twice answers the same. `within`: see `checkFound`. */
export async function recallMessage(core: Core, actor: Actor, id: Id, within?: Id): Promise<Changed> {
  await findOwn(core, actor, { id, within }, core.limits.recallWindow);
  return settled(await core.committer.commit({ type: 'recall', message: id, user: actor.user, origin: actor }));
}

async function findOwn(core: Core, actor: Actor, asked: { id: Id; within: Id | undefined }, window: Millis): Promise<Message> {
  const message = checkFound(await core.store.message(asked.id), asked.within);
  const access = await core.directory.load(actor.namespace, actor.user, { conversation: message.conversation });
  checkChange(actor, access, message, message.state === 'sent' ? window : 0, core.now());
  return message;
}

function settled(outcome: Changed | 'stale'): Changed {
  if (outcome === 'stale') throw new ChatError('unavailable', 'The message is changing. Try again.');
  return outcome;
}
